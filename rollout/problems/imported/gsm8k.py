"""Family `gsm8k`: problems in GSM8K's own format, from its files or from the Hub (openai/gsm8k, MIT licence).

A row holds `question` and `answer`; the answer ends in `#### NUMBER` and its steps carry annotations such as
`<<48/2=24>>`. Where every annotation is plain arithmetic, right, and ends in the answer, they become the gold chain;
such a problem's gold is confirmed by executing it. Other problems keep their answer and have no gold chain.
"""

import ast
import re
from decimal import Decimal, InvalidOperation

from cluster.errors import RequestError
from rollout.checkers.numeric import numeric
from rollout.problems.config import FamilyConfig
from rollout.problems.imported.files import Imported, import_all
from rollout.problems.imported.rows import Row
from rollout.problems.story import Draft, call
from rollout.problems.tokens import skeleton
from rollout.records import Call, canonical_json, content_hash
from rollout.toolboxes.builtin.arithmetic import Number, add, div, mul, sub

HUB_NAME = "openai/gsm8k"

_ANNOTATION = re.compile(r"<<([^<>=]{1,200})=([^<>=]{1,50})>>")
_OPERATIONS = {ast.Add: add, ast.Sub: sub, ast.Mult: mul, ast.Div: div}
_SAME = numeric(None)
"""What the problems' checker holds for the same number: an integer exactly. The toolbox rounds what it gives to ten
decimal places, so 0.1 * 30 is 3; a chain in which 1 / 3 * 9 comes to 2.9999999997 is none that gives 3."""


def imported(config: FamilyConfig) -> Imported:
    """All problems of the family, whatever its counts; without a `path` those of the Hub. Raises RequestError."""
    changes: dict[str, str | bool] = {"licence": "MIT"} if config.licence == "unknown" else {}
    if not config.path:
        changes |= {"path": HUB_NAME, "hub": True, "subset": "main", "test_path": config.test_path or "test"}
    return import_all(config.model_copy(update=changes), convert)


def convert(row: Row, config: FamilyConfig) -> Draft:
    """A row of GSM8K as a draft. Raises RequestError with the row's place."""
    text, solution = row.text("question"), row.text("answer")
    steps, mark, last = solution.rpartition("####")
    gold = _number(last) if mark else None
    if gold is None:
        raise RequestError(f"{row.where}: 'answer' does not end in '#### NUMBER'; correct or drop the row")
    calls = gold_calls(steps, gold)
    return Draft(
        text=text,
        gold=canonical_json(gold),
        gold_calls=calls,
        toolbox="arithmetic",
        checker="numeric",
        template=content_hash(skeleton(text))[:12],
        difficulty=max(1, len(calls) - 1 if calls else len(_ANNOTATION.findall(steps))),
    )


def gold_calls(steps: str, gold: Number) -> tuple[Call, ...]:
    """The chain that the annotations in `steps` write, with the finish; () where they are not plain, or wrong."""
    calls: list[Call] = []
    result: Number | None = None
    for expression, stated in _ANNOTATION.findall(steps):
        expected = _number(stated)
        try:
            result = _chain(ast.parse(expression.replace("$", "").replace(",", "").strip(), mode="eval").body, calls)
        except (SyntaxError, ValueError, RecursionError):
            return ()
        if expected is None or _SAME(result, expected) is not None:
            return ()
    if not calls or result is None or _SAME(result, gold) is not None:
        return ()
    return (*calls, call("finish", answer=gold))


def _chain(node: ast.expr, calls: list[Call]) -> Number:
    """The value of an arithmetic expression; its operations go to `calls`. Raises ValueError for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        sign = -1 if isinstance(node.op, ast.USub) else 1
        if isinstance(node.operand, ast.Constant):
            return sign * _chain(node.operand, calls)
        node = ast.BinOp(ast.Constant(sign), ast.Mult(), node.operand)  # -(2+3)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        operation = _OPERATIONS[type(node.op)]
        left, right = _chain(node.left, calls), _chain(node.right, calls)
        calls.append(call(operation.__name__, a=left, b=right))
        return operation(left, right)
    raise ValueError(f"not plain arithmetic: {ast.dump(node)}")


def _number(text: str) -> Number | None:
    try:
        value = Decimal(text.strip().replace(",", "").removeprefix("$").removesuffix("%"))
    except InvalidOperation:
        return None
    if not value.is_finite() or abs(value) > 10**15:
        return None
    return int(value) if value == value.to_integral_value() else float(value)

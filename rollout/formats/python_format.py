"""Call format `python`: calls as Python text, one a line, as in microchain but without its limits.

Arguments are given by position or by name; names that Python does not take before `=`, which schemas may have, stand in
`**{"from": 1}`. They are literals (numbers, also negative ones, strings, True, False, None,
lists, tuples, which are read as lists, and dicts with text keys) or calls, as in `add(mul(2, 3), 4)`, which are
evaluated first. Several lines, or one list of calls, are parallel calls. `Reasoning("...")` and `Stop()` are built in:
the first records a thought, the second ends the episode with the last result as its answer.

The text is parsed into a syntax tree and never compiled or evaluated.
"""

import ast
import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from keyword import iskeyword
from typing import Any

from rollout.formats import thoughts
from rollout.formats.definitions import definitions
from rollout.formats.limits import (
    NO_FUNCTIONS,
    REPLY_LIMITS,
    CallSyntaxError,
    Functions,
    ReplyLimits,
    canonical,
    check_count,
    check_size,
    format_hash,
    prose_around_call,
    too_deep,
    too_many_digits,
)
from rollout.formats.shown import with_example, with_example_if_none
from rollout.formats.thoughts import read_after_thought
from rollout.records import Call, CallResult, ErrorCode
from rollout.toolboxes.microchain import BUILT_INS
from rollout.toolboxes.mistakes import quoted
from rollout.toolboxes.nesting import CALL, POSITIONAL, is_nested, nested
from rollout.toolboxes.toolbox import Toolbox

SHAPE = "name(argument=value)"
REPLY = "<reply>"
"""The file name in Python's syntax errors. No file has it, so Python does not read its lines from one."""
_CALL = re.compile(r"(?<!\w)[A-Za-z_]\w{0,63}\(")
_LONG_NUMBER = re.compile(r"[0-9][0-9a-fA-F_.]{1000,}")
_SIGNS = re.compile(r"(?:[-+~]\s*){8,}|(?:\bnot\b\s*){8,}|(?:\bawait\b\s*){8,}|(?:\blambda\b[^:]*:\s*){8,}")
_CHAINS = re.compile(r"(?:\*\*|\bif\b|\belse\b|\.)")
_MAX_CHAIN = 200
_QUOTED = re.compile(r'"(?:\\.|[^"\\\n])*"' + r"|'(?:\\.|[^'\\\n])*'")
_NUMBER_THEN_WORD = re.compile(r"(?<!\w)[0-9][0-9A-Fa-f_.xXoObBeEjJ]*?(?:and|else|for|if|in|is|or|not)")


class PythonFormat:
    """The `python` call format."""

    name = "python"
    built_ins = BUILT_INS

    def __init__(self) -> None:
        self.hash = format_hash(self.name, __file__, str(thoughts.__file__))

    def instructions(self, toolbox: Toolbox, verbosity: str) -> str:
        """The functions: names, typed signatures, or (`full`) how to call them, with description and example; and at
        any verbosity the values of the enums and the fields of the classes that they take."""
        own = [each for name, each in self.built_ins.items() if name not in toolbox.functions]
        functions = [*toolbox.functions.values(), *own]
        types = dict.fromkeys(line for function in functions for line in definitions(function))
        if verbosity == "names":
            return "\n".join([" ".join(function.name for function in functions), *types])
        asked = "Reply with one Python call a line and nothing else."
        if verbosity == "signatures":
            lines = [with_example(asked, toolbox, self), "Functions:"]
            return "\n".join([*lines, *(function.signature for function in functions), *types])
        lines = [f"{with_example_if_none(asked, toolbox, self)} Functions:"]
        for function in functions:
            lines.append(f"{function.signature}\n{function.description}")
            lines += [f"Example: {example}" for example in function.examples[:1]]
        return "\n".join([*lines, *(["Values of these types are written as follows:"] if types else []), *types])

    def render(self, calls: Sequence[Call]) -> str:
        return "\n".join(call_text(call.name, json.loads(call.arguments)) for call in calls)

    def parse(
        self, text: str, limits: ReplyLimits = REPLY_LIMITS, functions: Functions = NO_FUNCTIONS
    ) -> tuple[Call, ...]:
        return read_after_thought(text, lambda text: python_calls(text, limits))

    def render_results(self, results: Sequence[CallResult]) -> str:
        """One result a line, in the order of the calls."""
        return "\n".join(result.content for result in results)


def python_calls(text: str, limits: ReplyLimits) -> tuple[Call, ...]:
    """The calls of a text that is nothing but calls, one a line or in a list. Raises CallSyntaxError."""
    check_size(text, limits)
    nodes = _call_nodes(text.strip(), limits)
    check_count(len(nodes), limits)
    calls = []
    for node in nodes:
        name, arguments = _call_of(node, limits)
        calls.append(Call(name=name, arguments=canonical(arguments)))
    return tuple(calls)


def _call_nodes(text: str, limits: ReplyLimits) -> list[ast.Call]:
    # Full stops and words within one long text argument (a Reasoning, say) nest nothing.
    chained = len(_CHAINS.findall(text)) > _MAX_CHAIN and len(_CHAINS.findall(_QUOTED.sub("", text))) > _MAX_CHAIN
    if chained or _SIGNS.search(text):
        raise too_deep("an expression", "write plain values")
    if _LONG_NUMBER.search(text):
        raise too_many_digits(limits)
    if _NUMBER_THEN_WORD.search(text) and _NUMBER_THEN_WORD.search(_QUOTED.sub(" ", text)):
        # `1if` is no call, and Python's tokenizer would print a warning.
        raise CallSyntaxError(ErrorCode.BAD_SYNTAX, f"a number runs into a word; write {SHAPE}")
    try:
        body = ast.parse(text, REPLY).body
    except (SyntaxError, ValueError) as error:
        raise _explained(text, error) from None
    except (RecursionError, MemoryError):
        raise too_deep("an expression", "write plain values") from None
    values = [statement.value if isinstance(statement, ast.Expr) else None for statement in body]
    if len(values) == 1 and isinstance(values[0], ast.List) and values[0].elts:
        values = list(values[0].elts)
    nodes = [value for value in values if isinstance(value, ast.Call)]
    if not nodes:
        raise _no_call()
    if len(nodes) != len(values):
        message = "there is something beside the call; write only calls, one a line"
        raise CallSyntaxError(ErrorCode.PROSE_AROUND_CALL, message)
    return nodes


def _no_call() -> CallSyntaxError:
    return CallSyntaxError(ErrorCode.NOT_A_CALL, f"the reply holds no call; write {SHAPE}")


def _explained(text: str, error: Exception) -> CallSyntaxError:
    reason = error.msg if isinstance(error, SyntaxError) else "it cannot be read"
    if "unicodeescape" in reason:
        return CallSyntaxError(ErrorCode.BAD_VALUE, "a text holds a character that does not exist; write another")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    starts = [bool(_CALL.match(line)) for line in lines]
    has_whole_call = any(_parses(line) for line in lines[:64] if _CALL.match(line))
    if starts[0] and (all(starts) or not has_whole_call):
        return CallSyntaxError(ErrorCode.BAD_SYNTAX, f"not a Python call: {reason[:80].lower()}; write {SHAPE}")
    return prose_around_call() if has_whole_call or _CALL.search(text) else _no_call()


def _parses(line: str) -> bool:
    try:
        return isinstance(ast.parse(line, mode="eval").body, ast.Call)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _call_of(node: ast.Call, limits: ReplyLimits) -> tuple[str, dict[str, Any]]:
    if not isinstance(node.func, ast.Name):
        raise CallSyntaxError(ErrorCode.WRONG_CALL_SHAPE, f"a function is called by its plain name; write {SHAPE}")
    arguments: dict[str, Any] = {}
    if node.args:
        arguments[POSITIONAL] = [_value(argument, limits) for argument in node.args]
    for keyword in node.keywords:
        if keyword.arg is not None:
            given = {keyword.arg: _value(keyword.value, limits)}
        else:
            given = _mapping(keyword.value, limits) if isinstance(keyword.value, ast.Dict) else {}
            if not given or any(map(_is_writable, given)):
                raise CallSyntaxError(ErrorCode.NOT_LITERAL, "** is not allowed; write each argument by its name")
        for name in given.keys() & arguments.keys():
            message = f"the argument {quoted(name)} stands twice; write it once"
            raise CallSyntaxError(ErrorCode.BAD_SYNTAX, message)
        arguments |= given
    return node.func.id, arguments


def _value(node: ast.expr, limits: ReplyLimits) -> Any:
    if isinstance(node, ast.Constant):
        value = node.value
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, int):
            if value.bit_length() > 3.33 * limits.max_digits:
                raise too_many_digits(limits)
            return value
        if isinstance(value, float) and math.isfinite(value):
            return value
        kind = "an infinite number" if isinstance(value, float) else f"a {type(value).__name__}"
        raise CallSyntaxError(ErrorCode.BAD_VALUE, f"{kind} cannot be an argument; write a number, text, list or dict")
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = _value(node.operand, limits)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(item, limits) for item in node.elts]
    if isinstance(node, ast.Dict):
        return _mapping(node, limits)
    if isinstance(node, ast.Call):
        name, arguments = _call_of(node, limits)
        return nested(name, arguments)
    if isinstance(node, ast.Name):
        message = f"{quoted(node.id)} is a variable; write values only, text in quotes"
        raise CallSyntaxError(ErrorCode.NOT_LITERAL, message)
    raise CallSyntaxError(ErrorCode.NOT_LITERAL, "an argument is an expression; write its value, or a call")


def _mapping(node: ast.Dict, limits: ReplyLimits) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        name = _value(key, limits) if key is not None else None
        if not isinstance(name, str):
            raise CallSyntaxError(ErrorCode.BAD_VALUE, "the keys of a dict are text in quotes")
        if name in result:
            raise CallSyntaxError(
                ErrorCode.BAD_SYNTAX, f"the key {quoted(name)} stands twice in one dict; write it once"
            )
        if name in (CALL, POSITIONAL):
            raise CallSyntaxError(ErrorCode.BAD_VALUE, f"the key {name} is not allowed")
        result[name] = _value(value, limits)
    return result


def call_text(name: str, arguments: Mapping[str, Any]) -> str:
    """One call as Python text."""
    by_position = [_text(value) for value in arguments.get(POSITIONAL, ())]
    by_name = [f"{key}={_text(value)}" for key, value in arguments.items() if key != POSITIONAL and _is_writable(key)]
    others = {key: value for key, value in arguments.items() if key != POSITIONAL and not _is_writable(key)}
    return f"{name}({', '.join([*by_position, *by_name, *([f'**{_text(others)}'] if others else [])])})"


def _is_writable(name: str) -> bool:
    """Whether Python takes an argument's name before `=`. Those of schemas may be `from`, or have other signs."""
    is_name = name.isidentifier() and not iskeyword(name) and name != "__debug__"
    return is_name and unicodedata.is_normalized("NFKC", name)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        if is_nested(value):
            return call_text(value[CALL]["name"], value[CALL]["arguments"])
        return "{" + ", ".join(f"{_quoted(key)}: {_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_text(item) for item in value) + "]"
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    # JSON's escapes are Python's, except for characters beyond the first plane, which are not escaped here.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\x7f")

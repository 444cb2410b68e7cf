"""A score of its own for each of Granite's seven subtasks (arXiv 2407.00121), and abstention. Pure and light.

Executed accuracy says whether the answer was right; these scores say how near an attempt came.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from evaluation.measures.metrics import NESTED, f1, json_text, lcs_length, lcs_share, signature
from rollout.episodes.checkers import takes_either_order
from rollout.records import Call, Problem

ABSTENTION = "abstention"
"""The family in which some problems have no solution."""

ABSTENTIONS = ("missing", "no function")
"""Answers that say that a problem has none (`rollout.toolboxes.builtin.abstention.finish`)."""


class Subtask(NamedTuple):
    """How one subtask is scored."""

    name: str
    meaning: str
    score: Callable[[Problem, Sequence[Call], str | None], float]
    """Problem, the calls that were executed, the answer as JSON text -> between 0 and 1."""


def subtask_score(problem: Problem, calls: Sequence[Call], answer: str | None) -> float | None:
    """The score of one attempt; None where the problem is of no subtask's family."""
    subtask = SUBTASKS.get(problem.family)
    return None if subtask is None else subtask.score(problem, calls, answer)


def abstained(answer: str | None) -> bool:
    """Whether an answer says that the problem cannot be solved."""
    return _value(answer) in ABSTENTIONS


def nested_slots(calls: Iterable[Call]) -> list[tuple[str, str, str]]:
    """(function, argument, value) of calls at every depth; a call inside a call stands by its name as the value."""
    return [slot for call in calls for slot in _slots(call.name, json.loads(call.arguments))]


def rouge_l(answer: str | None, gold: str) -> float:
    """ROUGE-L: F1 of the longest common subsequence of words (Lin 2004); both are JSON texts."""
    one, other = _words(answer), _words(gold)
    if not one or not other:
        return float(one == other)
    return 2 * lcs_length(one, other) / (len(one) + len(other))


def _slots(name: str, arguments: Any) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    for argument, value in arguments.items() if isinstance(arguments, dict) else [("", arguments)]:
        inner = value.get(NESTED) if isinstance(value, dict) else None
        if isinstance(inner, dict) and "name" in inner:
            found += _slots(str(inner["name"]), inner.get("arguments", {}))
            found.append((name, str(argument), f"{NESTED} {inner['name']}"))
        else:
            found.append((name, str(argument), json_text(value)))
    return found


def _names(problem: Problem, calls: Sequence[Call], answer: str | None) -> float:
    said = _value(answer)
    said = said if isinstance(said, list) else [] if said is None else [said]
    return f1(set(map(json_text, said)), set(map(json_text, json.loads(problem.gold))))


def _parameters(problem: Problem, calls: Sequence[Call], answer: str | None) -> float:
    said, gold = _value(answer), json.loads(problem.gold)
    if not isinstance(said, dict):
        return 0.0
    pairs = _pairs(said)
    wanted = [_pairs(gold)]
    if takes_either_order(problem.checker):
        wanted.append(_pairs(dict(zip(gold, reversed(list(gold.values())), strict=True))))
    return max(f1(pairs, each) for each in wanted)


SUBTASKS: Mapping[str, Subtask] = {
    "subtask_nested": Subtask(
        "nested calls",
        "F1 of (function, argument, value) at every depth, a call inside by its name (Granite)",
        lambda problem, calls, answer: f1(nested_slots(calls), nested_slots(problem.gold_calls)),
    ),
    "subtask_chaining": Subtask(
        "chaining",
        "longest common subsequence of names over the longer (Granite)",
        lambda problem, calls, answer: lcs_share(calls, problem.gold_calls),
    ),
    "subtask_parallel": Subtask(
        "parallel calls",
        "F1 of whole calls in any order (Granite, BFCL)",
        lambda problem, calls, answer: f1(map(signature, calls), map(signature, problem.gold_calls)),
    ),
    "subtask_names": Subtask("function names", "F1 of the names in the answer (Granite)", _names),
    "subtask_parameters": Subtask("parameter values", "F1 of (argument, value) in the answer (Granite)", _parameters),
    "subtask_next": Subtask(
        "next-best function",
        "the name is the right one (Granite)",
        lambda problem, calls, answer: float(
            answer is not None and json_text(_value(answer)) == json_text(json.loads(problem.gold))
        ),
    ),
    "subtask_response": Subtask(
        "response",
        "ROUGE-L of the answer's words (Granite; Lin 2004)",
        lambda problem, calls, answer: rouge_l(answer, problem.gold),
    ),
}
"""Family -> how it is scored; the report prints the meaning."""


def _pairs(arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, json_text(value)) for name, value in arguments.items()]


def _value(answer: str | None) -> Any:
    """The value of an answer; a text that is not JSON is its own value."""
    if answer is None:
        return None
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        return answer


def _words(answer: str | None) -> list[str]:
    value = _value(answer)
    text = value if isinstance(value, str) else "" if value is None else json_text(value)
    return re.findall(r"-?\d+(?:\.\d+)?|\w+", text.lower())

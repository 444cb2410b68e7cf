"""Our verdict on calls, without BFCL's code: the schemas' validator, then the allowed values, compared as JSON values.

`RULES` are what BFCL does otherwise. A disagreement is explained by the fewest rules under which our verdict is BFCL's.
"""

import itertools
import json
import re
from collections.abc import Mapping
from typing import Any

from benchmarks.bfcl.damage import Calls
from rollout.checkers.values import comparable
from rollout.foreign.bfcl import Question
from rollout.records import canonical_json
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.mistakes import CallRefused
from rollout.toolboxes.schemas.toolbox import INLINE, SchemaFunction

RULES = {
    "text": "text is compared without case, spaces and , . / - _ * ^, and with one kind of quotes",
    "schema": "enums, bounds and members of lists are not held to the schema where the value is an allowed one",
    "empty": "an empty list is right where an argument may be left out",
}
Rules = frozenset[str]
_STRICT: Rules = frozenset()


def right(question: Question, calls: Calls, rules: Rules = _STRICT) -> bool:
    """Whether the calls are right by our verdict, with some of BFCL's rules in place of ours."""
    found = load_toolbox(INLINE + canonical_json(question.schemas)).functions.values()
    functions = {each.written: each for each in found if isinstance(each, SchemaFunction)}
    if len(calls) != len(question.possible):
        return False
    if "schema" not in rules and not all(is_accepted(functions.get(call["name"]), call["arguments"]) for call in calls):
        return False
    left = list(calls)
    for possible in question.possible:  # a call is right for one expected call at most
        name, allowed = next(iter(possible.items()))
        fitting = (
            call for call in left if call["name"] == name and _fits(functions[name], call["arguments"], allowed, rules)
        )
        if (call := next(fitting, None)) is None:
            return False
        left.remove(call)
    return True


def explanation(question: Question, calls: Calls, theirs: bool) -> tuple[str, ...] | None:
    """The fewest rules under which our verdict is theirs; None where there are none."""
    chosen = (each for count in range(1, len(RULES) + 1) for each in itertools.combinations(RULES, count))
    return next((each for each in chosen if right(question, calls, frozenset(each)) is theirs), None)


def is_accepted(function: SchemaFunction | None, arguments: dict[str, Any]) -> bool:
    """Whether a session would accept the call."""
    try:
        return function is not None and function.validate(canonical_json(arguments)) is not None
    except CallRefused:
        return False


def _fits(function: SchemaFunction, given: dict[str, Any], allowed: Mapping[str, list[Any]], rules: Rules) -> bool:
    schemas = function.parameters["properties"]
    if any(name not in given for name in function.parameters["required"]):
        return False
    if any(name not in given and "" not in values for name, values in allowed.items()):
        return False
    return all(
        name in allowed and name in schemas and any(_same(value, each, rules) for each in allowed[name])
        for name, value in given.items()
    )


def _same(value: Any, allowed: Any, rules: Rules) -> bool:
    """Whether a value is an allowed one; of objects each key has a list of allowed values."""
    if isinstance(allowed, dict) and isinstance(value, dict):
        return (
            all("" in _listed(values) or key in value for key, values in allowed.items())
            and value.keys() <= allowed.keys()
            and all(any(_same(one, each, rules) for each in _listed(allowed[key])) for key, one in value.items())
        )
    if isinstance(allowed, list) and isinstance(value, list):
        pairs = zip(value, allowed, strict=False)
        return len(value) == len(allowed) and all(_same(one, other, rules) for one, other in pairs)
    if value == [] and allowed == "" and "empty" in rules:
        return True
    if isinstance(value, str) and isinstance(allowed, str) and "text" in rules:
        return respelled(value) == respelled(allowed)
    return comparable(value) == comparable(allowed)


def _listed(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def respelled(text: str) -> str:
    """A text as BFCL compares it."""
    return re.sub(r"[ ,./\-_*^]", "", text).lower().replace("'", '"')


def as_calls(question: Question) -> Calls:
    """The gold calls, decoded."""
    return [{"name": each.name, "arguments": json.loads(each.arguments)} for each in question.gold]

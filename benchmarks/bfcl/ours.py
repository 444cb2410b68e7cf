"""Our verdict on calls, without BFCL's code: the schemas' validator, then the allowed values, compared as JSON values.

`RULES` are what BFCL does otherwise. A disagreement is explained by the fewest rules under which our verdict is BFCL's.
"""

import itertools
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from benchmarks.bfcl.contradictions import contradictions, schemas_of
from benchmarks.bfcl.damage import Calls
from rollout.checkers.values import comparable
from rollout.foreign.bfcl import Question
from rollout.records import canonical_json
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.mistakes import CallRefused
from rollout.toolboxes.schemas.toolbox import INLINE, SchemaFunction


class Rule(NamedTuple):
    """What BFCL does and we do not."""

    alone_right: Literal["ours", "theirs"]
    """Whose verdict alone says right where the rule makes the difference: it explains no case of the other side."""
    says: str


RULES: Mapping[str, Rule] = {
    "text": Rule("theirs", "text is compared without case, spaces and , . / - _ * ^, and with one kind of quotes"),
    "empty": Rule("theirs", "an empty list is right where an argument may be left out"),
    "enum": Rule("theirs", "an allowed value need not be in the enum of its schema"),
    "bound": Rule("theirs", "an allowed value need not be within the bounds of its schema"),
    "type": Rule("theirs", "an allowed value need not have the type of its schema"),
    "member": Rule("theirs", "what an allowed value contains need not have the type of its schema"),
    "truth": Rule("theirs", "inside an object true is 1 and 1.0, false 0, as Python compares them"),
    "float in a list": Rule("ours", "an integer that stands in a list is no float"),
}
Rules = frozenset[str]
_STRICT: Rules = frozenset()


def right(question: Question, calls: Calls, rules: Rules = _STRICT) -> bool:
    """Whether the calls are right by our verdict, with some of BFCL's rules in place of ours."""
    found = load_toolbox(INLINE + canonical_json(question.schemas)).functions.values()
    functions = {each.written: each for each in found if isinstance(each, SchemaFunction)}
    if len(calls) != len(question.possible):
        return False
    if not all(_is_taken(functions.get(call["name"]), call["arguments"], question, rules) for call in calls):
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
    """The fewest rules under which our verdict is theirs, which differs; None where there are none."""
    names = [name for name, rule in RULES.items() if rule.alone_right == ("theirs" if theirs else "ours")]
    chosen = (each for count in range(1, len(names) + 1) for each in itertools.combinations(names, count))
    return next((each for each in chosen if right(question, calls, frozenset(each)) is theirs), None)


def _is_taken(function: SchemaFunction | None, arguments: dict[str, Any], question: Question, rules: Rules) -> bool:
    """Whether a session accepts the call, or refuses it for nothing but contradictions that rules leave out of account.

    Which those are is found without the validator: else a rule would explain each of its mistakes.
    """
    if function is None or is_accepted(function, arguments):
        return function is not None
    found = {*contradictions(schemas_of(question)[function.written], arguments)}
    return bool(found) and found <= rules


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
        return len(value) == len(allowed) and all(
            _same(one, other, rules) and not ("float in a list" in rules and type(one) is int and type(other) is float)
            for one, other in zip(value, allowed, strict=True)
        )
    if value == [] and allowed == "" and "empty" in rules:
        return True
    if isinstance(value, str) and isinstance(allowed, str) and "text" in rules:
        return respelled(value) == respelled(allowed)
    if "truth" in rules and isinstance(value, bool | int | float) and isinstance(allowed, bool | int | float):
        return value == allowed
    return comparable(value) == comparable(allowed)


def _listed(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def respelled(text: str) -> str:
    """A text as BFCL compares it."""
    return re.sub(r"[ ,./\-_*^]", "", text).lower().replace("'", '"')

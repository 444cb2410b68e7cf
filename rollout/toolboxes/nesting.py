"""Calls inside calls, and arguments by position, as they stand in `Call.arguments`.

A nested call is the object `{"$call": {"name": ..., "arguments": {...}}}` where a value may stand. Arguments by
position are the list under the key `"$args"`; they get their names when the function is known. Both keys cannot be
Python parameter names, so nothing of a function's own is hidden. Nested calls are evaluated bottom-up, left to
right, and each one's value takes its place before the outer arguments are validated.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from rollout.records import Call, ErrorCode, canonical_json
from rollout.toolboxes.function import Function
from rollout.toolboxes.mistakes import CallRefused, shortened

CALL = "$call"
POSITIONAL = "$args"
MAX_NESTED = 32
"""The most nested calls in one call."""


class Evaluate(Protocol):
    """Evaluates one nested call; the third parameter evaluates those inside it."""

    def __call__(self, name: str, arguments: str, evaluate: "Evaluate", /) -> Any: ...


def nested(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A call as a value inside another call's arguments."""
    return {CALL: {"name": name, "arguments": arguments}}


def is_nested(value: Any) -> bool:
    """Whether `value` stands for a nested call."""
    inner = value.get(CALL) if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(inner, dict) or inner.keys() != {"name", "arguments"}:
        return False
    return isinstance(inner["name"], str) and isinstance(inner["arguments"], dict)


def holds_calls(arguments: str) -> bool:
    """Whether calls may stand inside these arguments of a call, canonical JSON."""
    return f'"{CALL}"' in arguments


def count_nested(value: Any) -> int:
    """The number of nested calls in `value`, at any depth."""
    if isinstance(value, dict):
        return (CALL in value) + sum(count_nested(item) for item in value.values())
    return sum(count_nested(item) for item in value) if isinstance(value, list) else 0


def nested_names(value: Any) -> Iterator[str]:
    """The functions that nested calls in `value` name, at any depth."""
    if isinstance(value, dict):
        inner = value.get(CALL)
        if isinstance(inner, dict) and isinstance(inner.get("name"), str):
            yield inner["name"]
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nested_names(item)


def resolve(function: Function, arguments: str, evaluate: Evaluate) -> str:
    """The arguments by name, with values in place of nested calls.

    Raises CallRefused: positional arguments that do not fit, a malformed nested call, or an inner call's refusal.
    """
    given = json.loads(arguments)
    if count_nested(given) > MAX_NESTED:
        raise CallRefused(ErrorCode.TOO_LARGE, f"{function.name}: more than {MAX_NESTED} calls inside one call")
    return canonical_json(_evaluated(function.name, named_arguments(function, given), evaluate))


def named_throughout(call: Call, *known: Mapping[str, Function]) -> Call:
    """A call with arguments under their names, those of calls inside it too, wherever they fit `known` functions: as
    records hold it and conditions on calls are held to it, however the call ends."""
    if f'"{POSITIONAL}"' not in call.arguments:
        return call
    functions = {name: function for some in reversed(known) for name, function in some.items()}
    named = _named(call.name, json.loads(call.arguments), functions)
    return Call(name=call.name, arguments=canonical_json(named), id=call.id)


def _named(name: str, given: dict[str, Any], functions: Mapping[str, Function]) -> dict[str, Any]:
    if name in functions:
        with contextlib.suppress(CallRefused):
            given = named_arguments(functions[name], given)
    return {key: _inside(value, functions) for key, value in given.items()}


def _inside(value: Any, functions: Mapping[str, Function]) -> Any:
    if isinstance(value, list):
        return [_inside(each, functions) for each in value]
    if is_nested(value):
        inner = value[CALL]
        return nested(inner["name"], _named(inner["name"], inner["arguments"], functions))
    return {key: _inside(each, functions) for key, each in value.items()} if isinstance(value, dict) else value


def named_arguments(function: Function, given: dict[str, Any]) -> dict[str, Any]:
    """`given` with the arguments by position under their names. Raises CallRefused."""
    if POSITIONAL not in given:
        return given
    names, values = function.parameter_names, given[POSITIONAL]
    rest = {key: value for key, value in given.items() if key != POSITIONAL}
    if not isinstance(values, list) or len(values) > len(names):
        count = len(values) if isinstance(values, list) else 0
        fault = f"{count} arguments by position, at most {len(names)} fit"
    else:
        by_position = dict(zip(names, values, strict=False))
        twice = by_position.keys() & rest.keys()
        if not twice:
            return {**by_position, **rest}
        fault = f"argument {min(twice)} is given twice"
    raise CallRefused(ErrorCode.UNEXPECTED_ARGUMENT, f"{function.name}: {fault}; use {shortened(function.signature)}")


def _evaluated(name: str, value: Any, evaluate: Evaluate) -> Any:
    if isinstance(value, list):
        return [_evaluated(name, item, evaluate) for item in value]
    if not isinstance(value, dict):
        return value
    if CALL not in value:
        return {key: _evaluated(name, item, evaluate) for key, item in value.items()}
    if not is_nested(value):
        raise CallRefused(ErrorCode.WRONG_CALL_SHAPE, f"{name}: a call inside it has no name and arguments")
    inner = value[CALL]
    return evaluate(inner["name"], canonical_json(inner["arguments"]), evaluate)

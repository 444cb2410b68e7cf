"""Checker `calls`: the same calls, in any order.

`calls:{"FUNCTION":{"ARGUMENT":VALUE}}` knows defaults: an argument with its default's value is as if it were left out.
"""

import json
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from cluster.errors import RequestError
from rollout.checkers.values import comparable
from rollout.foreign.bfcl import is_calls
from rollout.records import ErrorCode

CALLS = "calls"


def defaults_of(option: str) -> dict[str, dict[str, Any]]:
    """Function -> argument -> default. Raises RequestError for what is no JSON object of objects."""
    try:
        defaults = json.loads(option)
        if all(isinstance(each, dict) for each in defaults.values()):
            return dict(defaults)
    except (ValueError, AttributeError, RecursionError):
        pass
    raise RequestError(f'checker calls:{option[:40]}: write calls:{{"FUNCTION":{{"ARGUMENT":DEFAULT}}}}')


def same_calls(defaults: Mapping[str, Mapping[str, Any]]) -> Callable[[Any, Any], ErrorCode | None]:
    """The checker; an argument equal to its default in `defaults` does not count."""

    def decide(answer: Any, gold: Any) -> ErrorCode | None:
        if not is_calls(gold):
            shown = repr(gold)[:60]
            raise RequestError(f"checker calls: the gold answer {shown} is no list of calls; use exact")
        if not is_calls(answer):
            return ErrorCode.ANSWER_MALFORMED
        left = [_plain(each, defaults) for each in gold]
        for each in answer:
            if (call := _plain(each, defaults)) not in left:
                return ErrorCode.ANSWER_WRONG
            left.remove(call)
        return ErrorCode.ANSWER_WRONG if left else None

    return decide


def _plain(call: Mapping[str, Any], defaults: Mapping[str, Mapping[str, Any]]) -> Hashable:
    """A call without the arguments that have their default."""
    of_function = defaults.get(call["name"], {})
    arguments = {
        name: value
        for name, value in call["arguments"].items()
        if name not in of_function or comparable(of_function[name]) != comparable(value)
    }
    return comparable({"name": call["name"], "arguments": arguments})

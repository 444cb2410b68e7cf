"""Exercises users' toolboxes before a run: every function is called, in a worker, with its docstring's examples or with
arguments made up from its schema, twice today and once on another day.

What shows only when a function is called, and would spoil episodes, is said while nothing has been started: results
without JSON form, files and programs that it may not use, modules that are missing, examples that do not fit, and what
another process or another day changes.
"""

import ast
import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cluster.errors import RequestError
from rollout.records import Call, CallResult, ErrorCode, Problem, canonical_json
from rollout.toolboxes.function import Function
from rollout.toolboxes.isolation.isolated import IsolatedToolbox
from rollout.toolboxes.loading import is_built_in, without_interpreter
from rollout.toolboxes.nesting import POSITIONAL

DEADLINE = 5.0
_REMEDIES = {
    ErrorCode.TOOLBOX_FAULT: "change the function, or take it out of the toolbox",
    ErrorCode.FUNCTION_TIMEOUT: "let it do less at a call, or do it when the file is imported",
    ErrorCode.OUTPUT_TOO_LARGE: "let it give back less",
    ErrorCode.MISTYPED_ARGUMENT: "correct the example in its docstring",
    ErrorCode.OUT_OF_RANGE: "correct the example in its docstring",
    ErrorCode.MISSING_ARGUMENT: "correct the example in its docstring",
    ErrorCode.UNEXPECTED_ARGUMENT: "correct the example in its docstring",
}
_ENDED = "ended its process"
_UNFITTING = frozenset(code for code, remedy in _REMEDIES.items() if "example" in remedy)
_DEPTH = 4


def exercise_all(problems: Iterable[Problem]) -> list[str]:
    """The faults of all users' toolboxes that `problems` name, each with the state of the first problem that does."""
    states: dict[str, str] = {}
    for problem in problems:
        if not is_built_in(problem.toolbox):
            states.setdefault(problem.toolbox, problem.state)
    return [fault for name, state in states.items() for fault in exercise(name, state)]


def exercise(name: str, state: str = "null") -> list[str]:
    """The faults of one toolbox, one line each: where, which function, what, and what to do. Raises RequestError where
    it does not load, or where `state` does not fit."""
    base, python = without_interpreter(name)
    toolbox = IsolatedToolbox.start(base.partition("+")[0], python, workers=1)
    try:
        results = list(calls_and_results(toolbox, state))
        faults = [
            f"toolbox {name}: {result.content.removeprefix('Error: ')}; called as {_shown(call)}: {_REMEDIES[code]}"
            for call, from_docstring, result, _ in results
            if (code := code_of(result)) in _REMEDIES and (from_docstring or code not in _UNFITTING)
        ]
        return list(dict.fromkeys([*faults, *_changes(toolbox, name, state, results, python)]))
    finally:
        toolbox.stop()


_Result = tuple[Call, bool, CallResult, CallResult]


def calls_and_results(toolbox: IsolatedToolbox, state: str) -> Iterator[_Result]:
    """Each function's calls, whether the docstring has them, and what came of them twice, each time in a session of its
    own."""
    for function in toolbox.functions.values():
        examples = [call for text in function.examples if (call := call_of(text, function)) is not None]
        for call in examples or [made_up(function)]:
            if function.name != toolbox.finish or examples:
                once, twice = (toolbox.open(state).call(call, deadline=DEADLINE) for _ in range(2))
                yield call, bool(examples), once, twice


def code_of(result: CallResult) -> ErrorCode | None:
    """The error's code; a function that ends its process does so whatever its arguments are."""
    return ErrorCode.TOOLBOX_FAULT if result.content.endswith(_ENDED) else result.error


def _changes(toolbox: IsolatedToolbox, name: str, state: str, results: Iterable[_Result], python: str) -> Iterator[str]:
    """What differs in a second worker, which believes in another day and time zone."""
    try:
        other = IsolatedToolbox.start(toolbox.name, python, workers=1, other_day=True)
    except RequestError:
        return  # it cannot be loaded on a day that it does not understand: nothing is known
    try:
        for one, two in zip(toolbox.functions.values(), other.functions.values(), strict=False):
            if (one.signature, one.description, one.parameters) != (two.signature, two.description, two.parameters):
                yield (
                    f"toolbox {name}: {one.name}: what the model reads of it changes from day to day or process to "
                    f"process: {one.signature}; use None, and let the function or the problem's state say what it means"
                )
        for call, _, result, again in results:
            elsewhere = other.open(state).call(call, deadline=DEADLINE)
            for second, apart in ((again, "call to call"), (elsewhere, "day to day or process to process")):
                if result.error is None and second.error is None and result.content != second.content:
                    yield (
                        f"toolbox {name}: {call.name}: its result changes from {apart}: {_shown(call)} gave "
                        f"{result.content[:60]} and {second.content[:60]}; let an argument or the problem's state say "
                        "what it depends on"
                    )
                    break
    finally:
        other.stop()


def call_of(text: str, function: Function) -> Call | None:
    """The call that an example writes, `f(1, b=[2])`; None where its arguments are no literals."""
    with contextlib.suppress(ValueError, SyntaxError, TypeError):
        node = ast.parse(text, mode="eval").body
        if isinstance(node, ast.Call) and all(each.arg for each in node.keywords):
            given: dict[str, Any] = {str(each.arg): ast.literal_eval(each.value) for each in node.keywords}
            if node.args:
                given[POSITIONAL] = [ast.literal_eval(each) for each in node.args]
            return Call(name=function.name, arguments=_named(canonical_json(given), function))
    return None


def _named(arguments: str, function: Function) -> str:
    given = json.loads(arguments)
    by_position = given.pop(POSITIONAL, [])
    return canonical_json({**dict(zip(function.parameter_names, by_position, strict=False)), **given})


def made_up(function: Function) -> Call:
    """A call with arguments that the function's schema accepts; parameters that have a default are left out."""
    schema = function.parameters
    needed = {key: schema["properties"][key] for key in schema.get("required", ())}
    arguments = {key: value_of(each, schema.get("$defs", {}), 0) for key, each in needed.items()}
    return Call(name=function.name, arguments=canonical_json(arguments))


_TEXTS = {
    "date": "2024-02-29",
    "date-time": "2024-02-29T01:02:03",
    "time": "01:02:03",
    "duration": "P1D",
    "uuid": "12345678-1234-5678-1234-567812345678",
    "email": "someone@example.org",
    "uri": "https://example.org/",
    "path": "a.txt",
    "ipv4": "192.0.2.1",
}


def value_of(schema: Mapping[str, Any], definitions: Mapping[str, Any], depth: int) -> Any:
    """A value that a JSON schema accepts; one without type accepts text."""
    if "$ref" in schema:
        return value_of(definitions.get(schema["$ref"].rpartition("/")[2], {}), definitions, depth + 1)
    for key in ("default", "const"):
        if key in schema:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    if choices := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return value_of(next((each for each in choices if each.get("type") != "null"), choices[0]), definitions, depth)
    match schema.get("type"):
        case "integer" | "number":
            return number_in(schema)
        case "boolean":
            return True
        case "null":
            return None
        case "array":
            listed = schema.get("prefixItems") or [schema.get("items", {})] * max(1, schema.get("minItems", 1))
            return [value_of(each, definitions, depth + 1) for each in listed] if depth < _DEPTH else []
        case "object":
            needed = schema.get("required", ()) if depth < _DEPTH else ()
            return {key: value_of(schema["properties"][key], definitions, depth + 1) for key in needed}
    text = _TEXTS.get(schema.get("format", ""), "text")
    return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", len(text) + 1_000)]


def number_in(schema: Mapping[str, Any]) -> Any:
    """2, or the nearest number that the schema's bounds allow."""
    step = schema.get("multipleOf", 1)
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + (step if "exclusiveMinimum" in schema else 0))
    high = schema.get("maximum", schema.get("exclusiveMaximum", max(low, 2) + step) - step)
    value = min(max(2, low), high) if "maximum" not in schema else min(max(2, low), schema["maximum"])
    return -(-value // step) * step if step != 1 else value


def _shown(call: Call) -> str:
    return f"{call.name}({call.arguments[:60]})"

"""What prompts show of a function beside its name: a schema that is easy to read, and examples in the call format."""

import contextlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from rollout.records import Call
from rollout.toolboxes.function import Function, without_keys
from rollout.toolboxes.made_up import made_up
from rollout.toolboxes.schemas.toolbox import SchemaFunction
from rollout.toolboxes.toolbox import Toolbox

_LONGEST = 400
"""Characters of made-up arguments that a prompt shows."""
_CHOICES = ("anyOf", "oneOf")
_NUMBERS = ({"type": "integer"}, {"type": "number"})


def described(function: Function, example: Callable[[Call], Any]) -> str:
    """A function as a JSON object for prompts: name, description, parameters (JSON schema, in the signature's order)
    and, if it has any, examples, each one what `example` makes of a call."""
    entry = {
        "name": function.name,
        "description": function.description,
        "parameters": shown_parameters(function.parameters),
    }
    if function.example_calls:
        entry["examples"] = list(map(example, function.example_calls))
    return json.dumps(entry, separators=(",", ":"), ensure_ascii=False)


class Written(Protocol):
    """What examples need of a call format."""

    def render(self, calls: Sequence[Call]) -> str: ...

    def parse(self, text: str) -> tuple[Call, ...]: ...


def with_example(asked: str, toolbox: Toolbox, written: Written) -> str:
    """What is asked of a model, and one call in the call format: an example of the first function that has one. Where
    none has any, as with schemas alone, a call with made-up arguments of the first function whose schema they fit, the
    one that ends the episode last: a model is shown the call format even where no other function is left."""
    functions = toolbox.functions.values()
    calls = (call for each in functions for call in each.example_calls)
    finish = [each for each in functions if each.name == toolbox.finish]  # none where a turn ends in words
    made = (call for each in functions if each not in finish for call in _made_up(each, made_up, written))
    ends = (call for each in finish for make in (_done, made_up) for call in _made_up(each, make, written))
    call = next(itertools.chain(calls, made, ends), None)
    return asked if call is None else f"{asked} Example: {written.render((call,))}"


def with_example_if_none(asked: str, toolbox: Toolbox, written: Written) -> str:
    """The same where the functions' own examples follow: with an example only if there are none."""
    has_examples = any(each.example_calls for each in toolbox.functions.values())
    return asked if has_examples else with_example(asked, toolbox, written)


def _done(function: Function) -> Call:
    """The end of an episode in words: the first of the types that an answer may have is a truth value."""
    return Call(name=function.name, arguments='{"answer":"done"}')


def _made_up(function: Function, make: Callable[[Function], Call], written: Written) -> Iterator[Call]:
    """A call with made-up arguments; none where no short ones are known that the format reads and the function takes.

    Whatever is in a schema of others, a prompt does without an example rather than end a run.
    """
    with contextlib.suppress(Exception):
        call = make(function)
        if make is _done or isinstance(function, SchemaFunction):
            function.validate(call.arguments)
        if len(call.arguments) <= _LONGEST and written.parse(written.render((call,))) == (call,):
            yield call


def as_tool(function: Function, verbosity: str) -> dict[str, Any]:
    """A function in the form that chat templates and APIs take. `verbosity`: `names` shows the name alone, `signatures`
    adds the parameters with their types, `full` adds descriptions and the arguments of an example."""
    shown: dict[str, Any] = {"name": function.name, "description": "", "parameters": {}}
    if verbosity == "names":
        shown["parameters"] = {"type": "object", "properties": {}}
    else:
        shown["parameters"] = shown_parameters(function.parameters)
    if verbosity == "signatures":
        shown["parameters"] = without_keys(shown["parameters"], "description", "examples")
    if verbosity == "full":
        # Every template shows a description; no two agree on where an example would stand beside it.
        examples = [f"Example arguments: {call.arguments}" for call in function.example_calls[:1]]
        shown["description"] = "\n".join([function.description, *examples])
    return {"type": "function", "function": shown}


def shown_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A function's JSON schema without what only a validator needs.

    That no further key may be given is left out, and that an integer is a number. A parameter that may be left out, and
    is null then, is shown as what it is if it is given: `{"anyOf": [{"type": "integer"}, {"type": "null"}], "default":
    null}` becomes `{"type": "integer"}`. Null is accepted all the same.
    """
    return _object_shown(parameters)


def _object_shown(schema: Mapping[str, Any]) -> dict[str, Any]:
    required = schema.get("required", ())
    shown = {key: value for key, value in schema.items() if not (key == "additionalProperties" and value is False)}
    if "properties" in schema:
        shown["properties"] = {
            name: _shown(inner, optional=name not in required) for name, inner in schema["properties"].items()
        }
    if "$defs" in schema:
        shown["$defs"] = {name: _shown(inner) for name, inner in schema["$defs"].items()}
    return shown


def _shown(schema: Any, optional: bool = False) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    shown = _object_shown(schema)
    key = next((key for key in _CHOICES if isinstance(schema.get(key), list)), None)
    if isinstance(schema.get("items"), Mapping):
        shown["items"] = _shown(schema["items"])
    if key is None:
        return shown
    if len(schema[key]) == 2 and all(each in schema[key] for each in _NUMBERS):
        return {"type": "number", **{name: value for name, value in shown.items() if name != key}}
    others = [_shown(choice) for choice in schema[key] if choice != {"type": "null"}]
    if optional and schema.get("default") is None and others and len(others) < len(schema[key]):
        rest = {name: value for name, value in shown.items() if name not in (key, "default")}
        return {**others[0], **rest} if len(others) == 1 else {key: others, **rest}
    return {**shown, key: [_shown(choice) for choice in schema[key]]}

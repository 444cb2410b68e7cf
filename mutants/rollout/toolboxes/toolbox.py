"""A set of functions, and a session in which one episode calls them.

A stateless toolbox is made of plain functions. One with state is a class: instantiated from the problem's
state for each session, its public methods are the functions. A session is fresh and single-use.
"""

import contextlib
import json
import time
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python

from cluster.errors import RequestError
from rollout.records import Call, CallResult, ErrorCode, canonical_json, content_hash
from rollout.toolboxes.function import Function
from rollout.toolboxes.mistakes import CallRefused, from_exception, quoted, shortened
from rollout.toolboxes.nesting import Evaluate, resolve
from rollout.toolboxes.source import hash_of_code

AnyFunction = Callable[..., Any] | Function
FINISH = "finish"
DEADLINE = 5.0
NOTHING_BUILT_IN: Mapping[str, Function] = types.MappingProxyType({})
MAX_NAMES_SHOWN = 8


def finish(answer: bool | int | float | str | list[Any] | dict[str, Any]) -> Any:
    """Give the final answer."""
    return answer


@dataclass(frozen=True)
class Toolbox:
    """The functions that one problem's episodes may call.

    `finish` names the function that ends an episode; its one parameter is `answer`.
    """

    name: str
    functions: Mapping[str, Function]
    finish: str
    hash: str
    """Hash of what the model sees and of the code that the functions run: 32 hex digits."""
    state_type: type | None = field(default=None, compare=False, repr=False)
    """The class of a toolbox with state; called with the state (decoded JSON)."""

    @classmethod
    def of_functions(
        cls, name: str, typed: Iterable[AnyFunction], state_type: type | None = None, finish_name: str = FINISH
    ) -> "Toolbox":
        """A toolbox of typed functions; with `state_type` their first parameter is its instance.

        A finishing function is added where none is called `finish_name`.
        """
        functions = [each if isinstance(each, Function) else Function.from_callable(each) for each in typed]
        if all(function.name != finish_name for function in functions):
            functions = [*functions, Function.from_callable(finish, name=finish_name)]
        by_name = {function.name: function for function in functions}
        if len(by_name) != len(functions):
            raise RequestError(f"toolbox {name}: two functions share a name; rename one")
        if by_name[finish_name].parameter_names != ("answer",):
            raise RequestError(f"toolbox {name}: {finish_name} must have exactly one parameter, answer")
        seen = [name, finish_name]
        for each in functions:
            seen += [each.name, each.description, canonical_json(each.parameters), each.signature, *each.examples]
        # The code of the finishing function that was added is left out: it computes nothing.
        run = [*(each.implementation for each in functions if each.implementation is not finish), state_type]
        code = sorted({hash_of_code(thing) for thing in run if thing is not None})
        return cls(
            name=name,
            functions=types.MappingProxyType(by_name),
            finish=finish_name,
            hash=content_hash(*seen, *code),
            state_type=state_type,
        )

    @classmethod
    def of_class(cls, name: str, state_type: type) -> "Toolbox":
        """A toolbox with state: `state_type(state)` makes an instance, its public methods are the functions.

        They stand in the order in which the class defines them. `state` is `Problem.state` decoded.
        """
        methods = [
            Function.from_callable(member, method=True)
            for key, member in vars(state_type).items()
            if isinstance(member, types.FunctionType) and not key.startswith("_")
        ]
        return cls.of_functions(name, methods, state_type)

    def subset(self, names: Iterable[str]) -> "Toolbox":
        """A toolbox with only these functions and the finishing one, in this toolbox's order."""
        kept = {*names, self.finish}
        functions = {name: function for name, function in self.functions.items() if name in kept}
        return self.replaced(self.name, functions, content_hash(self.hash, *functions))

    def replaced(self, name: str, functions: Mapping[str, Function], hash: str) -> "Toolbox":
        """The same toolbox under another name with other functions."""
        return replace(self, name=name, functions=types.MappingProxyType(dict(functions)), hash=hash)

    def open(self, state: str = "null") -> "Session":
        """A fresh, single-use session; `state` is `Problem.state`. Raises RequestError if it does not fit."""
        if self.state_type is None:
            return Session(self, None)
        try:
            return Session(self, self.state_type(json.loads(state)))
        except (ValueError, TypeError, KeyError, IndexError) as error:
            raise RequestError(
                f"toolbox {self.name}: the state does not fit: {type(error).__name__}: {error}"
            ) from None


class Session:
    """One episode's use of a toolbox. Never raises for a model's mistake."""

    def __init__(self, toolbox: Toolbox, instance: Any) -> None:
        self.toolbox = toolbox
        self.instance = instance
        self.answer: str | None = None
        """The answer as canonical JSON, once the finishing function was called successfully."""
        self.last: str | None = None
        """The last successful call's value, canonical JSON: what `Stop` makes the answer."""

    def call(
        self, call: Call, built_ins: Mapping[str, Function] = NOTHING_BUILT_IN, deadline: float = DEADLINE
    ) -> CallResult:
        """Validate and execute one call. `built_ins` are a call format's own functions (`Reasoning`, `Stop`).

        Nested calls are evaluated first, innermost first; `CallResult.call` has every argument by its name. The
        content of a success is the value as canonical JSON, of a failure "Error: " and what to change. `deadline`
        (seconds) binds functions that run in a worker process; those in this process bound their arguments.
        """
        start = time.perf_counter()
        error: ErrorCode | None = None
        try:
            call, content = self._called(call, built_ins)
        except CallRefused as refusal:
            content, error = f"Error: {refusal.message}", refusal.code
        return CallResult(call=call, content=content, error=error, seconds=time.perf_counter() - start)

    async def call_async(self, call: Call, built_ins: Mapping[str, Function], deadline: float) -> CallResult:
        """Like `call`, but does not block the event loop where the function runs in a worker process."""
        return self.call(call, built_ins, deadline)

    def _called(self, call: Call, built_ins: Mapping[str, Function]) -> tuple[Call, str]:
        if self.answer is not None:
            raise CallRefused(
                ErrorCode.WRONG_COUNT, f"{quoted(call.name)}: the answer is given already; call nothing more"
            )
        function = self.toolbox.functions.get(call.name) or built_ins.get(call.name)
        if function is None:
            raise self._unknown(call.name)
        arguments = call.arguments
        if '"$' in arguments:
            arguments, shown = resolve(function, arguments, self._inner)
            call = Call(name=call.name, arguments=shown, id=call.id)
        typed = function.validate(arguments)
        if function.name in built_ins and function.name not in self.toolbox.functions:
            if function.name != "Stop":
                return call, as_json(None)
            if self.last is None:
                raise CallRefused(
                    ErrorCode.NO_ANSWER, "Stop: there is no result yet that could be the answer; call a function"
                )
            self.answer = self.last
            return call, self.last
        content = self._executed(function, typed)
        if function.name == self.toolbox.finish:
            self.answer = canonical_json(json.loads(arguments)["answer"])
            return call, self.answer
        self.last = content
        return call, content

    def _inner(self, name: str, arguments: str, evaluate: Evaluate) -> Any:
        """The value of a nested call, decoded. Raises CallRefused."""
        function = self.toolbox.functions.get(name)
        if function is None:
            raise self._unknown(name)
        if name == self.toolbox.finish:
            raise CallRefused(
                ErrorCode.WRONG_CALL_SHAPE, f"{name}: cannot stand inside another call; call it last, alone"
            )
        if '"$' in arguments:
            arguments, _ = resolve(function, arguments, evaluate)
        return json.loads(self._executed(function, function.validate(arguments)))

    def _executed(self, function: Function, typed: dict[str, Any]) -> str:
        implementation = function.implementation
        assert implementation is not None, f"{function.name} runs in another process"
        try:
            value = implementation(self.instance, **typed) if function.method else implementation(**typed)
            return as_json(value)
        except CallRefused:
            raise
        except Exception as error:  # whatever a function raises is the model's to read
            raise from_exception(function.name, error) from None

    def _unknown(self, name: str) -> CallRefused:
        known = [*self.toolbox.functions]
        if len(known) <= MAX_NAMES_SHOWN:
            hint = shortened(f"use one of {', '.join(known)}")
        else:
            import difflib

            near = difflib.get_close_matches(name[:64], known[:200], n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else "use one of the functions given"
        return CallRefused(ErrorCode.UNKNOWN_FUNCTION, f"unknown function {quoted(name)}; {hint}")


def as_json(value: Any) -> str:
    """A function's value as canonical JSON. Raises ValueError for what JSON does not hold."""
    if type(value) is int and -(10**18) < value < 10**18:
        return str(value)
    if isinstance(value, set | frozenset):
        value = sorted(value)
    with contextlib.suppress(TypeError):
        return canonical_json(value)
    try:
        return canonical_json(to_jsonable_python(value))
    except PydanticSerializationError:
        raise ValueError(f"the result is a {type(value).__name__}, which JSON does not hold") from None

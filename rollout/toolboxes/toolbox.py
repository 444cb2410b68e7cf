"""A set of functions, and a session in which one episode calls them.

A stateless toolbox is made of plain functions. One with state is a class: instantiated from the problem's
state for each session, its public methods are the functions. A session is fresh and single-use.
"""

import asyncio
import inspect
import json
import sys
import time
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cluster.errors import RequestError
from rollout.records import Call, CallResult, ErrorCode, canonical_json, content_hash
from rollout.toolboxes.function import Function
from rollout.toolboxes.mistakes import MADE, CallRefused, as_called_here, from_exception, one_line, quoted, shortened
from rollout.toolboxes.nesting import Evaluate, holds_calls, named_throughout, resolve
from rollout.toolboxes.source import hash_of_code
from rollout.toolboxes.values import MAX_MEMBERS, as_json

AnyFunction = Callable[..., Any] | Function
FINISH = "finish"
DEADLINE = 5.0
NOTHING_BUILT_IN: Mapping[str, Function] = types.MappingProxyType({})
MAX_NAMES_SHOWN = 8


def finish(answer: bool | int | float | str | list[Any] | dict[str, Any]) -> Any:
    """Give the final answer."""
    return answer


def end_turn(answer: bool | int | float | str | list[Any] | dict[str, Any] | None = None) -> Any:
    """End your turn: what the user asked for is done, or cannot be done. The answer is what the user reads."""
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
    turns: bool = False
    """Whether it is for conversations: `finish` ends a turn and needs no answer, and where the call format allows it a
    text ends a turn, too."""

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

        They stand in the order in which the class defines them, inherited ones behind them, static and class methods
        among them. Methods without a docstring are no functions, nor what is inherited from another author's class, in
        another package or folder. `state` is `Problem.state` decoded. Raises RequestError where nothing is left.
        """
        members: dict[str, Any] = {}
        for base in state_type.__mro__:
            for key, member in vars(base).items() if of_one_place(base, state_type) else ():
                members.setdefault(key, member)
        methods = [
            Function.from_callable(
                getattr(state_type, key), name=key, method=not isinstance(member, staticmethod | classmethod)
            )
            for key, member in members.items()
            if not key.startswith("_") and is_function(member) and (key == FINISH or member.__doc__)
        ]
        if not methods:
            raise RequestError(
                f"toolbox {name!r}: class {state_type.__name__} has no public method with a docstring; write one"
            )
        return cls.of_functions(name, methods, state_type)

    def prepare(self, episodes: int) -> None:
        """Start what so many episodes side by side would each wait for. Returns when it is there; what cannot be
        started, an episode that needs it says. Here there is nothing."""

    def subset(self, names: Iterable[str]) -> "Toolbox":
        """A toolbox with only these functions and the finishing one, in this toolbox's order."""
        kept = {*names, self.finish}
        functions = {name: function for name, function in self.functions.items() if name in kept}
        return self.replaced(self.name, functions, content_hash(self.hash, *functions))

    def in_turns(self) -> "Toolbox":
        """The toolbox for conversations. A finishing function of the user's own stays as it is."""
        ending = self.functions[self.finish]
        added = getattr(ending.implementation, "__module__", "").startswith("rollout.toolboxes.") and not ending.method
        functions = dict(self.functions)
        if added:
            functions[self.finish] = Function.from_callable(end_turn, name=self.finish)
        return replace(self.replaced(self.name, functions, content_hash(self.hash, "turns")), turns=True)

    def replaced(self, name: str, functions: Mapping[str, Function], hash: str) -> "Toolbox":
        """The same toolbox under another name with other functions."""
        return replace(self, name=name, functions=types.MappingProxyType(dict(functions)), hash=hash)

    def open(self, state: str = "null") -> "Session":
        """A fresh, single-use session; `state` is `Problem.state`. Raises RequestError if it does not fit."""
        if self.state_type is None:
            return Session(self, None)
        try:
            return Session(self, instance_of(self.state_type, json.loads(state)))
        except Exception as error:
            says = f"{type(error).__name__}: {one_line(str(error), paths=True)}"
            if state == "null":
                raise RequestError(
                    f"toolbox {self.name}: {self.state_type.__name__} is made from a state, and the problem has none "
                    f"({says}); name the column that holds it with `state_column`"
                ) from None
            raise RequestError(f"toolbox {self.name}: the state does not fit: {says}") from None


def instance_of(state_type: type, state: Any) -> Any:
    """An instance from a state: `state_type()` if there is none and none is needed, with the keys of an object as
    arguments if the class has several parameters of these names, else `state_type(state)`."""
    signature = inspect.signature(state_type)
    kinds = {each.kind for each in signature.parameters.values()}
    if state is None and _binds(signature):
        return state_type()
    by_name = len(signature.parameters) > 1 or kinds == {inspect.Parameter.KEYWORD_ONLY}
    if isinstance(state, dict) and by_name:
        known = {key: value for key, value in state.items() if key in signature.parameters}
        if _binds(signature, **state) or (known and _binds(signature, **known)):
            return state_type(**state)  # which says what key is unknown
    if not kinds:
        raise TypeError(f"{state_type.__name__} takes none")
    return state_type(state)


_STATE = "_state"
"""The method by which a class says what its state is."""


def state_of(instance: Any) -> str:
    """An instance's state as canonical JSON. Raises NotJson, TooLarge, and what its own method raises."""
    if instance is None:
        return canonical_json(None)
    if callable(getattr(type(instance), _STATE, None)):
        return as_json(getattr(instance, _STATE)())
    return as_json({name: value for name, value in vars(instance).items() if not name.startswith("_")})


def _binds(signature: inspect.Signature, **given: Any) -> bool:
    try:
        signature.bind(**given)
    except TypeError:
        return False
    return True


def of_one_place(one: type, other: type) -> bool:
    """Whether two classes are one author's: of one package, or in files of one folder."""
    if one.__module__.partition(".")[0] == other.__module__.partition(".")[0]:
        return True
    files = [getattr(sys.modules.get(each.__module__), "__file__", None) for each in (one, other)]
    return None not in files and len({Path(str(file)).parent for file in files}) == 1


def is_function(member: Any) -> bool:
    """Whether a member of a module or class is a function or a method of any kind, decorated or not."""
    if isinstance(member, staticmethod | classmethod):
        return is_function(member.__func__)
    return isinstance(member, types.FunctionType) or isinstance(
        getattr(member, "__wrapped__", None), types.FunctionType
    )


class Session:
    """One episode's use of a toolbox. Never raises for a model's mistake."""

    def __init__(self, toolbox: Toolbox, instance: Any) -> None:
        self.toolbox = toolbox
        self.instance = instance
        self.answer: str | None = None
        """The answer as canonical JSON, once the finishing function was called successfully."""
        self.last: str | None = None
        """The turn's last successful call's value, canonical JSON: what `Stop` makes the answer."""
        self._inside: list[Call] | None = None
        """Of the last call, where calls stand inside it: those that were made, with values in place of calls."""
        self._evaluated: Call | None = None
        """The last call itself, with values in place of calls, once those inside it were made."""

    @property
    def waited(self) -> float:
        """Seconds for which calls could not yet be made: others had what executes them, or it had to start. They are
        none of the model's time."""
        return 0.0

    def state(self) -> str:
        """The world as canonical JSON: what its class's `_state` gives, or its public attributes; null without one.
        Raises CallRefused, by the toolbox's fault, for one that cannot be read."""
        try:
            return state_of(self.instance)
        except Exception as error:  # whatever a user's class raises
            says = one_line(str(error), paths=True).replace("the result", "the state")
            raise CallRefused(
                ErrorCode.TOOLBOX_FAULT, f"its state cannot be read: {says}; give {_STATE} what it is, as JSON"
            ) from None

    async def state_async(self) -> str:
        """Like `state`, but does not block the event loop where the world is in a worker process."""
        return self.state()

    def close(self) -> None:
        """The episode has ended: what runs elsewhere for this session alone ends. It may be called again."""

    def next_turn(self, toolbox: Toolbox) -> None:
        """The user speaks again: nothing is answered yet, and the functions of `toolbox`, a part of the session's, can
        be called."""
        self.toolbox, self.answer, self.last = toolbox, None, None

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
        self._inside, self._evaluated = [] if holds_calls(call.arguments) else None, None
        call = named_throughout(call, self.toolbox.functions, built_ins)
        try:
            call, content = self._called(call, built_ins)
        except CallRefused as refusal:
            content, error = f"Error: {refusal.message}", refusal.code
        made = self.made(itself=error in MADE)
        return CallResult(call=call, content=content, error=error, seconds=time.perf_counter() - start, made=made)

    def made(self, itself: bool) -> tuple[Call, ...] | None:
        """What `CallResult.made` holds of the last call; `itself`: whether it had success."""
        if self._inside is None:
            return None
        return (*self._inside, *([self._evaluated] if itself and self._evaluated is not None else ()))

    async def call_async(self, call: Call, built_ins: Mapping[str, Function], deadline: float) -> CallResult:
        """Like `call`, but does not block the event loop where the function runs in a worker process."""
        return self.call(call, built_ins, deadline)

    def _called(self, call: Call, built_ins: Mapping[str, Function]) -> tuple[Call, str]:
        if self.answer is not None:
            raise self.answered(call.name)
        function = self.toolbox.functions.get(call.name) or built_ins.get(call.name)
        if function is None:
            raise self._unknown(call.name)
        arguments = call.arguments
        if '"$' in arguments:
            arguments = resolve(function, arguments, self._inner)
        self._evaluated = Call(name=function.name, arguments=arguments)
        typed = function.validate(arguments)
        if function.name in built_ins and function.name not in self.toolbox.functions:
            if function.name != "Stop":
                return call, as_json(None)
            if self.last is None and not self.toolbox.turns:
                raise CallRefused(
                    ErrorCode.NO_ANSWER, "Stop: there is no result yet that could be the answer; call a function"
                )
            self.answer = self.last or canonical_json(None)
            return call, self.answer
        content = self._executed(function, typed)
        if function.name == self.toolbox.finish:
            self.answer = canonical_json(json.loads(arguments).get("answer"))
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
            arguments = resolve(function, arguments, evaluate)
        typed, made = function.validate(arguments), [] if self._inside is None else self._inside
        try:
            content = self._executed(function, typed)
        except CallRefused as refusal:
            made += [Call(name=name, arguments=arguments)] if refusal.code in MADE else []
            raise
        made.append(Call(name=name, arguments=arguments))
        return json.loads(content)

    def _executed(self, function: Function, typed: dict[str, Any]) -> str:
        implementation = function.implementation
        assert implementation is not None, f"{function.name} runs in another process"
        try:
            value = implementation(self.instance, **typed) if function.method else implementation(**typed)
            if inspect.isawaitable(value) or inspect.isasyncgen(value):
                value = asyncio.run(_awaited(value))
            return as_json(value)
        except CallRefused:
            raise
        except Exception as error:  # whatever a function raises is the model's to read
            raise from_exception(function.name, error) from None

    def answered(self, name: str) -> CallRefused:
        """The refusal of a call after the end of a turn."""
        return CallRefused(ErrorCode.WRONG_COUNT, f"{quoted(name)}: the answer is given already; call nothing more")

    def _unknown(self, name: str) -> CallRefused:
        known = [*self.toolbox.functions]
        if here := as_called_here(name, known):
            return CallRefused(ErrorCode.UNKNOWN_FUNCTION, f"unknown function {quoted(name)}{here}")
        if len(known) <= MAX_NAMES_SHOWN:
            hint = shortened(f"use one of {', '.join(known)}")
        else:
            import difflib

            near = difflib.get_close_matches(name[:64], known[:200], n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else "use one of the functions given"
        return CallRefused(ErrorCode.UNKNOWN_FUNCTION, f"unknown function {quoted(name)}; {hint}")


async def _awaited(value: Any) -> Any:
    """What a coroutine gives back, or the list of what an asynchronous generator yields."""
    if not inspect.isasyncgen(value):
        return await value
    members = []
    async for member in value:
        members.append(member)
        if len(members) > MAX_MEMBERS:
            break
    return members

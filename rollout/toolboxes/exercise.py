"""Exercises users' toolboxes before a run: every function is called, in a worker, with its docstring's examples or with
arguments made up from its schema, twice today and once on another day.

What shows only when a function is called, and would spoil episodes, is said while nothing has been started: results
without JSON form, files and programs that it may not use, modules that are missing, examples that do not fit, and what
another process or another day changes. A function for which no fitting arguments are known is not called; that is said,
too.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cluster.errors import InfrastructureError, RequestError
from rollout.records import Call, CallResult, ErrorCode, Problem
from rollout.toolboxes.isolation.isolated import IsolatedToolbox
from rollout.toolboxes.isolation.processes import ENDED
from rollout.toolboxes.loading import is_users, load_toolbox, plain_name, without_interpreter
from rollout.toolboxes.made_up import NothingFits, made_up
from rollout.toolboxes.mcp.naming import is_server
from rollout.toolboxes.mcp.toolbox import McpSession
from rollout.toolboxes.mistakes import CallRefused

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
_UNFITTING = frozenset(code for code, remedy in _REMEDIES.items() if "example" in remedy)


class Exercised(NamedTuple):
    """What came of exercising toolboxes, a line each: where, which function, what, and what to do."""

    faults: tuple[str, ...]
    not_called: tuple[str, ...]
    """Functions whose docstring has no example, and for which no arguments were made up that fit."""


def exercise_all(problems: Iterable[Problem]) -> Exercised:
    """Exercise all users' toolboxes that `problems` name, each with the state of the first problem that does. One that
    does not load, or whose state does not fit, is at fault."""
    states: dict[str, str] = {}
    for problem in problems:
        if is_users(problem.toolbox):
            states.setdefault(problem.toolbox, problem.state)
    faults, not_called = list[str](), list[str]()
    for name, state in states.items():
        try:
            found = exercise(name, state)
        except RequestError as error:
            faults.append(str(error))
        else:
            faults += found.faults
            not_called += found.not_called
    return Exercised(tuple(faults), tuple(not_called))


def exercise(name: str, state: str = "null") -> Exercised:
    """Exercise one toolbox. Raises RequestError where it does not load, or where `state` does not fit."""
    if is_server(name):
        return exercise_server(plain_name(name), state)
    base, python = without_interpreter(name)
    toolbox = IsolatedToolbox.start(base.partition("+")[0], python, workers=1)
    try:
        results, faults, not_called = list[_Result](), list[str](), list[str]()
        for function in toolbox.functions.values():
            calls = list(function.example_calls)
            from_docstring = bool(calls)
            if not calls and function.name != toolbox.finish:
                try:
                    calls = [made_up(function)]
                except NothingFits as reason:
                    not_called.append(f"toolbox {name}: {function.name}: {reason}; {_WRITE_ONE}")
            for call in calls:
                once, twice = (toolbox.open(state).call(call, deadline=DEADLINE) for _ in range(2))
                results.append((call, once, twice))
                code, says = code_of(once), once.content.removeprefix("Error: ")
                if code in _UNFITTING and not from_docstring:
                    not_called.append(f"toolbox {name}: {says}; {_shown(call)} was made up: {_WRITE_ONE}")
                elif code in _REMEDIES:
                    faults.append(f"toolbox {name}: {says}; called as {_shown(call)}: {_REMEDIES[code]}")
        faults += _changes(toolbox, name, state, results, python)
        return Exercised(tuple(dict.fromkeys(faults)), tuple(not_called))
    finally:
        toolbox.stop()


def exercise_server(name: str, state: str) -> Exercised:
    """Bring a server to a problem's state, twice. Its tools are not called: nobody knows what they change where."""
    toolbox, worlds = load_toolbox(name), list[str]()
    for _ in range(2):
        session = toolbox.open(state)
        assert isinstance(session, McpSession)
        try:
            session.begin()
            worlds.append(session.state())
        except CallRefused as refusal:
            return Exercised((f"toolbox {name!r}: {refusal.message}; correct the tool, or name another one",), ())
        except InfrastructureError as error:
            return Exercised((f"{error.detail}; correct the server",), ())
        finally:
            session.close()
    if worlds[0] != worlds[1]:
        what = f"began as {worlds[0][:60]} and as {worlds[1][:60]}"
        return Exercised(
            (f"toolbox {name!r}: its state changes from start to start: it {what}; let it begin alike",), ()
        )
    return Exercised((), ())


_Result = tuple[Call, CallResult, CallResult]
"""A function's call, and what came of it twice, each time in a session of its own."""
_WRITE_ONE = "the function is not exercised; write an example in its docstring"


def code_of(result: CallResult) -> ErrorCode | None:
    """The error's code; a function that ends its process does so whatever its arguments are."""
    return ErrorCode.TOOLBOX_FAULT if result.content.endswith(ENDED) else result.error


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
        for call, result, again in results:
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


def _shown(call: Call) -> str:
    return f"{call.name}({call.arguments[:60]})"

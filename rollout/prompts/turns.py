"""What a user says after the first turn, and which functions can be called then."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from cluster.errors import RequestError
from rollout.formats import CallFormat
from rollout.formats.shown import as_tool
from rollout.records import Problem, UserTurn, canonical_json
from rollout.toolboxes import Toolbox


class InTurns(Protocol):
    """A problem, or a draft of one."""

    @property
    def text(self) -> str: ...

    @property
    def turns(self) -> tuple[UserTurn, ...]: ...

    @property
    def hidden(self) -> tuple[str, ...]: ...


class LaterTurn(NamedTuple):
    """A further turn of the user, as the model reads it."""

    text: str
    """The user's message, which begins with what has changed about the functions."""
    toolbox: Toolbox
    """The functions that can be called in it."""


def later_turns(
    problem: Problem, whole: Toolbox, first: Toolbox, call_format: CallFormat, verbosity: str, native: bool = False
) -> tuple[LaterTurn, ...]:
    """The problem's further turns; `whole` is its toolbox, `first` what can be called in its first turn.

    A prompt is never written again, so functions that appear are described in the user's message: as the call format
    describes them, or (`native`) as JSON objects in the form that chat templates are given. Raises as `turn_toolboxes`.
    """
    turns = list[LaterTurn]()
    toolboxes = turn_toolboxes(problem, whole, first)[1:]
    for turn, toolbox in zip(problem.turns, toolboxes, strict=True):
        lines = []
        if turn.appear:
            new = {name: whole.functions[name] for name in whole.functions if name in turn.appear}
            added = whole.replaced(whole.name, new, whole.hash)
            described = call_format.instructions(added, verbosity)
            if native:
                described = "\n".join(canonical_json(as_tool(each, verbosity)) for each in new.values())
            lines.append(f"More functions can be called now.\n{described}")
        if turn.vanish:
            lines.append(f"These functions can be called no more: {', '.join(turn.vanish)}.")
        turns.append(LaterTurn("\n".join([*lines, *filter(None, [turn.text])]), toolbox))
    return tuple(turns)


def turn_toolboxes(problem: InTurns, whole: Toolbox, first: Toolbox | None = None) -> list[Toolbox]:
    """What can be called in each of the problem's turns, of its toolbox `whole`. `first`: what can be called in the
    first one, if it is less than the problem says. Raises RequestError for a function that the toolbox has not, and for
    a turn in which nothing is said and nothing changes."""
    if first is None:
        hidden = _known(whole, problem.hidden)
        first = whole.subset(whole.functions.keys() - hidden) if hidden else whole
    toolboxes, names = [first], set(first.functions)
    for number, turn in enumerate(problem.turns, start=2):
        if not (turn.text or turn.appear or turn.vanish):
            raise RequestError(f"{problem.text[:40]!r}: in turn {number} nothing is said; write its text, or drop it")
        names = (names | _known(whole, turn.appear)) - _known(whole, turn.vanish)
        toolboxes.append(whole.subset(names))
    return toolboxes


def _known(toolbox: Toolbox, names: Sequence[str]) -> set[str]:
    """`names`. Raises RequestError for one that is no function of the toolbox, or the finishing one."""
    for name in names:
        if name not in toolbox.functions or name == toolbox.finish:
            what = "ends turns, and stays" if name == toolbox.finish else "is none of its functions"
            raise RequestError(
                f"toolbox {toolbox.name}: {name!r} comes or goes in a turn, and {what}; name another one"
            )
    return {*names}

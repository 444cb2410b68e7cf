"""Toolbox `knights`: an island where knights always say what is true and knaves what is false.

The state is {"people": [name, ...], "says": [[speaker, kind, other], ...]}, the kinds as in `SAYINGS`.
"""

from collections.abc import Iterator
from typing import Any
from typing import Literal as OneOf

from rollout.toolboxes.toolbox import Toolbox

Kind = OneOf["knight", "knave"]

SAYINGS = ("knight", "knave", "same", "differ")
"""What a speaker can say of another: what it is, or whether the two are of the same kind."""


class Island:
    """The people of one problem and what they said."""

    def __init__(self, state: Any) -> None:
        self._people: list[str] = list(state["people"])
        self._says: list[tuple[str, str, str]] = [(speaker, kind, other) for speaker, kind, other in state["says"]]
        if any(kind not in SAYINGS for _, kind, _ in self._says):
            raise ValueError(f"what is said is one of {SAYINGS}")

    def suppose(self, person: str, kind: Kind) -> str:
        """Suppose that a person is a knight, who tells the truth, or a knave, who lies, and see what follows from all
        that people say of each other.

        Args:
            person: Who.
            kind: knight or knave.

        Examples:
            suppose(person="Tom", kind="knight")
        """
        if person not in self._people:
            raise ValueError(f"there is no such person; there are {', '.join(self._people)}")
        honest = {person: kind == "knight"}
        while True:
            implied = {pair for saying in self._says for pair in _implied(honest, saying)} | {*honest.items()}
            if len(implied) > len({name for name, _ in implied}):
                return "impossible"
            if len(implied) == len(honest):
                break
            honest = dict(implied)
        kinds = (f"{name} {'knight' if honest[name] else 'knave'}" for name in self._people if name in honest)
        return f"possible: {', '.join(kinds)}"

    def finish(self, answer: list[str]) -> list[str]:
        """Name all knights, and end.

        Args:
            answer: The names of the knights; an empty list if there is none.

        Examples:
            finish(answer=["Tom"])
        """
        return answer


def _implied(honest: dict[str, bool], said: tuple[str, str, str]) -> Iterator[tuple[str, bool]]:
    """Who is honest or not, by one statement and what is known so far."""
    speaker, saying, other = said
    if saying in ("same", "differ"):
        # "Ben is like me": true from a knight, so Ben is one; false from a knave, so Ben is none, which is a knight.
        yield other, saying == "same"
        return
    if speaker in honest:
        yield other, honest[speaker] == (saying == "knight")
    if other in honest:
        yield speaker, honest[other] == (saying == "knight")


NEW_NAMES = {"suppose": "assume", "finish": "done"}
"""Toolbox `knights_renamed`, for the suite `variant-functions`."""

TOOLBOX = Toolbox.of_class("knights", Island)

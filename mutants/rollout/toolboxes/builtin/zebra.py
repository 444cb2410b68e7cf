"""Toolbox `zebra`: who lives where with what, by elimination.

The state is {"groups": [[name, ...], [pet, ...]], "clues": [[kind, item, item or house], ...], "goal": pet}: each of
the houses 1 to n has one item of every group. To use a clue removes the houses that it rules out, and then those that
are ruled out because a house has one item only. `finish` is refused until it is settled where the goal and its owner
live.
"""

from collections.abc import Callable, Mapping
from typing import Any

from rollout.toolboxes.toolbox import Toolbox

HOLDS: Mapping[str, Callable[[int, int], bool]] = {
    "at": lambda one, house: one == house,
    "not_at": lambda one, house: one != house,
    "with": lambda one, other: one == other,
    "not_with": lambda one, other: one != other,
    "next_left": lambda one, other: one + 1 == other,
    "left": lambda one, other: one < other,
}
"""What each kind of clue says of the two houses."""


class Street:
    """One problem's table of what is still possible."""

    def __init__(self, state: Any) -> None:
        self._groups: list[list[str]] = [list(group) for group in state["groups"]]
        self._clues: list[tuple[str, str, str | int]] = [(kind, one, other) for kind, one, other in state["clues"]]
        self._goal: str = state["goal"]
        if any(kind not in HOLDS for kind, _, _ in self._clues) or self._goal not in self._groups[-1]:
            raise ValueError("a clue or the goal is unknown")
        houses = range(1, len(self._groups[0]) + 1)
        self._possible = {item: set(houses) for group in self._groups for item in group}

    def use(self, clue: int) -> str:
        """Use a clue about who lives in which house, with whom, or left of whom: strike out what it rules out, and tell
        where everything may still be.

        Args:
            clue: The clue's number.

        Examples:
            use(clue=1)
        """
        if not 1 <= clue <= len(self._clues):
            raise ValueError(f"clues are 1 to {len(self._clues)}")
        before = dict(self._possible)
        kind, one, other = self._clues[clue - 1]
        holds, mine = HOLDS[kind], self._possible[one]
        theirs = {other} if isinstance(other, int) else self._possible[other]
        self._possible[one] = {house for house in mine if any(holds(house, their) for their in theirs)}
        if isinstance(other, str):
            self._possible[other] = {their for their in theirs if any(holds(house, their) for house in mine)}
        self._settle()
        changed = [item for item, houses in self._possible.items() if houses != before[item]]
        return "; ".join(f"{item} {' '.join(map(str, sorted(self._possible[item])))}" for item in changed) or "no news"

    def finish(self, answer: str) -> str:
        """Say who has it, once the houses of both are settled, and end.

        Args:
            answer: The person's name.

        Examples:
            finish(answer="Tom")
        """
        if answer not in self._groups[0]:
            raise ValueError(f"the people are {', '.join(self._groups[0])}")
        if len(self._possible[self._goal]) != 1 or self._possible[answer] != self._possible[self._goal]:
            raise ValueError(f"it is not settled that {answer} has the {self._goal}")
        return answer

    def _settle(self) -> None:
        """Apply that each house has one item of a group: a settled item's house is no other's, and an item that alone
        can be in a house is there."""
        possible = self._possible
        while True:
            before = sum(map(len, possible.values()))
            for group in self._groups:
                for item in group:
                    others = [other for other in group if other != item]
                    if len(possible[item]) == 1:
                        for other in others:
                            possible[other] = possible[other] - possible[item]
                    only = possible[item].difference(*(possible[other] for other in others))
                    if len(only) == 1:
                        possible[item] = only
            if sum(map(len, possible.values())) == before:
                return


NEW_NAMES = {"use": "follow", "finish": "done"}
"""Toolbox `zebra_renamed`, for the suite `variant-functions`."""

TOOLBOX = Toolbox.of_class("zebra", Street)

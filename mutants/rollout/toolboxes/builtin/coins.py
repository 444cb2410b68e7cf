"""Toolbox `coins`: coins on a table. The state is [["red", "heads"], ...]; a call turns a coin over.

The answer names the side of every coin: with three coins a guess is right one time in eight.
"""

from typing import Any
from typing import Literal as OneOf

from rollout.toolboxes.toolbox import Toolbox

Side = OneOf["heads", "tails"]


class Coins:
    """The coins of one problem."""

    def __init__(self, state: Any) -> None:
        self._sides: dict[str, Side] = {str(coin): side for coin, side in state}
        for side in self._sides.values():
            if side not in ("heads", "tails"):
                raise ValueError(f"a side is heads or tails, not {side!r}")

    def flip(self, coin: str) -> str:
        """Flip a coin: turn it over, so that it shows tails instead of heads or heads instead of tails.

        Args:
            coin: Which coin.

        Examples:
            flip(coin="red")
        """
        if coin not in self._sides:
            raise ValueError(f"there is no such coin; there are {', '.join(self._sides)}")
        self._sides[coin] = "tails" if self._sides[coin] == "heads" else "heads"
        return f"{coin} {self._sides[coin]}"

    def finish(self, answer: list[Side]) -> list[Side]:
        """Say how the coins lie, in the order in which the problem names them, and end.

        Args:
            answer: heads or tails, for each coin.

        Examples:
            finish(answer=["heads", "tails"])
        """
        return answer


NEW_NAMES = {"flip": "turn_over", "finish": "done"}
"""Toolbox `coins_renamed`, for the suite `variant-functions`."""

TOOLBOX = Toolbox.of_class("coins", Coins)

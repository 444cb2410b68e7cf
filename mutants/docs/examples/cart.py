"""A toolbox with state: a class. Each episode gets an instance of its own, made from the problem's `state`."""

from typing import Any


class Cart:
    """A shopping cart that starts with what the problem says: `{"items": {"apple": 2}}`."""

    def __init__(self, state: Any) -> None:
        self._items: dict[str, int] = dict(state["items"])

    def put(self, item: str, count: int = 1) -> int:
        """Put pieces of an item into the cart; gives back how many are in it now.

        Args:
            item: Its name.
            count: How many pieces.

        Examples:
            put(item="apple", count=2)
        """
        self._items[item] = self._items.get(item, 0) + count
        return self._items[item]

    def content(self) -> dict[str, int]:
        """Show what is in the cart.

        Examples:
            content()
        """
        return self._items

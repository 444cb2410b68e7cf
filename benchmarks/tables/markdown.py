"""Markdown tables, and their places in a document."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

_PLACE = re.compile(r"(<!-- table: (?P<name>\S+) -->\n).*?(<!-- end of table -->)", flags=re.DOTALL)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table. Raises ValueError for a row that is not as long as the head."""
    lines = [[*head], ["---"] * len(head)]
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"a row of {len(row)} cells below {len(head)} headings: {row}")
        lines.append([*row])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def filled(document: str, makers: Mapping[str, Callable[[], str]]) -> str:
    """The document with every marked place filled by the maker of its name. Raises KeyError for an unknown name."""
    return _PLACE.sub(lambda place: f"{place[1]}\n{makers[place['name']]()}\n\n{place[3]}", document)


def names(document: str) -> list[str]:
    """The tables that a document marks a place for."""
    return [place["name"] for place in _PLACE.finditer(document)]

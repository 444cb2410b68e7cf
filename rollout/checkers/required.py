"""Calls that an attempt made, those inside others too, and calls that it had to make, or had not to."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from rollout.checkers.values import comparable
from rollout.records import Call, CallResult, canonical_json
from rollout.toolboxes.mistakes import MADE
from rollout.toolboxes.nesting import CALL


class RightCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call that has to be made, or must not be: of the arguments, those that matter."""

    name: str
    arguments: dict[str, Any] = {}


def missing_calls(required: Sequence[RightCall], made: Sequence[Call], in_order: bool) -> Iterator[str]:
    """For each required call "", or that it is missing. A call that was made counts for one of them: `in_order` the
    first that fits after those before, else so that as many as possible are there."""
    if in_order:
        left = list(made)
        for each in required:
            at = next((index for index, call in enumerate(left) if is_like(call, each)), None)
            left = left if at is None else left[at + 1 :]
            yield f"the call {written(each)} is missing, after the others" if at is None else ""
        return
    fits = [[index for index, call in enumerate(made) if is_like(call, each)] for each in required]
    for each, found in zip(required, _assigned(fits, len(made)), strict=True):
        yield "" if found else f"the call {written(each)} is missing"


def _assigned(fits: Sequence[Sequence[int]], calls: int) -> list[bool]:
    """Which required calls have a made one of their own, of those that fit: as many as can."""
    if not any(fits):
        return [False] * len(fits)
    from scipy.sparse import csr_matrix  # takes a second, and most gold answers require no calls
    from scipy.sparse.csgraph import maximum_bipartite_matching

    pairs = [(row, column) for row, columns in enumerate(fits) for column in columns]
    rows, columns = zip(*pairs, strict=True)
    graph = csr_matrix(([True] * len(pairs), (rows, columns)), shape=(len(fits), calls))
    return [bool(column >= 0) for column in maximum_bipartite_matching(graph, perm_type="column")]


def made_calls(result: CallResult) -> Iterator[tuple[Call, bool]]:
    """The calls of a result, those inside others first and with the values that they got, and whether each had success.

    One had, too, whose result was too long to be told. Records that are older than `CallResult.made` hold neither
    values nor what became of calls inside one that failed: these count as made where they must not be, and not where
    they have to be.
    """
    if result.call is None:
        return
    if result.made is not None:
        yield from ((call, True) for call in result.made)
        return
    good = result.error in MADE
    yield from ((call, good) for call in _inner(json.loads(result.call.arguments)))
    if good:
        yield result.call, True


def _inner(value: Any) -> Iterator[Call]:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in members:
        yield from _inner(each)
    inner = value.get(CALL) if isinstance(value, dict) else None
    if isinstance(inner, dict) and isinstance(inner.get("name"), str):
        yield Call(name=inner["name"], arguments=canonical_json(inner.get("arguments", {})))


def is_like(call: Call, right: RightCall) -> bool:
    if call.name != right.name:
        return False
    given = json.loads(call.arguments)
    return all(
        name in given and comparable(given[name]) == comparable(value) for name, value in right.arguments.items()
    )


def written(call: RightCall) -> str:
    return f"{call.name}({', '.join(f'{name}={canonical_json(value)}' for name, value in call.arguments.items())})"

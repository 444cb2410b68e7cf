"""Chains as a tree in one row: every shared token once, laid out depth first. Pure; knows no model.

The chains of one or several problems form a trie. In depth-first order the row is a sequence of segments; each
segment continues a path from the root, and its tokens attend to that path and to themselves, causally. A token's
position id is its depth, so it sees exactly what it would see in its own row, sliding windows included.

A token that several chains share is computed once; where they part, its one hidden state predicts each of the
continuations. So what is scored is a list of entries (position, target, chain): several entries may have the same
position, and a shared token may be scored in one chain and not in another. The last scored token of a chain predicts
nothing, and the tokens after it are never needed: neither is in the row.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.chains import ScoredChain

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Segment:
    """Positions [start, stop) of the row; the first one stands at `depth`.

    `path` holds the row's ranges from the root to just before the segment, in order; their lengths add up to `depth`.
    """

    start: int
    stop: int
    depth: int
    path: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class TreeLayout:
    """A packed row of T positions with E entries over `chains` chains.

    ids, depth, until: [T]. Position k is an ancestor of q, or q itself, exactly when k <= q < until[k].
    entry_position, entry_target, entry_chain: [E], sorted by position. The entry's log-probability is that of
    `entry_target` under the distribution that `entry_position` predicts.
    """

    ids: Ints
    depth: Ints
    until: Ints
    segments: tuple[Segment, ...]
    entry_position: Ints
    entry_target: Ints
    entry_chain: Ints
    chains: int

    @property
    def tokens(self) -> int:
        """Length of the row, T, padding included."""
        return len(self.ids)


def pack(chains: Sequence[ScoredChain], multiple_of: int = 1) -> TreeLayout:
    """Lay `chains` out as one row, its length padded to a multiple of `multiple_of`.

    Entry indices refer to `chains` in the order given. Padding attends only to itself and is never scored.
    """
    order, inputs = _sorted_inputs(chains)
    ids, depths = [], []
    segments: list[Segment] = []
    positions, targets, owners = [], [], []
    path = np.empty(0, np.int64)
    previous: tuple[int, ...] = ()
    row = 0
    closed: list[tuple[Ints, int]] = []
    for index in order:
        chain, needed = chains[index], inputs[index]
        shared = common_prefix(previous, needed)
        fresh = len(needed) - shared
        if fresh:
            closed.append((path[shared:], row))
            prefix = path[:shared]
            _extend(segments, row, row + fresh, shared, prefix)
            path = np.concatenate([prefix, np.arange(row, row + fresh)])
            ids.append(np.asarray(needed[shared:], np.int64))
            depths.append(np.arange(shared, len(needed)))
            row += fresh
            previous = needed
        scored = np.flatnonzero(np.asarray(chain.scored, bool))
        positions.append(path[scored - 1])
        targets.append(np.asarray(chain.ids, np.int64)[scored])
        owners.append(np.full(len(scored), index, np.int64))
    closed.append((path, row))
    padding = -row % multiple_of
    until = np.arange(1, row + padding + 1)
    for rows, end in closed:
        until[rows] = end
    if padding:
        segments.append(Segment(row, row + padding, 0, ()))
        ids.append(np.zeros(padding, np.int64))
        depths.append(np.arange(padding))
    position = _joined(positions)
    by_position = np.argsort(position, kind="stable")
    return TreeLayout(
        ids=_joined(ids),
        depth=_joined(depths),
        until=until,
        segments=tuple(segments),
        entry_position=position[by_position],
        entry_target=_joined(targets)[by_position],
        entry_chain=_joined(owners)[by_position],
        chains=len(chains),
    )


def tree_size(chains: Sequence[ScoredChain]) -> int:
    """Number of positions that `pack` lays out for these chains, without padding."""
    order, inputs = _sorted_inputs(chains)
    size = 0
    previous: tuple[int, ...] = ()
    for index in order:
        size += len(inputs[index]) - common_prefix(previous, inputs[index])
        previous = inputs[index]
    return size


def row_length(chain: ScoredChain) -> int:
    """Number of positions that a chain needs in a row of its own: up to the one that predicts its last scored token."""
    return next((index for index in range(len(chain.ids) - 1, 0, -1) if chain.scored[index]), 0)


def common_prefix(one: Sequence[int], other: Sequence[int]) -> int:
    """Length of the longest common prefix."""
    shortest = min(len(one), len(other))
    if one[:shortest] == other[:shortest]:
        return shortest
    low, high = 0, shortest  # the prefixes of length `low` agree, those of length `high` do not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle)
    return low


def _sorted_inputs(chains: Sequence[ScoredChain]) -> tuple[list[int], list[tuple[int, ...]]]:
    # Sorted is depth-first: chains with a common prefix are neighbours, and a prefix comes before what extends it.
    inputs = [chain.ids[: row_length(chain)] for chain in chains]
    return sorted((i for i in range(len(chains)) if inputs[i]), key=inputs.__getitem__), inputs


def _extend(segments: list[Segment], start: int, stop: int, depth: int, prefix: Ints) -> None:
    """Add the row's positions [start, stop), whose path is `prefix`, as a segment or to the last segment."""
    last = segments[-1] if segments else None
    if last is not None and len(prefix) and prefix[-1] == start - 1:
        # They go on where the last segment ended (the last chain was a prefix of this one): still one segment.
        segments[-1] = Segment(last.start, stop, last.depth, last.path)
        return
    ranges = np.split(prefix, np.flatnonzero(np.diff(prefix) != 1) + 1) if len(prefix) else []
    path = tuple((int(one[0]), int(one[-1]) + 1) for one in ranges)
    segments.append(Segment(start, stop, depth, path))


def _joined(parts: Sequence[Ints]) -> Ints:
    return np.concatenate(parts) if parts else np.empty(0, np.int64)

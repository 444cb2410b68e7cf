"""Work of another kind for hosts: what their model says at the tokens of chains that somebody else wrote.

A chain is one request, computed without the prefix cache, because vLLM computes log-probabilities of a prompt so.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from rollout.hosts.work import ServedModel

Said = NDArray[np.float32]
"""[length, W] of a chain: what the model says at each of its scored tokens."""


class AskedChain(msgspec.Struct, frozen=True):
    """Token ids, and the positions of those that are asked about (never the first)."""

    ids: tuple[int, ...]
    positions: tuple[int, ...]


class ScoreWork(msgspec.Struct, frozen=True, kw_only=True):
    """One unit of chains to ask about."""

    unit: str
    model: ServedModel
    chains: tuple[AskedChain, ...]
    likeliest: int
    """0 asks for the log-probability of each token; k for the k likeliest tokens in its place, with theirs."""
    vocabulary: int
    """Ids from here on are padding, and not among the likeliest."""
    affinity: str = ""

    @property
    def size(self) -> int:
        return len(self.chains)

    @property
    def weights(self) -> str:
        """The weights that a host must have loaded for it."""
        return self.model.source


class ScoreResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a unit or of a part of it: `said` has an entry for each chain, as `to_bytes` makes it."""

    unit: str
    said: tuple[bytes, ...]
    tokens: int
    """Prompt tokens that were computed."""


def join_scores(work: ScoreWork, parts: Sequence[ScoreResult]) -> ScoreResult:
    """The result of a unit that was done in parts, given in order."""
    said = tuple(one for part in parts for one in part.said)
    return ScoreResult(unit=work.unit, said=said, tokens=sum(part.tokens for part in parts))


def said_of(chain: AskedChain, found: Sequence[Mapping[int, float]], work: ScoreWork) -> Said:
    """[length, 1] log-probabilities of the asked tokens in nats; or [length, 2k]: those of the k likeliest tokens, the
    likeliest first, and after them their ids; -inf and 0 where fewer are known.

    `found`: for every token but the first, the log-probabilities that the engine gave: of the token and of the
    likeliest.
    """
    k = work.likeliest
    if not k:
        return np.array([[found[at - 1][chain.ids[at]]] for at in chain.positions], np.float32)
    rows = np.zeros((len(chain.positions), 2 * k), np.float32)
    rows[:, :k] = -math.inf
    for row, at in zip(rows, chain.positions, strict=True):
        best = sorted(((logp, token) for token, logp in found[at - 1].items() if token < work.vocabulary), reverse=True)
        for rank, (logp, token) in enumerate(best[:k]):
            row[rank], row[k + rank] = logp, token
    return rows


def to_bytes(said: Said) -> bytes:
    """Little-endian float32, token by token."""
    return np.ascontiguousarray(said, "<f4").tobytes()


def from_bytes(data: bytes, length: int) -> Said:
    """What `to_bytes` made of `length` tokens. Raises ValueError for other data."""
    return np.frombuffer(data, "<f4").reshape(length, -1)

"""The examples of distillation: a group's chains, and what the teacher says at each of their scored tokens."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from cluster.errors import RequestError
from rollout.hosts.scoring import Said, from_bytes, to_bytes
from rollout.records import Outcome, PreferenceGroup
from training.chains import ScoredChain
from training.config import DistillArm
from training.stored import Stored, chain_columns, chains_row, row_chains, write_stored

_SCHEMA = chain_columns(multiplicities=pa.list_(pa.int32()), teacher=pa.list_(pa.large_binary()))


@dataclass(frozen=True, slots=True)
class DistillChains:
    """One problem's chains to learn at, each with a scored token, and how many episodes wrote each."""

    problem_id: str
    chains: tuple[ScoredChain, ...]
    multiplicities: tuple[int, ...]
    behaviour: tuple[tuple[float, ...], ...]
    """The sampler's log-probability of each scored token, in nats; () for a chain that has none."""

    @property
    def sampled(self) -> tuple[tuple[ScoredChain, tuple[float, ...], int], ...]:
        """Each chain, its recorded log-probabilities, and how many episodes wrote it. Raises RequestError for a chain
        that has none."""
        if not all(self.behaviour):
            raise RequestError(
                f"{self.problem_id}: a chain has no log-probabilities of its sampler; compare = 'sampled' learns from "
                "an arm's own rounds, which record them"
            )
        return tuple(zip(self.chains, self.behaviour, self.multiplicities, strict=True))

    def with_teacher(self, said: Sequence[Said], *, behaviour: bool) -> "DistillExample":
        """The example with what the teacher says of each chain, [length, W]; with `behaviour` the sampler's
        log-probability is one more number. Raises RequestError for a chain that has none then."""
        if behaviour:
            logps = (np.array(own, np.float32)[:, None] for _, own, _ in self.sampled)
            said = [np.concatenate(pair, axis=1) for pair in zip(said, logps, strict=True)]
        return DistillExample(self.problem_id, self.chains, self.multiplicities, tuple(said))


@dataclass(frozen=True, slots=True)
class DistillExample:
    """One problem's chains, how many episodes wrote each, and the teacher's part: [length, W] a chain, W the same in
    all; () in an outline, for which it was not read."""

    problem_id: str
    chains: tuple[ScoredChain, ...]
    multiplicities: tuple[int, ...]
    teacher: tuple[Said, ...]

    def __post_init__(self) -> None:
        if not self.chains or len({len(self.chains), len(self.multiplicities), len(self.teacher or self.chains)}) > 1:
            raise ValueError(f"{self.problem_id}: not every chain has a multiplicity and what the teacher says")
        if not self.teacher:
            return
        for chain, said in zip(self.chains, self.teacher, strict=True):
            if len(said) != chain.length or not chain.length:
                raise ValueError(f"{self.problem_id}: the teacher says {len(said)} of {chain.length} scored tokens")


def distill_chains(group: PreferenceGroup, arm: DistillArm) -> DistillChains | None:
    """What `arm` learns at in a group that it sees; None where that is nothing. Every token that an episode wrote is
    scored, in failed steps too: there the teacher says what should have stood there."""
    prompt = tuple(group.prompt_ids)
    found: dict[ScoredChain, int] = {}
    behaviour: dict[ScoredChain, tuple[float, ...]] = {}
    for chain in group.chains:
        marks = tuple(step >= 0 for step in chain.learnable)
        if any(marks) and (arm.chains == "all" or chain.label is Outcome.RIGHT):
            scored = ScoredChain(prompt + tuple(chain.token_ids), (False,) * len(prompt) + marks)
            found[scored] = found.get(scored, 0) + chain.multiplicity
            logps = zip(chain.logprobs, marks, strict=True) if chain.logprobs else ()
            behaviour.setdefault(scored, tuple(logp for logp, mark in logps if mark))
    if not found:
        return None
    return DistillChains(group.problem_id, tuple(found), tuple(found.values()), tuple(behaviour.values()))


class StoredDistillation(Stored[DistillExample]):
    """The examples of a folder that `write_distillation` made. Raises CorruptionError when it is not what was
    written."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, _SCHEMA, _example, heavy=("teacher",))


def write_distillation(examples: Iterable[DistillExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays. Raises RequestError."""
    without_any = "the groups hold no chain to learn at; sample more, or set chains = 'all'"
    write_stored(map(_row, examples), _SCHEMA, directory, without_any)


def _row(example: DistillExample) -> dict[str, Any]:
    return chains_row(
        example.problem_id,
        example.chains,
        multiplicities=example.multiplicities,
        teacher=[to_bytes(said) for said in example.teacher],
    )


def _example(row: dict[str, Any]) -> DistillExample:
    chains = row_chains(row)
    pairs = zip(row["teacher"], chains, strict=True) if "teacher" in row else ()
    said = tuple(from_bytes(data, chain.length) for data, chain in pairs)
    return DistillExample(row["problem_id"], chains, tuple(row["multiplicities"]), said)

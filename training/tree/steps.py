"""From examples to optimizer steps: which rank runs which rows. Deterministic, the same on all ranks.

A step is `groups_per_step` problems over all ranks, in an order drawn from the seed and the epoch. What a row's chains
weigh in the loss is the method's matter: `training.tree.batches` says it for pairs.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar, runtime_checkable

import torch
from torch.utils.data import Dataset

from cluster.errors import RequestError
from training.chains import ScoredChain
from training.tree.layout import row_length, tree_size
from training.tree.rows import RankStep, fill_rows, refuse_longer, row_inputs


class TreeExample(Protocol):
    """One problem's chains, which the trainer reads together."""

    @property
    def chains(self) -> tuple[ScoredChain, ...]:
        """Every chain of the problem that is trained on, at least one."""


ExampleT = TypeVar("ExampleT", bound=TreeExample)
OutlinedT = TypeVar("OutlinedT", bound=TreeExample, covariant=True)


@runtime_checkable
class Outlined(Protocol[OutlinedT]):
    """Examples on disk that can be read without what takes most of their space."""

    def outline(self, index: int) -> OutlinedT:
        """The example as far as a step is planned by it: its chains, and what `TreeSteps.count` looks at."""


StepT = TypeVar("StepT", bound=RankStep)


class TreeSteps(Dataset[dict[str, StepT]], Generic[ExampleT, StepT], ABC):
    """The optimizer steps of epoch `epoch` as rank `rank` runs them, in an order drawn from (seed, epoch).

    The trees' sizes are measured once. Raises RequestError for a chain longer than `tokens_per_micro_step`: a chain is
    never split.
    """

    def __init__(
        self,
        examples: Sequence[ExampleT],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        rank: int = 0,
        seed: int = 0,
        multiple_of: int = 1,
    ) -> None:
        if groups_per_step < 1 or not examples:
            raise RequestError(f"{len(examples)} groups, {groups_per_step} a step: both must be at least 1")
        self.examples = examples
        self.groups_per_step = groups_per_step
        self.tokens_per_micro_step = tokens_per_micro_step
        self.world = world
        self.multiple_of = multiple_of
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = self.chains = 0
        self._sizes: list[int] = []
        self._counts: list[tuple[float, ...]] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in map(self.outline, range(len(examples))):
            self.longest = max(self.longest, *map(row_length, example.chains))
            self._sizes.append(tree_size(example.chains))
            self.chains += len(example.chains)
            self._counts.append(self.count(example))
        refuse_longer(tokens_per_micro_step, self.longest)

    def __len__(self) -> int:
        """Steps an epoch; the last one may hold fewer groups."""
        return -(-len(self.examples) // self.groups_per_step)

    def __getitem__(self, step: int) -> dict[str, StepT]:
        return {"step": self.rank_step(self.members(step), self.rank).packed()}

    def members(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % (1 << 63))
        order: list[int] = torch.randperm(len(self.examples), generator=generator).tolist()
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def outline(self, member: int) -> ExampleT:
        """An example as far as a step is planned by it."""
        examples = self.examples
        return examples.outline(member) if isinstance(examples, Outlined) else examples[member]

    @abstractmethod
    def rank_step(self, members: Sequence[int], rank: int) -> StepT:
        """What `rank` runs of the step over the examples `members`."""

    @abstractmethod
    def count(self, example: ExampleT) -> tuple[float, ...]:
        """What has to be known of every example of a step to weigh one of them. Read once, and kept in memory."""

    def shares(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            loads[rank] += self.load(member)
        return shares

    def load(self, member: int) -> int:
        """The work of an example, in any unit."""
        return self._sizes[member]

    def filled(self, items: Sequence[Sequence[ScoredChain]], sizes: Sequence[int]) -> list[tuple[int, ...]]:
        """Indices of items, each some chains whose tree has a size, in rows; the longest rows first: where all ranks
        gather parameters together, rows of about one length run at the same time."""
        # Items with neighbouring prompts share what their prompts share.
        rows = fill_rows([row_inputs(chains[0]) for chains in items], sizes, self.tokens_per_micro_step)
        return sorted(rows, key=lambda row: -sum(sizes[index] for index in row))

    def idle_chain(self, members: Sequence[int]) -> ScoredChain:
        """The one chain of a row of zero weight."""
        return ScoredChain(self.outline(members[0]).chains[0].ids[:2], (False, True))

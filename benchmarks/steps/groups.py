"""Groups of one problem's chains for `benchmarks.grpo_step`: made of random tokens, of lengths and turns as asked."""

from dataclasses import dataclass
from random import Random
from typing import Any

import torch

from benchmarks.steps.dpo import chain_logps
from training.chains import ScoredChain
from training.trainers.policy import PolicyExample

_LOG_RATIOS = (-0.3, -0.1, 0.1, 0.3)
"""Of the policy to the sampler: half of them are beyond the bounds of 0.2, and none is near one, where rounding would
decide."""


@dataclass(frozen=True)
class Shape:
    """One problem's chains. After the prompt come turns of `written` tokens and the tool's `result`, which is not
    scored; the last turn has no result, and each chain's is `longer` than that of the chain before. All in tokens."""

    prompt: int
    branches: tuple[int, ...]
    """How many different turns there are after each other: chains share their first ones. The last are the chains."""
    written: int
    result: int = 0
    longer: int = 0

    @property
    def chains(self) -> int:
        """Number of chains."""
        return self.branches[-1]


SHAPES = {
    "single": Shape(600, (8,), 120),
    "turns": Shape(600, (2, 4, 8, 8), 60, 60, 10),
    "long": Shape(30, (8,), 300),
}
"""`single`: the prompt is all that is shared. `turns`: 8 chains of 4 turns in 2, 4 and then 8 branches. `long`: next to
nothing is shared."""
QUICK = {"single": Shape(12, (4,), 6), "turns": Shape(12, (2, 4, 4), 4, 3, 2)}


def make_chains(shape: Shape, vocabulary: int) -> tuple[ScoredChain, ...]:
    """The chains of a shape, the same in every process."""
    draw = Random(7)

    def tokens(count: int) -> list[int]:
        return [draw.randrange(1, vocabulary) for _ in range(count)]

    prompt = tokens(shape.prompt)
    *turns, last = [[tokens(shape.written) for _ in range(count)] for count in shape.branches]
    results = [[tokens(shape.result) for _ in branches] for branches in turns]
    chains = []
    for index in range(shape.chains):
        ids, scored = [*prompt], [False] * shape.prompt
        for written, after in zip(turns, results, strict=True):
            branch = index * len(written) // shape.chains
            ids += written[branch] + after[branch]
            scored += [True] * shape.written + [False] * shape.result
        ids += last[index] + tokens(index * shape.longer)
        scored += [True] * (shape.written + index * shape.longer)
        chains.append(ScoredChain(tuple(ids), tuple(scored)))
    return tuple(chains)


@torch.no_grad()
def make_group(shape: Shape, model: Any) -> PolicyExample:
    """The chains with rewards (one chain in three is right), and log-probabilities of a sampler near `model`."""
    draw = Random(11)
    chains = make_chains(shape, model.config.vocab_size)
    return PolicyExample(
        problem_id="p",
        chains=chains,
        multiplicities=(1,) * len(chains),
        rewards=tuple(float(index % 3 == 0) for index in range(len(chains))),
        behaviour=tuple(
            tuple(logp - draw.choice(_LOG_RATIOS) for logp in chain_logps(model, chain).tolist()) for chain in chains
        ),
    )

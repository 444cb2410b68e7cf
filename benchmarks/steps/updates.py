"""Three ways to the same gradient of one group's chains, by GRPO or by SFT: TRL, chain by chain, and the tree.

`chains` is the plain one: every chain in a row of its own, with the model's own attention and the loss as its source
writes it. The other two are held to it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import torch
from torch import Tensor

from benchmarks.steps.dpo import chain_logps, make_model
from benchmarks.steps.turns import Setup, Way, fastest
from training.trainers.policy import PolicyExample, TreePolicyConfig, TreePolicyTrainer
from training.trainers.sft import ChainExample, TreeSFTConfig, TreeSFTTrainer
from training.tree.layout import tree_size

UPDATES = ("grpo", "sft")
WAYS = ("trl", "chains", "tree")
EPSILON = 0.2


@dataclass(frozen=True, kw_only=True)
class UpdateSetup(Setup):
    """What a way needs. `sft` learns all chains of the group, as if all were right, and reads nothing else of it."""

    update: str
    group: PolicyExample
    model: str

    def build(self) -> Way:
        """The way with its model and the group."""
        model = make_model(self.model, self.device)
        return {"trl": _trl, "chains": _chains, "tree": _tree}[self.way](model, self)


def group_advantages(group: PolicyExample) -> list[float]:
    """(r - mean) / deviation of each chain. TRL adds 1e-4 to the deviation, so it is given these."""
    mean, deviation = fmean(group.rewards), stdev(group.rewards)
    return [(reward - mean) / deviation for reward in group.rewards]


def _chains(model: Any, setup: UpdateSetup) -> Way:
    group = setup.group
    scored = sum(chain.length for chain in group.chains)
    advantages = group_advantages(group)

    def loss_of(index: int) -> Tensor:
        logps = chain_logps(model, group.chains[index])
        if setup.update == "sft":
            return -logps.sum() / scored
        ratio = (logps - torch.tensor(group.behaviour[index])).exp()
        gain = torch.min(ratio * advantages[index], ratio.clamp(1 - EPSILON, 1 + EPSILON) * advantages[index])
        return -gain.mean() / len(group.chains)

    def step() -> None:
        for index in range(len(group.chains)):
            loss_of(index).backward()  # type: ignore[no-untyped-call]

    return Way(model, step, sum(len(chain.ids) for chain in group.chains))


def _tree(model: Any, setup: UpdateSetup) -> Way:
    """The whole group as one row. Planning and packing it count, as they do in training on the CPU."""
    group = setup.group
    size = tree_size(group.chains)
    options: dict[str, Any] = {
        "output_dir": setup.folder,
        "use_cpu": True,
        "report_to": [],
        "save_strategy": "no",
        "disable_tqdm": True,
        "groups_per_step": 1,
        "tokens_per_micro_step": size,
    }
    trainer: TreePolicyTrainer | TreeSFTTrainer
    if setup.update == "grpo":
        trainer = TreePolicyTrainer(model, TreePolicyConfig(**options, epsilon=EPSILON), [group])
    else:
        trainer = TreeSFTTrainer(model, TreeSFTConfig(**options), [ChainExample("p", group.chains)])
    return Way(model, lambda: trainer.training_step(model, trainer.train_dataset[0]), size)


def _trl(model: Any, setup: UpdateSetup) -> Way:
    """TRL's trainer at its fastest micro-batch. Its batches are padded before the clock runs."""
    from benchmarks.steps.trl_trainers import policy_step, sft_step

    group = setup.group

    def step(batch: int) -> tuple[Callable[[], None], int]:
        if setup.update == "grpo":
            return policy_step(model, group, group_advantages(group), EPSILON, Path(setup.folder), batch)
        return sft_step(model, group.chains, Path(setup.folder), batch)

    step(1)[0]()  # to warm up
    sizes = [size for size in (1, 2, 4, 8) if len(group.chains) % size == 0]
    best = fastest(lambda size: step(size)[0], sizes, model, setup.device)
    return Way(model, *step(best), f"micro-batch={best}")

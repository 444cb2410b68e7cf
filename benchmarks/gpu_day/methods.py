"""The stage about the other methods: SFT, GRPO and distillation on the tree, none of which has run on a GPU."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.gpu_day.machine import device
from benchmarks.gpu_day.ranks import arguments
from benchmarks.gpu_day.training import groups
from benchmarks.steps.dpo import Row, make_model
from training.chains import ScoredChain
from training.config import TrainingConfig, ZeroConfig
from training.distill.examples import DistillExample
from training.distill.head import TeacherHead
from training.ranks.zero import leave_arm
from training.trainers.distill import TreeDistillConfig, TreeDistillTrainer
from training.trainers.policy import PolicyExample, TreePolicyConfig, TreePolicyTrainer
from training.trainers.sft import ChainExample, TreeSFTConfig, TreeSFTTrainer

_STEPS = 4
_TOP_K = 20
METHODS = ("sft", "grpo", "distill, vocabulary", "distill, top_k")


def methods(quick: bool) -> dict[str, Any]:
    """Optimizer steps under ZeRO 1 on one rank: seconds and rate after the first two, and the peak of memory. A step is
    4 groups of 16 chains. The teacher's hidden states and head are random, of the student's sizes."""
    given = {"ranks": 1, "gpus_per_rank": int(device().type == "cuda"), "tokens_per_micro_step": 16384}
    training = TrainingConfig.model_validate(given | {"zero": ZeroConfig(stage=1)})
    found: dict[str, Any] = {}
    for method in METHODS:
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        with tempfile.TemporaryDirectory() as folder:
            trainer = _trainer(method, arguments(training, Path(folder), 4, _STEPS), quick)
            trainer.train()
            logs = [log for log in trainer.state.log_history if "loss" in log]
            found[method] = {
                "tokens_per_step": logs[-1]["tokens"],
                "tokens_per_second": sorted(log["tokens_per_second"] for log in logs[2:]),
                "flop_per_second": sorted(log["flop_per_second"] for log in logs[2:]),
                "peak_gib": torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else None,
                "losses": [log["loss"] for log in logs],
            }
            leave_arm(trainer)
    return found


def _trainer(method: str, args: dict[str, Any], quick: bool) -> Any:
    row, count = Row(2, 2, 24, 12) if quick else Row(8, 8, 1500, 300), 4 * (_STEPS + 1)
    model = make_model("tiny" if quick else "1.5b", device().type)
    vocabulary, size = model.config.vocab_size, row.right + row.wrong
    chains = groups(count, row, vocabulary)
    problems = [tuple(chains[at : at + size]) for at in range(0, len(chains), size)]
    if method == "sft":
        learnt = [ChainExample(f"p{at}", own) for at, own in enumerate(problems)]
        return TreeSFTTrainer(model, TreeSFTConfig(**args), learnt)
    if method == "grpo":
        sampled = [_sampled(f"p{at}", own) for at, own in enumerate(problems)]
        return TreePolicyTrainer(model, TreePolicyConfig(**args), sampled)
    whole, draw = method == "distill, vocabulary", np.random.default_rng(0)
    told = [_told(f"p{at}", own, model.config if whole else None, draw) for at, own in enumerate(problems)]
    config = TreeDistillConfig(**args, vocabulary=vocabulary, compare="vocabulary" if whole else "top_k")
    head = TeacherHead(torch.randn(vocabulary, model.config.hidden_size, dtype=model.dtype) / 50, None, 1.0, None)
    return TreeDistillTrainer(model, config, told, head if whole else None)


def _sampled(name: str, chains: tuple[ScoredChain, ...]) -> PolicyExample:
    """Chains with made-up rewards and log-probabilities of their sampler."""
    rewards = tuple(float(at % 2) for at in range(len(chains)))
    return PolicyExample(name, chains, (1,) * len(chains), rewards, tuple((-9.0,) * one.length for one in chains))


def _told(name: str, chains: tuple[ScoredChain, ...], config: Any, draw: np.random.Generator) -> DistillExample:
    """Chains with made-up hidden states; without a model's `config` with the likeliest tokens."""
    said = []
    for chain in chains:
        if config is not None:
            said.append(draw.standard_normal((chain.length, config.hidden_size), np.float32))
        else:
            ids = np.tile(np.arange(_TOP_K, dtype=np.float32), (chain.length, 1))
            said.append(np.concatenate([np.full_like(ids, -4.0), ids], axis=1))
    return DistillExample(name, chains, (1,) * len(chains), tuple(said))

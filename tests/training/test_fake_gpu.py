"""Whole training steps of every method on tensors that only pretend to lie on a GPU: whatever stays on the host, has
another type than its kernel takes, or is read back while the device works, fails here as it would there.

Tensors of the device `meta` have shapes and types, and no values; PyTorch differentiates them. What is compiled for a
GPU (attention, TRL's kernel of the head) is replaced by plain operations.
"""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.attention.flex_attention as flex
from torch import Tensor
from transformers import TrainingArguments

from tests.training.tree.trees import VOCABULARY, random_chains, random_example, tiny_model, trainer_arguments
from training.distill.examples import DistillExample
from training.distill.head import head_of
from training.trainers.base import TreeTrainer
from training.trainers.distill import TreeDistillConfig, TreeDistillTrainer
from training.trainers.dpo import TreeDPOConfig, TreeDPOTrainer
from training.trainers.policy import PolicyExample, TreePolicyConfig, TreePolicyTrainer
from training.trainers.sft import ChainExample, TreeSFTConfig, TreeSFTTrainer

pytestmark = [
    pytest.mark.filterwarnings("ignore:TRL currently supports vLLM"),
    pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile"),
]
GPU = torch.device("meta")
COMPARE = {"vocabulary": 24, "top_k": 6, "sampled": 2}
"""Numbers that the teacher says a token."""


def trainer_of(method: str, model: Any, path: Path) -> Any:
    """A trainer whose only step has rows of several groups, and of parts of one."""
    draw = random.Random(3)
    options = trainer_arguments(path) | {"groups_per_step": 4, "tokens_per_micro_step": 60}
    groups = [tuple(dict.fromkeys(random_chains(draw, count))) for count in (5, 2, 8, 1)]
    if method == "dpo":
        pairs = [random_example(draw, *size, name=f"p{size}") for size in ((3, 2), (1, 1), (4, 5), (2, 2))]
        return TreeDPOTrainer(model, TreeDPOConfig(**options, rpo_alpha=0.5), pairs)
    if method == "sft":
        learnt = [ChainExample(f"p{at}", chains) for at, chains in enumerate(groups)]
        return TreeSFTTrainer(model, TreeSFTConfig(**options), learnt)
    if method == "grpo":
        sampled = [
            PolicyExample(
                f"p{at}",
                chains,
                (1,) * len(chains),
                tuple(float(index % 2) for index in range(len(chains))),
                tuple((-3.0,) * chain.length for chain in chains),
            )
            for at, chains in enumerate(groups)
        ]
        return TreePolicyTrainer(model, TreePolicyConfig(**options, loss_type="gspo"), sampled)
    width = COMPARE[method]
    said = [tuple(np.zeros((chain.length, width), np.float32) for chain in chains) for chains in groups]
    distilled = [
        DistillExample(f"p{at}", chains, (1,) * len(chains), own)
        for at, (chains, own) in enumerate(zip(groups, said, strict=True))
    ]
    arguments = TreeDistillConfig(**options, vocabulary=VOCABULARY - 3, compare=method)
    head = head_of(tiny_model("llama", hidden_size=width), VOCABULARY - 3) if method == "vocabulary" else None
    return TreeDistillTrainer(model, arguments, distilled, head)


def chunked_log_probabilities(hidden: Tensor, weight: Tensor, bias: Any, targets: Tensor, *others: Any) -> Any:
    """In place of TRL's kernel, which needs a real device."""
    assert {part.device for part in (hidden, weight, targets)} == {GPU}
    return ((hidden @ weight.t()).float().gather(1, targets[:, None])[:, 0], None)


@pytest.fixture(autouse=True)
def fake_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TrainingArguments, "device", property(lambda self: self._setup_devices and GPU))
    monkeypatch.setattr(flex, "_validate_device", lambda *_: None)
    monkeypatch.setattr(flex, "_FLEX_ATTENTION_DISABLE_COMPILE_DEBUG", True)
    options = flex._apply_kernel_options

    def with_log_sum_exp(*arguments: Any, **named: Any) -> Any:
        return options(*arguments, **named) | {"OUTPUT_LOGSUMEXP": True}

    monkeypatch.setattr(flex, "_apply_kernel_options", with_log_sum_exp)
    kernel = SimpleNamespace(apply=chunked_log_probabilities)
    monkeypatch.setattr("trl.kernels.chunked_logprob.ChunkedLogProbFunction", kernel)


def run_step(method: str, path: Path) -> Any:
    """The model after a step in bfloat16, with its gradients."""
    with GPU:
        model = tiny_model("llama").to(torch.bfloat16)
    trainer = trainer_of(method, model, path)
    trainer._limit = 1.0
    step = trainer.train_dataset[0]  # packed on the host, as a process of its own does
    assert len(step["step"].rows) > 1
    loss = trainer.training_step(model, step)
    assert all(value.device == GPU for value in (loss, *trainer._sums.values()))
    return model


@pytest.mark.parametrize("method", ["dpo", "sft", "grpo", *COMPARE])
def test_a_step_stays_on_the_gpu(method: str, tmp_path: Path) -> None:
    for parameter in run_step(method, tmp_path).parameters():
        assert parameter.grad is not None
        assert (parameter.grad.device, parameter.grad.dtype) == (GPU, torch.bfloat16)


@pytest.mark.parametrize("method", ["sft", "vocabulary"])
def test_what_stays_on_the_host_is_seen(method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = {"sft": "training.trainers.entries.on_device", "vocabulary": "training.trainers.distill.on_device"}[method]
    monkeypatch.setattr(where, lambda part, device: part)
    with pytest.raises(RuntimeError, match="device"):
        run_step(method, tmp_path)


def test_what_is_read_back_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TreeTrainer, "count", lambda self, name, value: float(value))
    with pytest.raises(RuntimeError, match="item"):
        run_step("dpo", tmp_path)

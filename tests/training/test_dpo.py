"""The trainer: the gradient of all pairs, TRL's loss, two phases as one, ZeRO-3 ranks as one process."""

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import logsigmoid

from benchmarks.trl_baseline import pair_rows, trl_trainer
from cluster.errors import RequestError
from tests.training.trees import FAMILIES, gradients, plain_sum, random_example, relative, tiny_model
from training.batches import GroupExample
from training.dpo import TreeDPOConfig, TreeDPOTrainer


def config(path: Path, **options: Any) -> TreeDPOConfig:
    defaults = {
        "output_dir": str(path),
        "use_cpu": True,
        "report_to": [],
        "save_strategy": "no",
        "disable_tqdm": True,
        "logging_steps": 1,
        "lr_scheduler_type": "constant",
        "micro_token_budget": 4096,
    }
    return TreeDPOConfig(**{**defaults, **options})


def step_gradient(model: Any, args: TreeDPOConfig, examples: list[GroupExample]) -> tuple[float, torch.Tensor]:
    trainer = TreeDPOTrainer(model, args, examples)
    model.zero_grad()
    loss = trainer.training_step(model, next(iter(trainer.get_train_dataloader())))
    return float(loss), gradients(model)


def pair_by_pair(model: Any, examples: list[GroupExample], beta: float) -> tuple[float, torch.Tensor]:
    """The mean over problems of the mean over pairs, every pair forward and backward by itself."""
    model.zero_grad()
    loss = 0.0
    for example in examples:
        group = example.group
        for right, chosen in zip(group.right, example.reference_right, strict=True):
            for wrong, rejected in zip(group.wrong, example.reference_wrong, strict=True):
                margin = plain_sum(model, right) - chosen - plain_sum(model, wrong) + rejected
                part = -logsigmoid(beta * margin) / (len(group.right) * len(group.wrong) * len(examples))
                part.backward()
                loss += float(part.detach())
    return loss, gradients(model)


@pytest.fixture
def examples() -> list[GroupExample]:
    draw = random.Random(5)
    return [random_example(draw, *size, name=f"p{size}") for size in ((3, 2), (1, 1), (2, 4))]


@pytest.mark.parametrize("family", FAMILIES)
def test_gradient_is_that_of_pairs_one_by_one(family: str, examples: list[GroupExample], tmp_path: Path) -> None:
    loss, expected = pair_by_pair(tiny_model(family), examples, beta=0.1)
    for checkpointing in (False, True):
        args = config(tmp_path, groups_per_step=3, gradient_checkpointing=checkpointing)
        found, gradient = step_gradient(tiny_model(family), args, examples)
        assert found == pytest.approx(loss, rel=1e-6)
        assert relative(gradient, expected) < 1e-5


@pytest.mark.parametrize(
    ("options", "trl_options"),
    [
        ({}, {}),
        ({"loss_type": "ipo"}, {"loss_type": ["ipo"]}),
        ({"loss_type": "robust", "label_smoothing": 0.2}, {"loss_type": ["robust"], "label_smoothing": 0.2}),
        ({"loss_type": "hinge", "beta": 0.3}, {"loss_type": ["hinge"], "beta": 0.3}),
        ({"length_normalised": True}, {"loss_type": ["sigmoid_norm"]}),
        ({"rpo_alpha": 0.7}, {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, 0.7]}),
    ],
)
def test_equals_trl_on_the_same_pairs(options: dict[str, Any], trl_options: dict[str, Any], tmp_path: Path) -> None:
    example = random_example(random.Random(1), 3, 2)
    rival = tiny_model("llama")
    trl = trl_trainer(rival, pair_rows(example), tmp_path, batch=6, **trl_options)
    batch = next(iter(trl.get_train_dataloader()))
    expected = trl.compute_loss(rival, batch)
    expected.backward()
    loss, gradient = step_gradient(tiny_model("llama"), config(tmp_path, **options), [example])
    assert loss == pytest.approx(float(expected.detach()), rel=1e-5)
    assert relative(gradient, gradients(rival)) < 1e-5


def test_two_phases_give_the_gradient_of_one_graph(examples: list[GroupExample], tmp_path: Path) -> None:
    loss, expected = step_gradient(tiny_model("mistral"), config(tmp_path, groups_per_step=3), examples)
    longest = max(len(chain.ids) for example in examples for chain in example.group.chains)
    args = config(tmp_path, groups_per_step=3, micro_token_budget=longest)
    trainer = TreeDPOTrainer(tiny_model("mistral"), args, examples)
    step = next(iter(trainer.get_train_dataloader()))["step"]
    assert len(step.split) >= 2
    assert all(len(group.pieces) > 1 for group in step.split)
    found, gradient = step_gradient(tiny_model("mistral"), args, examples)
    assert found == pytest.approx(loss, rel=1e-6)
    assert relative(gradient, expected) < 1e-5


def test_refuses_a_chain_beyond_the_budget(examples: list[GroupExample], tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="raise micro_token_budget"):
        TreeDPOTrainer(tiny_model("llama"), config(tmp_path, micro_token_budget=8), examples)

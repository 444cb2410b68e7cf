"""The trainer: the gradient of all pairs, TRL's loss, two phases as one, ZeRO-3 ranks as one process."""

import json
import os
import random
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import logsigmoid

from benchmarks.trl_baseline import pair_rows, trl_trainer
from cluster.errors import RequestError
from tests.training.ranks.zero_ranks import train
from tests.training.tree.trees import (
    FAMILIES,
    gradients,
    plain_sum,
    random_example,
    relative,
    tiny_model,
    trainer_arguments,
)
from training.trainers.dpo import TreeDPOConfig, TreeDPOTrainer
from training.tree.batches import PreferenceExample, StepDataset
from training.tree.layout import tree_size


def config(path: Path, **options: Any) -> TreeDPOConfig:
    return TreeDPOConfig(**{**trainer_arguments(path), **options})


def step_gradient(model: Any, args: TreeDPOConfig, examples: list[PreferenceExample]) -> tuple[float, torch.Tensor]:
    trainer = TreeDPOTrainer(model, args, examples)
    if args.gradient_checkpointing:  # which Trainer.train() would do
        model.gradient_checkpointing_enable(args.gradient_checkpointing_kwargs)
    model.zero_grad()
    loss = trainer.training_step(model, next(iter(trainer.get_train_dataloader())))
    return float(loss), gradients(model)


def pair_by_pair(model: Any, examples: list[PreferenceExample], beta: float) -> tuple[float, torch.Tensor]:
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
def examples() -> list[PreferenceExample]:
    draw = random.Random(5)
    return [random_example(draw, *size, name=f"p{size}") for size in ((3, 2), (1, 1), (2, 4))]


@pytest.mark.parametrize("family", FAMILIES)
def test_gradient_is_that_of_pairs_one_by_one(family: str, examples: list[PreferenceExample], tmp_path: Path) -> None:
    loss, expected = pair_by_pair(tiny_model(family), examples, beta=0.1)
    for checkpointing in (False, True):
        args = config(tmp_path, groups_per_step=3, gradient_checkpointing=checkpointing)
        model = tiny_model(family)
        found, gradient = step_gradient(model, args, examples)
        assert model.is_gradient_checkpointing == checkpointing
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


def test_two_phases_give_the_gradient_of_one_graph(examples: list[PreferenceExample], tmp_path: Path) -> None:
    loss, expected = step_gradient(tiny_model("mistral"), config(tmp_path, groups_per_step=3), examples)
    longest = max(len(chain.ids) for example in examples for chain in example.group.chains)
    args = config(tmp_path, groups_per_step=3, tokens_per_micro_step=longest)
    trainer = TreeDPOTrainer(tiny_model("mistral"), args, examples)
    step = next(iter(trainer.get_train_dataloader()))["step"]
    assert len(step.split) >= 2
    assert all(len(group.rows) > 1 for group in step.split)
    found, gradient = step_gradient(tiny_model("mistral"), args, examples)
    assert found == pytest.approx(loss, rel=1e-6)
    assert relative(gradient, expected) < 1e-5


def test_refuses_a_chain_longer_than_a_row(examples: list[PreferenceExample], tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="raise training"):
        TreeDPOTrainer(tiny_model("llama"), config(tmp_path, tokens_per_micro_step=8), examples)


@pytest.mark.engine
@pytest.mark.parametrize(
    ("family", "tied", "tokens"),
    [("llama", False, 4096), ("mistral", False, 30), ("qwen3", True, 30), ("phi3", False, 4096)],
)
def test_two_zero3_ranks_train_as_one_process(family: str, tied: bool, tokens: int, tmp_path: Path) -> None:
    """The same losses, gradient norms and weights. 30 tokens a micro-step make split groups and idle rows; the
    head is then that of large vocabularies, with gradient checkpointing."""
    expected = train(tmp_path, None, family, tied, tokens)
    command = [sys.executable, "-W", "ignore", "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command += ["-m", "tests.training.ranks.zero_ranks", str(tmp_path), family, str(int(tied)), str(tokens)]
    environment = {**os.environ, "DS_ACCELERATOR": "cpu", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads((tmp_path / "result.json").read_text())
    for log, other in zip(expected["logs"], found["logs"], strict=True):
        assert other == pytest.approx(log, rel=2e-4, abs=1e-3)
    assert found["logs"][0] == pytest.approx(expected["logs"][0], rel=1e-5)
    for name, values in found["weights"].items():
        assert values == pytest.approx(expected["weights"][name], rel=1e-4, abs=1e-3)
    # A first phase runs forward alone: the record grows once by the backward pass, and then holds for both.
    assert len(found["invalidated"]) == (tokens < 100)


@pytest.mark.parametrize("workers", [0, 1])
def test_goes_on_from_a_checkpoint_as_if_never_stopped(
    workers: int, examples: list[PreferenceExample], tmp_path: Path
) -> None:
    """Three steps an epoch, stopped inside the second one: the same problems in the same order, the same losses,
    also where a process of its own packs the steps, as on GPUs."""
    options = {"num_train_epochs": 2, "groups_per_step": 1, "save_strategy": "steps", "save_steps": 4}
    whole = TreeDPOTrainer(tiny_model("llama"), config(tmp_path, **options), examples)
    whole.train()
    packed = config(tmp_path, **options, dataloader_num_workers=workers)
    again = TreeDPOTrainer(tiny_model("llama"), packed, examples)
    again.train(resume_from_checkpoint=str(tmp_path / "checkpoint-4"))
    losses = [
        [(log["step"], log["loss"], log["tokens"]) for log in trainer.state.log_history if "loss" in log]
        for trainer in (whole, again)
    ]
    assert [step for step, _, _ in losses[0]] == [1, 2, 3, 4, 5, 6]
    assert losses[0] == losses[1]
    seen = [[log["num_tokens"] for log in t.state.log_history if "num_tokens" in log][-1] for t in (whole, again)]
    assert seen[0] == seen[1] == sum(tokens for _, _, tokens in losses[0])


def test_a_step_of_many_rows_goes_between_processes_without_a_descriptor_each(tmp_path: Path) -> None:
    """Torch sends each tensor through a file descriptor of its own: 300 rows would need 1,800."""
    draw = random.Random(5)
    examples = [random_example(draw, 3, 3, f"p{index}") for index in range(300)]
    args = config(tmp_path, groups_per_step=300, tokens_per_micro_step=60, dataloader_num_workers=1)
    trainer = TreeDPOTrainer(tiny_model("llama"), args, examples)
    expected = trainer.train_dataset[0]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 64, hard))
    try:
        (step,) = [batch["step"] for batch in trainer.get_train_dataloader()]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    packed, there = ([row.batch for row in one._all_rows()] for one in (step, expected["step"]))
    assert len(packed) > 200
    for one, other in zip(packed, there, strict=True):
        assert torch.equal(one.input_ids, other.input_ids)
        assert torch.equal(one.entry_prediction, other.entry_prediction)


def test_epochs_are_shuffled_apart_and_pair_means_differ(examples: list[PreferenceExample], tmp_path: Path) -> None:
    options: dict[str, Any] = {"groups_per_step": 12, "tokens_per_micro_step": 4096, "world": 1, "pair_mean": "pairs"}
    steps = StepDataset(examples * 4, **options, seed=7)
    first = steps.members(0)
    assert steps.members(0) == first
    assert StepDataset(examples * 4, **options, seed=8).members(0) != first
    steps.epoch = 1
    assert steps.members(0) != first
    assert sorted(steps.members(0)) == list(range(12))
    losses = [
        step_gradient(tiny_model("llama"), config(tmp_path, groups_per_step=3, pair_mean=mean), examples)[0]
        for mean in ("pairs", "problems")
    ]
    singles = [step_gradient(tiny_model("llama"), config(tmp_path), [example])[0] for example in examples]
    pairs = [example.group.pairs for example in examples]
    assert losses[0] == pytest.approx(sum(s * p for s, p in zip(singles, pairs, strict=True)) / sum(pairs), rel=1e-5)
    assert losses[1] == pytest.approx(sum(singles) / 3, rel=1e-5)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.sampled_from([45, 60, 400]))
def test_all_ranks_run_equally_many_rows_and_each_chain_once(seed: int, world: int, tokens: int) -> None:
    draw = random.Random(seed)
    count = draw.randint(1, 6)
    examples = [random_example(draw, draw.randint(1, 3), draw.randint(1, 3), f"p{i}") for i in range(count)]
    dataset = StepDataset(examples, groups_per_step=count, tokens_per_micro_step=tokens, world=world, pair_mean="pairs")
    steps = [dataset.rank_step(dataset.members(0), rank) for rank in range(world)]
    first = {sum(len(group.rows) for group in step.split) + step.idle_first for step in steps}
    rows = {len(step.rows) + step.split_rows + step.idle_rows for step in steps}
    assert (len(first), len(rows)) == (1, 1)
    run = [row for step in steps for row in step.rows] + [r for step in steps for g in step.split for _, r in g.rows]
    assert all(tree_size(row.chains) <= tokens for row in run)
    assert sum(len(row.chains) for row in run) == sum(len(example.group.chains) for example in examples)
    slots = [slot for step in steps for row in step.rows for slot in row.slots]
    slots += [group.slot for step in steps for group in step.split]
    assert sum(slot.pair_weight * slot.example.group.pairs for slot in slots) == pytest.approx(1)


def test_several_pairs_a_batch_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="per_device_train_batch_size = 4: a step is groups_per_step problems"):
        config(tmp_path, per_device_train_batch_size=4)

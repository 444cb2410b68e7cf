"""SFT on the tree: the gradient of every row by itself, and TRL's loss on the same rows."""

import random
from pathlib import Path
from typing import Any

import pytest
import torch

from rollout.records import PreferenceGroup
from tests.training.samples import sample_groups, save_model
from tests.training.tree.test_attention import in_float64
from tests.training.tree.trees import gradients, plain_sum, random_chains, relative, tiny_model, trainer_arguments
from training.chains import ScoredChain
from training.config import SftArm
from training.sft import write_rows
from training.sft_examples import StoredChains, chain_examples, write_chains
from training.trainers.sft import ChainExample, Equal, SFTSteps, TreeSFTConfig, TreeSFTTrainer
from training.tree.layout import tree_size


def config(path: Path, **options: Any) -> TreeSFTConfig:
    return TreeSFTConfig(**{**trainer_arguments(path), **options})


def step_gradient(model: Any, args: TreeSFTConfig, examples: list[ChainExample]) -> tuple[float, torch.Tensor]:
    trainer = TreeSFTTrainer(model, args, examples)
    model.zero_grad()
    loss = trainer.training_step(model, next(iter(trainer.get_train_dataloader())))
    return float(loss), gradients(model)


def row_by_row(model: Any, examples: list[ChainExample], equal: Equal) -> tuple[float, torch.Tensor]:
    """Every chain forward and backward by itself, a chain that comes twice twice."""
    model.zero_grad()
    tokens = sum(chain.length for example in examples for chain in example.chains)
    loss = 0.0
    for example in examples:
        own = sum(chain.length for chain in example.chains)
        for chain in example.chains:
            part = -plain_sum(model, chain) / (tokens if equal == "tokens" else own * len(examples))
            part.backward()
            loss += float(part.detach())
    return loss, gradients(model)


def random_examples(draw: random.Random, groups: int) -> list[ChainExample]:
    return [ChainExample(f"p{at}", tuple(random_chains(draw, draw.randint(1, 5)))) for at in range(groups)]


def test_gradient_is_that_of_rows_one_by_one_on_200_ragged_groups(tmp_path: Path) -> None:
    """In float64, of both weightings, with rows that hold several groups and groups that are cut into several rows."""
    draw = random.Random(11)
    model = in_float64(tiny_model("llama"))
    plain = in_float64(tiny_model("llama"))
    for trial in range(50):
        examples = random_examples(draw, 4)
        longest = max(len(chain.ids) for example in examples for chain in example.chains)
        equal: Equal = "tokens" if trial % 2 else "groups"
        args = config(
            tmp_path, groups_per_step=4, equal=equal, tokens_per_micro_step=(longest, longest + 20, 4096)[trial % 3]
        )
        loss, expected = row_by_row(plain, examples, equal)
        found, gradient = step_gradient(model, args, examples)
        assert found == pytest.approx(loss, rel=1e-6)  # the trainer returns float32
        assert relative(gradient, expected) < 1e-9


def test_groups_that_exceed_a_row_are_cut_and_every_chain_runs_once() -> None:
    examples = random_examples(random.Random(2), 5)
    longest = max(len(chain.ids) for example in examples for chain in example.chains)
    steps = SFTSteps(examples, equal="groups", groups_per_step=5, tokens_per_micro_step=longest, world=2)
    ranks = [steps.rank_step(steps.members(0), rank) for rank in range(2)]
    assert ranks[0].passes == ranks[1].passes
    run = [chain for step in ranks for row in step.rows for chain in row.chains]
    assert sorted(run, key=repr) == sorted((chain for example in examples for chain in example.chains), key=repr)
    assert any(tree_size(example.chains) > longest for example in examples)
    assert all(tree_size(row.chains) <= longest for step in ranks for row in step.rows)
    weights = sum(float(row.values.sum()) for step in ranks for row in step.rows)
    assert weights == pytest.approx(1.0)


def test_the_weights_of_a_row_stand_at_the_entries_of_their_chains() -> None:
    short, long = ScoredChain((3, 4, 5), (False, True, True)), ScoredChain((3, 4, 9, 8), (False, True, False, True))
    examples = [ChainExample("a", (long,)), ChainExample("b", (short, long))]
    steps = SFTSteps(examples, equal="groups", groups_per_step=2, tokens_per_micro_step=99, world=1)
    (row,) = steps[0]["step"].rows
    (weights,), owners = row.entries, row.batch.entry_chain
    for index, chain in enumerate(row.chains):
        own = weights[owners == index].tolist()
        assert len(own) == chain.length
    assert sorted(weights.tolist()) == pytest.approx([1 / 8] * 4 + [1 / 4] * 2)


def by_trl(folder: Path, groups: list[PreferenceGroup], arm: SftArm, tmp_path: Path, **options: Any) -> Any:
    """TRL's trainer of the model in `folder`, all rows of the groups in one batch."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from training.ranks.sft_trainer import CountingSFTTrainer
    from training.sft import sft_arguments

    rows = write_rows(groups, arm, tmp_path / "rows")
    assert rows.rows == 6
    arguments = {
        "output_dir": str(tmp_path / "out"),
        "per_device_train_batch_size": rows.rows,
        "gradient_accumulation_steps": 1,
        "report_to": "none",
        "use_cpu": True,
        "dataloader_pin_memory": False,
        "bf16": False,
        **options,
    }
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    return CountingSFTTrainer(model, sft_arguments(arguments), rows=rows, arm=arm, processing_class=tokenizer)


def test_an_only_step_by_trl_has_a_learning_rate(tmp_path: Path) -> None:
    arm = SftArm(method="sft", groups_per_step=3)
    options = {"warmup_steps": arm.warmup_ratio, "lr_scheduler_type": arm.lr_scheduler_type, "learning_rate": 1e-3}
    trainer = by_trl(save_model(tmp_path / "model"), sample_groups(3), arm, tmp_path, max_steps=1, **options)
    trainer.create_optimizer_and_scheduler(1)
    assert trainer.lr_scheduler.get_last_lr() == [1e-3] * len(trainer.optimizer.param_groups)


@pytest.mark.parametrize("equal", ["tokens", "groups"])
def test_equals_trl_on_the_same_rows(equal: Equal, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    groups = sample_groups(3)
    arm = SftArm.model_validate({"method": "sft", "equal": equal, "groups_per_step": 3})
    folder = save_model(tmp_path / "model")
    trl = by_trl(folder, groups, arm, tmp_path)
    rival = trl.model
    batch = dict(next(iter(trl.get_train_dataloader())))
    rival.train()
    expected = trl.compute_loss(rival, batch, num_items_in_batch=(batch["labels"] != -100).sum())
    expected.backward()

    write_chains(chain_examples(groups, arm), arm, tmp_path / "chains")
    stored = StoredChains(tmp_path / "chains")
    model = AutoModelForCausalLM.from_pretrained(folder)
    loss, gradient = step_gradient(model, config(tmp_path, groups_per_step=3, equal=equal), list(stored))
    assert loss == pytest.approx(float(expected.detach()), rel=1e-5)
    assert relative(gradient, gradients(rival)) < 1e-5


def test_logs_chains_tokens_and_loss(tmp_path: Path) -> None:
    examples = random_examples(random.Random(3), 3)
    trainer = TreeSFTTrainer(tiny_model("llama"), config(tmp_path, groups_per_step=2, num_train_epochs=1), examples)
    trainer.train()
    logs = [log for log in trainer.state.log_history if "loss" in log]
    chains = sum(len(example.chains) for example in examples)
    assert sum(log["step_chains"] for log in logs) == chains
    assert {log["chains_of_pass"] for log in logs} == {chains}
    assert logs[-1]["num_tokens"] == sum(log["tokens"] for log in logs)

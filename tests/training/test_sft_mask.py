"""What carries loss in SFT: exactly what the model wrote in steps that did not fail, also after TRL had the rows."""

from pathlib import Path

import pytest
import torch

from cluster.errors import CorruptionError, WorkError
from cluster.store.digests import SUMS
from rollout.records import ErrorCode, Outcome
from tests.training.samples import chain, cut_stream, group, sample_groups, save_model
from training.config import SftArm, TrainingConfig
from training.sft import IGNORED, RowSet, group_rows, loss_mask, sft_arguments, write_rows

ARM = SftArm(method="sft")
PROMPT = (3, 10, 11, 1, 4)
#              reply 0      result       reply 1 (failed)  message    reply 2
TOKENS = [20, 21, 1, 5, 30, 1, 4, 22, 23, 1, 5, 33, 34, 1, 4, 24, 1]
STEPS = [0, 0, 0] + [-1] * 4 + [1, 1, 1] + [-1] * 5 + [2, 2]


def test_prompts_results_and_failed_steps_carry_no_loss() -> None:
    sample = chain(TOKENS, STEPS, failed_steps=(1,))
    assert loss_mask(sample) == [True] * 3 + [False] * 12 + [True] * 2
    (row,) = group_rows(group("p", [sample], PROMPT), ARM)
    assert row["input_ids"] == [*PROMPT, *TOKENS]
    assert row["labels"] == [IGNORED] * 5 + [20, 21, 1] + [IGNORED] * 12 + [24, 1]


def test_trl_takes_loss_on_those_tokens_and_no_others(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM
    from trl import SFTTrainer

    groups = [group("p", [chain(TOKENS, STEPS, failed_steps=(1,)), chain([20, 1], [0, 0])], PROMPT)]
    rows = write_rows(groups, ARM, tmp_path / "rows")
    model_dir = save_model(tmp_path / "model")
    from transformers import AutoTokenizer

    config = sft_arguments(
        {
            "output_dir": str(tmp_path / "out"),
            "per_device_train_batch_size": 2,
            "report_to": "none",
            "use_cpu": True,
            "dataloader_pin_memory": False,
            "bf16": False,
        }
    )
    model = AutoModelForCausalLM.from_pretrained(model_dir)
    tokenizer = AutoTokenizer.from_pretrained(model_dir)
    trainer = SFTTrainer(model, config, train_dataset=rows.load(), processing_class=tokenizer)
    batch = next(iter(trainer.get_train_dataloader()))
    kept = sorted(batch["labels"][batch["labels"] != IGNORED].tolist())
    assert kept == sorted([20, 21, 1, 24, 1, 20, 1])

    loss = trainer.compute_loss(trainer.model, dict(batch))
    logits = trainer.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    labels = batch["labels"][:, 1:]
    expected = torch.nn.functional.cross_entropy(
        logits[:, :-1][labels != IGNORED], labels[labels != IGNORED], reduction="mean"
    )
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("equal", ["tokens", "groups"])
def test_every_group_weighs_the_same_where_the_arm_says_so(equal: str, tmp_path: Path) -> None:
    """One group of two long chains, one of a single short one: the loss of a step by hand, and chains as counted."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from training.ranks.sft_trainer import CountingSFTTrainer

    groups = [
        group("long", [chain(TOKENS, STEPS, failed_steps=(1,)), chain([*TOKENS, 25], [*STEPS, 2])], PROMPT),
        group("short", [chain([20, 1], [0, 0])], PROMPT),
    ]
    arm = SftArm.model_validate({"method": "sft", "equal": equal})
    rows = write_rows(groups, arm, tmp_path / "rows")
    assert (rows.rows, rows.groups) == (3, 2)
    model_dir = save_model(tmp_path / "model")
    arguments = {
        "output_dir": str(tmp_path / "out"),
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": 3,
        "max_steps": 2,
        "learning_rate": 0.0,
        "logging_steps": 1,
        "max_grad_norm": 0.0,
        "report_to": "none",
        "save_strategy": "no",
        "use_cpu": True,
        "dataloader_pin_memory": False,
        "disable_tqdm": True,
        "bf16": False,
    }
    model = AutoModelForCausalLM.from_pretrained(model_dir)
    trainer = CountingSFTTrainer(
        model,
        sft_arguments(arguments),
        rows=rows,
        arm=arm,
        processing_class=AutoTokenizer.from_pretrained(model_dir),
    )
    trainer.train()
    logs = [row for row in trainer.state.log_history if "step_chains" in row]
    assert [(row["step_chains"], row["chains_of_pass"]) for row in logs] == [(3, 3), (3, 3)]

    def losses(row: dict[str, list[int]]) -> torch.Tensor:
        ids, labels = torch.tensor([row["input_ids"]]), torch.tensor([row["labels"]])[:, 1:]
        logits = trainer.model(input_ids=ids).logits[:, :-1]
        return torch.nn.functional.cross_entropy(logits[labels != IGNORED], labels[labels != IGNORED], reduction="none")

    by_row = [losses(row) for row in rows.load()]
    by_group = [torch.cat(by_row[:2]), by_row[2]]
    wanted = torch.cat(by_row).mean() if equal == "tokens" else torch.stack([one.mean() for one in by_group]).mean()
    assert logs[0]["loss"] == pytest.approx(wanted.item(), rel=1e-3)


def test_the_control_arm_takes_wrong_answers_in_the_right_format() -> None:
    wrong_answer = chain([20, 1], [0, 0], Outcome.WRONG)
    wrong_format = chain([21, 1], [0, 0], Outcome.WRONG, error=ErrorCode.BAD_SYNTAX, failed_steps=(0,))
    right = chain([22, 1], [0, 0])
    rows = group_rows(group("p", [right, wrong_answer, wrong_format]), SftArm(method="sft", chains="wrong"))
    assert [row["labels"][-2] for row in rows] == [20]


def test_a_chain_without_anything_to_learn_gives_no_row() -> None:
    assert group_rows(group("p", [chain([20, 1], [0, 0], failed_steps=(0,))]), ARM) == []


def test_groups_without_a_chain_of_that_kind_are_refused(tmp_path: Path) -> None:
    only_right = [group("p", [chain([20, 1], [0, 0])])]
    with pytest.raises(WorkError, match="no chain for chains = 'wrong'"):
        write_rows(only_right, SftArm(method="sft", chains="wrong"), tmp_path / "rows")
    assert list(tmp_path.iterdir()) == []


def test_rows_are_counted_and_read_back(tmp_path: Path) -> None:
    rows = write_rows(sample_groups(6), ARM, tmp_path / "rows")
    assert (rows.rows, rows.groups, rows.longest) == (12, 6, 11 + 7)
    assert rows.load()[0]["input_ids"][:1] == [3]
    assert write_rows([], ARM, tmp_path / "rows") == rows


def test_batches_hold_the_rows_of_a_step_within_tokens_per_micro_step(tmp_path: Path) -> None:
    rows = write_rows(sample_groups(6), ARM, tmp_path / "rows")
    arm = SftArm(method="sft", groups_per_step=4)
    # Two rows of 18 do not fit 35 tokens, though 1.94 do.
    first = write_rows(sample_groups(6), ARM, tmp_path / "first" / "rows")
    assert first.batches(arm, TrainingConfig(ranks=2, tokens_per_micro_step=35)) == (1, 4)
    # 4 groups have 8 rows, 4 a rank; 40 tokens hold 2 rows of 18.
    assert rows.batches(arm, TrainingConfig(ranks=2, tokens_per_micro_step=40)) == (2, 2)
    assert rows.batches(arm, TrainingConfig(ranks=2)) == (4, 1)
    assert rows.batches(arm, TrainingConfig(ranks=2, tokens_per_micro_step=35)) == (1, 4), "a row is not cut"
    assert rows.batches(arm, TrainingConfig(ranks=1, tokens_per_micro_step=18)) == (1, 8)
    one = RowSet(tmp_path, rows=1, groups=1, longest=5)
    assert one.batches(SftArm(method="sft", groups_per_step=1), TrainingConfig()) == (1, 1)
    says = (
        "^a chain of 18 tokens exceeds tokens_per_micro_step = 17; raise it, or lower the longest chain of the groups$"
    )
    with pytest.raises(WorkError, match=says):
        rows.batches(arm, TrainingConfig(tokens_per_micro_step=17))


def test_trl_takes_rows_as_they_are_and_of_any_length() -> None:
    """TRL's defaults would cut rows at 1,024 tokens and look for text in them."""
    made = sft_arguments({"report_to": "none", "use_cpu": True, "bf16": False})
    assert (made.max_length, made.packing, made.completion_only_loss) == (None, False, False)
    assert made.dataset_kwargs == {"skip_prepare_dataset": True}


def test_the_control_arm_takes_no_chain_that_ended_otherwise(tmp_path: Path) -> None:
    """Chains that wrote good calls and then broke the format, were cut, or never answered are no wrong answers."""
    wrong = [
        chain(
            [20 + place, 1, 5, 30, 1, 4, 40, 1], [0, 0, -1, -1, -1, -1, 1, 1], label, error=error, failed_steps=failed
        )
        for place, (label, error, failed) in enumerate(
            [
                (Outcome.WRONG, ErrorCode.BAD_SYNTAX, (1,)),
                (Outcome.WRONG, ErrorCode.ANSWER_WRONG, ()),
                (Outcome.TRUNCATED, ErrorCode.REPLY_CUT, (1,)),
                (Outcome.WRONG, ErrorCode.ANSWER_MALFORMED, ()),
                (Outcome.WRONG, ErrorCode.NO_ANSWER, ()),
            ]
        )
    ]
    rows = group_rows(group("p", [chain([50, 1], [0, 0]), *wrong]), SftArm(method="sft", chains="wrong"))
    assert [row["input_ids"][5] for row in rows] == [21, 23]


def test_rows_of_which_some_were_lost_are_refused(tmp_path: Path) -> None:
    rows = write_rows(sample_groups(3), ARM, tmp_path / "rows")
    cut_stream(tmp_path / "rows" / "rows.arrow")
    (tmp_path / "rows" / SUMS).unlink()  # as earlier versions wrote it
    with pytest.raises(CorruptionError, match=r"rows: holds 2 of 6 rows; remove the folder"):
        rows.load()


def test_rows_that_are_not_those_that_were_written_are_refused(tmp_path: Path) -> None:
    rows = write_rows(sample_groups(3), ARM, tmp_path / "rows")
    (tmp_path / "rows" / "rows.arrow").write_bytes(b"changed")
    for read in (rows.load, lambda: write_rows([], ARM, tmp_path / "rows")):
        with pytest.raises(CorruptionError, match=rf"; remove {tmp_path / 'rows'} and run again$"):
            read()

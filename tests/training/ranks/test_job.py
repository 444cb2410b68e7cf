"""An arm trained by Ray Train on two ZeRO-3 ranks: the plain loop's numbers, published whole, resumed."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cluster.engine.probe import ProbeText, difference
from cluster.errors import WorkError
from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from tests.training.samples import publish_groups, sample_groups, save_model
from training.config import DpoArm, SftArm, TrainingConfig, ZeroConfig
from training.probe import exported_reading, read_files
from training.ranks.checkpoints import listed, verify
from training.ranks.job import train_arms
from training.ranks.metrics import read_metrics
from training.ranks.request import ArmRequest
from training.sft import group_rows

pytestmark = pytest.mark.engine

STEPS, RATE = 3, 1e-3
PROBE = ProbeText(token_ids=tuple(range(3, 60)), positions=(20, 40))


@pytest.fixture(scope="module")
def ray_here() -> Iterator[None]:
    import ray

    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("start") / "base")


def request(run: Path, start: Path, name: str) -> ArmRequest:
    return ArmRequest(
        name=name,
        # Every step takes all rows, so that their order does not matter.
        arm=SftArm(method="sft", learning_rate=RATE, max_steps=STEPS, groups_per_step=12, lr_scheduler_type="constant"),
        training=TrainingConfig(
            checkpoint_steps=1,
            max_failures=0,
            # Nothing stays whole on every rank, so that what gathers parameters is really tried.
            zero=ZeroConfig(stage3_param_persistence_threshold=0),
        ),
        start_model=str(start),
        run=str(run),
        groups="groups/tiny",
        model_dir=run / "models" / name,
        checkpoint_dir=run / "checkpoints" / name,
        log_path=run / "logs" / f"{name}.log",
        probe=PROBE,
    )


def assert_published_as_it_was_in_memory(arm: ArmRequest, start: Path) -> None:
    """The reading from the ranks' memory is that of the published files, and not that of the model before training."""
    exported = exported_reading(arm.model_dir, PROBE)
    assert exported is not None
    assert difference(exported, read_files(str(arm.model_dir), PROBE)) < 1e-6
    assert difference(exported, read_files(str(start), PROBE)) > 1e-3
    other = ProbeText(token_ids=PROBE.token_ids[1:], positions=PROBE.positions)
    assert exported_reading(arm.model_dir, other) is None


def plain_training(start: Path) -> tuple[list[float], list[float], dict[str, torch.Tensor]]:
    """Losses, gradient norms and weights of the same steps in one process, without TRL and DeepSpeed."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(start)
    rows = [row for group in sample_groups() for row in group_rows(group, SftArm(method="sft"))]
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.0)
    losses, norms = [], []
    for _ in range(STEPS):
        total, count = torch.zeros(()), 0
        for row in rows:
            labels = torch.tensor(row["labels"])[1:]
            logits = model(input_ids=torch.tensor([row["input_ids"]])).logits[0, :-1]
            total = total + torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
            count += int((labels != -100).sum())
        loss = total / count
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
        optimizer.step()
        losses.append(loss.item())
    return losses, norms, dict(model.state_dict())


def test_sft_on_two_ranks_has_the_plain_numbers_and_is_resumed(ray_here: None, start: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    publish_groups(tmp_path, sample_groups())
    arm = request(tmp_path, start, "sft")
    train_arms([arm])
    rows = read_metrics(arm.metrics_path)
    losses, norms, expected = plain_training(start)
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert {"loss", "grad_norm", "learning_rate", "tokens", "steps"} <= rows[0].keys()
    assert [row["loss"] for row in rows] == pytest.approx(losses, abs=1e-4)
    assert [row["grad_norm"] for row in rows] == pytest.approx(norms, rel=1e-3)
    # 12 groups of two right chains each, all of them in every step: what was trained on, counted over both ranks.
    assert [(row["chains"], row["passes"]) for row in rows] == [(24, 1), (48, 2), (72, 3)]

    trained = AutoModelForCausalLM.from_pretrained(arm.model_dir)
    assert trained.config.tie_word_embeddings
    for name, value in trained.state_dict().items():
        torch.testing.assert_close(value, expected[name], rtol=0, atol=1e-4)
    assert AutoTokenizer.from_pretrained(arm.model_dir).chat_template
    assert_published_as_it_was_in_memory(arm, start)
    assert {path.suffix for path in arm.model_dir.iterdir()} == {".json", ".jinja", ".safetensors", ".sha256"}
    assert [path.name for path in listed(arm.checkpoint_dir)] == ["checkpoint-2", "checkpoint-3"]
    assert verify(arm.checkpoint_dir / "checkpoint-3").ranks == 2
    begun = Path(f"{arm.log_path}.rank0").read_text()
    train_arms([arm])  # its model is published: no rank starts
    assert Path(f"{arm.log_path}.rank0").read_text() == begun

    # As if killed while saving step 3: that checkpoint is not whole, no model is published, the metrics are ahead.
    shutil.rmtree(arm.model_dir)
    (arm.checkpoint_dir / "checkpoint-3" / "latest").unlink()
    train_arms([arm])
    assert "resumes from" in Path(f"{arm.log_path}.rank0").read_text()
    again = read_metrics(arm.metrics_path)
    assert [row["step"] for row in again] == [1, 2, 3]
    assert again[2]["loss"] == pytest.approx(rows[2]["loss"], abs=1e-6)
    assert [row["passes"] for row in again] == [1, 2, 3]
    for name, value in AutoModelForCausalLM.from_pretrained(arm.model_dir).state_dict().items():
        torch.testing.assert_close(value, trained.state_dict()[name], rtol=0, atol=1e-6)


def test_dpo_on_two_ranks_starts_at_ln_2_and_is_resumed(ray_here: None, start: Path, tmp_path: Path) -> None:
    import math

    from training.reference import ReferenceStore, compute_reference

    publish_groups(tmp_path, sample_groups())
    arm = DpoArm(method="dpo", learning_rate=RATE, max_steps=STEPS, groups_per_step=12)
    asked = replace(request(tmp_path, start, "dpo"), arm=arm, reference="reference/tiny")
    store = ReferenceStore(Ledger(open_store(str(tmp_path)), asked.reference))
    assert compute_reference(str(start), sample_groups(), store, rule=arm.scored, tokens_per_micro_step=512) > 0
    train_arms([asked])
    rows = read_metrics(asked.metrics_path)
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert rows[0]["loss"] == pytest.approx(math.log(2), abs=1e-5)
    assert rows[2]["loss"] < rows[0]["loss"]
    assert rows[2]["rewards/margins"] > rows[0]["rewards/margins"]
    assert_published_as_it_was_in_memory(asked, start)
    assert {"rewards/accuracies", "rewards/chosen", "rewards/rejected", "logps/chosen", "tokens"} <= rows[0].keys()
    assert [(row["chains"], row["passes"]) for row in rows] == [(48, 1), (96, 2), (144, 3)]

    shutil.rmtree(asked.model_dir)
    (asked.checkpoint_dir / "checkpoint-3" / "manifest.json").unlink()
    train_arms([asked])
    again = read_metrics(asked.metrics_path)
    assert [row["step"] for row in again] == [1, 2, 3]
    assert again[2]["loss"] == pytest.approx(rows[2]["loss"], abs=1e-6)
    assert [row["passes"] for row in again] == [1, 2, 3]


def test_arms_share_their_ranks_and_nothing_else(ray_here: None, start: Path, tmp_path: Path) -> None:
    import math

    from training.reference import ReferenceStore, compute_reference

    publish_groups(tmp_path, sample_groups())
    dpo = DpoArm(method="dpo", learning_rate=RATE, max_steps=STEPS, groups_per_step=12)
    first, last = request(tmp_path, start, "first"), request(tmp_path, start, "last")
    between = replace(request(tmp_path, start, "between"), arm=dpo, reference="reference/tiny")
    store = ReferenceStore(Ledger(open_store(str(tmp_path)), between.reference))
    compute_reference(str(start), sample_groups(), store, rule=dpo.scored, tokens_per_micro_step=512)
    train_arms([first, between, last])
    logs = [Path(f"{one.log_path}.rank1").read_text() for one in (first, between, last)]
    assert len({re.findall(r"rank 1 is process (\d+)", log)[-1] for log in logs}) == 1
    rows = [read_metrics(one.metrics_path) for one in (first, between, last)]
    assert [row["step"] for of_arm in rows for row in of_arm] == [1, 2, 3] * 3
    assert rows[1][0]["loss"] == pytest.approx(math.log(2), abs=1e-5)
    assert [row["loss"] for row in rows[2]] == pytest.approx([row["loss"] for row in rows[0]], abs=1e-6)
    assert [row["grad_norm"] for row in rows[2]] == pytest.approx([row["grad_norm"] for row in rows[0]], rel=1e-5)


def test_an_error_that_would_come_again_is_not_tried_again(ray_here: None, start: Path, tmp_path: Path) -> None:
    publish_groups(tmp_path, sample_groups())
    arm = DpoArm(method="dpo", learning_rate=RATE, max_steps=STEPS, groups_per_step=12)
    asked = request(tmp_path, start, "dpo")
    asked = replace(asked, arm=arm, reference="reference/empty", training=TrainingConfig(max_failures=3))
    with pytest.raises(WorkError, match=r"^arm dpo: rank 0 failed: .*reference.*; see .*dpo\.log\.rank0$"):
        train_arms([asked])
    assert Path(f"{asked.log_path}.rank0").read_text().count("rank 0 is process") == 1

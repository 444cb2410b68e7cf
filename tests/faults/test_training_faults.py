"""Ranks killed mid-step and mid-save, and fewer ranks than before: the loss curve goes on as if nothing had been."""

import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from tests.training.samples import publish_groups, sample_groups, save_model
from training.config import DpoArm, SftArm, TrainingConfig, ZeroConfig
from training.ranks.checkpoints import MANIFEST, listed
from training.ranks.job import train_arms
from training.ranks.metrics import read_metrics
from training.ranks.request import ArmRequest
from training.reference import ReferenceStore, compute_reference

pytestmark = [pytest.mark.engine, pytest.mark.faults]

STEPS = 40
REFERENCE = "reference/tiny"
SCHEDULE = {"learning_rate": 1e-3, "max_steps": STEPS, "groups_per_step": 4}
ARMS = {
    "sft": SftArm.model_validate({"method": "sft", **SCHEDULE}),
    "dpo": DpoArm.model_validate({"method": "dpo", **SCHEDULE}),
}


@pytest.fixture(scope="module", params=list(ARMS))
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    import ray

    folder = tmp_path_factory.mktemp("run")
    save_model(folder / "base")
    publish_groups(folder, sample_groups())
    store = ReferenceStore(Ledger(open_store(str(folder)), REFERENCE))
    compute_reference(
        str(folder / "base"), sample_groups(), store, rule=DpoArm(method="dpo").scored, tokens_per_micro_step=512
    )
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield folder
    ray.shutdown()


@pytest.fixture(scope="module")
def undisturbed(run: Path, method: str) -> list[float]:
    asked = asked_for(run, method, "undisturbed")
    train_arms([asked])
    return losses(asked.metrics_path)


def asked_for(run: Path, method: str, what: str) -> ArmRequest:
    name = f"{method}-{what}"
    return ArmRequest(
        name=name,
        arm=ARMS[method],
        training=TrainingConfig(checkpoint_steps=2, max_failures=2),
        start_model=str(run / "base"),
        run=str(run),
        groups="groups/tiny",
        reference=REFERENCE if method == "dpo" else "",
        model_dir=run / "models" / name,
        checkpoint_dir=run / "checkpoints" / name,
        log_path=run / "logs" / f"{name}.log",
    )


def losses(metrics: Path) -> list[float]:
    rows = read_metrics(metrics)
    assert [row["step"] for row in rows] == list(range(1, STEPS + 1))
    return [row["loss"] for row in rows]


def mid_step(asked: ArmRequest) -> bool:
    return len(read_metrics(asked.metrics_path)) >= 9


def mid_save(asked: ArmRequest) -> bool:
    saved = listed(asked.checkpoint_dir)
    return len(saved) >= 2 and not (saved[-1] / MANIFEST).exists()


@pytest.mark.parametrize(("when", "rank"), [(mid_step, 1), (mid_save, 0)], ids=["mid-step", "mid-save"])
def test_a_killed_rank_changes_nothing(
    run: Path, method: str, undisturbed: list[float], when: Callable[[ArmRequest], bool], rank: int
) -> None:
    asked = asked_for(run, method, f"killed-{when.__name__}")
    with ThreadPoolExecutor(1) as one:
        training = one.submit(train_arms, [asked])
        while not when(asked):
            assert not training.done(), "it ended before it could be disturbed"
            time.sleep(0.001)
        os.kill(process(asked, rank), signal.SIGKILL)
        training.result()
    assert "resumes from" in log(asked, 0)
    assert losses(asked.metrics_path) == pytest.approx(undisturbed, abs=1e-5)


def test_fewer_ranks_go_on_where_more_stopped(run: Path, method: str, undisturbed: list[float]) -> None:
    asked = asked_for(run, method, "undisturbed")
    shutil.rmtree(asked.model_dir)
    shutil.rmtree(asked.checkpoint_dir / f"checkpoint-{STEPS}")
    train_arms([replace(asked, training=asked.training.model_copy(update={"ranks": 1}))])
    assert "resharded" in log(asked, 0)
    assert losses(asked.metrics_path) == pytest.approx(undisturbed, abs=1e-5)


@pytest.mark.parametrize("stage", [1, 2])
def test_fewer_ranks_go_on_under_lower_stages_of_zero(run: Path, method: str, stage: int) -> None:
    asked = asked_for(run, method, f"zero-{stage}")
    few = asked.arm.model_copy(update={"max_steps": 6})
    training = asked.training.model_copy(update={"zero": ZeroConfig.model_validate({"stage": stage})})
    asked = replace(asked, arm=few, training=training)
    train_arms([asked])
    before = [row["loss"] for row in read_metrics(asked.metrics_path)]
    shutil.rmtree(asked.model_dir)
    shutil.rmtree(asked.checkpoint_dir / "checkpoint-6")
    train_arms([replace(asked, training=training.model_copy(update={"ranks": 1}))])
    assert "resharded" in log(asked, 0)
    assert [row["loss"] for row in read_metrics(asked.metrics_path)] == pytest.approx(before, abs=1e-5)


def log(asked: ArmRequest, rank: int) -> str:
    return Path(f"{asked.log_path}.rank{rank}").read_text()


def process(asked: ArmRequest, rank: int) -> int:
    return int(re.findall(rf"rank {rank} is process (\d+)", log(asked, rank))[-1])

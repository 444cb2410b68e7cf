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

from tests.training.samples import publish_groups, sample_groups, save_model
from training.checkpoints import MANIFEST, listed
from training.config import SftArm, TrainingConfig
from training.job import train_arm
from training.metrics import read_metrics
from training.request import ArmRequest

pytestmark = [pytest.mark.engine, pytest.mark.faults]

STEPS = 40


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    import ray

    folder = tmp_path_factory.mktemp("run")
    save_model(folder / "base")
    publish_groups(folder, sample_groups())
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield folder
    ray.shutdown()


@pytest.fixture(scope="module")
def undisturbed(run: Path) -> list[float]:
    return losses(train_arm(request(run, "undisturbed")).metrics_path)


def request(run: Path, name: str) -> ArmRequest:
    return ArmRequest(
        name=name,
        arm=SftArm(method="sft", learning_rate=1e-3, max_steps=STEPS, groups_per_step=4),
        training=TrainingConfig(checkpoint_steps=2, max_failures=2),
        start_model=str(run / "base"),
        run=str(run),
        groups="groups/tiny",
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
    run: Path, undisturbed: list[float], when: Callable[[ArmRequest], bool], rank: int
) -> None:
    asked = request(run, f"killed-{when.__name__}")
    with ThreadPoolExecutor(1) as one:
        training = one.submit(train_arm, asked)
        while not when(asked):
            assert not training.done(), "it ended before it could be disturbed"
            time.sleep(0.001)
        os.kill(process(asked, rank), signal.SIGKILL)
        result = training.result()
    assert "resumes from" in log(asked, 0)
    assert losses(result.metrics_path) == pytest.approx(undisturbed, abs=1e-5)


def test_fewer_ranks_go_on_where_more_stopped(run: Path, undisturbed: list[float]) -> None:
    asked = request(run, "undisturbed")
    shutil.rmtree(asked.model_dir)
    shutil.rmtree(asked.checkpoint_dir / f"checkpoint-{STEPS}")
    result = train_arm(replace(asked, training=asked.training.model_copy(update={"ranks": 1})))
    assert "resharded" in log(asked, 0)
    assert losses(result.metrics_path) == pytest.approx(undisturbed, abs=1e-5)


def log(asked: ArmRequest, rank: int) -> str:
    return Path(f"{asked.log_path}.rank{rank}").read_text()


def process(asked: ArmRequest, rank: int) -> int:
    return int(re.findall(rf"rank {rank} is process (\d+)", log(asked, rank))[-1])

"""The recipe for a pretrained model with another model in its place, a folder, and all else as it stands: its families,
benchmarks, warm starts, engines and arms."""

import json
from pathlib import Path

import pytest

from tests.integration.test_whole_path import Command
from tests.repository import RECIPES
from tests.training.samples import save_model

pytestmark = [pytest.mark.engine, pytest.mark.real, pytest.mark.timeout(1500)]

RECIPE = RECIPES / "smollm2.toml"
SUITES = ["arithmetic", "fol"]
VARIANTS = ["renamed", "phrasing", "functions"]
BFCL = ["simple_python", "multiple", "parallel", "parallel_multiple", "irrelevance"]
OTHERS = ["gsm_symbolic", "letters", "lists", *(f"bfcl_{category}" for category in BFCL)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows nothing, whose tokens are bytes."""
    return save_model(tmp_path_factory.mktemp("model"), hidden=64, positions=4096)


def test_the_recipe_takes_any_model(model: Path, tmp_path: Path) -> None:
    settings = [
        *(f"models.{role}.source={model}" for role in ("teacher", "student")),
        *(f"models.{role}.warm.conversations=8" for role in ("teacher", "student")),
        *(
            f"problems.{name}.test=2"
            for name in ["gsm_symbolic", "letters", "lists", *(f"bfcl_{each}" for each in BFCL)]
        ),
        *(f"problems.{name}.{key}" for name in SUITES for key in ("train=4", "test=2")),
        *(f"engines.{role}.engine.max_context=4096" for role in ("teacher", "student")),
        *(f"engines.{role}.engine.kv_cache_mb=128" for role in ("teacher", "student")),
        "problems.gsm_symbolic.train=2",
        # It is right by chance alone: known solutions, right and wrong ones, are played in the teacher's place.
        "engines.teacher.scripted={seed=1}",
    ]
    command = Command(tmp_path)
    said = command.run("run", str(RECIPE), "--run", str(command.run_dir), *(f"--set={each}" for each in settings))
    summary = json.loads((command.run_dir / "report" / "summary.json").read_text())
    assert set(summary["arms"]) == {"teacher", "base", "sft", "dpo", "dpo-steps", "sft+dpo"}
    variants = {f"{name}-{variant}" for name in SUITES for variant in VARIANTS}
    for arm in summary["arms"].values():
        assert set(arm["suites"]) == {*SUITES, *variants, *OTHERS}
    assert all(summary["bfcl"][arm][category]["n"] == 2 for arm in summary["arms"] for category in BFCL)
    of_teacher = summary["arms"]["teacher"]["suites"].values()
    assert any(suite["accuracy"] for suite in of_teacher)
    assert summary["data"]["pairs"]
    assert "BFCL" in said

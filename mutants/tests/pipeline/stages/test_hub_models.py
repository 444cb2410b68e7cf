"""A teacher and a student of the Hub, from a cache as the Hub's client lays it out: rollouts, groups and an export."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository import DATA, ROOT
from tests.rollout.conversations import tokenizer

pytestmark = pytest.mark.engine

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SOURCE = f"hub:maker/tiny@{COMMIT}"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without weights: none of these stages may want them."""
    folder = tmp_path_factory.mktemp("hub")
    snapshot = folder / "models--maker--tiny" / "snapshots" / COMMIT
    tokenizer().save_pretrained(str(snapshot))
    (snapshot / "config.json").write_text("{}")
    return folder


def chainpref(cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_student_of_the_hub_gets_its_groups(cache: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "hub.toml"
    text = (DATA / "scripted.toml").read_text().replace("samples = 40", "samples = 8")
    recipe.write_text(text.replace("MODEL", SOURCE))
    run = tmp_path / "run"
    for stage in ("models", "rollout", "groups"):
        done = chainpref(cache, stage, str(recipe), "--run", str(run))
        assert done.returncode == 0, done.stdout + done.stderr
    exported = chainpref(cache, "export", str(run), "--format", "trl", "--out", str(tmp_path / "pairs.jsonl"))
    assert exported.returncode == 0, exported.stdout + exported.stderr
    assert (tmp_path / "pairs.jsonl").read_text().count("\n") > 0
    assert chainpref(cache, "verify", str(run)).returncode == 0


def test_a_hub_that_does_not_have_it_is_one_line(tmp_path: Path) -> None:
    recipe = tmp_path / "hub.toml"
    recipe.write_text((DATA / "scripted.toml").read_text().replace("MODEL", SOURCE))
    done = chainpref(tmp_path / "empty", "models", str(recipe), "--run", str(tmp_path / "run"))
    assert done.returncode == 1
    assert f"model {SOURCE}: the Hub did not give it" in done.stderr
    assert done.stderr.count("\n") == 1

"""`chainpref plan --address` at a Ray cluster that asks for a token."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.jobs.protected import Head, protected_head
from tests.repository import ROOT

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with protected_head(cpus=1) as started:
        yield started


@pytest.mark.parametrize("token", ["", "0" * 64])
@pytest.mark.parametrize("by", ["gcs", "dashboard"])
def test_a_refused_token_is_named_in_one_line(head: Head, by: str, token: str, tmp_path: Path) -> None:
    status, said = plan(getattr(head, by), tmp_path, {"RAY_AUTH_TOKEN": token} if token else {})
    assert status == 2
    assert said.count("\n") == 1
    assert f"set RAY_AUTH_TOKEN to its token: {'another one' if token else 'none'} was sent" in said


@pytest.mark.parametrize("by", ["gcs", "dashboard"])
def test_the_token_alone_is_enough(head: Head, by: str, tmp_path: Path) -> None:
    status, said = plan(getattr(head, by), tmp_path, {"RAY_AUTH_TOKEN": head.token})
    assert status == 1  # one CPU is too few for the recipe
    assert "can be placed on 1 node(s)" in said


def plan(address: str, home: Path, token: dict[str, str]) -> tuple[int, str]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "plan", "recipes/local.toml", "--address", address],
        cwd=ROOT,
        env=outside | {"HOME": str(home)} | token,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stderr

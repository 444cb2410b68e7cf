"""The commands of docs/quickstart.md, read out of the page and run one after the other, as a new user would.

They start Ray, one rank and one vLLM: the one test of `make test` that does, because this is the way in.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.repository import ROOT

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(page: str) -> list[str]:
    """The lines of a page's plain blocks, those with a backslash at their end joined to the next one."""
    blocks = [text for language, text in BLOCK.findall((ROOT / "docs" / page).read_text()) if not language]
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]


def walked(folder: Path, command: str, more: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:
    """A line of a page, run by a shell in `folder`, where `chainpref` is this checkout's."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f'chainpref() {{ "{sys.executable}" -m pipeline "$@"; }}\n{command}'],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", **more},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a checkout has for its readers: examples and recipes."""
    folder = tmp_path_factory.mktemp("home")
    for name in ("docs/examples", "recipes"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.mark.timeout(1200)
def test_the_quickstarts_commands_work_one_after_the_other(home: Path) -> None:
    lines = commands("quickstart.md")
    for line in lines:
        done = walked(home, line)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    assert {line.split()[1] for line in lines} >= {
        "try",
        "inspect",
        "export",
        "problems",
        "plan",
        "run",
        "status",
        "verify",
    }
    assert (home / "runs/garden/report/index.html").is_file()
    assert len((home / "pairs.jsonl").read_text().splitlines()) > 50

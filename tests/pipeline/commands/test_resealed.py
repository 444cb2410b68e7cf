"""A run whose files were changed and hashed again, as whoever hands a run over can do, is refused by name or read: no
command ends with a traceback."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository import DATA, ROOT

COUNT = 36


@pytest.mark.long
def test_resealed_files_end_no_command_with_a_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.pipeline.commands.resealed", str(tmp_path), str(COUNT)],
        cwd=DATA,  # where the run's student lies
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == COUNT
    assert [one for one in told if one["broke"]] == []
    assert any("commits/" in one["file"] for one in told)
    for said in (line for one in told for line in one["refused"].values()):
        assert "\n" not in said

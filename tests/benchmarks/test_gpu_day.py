"""The first hour on a GPU is not lost to a typo: all of its stages on tiny shapes, here on the CPU."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gpu_day import __main__ as gpu_day
from benchmarks.gpu_day.stages import STAGES, Stage

WITHOUT_ENGINE = tuple(name for name in STAGES if name != "engine")


def run(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.gpu_day", "--quick", "--json", str(path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def stages(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())["stages"]
    return found


@pytest.mark.engine  # it starts ranks of a trainer
def test_every_stage_of_training_passes_on_tiny_shapes_and_is_not_run_again(tmp_path: Path) -> None:
    path = tmp_path / "gpu.json"
    ended = run(path, "--only", *WITHOUT_ENGINE)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = stages(path)
    assert list(found) == list(WITHOUT_ENGINE)
    assert not [name for name, stage in found.items() if "skipped" in stage or "error" in stage]
    assert all(error < 2e-2 for kind in found["agreement"]["relative_errors"].values() for error in kind.values())
    assert found["steps"]["losses_differ_by"] < 1e-4
    assert found["checkpoint"]["losses_differ_by"] < 1e-4
    assert found["trl"]["times_trl"] > 0
    again = run(path, "--only", *WITHOUT_ENGINE)
    assert again.returncode == 0
    assert again.stdout.count("done before") == len(WITHOUT_ENGINE)
    assert stages(path) == found


@pytest.mark.engine
def test_the_engine_says_what_its_model_says_before_and_after_a_reload(tmp_path: Path) -> None:
    path = tmp_path / "gpu.json"
    ended = run(path, "--only", "engine")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    compared = stages(path)["engine"]["log_probabilities"]
    assert max(compared["own model, at most"]) < 1e-5
    assert min(compared["other model, at least"]) > 0.1


def test_what_is_missing_is_skipped_and_what_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {
        "a": Stage("machine:machine", ("torch", "no_such_package")),
        "b": Stage("machine:no_such_function", ("torch",)),
    }
    monkeypatch.setattr(gpu_day, "STAGES", made)
    assert gpu_day._run("a", True) == {"skipped": "not installed: no_such_package"}
    assert gpu_day._run("b", True)["error"].startswith("exit status")


def test_a_file_that_is_no_report_or_of_other_shapes_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "gpu.json"
    for text, why in (
        ('{"stages": {"machine": ', "no report of gpu_day (JSONDecodeError"),
        ('{"stages": []}', "no report of gpu_day"),
        ("[]", "no report of gpu_day"),
        (json.dumps({"command": "python -m benchmarks.gpu_day --json FILE", "stages": {}}), "name another file"),
    ):
        path.write_text(text)
        ended = run(path, "--only", "machine")
        assert ended.returncode == 2
        assert why in ended.stderr
        assert len(ended.stderr.splitlines()) == 1
        assert path.read_text() == text


def test_what_was_skipped_is_tried_again_and_what_was_found_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gpu.json"
    monkeypatch.setattr(sys, "argv", ["gpu_day", "--quick", "--json", str(path)])
    monkeypatch.setattr(gpu_day, "STAGES", {"a": Stage("machine:machine", ())})
    for result, kept in (("skipped", "skipped"), ("found", "found"), ("once more", "found")):
        monkeypatch.setattr(gpu_day, "_run", lambda name, quick, result=result: {result: name})
        assert gpu_day.main() == 0
        assert stages(path)["a"].keys() == {kept, "stage_seconds"}


def test_a_stage_that_takes_too_long_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what it had said, and the process that it had started is gone, which would hold a GPU's memory."""
    program, pid = tmp_path / "stage", tmp_path / "pid"
    program.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {pid}\necho begun\nwait\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(gpu_day, "STAGES", {"a": Stage("machine:machine", ())})
    monkeypatch.setattr(gpu_day, "_LIMIT_S", 3)
    assert gpu_day._run("a", True) == {"error": "took longer than 3 s", "output": ["begun"]}
    status = Path(f"/proc/{pid.read_text().strip()}/stat")
    deadline = time.monotonic() + 20
    while status.exists() and status.read_text().split()[2] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.05)

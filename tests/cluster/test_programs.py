"""Programs that libraries compile with: those of an environment that nobody activated, and CUDA's compiler."""

import os
import shutil
import sys
import sysconfig
from pathlib import Path

import pytest

from cluster.programs import find_nvcc, with_own_programs


def program(folder: Path, name: str) -> str:
    """An executable file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_ninja_is_found_in_an_environment_that_is_not_activated(tmp_path: Path) -> None:
    bare = str(tmp_path)
    assert shutil.which("ninja", path=bare) is None
    found = shutil.which("ninja", path=with_own_programs(bare))
    assert found is not None, "the locks hold ninja"
    assert Path(found).parent == Path(sys.executable).parent


def test_other_folders_keep_their_order_and_nothing_stands_twice() -> None:
    own = sysconfig.get_path("scripts")
    assert with_own_programs(f"/b{os.pathsep}{own}{os.pathsep}/a") == os.pathsep.join([own, "/b", "/a"])
    assert with_own_programs("") == own, "an empty part of PATH would be the working directory"


def test_nvcc_is_looked_for_where_flashinfer_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.programs.CUDA", str(tmp_path / "default"))
    on_path = program(tmp_path / "other" / "bin", "nvcc")
    at_home = program(tmp_path / "home" / "bin", "nvcc")
    path = {"PATH": str(tmp_path / "other" / "bin")}
    assert find_nvcc({"PATH": ""}) is None
    assert find_nvcc(path) == on_path
    assert find_nvcc(path | {"CUDA_HOME": str(tmp_path / "home")}) == at_home
    assert find_nvcc({"CUDA_PATH": str(tmp_path / "home")}) == at_home
    assert find_nvcc(path | {"CUDA_HOME": str(tmp_path / "empty")}) is None, "CUDA_HOME has the last word"
    in_default = program(tmp_path / "default" / "bin", "nvcc")
    assert find_nvcc({"PATH": ""}) == in_default

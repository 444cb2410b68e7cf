"""What is built and installed works without the checkout: every file that the commands read is in the wheel."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.repository import RECIPES, ROOT

PACKAGES = ("cluster", "rollout", "training", "evaluation", "pipeline", "k8s")
DATA_FILES = (".toml", ".html", ".css", ".js", ".mplstyle")

START = "import pipeline; from pipeline.cli import main; print(pipeline.__file__, flush=True); main()"


def run(*command: str, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "120", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: building leaves folders behind."""
    source = tmp_path_factory.mktemp("source")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    run("-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index", "-w", "made", ".", cwd=source)
    (built,) = (source / "made").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    run("-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(target), str(wheel), cwd=target)
    return target


def test_every_file_that_is_no_code_but_is_read_is_in_the_wheel(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        str(path.relative_to(ROOT))
        for package in PACKAGES[:-1]
        for path in (ROOT / package).rglob("*")
        if path.suffix in DATA_FILES
    }
    assert len(wanted) > 5
    assert wanted - held == set()
    assert not [name for name in held if name.startswith(("tests/", "benchmarks/"))]


def test_an_installed_render_is_that_of_the_checkout(installed: Path, tmp_path: Path) -> None:
    shutil.copy(RECIPES / "local.toml", tmp_path)
    nodes = RECIPES / "clusters" / "two-nodes-8xh100.toml"
    for name, packages in (("installed", installed), ("checkout", ROOT)):
        said = run(
            *("-c", START),
            *("k8s", "render", "local.toml", "--cluster", str(nodes), "--out", name),
            *("--overlay", "monitoring", "--overlay", "kueue"),
            cwd=tmp_path,
            PYTHONPATH=str(packages),
        )
        assert said.startswith(f"{packages}/pipeline/"), said
    files = [
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (tmp_path / "installed", tmp_path / "checkout")
    ]
    assert len(files[0]) > 12
    assert files[0] == files[1]

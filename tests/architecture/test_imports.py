"""The order of the packages, no circles of imports, one importer of vLLM, and light modules that stay light."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.house import ORDER, against_the_order, circles, imports, modules
from tests.repository import ROOT

HEAVY = ("torch", "ray", "vllm", "deepspeed", "transformers", "trl", "datasets", "matplotlib", "z3")


def planted(root: Path, **texts: str) -> Path:
    """A repository of five packages whose `cluster` holds these modules."""
    for package in ORDER:
        (root / package).mkdir()
        (root / package / "__init__.py").write_text("")
    for name, text in texts.items():
        (root / "cluster" / f"{name}.py").write_text(text)
    return root


def test_there_are_modules() -> None:
    assert len(modules()) > 200


def test_a_package_imports_only_from_its_left() -> None:
    assert against_the_order() == []


def test_an_import_that_runs_up_is_found(tmp_path: Path) -> None:
    root = planted(tmp_path, one="def late() -> None:\n    from rollout import records\n")
    assert against_the_order(root) == ["cluster.one imports rollout"]


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles() == []


@pytest.mark.parametrize(
    "back",
    [
        "from cluster.one import a\n",
        "import cluster.one\n",
        "def late() -> None:\n    from cluster.one import a\n",
        "class Late:\n    def method(self) -> None:\n        if self:\n            from cluster import one\n",
    ],
    ids=["at the top", "plain", "inside a function", "inside a method"],
)
def test_a_circle_is_found(tmp_path: Path, back: str) -> None:
    root = planted(tmp_path, one="from cluster.two import b\n", two=back)
    assert circles(root) == [["cluster.one", "cluster.two"]]


def test_an_import_for_types_alone_makes_no_circle(tmp_path: Path) -> None:
    late = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from cluster.one import a\n"
    assert circles(planted(tmp_path, one="from cluster.two import b\n", two=late)) == []


def test_only_the_engine_imports_vllm() -> None:
    importers = {name for name in modules() if any(imported.split(".")[0] == "vllm" for imported in imports(name))}
    assert importers <= {"cluster.engine.vllm", "cluster.engine.worker", "pipeline.commands.doctor"}
    assert "cluster.engine.vllm" in importers


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("rollout.records", HEAVY),
        ("cluster.config", HEAVY),
        ("cluster.engine.vllm", HEAVY),
        ("cluster.telemetry", HEAVY),
        ("pipeline.cli", HEAVY),
        ("pipeline.recipe", ("doctest", "unittest", "pdb")),
        ("rollout.toolboxes.builtin.arithmetic", ("doctest", "unittest", "pdb")),
        ("pipeline.recipe", HEAVY),
        ("pipeline.stages", ("torch", "ray", "vllm", "deepspeed", "transformers", "trl")),
        ("evaluation.measures.metrics", HEAVY),
        ("training.tree.layout", ("ray", "vllm")),
        ("training.tree.attention", ("ray", "vllm")),
        ("training.tree.loss", ("ray", "vllm")),
        ("training.trainers.dpo", ("ray", "vllm")),
    ],
)
def test_light_modules_stay_light(module: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*[name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom pipeline.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print('heavy:', *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "heavy:" in done.stdout.splitlines()[-1]
    assert done.stdout.splitlines()[-1].split() == ["heavy:"]

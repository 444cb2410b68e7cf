"""The order of the packages, no cycles inside them, and light modules that stay light."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.repository import ROOT

ORDER = ("cluster", "rollout", "training", "evaluation", "pipeline")
HEAVY = ("torch", "ray", "vllm", "deepspeed", "transformers", "trl", "datasets", "matplotlib", "z3")


@cache
def modules() -> dict[str, Path]:
    """Dotted name -> file of every module of the five packages."""
    found = {}
    for package in ORDER:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(name: str, path: Path, top_level_only: bool) -> frozenset[str]:
    """Dotted names that a module imports; those under `if TYPE_CHECKING` do not count."""
    found = set()
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in walk(ast.parse(path.read_text()), top_level_only):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*base, node.module] if node.module else base)
            names = {f"{module}.{alias.name}" for alias in node.names}
            # `from package import module` needs the module; only other names need what the package's __init__ gathers.
            found |= names if names <= modules().keys() else names | {module}
    return frozenset(found)


def walk(tree: ast.AST, top_level_only: bool) -> list[ast.AST]:
    nodes: list[ast.AST] = []
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if top_level_only and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        nodes += [child, *walk(child, top_level_only)]
    return nodes


def test_there_are_modules() -> None:
    assert len(modules()) > 40


@pytest.mark.parametrize("package", ORDER)
def test_a_package_imports_only_from_its_left(package: str) -> None:
    allowed = ORDER[: ORDER.index(package) + 1]
    for name, path in modules().items():
        if name.split(".")[0] != package:
            continue
        tops = {imported.split(".")[0] for imported in imports(name, path, False)}
        assert not (tops & set(ORDER)) - set(allowed), f"{name} imports against the order {' < '.join(ORDER)}"


def test_there_are_no_cycles() -> None:
    known = modules()
    graph = {
        name: {imported for imported in imports(name, path, False) if imported in known and imported != name}
        for name, path in known.items()
    }
    # A package's __init__ gathers names from its modules; a module importing a sibling through it would be the cycle.
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join([*trail[trail.index(name) :], name])
        if name in done:
            return
        for imported in graph[name]:
            visit(imported, (*trail, name))
        done.add(name)

    for name in graph:
        visit(name, ())


def test_only_the_engine_imports_vllm() -> None:
    importers = {
        name
        for name, path in modules().items()
        if any(imported.split(".")[0] == "vllm" for imported in imports(name, path, False))
    }
    assert importers <= {"cluster.engine.vllm", "pipeline.commands.doctor"}
    assert "cluster.engine.vllm" in importers


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("rollout.records", HEAVY),
        ("cluster.config", HEAVY),
        ("cluster.engine.vllm", HEAVY),
        ("cluster.telemetry", HEAVY),
        ("pipeline.cli", HEAVY),
        ("pipeline.recipe", HEAVY),
        ("pipeline.stages", ("torch", "ray", "vllm", "deepspeed", "transformers", "trl")),
        ("evaluation.measures.metrics", HEAVY),
        ("training.tree.layout", ("ray", "vllm")),
        ("training.tree.attention", ("ray", "vllm")),
        ("training.tree.loss", ("ray", "vllm")),
        ("training.tree.trainer", ("ray", "vllm")),
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

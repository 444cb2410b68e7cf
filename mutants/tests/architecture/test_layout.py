"""Only `rollout.data.layout` says where the parts of a run lie."""

import ast
from collections.abc import Iterator

import pytest

from rollout.data import layout
from tests.repository import ROOT

PACKAGES = ("rollout", "training", "evaluation", "pipeline")
LAYOUT = ROOT / "rollout" / "data" / "layout.py"
CONTAINERS = ROOT / "pipeline" / "k8s"
"""Its files lie in containers and in manifests, not in a run."""

PATHS = {value for name, value in vars(layout).items() if name.isupper()}
FOLDERS = {value.partition("/")[0] for value in PATHS} | {"models", "checkpoints", "groups", "reference", "runs"}
FILES = {value for value in PATHS if "." in value}
TAKE_A_PATH = frozenset({"Ledger", "ledger", "read", "exists", "create", "replace", "list", "joinpath"})


def literals(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of every literal that names a part of a run: the name of a file or a path wherever they stand,
    and a folder's name (a common word, which is a key in many tables) where it is used as a path."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value.strip("/")
            is_path = "/" in node.value and " " not in text and text.partition("/")[0] in FOLDERS
            if text in FILES or is_path:
                yield node.lineno, node.value
        for used in paths_used(node):
            if isinstance(used, ast.Constant) and used.value in FOLDERS:
                yield used.lineno, str(used.value)


def paths_used(node: ast.AST) -> list[ast.expr]:
    """The parts of a node that can only be paths: what `/` joins, what a store or a ledger is asked for, `prefix=`,
    the value of a constant."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return [node.left, node.right]
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in TAKE_A_PATH:
        return list(node.args)
    if isinstance(node, ast.keyword) and node.arg == "prefix":
        return [node.value]
    if isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets):
        return [node.value] if ast.unparse(node.targets[0]).isupper() else []
    return []


def test_no_other_module_names_a_part_of_a_run() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if path != LAYOUT and CONTAINERS not in path.parents
        for line, text in literals(ast.parse(path.read_text()))
    ]
    assert found == [], "name it by rollout.data.layout"


@pytest.mark.parametrize(
    "planted",
    [
        'run.store.exists("plan.json")',
        'path = run.folder / "checkpoints" / name',
        'prefix = f"groups/{student}"',
        'path = f"{folder}/report/summary.json"',
        'EPISODES = "episodes"',
        'Ledger(store, "scores")',
        'Work(prefix="episodes")',
        'log = "logs/driver.log"',
    ],
)
def test_a_planted_name_is_found(planted: str) -> None:
    assert list(literals(ast.parse(planted)))


@pytest.mark.parametrize(
    "harmless", ['figures["groups"]', 'Stage("reference", work)', '"see report/index.html and plan.json"', "a / b"]
)
def test_a_word_that_is_no_path_is_left_alone(harmless: str) -> None:
    assert not list(literals(ast.parse(harmless)))

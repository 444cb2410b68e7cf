"""Tests and benchmarks read nothing outside the repository: whoever has a clone has all that they need."""

import ast
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.repository import DATA, RECIPES, ROOT

KNOWN = {"ROOT": ROOT, "DATA": DATA, "RECIPES": RECIPES, "K8S": ROOT / "k8s"}
"""What these names mean wherever they are imported."""
_THE_SAME_FILE = frozenset({"resolve", "absolute", "expanduser", "as_posix"})
_OF_OS_PATH = frozenset({"os.path.abspath", "os.path.realpath", "os.path.normpath", "os.path.expanduser", "os.fspath"})


def outside(file: Path, text: str) -> Iterator[tuple[int, str]]:
    """Line and text of every expression in a module that names a place outside the repository."""
    known = dict(KNOWN)
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and (path := folded(node.value, file, known)):
            known |= {name.id: path for name in node.targets if isinstance(name, ast.Name)}
    for node in ast.walk(tree):
        path = folded(node, file, known)
        if path is None or isinstance(node, ast.Name) or Path(os.path.normpath(path)).is_relative_to(ROOT):
            continue
        yield node.lineno, ast.unparse(node)


def folded(node: ast.AST, file: Path, known: Mapping[str, Path]) -> Path | None:
    """The path that an expression names, as far as it can be told without running it; a relative one starts where
    tests are run, which is the repository."""
    match node:
        case ast.Name("__file__"):
            return file
        case ast.Name(name):
            return known.get(name)
        case ast.Attribute(value, "parent"):
            return path / ".." if (path := folded(value, file, known)) else None
        case ast.Subscript(ast.Attribute(value, "parents"), ast.Constant(int(number))):
            return Path(*[path, *[".."] * (number + 1)]) if (path := folded(value, file, known)) else None
        case ast.BinOp(left, ast.Div(), ast.Constant(str(part))):
            return path / part if (path := folded(left, file, known)) else None
        case ast.Call(ast.Name("Path" | "open"), [ast.Constant(str(part)), *_]):
            return _named(part)
        case ast.Call(ast.Attribute(value, method), [*parts]) if method in (*_THE_SAME_FILE, "joinpath"):
            path = folded(value, file, known)
            return Path(path, *_literals(parts)) if path else None
        case ast.Call(function, [first, *parts]):
            path = folded(first, file, known)
            if path is None and (literal := _literals([first])):
                path = _named(literal[0])
            called = ast.unparse(function)
            if path is None or called not in (*_OF_OS_PATH, "os.path.join", "os.path.dirname", "Path"):
                return None
            return path / ".." if called == "os.path.dirname" else Path(path, *_literals(parts))
    return None


def _literals(nodes: list[ast.expr]) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _named(literal: str) -> Path | None:
    """An absolute path belongs to the machine (/proc) or is made up (/runs/mine), unless it lies in somebody's home."""
    if literal.startswith(("/home/", "~")):
        return Path("/home")
    return None if literal.startswith("/") else ROOT / literal


def test_nothing_outside_is_read() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for folder in ("tests", "benchmarks")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, text in outside(path, path.read_text())
    ]
    assert found == [], "copy what is needed into tests/data"


def test_the_makefile_names_nothing_outside() -> None:
    assert ".." not in (ROOT / "Makefile").read_text().split("/")
    assert "../" not in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize(
    "planted",
    [
        'ROOT.parent / "elsewhere" / "cases"',
        'K8S.parent.parent / "elsewhere"',
        "Path(__file__).resolve().parents[3]",
        'Path(__file__).parent.parent.parent.parent / "elsewhere"',
        'open("../elsewhere/cases/checkers.jsonl")',
        'Path("../elsewhere/cases").read_text()',
        'DATA.joinpath("..", "..", "..", "elsewhere")',
        'os.path.join(os.path.dirname(__file__), "..", "..", "..", "elsewhere")',
        'os.path.join("..", "elsewhere")',
        'HERE = Path(__file__).parent\nCASES = HERE / "../../../elsewhere"',
        'Path(DATA, "../../../elsewhere")',
        'Path("/home/me/cases")',
        'Path("~/cases").expanduser()',
    ],
)
def test_a_planted_place_outside_is_found(planted: str) -> None:
    assert list(outside(ROOT / "tests" / "architecture" / "test_planted.py", planted))


@pytest.mark.parametrize(
    "harmless",
    [
        "Path(__file__).resolve().parents[2]",
        'K8S.parent / "Makefile"',
        'DATA / "../../docs"',
        'open("docs/findings.md")',
        'Path("/proc/self/status")',
        'Path("/runs/mine")',
        'tmp_path / "../x"',
        'files["../x"]',
        "other.parent",
    ],
)
def test_what_lies_inside_or_belongs_to_the_machine_is_left_alone(harmless: str) -> None:
    assert not list(outside(ROOT / "tests" / "architecture" / "test_planted.py", harmless))

"""Hashes of code and of toolboxes: they change with what is computed or shown, and with nothing else."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rollout.records import content_hash
from rollout.toolboxes import Function, Toolbox
from rollout.toolboxes.isolation.users import load_users
from rollout.toolboxes.source import hash_of_code, hash_of_files

CODE = '''"""A shop."""

import json
from decimal import Decimal

RATE = 2


class Till:
    """It holds money."""

    def count(self) -> int:
        """Count it."""
        return len(json.dumps(str(Decimal(RATE))))
'''


def hash_of(folder: Path, name: str, code: str) -> str:
    (folder / name).write_text(code)
    return hash_of_files(str(folder / name))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""A shop."""', '"""Another text."""'),
        ('    """It holds money."""\n', ""),
        ('"""Count it."""', '"""Say how much."""'),
        ("RATE = 2\n", "# The rate, as text beside the code.\nRATE = 2\n"),
        ("RATE = 2\n", 'RATE = 2\n"""What a thing costs."""\n'),
        ("from decimal import Decimal", "from _pydecimal import Decimal"),
        (
            "return len(json.dumps(str(Decimal(RATE))))",
            "return len(\n            json.dumps(str(Decimal(RATE)))\n        )",
        ),
    ],
)
def test_layout_comments_docstrings_and_imports_do_not_count(tmp_path: Path, old: str, new: str) -> None:
    assert old in CODE
    assert hash_of(tmp_path, "a.py", CODE.replace(old, new)) == hash_of(tmp_path, "b.py", CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [("RATE = 2", "RATE = 3"), ("Decimal(RATE)", "Decimal(-RATE)"), ("def count(self)", "def count(self, a: int = 1)")],
)
def test_what_is_computed_counts(tmp_path: Path, old: str, new: str) -> None:
    assert old in CODE
    assert hash_of(tmp_path, "a.py", CODE.replace(old, new)) != hash_of(tmp_path, "a.py", CODE)


def test_files_count_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("A = 1\n")
    (tmp_path / "b.py").write_text("B = 1\n")
    one, other = str(tmp_path / "a.py"), str(tmp_path / "b.py")
    assert hash_of_files(one, other) == hash_of_files(other, one) != hash_of_files(one)


@pytest.mark.parametrize("imported", ["from .rates import RATE", "from . import rates", "import shop.rates"])
def test_modules_of_the_same_folder_count_when_they_are_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, imported: str
) -> None:
    def hash_with(rates: str, other: str) -> str:
        folder = tmp_path / content_hash(rates, other) / "shop"
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("")
        (folder / "rates.py").write_text("from shop.deeper import RATE\n")
        (folder / "deeper.py").write_text(rates)
        (folder / "other.py").write_text(other)
        (folder / "till.py").write_text(f"{imported}\n\ndef count() -> int:\n    return 1\n")
        monkeypatch.syspath_prepend(folder.parent)
        for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
            monkeypatch.delitem(sys.modules, name)
        count: Callable[[], int] = importlib.import_module("shop.till").count
        return hash_of_code(count)

    first = hash_with("RATE = 1\n", "")
    assert hash_with("# The same.\nRATE = 1\n", "UNRELATED = 1\n") == first
    assert hash_with("RATE = 2\n", "") != first


def made_here(source: str) -> Function:
    """A function of which no file holds the source."""
    names: dict[str, Callable[..., int]] = {}
    exec(source, {"__name__": "made_here"}, names)  # noqa: S102
    return Function.from_callable(names["f"])


def test_a_function_without_a_file_is_hashed_by_what_it_runs() -> None:
    one = hash_of_code(made_here('def f(a: int) -> int:\n    """Say."""\n    return a + 1\n').implementation)
    same = hash_of_code(made_here('def f(a: int) -> int:\n    """Other."""\n\n    return a + 1\n').implementation)
    other = hash_of_code(made_here('def f(a: int) -> int:\n    """Say."""\n    return a + 2\n').implementation)
    assert one == same != other


TOOLS = '''"""Tools."""

LIMIT = 10


def _bounded(value: int) -> int:
    """Bound it."""
    return min(value, LIMIT)


def double(value: int) -> int:
    """Double a number.

    Args:
        value: The number.

    Examples:
        double(value=2)
    """
    return 2 * _bounded(value)
'''


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('"""Tools."""', '"""All tools."""', True),
        ('"""Bound it."""', '"""Keep it small."""', True),
        ("LIMIT = 10\n", "LIMIT = 10  # more is never needed\n", True),
        ("LIMIT = 10", "LIMIT = 11", False),
        ("min(value", "max(value", False),
        ("Double a number.", "Multiply a number by 2.", False),
        ("value: The number.", "value: A number.", False),
        ("double(value=2)", "double(value=3)", False),
        ("def double(value: int)", "def double(value: int = 1)", False),
    ],
)
def test_a_toolboxs_hash_covers_what_the_model_sees_and_what_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, same: bool
) -> None:
    assert old in TOOLS

    def loaded(code: str, folder: str) -> Toolbox:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tools.py").write_text(code)
        monkeypatch.chdir(tmp_path / folder)
        return load_users("tools.py")

    before, after = loaded(TOOLS, "before"), loaded(TOOLS.replace(old, new), "after")
    assert (before.hash == after.hash) is same
    assert before.subset(["double"]).hash != before.hash

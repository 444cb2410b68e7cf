"""How the code is built stays within bounds: `benchmarks.house` counts, this holds the counts."""

from pathlib import Path

import pytest

from benchmarks.house import lines_of_code, measure

MODULES_A_FOLDER = 15
LONGEST_FILE = 400
SHARE_PRIVATE_USED_ONCE = 0.14
MEDIAN_LINES = (6, 10)


@pytest.fixture(scope="module")
def figures() -> dict[str, object]:
    return measure()


def test_no_folder_has_many_modules(figures: dict[str, dict[str, int]]) -> None:
    assert {name: count for name, count in figures["modules_by_folder"].items() if count > MODULES_A_FOLDER} == {}


def test_no_file_is_long(figures: dict[str, dict[str, int]]) -> None:
    assert figures["longest_file"]["lines"] <= LONGEST_FILE, figures["longest_file"]


def test_few_functions_are_private_and_used_once(figures: dict[str, float]) -> None:
    """Their caller is read by jumping; a function that is no idea of its own belongs into it."""
    assert figures["share_private_used_once"] <= SHARE_PRIVATE_USED_ONCE


def test_functions_are_short(figures: dict[str, float]) -> None:
    assert MEDIAN_LINES[0] <= figures["median_lines"] <= MEDIAN_LINES[1]


def test_lines_of_code_are_counted_without_docstrings_comments_and_blank_lines(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    text = '"""Text.\n\nMore."""\n\n# why\nx = """a\nb"""\n\n\ndef f() -> int:\n    """Text."""\n'
    file.write_text(text + "    return (  # why\n        1\n    )\n")
    assert lines_of_code(file) == 6

"""No table of the documents says anything else than the results that it is made of."""

import copy
from pathlib import Path

import pytest

from benchmarks.tables import rollouts, training
from benchmarks.tables.documents import DOCUMENTS, RESULTS, result, tables
from benchmarks.tables.markdown import filled, names, table

MAKERS = tables()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_the_tables_of_a_document_are_those_of_its_results(path: Path) -> None:
    document = path.read_text()
    assert filled(document, MAKERS) == document, "run `python -m benchmarks.tables`"


def test_every_table_stands_in_a_document() -> None:
    placed = [name for path in DOCUMENTS for name in names(path.read_text())]
    assert sorted(placed) == sorted(MAKERS)


def test_every_result_names_its_command_and_is_shown_or_void() -> None:
    shown = [path.read_text() for path in DOCUMENTS]
    for path in sorted(RESULTS.glob("*.json")):
        found = result(path.stem)
        assert found.get("command"), path.name
        assert found.get("void") or any(f"results/{path.name}" in text for text in shown), path.name
        assert path.stat().st_size < 300_000, path.name


def test_a_figure_that_is_changed_is_seen() -> None:
    stored = result("rollout")
    changed = copy.deepcopy(stored)
    changed["steps"][0]["steps_per_second_per_core"] *= 1.01
    assert rollouts.steps_table(changed) != rollouts.steps_table(stored)
    stored = result("dpo_step")
    changed = copy.deepcopy(stored)
    changed["rows"][0]["seconds"] += 0.01
    assert training.steps_table(changed, 8, 8) != training.steps_table(stored, 8, 8)
    stored = result("grpo-step")
    changed = copy.deepcopy(stored)
    changed["rows"][0]["seconds"] *= 1.1
    assert training.updates_table(changed) != training.updates_table(stored)
    place = "<!-- table: one -->\n\n| a |\n\n<!-- end of table -->"
    assert filled(place, {"one": lambda: table("a", ["1"])}) != place


def test_a_row_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a row of 1 cells below 2 headings"):
        table(("a", "b"), [["1"]])

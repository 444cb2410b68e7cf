"""The card: front matter that the Hub's own reader takes, and figures that are those of the rows."""

import io
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from huggingface_hub import DatasetCard
from rich.console import Console

from pipeline.commands.export import export_pairs
from pipeline.export.card import CARD, FILE, hub_licence, size_category
from pipeline.export.rows import FORMS, pair_rows
from tests.pipeline.export.runs import scripted_run

CONSOLE = Console(file=io.StringIO())


@pytest.mark.parametrize("form", FORMS)
def test_licence_counts_and_columns_are_those_of_the_rows(form: str, tmp_path: Path) -> None:
    run = scripted_run(tmp_path / "run", "json", "plain", "models.teacher.licence=Llama-3.1-Community")
    out = tmp_path / "out"
    export_pairs(run.folder, out, form, 0, CONSOLE)
    rows = [json.loads(line) for line in (out / FILE).read_text().splitlines()]
    card = DatasetCard.load(out / CARD)
    assert (card.data.license, card.data.license_name) == ("other", "llama-3.1-community")
    assert card.data.size_categories == ["n<1K"]
    assert {feature["name"] for feature in card.data.dataset_info["features"]} == set(rows[0])
    text = card.text
    assert f"{len(rows)} rows of {len({pair.problem.id for pair in pair_rows(run, form, 0)})} problems." in text
    assert f"| arithmetic | {len(rows)} |" in text
    errors = Counter(pair.wrong.error for pair in pair_rows(run, form, 0))
    for error, count in errors.items():
        assert f"| {error} | {count} |" in text
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == set(rows[0])
    assert "which is under Llama-3.1-Community: Llama 3.1 to 4 Community License (section 1.b.i)" in text
    assert "The problems are under CC0-1.0." in text
    assert f"| run | {run.id} |" in text
    assert "| its revision | r0 |" in text
    assert str(tmp_path) not in text


@pytest.mark.parametrize(
    ("licence", "name"),
    [
        ("Apache-2.0", "apache-2.0"),
        ("MIT", "mit"),
        ("CC-BY-NC-SA-4.0", "cc-by-nc-sa-4.0"),
        ("CC0-1.0", "cc0-1.0"),
        ("Llama3.1", "llama3.1"),
        ("llama3", "llama3"),
        ("gemma", "gemma"),
        ("unknown", "unknown"),
        ("", "unknown"),
        ("Qwen License", "other"),
        ("apache-2.0-with-more", "other"),
    ],
)
def test_licences_have_the_hubs_names(licence: str, name: str) -> None:
    assert hub_licence(licence) == name


@pytest.mark.parametrize(
    ("rows", "name"),
    [(1, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**5, "100K<n<1M"), (10**9, "1B<n<10B"), (10**12, "n>1T")],
)
def test_sizes_have_the_hubs_names(rows: int, name: str) -> None:
    assert size_category(rows) == name

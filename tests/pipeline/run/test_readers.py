"""Whoever reads a file of a run refuses one that is not what was written, in one line, where it would read on."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from cluster.engine.model_source import local_model, local_tokenizer, model_revision
from cluster.engine.probe import Probe, ProbeReading, ProbeText
from cluster.errors import CorruptionError
from cluster.store.digests import checked, is_sealed, sealed, write_sums
from evaluation.report.pages import write_page
from evaluation.summary import to_json
from pipeline.plan.prediction import compared
from pipeline.recipe import load_recipe
from pipeline.run.folder import Run, open_run, read_run
from pipeline.run.workload import make_workload, read_workload, suite_problems, train_problems
from pipeline.stages.report import stored_summary
from rollout.data import layout
from rollout.hosts.probes import read_probes, write_probe
from rollout.records import PreferenceGroup
from tests.repository import DATA
from tests.training.samples import sample_groups
from training.chains import ScoreRule, scored_groups
from training.config import SftArm
from training.examples import StoredExamples, write_examples
from training.ranks.metrics import append_metrics, read_metrics
from training.sft import write_rows
from training.tree.batches import PreferenceExample

SMALL = ["problems.arithmetic.train=4", "rollout.samples=4"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with a plan."""
    with open_run(
        load_recipe(DATA / "scripted.toml", SMALL), tmp_path / "run", Console(file=io.StringIO(), width=500), False
    ) as run:
        make_workload(run)
    return run


def damage(path: Path, old: bytes, new: bytes) -> None:
    """Change bytes so that the file still parses."""
    data = path.read_bytes()
    assert data.count(old) >= 1, (path, old)
    assert len(old) == len(new)
    path.write_bytes(data.replace(old, new, 1))


def refused(read: Callable[[], object], name: str) -> None:
    with pytest.raises(CorruptionError) as raised:
        read()
    assert name in str(raised.value)
    assert "not what was written" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_recipe(run: Run) -> None:
    damage(run.folder / layout.RECIPE, b"samples = 4", b"samples = 5")
    refused(lambda: read_run(run.folder, run.console), "recipe.toml")

    def again() -> None:
        with open_run(run.recipe, run.folder, run.console, False):
            pass

    refused(again, "recipe.toml")


def test_the_plan(run: Run) -> None:
    damage(run.folder / layout.PLAN, b'"sample_stop": 4', b'"sample_stop": 3')
    refused(lambda: read_workload(run), "plan.json")
    refused(lambda: read_run(run.folder, run.console).id, "plan.json")


def test_the_problems(run: Run) -> None:
    for path in (layout.TRAIN_PROBLEMS, layout.suite_problems("arithmetic")):
        damage(run.folder / path, b'"family":"arithmetic"', b'"family":"arithmetiq"')
    refused(lambda: train_problems(run), "problems/train.jsonl")
    refused(lambda: suite_problems(run), "problems/suites/arithmetic.jsonl")


def test_a_plan_that_was_not_written_takes_no_damaged_problems_over(run: Run) -> None:
    """A command that was killed before it wrote the plan has left them; nothing says yet what they should be."""
    (run.folder / layout.PLAN).unlink()
    damage(run.folder / layout.TRAIN_PROBLEMS, b'"family":"arithmetic"', b'"family":"arithmetiq"')
    again = read_run(run.folder, run.console)
    make_workload(again)
    assert len(train_problems(again)) == 4


def test_the_prediction(run: Run) -> None:
    prediction = {"machines": "", "rates": "", "seconds": {}, "memory": {}, "steps": {}, "groups": 1, "pairs": 2.0}
    data = json.dumps(prediction | {"licence": ""}).encode()
    (run.folder / layout.PREDICTION).write_bytes(sealed(data, "json"))
    assert compared(run)[-1]["predicted"] == 2.0
    damage(run.folder / layout.PREDICTION, b"2.0", b"3.0")
    refused(lambda: compared(run), "prediction.json")


def test_a_probe(run: Run) -> None:
    text = ProbeText(token_ids=(1, 2, 3), positions=(1,))
    reading = ProbeReading(prefill=(-0.5, -1.25), decoded=((-1.0,) * 8,))
    write_probe(
        run.store, layout.probe("base", "a" * 20), Probe(model="base", revision="r", text=text, reading=reading)
    )
    assert len(read_probes(run.store)) == 1
    (path,) = run.store.list(layout.PROBES)
    damage(run.folder / path, b"-1.25", b"-1.26")
    refused(lambda: read_probes(run.store), path)


def test_the_summary(run: Run) -> None:
    shutil.copytree(DATA / "run-f013669" / "report", run.folder / "report")
    run.store.replace(layout.SUMMARY, to_json(stored_summary(run)))
    written = stored_summary(run)
    assert written.arms
    damage(run.folder / layout.SUMMARY, b'"accuracy": 0.', b'"accuracy": 1.')
    refused(lambda: stored_summary(run), "report/summary.json")


def test_a_page_carries_its_digest(tmp_path: Path) -> None:
    write_page(tmp_path / "index.html", "<!doctype html>\n<p>x</p>")
    data = (tmp_path / "index.html").read_bytes()
    assert is_sealed(data)
    with pytest.raises(CorruptionError):
        checked(data.replace(b"<p>x", b"<p>y"), "page", "")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "dpo"
    shutil.copytree(DATA / "student", folder)
    (folder / "model.safetensors").write_bytes(bytes(1000))
    write_sums(folder)
    return folder


def test_weights(model: Path) -> None:
    local_model(str(model))
    damage(model / "model.safetensors", bytes(500) + b"\0", bytes(500) + b"\1")
    refused(lambda: local_model(str(model)), "dpo/model.safetensors")
    refused(lambda: model_revision(str(model)), "dpo/model.safetensors")
    assert local_tokenizer(str(model)) == model, "text alone does not read them"


def test_tokenizers_and_templates(model: Path) -> None:
    damage(model / "chat_template.jinja", b"assistant", b"assistanz")
    refused(lambda: local_model(str(model)), "dpo/chat_template.jinja")
    refused(lambda: local_tokenizer(str(model)), "dpo/chat_template.jinja")
    refused(lambda: model_revision(str(model)), "dpo/chat_template.jinja")


def test_weights_that_nobody_wrote(model: Path) -> None:
    (model / "model-00002-of-00002.safetensors").write_bytes(b"")
    with pytest.raises(CorruptionError, match=r"model-00002-of-00002\.safetensors: is not one of the files"):
        local_model(str(model))


def groups() -> list[PreferenceGroup]:
    return sample_groups(4)


def test_reference_sums_in_an_arms_examples(tmp_path: Path) -> None:
    scored = list(scored_groups(groups(), ScoreRule()))
    examples = [PreferenceExample(g, (-1.5,) * len(g.right), (-2.5,) * len(g.wrong)) for g in scored]
    write_examples(examples, tmp_path / "examples-x")
    assert StoredExamples(tmp_path / "examples-x")[0].reference_right[0] == -1.5
    damage(tmp_path / "examples-x" / "examples.arrow", b"\0\0\0\0\0\0\xf8\xbf", b"\0\0\0\0\0\0\xf8\x3f")  # its sign
    refused(lambda: StoredExamples(tmp_path / "examples-x"), "examples-x/examples.arrow")


def test_labels_of_an_arms_rows(tmp_path: Path) -> None:
    arm = SftArm(method="sft")
    write_rows(groups(), arm, tmp_path / "rows-x").load()
    damage(tmp_path / "rows-x" / "rows.arrow", b"\x9c\xff\xff\xff", b"\x07\0\0\0")  # a prompt's token gets a label
    refused(lambda: write_rows(groups(), arm, tmp_path / "rows-x"), "rows-x/rows.arrow")
    damage(tmp_path / "rows-x" / "rows.arrow", b"\x07\0\0\0", b"\x9c\xff\xff\xff")


def test_counts_of_an_arms_rows(tmp_path: Path) -> None:
    arm = SftArm(method="sft")
    write_rows(groups(), arm, tmp_path / "rows-x")
    damage(tmp_path / "rows-x" / "counts.json", b'"longest": ', b'"longest":1')
    refused(lambda: write_rows(groups(), arm, tmp_path / "rows-x"), "rows-x/counts.json")


def test_metrics(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    for step in (1, 2):
        append_metrics(path, {"step": step, "loss": 0.5})
    assert [row["step"] for row in read_metrics(path)] == [1, 2]
    damage(path, b"0.5", b"0.6")
    refused(lambda: read_metrics(path), "metrics.jsonl")


def test_events(run: Run) -> None:
    run.events.add("stage ended", stage="train", seconds=5.0)
    run.events.add("another")
    assert run.events.seconds() == {"train": 5.0}
    damage(run.folder / layout.EVENTS, b"5.0", b"6.0")
    refused(run.events.seconds, "events.jsonl")

"""What the plan said is kept once, and compared with what the events say."""

import json
from pathlib import Path

import jinja2
import msgspec
import pytest
from rich.console import Console

from pipeline.estimates.speed import REFERENCE
from pipeline.plan import prediction
from pipeline.plan.prediction import compared, predict, prediction_of
from pipeline.recipe import load_recipe
from pipeline.run.folder import Run
from pipeline.run.memory_watch import proportional_bytes, watched
from pipeline.run.recipes import written
from rollout.data import layout
from tests.pipeline.plan.planned import planned
from tests.repository import RECIPES


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(prediction, "_rates", lambda recipe: REFERENCE)
    recipe = load_recipe(RECIPES / "local.toml")
    (tmp_path / layout.RECIPE).write_bytes(written(recipe, "1"))
    return Run(recipe=recipe, folder=tmp_path, console=Console(record=True, width=200))


def test_a_prediction_is_made_once_and_compared(run: Run) -> None:
    predict(run)
    first = (run.folder / layout.PREDICTION).read_bytes()
    predict(run)
    assert (run.folder / layout.PREDICTION).read_bytes() == first
    assert json.loads(first)["seconds"]["rollout"] > 0
    with run.events.stage("rollout"):
        pass
    run.events.add("memory", stage="rollout", peak=3 << 30)
    run.events.add("memory", stage="rollout", peak=2 << 30)
    run.events.add("arm trained", arm="dpo", steps=74, seconds=3.0)
    run.events.add("groups", groups=500, pairs=6000)
    hosts = [{"host": "teacher-0", "kv_tokens": 0}, {"host": "teacher-1", "kv_tokens": 4096}]
    run.events.add("progress", stage="rollout", hosts=hosts)
    rows = {row["what"]: row for row in compared(run)}
    assert rows["stage rollout"]["measured"] is not None
    assert "stage evaluate" not in rows
    assert rows["memory, stage rollout"]["measured"] == 3 * 1024
    assert rows["steps of dpo"]["measured"] == 74
    assert rows["steps of sft"]["measured"] is None
    assert rows["pairs"]["measured"] == 6000
    assert rows["KV cache of the teacher"]["measured"] == 4096
    assert rows["KV cache of the teacher"]["predicted"] > 4096
    assert rows["KV cache of the student"]["measured"] is None
    assert not any("on a GPU" in what for what in rows)


def test_prefix_cache_hits_are_of_all_processes_of_a_role(run: Run) -> None:
    predict(run)

    def reading(host: str, process: int, asked: int, cached: int) -> dict[str, object]:
        return {"host": host, "process": process, "prompt_tokens": asked, "cached_prompt_tokens": cached}

    run.events.add("progress", stage="rollout", hosts=[reading("teacher-0", 1, 500, 0), reading("teacher-1", 2, 0, 0)])
    run.events.add("progress", stage="rollout", hosts=[reading("teacher-0", 1, 1000, 800)])
    run.events.add("progress", stage="rollout", hosts=[reading("teacher-0", 3, 100, 25), reading("student-0", 4, 9, 0)])
    rows = {row["what"]: row for row in compared(run)}
    assert rows["tokens of prompts that the teacher found cached"]["measured"] == 100 * 825 / 1100
    assert rows["tokens of prompts that the student found cached"]["measured"] == 0
    assert rows["tokens of prompts that the teacher found cached"]["predicted"] is None


def test_memory_on_gpus_is_compared_arm_by_arm(run: Run) -> None:
    plan = planned("one-gpu")
    (run.folder / layout.PREDICTION).write_bytes(msgspec.json.encode(prediction_of(plan)))
    run.events.add("arm trained", arm="dpo", steps=74, seconds=3.0, device_memory=20 << 30)
    rows = {row["what"]: row for row in compared(run)}
    assert rows["memory on a GPU, dpo"]["measured"] == 20 * 1024
    assert 0 < rows["memory on a GPU, dpo"]["predicted"] < plan.ranks[1].memory.used / (1 << 20)
    assert rows["memory on a GPU, sft"]["measured"] is None


def test_the_report_shows_it(run: Run) -> None:
    predict(run)
    run.events.add("groups", groups=500, pairs=6000)
    asked = {"host": "teacher-0", "prompt_tokens": 1000, "cached_prompt_tokens": 834}
    run.events.add("progress", stage="rollout", hosts=[asked])
    folder = RECIPES.parent / "evaluation" / "report"
    loader = jinja2.FileSystemLoader(folder)
    template = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined).get_template("prediction.html")
    page = template.render(summary={"prediction": compared(run)})
    assert "Predicted and measured" in page
    assert "6,000" in page
    assert "83 %" in page
    assert template.render(summary={}).strip() == ""


def test_a_run_that_cannot_be_planned_goes_without(run: Run) -> None:
    recipe = load_recipe(RECIPES / "one-gpu.toml", ['models.student.source="hub:nobody/nothing"'])
    other = Run(recipe=recipe, folder=run.folder, console=run.console)
    predict(other)
    assert not (run.folder / layout.PREDICTION).exists()
    assert compared(other) == []
    assert "no plan: models.student.source" in run.console.export_text()


def test_a_licence_that_forbids_is_said_when_a_run_begins(run: Run) -> None:
    recipe = load_recipe(RECIPES / "local.toml", ["models.teacher.licence='llama3'"])
    predict(Run(recipe=recipe, folder=run.folder, console=run.console))
    assert "may NOT train" in run.console.export_text()


def test_memory_is_recorded_at_the_end_of_a_stage(run: Run) -> None:
    with watched(run.events, "groups"):
        pass
    (row,) = run.events.read()
    assert row["event"] == "memory"
    assert 0.2 < row["peak"] / proportional_bytes() < 5

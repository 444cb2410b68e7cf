"""The screen of a plan: for every recipe on every cluster file it is one screen of 80 columns."""

import io
from functools import cache
from pathlib import Path

import pytest
from rich.console import Console

from cluster.config import load_toml
from cluster.errors import RequestError, WorkError
from pipeline.commands.plan import plan_command
from pipeline.estimates.hardware import load_machines
from pipeline.estimates.speed import REFERENCE
from pipeline.plan.make import Plan, make_plan
from pipeline.plan.outcome import stage_times
from pipeline.plan.show import change, show
from pipeline.plan.tokens import Demands, demands_of
from pipeline.recipe import Recipe, load_recipe
from pipeline.sweep.points import load_sweep
from tests.pipeline.plan.planned import CLUSTERS, HERE, PAPER, RECIPES, planned
from tests.repository import recipes_to_draw

MOST_LINES = 40


@cache
def recipe(path: Path) -> Recipe:
    """The recipe, or the first run of a sweep."""
    return next(iter(load_sweep(path).runs.values())).recipe if "sweep" in load_toml(path) else load_recipe(path)


@cache
def demands(path: Path, on_gpus: bool) -> Demands:
    return demands_of(recipe(path), on_gpus)


def screen(plan: Plan) -> list[str]:
    console = Console(file=io.StringIO(), width=80, record=True)
    show(plan.recipe.run.name, {"": plan}, stage_times(plan), console)
    return console.export_text().splitlines()


@pytest.mark.parametrize("path", recipes_to_draw(sorted(RECIPES.glob("*.toml"))))
def test_every_plan_is_one_screen(path: Path) -> None:
    for nodes in (HERE, *map(load_machines, sorted(CLUSTERS.glob("*.toml")))):
        plan = make_plan(recipe(path), nodes, REFERENCE, demands(path, nodes.gpus > 0))
        lines = screen(plan)
        assert len(lines) <= MOST_LINES, (nodes.source, lines)
        assert max(map(len, lines)) <= 80, (nodes.source, lines)
        assert "".join(lines).replace(" ", "").startswith(f"Plannedfor{nodes.source}:".replace(" ", ""))
        assert ("fits" in "".join(lines[1:3])) == (not plan.faults) or "does not fit" in "".join(lines)


def test_a_plan_that_fits_says_for_which_machines_and_what_it_takes() -> None:
    lines = screen(planned(PAPER))
    assert "two-nodes-8xh100.toml: 2 nodes of 8 x H100, 192 CPUs, 2,048 GiB" in " ".join(map(str.strip, lines[:3]))
    assert "fits;" in lines[2]
    assert any(line.startswith("rollout") and "decode" in line for line in lines)
    assert any(line.startswith("teacher engine") and "4 x 4 H100" in line and "79.6 GiB" in line for line in lines)
    assert any(line.startswith("licence forbids: Llama 2 or Llama 3") for line in lines)


def test_the_cpus_of_this_machine_are_those_that_ray_is_told_of() -> None:
    lines = " ".join(map(str.strip, screen(planned("local"))[:3]))
    assert "this machine: 1 node of 4 CPUs for Ray (cluster.local_cpus), 16 GiB" in lines


def test_a_plan_that_does_not_fit_says_what_to_change() -> None:
    text = "\n".join(screen(planned(PAPER, "", "engines.teacher.count=5")))
    assert "does not fit (1 fault, below)" in text
    assert "change: --set engines.teacher.count=4" in text
    assert "With this change it fits." in text
    assert "stage  " not in text


def test_a_plan_that_no_setting_mends_says_what_is_too_little() -> None:
    lines = screen(planned(PAPER, "", 'models.student.source="hub:meta-llama/Meta-Llama-3-70B-Instruct"'))
    text = " ".join(line.strip() for line in lines)
    assert "142.9 GiB, and H100 has 79.6 GiB: 63.3 GiB too little" in text
    assert "no single setting helps on these machines: take larger GPUs, or a smaller student" in text


def test_a_change_of_many_settings_can_be_copied() -> None:
    settings = ("engines.teacher.engine.tensor_parallel=8", "engines.teacher.device='auto'", 'run.name="it\'s"')
    assert change(settings, 60).splitlines() == [
        "    change: --set engines.teacher.engine.tensor_parallel=8 \\",
        "    --set \"engines.teacher.device='auto'\" \\",
        '    --set "run.name="it\'s""',
    ]


def test_the_command_shows_the_derivation_when_it_is_asked_to() -> None:
    shown, explained = Console(record=True, width=80), Console(record=True, width=200)
    plan_command(RECIPES / "one-gpu.toml", shown)
    plan_command(RECIPES / "one-gpu.toml", explained, explained=True)
    assert "ZeRO paper" not in shown.export_text()
    assert "ZeRO paper" in explained.export_text()


def test_the_command_takes_sweeps(tmp_path: Path) -> None:
    console = Console(record=True, width=80)
    plan_command(RECIPES / "ablations-local.toml", console)
    assert "ablations-local (36 arms in 1 run): fits; " in console.export_text()
    with pytest.raises(WorkError, match="can be placed"):
        plan_command(RECIPES / "ablations-local.toml", Console(quiet=True), settings=["training.ranks=40"])
    broken = tmp_path / "broken.toml"
    broken.write_text((RECIPES / "local.toml").read_text() + "\n[sweep]\nnothing = 3\n")
    with pytest.raises(RequestError, match="give a list of values"):
        plan_command(broken, Console(quiet=True))

"""The table of sizes and costs in docs/operations.md is what the planner says."""

import re

import pytest

from pipeline.estimates.hardware import GIB
from pipeline.plan.outcome import money, stage_times
from pipeline.plan.pods import claim_gib, worker_groups
from tests.pipeline.plan.planned import PAPER, RECIPES, planned
from tests.pipeline.plan.test_plan import FOUR_NODES

GUIDE = RECIPES.parent / "docs" / "operations.md"
COLUMNS = ("what", "nodes", "pods", "claim", "episodes", "hours", "usd", "rollouts")
PLANNED = (
    ("regenerate", "two-nodes-8xh100", ()),
    (PAPER, "two-nodes-8xh100", ()),
    (PAPER, "four-nodes-8xh100", FOUR_NODES),
    ("one-node-8xh100", "one-node-8xh100", ()),
    ("one-gpu", "one-gpu", ()),
)


@pytest.mark.parametrize(("row", "planned_as"), enumerate(PLANNED))
def test_a_row_is_the_plan(row: int, planned_as: tuple[str, str, tuple[str, ...]]) -> None:
    recipe, cluster, settings = planned_as
    plan = planned(recipe, cluster, *settings)
    times = stage_times(plan)
    rollout = next(time.money for time in times if time.name == "rollout")
    pods = worker_groups(plan)[0]
    rows = re.findall(r"^\| (.*) \|$", GUIDE.read_text().partition("| recipe | nodes | pods, each |")[2], re.M)
    said = dict(zip(COLUMNS, rows[row].split(" | "), strict=True))
    assert f"{recipe}.toml" in said["what"] or settings
    asked = f"{pods.pods}: {pods.cpus:g} CPU, {-(-pods.memory // GIB)} GiB, {pods.gpus} GPU"
    assert said["pods"] == asked
    assert said["claim"] == f"{claim_gib(plan):,} GiB"
    assert said["episodes"] == f"{plan.demands.rollout.attempts:,}"
    assert float(said["hours"]) == round(sum(time.seconds for time in times) / 3600, 1)
    assert float(said["usd"]) == round(money(times), 1 if money(times) < 1 else None)
    assert said["rollouts"] == "all" or float(said["rollouts"]) == round(rollout, 1 if rollout < 1 else None)


def test_nodes_that_hold_nothing_are_named() -> None:
    (note,) = (note for note in planned(PAPER, "four-nodes-8xh100").notes if "hold nothing" in note)
    assert note.startswith("2 of 4 nodes hold nothing (gpu-2, gpu-3)")
    assert not [note for note in planned(PAPER, "four-nodes-8xh100", *FOUR_NODES).notes if "hold nothing" in note]

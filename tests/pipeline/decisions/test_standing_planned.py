"""What a plan says of ranks beside the student's hosts: its line, its memory, its time, and the change where they are
too much."""

from dataclasses import replace

import pytest

from pipeline.estimates.hardware import GIB, Machines, Node
from pipeline.estimates.speed import REFERENCE
from pipeline.plan.make import Plan, make_plan
from pipeline.plan.outcome import stage_times
from pipeline.plan.remedies import remedies
from pipeline.recipe import load_recipe
from tests.repository import RECIPES

ROUNDS = "arms.sft.rounds={ rounds = 3, problems = 64 }"


@pytest.fixture(scope="module")
def plans() -> dict[bool, Plan]:
    machine = Machines(
        source="a test",
        nodes=(Node(name="one", kind="x", gpu=None, gpus=0, cpus=4, memory=16 * GIB, shm=8 * GIB, network_gbs=1),),
    )
    first = make_plan(load_recipe(RECIPES / "local.toml", [ROUNDS]), machine, REFERENCE)
    turns = load_recipe(RECIPES / "local.toml", [ROUNDS, "training.beside_hosts=false"])
    return {True: first, False: make_plan(turns, machine, REFERENCE, first.demands, first.findings)}


def test_the_plan_says_how_they_stand_and_why(plans: dict[bool, Plan]) -> None:
    assert (
        "rounds: ranks stand beside the student's hosts, which stay up (there is room for both at the same time)"
        in plans[True].notes
    )
    assert "rounds: ranks and hosts take turns (training.beside_hosts = false)" in plans[False].notes
    plain = load_recipe(RECIPES / "local.toml")
    assert make_plan(plain, plans[True].machines, REFERENCE, plans[True].demands, plans[True].findings).stands is None


def test_both_are_in_memory_at_once_and_hosts_start_once(plans: dict[bool, Plan]) -> None:
    def trained(plan: Plan) -> float:
        return next(stage.bytes for stage in plan.stages if stage.stage == "train")

    student = plans[True].engines_of("student")
    assert student is not None
    assert trained(plans[True]) - trained(plans[False]) == pytest.approx(student.memory.used)

    def started(plan: Plan) -> float:
        (train,) = (stage for stage in stage_times(plan) if stage.name == "train")
        return sum(seconds for what, seconds in train.time if what == "sft, attempts: engine start")

    assert started(plans[False]) == pytest.approx(3 * started(plans[True]))
    assert started(plans[True]) > 0


def test_where_both_are_too_much_for_the_memory_they_are_to_take_turns(plans: dict[bool, Plan]) -> None:
    needed = {beside: max(stage.bytes for stage in plan.stages) for beside, plan in plans.items()}
    assert needed[True] > needed[False]
    nodes = (replace(plans[True].machines.nodes[0], memory=(needed[True] + needed[False]) / 2),)
    small = replace(plans[True].machines, nodes=nodes)
    tight = make_plan(plans[True].recipe, small, REFERENCE, plans[True].demands, plans[True].findings)
    assert [fault.area for fault in tight.faults] == ["memory"]
    assert remedies(tight).together == ("training.beside_hosts=false",)

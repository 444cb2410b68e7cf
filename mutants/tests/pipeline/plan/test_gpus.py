"""Mixed clusters: which types are used, and what keeps Ray to them."""

import pytest

from cluster.pool.placement import Bundle
from pipeline.plan.as_json import as_json
from pipeline.plan.remedies import remedies
from tests.pipeline.plan.planned import PAPER, node, planned, planned_on, said

MIXED = {"large": node("H100", 8, cpus=128), "small": node("L4", 8, cpus=96, memory_gib=384)}
TYPED = ("engines.teacher.gpu='H100'", "engines.student.gpu='H100'", "training.gpu='H100'")


def test_only_engines_that_find_their_type_are_counted() -> None:
    plan = planned_on(MIXED, PAPER)
    assert "2 can be placed" in said(plan)
    assert remedies(plan).together == ("engines.teacher.count=2",)


def test_a_plan_on_some_types_says_what_keeps_ray_to_them() -> None:
    (teacher, *_) = planned("one-gpu", "mixed").notes
    assert teacher.endswith("add --set engines.teacher.gpu='H100'")
    named = planned("one-gpu", "mixed", *TYPED)
    assert not [note for note in named.notes if "--set" in note]
    for part in (*named.engines, *named.ranks, named.scoring):
        assert part is not None
        assert all(bundle.resources()["accelerator_type:H100"] == 0.001 for bundle in part.placed.request.bundles)
    assert planned("one-gpu", "one-gpu").notes == ()


def test_a_type_that_is_there_is_kept() -> None:
    plan = planned_on(MIXED, "one-gpu", "engines.student.gpu='H100'", "engines.student.count=12")
    assert "8 can be placed" in said(plan)
    assert remedies(plan).together == ("engines.student.count=8",)


@pytest.mark.parametrize(("wanted", "gpu"), [("A100", "A100-40"), ("A100-40G", "A100-40"), ("L4", "L4")])
def test_a_type_is_named_as_ray_names_it(wanted: str, gpu: str) -> None:
    nodes = {"one": node("A100-40", 8), "two": node("L4", 8)}
    plan = planned_on(nodes, "one-gpu", f"engines.student.gpu='{wanted}'")
    student = plan.engines_of("student")
    assert student is not None
    assert student.gpu is not None
    assert student.gpu.name == gpu


def test_types_that_no_setting_tells_apart_are_said() -> None:
    nodes = {"a": node("H100", 8, cpus=128), "b": node("A100-80", 8, cpus=128), "c": node("T4", 4)}
    plan = planned_on(nodes, PAPER)
    assert any("planned on H100 and A100-80 only" in note and "cluster of their own" in note for note in plan.notes)


def test_what_is_shown_is_what_a_run_reserves() -> None:
    engines = as_json(planned(PAPER))["engines"]["teacher"]
    assert (engines["groups"], engines["strategy"]) == (4, "STRICT_PACK")
    assert engines["bundles"] == [{"CPU": 4.0, "GPU": 4.0}]
    across = planned(PAPER, "", "engines.teacher.engine.tensor_parallel=16", "engines.teacher.count=1")
    teacher = across.engines_of("teacher")
    assert teacher is not None
    assert teacher.placement.strategy == "PACK"
    assert teacher.placement.bundles == (Bundle(cpus=4.0, gpus=1.0), *[Bundle(gpus=1.0)] * 15)
    assert teacher.per_node == 1

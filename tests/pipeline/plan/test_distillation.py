"""What the plan says of distillation: who holds the teacher, what that takes, and who refuses."""

from typing import Any

import pytest

from cluster.errors import RequestError
from pipeline.plan.make import Plan
from pipeline.plan.outcome import stage_times
from pipeline.recipe import load_recipe
from tests.pipeline.plan.planned import node, planned, planned_on, said
from tests.repository import RECIPES


def arm(**options: Any) -> str:
    given = "".join(f", {name} = {value}" for name, value in options.items())
    return f'arms.told={{ method = "distill"{given} }}'


def parts(plan: Plan) -> list[str]:
    (train,) = [time for time in stage_times(plan) if time.name == "train"]
    return [what for what, _ in train.time if what.startswith("told, teacher")]


def test_tasks_hold_the_teacher_where_whole_distributions_are_compared() -> None:
    plan = planned("local", "", arm())
    assert plan.scoring is not None
    assert plan.scoring.memory.request.shape == plan.shapes["teacher"]
    assert parts(plan) == ["told, teacher: tasks' start", "told, teacher: forward"]


def test_engines_are_asked_for_the_likeliest_and_the_sampled_token() -> None:
    for options in ({"compare": '"top_k"'}, {"compare": '"sampled"', "rounds": "{ rounds = 2 }"}):
        plan = planned("local", "", arm(**options))
        assert plan.scoring is not None
        assert plan.scoring.memory.request.shape == plan.shapes["base"], "for dpo"
        assert "told, teacher: engine start" in parts(plan)


def test_a_teacher_that_no_single_gpu_holds_is_refused_for_whole_distributions_alone() -> None:
    h100 = {"n": node("H100", 8, 192, 2048)}
    whole = planned_on(h100, "llama3-70b-to-mistral-7b", arm())
    assert "scoring loads the whole model on one GPU" in said(whole)
    asked = planned_on(h100, "llama3-70b-to-mistral-7b", arm(compare='"top_k"'))
    assert "scoring loads the whole model on one GPU" not in said(asked)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"compare": '"top_k"', "top_k": 21}, r"arms.told.top_k = 21: the teacher's engines answer at most 20; raise"),
        ({"compare": '"top_k"', "beta": 0.5}, r"beta = 0.5: compare = 'top_k' has one divergence; leave it out"),
        ({"compare": '"top_k"', "top_k": 1, "tail": "false"}, r"top_k = 1 without a tail has nothing to learn"),
        ({"compare": '"sampled"'}, r"compare = 'sampled' estimates from what the student sampled; set rounds"),
    ],
)
def test_an_arm_that_cannot_learn_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        load_recipe(RECIPES / "local.toml", [arm(**options)])


def test_a_teacher_whose_engines_hold_less_than_the_students_is_not_asked() -> None:
    with pytest.raises(RequestError, match=r"arms.told.compare = 'top_k': the teacher's engines hold 256 tokens and"):
        load_recipe(RECIPES / "local.toml", [arm(compare='"top_k"'), "engines.teacher.engine.max_context=256"])

"""What the plan says of distillation: who holds the teacher, what that takes, and who refuses."""

from typing import Any

import pytest

from cluster.errors import RequestError
from pipeline.plan.make import Plan
from pipeline.plan.outcome import stage_times, storage
from pipeline.plan.remedies import remedies
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
        *(
            (
                {"compare": '"sampled"', "rounds": "{}", key: value},
                rf"{key} = .*: compare = 'sampled' estimates the reverse KL from all .* not from chains chosen",
            )
            for key, value in (("chains", '"right"'), ("max_right", 1), ("max_wrong", 2), ("balanced", "true"))
        ),
    ],
)
def test_an_arm_that_cannot_learn_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        load_recipe(RECIPES / "local.toml", [arm(**options)])


def test_a_teacher_whose_engines_hold_less_than_the_students_is_not_asked() -> None:
    with pytest.raises(RequestError, match=r"arms.told.compare = 'top_k': the teacher's engines hold 256 tokens and"):
        load_recipe(RECIPES / "local.toml", [arm(compare='"top_k"'), "engines.teacher.engine.max_context=256"])


def on_gpus(*settings: str) -> Plan:
    """A student of 7 B of a teacher of 70 B, of one family."""
    return planned_on({"n": node("H100", 8, 192, 2048)}, "llama3-70b-to-mistral-7b", *settings)


def of_rank(plan: Plan, name: str) -> dict[str, float]:
    (ranks,) = [ranks for ranks in plan.ranks if ranks.name == name]
    return {amount.what: amount.bytes for amount in ranks.memory.on_device}


def test_ranks_hold_the_teachers_head_and_some_of_the_logits() -> None:
    """512 tokens of the student's 32,768: raw logits of both in 2 bytes and 7 tensors of 4; the head's gradient in
    float32; a head of 128,256 x 8,192 in bf16; 8,192 numbers a token, of two rows."""
    plan = on_gpus(arm())
    found, shape = of_rank(plan, "told"), plan.shapes["base"]
    tokens = plan.ranks[0].memory.request.tokens
    assert found["logits"] == 512 * shape.vocab * (2 * 2 + 7 * 4) + 4 * shape.vocab * shape.hidden
    assert found["the teacher's head"] == 2 * 128_256 * 8192
    assert found["what the teacher says"] == tokens * 8192 * 4 * 2
    mixed = of_rank(on_gpus(arm(beta=0.5)), "told")
    assert mixed["logits"] - found["logits"] == 512 * shape.vocab * 4 * 4


def test_ranks_that_are_told_the_likeliest_tokens_hold_no_head_and_the_sampled_one_nothing() -> None:
    found = of_rank(on_gpus(arm(compare='"top_k"', top_k=8)), "told")
    assert "the teacher's head" not in found
    plan = on_gpus(arm(compare='"sampled"', rounds="{ rounds = 2 }"))
    assert "what the teacher says" not in of_rank(plan, "told")
    assert of_rank(plan, "told")["logits"] == of_rank(plan, "dpo")["logits"], "TRL's kernel"


def test_what_the_teacher_says_takes_room_on_disk() -> None:
    """Hidden states of 64 numbers, 4 bytes each, as they came and as examples."""
    plan = planned("local", "", arm())
    stored = {amount.what: amount.bytes for amount in storage(plan)}
    groups = plan.demands.groups
    tokens = groups.groups * groups.chains * groups.chain
    assert stored["what the teacher says, for told"] == tokens * plan.shapes["teacher"].hidden * 4 * 2
    sampled = planned("local", "", arm(compare='"top_k"', top_k=5))
    stored = {amount.what: amount.bytes for amount in storage(sampled)}
    assert stored["what the teacher says, for told"] == tokens * 10 * 4 * 2


def test_tasks_hold_a_units_hidden_states_on_their_host() -> None:
    plan = planned("local", "", arm())
    assert plan.scoring is not None
    groups = plan.demands.groups
    (states,) = [part for part in plan.scoring.memory.on_device if part.what == "hidden states of a unit"]
    assert states.bytes == 3 * 4 * 8 * groups.chains * groups.chain * plan.shapes["teacher"].hidden
    without = planned("local").scoring
    assert without is not None
    assert "hidden states of a unit" not in {part.what for part in without.memory.on_device}


def test_log_probabilities_of_prompts_come_on_top_of_what_vllm_takes() -> None:
    """1,024 tokens of 128,256 at 10 bytes: 1.2 GiB. A GPU of which vLLM takes 99 % has 0.8 left."""
    asked = arm(compare='"top_k"')
    assert "log-probabilities of prompts" not in said(on_gpus(asked))
    full = "engines.teacher.engine.gpu_memory=0.99"
    assert "log-probabilities of prompts" not in said(on_gpus(full))
    plan = on_gpus(asked, full)
    assert "1.2 GiB for log-probabilities of prompts come on top of gpu_memory = 0.99, which leaves 0.8 GiB" in said(
        plan
    )
    assert "engines.teacher.engine.gpu_memory=0.98" in remedies(plan).together
    here = planned("local", "", asked).engines_of("teacher")
    assert here is not None
    assert "log-probabilities of prompts" in {part.what for part in here.memory.parts}


def test_more_tokens_than_the_teacher_has_are_refused() -> None:
    wide = "engines.teacher.engine.max_logprobs=100000"
    vocabulary = planned("local", "", arm()).shapes["teacher"].vocab
    planned("local", "", wide, arm(compare='"top_k"', top_k=vocabulary))
    with pytest.raises(RequestError, match=rf"^arms.told.top_k = {vocabulary + 1}: the teacher has {vocabulary:,} "):
        planned("local", "", wide, arm(compare='"top_k"', top_k=vocabulary + 1))

"""What the plan decides where a recipe says `auto`: what fits, the fastest of it, and nothing that the recipe gives."""

import json
from dataclasses import replace

import pytest

from pipeline.decisions.decide import decide
from pipeline.decisions.values import Decided, asks
from pipeline.estimates.hardware import GIB, Machines
from pipeline.estimates.rank_memory import rank_on_gpu
from pipeline.plan.as_json import as_json
from pipeline.plan.machines import find_machines
from pipeline.plan.models import model_shapes
from pipeline.plan.tokens import demands_of
from pipeline.recipe import Recipe, load_recipe
from tests.pipeline.plan.planned import HERE, PAPER, planned, planned_on
from tests.repository import RECIPES
from training.config import decided

ONE_NODE = "one-node-8xh100"


def chosen(recipe: str, *settings: str, kept: Decided | None = None, machines: Machines | None = None) -> Decided:
    loaded: Recipe = load_recipe(RECIPES / f"{recipe}.toml", settings)
    found = machines or find_machines(loaded, None, "")
    return decide(loaded, model_shapes(loaded), found, demands_of(loaded, True), fused=True, kept=kept)


def values(choice: Decided) -> tuple[int, bool, int]:
    return choice.stage, choice.gradient_checkpointing, choice.tokens_per_micro_step


def test_a_small_model_has_the_lowest_stage_the_longest_rows_and_no_recomputation() -> None:
    assert values(chosen("one-gpu")) == (1, False, 16384)


def test_a_larger_model_has_what_is_fastest_of_what_fits() -> None:
    """Under ZeRO-1 the parameters and gradients of 7 G parameters take 6 bytes each on every GPU: 40 GiB, and a row of
    4,096 tokens 20 more, with 5 % of fragments and the process too much for 68 GiB."""
    choice = chosen(ONE_NODE)
    assert values(choice) == (2, False, 6144)
    for settings in (("training.zero.stage=1",), ("training.zero.stage=2", "training.tokens_per_micro_step=8192")):
        (rank, *_) = planned(ONE_NODE, "", *settings, *not_recomputed(ONE_NODE)).ranks
        assert rank.memory.used > 0.85 * rank.memory.capacity, settings


def not_recomputed(recipe: str) -> list[str]:
    return [f"arms.{arm}.gradient_checkpointing=false" for arm in load_recipe(RECIPES / f"{recipe}.toml").arms]


@pytest.mark.parametrize("recipe", ["one-gpu", ONE_NODE, PAPER])
def test_what_is_decided_fits_with_room(recipe: str) -> None:
    plan = planned(recipe)
    assert not plan.faults
    for part in (*plan.ranks, plan.scoring):
        assert part is not None
        assert part.memory.used <= 0.85 * part.memory.capacity


def test_a_larger_model_is_recomputed_or_split_and_what_fits_nowhere_needs_least() -> None:
    """Recomputation costs a quarter, ZeRO-3 more than half (as one H100 has it). Of 14.8 G parameters ZeRO-2 needs 4.5
    bytes each on every one of 8 GPUs: 62 GiB, and 74 in all."""
    assert values(chosen(ONE_NODE, 'models.student.source="hub:Qwen/Qwen2.5-7B-Instruct"'))[0] == 2
    assert values(chosen(ONE_NODE, 'models.student.source="hub:Qwen/Qwen2.5-14B-Instruct"')) == (3, True, 16384)
    assert chosen(PAPER, 'models.student.source="hub:Qwen/Qwen2.5-32B-Instruct"').stage == 3
    nothing = chosen(ONE_NODE, 'models.student.source="hub:meta-llama/Llama-3.1-70B-Instruct"')
    assert values(nothing) == (3, True, 4096)
    assert "this least" in nothing.reason


def test_a_smaller_gpu_has_shorter_rows_or_recomputes() -> None:
    nodes = {"small": {"gpu": "L4", "gpus": 8, "cpus": 96, "memory_gib": 384}}
    plan = planned_on(nodes, "one-gpu", "engines.teacher.engine.tensor_parallel=2")
    large = planned("one-gpu").training
    assert decided(plan.training.tokens_per_micro_step) < decided(large.tokens_per_micro_step)
    assert all(rank.memory.used <= 0.85 * rank.memory.capacity for rank in plan.ranks)


def test_types_that_nothing_fits_are_left_to_others() -> None:
    """A T4 has no bfloat16 and 15 GiB; the H100's ranks have no shorter rows for it."""
    nodes = {"large": {"gpu": "H100", "gpus": 8, "cpus": 96, "memory_gib": 1024}}
    nodes["old"] = {"gpu": "T4", "gpus": 4, "cpus": 32, "memory_gib": 128}
    plan = planned_on(nodes, "one-gpu")
    assert decided(plan.training.tokens_per_micro_step) == 16384
    assert any("training.gpu='H100'" in note for note in plan.notes)


def test_no_row_is_shorter_than_the_longest_chain() -> None:
    long = ("engines.teacher.engine.max_context=32768", "episodes.max_steps=200")
    loaded = load_recipe(RECIPES / "one-gpu.toml", long)
    longest = demands_of(loaded, True).longest_chain
    assert longest > 16384
    assert longest <= chosen("one-gpu", *long).tokens_per_micro_step < longest + 256


def test_a_row_that_the_recipe_makes_too_short_is_no_reason_to_recompute() -> None:
    """What is in the way is the longest chain and not the memory, whatever is decided."""
    plan = planned("one-gpu", "", "training.tokens_per_micro_step=2048")
    assert plan.faults
    assert plan.training.zero.stage == 1
    assert not any(rank.memory.request.gradient_checkpointing for rank in plan.ranks)
    assert "the fastest" in plan.decided


def test_what_the_recipe_gives_stays() -> None:
    given = ("training.zero.stage=3", "training.tokens_per_micro_step=5000", *not_recomputed("one-gpu"))
    assert values(chosen("one-gpu", *given)) == (3, False, 8192)  # of no effect: the recipe gives every value
    plan = planned("one-gpu", "", *given)
    assert (plan.training.zero.stage, plan.training.tokens_per_micro_step) == (3, 5000)
    assert plan.decided == "auto: fused_kernels = 'on'; liger-kernel is taken to be installed"
    one = planned("one-gpu", "", "training.zero.stage=2")
    assert one.training.zero.stage == 2
    assert decided(one.training.tokens_per_micro_step) == 16384
    offloaded = planned("one-gpu", "", "training.zero.offload_optimizer='cpu'")
    assert offloaded.training.zero.stage == 3


def test_a_half_trained_arm_keeps_its_stage_and_recomputation_on_fewer_ranks() -> None:
    before = chosen(PAPER)
    assert values(before) == (2, False, 8192)
    fewer = chosen(PAPER, "training.ranks=4", kept=before)
    assert (fewer.stage, fewer.gradient_checkpointing, fewer.ranks) == (2, False, 4)
    assert fewer.tokens_per_micro_step < 8192, "each of 4 ranks has more of the states"
    recomputed = chosen(PAPER, kept=replace_struct(before, stage=3, gradient_checkpointing=True, fused_kernels="off"))
    assert (recomputed.stage, recomputed.gradient_checkpointing, recomputed.fused_kernels) == (3, True, "off")


def replace_struct(choice: Decided, **values: object) -> Decided:
    from msgspec.structs import replace as replaced

    return replaced(choice, **values)


def test_cpus_and_unknown_gpus_have_todays_values() -> None:
    auto = ("training.zero.stage='auto'", "training.tokens_per_micro_step='auto'")
    here = planned("local", "", *auto)
    assert values(chosen("local", *auto, machines=HERE)) == (3, False, 8192)
    assert (here.training.zero.stage, here.training.tokens_per_micro_step) == (3, 8192)
    assert here.decided.endswith("ranks on CPUs")
    unknown = chosen("one-gpu", machines=HERE)
    assert values(unknown) == (3, False, 8192)
    assert unknown.gpus == ()


def test_the_plan_says_what_it_decided_and_why() -> None:
    plan = planned(ONE_NODE)
    for part in ("zero.stage = 2", "tokens_per_micro_step = 6144", "gradient_checkpointing = false", "the fastest"):
        assert part in plan.decided
    assert plan.decided.endswith("is taken to be installed")
    shown = as_json(plan)
    assert shown["decided"] == plan.decided
    assert shown["training"]["dpo"]["zero_stage"] == 2
    assert json.dumps(shown)


def test_kernels_that_are_missing_here_are_planned_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """On this machine the plan looks; elsewhere it says that it takes them to be installed."""
    loaded = load_recipe(RECIPES / "one-gpu.toml")
    shapes, demands = model_shapes(loaded), demands_of(loaded, True)
    machines = find_machines(loaded, None, "")
    fused, unfused = (decide(loaded, shapes, machines, demands, fused=there) for there in (True, False))
    used = []
    for choice in (fused, unfused):
        training = replace_struct(choice, tokens_per_micro_step=4096, stage=1).applied(loaded).training
        request = replace(planned("one-gpu").ranks[0].memory.request, training=training)
        used.append(rank_on_gpu(request, machines.gpu_types()[0]).used / GIB)
    assert used[1] > used[0] + 1
    assert (fused.fused_kernels, unfused.fused_kernels) == ("on", "off")


def test_every_setting_that_is_auto_is_asked_for() -> None:
    assert asks(load_recipe(RECIPES / "one-gpu.toml")) == (
        "training.tokens_per_micro_step",
        "training.zero.stage",
        "arms.sft.gradient_checkpointing",
        "arms.dpo.gradient_checkpointing",
    )
    assert asks(load_recipe(RECIPES / "local.toml")) == ()

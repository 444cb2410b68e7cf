"""Memory of a machine without GPUs: what processes take, and what models add to it."""

from dataclasses import replace

import pytest

from cluster.engine.options import EngineConfig
from pipeline.estimates import cpu_processes
from pipeline.estimates.amounts import Amount
from pipeline.estimates.cpu_processes import (
    ENGINE_WORKER,
    GROUP_TASK,
    RANK,
    SCORE_TASK,
    TRAIN_ACTORS,
    StageMemory,
    beside_workers,
)
from pipeline.estimates.engine_memory import EngineMemory, EngineRequest, engine_on_cpu
from pipeline.estimates.hardware import GIB, MIB
from pipeline.estimates.rank_memory import RankMemory, RankRequest, layer_bytes_per_token, rank_on_cpu
from pipeline.estimates.scoring_memory import ScoringMemory, ScoringRequest, scoring_on_cpu
from pipeline.estimates.shapes import ModelShape, ShapeConfig, shape_of
from rollout.config import HostsConfig
from training.config import TrainingConfig

CONFIG = ShapeConfig(hidden_size=64, num_hidden_layers=3, num_attention_heads=4, intermediate_size=172, vocab_size=500)
SHAPE = shape_of("base", CONFIG, "the recipe")
READINGS = "measured, docs/planning.md"
IDLE = [Amount("driver", 540 * MIB, "1 process", READINGS), Amount("Ray", 450 * MIB, "7 processes", READINGS)]


def engine(role: str = "student", hosts: int = 2) -> EngineMemory:
    request = EngineRequest(
        role=role,
        shape=SHAPE,
        hosts=HostsConfig(count=hosts, cpus=1, live_episodes=8, engine=EngineConfig(kv_cache_mb=64, max_context=512)),
        mean_context=200,
        weight_bytes_each=4,
        kv_bytes_each=4,
    )
    return engine_on_cpu(request, beside_workers(request.gpus), ENGINE_WORKER, 16 * GIB)


def rank(ranks: int) -> RankMemory:
    training = TrainingConfig(ranks=ranks)
    request = RankRequest(
        shape=SHAPE,
        training=training,
        gradient_checkpointing=False,
        longest_chain=400,
        trl_head=False,
        typical_tokens=1000,
        mean_depth=300.0,
    )
    return rank_on_cpu(request, RANK)


def listed(stage: StageMemory) -> list[Amount]:
    assert stage.bytes == pytest.approx(sum(amount.bytes for amount in stage.parts))
    return list(stage.parts)


def test_a_maker_holds_weights_gradients_and_two_moments_and_what_a_batch_keeps() -> None:
    """Adam in float32: four values of 4 bytes a parameter. Logits, their softmax and its gradient: 12 bytes."""
    larger = replace(SHAPE, name="teacher", layers=5, source="another")
    stage = cpu_processes.makers([SHAPE, larger], 100.0)
    driver, *makers = listed(stage)
    assert stage.stage == "models"
    assert driver == Amount("driver", 495 * MIB, "1 process", READINGS)
    for shape, found in zip((SHAPE, larger), makers, strict=True):
        batch = 100 * (shape.layers * layer_bytes_per_token(shape, 4) + 500 * 12)
        assert found == Amount(
            f"maker of {shape.name}", 470 * MIB + 4 * 4 * shape.parameters + batch, "process + model", READINGS
        )


def test_a_maker_with_a_large_vocabulary_holds_a_part_of_the_logits() -> None:
    """Not those of all tokens, 12 bytes each, but at most 4,096 x 8,192 at a time."""
    large = replace(SHAPE, vocab=49_152, layers=0)
    grown = cpu_processes.makers([large], 20_000.0).bytes - cpu_processes.makers([large], 10_000.0).bytes
    assert grown == 10_000 * large.hidden * 4, "gradients of what the head reads"


def test_rollouts_have_engines_and_workers_that_build_groups() -> None:
    teacher = engine("teacher")
    stage = cpu_processes.rollouts(teacher)
    *idle, groups, engines = listed(stage)
    assert (stage.stage, idle) == ("rollout", IDLE)
    assert groups == Amount("groups", 870 * MIB, "2 workers", READINGS)
    assert engines == Amount("engines of the teacher", 2 * teacher.used, "2 x (2 processes + model)", READINGS)


def task(shape: ModelShape) -> ScoringMemory:
    return scoring_on_cpu(ScoringRequest(shape=shape, training=TrainingConfig()), SCORE_TASK)


def test_each_scoring_worker_has_the_model_in_float32_and_a_forward_pass() -> None:
    memory = task(SHAPE)
    assert memory.used > SCORE_TASK + 4 * SHAPE.parameters
    stage = cpu_processes.references(3, memory)
    *idle, tasks = listed(stage)
    assert (stage.stage, idle) == ("reference", IDLE)
    assert tasks == Amount("tasks that score", 3 * memory.used, "3 x (505 MiB + model, a forward pass)", READINGS)


TWO_IDLE = Amount("idle workers", 2 * SCORE_TASK, "2 workers", READINGS)


@pytest.mark.parametrize(
    ("ranks", "cores", "scored", "built", "idle"),
    [
        (1, 2, True, True, TWO_IDLE),
        (2, 2, True, True, TWO_IDLE),
        (1, 1, True, True, Amount("idle workers", SCORE_TASK, "1 workers", READINGS)),
        (2, 8, True, True, TWO_IDLE),
        (3, 8, True, True, Amount("idle workers", 3 * SCORE_TASK, "3 workers", READINGS)),
        (2, 8, False, True, Amount("idle workers", 2 * GROUP_TASK, "2 workers", READINGS)),
        (2, 8, False, False, None),
    ],
)
def test_ray_keeps_no_more_idle_workers_than_there_are_cores(
    ranks: int, cores: int, scored: bool, built: bool, idle: Amount | None
) -> None:
    assert cpu_processes.idle_workers(ranks, cores, scored, built) == idle


@pytest.mark.parametrize("left", [None, TWO_IDLE])
def test_training_has_ranks_ray_trains_actors_and_the_workers_of_the_stages_before(left: Amount | None) -> None:
    memory = rank(2)
    stage = cpu_processes.training(memory, left)
    *idle, ranks, actors = listed(stage)[:4]
    assert (stage.stage, idle) == ("train", IDLE)
    assert ranks == Amount("ranks", 2 * memory.used, "2 x (690 MiB + model, activations)", READINGS)
    assert actors == Amount("Ray Train", TRAIN_ACTORS, "controller and 5 actors", READINGS)
    assert listed(stage)[4:] == ([left] if left else [])


@pytest.mark.parametrize("left", [None, TWO_IDLE])
def test_evaluation_has_engines_and_what_is_left_of_the_stages_before(left: Amount | None) -> None:
    student = engine()
    stage = cpu_processes.evaluations(student, left)
    *idle, actor, engines = listed(stage)[:4]
    assert (stage.stage, idle) == ("evaluate", IDLE)
    assert actor == Amount("Ray Train", 120 * MIB, "one actor stays", READINGS)
    assert engines == Amount("engines of the student", 2 * student.used, "2 x (2 processes + model)", READINGS)
    assert listed(stage)[4:] == ([left] if left else [])


def test_a_model_of_the_readings_has_its_own_memory() -> None:
    """Between two sizes of model stages differ by the models alone."""
    small: ModelShape = SHAPE
    large = replace(SHAPE, layers=9)
    added = large.parameters - small.parameters
    tasks = (cpu_processes.references(1, task(shape)).bytes for shape in (large, small))
    assert next(tasks) - next(tasks) == 4 * added
    assert cpu_processes.makers([large], 0).bytes - cpu_processes.makers([small], 0).bytes == 16 * added

"""Memory of a machine without GPUs, stage by stage: processes as they were measured, and what models add.

Sizes are proportional set sizes (PSS) of the local recipe's processes on the reference machine, 2026-11-20, with the
model's own part (weights, cache, activations) taken off; docs/planning.md lists the readings.
"""

from dataclasses import dataclass

from pipeline.estimates.amounts import Amount, total
from pipeline.estimates.engine_memory import EngineMemory
from pipeline.estimates.hardware import MIB
from pipeline.estimates.rank_memory import RankMemory, layer_bytes_a_token
from pipeline.estimates.shapes import ModelShape

DRIVER = 485.0 * MIB
RAY = 390.0 * MIB
"""Control store, raylet, and the agents of one node."""
GROUP_TASK = 435.0 * MIB
SCORE_TASK = 505.0 * MIB
"""A worker with torch and transformers; it stays when its task is done."""
HOST = 550.0 * MIB
ENGINE_CORE = 515.0 * MIB
ENGINE_WORKER = 1050.0 * MIB
RANK = 690.0 * MIB
TRAIN_ACTORS = 840.0 * MIB
"""Ray Train's controller and the actors beside it."""
MAKER = 470.0 * MIB
ENGINE_HOST = HOST + ENGINE_CORE
"""An engine's processes but its workers, of which there is one for each of its devices."""
_SOURCE = "measured, docs/planning.md"


@dataclass(frozen=True, slots=True)
class StageMemory:
    """What is in memory at once, at a stage's peak."""

    stage: str
    parts: tuple[Amount, ...]

    @property
    def bytes(self) -> float:
        return total(self.parts)


def makers(shapes: list[ModelShape], tokens: float) -> StageMemory:
    """The stage that makes tiny models, a process each."""
    parts = [Amount("driver", DRIVER - 45 * MIB, "1 process", _SOURCE)]
    for shape in shapes:
        kept = tokens * shape.layers * layer_bytes_a_token(shape, 4) + tokens * shape.vocab * 12
        parts.append(Amount(f"maker of {shape.name}", MAKER + 16 * shape.parameters + kept, "process + model", _SOURCE))
    return StageMemory("models", tuple(parts))


def rollouts(engine: EngineMemory) -> StageMemory:
    """Engines of the teacher, and the worker that builds groups."""
    parts = (*_base(), Amount("groups", GROUP_TASK, "1 worker", _SOURCE), _engines(engine))
    return StageMemory("rollout", parts)


def references(ranks: int, shape: ModelShape) -> StageMemory:
    """Tasks that score chains."""
    return StageMemory("reference", (*_base(), _tasks(ranks), _models(ranks, shape)))


def training(rank: RankMemory, scored: bool) -> StageMemory:
    """Ranks, Ray Train's actors, and the workers that scored chains before (`scored`)."""
    request = rank.request
    ranks = Amount(
        "ranks", request.ranks * rank.used, f"{request.ranks} x ({RANK / MIB:.0f} MiB + model, activations)", _SOURCE
    )
    found = [*_base(), ranks, Amount("Ray Train", TRAIN_ACTORS, "controller and 5 actors", _SOURCE)]
    return StageMemory("train", tuple([*found, _tasks(request.ranks)] if scored else found))


def evaluations(engine: EngineMemory, ranks: int, scored: bool) -> StageMemory:
    """Engines of the student, and the workers that are left of the stages before."""
    found = [*_base(), Amount("Ray Train", 120 * MIB, "one actor stays", _SOURCE), _engines(engine)]
    return StageMemory("evaluate", tuple([*found, _tasks(ranks)] if scored else found))


def _base() -> tuple[Amount, ...]:
    return Amount("driver", DRIVER, "1 process", _SOURCE), Amount("Ray", RAY, "7 processes", _SOURCE)


def _engines(engine: EngineMemory) -> Amount:
    count = engine.request.count
    return Amount(
        f"engines of the {engine.request.role}",
        count * engine.used,
        f"{count} x ({2 + engine.request.gpus} processes + model)",
        _SOURCE,
    )


def _tasks(ranks: int) -> Amount:
    return Amount("scoring workers", ranks * SCORE_TASK, f"{ranks} workers", _SOURCE)


def _models(ranks: int, shape: ModelShape) -> Amount:
    return Amount("models that score", ranks * shape.weight_bytes(4), f"{ranks} x float32 weights", shape.source)

"""Memory of a machine without GPUs, stage by stage: processes as they were measured, and what models add.

Sizes are proportional set sizes (PSS) of the local recipe's processes on the reference machine, 2026-11-20 (those of
driver and Ray 2026-11-29, with the packages of requirements/real.lock installed), with the model's own part (weights,
cache, activations) taken off; docs/planning.md lists the readings.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.estimates.amounts import PLAIN_VOCABULARY, Amount, head, total
from pipeline.estimates.engine_memory import EngineMemory, processes_on_cpu
from pipeline.estimates.hardware import MIB
from pipeline.estimates.rank_memory import RankMemory, layer_bytes_per_token
from pipeline.estimates.scoring_memory import ScoringMemory
from pipeline.estimates.shapes import ModelShape

DRIVER = 540.0 * MIB
RAY = 450.0 * MIB
"""Ray's control store, raylet, and the agents of one node."""
GROUP_TASK = 435.0 * MIB
"""A worker that builds groups: there are two of them, which stay as those that score do."""
SCORE_TASK = 505.0 * MIB
"""A worker with torch and transformers, which stays when its task is done."""
HOST = 550.0 * MIB
ENGINE_CORE = 515.0 * MIB
ENGINE_WORKER = 1050.0 * MIB
RANK = 690.0 * MIB
TRAIN_ACTORS = 840.0 * MIB
"""Ray Train's controller and the actors beside it."""
MAKER = 470.0 * MIB
_SOURCE = "measured, docs/planning.md"


def beside_workers(workers: int) -> float:
    """Bytes of an engine's processes without its workers; a single worker shares the scheduler's process."""
    return HOST if workers == 1 else HOST + ENGINE_CORE


@dataclass(frozen=True, slots=True)
class StageMemory:
    """What is in memory at once, at a stage's peak."""

    stage: str
    parts: tuple[Amount, ...]

    @property
    def bytes(self) -> float:
        return total(self.parts)


_BASE = (Amount("driver", DRIVER, "1 process", _SOURCE), Amount("Ray", RAY, "7 processes", _SOURCE))


def makers(shapes: list[ModelShape], tokens: float) -> StageMemory:
    """Stage `models`: a process for each tiny model, with batches of `tokens` tokens."""
    parts = [Amount("driver", DRIVER - 45 * MIB, "1 process", _SOURCE)]
    for shape in shapes:
        plain = shape.vocab <= PLAIN_VOCABULARY
        logits = head(tokens, shape.vocab, shape.hidden, 4, plain=plain, backward=True, on_cpu=True).bytes
        kept = tokens * shape.layers * layer_bytes_per_token(shape, 4) + logits
        parts.append(Amount(f"maker of {shape.name}", MAKER + 16 * shape.parameters + kept, "process + model", _SOURCE))
    return StageMemory("models", tuple(parts))


def rollouts(engine: EngineMemory, toolboxes: Sequence[Amount] = ()) -> StageMemory:
    """Stage `rollout`: the teacher's engines, the workers that build groups, and what runs `toolboxes`."""
    groups = Amount("groups", 2 * GROUP_TASK, "2 workers", _SOURCE)
    return StageMemory("rollout", (*_BASE, groups, _engines(engine), *toolboxes))


def references(tasks: int, task: ScoringMemory) -> StageMemory:
    """Stage `reference`: tasks that score chains, each with a model."""
    how = f"{tasks} x ({SCORE_TASK / MIB:.0f} MiB + model, a forward pass)"
    return StageMemory("reference", (*_BASE, Amount("tasks that score", tasks * task.used, how, _SOURCE)))


def training(rank: RankMemory, idle: Amount | None, engine: EngineMemory | None = None) -> StageMemory:
    """Stage `train`: ranks, Ray Train's actors, the engines that stay up meanwhile, and the `idle` workers of the
    stages before, where there are some."""
    ranks = rank.request.training.ranks
    how = f"{ranks} x ({RANK / MIB:.0f} MiB + model, activations)"
    actors = Amount("Ray Train", TRAIN_ACTORS, "controller and 5 actors", _SOURCE)
    engines = () if engine is None else (_engines(engine),)
    parts = (*_BASE, Amount("ranks", ranks * rank.used, how, _SOURCE), actors, *engines)
    return StageMemory("train", parts if idle is None else (*parts, idle))


def evaluations(engine: EngineMemory, idle: Amount | None, toolboxes: Sequence[Amount] = ()) -> StageMemory:
    """Stage `evaluate`: engines, what runs `toolboxes`, and the workers that are left of the stages before."""
    parts = (*_BASE, Amount("Ray Train", 120 * MIB, "one actor stays", _SOURCE), _engines(engine), *toolboxes)
    return StageMemory("evaluate", parts if idle is None else (*parts, idle))


def idle_workers(ranks: int, cores: float, scored: bool, built: bool) -> Amount | None:
    """The workers that scored chains, one a rank, among which are those that built groups. Ray ends those that are idle
    where there are more than the machine has cores. None where there are none."""
    many = min(max(ranks * scored, 2 * built), max(1, int(cores)))
    if not many:
        return None
    return Amount("idle workers", many * (SCORE_TASK if scored else GROUP_TASK), f"{many} workers", _SOURCE)


def _engines(engine: EngineMemory) -> Amount:
    request = engine.request
    how = f"{request.hosts.count} x ({processes_on_cpu(request.gpus)} processes + model)"
    return Amount(f"engines of the {request.role}", request.hosts.count * engine.used, how, _SOURCE)

"""The stages of a run, in order.

A stage sees from the run's folder whether it is complete, and resumes where it stopped. It imports Ray, vLLM or torch
when it works, not before.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.run.folder import Run
from pipeline.stages import evaluate, groups, models, reference, report, rollout, train
from pipeline.stages.needs import STUDENT, TEACHER, TRAINING


@dataclass(frozen=True, slots=True)
class Stage:
    """`complete` reads the run's folder only. `work` makes the stage complete, or raises."""

    name: str
    complete: Callable[[Run], bool]
    work: Callable[[Run], None]
    needs_ray: bool
    needs: tuple[str, ...] = ()
    """Stages that must be complete before this one."""
    asks: tuple[str, ...] = ()
    """Sections of the recipe whose processes ask Ray for resources."""


STAGES: tuple[Stage, ...] = (
    Stage("models", models.complete, models.work, needs_ray=False),
    Stage("rollout", rollout.complete, rollout.work, needs_ray=True, needs=("models",), asks=(TEACHER,)),
    Stage("groups", groups.complete, groups.work, needs_ray=True, needs=("rollout",)),
    Stage("reference", reference.complete, reference.work, needs_ray=True, needs=("groups",), asks=(TRAINING,)),
    Stage("train", train.complete, train.work, needs_ray=True, needs=("groups",), asks=(TRAINING,)),
    Stage(
        "evaluate",
        evaluate.complete,
        evaluate.work,
        needs_ray=True,
        needs=("models", "train"),
        asks=(TEACHER, STUDENT),
    ),
    Stage("report", report.complete, report.work, needs_ray=False, needs=("evaluate",)),
)
BY_NAME = {stage.name: stage for stage in STAGES}

"""Runs stages: skips complete ones, resumes the one that is half done, and records how long each takes."""

import contextlib
import signal
import types
from collections.abc import Iterator, Sequence

from cluster import telemetry
from cluster.errors import RequestError
from pipeline.decisions.settle import settle
from pipeline.plan.prediction import predict
from pipeline.run.findings import refuse_unmet_rewards
from pipeline.run.folder import Run
from pipeline.run.inventory import close
from pipeline.run.memory_watch import watched
from pipeline.run.quiet import libraries_to
from pipeline.stages import BY_NAME, STAGES, Stage
from pipeline.stages.needs import TRAINING, note_unmet, refuse_unmet
from rollout.data import layout


def run_all(run: Run) -> bool:
    """Run every stage that is not complete, in order. Returns whether there was anything to do."""
    worked = _run(run, STAGES)
    close(run)  # also where there was nothing to do, but the last command was killed after its last stage
    return worked


def run_one(run: Run, name: str) -> bool:
    """Run one stage. Raises RequestError when a stage that it needs is not complete."""
    stage = BY_NAME[name]
    for needed in stage.needs:
        if not BY_NAME[needed].complete(run):
            raise RequestError(f"stage {name}: stage {needed} is not complete; run `chainpref {needed}` first")
    worked = _run(run, [stage])
    close(run)
    return worked


def _run(run: Run, stages: Sequence[Stage]) -> bool:
    if all(stage.complete(run) for stage in stages):
        return False
    asked = _asked(run, stages)
    refuse_unmet(run.recipe, asked)
    if TRAINING in asked:
        refuse_unmet_rewards(run)
    with contextlib.ExitStack() as session:
        session.enter_context(_terminated_as_interrupted())
        settle(run)
        predict(run)
        ray_is_up = False
        for stage in stages:  # what an earlier stage does may complete a later one, or give it more to do
            if stage.complete(run):
                continue
            if stage.needs_ray and not ray_is_up:
                session.enter_context(ray_up(run))
                note_unmet(run, asked)
                ray_is_up = True
            run.console.out(stage.name, style="bold")
            shown = telemetry.running(stage.name)
            with run.events.stage(stage.name), shown, _quiet(run), watched(run.events, stage.name):
                stage.work(run)
    return True


def _asked(run: Run, stages: Sequence[Stage]) -> list[str]:
    """Sections of the recipe whose processes the stages will start. Before there is a plan no stage is complete, and
    none can say so."""
    asked: dict[str, None] = {}
    for stage in stages:
        if not asked.keys() >= set(stage.asks) and not (run.planned and stage.complete(run)):
            asked |= dict.fromkeys(stage.asks)
    if not run.recipe.arms:
        asked.pop(TRAINING, None)
    return list(asked)


def _quiet(run: Run) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext() if run.verbose else libraries_to(run.folder / layout.DRIVER_LOG)


@contextlib.contextmanager
def ray_up(run: Run) -> Iterator[None]:
    """Start or join Ray for the block. If Ray is up already, as for the later runs of a sweep, it stays up."""
    import ray

    from cluster.jobs.session import ray_session

    if ray.is_initialized():
        yield
        return
    cluster, logs = run.recipe.cluster, run.folder / layout.LOGS
    with contextlib.ExitStack() as session:
        with _quiet(run):
            session.enter_context(
                ray_session(cluster.address, cluster.local_cpus, logs, run.verbose, f"chainpref-{run.id}")
            )
        session.enter_context(_terminated_as_interrupted())  # starting Ray here has replaced the signal handler
        telemetry.reset()
        yield


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Make SIGTERM, by which Ray's jobs and Kubernetes stop a driver, end the command like Ctrl-C, resumable."""

    def interrupt(number: int, frame: types.FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

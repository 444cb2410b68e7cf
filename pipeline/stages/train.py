"""Stage `train`: every arm of the recipe, each one after the arm that it starts from."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from cluster import telemetry
from pipeline.run.folder import Run
from pipeline.run.models import model_source
from pipeline.run.progress import progress_bar
from pipeline.stages.reference import ensure_references
from rollout.data import layout
from training.config import ArmConfig, DpoArm

if TYPE_CHECKING:
    from training.ranks.request import ArmRequest

T = TypeVar("T")


def complete(run: Run) -> bool:
    """Whether every arm's model is published."""
    return all(run.model(name).is_dir() for name in run.recipe.arms)


def work(run: Run) -> None:
    """Train the arms that are missing; one that was interrupted goes on from its newest verified checkpoint.

    Arms that wait for none of each other share their ranks' processes.
    """
    done = {"base"} | {name for name in run.recipe.arms if run.model(name).is_dir()}
    left = {name: arm for name, arm in run.recipe.arms_in_order() if name not in done}
    while left:
        ready = {name: arm for name, arm in left.items() if arm.start in done}
        _train(run, ready)
        done |= ready.keys()
        left = {name: arm for name, arm in left.items() if name not in done}


def _train(run: Run, arms: Mapping[str, ArmConfig]) -> None:
    from training.ranks.job import train_arms

    ensure_references(run, [arm for arm in arms.values() if isinstance(arm, DpoArm)])
    requests = [_request(run, name, arm) for name, arm in arms.items()]
    training = _in_background(lambda: train_arms(requests))
    for request in requests:
        _watch(run, request, training)
    training.result()


def _request(run: Run, name: str, arm: ArmConfig) -> "ArmRequest":
    from training.ranks.request import ArmRequest

    return ArmRequest(
        name=name,
        arm=arm,
        training=run.recipe.training,
        start_model=model_source(run, arm.start),
        run=run.store.uri,
        groups=layout.groups(run.student),
        model_dir=run.model(name),
        checkpoint_dir=run.folder / layout.checkpoints(name),
        log_path=run.folder / layout.training_log(name),
        reference=layout.reference(run.student),
    )


def _watch(run: Run, request: "ArmRequest", training: "Future[None]") -> None:
    """Show an arm's progress until its model is there, and record it. Raises what the training raised."""
    from training.ranks.metrics import read_metrics

    started = time.monotonic()
    title = f"{request.name} ({request.arm.method} from {request.arm.start})"
    details: dict[str, float] = {}
    with progress_bar(run.console, title, 1.0) as bar:
        steps = 0
        while not training.done() and not request.model_dir.is_dir():
            time.sleep(0.5)
            if rows := read_metrics(request.metrics_path):
                last = rows[-1]
                _count_steps(run, request, last)
                loss = f"loss {last['loss']:.4f}" if "loss" in last else ""
                bar.update(float(last["step"]), loss, total=float(last.get("steps", last["step"])))
        if training.done():
            training.result()
        if rows := read_metrics(request.metrics_path):
            _count_steps(run, request, rows[-1])
            steps = int(rows[-1]["step"])
            if peak := max(row.get("device_memory", 0) for row in rows):
                details["device_memory"] = peak
        bar.update(steps, total=steps)
    seconds = round(time.monotonic() - started, 3)
    run.events.add("arm trained", arm=request.name, steps=steps, seconds=seconds, **details)


def _count_steps(run: Run, request: "ArmRequest", last: Mapping[str, float]) -> None:
    """The stage's units are optimizer steps, of the arms that have begun."""
    steps = int(last["step"])
    telemetry.report_units(f"{run.folder}/{request.name}", "train", steps, int(last.get("steps", steps)))


def _in_background(call: Callable[[], T]) -> "Future[T]":
    """The call's result, to come. Its thread is a daemon: Ctrl-C ends the command without waiting for it, and the
    end of the Ray session ends what it started."""
    result: Future[T] = Future()

    def run() -> None:
        try:
            result.set_result(call())
        except BaseException as error:
            result.set_exception(error)

    Thread(target=run, daemon=True).start()
    return result

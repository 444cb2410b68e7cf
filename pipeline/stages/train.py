"""Stage `train`: every arm of the recipe, each one after the arm that it starts from."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

from pipeline.hosts import model_source
from pipeline.progress import progress_bar
from pipeline.run_folder import Run
from pipeline.stages.reference import ensure_reference, reference_prefix
from rollout.group_units import group_prefix
from training.config import ArmConfig, DpoArm

T = TypeVar("T")


def complete(run: Run) -> bool:
    """Whether every arm's model is published."""
    return all(run.model(name).is_dir() for name in run.recipe.arms)


def work(run: Run) -> None:
    """Train the arms that are missing; one that was interrupted goes on from its newest verified checkpoint."""
    for name, arm in run.recipe.arms_in_order():
        if not run.model(name).is_dir():
            _train(run, name, arm)


def _train(run: Run, name: str, arm: ArmConfig) -> None:
    from training.job import train_arm
    from training.metrics import read_metrics
    from training.request import ArmRequest

    if isinstance(arm, DpoArm):
        ensure_reference(run, arm)
    request = ArmRequest(
        name=name,
        arm=arm,
        training=run.recipe.training,
        start_model=model_source(run, arm.start),
        run=run.store.uri,
        groups=group_prefix(run.student),
        model_dir=run.model(name),
        checkpoint_dir=run.folder / "checkpoints" / name,
        log_path=run.folder / "logs" / f"train-{name}.log",
        reference=reference_prefix(run),
    )
    with progress_bar(run.console, f"{name} ({arm.method} from {arm.start})", 1.0) as bar:
        training = _in_background(lambda: train_arm(request))
        while not training.done():
            time.sleep(0.5)
            if rows := read_metrics(request.metrics_path):
                last = rows[-1]
                loss = f"loss {last['loss']:.4f}" if "loss" in last else ""
                bar.update(float(last["step"]), loss, total=float(last.get("steps", last["step"])))
        result = training.result()
        bar.update(result.steps, total=result.steps)
    run.events.add("arm trained", arm=name, steps=result.steps, seconds=round(result.seconds, 3))


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

"""Watches ranks while they train arms: progress for the terminal, for events.jsonl and for the metrics."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING

from cluster import telemetry
from pipeline.run.arms import counts_of
from pipeline.run.folder import Run
from pipeline.run.progress import progress_bar
from pipeline.stages.arms.spent import Spent
from pipeline.stages.needs import TRAINING, Wait, await_ranks, need_of

if TYPE_CHECKING:
    from training.ranks.request import ArmRequest

_LOOK_EVERY_S = 5.0
"""How often the nodes are looked at while ranks work."""


def train_watched(
    run: Run,
    requests: "Sequence[ArmRequest]",
    spent: Spent,
    ended: "Callable[[ArmRequest, dict[str, float]], None]",
) -> None:
    """Train these arms one after the other on the ranks, once these are free. `ended` is called with each arm, its
    steps and its counts. In `spent` what ranks do for an arm is its own. Raises what the training raises."""
    from training.ranks.job import train_arms

    await_ranks(run, run.recipe.training.ranks)
    before = {request.name for request in requests if request.model_dir.is_dir()}
    for request in requests:
        request.began.unlink(missing_ok=True)
    training = _in_background(partial(train_arms, requests))
    for request in requests:
        counts = _watch(run, request, training, spent)
        # What an earlier session trained to its end is no work of this one.
        ended(request, counts | {"trained_seconds": 0.0} if request.name in before else counts)
    training.result()


def _watch(run: Run, request: "ArmRequest", training: "Future[None]", spent: Spent) -> dict[str, float]:
    """Show an arm's progress until its model is there. Raises what the training raised."""
    from training.ranks.metrics import read_metrics

    title = request.title or f"{request.name} ({request.arm.method} from {request.arm.start})"
    with ExitStack() as own, progress_bar(run.console, title, 1.0) as bar:
        began = ended = False
        wait, look_at = Wait(run, need_of(run.recipe, TRAINING, ())), time.monotonic()
        while not ended:
            time.sleep(0.5)
            if time.monotonic() >= look_at:  # a node may be lost with its ranks
                wait.short()
                look_at = time.monotonic() + _LOOK_EVERY_S
            if not began and request.began.exists():  # before, it shares the start of the ranks
                own.enter_context(spent.own(request.name))
                began = True
            ended = training.done() or request.model_dir.is_dir()
            if rows := read_metrics(request.metrics_path):
                last = rows[-1]
                step, planned = int(last["step"]), int(last.get("steps", last["step"]))
                telemetry.report_units(f"{run.folder}/{request.name}", "train", step, planned)
                bar.update(step, f"loss {last['loss']:.4f}" if "loss" in last else "", total=planned)
        if training.done():
            training.result()
        counts = counts_of(rows)
        bar.update(counts["steps"], total=counts["steps"])
    return counts


def _in_background(call: Callable[[], None]) -> "Future[None]":
    """Start the call in a daemon thread, so that Ctrl-C ends the command without waiting for it; the end of the Ray
    session then ends what the call started."""
    result: Future[None] = Future()

    def run() -> None:
        try:
            call()
            result.set_result(None)
        except BaseException as error:
            result.set_exception(error)

    Thread(target=run, daemon=True).start()
    return result

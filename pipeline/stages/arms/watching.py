"""Watches ranks while they train arms: progress for the terminal, for events.jsonl and for the metrics."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING

from cluster import telemetry
from pipeline.run.folder import Run
from pipeline.run.progress import progress_bar
from pipeline.stages.needs import TRAINING, Wait, await_ranks, need_of

if TYPE_CHECKING:
    from training.ranks.request import ArmRequest

_LOOK_EVERY_S = 5.0
"""How often the nodes are looked at while ranks work."""
_COUNTED = ("chains", "chains_of_pass", "passes", "tokens")
"""What an arm was trained on, as its trainer counted it."""


def train_watched(
    run: Run, requests: "Sequence[ArmRequest]", ended: "Callable[[ArmRequest, dict[str, float]], None]"
) -> None:
    """Train these arms one after the other on the ranks, once these are free. `ended` is called with each arm and its
    steps, seconds and counts. Raises what the training raises."""
    from training.ranks.job import train_arms

    await_ranks(run, run.recipe.training.ranks)
    before = {request.name for request in requests if request.model_dir.is_dir()}
    training = _in_background(partial(train_arms, requests))
    for request in requests:
        counts = _watch(run, request, training)
        # What an earlier session trained to its end is no work of this one.
        ended(request, counts | {"trained_seconds": 0.0} if request.name in before else counts)
    training.result()


def _watch(run: Run, request: "ArmRequest", training: "Future[None]") -> dict[str, float]:
    """Show and record an arm's progress until its model is there. Raises what the training raised."""
    from training.ranks.metrics import read_metrics

    title = request.title or f"{request.name} ({request.arm.method} from {request.arm.start})"
    with _interruption_recorded(run, request.name) as started, progress_bar(run.console, title, 1.0) as bar:
        ended = False
        wait, look_at = Wait(run, need_of(run.recipe, TRAINING, ())), time.monotonic()
        while not ended:
            time.sleep(0.5)
            if time.monotonic() >= look_at:  # a node may be lost with its ranks
                wait.short()
                look_at = time.monotonic() + _LOOK_EVERY_S
            ended = training.done() or request.model_dir.is_dir()
            if rows := read_metrics(request.metrics_path):
                last = rows[-1]
                step, planned = int(last["step"]), int(last.get("steps", last["step"]))
                telemetry.report_units(f"{run.folder}/{request.name}", "train", step, planned)
                bar.update(step, f"loss {last['loss']:.4f}" if "loss" in last else "", total=planned)
        if training.done():
            training.result()
        steps = int(rows[-1]["step"]) if rows else 0
        bar.update(steps, total=steps)
    details: dict[str, float] = {"steps": steps, "seconds": round(time.monotonic() - started, 3)}
    details["trained_seconds"] = rows[-1].get("seconds", 0.0) if rows else 0.0
    details |= {key: rows[-1][key] for key in _COUNTED if rows and key in rows[-1]}
    if peak := max((row.get("device_memory", 0) for row in rows), default=0):
        details["device_memory"] = peak
    return details


@contextmanager
def _interruption_recorded(run: Run, arm: str) -> Iterator[float]:
    """Give the time at the start of a session of an arm's training, and record how long it took if it does not end
    the training: the arm's cost is that of all its sessions."""
    started = time.monotonic()
    try:
        yield started
    except BaseException:
        run.events.add("arm interrupted", arm=arm, seconds=round(time.monotonic() - started, 3))
        raise


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

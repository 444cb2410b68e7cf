"""Stage `train`: trains every arm of the recipe, each one after the arm that it starts from."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING

from cluster import telemetry
from cluster.engine.model_source import local_tokenizer
from pipeline.decisions.settle import settle
from pipeline.decisions.values import decided_recipe
from pipeline.run.arms import begin_arm
from pipeline.run.folder import Run
from pipeline.run.models import model_source
from pipeline.run.progress import progress_bar
from pipeline.stages.needs import TRAINING, Wait, await_ranks, need_of
from pipeline.stages.probes import probe_text
from pipeline.stages.reference import ensure_references
from rollout.data import layout

if TYPE_CHECKING:
    from training.ranks.request import ArmRequest

_LOOK_EVERY_S = 5.0
"""How often the nodes are looked at while ranks work."""


def complete(run: Run) -> bool:
    """Whether every arm's model is published."""
    return all(run.model(name).is_dir() for name in run.recipe.arms)


def work(run: Run) -> None:
    """Train the arms that are missing; an interrupted one resumes from its newest verified checkpoint.

    Arms that do not start from each other are trained in the same processes, one after the other.
    """
    from training.ranks.job import train_arms
    from training.ranks.request import ArmRequest

    if run.recipe.training.gpus_per_rank and not complete(run):
        # On a cluster that grows, their GPUs may not have been there when the run began.
        await_ranks(run, run.recipe.training.ranks)
        settle(run)
    recipe = decided_recipe(run)
    done = {"base"} | {name for name in recipe.arms if run.model(name).is_dir()}
    left = {name: arm for name, arm in recipe.arms_in_order() if name not in done}
    served = not run.recipe.engines.student.scripted
    probe = probe_text(run, local_tokenizer(model_source(run, "base"))) if left and served else None
    while left:
        ready = {name: arm for name, arm in left.items() if arm.start in done}
        ensure_references(run, ready)
        requests = [
            ArmRequest(
                name=name,
                arm=arm,
                training=recipe.training,
                start_model=model_source(run, arm.start),
                run=run.store.uri,
                groups=layout.groups(run.student),
                model_dir=run.model(name),
                checkpoint_dir=run.folder / layout.checkpoints(name),
                log_path=run.folder / layout.training_log(name),
                reference=layout.reference(run.student),
                probe=probe,
                units=begin_arm(run, name),
            )
            for name, arm in ready.items()
        ]
        await_ranks(run, recipe.training.ranks)
        training = _in_background(partial(train_arms, requests))
        for request in requests:
            _watch(run, request, training)
        training.result()
        done |= ready.keys()
        left = {name: arm for name, arm in left.items() if name not in done}


def _watch(run: Run, request: "ArmRequest", training: "Future[None]") -> None:
    """Show and record an arm's progress until its model is there. Raises what the training raised."""
    from training.ranks.metrics import read_metrics

    title = f"{request.name} ({request.arm.method} from {request.arm.start})"
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
    # What the arm was trained on, as its trainer counted it.
    counted = ("chains", "chains_of_pass", "passes", "tokens")
    details: dict[str, float] = {key: rows[-1][key] for key in counted if rows and key in rows[-1]}
    if peak := max((row.get("device_memory", 0) for row in rows), default=0):
        details["device_memory"] = peak
    seconds = round(time.monotonic() - started, 3)
    run.events.add("arm trained", arm=request.name, steps=steps, seconds=seconds, **details)


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

"""Makes models in processes of their own, whose memory is free again before an engine starts, and shows how far they
are."""

import multiprocessing
import os
import queue
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cluster.errors import ChainprefError, WorkError
from pipeline.run.folder import Run
from pipeline.run.progress import progress_bar

Report = Callable[[Any], None]
"""Takes a `TinyProgress`."""


@dataclass(frozen=True, slots=True)
class Job:
    """A model to make. `make` is a module's function, or a partial one, that is called in another process with where
    to report progress, and returns what can be sent back."""

    make: Callable[[Report], Any]
    steps: int = 1


def made_together(run: Run, title: str, jobs: Mapping[str, Job]) -> dict[str, Any]:
    """Do all `jobs` at the same time; they share the cores. Returns what each made, by the job's name.

    Raises what a job raised, and WorkError for one that ended without a word.
    """
    spawn = multiprocessing.get_context("spawn")
    reports = spawn.Queue()
    threads = max(1, len(os.sched_getaffinity(0)) // len(jobs))
    making = {
        name: spawn.Process(target=_make, args=(name, job, threads, reports), daemon=True) for name, job in jobs.items()
    }
    steps = sum(job.steps for job in jobs.values())
    at: dict[str, Any] = {}
    made: dict[str, Any] = {}
    try:
        for process in making.values():
            process.start()
        with progress_bar(run.console, title, steps) as bar:
            while making.keys() - made.keys():
                try:
                    name, kind, what = reports.get(timeout=1.0)
                except queue.Empty:
                    for name in making.keys() - made.keys():
                        if (code := making[name].exitcode) is not None:
                            raise WorkError(f"making {name} ended with exit code {code}") from None
                    continue
                if kind == "raised":
                    raise what
                if kind == "made":
                    made[name] = what
                else:
                    at[name] = what
                    losses = ", ".join(f"{name} loss {progress.loss:.3f}" for name, progress in at.items())
                    bar.update(sum(progress.step for progress in at.values()), losses)
            bar.update(steps)
    finally:
        for process in making.values():
            process.terminate()
    return made


def _make(name: str, job: Job, threads: int, reports: Any) -> None:
    """Do a job, in a process of its own: report its progress and, last, what it made, or its error."""
    import torch

    torch.set_num_threads(threads)
    every = max(1, job.steps // 100)
    parent = os.getppid()

    def report(at: Any) -> None:
        if os.getppid() != parent:
            raise SystemExit("the command that started this process has ended")
        if at.step % every == 0:
            reports.put((name, "at", at))

    try:
        reports.put((name, "made", job.make(report)))
    except ChainprefError as error:
        reports.put((name, "raised", error))

"""Stage `models`: tiny models made from scratch, or a look at those that the recipe names."""

import multiprocessing
import os
import queue
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from cluster.engine.model_source import local_tokenizer
from cluster.errors import RequestError, WorkError, first_line
from cluster.store.atomic import atomic_folder
from pipeline.recipe import GIVEN_MODELS, ModelSection
from pipeline.run.folder import Run
from pipeline.run.progress import Bar, progress_bar
from pipeline.run.suites import suite_episodes
from pipeline.run.workload import make_workload, suite_problems
from rollout.data import layout
from training.tiny.config import TinyConfig


def complete(run: Run) -> bool:
    """Whether both models are there and the problems are planned."""
    made = (name for name, model in _sections(run).items() if model.tiny is not None)
    return run.store.exists(layout.PLAN) and all(run.model(name).is_dir() for name in made)


def work(run: Run) -> None:
    """Plan the problems, check the models that are given, make the tiny ones that are missing."""
    _check_given(run)
    workload = make_workload(run)
    held_out = ", ".join(f"{suite} {count:,}" for suite, count in workload.suites.items())
    dropped = (
        f" ({workload.dropped_duplicates:,} dropped, too like held-out ones)" if workload.dropped_duplicates else ""
    )
    run.console.print(
        f"  {workload.train_problems:,} problems to roll out{dropped}; held out: {held_out}",
        highlight=False,
        soft_wrap=True,
    )
    missing = {
        name: model for name, model in _sections(run).items() if model.tiny is not None and not run.model(name).is_dir()
    }
    if missing:
        _make_all(run, missing)


def _check_given(run: Run) -> None:
    """Raise RequestError for a given model that is not there, or that cannot be asked as the recipe says."""
    given = {name: model.source for name, model in _sections(run).items() if model.tiny is None}
    asked = dict.fromkeys([run.recipe.episodes.call_format])
    asked.update((config.call_format, None) for config in suite_episodes(run.recipe).values())
    for name, source in given.items():
        from rollout.prompts.native_template import open_template

        folder = local_tokenizer(source)
        for call_format in asked:
            try:
                open_template(folder, call_format)
            except (OSError, ValueError) as error:  # RequestError is a ValueError, too
                raise RequestError(f"models.{name}.source: {first_line(error)}") from error


def models_cache(run: Run) -> Path:
    """Where tiny models are kept for the next run. Raises RequestError where nothing can be written there."""
    folder = Path(run.recipe.models.cache or run.folder.parent / ".models").absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # one that is there may be another user's, or read-only
            pass
    except OSError as error:
        raise RequestError(
            f"models.cache: {folder} cannot be made ({error.strerror}); set models.cache to a folder that can"
        ) from None
    return folder


def _sections(run: Run) -> dict[str, ModelSection]:
    return {name: run.recipe.model(name) for name in GIVEN_MODELS}


def _make_all(run: Run, missing: dict[str, ModelSection]) -> None:
    """One process a model, the cores shared out: matrices this small gain nothing from a second thread."""
    from training.tiny.corpus import Corpus
    from training.tiny.model import ensure_tokenizer

    cache = models_cache(run)
    episodes = run.recipe.episodes
    families = tuple(family for family in run.recipe.problems.values() if family.corpus_parts)
    corpus = Corpus(families, episodes.call_format, episodes.verbosity, episodes.calls, episodes.max_failed_steps)
    corpus = corpus.holding_out(problem for suite in suite_problems(run).values() for problem in suite)
    tokenizer = ensure_tokenizer(run.recipe.models.tokenizer, corpus, cache)
    spawn = multiprocessing.get_context("spawn")
    reports = spawn.Queue()
    threads = max(1, len(os.sched_getaffinity(0)) // len(missing))
    making = {
        name: spawn.Process(
            target=_make_one, args=(name, model.tiny, corpus, tokenizer, cache, threads, reports), daemon=True
        )
        for name, model in missing.items()
    }
    steps = sum(model.tiny.steps for model in missing.values() if model.tiny is not None)
    try:
        for process in making.values():
            process.start()
        with progress_bar(run.console, f"{' and '.join(missing)}, from scratch", steps) as bar:
            for name, folder in _made(making, reports, bar):
                with atomic_folder(run.model(name)) as copy:
                    shutil.copytree(folder, copy, dirs_exist_ok=True)
            bar.update(steps)
    finally:
        for process in making.values():
            process.terminate()


def _made(making: Mapping[str, BaseProcess], reports: Any, bar: Bar) -> Iterator[tuple[str, Path]]:
    """Each model's name and folder as soon as it is made. Raises WorkError when a process ends without one."""
    at: dict[str, Any] = {}
    left = set(making)
    while left:
        try:
            name, report = reports.get(timeout=1.0)
        except queue.Empty:
            ended = [name for name in left if making[name].exitcode is not None]
            if ended:
                raise WorkError(f"making {ended[0]} ended with exit code {making[ended[0]].exitcode}") from None
            continue
        if isinstance(report, Path):
            left.discard(name)
            yield name, report
            continue
        at[name] = report
        bar.update(sum(p.step for p in at.values()), ", ".join(f"{n} loss {p.loss:.3f}" for n, p in at.items()))


def _make_one(
    name: str, config: TinyConfig, corpus: Any, tokenizer: Path, cache: Path, threads: int, reports: Any
) -> None:
    """Runs in a process of its own; what it reports last is the folder of the model."""
    import torch

    from training.tiny.model import ensure_tiny

    torch.set_num_threads(threads)
    every = max(1, config.steps // 100)
    parent = os.getppid()

    def report(at: Any) -> None:
        if os.getppid() != parent:
            raise SystemExit("the command that asked for this model is gone")
        if at.step % every == 0:
            reports.put((name, at))

    reports.put((name, ensure_tiny(config, corpus, tokenizer, cache, report)))

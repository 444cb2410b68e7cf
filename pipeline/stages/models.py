"""Stage `models`: draws the problems, checks the models that the recipe names, and makes the tiny ones."""

import multiprocessing
import os
import queue
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cluster.engine.model_source import local_tokenizer
from cluster.errors import RequestError, WorkError, first_line
from cluster.store.atomic import atomic_folder
from pipeline.recipe import GIVEN_MODELS
from pipeline.run.draws import dropped_line
from pipeline.run.folder import Run
from pipeline.run.progress import progress_bar
from pipeline.run.suites import suite_episodes, tiny_corpus
from pipeline.run.workload import make_workload, outgrown, suite_problems
from training.tiny.config import TinyConfig


def complete(run: Run) -> bool:
    """Whether the tiny models are made, and all is planned that the recipe asks for."""
    return run.planned and not outgrown(run) and not _missing(run)


def work(run: Run) -> None:
    """Check the given models, plan the problems, and make the tiny models that are missing.

    Raises RequestError for a given model that is not there, or whose template does not know a call format.
    """
    asked = dict.fromkeys([run.recipe.episodes.call_format])
    asked |= {config.call_format: None for config in suite_episodes(run.recipe).values()}
    for name in GIVEN_MODELS:
        if run.recipe.model(name).tiny is None:
            from rollout.prompts.native_template import open_template

            folder = local_tokenizer(run.recipe.model(name).source)
            for call_format in asked:
                try:
                    open_template(folder, call_format)
                except (OSError, ValueError) as error:  # RequestError is a ValueError, too
                    raise RequestError(f"models.{name}.source: {first_line(error)}") from error
    workload = make_workload(run)
    held_out = ", ".join(f"{suite} {count:,}" for suite, count in workload.suites.items())
    run.console.out(f"  {workload.train_problems:,} problems to roll out; held out: {held_out}")
    for section, dropped in workload.dropped.items():
        run.console.out(f"  {dropped_line(section, dropped)} (`chainpref problems RECIPE --check N` names some)")
    if missing := _missing(run):
        _make_all(run, missing)


def _missing(run: Run) -> dict[str, TinyConfig]:
    """The tiny models that are not made yet."""
    tiny = {name: run.recipe.model(name).tiny for name in GIVEN_MODELS}
    return {name: model for name, model in tiny.items() if model is not None and not run.model(name).is_dir()}


def models_cache(run: Run) -> Path:
    """The folder where tiny models are kept for later runs. Raises RequestError when it cannot be written."""
    folder = Path(run.recipe.models.cache or run.folder.parent / ".models").absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # an existing folder may be another user's, or read-only
            pass
    except OSError as error:
        raise RequestError(
            f"models.cache: {folder} cannot be made ({error.strerror}); set models.cache to a folder that can"
        ) from None
    return folder


def _make_all(run: Run, missing: Mapping[str, TinyConfig]) -> None:
    """Make every model in a process of its own, at the same time; the processes share the cores."""
    from training.tiny.model import ensure_tokenizer

    cache = models_cache(run)
    held_out = (problem for suite in suite_problems(run).values() for problem in suite)
    corpus = tiny_corpus(run.recipe).holding_out(held_out)
    tokenizer = ensure_tokenizer(run.recipe.models.tokenizer, corpus, cache)
    spawn = multiprocessing.get_context("spawn")
    reports = spawn.Queue()
    threads = max(1, len(os.sched_getaffinity(0)) // len(missing))
    making = {
        name: spawn.Process(
            target=_make_one, args=(name, model, corpus, tokenizer, cache, threads, reports), daemon=True
        )
        for name, model in missing.items()
    }
    steps = sum(model.steps for model in missing.values())
    at: dict[str, Any] = {}
    made: set[str] = set()
    try:
        for process in making.values():
            process.start()
        with progress_bar(run.console, f"{' and '.join(missing)}, from scratch", steps) as bar:
            while making.keys() - made:
                try:
                    name, report = reports.get(timeout=1.0)
                except queue.Empty:
                    for name in making.keys() - made:
                        if (code := making[name].exitcode) is not None:
                            raise WorkError(f"making {name} ended with exit code {code}") from None
                    continue
                if isinstance(report, Path):
                    with atomic_folder(run.model(name)) as copy:
                        shutil.copytree(report, copy, dirs_exist_ok=True)
                    made.add(name)
                else:
                    at[name] = report
                    losses = ", ".join(f"{name} loss {progress.loss:.3f}" for name, progress in at.items())
                    bar.update(sum(progress.step for progress in at.values()), losses)
            bar.update(steps)
    finally:
        for process in making.values():
            process.terminate()


def _make_one(
    name: str, config: TinyConfig, corpus: Any, tokenizer: Path, cache: Path, threads: int, reports: Any
) -> None:
    """Make a model, in a process of its own. It reports its progress and, last, the model's folder."""
    import torch

    from training.tiny.model import ensure_tiny

    torch.set_num_threads(threads)
    every = max(1, config.steps // 100)
    parent = os.getppid()

    def report(at: Any) -> None:
        if os.getppid() != parent:
            raise SystemExit("the command that started this process has ended")
        if at.step % every == 0:
            reports.put((name, at))

    reports.put((name, ensure_tiny(config, corpus, tokenizer, cache, report)))

"""Stage `models`: tiny models made from scratch, or a look at those that the recipe names."""

import os
import shutil
import uuid
from pathlib import Path

from cluster.model_source import local_model
from pipeline.progress import progress_bar
from pipeline.recipe import ModelSection
from pipeline.run_folder import Run
from pipeline.workload import make_workload


def complete(run: Run) -> bool:
    """Whether both models are there and the problems are planned."""
    made = (name for name, model in _sections(run).items() if model.tiny is not None)
    return run.store.exists("plan.json") and all(run.model(name).is_dir() for name in made)


def work(run: Run) -> None:
    """Plan the problems, make the tiny models that are missing, check those that are given."""
    workload = make_workload(run)
    held_out = ", ".join(f"{suite} {count:,}" for suite, count in workload.suites.items())
    dropped = (
        f" ({workload.dropped_duplicates:,} dropped, too like held-out ones)" if workload.dropped_duplicates else ""
    )
    run.console.print(
        f"  {workload.train_problems:,} problems to roll out{dropped}; held out: {held_out}", highlight=False
    )
    for name, model in _sections(run).items():
        if model.tiny is None:
            local_model(model.source)
        elif not run.model(name).is_dir():
            _make_tiny(run, name, model)


def _sections(run: Run) -> dict[str, ModelSection]:
    return {"teacher": run.recipe.models.teacher, "base": run.recipe.models.student}


def _make_tiny(run: Run, name: str, model: ModelSection) -> None:
    from training.corpus import Corpus
    from training.tiny import ensure_tiny, ensure_tokenizer

    assert model.tiny is not None
    cache = Path(run.recipe.models.cache).absolute()
    episodes = run.recipe.episodes
    corpus = Corpus(
        tuple(run.recipe.problems.values()),
        episodes.call_format,
        episodes.verbosity,
        episodes.calls,
        episodes.max_failed_steps,
    )
    tokenizer = ensure_tokenizer(run.recipe.models.tokenizer, corpus, cache)
    with progress_bar(run.console, f"{name}, from scratch", model.tiny.steps) as bar:
        made = ensure_tiny(
            model.tiny,
            corpus,
            tokenizer,
            cache,
            lambda at: bar.update(at.step, f"loss {at.loss:.3f}"),
        )
        bar.update(model.tiny.steps)
    _publish_copy(made, run.model(name))


def _publish_copy(source: Path, target: Path) -> None:
    """A copy that is either whole or not there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.parent / f".tmp-{uuid.uuid4().hex}"
    try:
        shutil.copytree(source, temporary)
        os.rename(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)

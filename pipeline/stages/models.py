"""Stage `models`: draws the problems, checks the models that the recipe names, and makes those that are made here."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.engine.gguf_file import is_gguf
from cluster.engine.model_source import local_model, local_tokenizer
from cluster.engine.probe import ProbeReading, ProbeText
from cluster.errors import RequestError, first_line
from cluster.store.atomic import atomic_folder
from pipeline.recipe import GIVEN_MODELS, HostKind
from pipeline.run.draws import dropped_line
from pipeline.run.findings import refuse_unmet_rewards
from pipeline.run.folder import Run
from pipeline.run.models import served_model
from pipeline.run.suites import corpus_of, suite_episodes
from pipeline.run.workload import make_workload, outgrown, suite_problems
from pipeline.stages.arms.helping import refuse_missing_help
from pipeline.stages.arms.room import refuse_long_prompts
from pipeline.stages.arms.targets import refuse_other_tokenizers
from pipeline.stages.making import Job, made_together
from pipeline.stages.probes import keep_reading, probe_text
from training.tiny.config import TinyConfig, WarmConfig

if TYPE_CHECKING:
    from training.tiny.corpus import Corpus


def complete(run: Run) -> bool:
    """Whether the models are made that are made here, and all is planned that the recipe asks for."""
    return run.planned and not outgrown(run) and not _missing(run)


def work(run: Run) -> None:
    """Check the given models, plan the problems, and make the models that are missing.

    Raises RequestError for a given model that is not there or cannot be taken, or whose template does not know a call
    format; nothing is planned then.
    """
    converted = _converted(run)
    for name in GIVEN_MODELS:
        source = run.recipe.model(name).source
        if source and not is_gguf(source):
            _refuse_template(run, name, local_tokenizer(source))
    for name, folder in converted.items():
        _refuse_template(run, name, folder)
    workload = make_workload(run)
    refuse_missing_help(run)
    refuse_unmet_rewards(run)
    held_out = ", ".join(f"{suite} {count:,}" for suite, count in workload.suites.items())
    run.console.out(f"  {workload.train_problems:,} problems to roll out; held out: {held_out}")
    for section, dropped in workload.dropped.items():
        run.console.out(f"  {dropped_line(section, dropped)} (`chainpref problems RECIPE --check N` names some)")
    tokenizers = _tokenizers(run, converted)
    refuse_other_tokenizers(tokenizers, run.recipe.arms)
    refuse_long_prompts(run, tokenizers)
    for name, folder in converted.items():
        if run.recipe.model(name).learns is None:
            _keep(run, name, folder)
    if learning := {name: learns for name in _missing(run) if (learns := run.recipe.model(name).learns) is not None}:
        _make_learning(run, learning, tokenizers)


def models_cache(run: Run) -> Path:
    """The folder where made models are kept for later runs. Raises RequestError when it cannot be written."""
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


def _missing(run: Run) -> list[str]:
    """The models that are made here, and are not yet."""
    return [name for name in GIVEN_MODELS if run.recipe.model(name).made and not run.model(name).is_dir()]


def _refuse_template(run: Run, name: str, folder: Path) -> None:
    """Raise RequestError where the tokenizer in `folder` cannot be used with a call format of the recipe."""
    from rollout.prompts.native_template import open_template

    asked = dict.fromkeys([run.recipe.episodes.call_format])
    asked |= {config.call_format: None for config in suite_episodes(run.recipe).values()}
    for call_format in asked:
        try:
            open_template(folder, call_format, run.recipe.episodes.thoughts == "forbid")
        except (OSError, ValueError) as error:  # RequestError is a ValueError, too
            raise RequestError(f"models.{name}.source: {first_line(error)}") from error


def _converted(run: Run) -> dict[str, Path]:
    """The folders of the missing models that are GGUF files, in the cache; a file is converted once."""
    sources = {name: run.recipe.model(name).source for name in _missing(run)}
    sources = {name: source for name, source in sources.items() if is_gguf(source)}
    if not sources:
        return {}
    from training.gguf_model import ensure_converted

    job = partial(ensure_converted, root=models_cache(run))
    folders = {
        source: made_together(run, f"{Path(source).name}, from GGUF", {"it": Job(partial(job, source))})
        for source in dict.fromkeys(sources.values())
    }
    return {name: folders[source]["it"] for name, source in sources.items()}


def _tokenizers(run: Run, converted: Mapping[str, Path]) -> dict[str, Path]:
    """The folder of each model's tokenizer, which is there before minutes of training make its weights."""
    from training.tiny.model import ensure_tokenizer

    @cache
    def of_tiny_models() -> Path:
        return ensure_tokenizer(run.recipe.models.tokenizer, _corpus(run), models_cache(run))

    def folder_of(name: str) -> Path:
        section = run.recipe.model(name)
        if name in converted or run.model(name).is_dir():
            return converted.get(name) or run.model(name)
        if isinstance(section.learns, TinyConfig):
            return of_tiny_models()
        return local_tokenizer(section.source)

    return {name: folder_of(name) for name in GIVEN_MODELS}


def _corpus(run: Run, sections: Sequence[str] = ()) -> "Corpus":
    """What models learn that are made here, of these sections of problems: nothing of it is held out."""
    held_out = [problem for suite in suite_problems(run).values() for problem in suite]
    return corpus_of(run.recipe, sections).holding_out(held_out)


def _make_learning(run: Run, missing: Mapping[str, TinyConfig | WarmConfig], tokenizers: Mapping[str, Path]) -> None:
    """Train the tiny models at the same time, then each given model by itself, with all cores and memory."""
    from training.tiny.model import ensure_tiny
    from training.tiny.warm import ensure_warm

    cache = models_cache(run)
    tiny = {name: config for name, config in missing.items() if isinstance(config, TinyConfig)}
    if tiny:
        corpus = _corpus(run)

        def making(name: str, config: TinyConfig) -> Job:
            tokenizer = tokenizers[name]
            probe = _probe(run, name, tokenizer)
            return Job(partial(ensure_tiny, config, corpus, tokenizer, cache, probe=probe), config.steps)

        jobs = {name: making(name, config) for name, config in tiny.items()}
        for name, made in made_together(run, f"{' and '.join(tiny)}, from scratch", jobs).items():
            _keep(run, name, made.folder, made.reading)
    context = min(run.recipe.hosts(kind).engine.max_context for kind in ("teacher", "student"))
    for name, config in missing.items():
        if isinstance(config, WarmConfig):
            corpus, start = _corpus(run, config.families), tokenizers[name]
            if not is_gguf(source := run.recipe.model(name).source):
                start = local_model(source)  # with its weights, which only now are fetched
            probe = _probe(run, name, start)
            job = Job(partial(ensure_warm, config, corpus, str(start), context, cache, probe=probe), config.steps)
            made = made_together(run, f"{name}, warm start", {name: job})[name]
            _keep(run, name, made.folder, made.reading)


def _probe(run: Run, name: str, folder: Path) -> ProbeText | None:
    """What a model that is made here is asked before it is saved; nothing where no engine serves it."""
    kind: HostKind = "teacher" if name == "teacher" else "student"
    return None if run.recipe.hosts(kind).scripted else probe_text(run, folder)


def _keep(run: Run, name: str, folder: Path, reading: ProbeReading | None = None) -> None:
    """Copy a model of the cache into the run, and keep what it said when it was made."""
    with atomic_folder(run.model(name)) as copy:
        shutil.copytree(folder, copy, dirs_exist_ok=True)
    if reading is not None:
        keep_reading(run, served_model(run, name), probe_text(run, run.model(name)), reading)

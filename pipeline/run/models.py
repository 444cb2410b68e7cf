"""The models of a run: where their files are, and how hosts serve them."""

from pathlib import Path
from typing import TYPE_CHECKING

from cluster.engine.model_source import model_revision
from pipeline.licences import licence_of
from pipeline.recipe import GIVEN_MODELS
from pipeline.run.folder import Run
from rollout.records import Producer

if TYPE_CHECKING:
    from rollout.hosts.work import ServedModel


def served_model(run: Run, name: str) -> "ServedModel":
    """What a host needs to serve `teacher`, `base` or an arm."""
    return served_from(run, name, model_source(run, name))


def served_from(run: Run, name: str, source: str) -> "ServedModel":
    """What a host needs to serve the files at `source` under a name: a given model's, an arm's, or a round's."""
    from rollout.hosts.work import ServedModel

    section = run.recipe.model(name)
    licence = licence_of(section.licence, section.source)
    producer = Producer(model=name, revision=model_revision(source), licence=licence)
    return ServedModel(name=name, source=source, producer=producer)


def model_source(run: Run, name: str) -> str:
    """Where the files of `teacher`, `base` or an arm are: the source in the recipe, or a folder of the run. Folders are
    absolute, because ranks have working directories of their own."""
    section = run.recipe.model(name)
    given = section.source if name in GIVEN_MODELS and not section.made else ""
    if given and not given.startswith("hub:"):
        return str(Path(given).absolute())
    return given or str(run.model(name))

"""The run's models as hosts serve them, each with the probe that its engine has to reproduce."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from cluster.engine.model_source import local_tokenizer
from cluster.engine.probe import Probe, ProbeReading, ProbeText
from cluster.errors import WorkError
from cluster.pool.placement import type_resource
from pipeline.recipe import GIVEN_MODELS, HostKind
from pipeline.run.folder import Run
from pipeline.run.models import served_model
from pipeline.run.workload import suite_problems, train_problems
from pipeline.stages.hosts import await_nodes, engine_placement
from rollout.hosts.probes import make_probe_text, probe_path, read_probes, write_probe

if TYPE_CHECKING:
    from rollout.hosts.work import ServedModel


def proven_models(run: Run, kind: HostKind, names: Iterable[str]) -> dict[str, "ServedModel"]:
    """Name -> model as the hosts of `kind` serve it. Probes that are missing are made: of a trained model from what was
    published with it, of others each by a task of its own, which gets the GPUs that one engine gets on a node. Ray is
    up, and the hosts are not placed yet.

    Raises WorkError for a model that transformers cannot load.
    """
    return {name: proven(run, kind, served_model(run, name)) for name in names}


def proven(run: Run, kind: HostKind, model: "ServedModel") -> "ServedModel":
    """A model as the hosts of `kind` serve it, with its probe. Raises like `proven_models`."""
    from training.probe import exported_reading

    if run.recipe.hosts(kind).scripted:
        return model
    text = probe_text(run, local_tokenizer(model.source))
    path = probe_path(model.name, model.producer.revision, text)
    if not run.store.exists(path):
        given = model.name in GIVEN_MODELS  # nothing was published with those
        exported = None if given else exported_reading(Path(model.source), text)
        exported = exported or _reading_of_another_name(run, kind, model, text)
        keep_reading(run, model, text, exported or _reading_of_files(run, kind, model, text))
    return msgspec.structs.replace(model, probe=path)


def keep_reading(run: Run, model: "ServedModel", text: ProbeText, reading: ProbeReading) -> None:
    """Keep what a model says of a probe's text. Raises WorkError for one that computes what is no number."""
    if not reading.finite:
        raise WorkError(f"model {model.name}: it computes numbers that are not finite for the run's own prompts")
    probe = Probe(model=model.name, revision=model.producer.revision, text=text, reading=reading)
    write_probe(run.store, probe_path(model.name, model.producer.revision, text), probe)


def _reading_of_another_name(run: Run, kind: HostKind, model: "ServedModel", text: ProbeText) -> ProbeReading | None:
    """What the same files said under another name, on hosts of the same kind: rounds serve one policy under several."""
    for probe in read_probes(run.store).values():
        if (probe.model == "teacher") == (kind == "teacher") and (probe.revision, probe.text) == (
            model.producer.revision,
            text,
        ):
            return probe.reading
    return None


def _reading_of_files(run: Run, kind: HostKind, model: "ServedModel", text: ProbeText) -> ProbeReading:
    import ray

    from cluster.jobs.session import results
    from training.probe import read_files

    await_nodes(run, kind)
    bundle = engine_placement(run, kind).bundles[0]
    # One call a process: what it took of a GPU's memory is free again before an engine starts.
    task = ray.remote(max_calls=1)(read_files).options(
        num_cpus=bundle.cpus, num_gpus=bundle.gpus, resources=type_resource(bundle.gpu), max_retries=3
    )
    asked = run.recipe.hosts(kind).engine.dtype
    dtype = "float32" if asked == "auto" and not bundle.gpus else asked
    try:
        (reading,) = results([task.remote(model.source, text, dtype, bundle.gpus > 0)])
    except WorkError as error:
        raise WorkError(f"model {model.name}: transformers cannot read its probe: {error}") from error
    return cast(ProbeReading, reading)


def probe_text(run: Run, folder: Path) -> ProbeText:
    """What models with the tokenizer in this folder are asked; it fits the contexts of the teacher's engines and of the
    student's."""
    from rollout.prompts.native_template import open_template

    episodes = run.recipe.episodes
    problems = train_problems(run) or [problem for suite in suite_problems(run).values() for problem in suite]
    context = min(run.recipe.hosts(kind).engine.max_context for kind in ("teacher", "student"))
    template, call_format = open_template(folder, episodes.call_format, episodes.thoughts == "forbid")
    return make_probe_text(problems, template, call_format, episodes, context)

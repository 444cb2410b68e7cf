"""The shapes of a recipe's models, without fetching anything: a folder, a GGUF file's header, what lies in the Hub's
cache, or the table."""

import re
from collections.abc import Mapping
from pathlib import Path

from cluster.engine.gguf_file import gguf_path, is_gguf
from cluster.errors import RequestError
from pipeline.estimates.gguf_shapes import gguf_shape
from pipeline.estimates.published import name_of, nearest_names, published_shape
from pipeline.estimates.shapes import ModelShape, ShapeConfig, read_shape, shape_of
from pipeline.recipe import ModelSection, Recipe
from rollout.config import HostsConfig
from training.config import ArmConfig, DistillArm

_HUB = re.compile(r"hub:(?P<name>[\w.-]+/[\w.-]+)(?:@(?P<commit>[0-9a-f]{40}))?")
_LARGE = 1e9
"""Parameters beyond which a model is not served on CPUs."""


def model_shapes(recipe: Recipe) -> dict[str, ModelShape]:
    """The shapes of `teacher` and `base`. Raises RequestError for a model whose shape is not known."""
    models = recipe.models
    return {
        "teacher": _shape("teacher", models.teacher, recipe),
        "base": _shape("student", models.student, recipe),
    }


def needs_gpus(recipe: Recipe, shapes: Mapping[str, ModelShape]) -> bool:
    """Whether a run waits for GPUs, whether or not there are any: it trains on them, or serves a model on them."""
    engines = recipe.engines
    asked = (why_on_gpus(engines.teacher, shapes["teacher"]), why_on_gpus(engines.student, shapes["base"]))
    return recipe.training.gpus_per_rank > 0 or any(asked)


def why_on_gpus(hosts: HostsConfig, shape: ModelShape) -> str:
    """Why hosts of a model of this shape wait for GPUs; "" where they start on CPUs if there are no GPUs."""
    if hosts.device == "gpu":
        return "device = 'gpu'"
    if hosts.device == "auto" and hosts.gpu:
        return f"gpu = {hosts.gpu!r}"
    if hosts.device == "auto" and hosts.scripted is None and shape.parameters > _LARGE:
        return f"a model of {shape.parameters / 1e9:.1f} billion parameters is served on GPUs"
    return ""


def served_on_gpus(recipe: Recipe, kind: str) -> bool:
    """Whether the model of the `teacher` or the `student` is served on GPUs by itself: it is known to be beyond a
    billion parameters, and its hosts are not scripted."""
    try:
        shape = model_shapes(recipe)["teacher" if kind == "teacher" else "base"]
    except RequestError:  # A model whose shape is not known cannot be planned, but it may still be served.
        return False
    return recipe.hosts(kind).scripted is None and shape.parameters > _LARGE


def refuse_wide_answers(arms: Mapping[str, ArmConfig], vocabulary: int) -> None:
    """Raise RequestError where a distillation compares more tokens at a place than the teacher's `vocabulary` has."""
    for name, arm in arms.items():
        if isinstance(arm, DistillArm) and arm.compare == "top_k" and arm.top_k > vocabulary:
            raise RequestError(
                f"arms.{name}.top_k = {arm.top_k}: the teacher has {vocabulary:,} tokens; lower it, or take compare = "
                "'vocabulary'"
            )


def unpinned(recipe: Recipe) -> list[str]:
    """A note for each model of the Hub without a commit: it can be planned, and `run` refuses it."""
    sections = {"teacher": recipe.models.teacher, "student": recipe.models.student}
    return [
        f"models.{role}.source = {section.source!r} names no commit, and a run refuses it: write "
        f"{section.source.split('@')[0]}@COMMIT with the 40 hex digits that the model's page shows under 'Files'"
        for role, section in sections.items()
        if (match := _HUB.fullmatch(section.source)) and not match["commit"]
    ]


def unsuited_rates(recipe: Recipe, shapes: Mapping[str, ModelShape]) -> list[str]:
    """A note for each arm whose learning rate is the default, where the student is larger than the tiny models that the
    default was chosen with."""
    size = shapes["base"].parameters
    return [
        f"arms.{name}.learning_rate is left out, and the default of {arm.learning_rate:g} suits models of a few "
        f"million parameters; the student has {size / 1e9:.1f} billion: say one (recipes/ has 1e-5 for sft, "
        "5e-7 for dpo)"
        for name, arm in recipe.arms.items()
        if size > 1e8 and "learning_rate" not in arm.model_fields_set
    ]


def _shape(role: str, section: ModelSection, recipe: Recipe) -> ModelShape:
    """The shape of the `teacher` or the `student` (`role`)."""
    source = section.source
    if section.shape is not None:
        return shape_of(source or role, section.shape, f"models.{role}.shape of the recipe")
    if section.tiny is not None:
        tiny = section.tiny
        config = ShapeConfig(
            hidden_size=tiny.hidden,
            num_hidden_layers=tiny.layers,
            num_attention_heads=tiny.heads,
            intermediate_size=tiny.intermediate,
            vocab_size=recipe.models.tokenizer.vocabulary,
            tie_word_embeddings=True,
        )
        return shape_of(f"tiny {role}", config, f"models.{role}.tiny of the recipe")
    if is_gguf(source):
        try:
            path = gguf_path(source)
        except RequestError:
            if (known := published_shape(name_of(source))) is not None:
                return known  # the package is not installed here
            raise
        return gguf_shape(path, source)
    match = _HUB.fullmatch(source)
    if match is None:
        path = Path(source) / "config.json"
        if source.startswith("hub:") or not path.is_file():
            raise RequestError(
                f"models.{role}.source = {source!r}: no config.json there; name a Hugging Face folder, "
                f"hub:OWNER/NAME@COMMIT or gguf:FILE, or give models.{role}.shape"
            )
        return read_shape(path, source)
    name, commit = match["name"], match["commit"]
    if commit is not None:
        from huggingface_hub import try_to_load_from_cache

        cached = try_to_load_from_cache(name, "config.json", revision=commit)
        if isinstance(cached, str):
            return read_shape(Path(cached), name)
    known = published_shape(name)
    if known is None:
        raise RequestError(
            f"models.{role}.source = {source!r}: its shape is not known here and the Hub is not asked; give "
            f"models.{role}.shape (hidden_size, num_hidden_layers, ... of its config.json) or a folder"
            + (f"; known are {', '.join(near)} and more" if (near := nearest_names(name)) else "")
        )
    return known

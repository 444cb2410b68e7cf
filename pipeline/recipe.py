"""The recipe: what one TOML file says about a whole run."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from cluster.config import Section, apply_settings, load_toml, parse
from cluster.errors import RequestError
from evaluation.config import EvaluationConfig
from pipeline.estimates.shapes import ShapeConfig
from rollout.config import EpisodeConfig, GroupsConfig, HostsConfig, RolloutConfig
from rollout.problems.config import FamilyConfig
from training.config import ArmConfig, DpoArm, TrainingConfig
from training.tiny.config import TinyConfig, TokenizerConfig

NO_TRAIN_PROBLEMS = "problems: no family has train problems, and the recipe has arms; set problems.NAME.train"
GIVEN_MODELS = ("teacher", "base")
"""The models that a run starts from. No arm may take their names."""
_ARM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]{0,63}")
_SUITE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NO_DIFFERENCE = ("run.directory:", "cluster.", "models.cache:", "engines.teacher.device:", "engines.student.device:")


class RunSection(Section):
    """The run's name, and where it lies."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    directory: str = "runs"
    """The run's folder is DIRECTORY/NAME."""
    store: str = Field(default="", pattern=r"^(s3://[^/]+/.*[^/])?$")
    """s3://BUCKET/PREFIX for what the ledgers hold (problems, episodes, groups, reference log-probabilities, scores),
    one prefix a run; "" keeps it in the run's folder, where models, checkpoints and the report are in any case."""
    seed: int = 0
    parent: str = ""
    """The run that this one regenerates."""


class ClusterSection(Section):
    """Where the run's actors live."""

    address: str = ""
    """A Ray cluster's address, or `auto`; "" starts Ray on this machine, unless RAY_ADDRESS says otherwise."""
    local_cpus: int = Field(default=4, ge=1)
    """Places for processes when Ray is started here. Not cores: engine and driver wait in turn for each other."""
    grow_s: float = Field(default=600.0, ge=0)
    """How long to wait for a node that can hold an engine, while the cluster has none: nodes join one by one."""
    machines: str | None = None
    """A cluster file that `plan` takes when it is told of no other; seen from the recipe's folder."""


class ModelSection(Section):
    """A model: a Hugging Face folder, a pinned Hub snapshot, or a tiny one that is made from scratch."""

    source: str = ""
    """A folder, or `hub:OWNER/NAME@COMMIT`."""
    tiny: TinyConfig | None = None
    licence: str = "unknown"
    """Licence of what the model writes; `plan` and `export` say where it forbids training on it."""
    shape: ShapeConfig | None = None
    """For `plan`, where the model's files are not at hand and its shape is not known."""

    @model_validator(mode="after")
    def _one_of_both(self) -> "ModelSection":
        if bool(self.source) == (self.tiny is not None):
            raise ValueError("give either source (a folder or hub:OWNER/NAME@COMMIT) or tiny = {...}")
        return self


class ModelsSection(Section):
    """The teacher and the student."""

    teacher: ModelSection
    student: ModelSection
    student_name: str = Field(default="student", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    """The folder's name under groups/ and reference/."""
    tokenizer: TokenizerConfig = TokenizerConfig()
    """Of tiny models."""
    cache: str = ""
    """Where tiny models are kept for other runs, by content hash; "" for .models beside the run's folder."""


HostKind = Literal["teacher", "student"]
"""Which hosts: the teacher's, or those that serve base and every arm one after the other."""


class EnginesSection(Section):
    """The hosts that serve the teacher, and those that serve the student and every arm."""

    teacher: HostsConfig = HostsConfig()
    student: HostsConfig = HostsConfig()


class Recipe(Section):
    """A whole run."""

    run: RunSection
    cluster: ClusterSection = ClusterSection()
    models: ModelsSection
    problems: dict[str, FamilyConfig] = Field(min_length=1)
    """Suite's name -> family."""
    episodes: EpisodeConfig = EpisodeConfig()
    engines: EnginesSection = EnginesSection()
    rollout: RolloutConfig = RolloutConfig()
    groups: GroupsConfig = GroupsConfig()
    training: TrainingConfig = TrainingConfig()
    arms: dict[str, ArmConfig] = Field(default_factory=dict)
    evaluation: EvaluationConfig = EvaluationConfig()

    @model_validator(mode="after")
    def _suites_have_names_of_their_own(self) -> "Recipe":
        seen: set[str] = set()
        for name, family in self.problems.items():
            for suite in (name, *(f"{name}-{variant}" for variant in family.variants)):
                if not _SUITE.fullmatch(suite):
                    raise ValueError(f"problems.{suite}: use at most 64 letters, digits, dots, dashes or underscores")
                if suite in seen:
                    raise ValueError(f"problems.{name}: there are two suites {suite!r}; rename one, or drop a variant")
                seen.add(suite)
        return self

    @model_validator(mode="after")
    def _tiny_models_have_something_to_learn(self) -> "Recipe":
        tiny = self.models.teacher.tiny or self.models.student.tiny
        if tiny and not any(family.corpus_parts for family in self.problems.values()):
            raise ValueError("problems: none to make tiny models from; set problems.NAME.train or pretrain")
        return self

    @model_validator(mode="after")
    def _suites_can_be_asked(self) -> "Recipe":
        tiny = self.models.teacher.tiny or self.models.student.tiny
        room = min(self.engines.teacher.engine.max_context, self.engines.student.engine.max_context)
        for name, family in self.problems.items():
            asked = self.episodes.of_suite(family.episode_settings)
            where = f"problems.{name}" if family.episode_settings else "episodes"
            if tiny and asked.call_format == "native":
                raise ValueError(
                    f"{where}.call_format: tiny models' own templates show no functions; use json or python"
                )
            if asked.prompt_tokens is not None and asked.prompt_tokens >= room:
                raise ValueError(f"{where}.prompt_tokens = {asked.prompt_tokens}: engines have {room} tokens; lower it")
        return self

    @model_validator(mode="after")
    def _arms_follow_each_other(self) -> "Recipe":
        for name, arm in self.arms.items():
            if name in GIVEN_MODELS or not _ARM.fullmatch(name):
                # It becomes a folder's name and the beginning of the names of score units.
                raise ValueError(f"arm {name!r}: taken, or no name of letters, digits and . _ + = -; choose another")
            if arm.start != "base" and arm.start not in self.arms:
                raise ValueError(f"arms.{name}.start = {arm.start!r}: no such arm; use base or an arm of the recipe")
        list(self.arms_in_order())
        return self

    def model(self, name: str) -> ModelSection:
        """The section of the model `name`: the teacher's own; for base and for arms the student's."""
        return self.models.teacher if name == "teacher" else self.models.student

    def hosts(self, kind: str) -> HostsConfig:
        """The hosts of kind `teacher` or `student`."""
        return self.engines.teacher if kind == "teacher" else self.engines.student

    def arms_in_order(self) -> Iterator[tuple[str, ArmConfig]]:
        """Every arm after the one that it starts from. Raises ValueError when arms start from each other."""
        done = {"base"}
        left = dict(self.arms)
        while left:
            ready = [name for name, arm in left.items() if arm.start in done]
            if not ready:
                raise ValueError(f"arms {', '.join(left)} start from each other; let one of them start from base")
            for name in ready:
                yield name, left.pop(name)
                done.add(name)

    @property
    def reference_starts(self) -> tuple[str, ...]:
        """The models that DPO arms start from, and are therefore measured against."""
        return tuple(dict.fromkeys(arm.start for _, arm in self.arms_in_order() if isinstance(arm, DpoArm)))


def load_recipe(path: Path, settings: Sequence[str] = ()) -> Recipe:
    """Read, override and validate a recipe. Raises RequestError."""
    table = apply_settings(load_toml(path), settings)
    if "sweep" in table:
        raise RequestError(f"recipe {path}: has a [sweep]; run it with `chainpref sweep {path}`")
    return parse(Recipe, table, f"recipe {path}")


def resolved(recipe: Recipe) -> dict[str, Any]:
    """The recipe with every default, as plain values that TOML can hold."""
    table = json.loads(recipe.model_dump_json(exclude_none=True))
    assert isinstance(table, dict)
    return table


def differences(old: Mapping[str, Any], new: Mapping[str, Any], at: str = "") -> list[str]:
    """What changed from `old` to `new`, one "section.key: old -> new" each."""
    found = []
    for key in [*old, *(key for key in new if key not in old)]:
        before, after = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            found += differences(before, after, f"{at}{key}.")
        elif before != after:
            found.append(f"{at}{key}: {before!r} -> {after!r}")
    return found


def refuse_changed(old: Mapping[str, Any], recipe: Recipe, where: str) -> None:
    """Raise RequestError when the run at `where` was made by another recipe. Where it lies, and on which cluster, is no
    difference."""
    try:
        before = resolved(parse(Recipe, old, where))  # with the defaults of keys that it was made before
    except RequestError:
        before = dict(old)
    changed = [line for line in differences(before, resolved(recipe)) if not line.startswith(_NO_DIFFERENCE)]
    if changed:
        shown = "; ".join(changed[:5]) + (f"; and {len(changed) - 5} more" if len(changed) > 5 else "")
        raise RequestError(f"run {where} was made by another recipe ({shown}); use --run DIR for a new run")

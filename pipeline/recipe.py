"""The recipe: one TOML file that describes a whole run."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from cluster.config import Section, Seed, apply_settings, load_toml, parse
from cluster.engine.gguf_file import is_gguf
from cluster.errors import RequestError
from cluster.store.ledger import LEDGER_PARTS
from evaluation.config import EvaluationConfig
from evaluation.measures.bfcl import category_of
from pipeline.estimates.shapes import ShapeConfig
from rollout.config import EpisodeConfig, GroupsConfig, HostsConfig, RolloutConfig
from rollout.problems.config import BFCL, REASONING_GYM, SPLITS, FamilyConfig
from training.config import ArmConfig, DistillArm, DpoArm, GrpoArm, TrainingConfig
from training.selection import refuse_idle
from training.tiny.config import TinyConfig, TokenizerConfig, WarmConfig

NO_TRAIN_PROBLEMS = "problems: no family has train problems, and the recipe has arms; set problems.NAME.train"
GIVEN_MODELS = ("teacher", "base")
"""The models that a run starts from. No arm may take their names."""
_ARM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]{0,63}")
_SUITE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class RunSection(Section):
    """The run's name, and where it lies."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    """Name of the run: letters, digits, dashes and underscores. Its folder has this name."""
    directory: str = "runs"
    """Folder that holds the run's own folder, DIRECTORY/NAME."""
    store: str = Field(default="", pattern=r"^(s3://[^/]+/.*[^/])?$")
    """A bucket and a prefix, s3://BUCKET/PREFIX, for problems, episodes, groups, reference log-probabilities and
    scores. Each run needs a prefix of its own. Empty: all of these lie in the run's folder, where models, checkpoints
    and the report always are."""
    seed: Seed = 0
    """Seed of the hosts that sample episodes and scores; each start of an engine draws from a seed of its own, made of
    it. Samples are repeatable only with `engine.seeded`."""
    parent: str = ""
    """The run that this one regenerates. Every episode carries its name."""


class ClusterSection(Section):
    """Where the run's actors live."""

    address: str = ""
    """Address of a Ray cluster, or `auto` for the one that this machine belongs to. Empty: Ray is started on this
    machine, unless RAY_ADDRESS names a cluster."""
    local_cpus: int = Field(default=4, ge=1)
    """CPUs that Ray counts when it is started on this machine. They need not be cores: engine and driver wait for each
    other in turn."""
    grow_s: float = Field(default=600.0, ge=0)
    """How long to wait for a node that can hold an engine, while the cluster has none. Unit: seconds."""
    machines: str | None = None
    """A file that describes the nodes, as `chainpref plan --cluster` takes it, for plans without that option."""


class ModelSection(Section):
    """A model: a Hugging Face folder, a pinned Hub snapshot, a GGUF file, or a tiny one that is made from scratch."""

    source: str = ""
    """A Hugging Face folder, `hub:OWNER/NAME@COMMIT`, `gguf:FILE`, or `gguf:package:PACKAGE/FILE` for a file inside an
    installed Python package. Either this or `tiny` is given."""
    tiny: TinyConfig | None = None
    """Make a tiny model from scratch instead of reading one."""
    warm: WarmConfig | None = None
    """Train the model at `source` on gold conversations before the run."""
    licence: str = "unknown"
    """Licence of what the model writes. `plan` and `export` say where it forbids training on it."""
    shape: ShapeConfig | None = None
    """The model's shape, for `plan`, where its files are not at hand and its shape is not known."""

    @model_validator(mode="after")
    def _one_of_both(self) -> "ModelSection":
        if self.source and self.tiny is not None:
            raise ValueError(
                "source and tiny = {...} are both given; take one away, as `--set models.teacher.tiny=` does"
            )
        if not self.source and self.tiny is None:
            raise ValueError("give source (a folder, hub:OWNER/NAME@COMMIT or gguf:FILE) or tiny = {...}")
        return self

    @model_validator(mode="after")
    def _warm_starts_from_a_source(self) -> "ModelSection":
        if self.warm is not None and not self.source:
            raise ValueError("warm = {...} trains a given model; give source, or take warm away")
        return self

    @property
    def learns(self) -> TinyConfig | WarmConfig | None:
        """How the model learns from the corpus before the run, where it does."""
        return self.tiny or self.warm

    @property
    def made(self) -> bool:
        """Whether a run makes its files, rather than reading them where they are."""
        return self.learns is not None or is_gguf(self.source)


class ModelsSection(Section):
    """The teacher and the student."""

    teacher: ModelSection
    """The model that attempts the train problems."""
    student: ModelSection
    """The model that arms train. Before training it is called base."""
    student_name: str = Field(default="student", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    """Name of the student's folders under groups/ and reference/."""
    tokenizer: TokenizerConfig = TokenizerConfig()
    """The tokenizer of tiny models."""
    cache: str = ""
    """Folder where models that are made here are kept for other runs, by content hash. Empty: .models beside the run's
    folder."""


HostKind = Literal["teacher", "student"]
"""Which hosts: the teacher's, or those that serve base and every arm one after the other."""


class EnginesSection(Section):
    """The hosts that serve the teacher, and those that serve the student and every arm."""

    teacher: HostsConfig = HostsConfig()
    """The hosts that serve the teacher."""
    student: HostsConfig = HostsConfig()
    """The hosts that serve base and every arm."""


class Recipe(Section):
    """A whole run."""

    run: RunSection
    """The run's name, and where it lies."""
    cluster: ClusterSection = ClusterSection()
    """The Ray cluster that the run works on."""
    models: ModelsSection
    """Teacher and student."""
    problems: dict[str, FamilyConfig] = Field(min_length=1)
    """Families of problems by the name of their suite."""
    episodes: EpisodeConfig = EpisodeConfig()
    """How problems are attempted."""
    engines: EnginesSection = EnginesSection()
    """The hosts that serve the models."""
    rollout: RolloutConfig = RolloutConfig()
    """How often and how the teacher attempts the train problems."""
    groups: GroupsConfig = GroupsConfig()
    """How chains become preference groups."""
    training: TrainingConfig = TrainingConfig()
    """Ranks and memory of training and of reference scoring."""
    arms: dict[str, ArmConfig] = Field(default_factory=dict)
    """Ways to train the student, by name."""
    evaluation: EvaluationConfig = EvaluationConfig()
    """How models are scored on held-out problems."""

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
    def _suites_in_bfcls_table_are_bfcls(self) -> "Recipe":
        for name, family in self.problems.items():
            category = category_of(name)
            cut = [key for key in ("max_turns", "class_distractors") if getattr(family, key) is not None]
            if category and ((family.family, family.task) != (BFCL, category) or cut):
                raise ValueError(
                    f"problems.{name}: sections of this name stand in BFCL's table under its category {category!r}, "
                    + (f"and {cut[0]} makes other problems" if cut else "and this one has other problems")
                    + "; give it another name"
                )
        return self

    @model_validator(mode="after")
    def _models_can_attempt_the_problems(self) -> "Recipe":
        tiny = self.models.teacher.tiny or self.models.student.tiny
        learning = {name: self.model(name).learns for name in GIVEN_MODELS}
        if any(learning.values()) and not any(family.corpus_parts for family in self.problems.values()):
            raise ValueError(
                "problems: none to make tiny models or warm starts from; set train or pretrain of a generated family, "
                "or pretrain of one whose rows have gold chains, or name models with models.teacher.source and "
                "models.student.source, without warm; `chainpref try` needs no model"
            )
        context = min(self.engines.teacher.engine.max_context, self.engines.student.engine.max_context)
        for name, family in self.problems.items():
            asked = self.episodes.of_suite(family.episode_settings)
            where = f"problems.{name}" if family.episode_settings else "episodes"
            if tiny and asked.call_format == "native":
                raise ValueError(
                    f"{where}.call_format: tiny models' own templates show no functions; use json or python"
                )
            if any(learning.values()) and asked.call_format == "native":
                raise ValueError(
                    f"{where}.call_format: the conversations of a warm start are written in a format that is no "
                    "template's; use json or python, or take warm away"
                )
            without = family.tests_alone or family.family == REASONING_GYM
            if asked.examples and without and not asked.examples_file and any(map(family.count, SPLITS)):
                raise ValueError(
                    f"{where}.examples = {asked.examples}: {family.family} has no train problems with gold calls to "
                    f"show; set examples = 0 in problems.{name}" + (", and leave out its train" if family.train else "")
                )
            if asked.prompt_tokens is not None and asked.prompt_tokens >= context:
                raise ValueError(
                    f"{where}.prompt_tokens = {asked.prompt_tokens}: engines have {context} tokens; lower it"
                )
        return self

    @model_validator(mode="after")
    def _warm_starts_learn_what_there_is(self) -> "Recipe":
        for role in ("teacher", "student"):
            warm = getattr(self.models, role).warm
            for name in warm.families if warm is not None else ():
                if name not in self.problems or not self.problems[name].corpus_parts:
                    known = ", ".join(each for each, family in self.problems.items() if family.corpus_parts)
                    raise ValueError(
                        f"models.{role}.warm.families: {name!r} is no section of problems that can be learnt from; "
                        f"those are {known}"
                    )
        return self

    @model_validator(mode="after")
    def _drafters_fit_what_is_served(self) -> "Recipe":
        speculative = self.engines.student.engine.speculative
        if speculative is not None and speculative.model:
            raise ValueError(
                f"engines.student.engine.speculative.method = {speculative.method!r}: base and every arm are served in "
                "turn, and a drafter is for one model; use 'ngram', or leave it out"
            )
        return self

    @model_validator(mode="after")
    def _arms_follow_each_other(self) -> "Recipe":
        for name, arm in self.arms.items():
            if name in GIVEN_MODELS or not _ARM.fullmatch(name):
                # It becomes a folder's name and the beginning of the names of score units.
                raise ValueError(f"arm {name!r}: taken, or no name of letters, digits and . _ + = -; choose another")
            if arm.start != "base" and arm.start not in self.arms:
                raise ValueError(f"arms.{name}.start = {arm.start!r}: no such arm; use base or an arm of the recipe")
            if arm.rounds is not None and name in LEDGER_PARTS:
                raise ValueError(f"arm {name!r}: the episodes of its rounds would lie among the run's; choose another")
            shown = isinstance(arm, DpoArm) and arm.help is not None and arm.help.documentation
            if shown and self.episodes.verbosity == "full":
                raise ValueError(
                    f"arms.{name}.help.documentation: episodes.verbosity = 'full' shows all of it without help; leave "
                    "it out"
                )
            contexts = [self.hosts(kind).engine.max_context for kind in ("teacher", "student")]
            if isinstance(arm, DistillArm) and arm.compare != "vocabulary" and contexts[0] < contexts[1]:
                raise ValueError(
                    f"arms.{name}.compare = {arm.compare!r}: the teacher's engines hold {contexts[0]} tokens and the "
                    f"student's {contexts[1]}; raise engines.teacher.engine.max_context, or take compare = 'vocabulary'"
                )
            most = self.engines.teacher.engine.max_logprobs
            if isinstance(arm, DistillArm) and arm.compare == "top_k" and arm.top_k > most:
                raise ValueError(
                    f"arms.{name}.top_k = {arm.top_k}: the teacher's engines answer at most {most}; raise "
                    "engines.teacher.engine.max_logprobs"
                )
        known = (*GIVEN_MODELS, *self.arms)
        for section, family in self.problems.items():
            for name in family.models:
                if name not in known:
                    raise ValueError(f"problems.{section}.models: no model {name!r}; there are {', '.join(known)}")
        list(self.arms_in_order())
        return self

    @model_validator(mode="after")
    def _arms_learn_at_what_was_sampled(self) -> "Recipe":
        for name, arm in self.arms.items() if self.episodes.thoughts == "cut" else ():
            if isinstance(arm, GrpoArm) or (isinstance(arm, DistillArm) and arm.compare == "sampled"):
                what = f"compare = {arm.compare!r}" if isinstance(arm, DistillArm) else "method = 'grpo'"
                raise ValueError(
                    f"arms.{name}: {what} learns at the very tokens that were sampled, and episodes.thoughts = 'cut' "
                    "takes the thoughts out of them; set it to 'keep' or 'forbid'"
                )
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

    @property
    def asks_engines(self) -> bool:
        """Whether an arm asks the teacher's engines what they say of its chains."""
        return any(isinstance(arm, DistillArm) and arm.compare != "vocabulary" for arm in self.arms.values())

    @property
    def scorer(self) -> str:
        """The model for which tasks that score chains are planned: `teacher` where an arm distils over the vocabulary,
        or else `base` for DPO; "" where no arm needs them."""
        if any(isinstance(arm, DistillArm) and arm.compare == "vocabulary" for arm in self.arms.values()):
            return "teacher"
        return "base" if self.reference_starts else ""


def load_recipe(path: Path, settings: Sequence[str] = ()) -> Recipe:
    """Read, override and validate a recipe. Raises RequestError."""
    table = load_toml(path)
    if table.keys() == {"code", "recipe"}:  # the resolved recipe that lies in the folder of a run
        table = table["recipe"]
    table = apply_settings(table, settings)
    if "sweep" in table:
        raise RequestError(f"recipe {path}: has a [sweep]; run it with `chainpref sweep {path}`")
    return new_recipe(table, f"recipe {path}")


def new_recipe(table: Mapping[str, Any], where: str) -> Recipe:
    """A recipe that somebody writes. Raises RequestError, also for options of arms that change nothing, which those of
    stored runs may have."""
    recipe = parse(Recipe, table, where)
    for name, arm in recipe.arms.items():
        try:
            refuse_idle(arm)
        except ValueError as error:
            raise RequestError(f"{where}: arms.{name}.{error}") from None
    return recipe


def resolved(recipe: Recipe) -> dict[str, Any]:
    """The recipe with every default, as plain values that TOML can hold."""
    table = json.loads(recipe.model_dump_json(exclude_none=True))
    assert isinstance(table, dict)
    return table

"""What a recipe says about one family of problems."""

from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator, model_validator

from cluster.config import Section
from rollout.formats import load_format

SPLITS = ("train", "validation", "test")

Variant = Literal["removed", "added", "renamed", "functions", "order", "phrasing"]

VARIANTS: tuple[Variant, ...] = get_args(Variant)
"""Variant suites of the generated families (split `variant-KIND`), each one paired with the test split:
`removed` / `added`: one step less / more; `renamed`: names and things never seen in training; `functions`: the
toolbox's functions under other names; `order`: the question first; `phrasing`: sentences never seen in training."""


class FamilyConfig(Section):
    """One family: how many problems of each split, how hard, from which seed; for imported ones, from where."""

    family: str
    train: int = Field(0, ge=0)
    validation: int = Field(0, ge=0)
    test: int = Field(0, ge=0)
    difficulty: tuple[int, int] = (1, 2)
    """Least and greatest, 1 to 8, drawn evenly; what it counts is each family's own, see docs/problems.md."""
    seed: int = 0
    distractors: int = Field(0, ge=0, le=5000)
    """Useless functions added to every problem's toolbox, drawn from `seed`."""
    call_format: str | None = None
    """These suites' own `episodes.call_format`; absent: the recipe's. So for the next three."""
    verbosity: Literal["names", "signatures", "full"] | None = None
    retrieve: int | None = Field(default=None, ge=0, le=5000)
    prompt_tokens: int | None = Field(default=None, ge=1)
    variants: tuple[Variant, ...] = ()
    """Variant suites of the test problems, each a suite `NAME-VARIANT` of as many problems; for generated families."""
    samples: Annotated[int, Field(ge=0, le=10_000)] | None = None
    """Sampled attempts a problem of these suites, beside the greedy one; absent: `evaluation.samples`."""
    pretrain: Annotated[int, Field(ge=0)] | None = None
    """Parts of this family in what tiny models are made from: train problems that no rollout sees, whether or not
    `train` has any; 0: none. Absent: as many as its problems are steps long where `train` has any, else none. A model
    that a recipe names was made by others: nothing of this concerns it."""

    name: str = ""
    """Imported families: what ids and reports call it, where a recipe imports several; "" for the family's name."""
    path: str = ""
    """Imported families: a file (.jsonl, .csv, .parquet), or a Hub data set's name or folder where `hub` is true."""
    test_path: str = ""
    """The file, or the Hub's split, that holds the test problems; "" divides `path` by a hash of the templates."""
    hub: bool = False
    """Whether `path` is a Hub data set; it always is for family `hub`."""
    subset: str = ""
    """The Hub data set's configuration name."""
    hub_split: str = "train"
    """The Hub data set's split that `path` stands for."""
    revision: str = ""
    """The Hub data set's commit; pin it."""
    text: str = "text"
    """Column of the problem's text."""
    answer: str = "answer"
    """Column of the gold answer."""
    toolbox: str = ""
    """Toolbox of every imported problem, as in `rollout.toolboxes.load_toolbox`."""
    toolbox_column: str = ""
    """Column of the toolbox's name, where rows differ."""
    checker: str = "exact"
    """Checker of every imported problem, as in `rollout.episodes.checkers`."""
    checker_column: str = ""
    """Column of the checker's name, where rows differ."""
    state_column: str = ""
    """Column of what the toolbox starts from; "" for null."""
    calls_column: str = ""
    """Column of a chain of calls that solves the problem, the finish included: a list of {name, arguments}."""
    licence: str = "unknown"
    """Licence of the imported problems."""

    @model_validator(mode="after")
    def _difficulty_is_a_range(self) -> "FamilyConfig":
        low, high = self.difficulty
        if not 1 <= low <= high <= 8:
            raise ValueError(f"difficulty = [{low}, {high}]: give the least and the greatest of 1 to 8")
        return self

    @field_validator("call_format")
    @classmethod
    def _format_is_known(cls, name: str | None) -> str | None:
        if name is not None:
            load_format(name)
        return name

    @model_validator(mode="after")
    def _settings_are_of_suites(self) -> "FamilyConfig":
        if self.train and self.episode_settings:
            name = next(iter(self.episode_settings))
            raise ValueError(f"{name} is for held-out suites: set episodes.{name}, or make a section without train")
        return self

    @property
    def episode_settings(self) -> dict[str, str | int]:
        """What this section sets of `episodes` for its suites."""
        return self.model_dump(include={"call_format", "verbosity", "retrieve", "prompt_tokens"}, exclude_none=True)

    @property
    def corpus_parts(self) -> int:
        """How often this family stands among those that tiny models learn from in turn."""
        if self.pretrain is not None:
            return self.pretrain
        # Long problems take longer to learn.
        return round(sum(self.difficulty) / 2) if self.train else 0

    @property
    def on_hub(self) -> bool:
        """Whether `path` names a Hub data set. (No validator may look at raw input: that would end JSON mode.)"""
        return self.hub or self.family == "hub"

    def count(self, split: str) -> int:
        """How many problems `split` is to hold; a variant suite holds as many as the test split."""
        if split == "train":
            return self.train
        if split == "validation":
            return self.validation
        return self.test

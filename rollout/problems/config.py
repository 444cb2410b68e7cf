"""What a recipe says about one family of problems."""

from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator, model_validator

from cluster.config import Section, Seed
from rollout.checkers import require_checker
from rollout.formats import load_format
from rollout.toolboxes.loading import with_interpreter
from rollout.toolboxes.mcp.config import McpConfig
from rollout.toolboxes.mcp.naming import is_server, read_name, with_options

SPLITS = ("train", "validation", "test")

Variant = Literal["removed", "added", "renamed", "functions", "order", "phrasing"]

VARIANTS: tuple[Variant, ...] = get_args(Variant)
"""Variant suites of the generated families (split `variant-KIND`), each one paired with the test split:
`removed` / `added`: one step less / more; `renamed`: names and things never seen in training; `functions`: the
toolbox's functions under other names; `order`: the question first; `phrasing`: sentences never seen in training."""


Duplicates = Literal["exact", "near", "template"]

XLAM, HERMES, OPENAI = "xlam", "hermes", "openai"
TOOL_ROWS = (XLAM, HERMES, OPENAI)
"""The imported families whose rows bring their functions and gold calls."""

IMPORTED = ("gsm8k", "jsonl", "csv", "parquet", "hub", *TOOL_ROWS)
"""The families whose problems are rows of a file or of a Hub data set."""

REASONING_GYM = "reasoning_gym"
BFCL = "bfcl"
MULTI_TURN = "multi_turn_"
"""What the names of BFCL's categories of several turns begin with."""
TAU2 = "tau2"
WITH_TASKS = (REASONING_GYM, BFCL, TAU2)
UNTAUGHT = (*IMPORTED, *WITH_TASKS)
"""The families that cannot be generated: the corpus of tiny models and warm starts has problems of theirs only where
`pretrain` says so, and those that the run attempts are none of them."""


_NOT_OF_TOOL_ROWS = (
    "text",
    "answer",
    "toolbox",
    "toolbox_column",
    "python",
    "mcp",
    "checker",
    "checker_column",
    "state_column",
    "calls_column",
    "turns_column",
    "hidden_column",
    "json_columns",
    "nothing_to_do",
    "nothing_to_do_column",
)


class FamilyConfig(Section):
    """One family: how many problems of each split, how hard, from which seed; for imported ones, from where."""

    family: str
    """Name of the family; docs/problems.md lists them."""
    train: int = Field(0, ge=0)
    """Problems that the teacher attempts. Unit: problems."""
    validation: int = Field(0, ge=0)
    """Held-out problems to choose settings with. Unit: problems."""
    test: int = Field(0, ge=0)
    """Held-out problems that the report is about. Unit: problems."""
    difficulty: tuple[int, int] = (1, 2)
    """Least and greatest difficulty, from 1 to 8, drawn evenly. Each family counts something else; see
    docs/problems.md."""
    seed: Seed = 0
    """Seed of the problem generator, and of the distractors."""
    distractors: int = Field(0, ge=0, le=5000)
    """Useless functions that are added to every problem's toolbox. Unit: functions."""
    duplicates: Duplicates = "near"
    """Which problems are dropped from `train` for being like held-out ones, and from `validation` for being like `test`
    ones: `exact` ones only; also `near` ones, the same problem in other words; also those of the same `template`, which
    differ in numbers only. docs/problems.md says what counts. What is dropped is counted and said."""
    call_format: str | None = None
    """`episodes.call_format` for these suites. Absent: as the recipe has it."""
    verbosity: Literal["names", "signatures", "full"] | None = None
    """`episodes.verbosity` for these suites. Absent: as the recipe has it."""
    retrieve: int | None = Field(default=None, ge=0, le=5000)
    """`episodes.retrieve` for these suites. Absent: as the recipe has it. Unit: functions."""
    prompt_tokens: int | None = Field(default=None, ge=1)
    """`episodes.prompt_tokens` for these suites. Absent: as the recipe has it. Unit: tokens."""
    examples: int | None = Field(default=None, ge=0, le=32)
    """`episodes.examples` for these suites. Absent: as the recipe has it. Unit: conversations."""
    variants: tuple[Variant, ...] = ()
    """Variants of the test problems. Each makes a suite NAME-VARIANT of as many problems; for generated families
    only."""
    samples: Annotated[int, Field(ge=0, le=10_000)] | None = None
    """Sampled attempts at each problem of these suites, beside the greedy one. Absent: `evaluation.samples`. Unit:
    episodes."""
    models: tuple[str, ...] = ()
    """The models that attempt these suites: `teacher`, `base`, arms. Empty: all of them."""
    pretrain: Annotated[int, Field(ge=0)] | None = None
    """How often this family occurs in the corpus of tiny models and warm starts, relative to the others. The corpus has
    problems of its own, which no rollout sees: of a family that is not generated those behind the first `train`, with
    their gold chains. Absent: the mean difficulty where `train` has problems that are generated, else 0. Other models
    are not concerned."""

    task: str = ""
    """Family `reasoning_gym`: the task, such as `gsm_symbolic`; family `bfcl`: the category, such as `multiple` or
    `multi_turn_base`; family `tau2`: the domain, `retail` or `airline`. docs/problems.md says which there are."""
    max_turns: int | None = Field(default=None, ge=1)
    """Multi-turn categories of family `bfcl`: how many turns of the user are kept, from the first one. Absent: all.
    Unit: turns."""
    class_distractors: int | None = Field(default=None, ge=0)
    """Multi-turn categories of family `bfcl`: of the functions of a task's classes only those of its gold calls are
    there, and so many others, drawn by `seed`. Absent: all of them. Unit: functions."""
    user: Literal["script", "model"] = "script"
    """Family `tau2`: who plays the customer. `script`: they tell all that they know in their first message, and confirm
    in the second. `model`: the model that makes the attempt plays them, too, in a conversation of its own that knows
    what they want; nothing is learnt from what it says there."""
    options: tuple[str, ...] = ()
    """Family `reasoning_gym`: settings of the task, `NAME=VALUE` each, as `["min_words=3"]`."""
    name: str = ""
    """Imported families: the name in ids and reports, where a recipe imports several. Empty: the family's name, or the
    task's."""
    path: str = ""
    """Imported families: a .jsonl, .csv or .parquet file, or the name or folder of a Hub data set where `hub` is true.
    `gsm8k`, `xlam`, `hermes` and `openai` take .json files, too."""
    test_path: str = ""
    """The file, or the Hub's split, that holds the test problems. Empty: `path` is divided by a hash of the
    templates."""
    hub: bool = False
    """Whether `path` is a Hub data set. It always is for family `hub`."""
    subset: str = ""
    """Configuration name of the Hub data set."""
    hub_split: str = "train"
    """Split of the Hub data set that `path` stands for."""
    revision: str = ""
    """Commit of the Hub data set. Pin it, or later runs may read other problems."""
    text: str = "text"
    """Column with the problem's text."""
    answer: str = "answer"
    """Column with the gold answer."""
    toolbox: str = ""
    """Toolbox of every imported problem; docs/toolboxes.md says how to name one. Of family `reasoning_gym` empty stands
    for `general`."""
    python: str = ""
    """Interpreter that runs the toolbox's functions, where their dependencies clash with this project's: NAME for
    `.venv-NAME`, which `requirements/install NAME` makes from `requirements/NAME.lock`, or a path. Empty: what the
    toolbox's file says, else this one."""
    mcp: McpConfig | None = None
    """How the toolbox's MCP server is used, where `toolbox` begins with `mcp:` or `mcp+https:`; docs/toolboxes.md says
    more."""
    toolbox_column: str = ""
    """Column with the toolbox's name, where rows differ."""
    checker: str = "exact"
    """Checker of every imported problem; docs/checkers.md lists them. Of family `reasoning_gym` `exact` stands for the
    task's own."""
    checker_column: str = ""
    """Column with the checker's name, where rows differ. A function MODULE:FUNCTION runs only where `checker` names the
    same one: a data set alone does not choose what code runs."""
    state_column: str = ""
    """Column with the state that the toolbox starts from. Empty: null."""
    calls_column: str = ""
    """Column with a gold chain: a list of {name, arguments}, the finishing call included."""
    turns_column: str = ""
    """Column with what the user says after the text: a list of texts, or of objects with `text`, and `appear`, `vanish`
    (names of functions) and `calls` (a gold chain) where they have them. Empty: problems of one message."""
    hidden_column: str = ""
    """Column with the names of functions that cannot be called in the first turn."""
    nulls: Literal["absent", "null"] | None = None
    """What a null inside a dict of `answer`, `state_column` or `calls_column` is: a key that was `absent`, or `null`.
    Absent: `null` in JSON; in columns that have a type (Parquet, data sets) `absent`, and refused where every row has
    it."""
    json_columns: tuple[str, ...] | None = None
    """Those of `answer` and `state_column` whose text is JSON; the others' is text. Absent: a column that is JSON in
    every row, and an object or array in one; in CSV also each number, object and array."""
    nothing_to_do: bool = False
    """Imported families: whether doing nothing is right in every problem, because no function fits, something is
    missing or the state must stay as it is. Such problems give no preference pairs, unless `groups.nothing_to_do` says
    so."""
    nothing_to_do_column: str = ""
    """Column that says true or false of each problem, in place of `nothing_to_do`."""
    licence: str = "unknown"
    """Licence of the imported problems."""

    @model_validator(mode="after")
    def _is_consistent(self) -> "FamilyConfig":
        low, high = self.difficulty
        if not 1 <= low <= high <= 8:
            raise ValueError(f"difficulty = [{low}, {high}]: give the least and the greatest of 1 to 8")
        if self.pretrain and (why := self._without_gold_chains):
            raise ValueError(
                f"pretrain = {self.pretrain}: models learn from gold chains of train problems, and {why}; leave it out"
            )
        if (self.task and self.family not in WITH_TASKS) or (self.options and self.family != REASONING_GYM):
            raise ValueError(
                f"task is for families {', '.join(map(repr, WITH_TASKS))}, options for "
                f"{REASONING_GYM!r}; leave them out"
            )
        if not (self.family == BFCL and self.task.startswith(MULTI_TURN)):
            for key in ("max_turns", "class_distractors"):
                if getattr(self, key) is not None:
                    raise ValueError(
                        f"{key} = {getattr(self, key)}: it is for family {BFCL!r} with a task that begins with "
                        f"{MULTI_TURN!r}; leave it out"
                    )
        if self.user != "script" and self.family != TAU2:
            raise ValueError(f"user = {self.user!r}: only the customers of family {TAU2!r} can be played; leave it out")
        if self.family in TOOL_ROWS:
            given = [key for key in _NOT_OF_TOOL_ROWS if getattr(self, key) != type(self).model_fields[key].default]
            if given:
                raise ValueError(
                    f"{given[0]} = {getattr(self, given[0])!r}: rows of {self.family} say themselves what is asked and "
                    "which calls of which functions answer it; leave it out, or rename the file's columns"
                )
        if self.mcp is not None and not is_server(self.toolbox):
            raise ValueError(
                f"mcp = {{...}} is for a toolbox that is an MCP server, and toolbox is {self.toolbox!r}; name one, as "
                "mcp:COMMAND or mcp+https://HOST/PATH, or leave mcp out"
            )
        if is_server(self.toolbox):
            if self.python:
                raise ValueError(
                    f"python = {self.python!r}: an MCP server's command names its interpreter; leave it out"
                )
            read_name(self.toolbox_name)
        if self.train and self.episode_settings:
            name = next(iter(self.episode_settings))
            raise ValueError(f"{name} is for held-out suites: set episodes.{name}, or make a section without train")
        return self

    @field_validator("call_format")
    @classmethod
    def _format_is_known(cls, name: str | None) -> str | None:
        if name is not None:
            load_format(name)
        return name

    @field_validator("checker")
    @classmethod
    def _checker_is_known(cls, name: str) -> str:
        require_checker(name)
        return name

    @property
    def _without_gold_chains(self) -> str:
        """Why no model can learn from this family; "" where one can."""
        if self.family == REASONING_GYM:
            return "reasoning_gym has none"
        if self.tests_alone:
            return "this category of bfcl is test problems alone"
        if self.user == "model":
            return "a user who is played has no script"
        if self.family in ("jsonl", "csv", "parquet", "hub") and not self.calls_column:
            return "no calls_column names the rows'"
        return ""

    @property
    def tests_alone(self) -> bool:
        """Whether the family is a benchmark without train problems."""
        return self.family == BFCL and not self.task.startswith(MULTI_TURN)

    @property
    def toolbox_name(self) -> str:
        """The toolbox's name, with its interpreter, or with what is said of its MCP server."""
        if is_server(self.toolbox):
            return with_options(self.toolbox, self.mcp)
        return with_interpreter(self.toolbox, self.python)

    @property
    def episode_settings(self) -> dict[str, str | int]:
        """What this section sets of `episodes` for its suites."""
        return self.model_dump(
            include={"call_format", "verbosity", "retrieve", "prompt_tokens", "examples"}, exclude_none=True
        )

    @property
    def corpus_parts(self) -> int:
        """How often this family has its turn among those that models made here learn from."""
        # Long problems take longer to learn.
        default = round(sum(self.difficulty) / 2) if self.train and self.family not in UNTAUGHT else 0
        return default if self.pretrain is None else self.pretrain

    @property
    def teaches_spare_problems(self) -> bool:
        """Whether models that are made here learn those of its train problems that the run does not attempt."""
        return self.family in UNTAUGHT and self.corpus_parts > 0

    @property
    def on_hub(self) -> bool:
        """Whether `path` names a Hub data set. No validator sets it: one that sees raw input would end JSON mode."""
        return self.hub or self.family == "hub"

    @property
    def at_hand(self) -> bool:
        """Whether the problems can be had without asking the Hub."""
        return not self.on_hub and (self.family != "gsm8k" or bool(self.path))

    def first(self, split: str, count: int) -> "FamilyConfig":
        """The same family with at most `count` problems of `split`, the first ones that it has anyway."""
        return self.model_copy(update={split: min(count, self.count(split))})

    def count(self, split: str) -> int:
        """How many problems `split` is to hold; a variant suite holds as many as the test split."""
        return {"train": self.train, "validation": self.validation}.get(split, self.test)

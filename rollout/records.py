"""The records that flow from problems to preference groups. They are frozen, versioned, picklable and free of tensors.

Problem -> Episode(Step...) -> Chain -> PreferenceGroup

JSON values (arguments, gold answers, results) are stored as canonical JSON text (`canonical_json`), because Arrow
refuses columns of mixed types and templates treat them differently.
"""

import hashlib
import json
from enum import StrEnum
from typing import Any, Literal

import msgspec

SCHEMA_VERSION = 1


class Outcome(StrEnum):
    """The outcome of an episode."""

    RIGHT = "right"
    """It finished and the checker accepted its answer."""
    WRONG = "wrong"
    """The model ended it, or made too many mistakes, without an accepted answer."""
    TRUNCATED = "truncated"
    """A limit of tokens, steps or time ended it. Its chain is never chosen, and rejected only if the recipe says so."""
    INFRASTRUCTURE = "infrastructure"
    """Machines failed. It is never labelled and never learned from."""


class StopReason(StrEnum):
    """Why an episode ended."""

    FINISHED = "finished"
    """The model called the finishing function."""
    FAILED_CALLS = "failed_calls"
    """It had more failed steps than the recipe allows."""
    STEP_LIMIT = "step_limit"
    """It had as many steps as the recipe allows, without an answer."""
    TOKEN_LIMIT = "token_limit"
    """A step reached its token limit, or the next one would not fit the context."""
    WALL_TIME = "wall_time"
    """The episode's own deadline passed."""
    INFRASTRUCTURE = "infrastructure"
    """An engine or a host failed, also when the request was repeated."""


class ErrorCode(StrEnum):
    """Everything that can be wrong in a step. The set is closed; docs/error-codes.md explains each code."""

    NOT_A_CALL = "not_a_call"
    """The reply holds no call in the call format."""
    EMPTY_REPLY = "empty_reply"
    """The reply is empty or white space."""
    PROSE_AROUND_CALL = "prose_around_call"
    """There is a call, with text before or after it."""
    BAD_SYNTAX = "bad_syntax"
    """The call is broken: JSON that does not parse, a Python call with a bracket missing, a duplicate key."""
    BAD_VALUE = "bad_value"
    """A literal is refused: NaN, infinity, a lone surrogate, too many digits."""
    NOT_LITERAL = "not_literal"
    """An argument is a variable or an expression where only literals are allowed."""
    WRONG_CALL_SHAPE = "wrong_call_shape"
    """The reply parses but is no call: it has other keys than the format's, or arguments that are no object."""
    UNKNOWN_FUNCTION = "unknown_function"
    """The function is not in the toolbox."""
    MISSING_ARGUMENT = "missing_argument"
    """A required argument is absent."""
    UNEXPECTED_ARGUMENT = "unexpected_argument"
    """The function has no such argument."""
    MISTYPED_ARGUMENT = "mistyped_argument"
    """An argument's type is wrong."""
    OUT_OF_RANGE = "out_of_range"
    """An argument's value is outside what the schema allows."""
    WRONG_COUNT = "wrong_count"
    """There are more calls in one step than the format or the recipe allows."""
    TOO_LARGE = "too_large"
    """The reply exceeds a limit of size or depth."""
    FUNCTION_RAISED = "function_raised"
    """The function refused these arguments (division by zero, a rule that does not apply)."""
    FUNCTION_TIMEOUT = "function_timeout"
    """The function took longer than its deadline."""
    OUTPUT_TOO_LARGE = "output_too_large"
    """The function returned more than a result may hold."""
    NO_ANSWER = "no_answer"
    """The episode ended without an answer."""
    ANSWER_WRONG = "answer_wrong"
    """There is an answer, and it is not the gold answer."""
    ANSWER_MALFORMED = "answer_malformed"
    """There is an answer in a form that the checker cannot read."""
    REPLY_CUT = "reply_cut"
    """The reply reached its token limit before it ended."""
    TOOLBOX_FAULT = "toolbox_fault"
    """The function did what is forbidden to it, or gave back what has no JSON form. No mistake of the model: its
    episode ends without a label."""


class Part(msgspec.Struct, frozen=True, kw_only=True, tag="text", tag_field="type"):
    """A part of a message's content. Only text so far; the tag allows for images later."""

    text: str


class Role(StrEnum):
    """The author of a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a conversation."""

    role: Role
    content: tuple[Part, ...]

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.content)


class ExampleTurn(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a worked example, and what executing it gave."""

    call: "Call"
    result: str
    """The text that a model would get; "" for the finishing call, after which nothing comes."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A worked conversation that stands in a prompt before the problem. It is never scored and never learnt from."""

    text: str
    """The worked problem's text."""
    turns: tuple[ExampleTurn, ...]
    """Its gold calls, one a reply; the last one finishes."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One problem. Its `id`, `FAMILY-SPLIT-...`, is unique in a run and follows from its contents."""

    id: str
    family: str
    split: str
    """`train`, `validation`, `test`, or a variant suite's name."""
    template: str
    """Id of its surface template. No template occurs in two splits."""
    text: str
    toolbox: str
    """Name in `rollout.toolboxes.load_toolbox`."""
    gold: str
    """The gold answer as canonical JSON."""
    gold_calls: tuple["Call", ...] = ()
    """Calls that solve it, including the finishing one; empty if none are known."""
    checker: str = "exact"
    """Name in `rollout.checkers`."""
    state: str = "null"
    """The initial state of the toolbox (the premises of a proof, say) as canonical JSON."""
    difficulty: int = 1
    nothing_to_do: bool = False
    """Whether doing nothing is right: no function fits, something is missing, or the state must stay as it is."""
    examples: tuple[Example, ...] = ()
    """Worked conversations that its prompts show before it; `id` does not depend on them."""
    source: str = "generated"
    licence: str = "CC0-1.0"
    schema_version: int = SCHEMA_VERSION


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed call of a function. `arguments` is a JSON object as canonical text."""

    name: str
    arguments: str
    id: str = ""


class CallResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one call, or of a reply in which no call was found; then `call` is None."""

    call: Call | None
    content: str
    """The text that the model got."""
    error: ErrorCode | None = None
    seconds: float = 0.0


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One assistant message and its results."""

    text: str
    token_ids: tuple[int, ...]
    """The sampled ids, with the stop token. They are never tokenised again."""
    logprobs: tuple[float, ...]
    """The sampler's log-probability of each token, in nats."""
    results: tuple[CallResult, ...]
    feedback_ids: tuple[int, ...] = ()
    """The ids between this reply and the next one: the end of turn if the model did not write it, the results, and the
    header of the next reply. Empty after the last step."""
    seconds: float = 0.0
    thought_tokens: int = 0
    """How many of `token_ids`, from the first on, are a thought with its marks; 0 in records that are older than this
    field."""

    @property
    def errors(self) -> tuple[ErrorCode, ...]:
        return tuple(result.error for result in self.results if result.error is not None)

    @property
    def failed(self) -> bool:
        return bool(self.errors)


class Producer(msgspec.Struct, frozen=True, kw_only=True):
    """The model that made an episode."""

    model: str
    revision: str
    """Content hash of the model's folder, or its commit on the Hub."""
    licence: str
    """Licence of its outputs."""


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where a record comes from: its run, and hashes of everything that shaped the prompt."""

    generation: str
    """The run's id."""
    parent: str
    """Id of the run that this one regenerates, or ""."""
    toolbox_hash: str
    format_hash: str
    template_hash: str
    tokenizer_hash: str
    prompt_hash: str
    recipe: int = 0
    """Number of the recipe under which the run made it; a run that goes on under another recipe counts them."""


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at a problem, complete with every failed call. It knows nothing about students."""

    problem_id: str
    family: str
    sample: int
    call_format: str
    prompt_text: str
    prompt_ids: tuple[int, ...]
    steps: tuple[Step, ...]
    answer: str | None
    """The argument of the finishing function as canonical JSON; None if it was not called."""
    stop: StopReason
    outcome: Outcome
    error: ErrorCode | None
    """The code that explains a wrong or truncated outcome; None for a right one."""
    reward: float
    producer: Producer
    provenance: Provenance
    temperature: float
    seconds: float
    engine: str = ""
    toolbox: str = ""
    """Name in `rollout.toolboxes.load_toolbox`; "" in records that are older than this field."""
    verbosity: str = ""
    """How much of each function's schema was shown: `names`, `signatures` or `full`."""
    shown: tuple[str, ...] = ()
    """The functions that were shown and could be called, if they were fewer than the toolbox has; () for all."""
    system: str = ""
    """What the prompt said before everything else, as the system's message; "" if it had none."""
    examples: tuple[Example, ...] = ()
    """The worked conversations that stood in the prompt."""
    probe_difference: float | None = None
    """How far the engine was from the probe of the producer's revision, mean nats a token; None from scripted engines,
    and in records from before engines had to prove what they serve."""
    schema_version: int = SCHEMA_VERSION

    @property
    def id(self) -> str:
        return f"{self.problem_id}#{self.sample}"

    @property
    def failed_steps(self) -> int:
        return sum(step.failed for step in self.steps)


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """An episode rendered for one student: everything after the prompt, as the student's ids.

    All per-token tuples have the length of `token_ids`.
    """

    token_ids: tuple[int, ...]
    step: tuple[int, ...]
    """For each token the index of the step whose reply it belongs to, or -1 if the model did not write it."""
    failed_steps: tuple[int, ...]
    """Indices of the steps with an error code. In a right chain they are left out of the loss."""
    label: Outcome
    """`right`, `wrong`, or `truncated` if the recipe takes truncated chains as rejected ones."""
    error: ErrorCode | None
    multiplicity: int
    """Number of episodes that rendered to the same ids."""
    episodes: tuple[int, ...]
    """Their sample numbers."""
    thought_tokens: tuple[int, ...] = ()
    """For each step how many of its tokens, from its first on, are a thought with its marks; () in records that are
    older than this field."""
    logprobs: tuple[float, ...] = ()
    """For each token the sampler's log-probability in nats, 0 where the model did not write it. Only in groups of an
    arm's own rounds; () elsewhere."""
    rewards: tuple[float, ...] = ()
    """What the rules of the arm's rewards give (`rollout.rewards`), in their order, a mean over its episodes; or ()."""

    @property
    def learnable(self) -> tuple[int, ...]:
        """Like `step`, with -1 also for the tokens of thoughts."""
        left = dict(enumerate(self.thought_tokens))
        marks = []
        for index in self.step:
            hidden = left.get(index, 0)
            left[index] = hidden - 1
            marks.append(-1 if hidden > 0 else index)
        return tuple(marks)

    @property
    def written(self) -> tuple[bool, ...]:
        """For each token whether the model wrote it."""
        return tuple(index >= 0 for index in self.step)


PairKind = Literal["chains", "matched", "steps"]


class PairRule(msgspec.Struct, frozen=True, kw_only=True):
    """How a group's right and wrong chains pair, and how many are kept on each side at most (0: all)."""

    max_right: int = 0
    max_wrong: int = 0
    stratify_errors: bool = False
    """Keep wrong chains with as many different error codes as possible, instead of the first ones."""
    kind: PairKind = "chains"
    """`chains`: whole chains, all with all. `matched`: whole chains, the first with the first and so on. `steps`: the
    first step at which two chains differ, all with all."""


class PreferenceGroup(msgspec.Struct, frozen=True, kw_only=True):
    """One problem for one student: the prompt once, each distinct chain once, and the rule that pairs them."""

    problem_id: str
    family: str
    student: str
    prompt_text: str
    prompt_ids: tuple[int, ...]
    chains: tuple[Chain, ...]
    """The chains that the rule kept, right ones first."""
    rule: PairRule
    provenance: Provenance
    schema_version: int = SCHEMA_VERSION

    @property
    def right(self) -> tuple[Chain, ...]:
        return tuple(chain for chain in self.chains if chain.label is Outcome.RIGHT)

    @property
    def wrong(self) -> tuple[Chain, ...]:
        return tuple(chain for chain in self.chains if chain.label is not Outcome.RIGHT)

    @property
    def pairs(self) -> int:
        return len(self.right) * len(self.wrong)


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt of one model at one held-out problem."""

    model: str
    """The arm's name: `teacher`, `base`, `sft`, ..."""
    suite: str
    greedy: bool
    episode: Episode
    schema_version: int = SCHEMA_VERSION


def canonical_json(value: Any) -> str:
    """JSON text with sorted keys and without spaces. Raises ValueError for NaN, infinity and lone surrogates."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    text.encode("utf-8")  # UnicodeEncodeError is a ValueError
    return text


def content_hash(*parts: str | bytes) -> str:
    """32 hex digits of the SHA-256 of all parts, each preceded by its length."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()[:32]

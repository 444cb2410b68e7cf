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

from rollout.outcomes import ErrorCode as ErrorCode
from rollout.outcomes import Outcome as Outcome
from rollout.outcomes import StopReason as StopReason

SCHEMA_VERSION = 1


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
    """The text that a model would get; "" for a finishing call, after which none comes."""
    said: str = ""
    """What the user says next, where the call ended a turn that was not the last."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A worked conversation that stands in a prompt before the problem. It is never scored and never learnt from."""

    text: str
    """The worked problem's text."""
    turns: tuple[ExampleTurn, ...]
    """Its gold calls, one a reply; the last one finishes, and each one that the user answers ends a turn."""


class Help(msgspec.Struct, frozen=True, kw_only=True):
    """What a prompt shows in aid of its problem, before what the user says. Only attempts of an arm that learns from
    help are made with it: nothing that is scored shows any, and nothing is learnt on a prompt that does."""

    kinds: tuple[str, ...]
    """What it is made of, as `rollout.help` names it; at least one."""
    text: str = ""
    """What is said; "" where worked conversations or documentation are all."""
    documentation: bool = False
    """Whether the functions that can be called are described in full before it."""


class UserTurn(msgspec.Struct, frozen=True, kw_only=True):
    """What the user says after the model has ended the turn before."""

    text: str
    """"" where nothing but the functions changes."""
    gold_calls: tuple["Call", ...] = ()
    """Calls that answer it, including the finishing one; empty if none are known."""
    appear: tuple[str, ...] = ()
    """Functions of the toolbox that can be called from this turn on, and could not before."""
    vanish: tuple[str, ...] = ()
    """Functions that can be called no more."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One problem. Its `id`, `FAMILY-SPLIT-...`, is unique in a run and follows from its contents."""

    id: str
    family: str
    split: str
    """`train`, `validation`, `test`, or a variant suite's name."""
    template: str
    """Id of its surface template. No template occurs in two splits."""
    text: str
    """What the user says first."""
    toolbox: str
    """Name in `rollout.toolboxes.load_toolbox`."""
    gold: str
    """The gold answer as canonical JSON."""
    gold_calls: tuple["Call", ...] = ()
    """Calls that solve its first turn, including the finishing one; empty if none are known."""
    turns: tuple[UserTurn, ...] = ()
    """What the user says after `text`; () for one message."""
    hidden: tuple[str, ...] = ()
    """Functions of the toolbox that cannot be called in the first turn."""
    checker: str = "exact"
    """Name in `rollout.checkers`."""
    state: str = "null"
    """The initial state of the toolbox (the premises of a proof, say) as canonical JSON."""
    difficulty: int = 1
    nothing_to_do: bool = False
    """Whether doing nothing is right: no function fits, something is missing, or the state must stay as it is."""
    examples: tuple[Example, ...] = ()
    """Worked conversations that its prompts show before it; `id` does not depend on them."""
    help: Help | None = None
    """What prompts show in its aid, in attempts with help alone; `id` does not depend on it."""
    system: str = ""
    """What its prompts say first, behind what `episodes.system` says: a policy to keep to, say; "" for nothing."""
    user: str = ""
    """What a model is told that plays the user, who speaks until they hang up; "" where `turns` say what is said."""
    source: str = "generated"
    licence: str = "CC0-1.0"
    schema_version: int = SCHEMA_VERSION

    @property
    def all_text(self) -> str:
        """All that the user says; of one message its text."""
        return "\n\n".join(text for text in (self.text, *(turn.text for turn in self.turns)) if text)

    @property
    def all_gold_calls(self) -> tuple["Call", ...]:
        """The gold calls of all turns, in order."""
        return self.gold_calls + tuple(call for turn in self.turns for call in turn.gold_calls)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed call of a function. `arguments` is a JSON object as canonical text."""

    name: str
    arguments: str
    id: str = ""


class CallResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one call, or of a reply without one; then `call` is None, and without an error the reply is a text
    that ended its turn."""

    call: Call | None
    content: str
    """The text that the model got; of what ended its turn, the answer as canonical JSON, which it did not get."""
    error: ErrorCode | None = None
    seconds: float = 0.0
    made: tuple[Call, ...] | None = None
    """Where calls stand inside the call: those that were made with success, innermost first, at last itself, each with
    values in place of the calls inside it. None where none do, and in records that are older than this field."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One assistant message and its results."""

    text: str
    token_ids: tuple[int, ...]
    """The sampled ids, with the stop token. They are never tokenised again."""
    logprobs: tuple[float, ...]
    """The sampler's log-probability of each token, in nats."""
    results: tuple[CallResult, ...]
    feedback_ids: tuple[int, ...] = ()
    """The ids between this reply and the next one: the end of turn if the model did not write it, the results, what the
    user says if this step ended a turn, and the header of the next reply. Empty after the last step."""
    seconds: float = 0.0
    thought_tokens: int = 0
    """How many of `token_ids`, from the first on, are a thought with its marks; 0 in records that are older than this
    field."""
    turn: int = 0
    """The user's turn that it answers, from 0."""

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
    """What ended the last turn, as canonical JSON: the argument of the finishing function, or a text; None if nothing
    did."""
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
    credit: tuple[float, ...] = ()
    """Shares, from 0 to 1, of what was to be done, beside the label: of each of the user's turns, then of the end, as
    far as the checker says something of them; () where an answer alone is checked."""
    why: str = ""
    """What a checker of worlds found wrong first, in words."""
    said: tuple[str, ...] = ()
    """What the user said after the prompt, as the model read it: a message for each further turn that it came to."""
    help: tuple[str, ...] = ()
    """What kinds of help its prompt showed; () for none, in all that is scored or that prompts are taken of."""
    guided: int = 0
    """How many of its first steps are the teacher's, which its producer only went on from."""
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
    """The sample numbers of those that the rollout, or the arm's policy, made."""
    thought_tokens: tuple[int, ...] = ()
    """For each step how many of its tokens, from its first on, are a thought with its marks; () in records that are
    older than this field."""
    logprobs: tuple[float, ...] = ()
    """For each token the sampler's log-probability in nats, 0 where the model did not write it. Only in groups of an
    arm's own rounds; () elsewhere."""
    teacher_episodes: tuple[int, ...] = ()
    """Samples of the teacher's that rendered to the same ids, where an arm's rounds take its right chains."""
    helped_episodes: tuple[int, ...] = ()
    """Samples that the arm's policy made with help and that rendered to the same ids, where its rounds take these."""
    guided: int = 0
    """How many of its first steps the teacher wrote, and the arm's policy went on from; no token of them is written."""
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

"""The rewards of an arm of reinforcement learning: the executed label, and rules that follow from an episode alone.

A rule is a pure function of an episode's record. What it gives is stored with the chain; the reward that is learnt from
is the sum over label and rules, each times its weight.
"""

import math
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Annotated

import msgspec
from pydantic import AfterValidator, Field, field_validator, model_validator

from cluster.config import Section
from cluster.errors import RequestError, WorkError
from rollout.checkers import USERS
from rollout.checkers.users import users_function
from rollout.records import Chain, Episode, ErrorCode, Outcome, PreferenceGroup, Step

EQUAL = 1e-9
"""Rewards that differ by at most this much, times the largest of them if that is above 1, are equal: they are sums."""

_SHOWN = 10**30
"""A whole number up to here is shown in digits. Python refuses to write those of thousands of digits."""

UNREADABLE = frozenset(
    {
        ErrorCode.NOT_A_CALL,
        ErrorCode.EMPTY_REPLY,
        ErrorCode.PROSE_AROUND_CALL,
        ErrorCode.BAD_SYNTAX,
        ErrorCode.BAD_VALUE,
        ErrorCode.NOT_LITERAL,
        ErrorCode.WRONG_CALL_SHAPE,
        ErrorCode.TOO_LARGE,
        ErrorCode.REPLY_CUT,
    }
)
"""Codes of replies from which no call could be read."""


_LEAST, _MOST = 1e-4, 1e4
"""Weights other than 0 are between them, either way: smaller ones beside larger ones reward what counts as equal, and
gradients, which are float32, overflow at very large ones."""
_LARGEST = 1e6
"""What a function of yours may give, either way, for the same reason."""


def other_than_zero(weight: float) -> float:
    """The weight. Raises ValueError for 0."""
    if not weight:
        raise ValueError("0 rewards nothing; give another weight, or leave the rule out")
    return weight


Weight = Annotated[float, AfterValidator(other_than_zero)]
"""Of a rule that is given: one of 0 would change nothing."""


class FallingReward(Section):
    """A reward of little of something: 1 up to a target, 0 from a limit on, and a straight line between them."""

    weight: Weight
    """What it is multiplied by, from 1e-4 to 1e4 or the negative of that."""
    target: int = Field(ge=0)
    """Up to so much the reward is 1."""
    limit: int = Field(ge=1)
    """From so much on the reward is 0."""

    @model_validator(mode="after")
    def _falls(self) -> "FallingReward":
        if self.limit <= self.target:
            raise ValueError(f"limit = {self.limit}: is not above target = {self.target}; raise it")
        return self

    def of(self, count: int) -> float:
        """The reward of so much: the length-aware penalty of DAPO (arXiv 2503.14476, eq. 13), moved up by 1."""
        return min(1.0, max(0.0, (self.limit - count) / (self.limit - self.target)))


class UsersRule(Section):
    """A rule of yours."""

    name: str
    """An importable MODULE:FUNCTION. The function takes an episode (`rollout.records.Episode`) and returns a number; it
    runs in the process that builds groups. It may give -1e6 to 1e6."""
    weight: Weight
    """What it is multiplied by, from 1e-4 to 1e4 or the negative of that."""

    @field_validator("name")
    @classmethod
    def _names_a_function(cls, name: str) -> str:
        if not USERS.fullmatch(name):
            raise ValueError(f"{name!r} is no function; name an importable MODULE:FUNCTION")
        return name


class RewardsConfig(Section):
    """What a chain is worth: the sum of its rewards, each times its weight. They hold for right and for wrong chains,
    so a label that weighs less than the rules together lets a wrong chain that keeps them win over a right one."""

    label: float = 1.0
    """Weight of the executed label: 1 for a right chain, 0 for any other."""
    format: float = 0.0
    """Weight of the share of replies from which calls could be read, whatever became of these. 0: no such reward."""
    world: float = 0.0
    """Weight of the mean of the episode's credit, the shares of the conditions on a world that hold, turn by turn;
    where an answer alone is checked, that is 0, so it is refused where no train problem has a world. 0: no such
    reward."""
    length: FallingReward | None = None
    """Reward of few tokens that the policy wrote, in all replies together. Unit of target and limit: tokens."""
    calls: FallingReward | None = None
    """Reward of few calls that could be read, the finishing one too. Unit of target and limit: calls."""
    function: UsersRule | None = None
    """Reward by a function of yours."""

    @model_validator(mode="after")
    def _rewards_something(self) -> "RewardsConfig":
        if not self.label and not any(self.weights.values()):
            raise ValueError("every weight is 0, so that no chain is better than another; set one")
        return self

    @property
    def weights(self) -> dict[str, float]:
        """Rule -> its weight, in the order in which chains hold what the rules give."""
        sections = {"length": self.length, "calls": self.calls, "function": self.function}
        plain = {"format": self.format, "world": self.world}
        given = {name: weight for name, weight in plain.items() if weight}
        return given | {name: section.weight for name, section in sections.items() if section is not None}

    def refuse_unbounded(self) -> None:
        """Raise ValueError, which begins with the key, for a weight so small that it rewards nothing, or too large to
        count with."""
        for name, weight in {"label": self.label, **self.weights}.items():
            if weight and not _LEAST <= abs(weight) <= _MOST:
                key = name if name in ("label", "format", "world") else f"{name}.weight"
                bounds = f"between {_LEAST:g} and {_MOST:g}, or the negatives"
                raise ValueError(f"rewards.{key} = {weight:g}: weights are {bounds}; give such a one")

    def require_function(self) -> None:
        """Raise RequestError where the function of yours cannot be imported."""
        if self.function is not None:
            users_function("reward", self.function.name)

    def refuse_unmet(self, worlds: bool | None) -> None:
        """Raise RequestError, which begins with the key, for a rule that can give nothing. `worlds`: whether a train
        problem has a checker of worlds; None where that is not known."""
        if self.world and worlds is False:
            raise RequestError(
                f"world = {self.world}: no train problem has a world to check, so it is 0 for every chain; leave it "
                "out, or take problems with a checker of worlds"
            )
        try:
            self.require_function()
        except RequestError as error:
            raise RequestError(f"function: {error}") from None


def rule_rewards(episode: Episode, rewards: RewardsConfig) -> tuple[float, ...]:
    """What each rule gives for an episode with a step, in the order of `rewards.weights`.

    Raises RequestError for a user's function that cannot be imported, WorkError for one that fails or gives no finite
    number.
    """
    steps, found = episode.steps, list[float]()
    if rewards.format:
        found.append(sum(map(readable, steps)) / len(steps))
    if rewards.world:
        found.append(sum(episode.credit) / len(episode.credit) if episode.credit else 0.0)
    if rewards.length is not None:
        found.append(rewards.length.of(sum(len(step.token_ids) for step in steps)))
    if rewards.calls is not None:
        found.append(rewards.calls.of(sum(result.call is not None for step in steps for result in step.results)))
    if rewards.function is not None:
        found.append(_of_user(rewards.function.name, episode))
    return tuple(found)


def chain_reward(chain: Chain, rewards: RewardsConfig | None) -> float:
    """What a chain is worth; without rules its label, 1 or 0. Raises ValueError where the chain holds what other rules
    gave."""
    label = float(chain.label is Outcome.RIGHT)
    if rewards is None:
        return label
    ruled = zip(rewards.weights.values(), chain.rewards, strict=True)
    return math.fsum([rewards.label * label, *(weight * value for weight, value in ruled)])


class Rewarded(msgspec.Struct, frozen=True, kw_only=True):
    """What label and rules gave to the episodes of a group, or of several."""

    episodes: int = 0
    unequal: int = 0
    """Groups in which chains are worth more and less."""
    sums: dict[str, float] = {}
    """`label` or a rule -> the sum of its rewards over these episodes, without its weight."""

    @property
    def means(self) -> dict[str, float]:
        """`label` or a rule -> the mean of its rewards."""
        return {name: total / self.episodes for name, total in self.sums.items() if self.episodes}


def rewarded(group: PreferenceGroup, rewards: RewardsConfig) -> Rewarded:
    """What label and rules gave to the episodes of a group."""
    sums = dict.fromkeys(("label", *rewards.weights), 0.0)
    for chain in group.chains:
        for name, value in zip(sums, (float(chain.label is Outcome.RIGHT), *chain.rewards), strict=True):
            sums[name] += chain.multiplicity * value
    return Rewarded(
        episodes=sum(chain.multiplicity for chain in group.chains),
        unequal=int(not all_equal([chain_reward(chain, rewards) for chain in group.chains])),
        sums=sums,
    )


def joined(parts: Iterable[Rewarded]) -> Rewarded:
    """The same of several groups together."""
    every = list(parts)
    names = dict.fromkeys(name for part in every for name in part.sums)
    return Rewarded(
        episodes=sum(part.episodes for part in every),
        unequal=sum(part.unequal for part in every),
        sums={name: math.fsum(part.sums.get(name, 0.0) for part in every) for name in names},
    )


def all_equal(rewards: Sequence[float]) -> bool:
    """Whether no reward differs from another by more than the rounding of a sum."""
    return not rewards or max(rewards) - min(rewards) <= EQUAL * max(1.0, *map(abs, rewards))


def readable(step: Step) -> bool:
    """Whether a call could be read from the reply."""
    return not UNREADABLE.intersection(step.errors)


def _of_user(name: str, episode: Episode) -> float:
    function = users_function("reward", name)
    try:
        value = function(episode)
    except Exception as error:
        raise WorkError(f"reward {name} raised {type(error).__name__}: {error} for episode {episode.id}") from error
    number = _finite(value)
    if number is None:
        shown = (
            repr(value)
            if not isinstance(value, int) or abs(value) < _SHOWN
            else f"a number of {value.bit_length():,} bits"
        )
        remedy = f"return a finite number up to {_LARGEST:g}"
        raise WorkError(f"reward {name} returned {shown} for episode {episode.id}; {remedy}")
    return number


def _finite(value: object) -> float | None:
    """A number of any type, numpy's too, as a float; None for what is no number, or one too large to count with."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) <= _LARGEST else None  # NaN compares with nothing

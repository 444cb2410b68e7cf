"""Rules of rewards by hand: what each one gives for an episode, what a chain is worth, and what a round records."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from cluster.config import parse
from cluster.errors import RequestError, WorkError
from cluster.store.ledger import Commit, Ledger
from cluster.store.storage import open_store
from rollout.config import GroupsConfig
from rollout.data.group_rows import read_groups
from rollout.data.shards import encode_rows
from rollout.group_units import GroupWork, build_group_unit, group_unit
from rollout.groups import distinct_chains
from rollout.records import Call, CallResult, Chain, Episode, ErrorCode, Outcome, Step
from rollout.rewards import (
    FallingReward,
    Rewarded,
    RewardsConfig,
    UsersRule,
    all_equal,
    chain_reward,
    joined,
    rewarded,
    rule_rewards,
)
from tests.rollout.conversations import chat_template, tokenizer
from tests.rollout.data.rows import chain, episode, group

LENGTH = FallingReward(weight=0.2, target=4, limit=8)
CALLS = FallingReward(weight=-0.5, target=1, limit=3)
ALL = RewardsConfig(format=0.5, length=LENGTH, calls=CALLS)


def by_sample(one: Episode) -> float:
    """A user's rule: another value for every sample."""
    return one.sample / 4


def broken(one: Episode) -> float:
    raise KeyError(one.problem_id)


def no_number(one: Episode) -> float:
    return float("nan")


def written(*codes: ErrorCode | None, calls: int = 1, tokens: int = 2) -> Episode:
    """An episode with a step for each code, of so many tokens and calls."""
    call = Call(name="add", arguments="{}")
    steps = []
    for code in codes:
        unread = code is ErrorCode.NOT_A_CALL
        results = [CallResult(call=None if unread else call, content="", error=code)] * (1 if unread else calls)
        ids = tuple(range(tokens))
        steps.append(Step(text="x", token_ids=ids, logprobs=(-1.0,) * tokens, results=tuple(results)))
    return episode(steps=tuple(steps))


@pytest.mark.parametrize(
    ("made", "values"),
    [
        (written(None), (1.0, 1.0, 1.0)),
        # 6 tokens: half way from 4 to 8. 2 calls could be read: half way from 1 to 3.
        (written(None, ErrorCode.NOT_A_CALL, None), (2 / 3, 0.5, 0.5)),
        # A call that failed could be read; 8 tokens and 4 calls are at the limits or beyond.
        (written(ErrorCode.FUNCTION_RAISED, None, calls=2, tokens=4), (1.0, 0.0, 0.0)),
        (written(ErrorCode.NOT_A_CALL, tokens=50), (0.0, 0.0, 1.0)),
    ],
)
def test_what_each_rule_gives(made: Episode, values: tuple[float, ...]) -> None:
    assert list(ALL.weights) == ["format", "length", "calls"]
    assert rule_rewards(made, ALL) == values
    assert rule_rewards(made, RewardsConfig(calls=CALLS)) == values[2:]
    assert rule_rewards(made, RewardsConfig()) == ()


def test_a_rule_of_the_users_is_asked_and_its_faults_are_named() -> None:
    def asked(function: str) -> tuple[float, ...]:
        rule = UsersRule(name=f"{__name__}:{function}", weight=2.0)
        return rule_rewards(episode(sample=3), RewardsConfig(function=rule))

    assert asked("by_sample") == (0.75,)
    documented = UsersRule(name="docs.examples.brief_reward:few_steps", weight=1.0)
    assert rule_rewards(written(None, None), RewardsConfig(function=documented)) == (0.5,)
    with pytest.raises(WorkError, match=rf"^reward {__name__}:broken raised KeyError: 'arithmetic-train-0' for"):
        asked("broken")
    with pytest.raises(WorkError, match=r"no_number returned nan for episode arithmetic-train-0#3; return a finite"):
        asked("no_number")
    lost = RewardsConfig(function=UsersRule(name=f"{__name__}:lost", weight=1.0))
    with pytest.raises(RequestError, match=r"has no attribute 'lost'; name an importable MODULE:FUNCTION"):
        lost.require_function()


class Given:
    """What a user's function returns."""

    value: object = 0.0


def given(one: Episode) -> object:
    return Given.value


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.float64(0.5), Fraction(1, 2)])
def test_a_users_number_of_any_type_is_a_reward(value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Given, "value", value)
    rule = RewardsConfig(function=UsersRule(name=f"{__name__}:given", weight=1.0))
    assert rule_rewards(written(), rule) == (0.5,)
    assert type(rule_rewards(written(), rule)[0]) is float


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (10**400, "a number of 1,329 bits"),
        pytest.param(10**9000, "a number of 29,898 bits", id="long"),
        ("1", "'1'"),
        (True, "True"),
        (np.float32("inf"), r"(np\.float32\()?inf\)?"),
        (None, "None"),
        (1e7, "10000000.0"),
        (float("nan"), "nan"),
    ],
)
def test_what_is_no_finite_number_is_named(value: object, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Given, "value", value)
    rule = RewardsConfig(function=UsersRule(name=f"{__name__}:given", weight=1.0))
    with pytest.raises(WorkError, match=rf":given returned {shown} for .*; return a finite number up to 1e\+06"):
        rule_rewards(written(), rule)


def test_a_chain_is_worth_the_weighted_sum() -> None:
    right, wrong = chain(1, 2, rewards=(0.5, 1.0, 0.25)), chain(3, label=Outcome.WRONG, rewards=(1.0, 0.0, 0.5))
    assert chain_reward(right, ALL) == pytest.approx(1.0 + 0.25 + 0.2 - 0.125)
    assert chain_reward(wrong, ALL) == pytest.approx(0.5 - 0.25)
    assert chain_reward(right, ALL.model_copy(update={"label": 3.0})) == pytest.approx(3.0 + 0.25 + 0.2 - 0.125)
    assert chain_reward(wrong, ALL.model_copy(update={"label": -3.0})) == pytest.approx(0.25), "a wrong chain has none"
    assert [chain_reward(one, None) for one in (right, wrong)] == [1.0, 0.0]
    assert [chain_reward(one, RewardsConfig()) for one in (chain(1), chain(2, label=Outcome.WRONG))] == [1.0, 0.0]
    with pytest.raises(ValueError, match="shorter"):  # of a chain that was built without them
        chain_reward(chain(1, 2), ALL)


def test_rewards_differ_by_more_than_the_rounding_of_a_sum() -> None:
    assert all(map(all_equal, ([], [0.1 + 0.2, 0.3], [1e6, 1e6 + 1e-4])))
    assert not all_equal([0.3, 0.3001])


def test_a_chain_has_the_mean_over_its_episodes() -> None:
    """Equal ids with other values: a rule may read what is not in the ids."""
    rule = UsersRule(name=f"{__name__}:by_sample", weight=1.0)
    made = [episode(sample=sample) for sample in (0, 1, 3)]
    (one,) = distinct_chains(made, chat_template(), rewards=RewardsConfig(function=rule))
    assert (one.multiplicity, one.rewards) == (3, ((0 + 0.25 + 0.75) / 3,))
    (plain,) = distinct_chains(made, chat_template())
    assert plain.rewards == ()
    assert plain == msgspec.structs.replace(one, rewards=())


def test_what_rewards_gave_to_groups() -> None:
    rules = RewardsConfig(format=0.5)

    def rated(*values: float, **changes: Any) -> tuple[Chain, ...]:
        return tuple(chain(at, rewards=(value,), **changes) for at, value in enumerate(values))

    alike = rewarded(group(chains=rated(0.5, 0.5, multiplicity=1)), rules)
    assert (alike.episodes, alike.unequal, alike.means) == (2, 0, {"label": 1.0, "format": 0.5})
    mixed = (*rated(1.0, multiplicity=3), *rated(0.0, multiplicity=1, label=Outcome.WRONG))
    other = rewarded(group(chains=mixed), rules)
    assert (other.episodes, other.unequal, other.means) == (4, 1, {"label": 0.75, "format": 0.75})
    both = joined([Rewarded(), alike, other])
    assert (both.episodes, both.unequal) == (6, 1)
    assert both.means == pytest.approx({"label": 5 / 6, "format": 4 / 6})
    assert Rewarded().means == {}


def built(tmp_path: Path, rewards: RewardsConfig | None) -> tuple[Commit, list[Chain]]:
    """The groups of two problems, of which one has no wrong chain, but chains of another form."""
    store = open_store(str(tmp_path))
    rows = [episode("p", 0), episode("p", 1, outcome=Outcome.WRONG, error=ErrorCode.ANSWER_WRONG)]
    rows += [episode("q", 0), episode("q", 1, steps=episode().steps[1:])]
    encoded = encode_rows(Episode, rows)
    Ledger(store, "episodes").publish("u", encoded.payload, encoded.rows)
    tokenizer().save_pretrained(str(tmp_path / "model"))
    (tmp_path / "model" / "config.json").write_text("{}")
    work = GroupWork(
        unit="b00000-x",
        run_uri=str(tmp_path),
        episode_units=("u",),
        problems=("p", "q"),
        student="tiny",
        student_source=str(tmp_path / "model"),
        groups=GroupsConfig(),
        rewards=rewards,
    )
    commit = build_group_unit(work)
    return commit, [one for each in read_groups(Ledger(store, "groups/tiny")) for one in each.chains]


def test_a_unit_of_groups_holds_and_counts_what_its_rules_gave(tmp_path: Path) -> None:
    commit, chains = built(tmp_path, RewardsConfig(format=0.1))
    # One of two replies could be read; in the shorter episode the only one.
    assert [one.rewards for one in chains] == [(0.5,), (0.5,), (0.5,), (1.0,)]
    given = commit.decoded("rewards", Rewarded, Rewarded())
    assert given == Rewarded(episodes=4, unequal=2, sums={"label": 3.0, "format": 2.5})
    assert commit.count("groups") == 1, "of right and wrong chains, while rules tell the chains of the other one apart"


def test_groups_without_rules_are_as_they_were(tmp_path: Path) -> None:
    commit, chains = built(tmp_path, None)
    assert "rewards" not in commit.meta
    assert {one.rewards for one in chains} == {()}
    names = {
        group_unit(0, "tiny", [commit], GroupsConfig(), "tokenizer", "keep", *rules)
        for rules in ((), (None,), (RewardsConfig(),), (ALL,), (ALL.model_copy(update={"format": 0.4}),))
    }
    assert len(names) == 4
    assert group_unit(0, "tiny", [commit], GroupsConfig(), "tokenizer", "keep") in names


def test_keys_stay_in_the_order_by_which_units_are_named() -> None:
    rules = {"length": {"weight": 1.0, "target": 1, "limit": 2}, "function": {"name": "math:sqrt", "weight": 0.5}}
    said = parse(RewardsConfig, rules, "recipe").model_dump_json(exclude={"world", "calls"})
    assert said == (
        '{"label":1.0,"format":0.0,"length":{"weight":1.0,"target":1,"limit":2},'
        '"function":{"name":"math:sqrt","weight":0.5}}'
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"label": 0.0}, "every weight is 0, so that no chain is better than another; set one"),
        ({"length": {"weight": 0.0, "target": 1, "limit": 2}}, "length.weight: 0 rewards nothing; give another weight"),
        ({"calls": {"weight": 0, "target": 1, "limit": 2}}, "calls.weight: 0 rewards nothing"),
        ({"function": {"name": "json:loads", "weight": 0}}, "function.weight: 0 rewards nothing"),
        ({"length": {"weight": 1.0, "target": 8, "limit": 8}}, "limit = 8: is not above target = 8; raise it"),
        ({"length": {"weight": 1.0, "limit": 8}}, "length.target is missing"),
        ({"calls": {"weight": 1.0, "target": -1, "limit": 8}}, "calls.target = -1"),
        ({"function": {"name": "no function", "weight": 1.0}}, "'no function' is no function; name an importable"),
        ({"format": float("nan")}, "format"),
        ({"formatt": 1.0}, "did you mean 'format'"),
    ],
)
def test_what_is_no_reward_is_refused(options: dict[str, object], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        parse(RewardsConfig, options, "recipe")


def test_the_credit_of_a_world_is_a_reward_on_average() -> None:
    rewards = RewardsConfig(world=0.5, format=0.25)
    assert list(rewards.weights) == ["format", "world"]
    some = msgspec.structs.replace(written(None), credit=(1.0, 0.5, 0.0))
    assert rule_rewards(some, rewards) == (1.0, 0.5)
    assert rule_rewards(written(None), rewards) == (1.0, 0.0), "an answer alone is checked"


def test_names_of_group_units_are_the_old_ones_without_a_world() -> None:
    """As they were before there was such a rule."""
    old = RewardsConfig(format=0.5)
    both = (old, RewardsConfig(format=0.5, world=0.1))
    said = [group_unit(0, "s", [], GroupsConfig(), "f", rewards=one) for one in both]
    assert said == ["b00000-d3209c046e822d38", said[1]]
    assert said[0] != said[1]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"label": 1e-10}, "rewards.label = 1e-10: weights are between 0.0001 and 10000"),
        ({"format": -1e308}, r"rewards.format = -1e\+308: weights are between"),
        ({"calls": {"weight": 1e5, "target": 1, "limit": 2}}, r"rewards.calls.weight = 100000: weights are between"),
    ],
)
def test_a_weight_that_rewards_nothing_or_overflows_is_refused_in_new_recipes(
    options: dict[str, object], says: str
) -> None:
    rewards = parse(RewardsConfig, options, "a stored recipe")
    with pytest.raises(ValueError, match=says):
        rewards.refuse_unbounded()
    parse(RewardsConfig, {"format": -0.0001, "world": 1e4}, "recipe").refuse_unbounded()

"""Units of groups that hold the teacher's right chains: of the same prompt, from the units that are named."""

from pathlib import Path
from typing import Literal

import msgspec
import pytest

from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from rollout.config import ChosenFrom, GroupsConfig
from rollout.data.group_rows import read_groups
from rollout.data.invariants import group_faults
from rollout.data.shards import encode_rows
from rollout.group_units import GroupWork, build_group_unit, group_unit
from rollout.groups import with_taught
from rollout.records import Episode, ErrorCode, Outcome, PreferenceGroup
from tests.rollout.conversations import tokenizer
from tests.rollout.data.rows import chain, episode, group
from tests.training import samples as chains

WRONG: dict[str, object] = {"outcome": Outcome.WRONG, "error": ErrorCode.ANSWER_WRONG}
PROMPT = (1, 2, 3)
ROUND = "groups/tiny/arm/r000"


def publish(run: Path, unit: str, groups: list[PreferenceGroup]) -> None:
    encoded = encode_rows(PreferenceGroup, groups)
    Ledger(open_store(str(run)), "groups/tiny").publish(unit, encoded.payload, encoded.rows)


def taught(problem: str, token: int, prompt: tuple[int, ...] = PROMPT) -> PreferenceGroup:
    """A group of the teacher's with a right and a wrong chain of its own."""
    chains = (chain(token, token), chain(token + 1, token + 1, label=Outcome.WRONG))
    return group(problem, chains=chains, prompt_ids=prompt)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A round's episodes of three problems, each right at sample 0 and wrong at 1."""
    rows = [episode(f"p{at}", sample, **(WRONG if sample else {})) for at in range(3) for sample in range(2)]
    encoded = encode_rows(Episode, rows)
    Ledger(open_store(str(tmp_path)), "episodes/arm/r000").publish("u", encoded.payload, encoded.rows)
    tokenizer().save_pretrained(str(tmp_path / "model"))
    (tmp_path / "model" / "config.json").write_text("{}")
    return tmp_path


def prompt_of(run: Path) -> tuple[int, ...]:
    """The prompt of the round's groups."""
    build(run, "policy", (), "b00000-first")
    return next(iter(groups_of(run, "b00000-first"))).prompt_ids


def build(run: Path, chosen_from: ChosenFrom, units: tuple[str, ...], name: str) -> None:
    build_group_unit(
        GroupWork(
            unit=name,
            run_uri=str(run),
            episode_units=("u",),
            problems=("p0", "p1", "p2"),
            student="tiny",
            student_source=str(run / "model"),
            groups=GroupsConfig(),
            episodes="episodes/arm/r000",
            ledger=ROUND,
            with_logprobs=True,
            chosen_from=chosen_from,
            taught=units,
        )
    )


def groups_of(run: Path, unit: str) -> list[PreferenceGroup]:
    return list(read_groups(Ledger(open_store(str(run)), ROUND), [unit]))


def test_only_right_chains_of_the_same_prompt_and_of_named_units_are_taken(run: Path) -> None:
    prompt = prompt_of(run)
    publish(run, "b00000-old", [taught("p0", 70, prompt)])
    publish(run, "b00000-new", [taught("p0", 50, prompt), taught("p1", 60, (9, 9)), taught("other", 80, prompt)])
    publish(run, "b00001-new", [taught("p2", 90, prompt)])
    build(run, "teacher", ("b00000-new", "b00001-new"), "b00000-teacher")
    first, second, third = groups_of(run, "b00000-teacher")
    assert [(one.token_ids, one.teacher_episodes) for one in first.right] == [((50, 50), (0, 3))]
    assert second.right == (), "the teacher answered another prompt"
    assert [one.token_ids for one in third.right] == [(90, 90)]
    own = [one for each in (first, second, third) for one in each.wrong]
    assert [(one.episodes, one.teacher_episodes) for one in own] == [((1,), ())] * 3, "the policy's wrong chains alone"
    build(run, "both", ("b00000-new",), "b00000-both")
    assert [len(each.right) for each in groups_of(run, "b00000-both")] == [2, 1, 1]


def test_what_groups_take_of_the_teacher_is_in_their_units_name(run: Path) -> None:
    commits = list(Ledger(open_store(str(run)), "episodes/arm/r000").commits().values())
    names = {
        group_unit(0, "tiny", commits, GroupsConfig(), "tokenizer", "keep", None, more)
        for more in ((), ("teacher",), ("both",), ("teacher", "b00000-new"), ("teacher", "b00000-old"))
    }
    assert len(names) == 5
    assert group_unit(0, "tiny", commits, GroupsConfig(), "tokenizer") in names


def test_what_cannot_be_of_the_teachers_chains_is_found() -> None:
    outcomes, of_teacher = {("p", 0): Outcome.WRONG}, {("p", 4): Outcome.RIGHT, ("p", 5): Outcome.WRONG}
    right = chain(1, multiplicity=1, episodes=(), teacher_episodes=(4,))
    wrong = chain(2, label=Outcome.WRONG, multiplicity=1, episodes=(0,))

    def faults(*chains: object) -> list[str]:
        return list(group_faults(group("p", chains=chains), outcomes, of_teacher))

    assert faults(right, wrong) == []
    assert faults(msgspec.structs.replace(right, teacher_episodes=(3,))) == [
        "p#3 of the teacher is right in the group and not there as an episode"
    ]
    assert faults(msgspec.structs.replace(right, teacher_episodes=(5,))) == [
        "p#5 of the teacher is right in the group and wrong as an episode"
    ]
    assert faults(msgspec.structs.replace(right, multiplicity=2)) == ["p: multiplicity 2 of 1 episodes"]
    assert faults(msgspec.structs.replace(wrong, episodes=(), teacher_episodes=(5,))) == [
        "p holds a chain of the teacher that is wrong; only its right ones are taken"
    ]
    assert list(group_faults(group("p", chains=(right,)), outcomes)) == [
        "p#4 of the teacher is right in the group and not there as an episode"
    ]


@pytest.mark.parametrize(("chosen_from", "counted"), [("both", (5, (0, 1, 2))), ("teacher", (2, ()))])
def test_a_chain_that_both_wrote_counts_those_whose_chains_are_taken(
    chosen_from: Literal["both", "teacher"], counted: tuple[int, tuple[int, ...]]
) -> None:
    own = chains.chain([20, 1], [0, 0], multiplicity=3, episodes=(0, 1, 2))
    wrong = chains.chain([22, 1], [0, 0], Outcome.WRONG, episodes=(3,))
    taught = chains.chain([20, 1], [0, 0], multiplicity=2, episodes=(5, 6))
    made = with_taught(chains.group("p", [own, wrong]), (taught,), chosen_from)
    assert made is not None
    assert [(one.multiplicity, one.episodes) for one in made.right] == [counted]
    assert made.right[0].teacher_episodes == (5, 6)

"""Every invariant of arms in rounds that `verify` names is broken once, and it alone is found.

The rounds' episodes are those of a stored run of the scripted engine, as if the arm's policy had written them.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster.engine.model_source import model_revision
from cluster.errors import CorruptionError
from cluster.store.digests import sealed
from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from pipeline.commands.verify import contradictions
from pipeline.run.folder import Run, read_run
from pipeline.run.recipes import add_recipe
from pipeline.stages.arms.policies import ArmRounds
from pipeline.stages.arms.round import Round
from rollout.data import layout
from rollout.data.group_rows import live_units
from rollout.data.shards import encode_rows
from rollout.data.unit_rows import UnitRows
from rollout.group_units import GroupWork
from rollout.records import Episode, Step
from rollout.rewards import FallingReward
from tests.pipeline.commands.rounds_made import (
    ARMS,
    RULES,
    STALE,
    Damage,
    begin,
    go_through,
    make_attempts,
    with_arms,
)
from tests.repository import DATA


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begin(tmp_path_factory.mktemp("begun") / "run")


def second_round(begun: Path, folder: Path, arm: str, damage: Damage) -> list[str]:
    """What is found after a second round with that damage."""
    shutil.copytree(begun, folder)
    go_through(ArmRounds(with_arms(folder), arm, ARMS[arm]), damage)
    return list(contradictions(with_arms(folder)))


@pytest.mark.parametrize("arm", ARMS)
def test_rounds_without_a_fault_have_none(begun: Path, folder: Path, arm: str) -> None:
    assert second_round(begun, folder, arm, Damage()) == []
    rounds = ArmRounds(with_arms(folder), arm, ARMS[arm])
    go_through(rounds)
    shutil.copytree(rounds.final(rounds.records()), rounds.run.model(arm))
    assert rounds.ended(rounds.records())
    assert list(contradictions(with_arms(folder))) == []


def all_rows(**changes: Any) -> Damage:
    return Damage(rows=lambda rows: [msgspec.structs.replace(row, **changes) for row in rows])


def of_another(**changes: str) -> Damage:
    return Damage(
        rows=lambda rows: [
            msgspec.structs.replace(row, producer=msgspec.structs.replace(row.producer, **changes)) for row in rows
        ]
    )


def works(**changes: Any) -> Damage:
    return Damage(works=lambda works: [msgspec.structs.replace(work, **changes) for work in works])


def record(**changes: Any) -> Damage:
    return Damage(record=lambda record: msgspec.structs.replace(record, **changes))


def of_first_round(works: list[GroupWork]) -> list[GroupWork]:
    """The groups of round 0's episodes, in the place of those of round 1."""
    ledger = Ledger(open_store(works[0].run_uri), layout.round_episodes("ruled", 0))
    units = sorted(ledger.history())
    first = [
        (unit, tuple(dict.fromkeys(row.problem_id for row in UnitRows(Episode, ledger).read(unit)))) for unit in units
    ]
    return [
        msgspec.structs.replace(work, episodes=ledger.prefix, episode_units=(unit,), problems=problems)
        for work, (unit, problems) in zip(works, first, strict=True)
    ]


def of_another_sampler(works: list[GroupWork]) -> list[GroupWork]:
    """The groups of the same attempts with other log-probabilities."""
    store = open_store(works[0].run_uri)
    for work in works:
        rows = UnitRows(Episode, Ledger(store, work.episodes)).read(work.episode_units[0])
        encoded = encode_rows(
            Episode, [msgspec.structs.replace(row, steps=tuple(map(halved, row.steps))) for row in rows]
        )
        Ledger(store, "other").publish(work.episode_units[0], encoded.payload, encoded.rows)
    return [msgspec.structs.replace(work, episodes="other") for work in works]


def of_the_teacher_too(works: list[GroupWork]) -> list[GroupWork]:
    """Groups with right chains of the teacher, for an arm that takes none."""
    ledger = Ledger(open_store(works[0].run_uri), layout.groups("student"))
    units = tuple(commit.unit for commit in live_units(ledger))
    return [msgspec.structs.replace(work, chosen_from="both", taught=units) for work in works]


def with_rows(changed: Callable[[Episode], bool], **changes: Any) -> Damage:
    """Changes those of the rows."""
    return Damage(rows=lambda rows: [msgspec.structs.replace(row, **changes) if changed(row) else row for row in rows])


def of_another_prompt(works: list[GroupWork]) -> list[GroupWork]:
    """The groups of the same attempts at other prompts, as those with help are."""
    store = open_store(works[0].run_uri)
    for work in works:
        rows = UnitRows(Episode, Ledger(store, work.episodes)).read(work.episode_units[0])
        longer = [msgspec.structs.replace(row, prompt_ids=(row.prompt_ids[0], *row.prompt_ids)) for row in rows]
        encoded = encode_rows(Episode, longer)
        Ledger(store, "other").publish(work.episode_units[0], encoded.payload, encoded.rows)
    return [msgspec.structs.replace(work, episodes="other") for work in works]


def halved(step: Step) -> Step:
    return msgspec.structs.replace(step, logprobs=tuple(one / 2 - 1 for one in step.logprobs))


@pytest.mark.parametrize(
    ("arm", "damage", "says"),
    [
        ("plain", Damage(rows=lambda rows: rows[1:]), "lacks 1 of 8 rows"),
        ("plain", Damage(rows=lambda rows: [rows[0], *rows]), " 2 times"),
        ("plain", all_rows(temperature=0.7), ") at temperature 0.7"),
        ("plain", of_another(model="teacher"), "attempts of teacher ("),
        ("plain", of_another(revision="r"), "attempts of plain.r001 (r) at temperature 1"),
        (
            "plain",
            Damage(works=lambda works: works[1:]),
            "round 1: has 0 units of groups of block b00000, which takes one",
        ),
        (
            "plain",
            Damage(works=lambda works: [*works, msgspec.structs.replace(works[0], unit=f"{works[0].unit}x")]),
            "round 1: has 2 units of groups of block b00000, which takes one",
        ),
        ("ruled", Damage(works=of_another_sampler), "has other log-probabilities than their sampler recorded"),
        ("ruled", works(with_logprobs=False), "has other log-probabilities than their sampler recorded"),
        (
            "ruled",
            works(rewards=RULES.model_copy(update={"length": FallingReward(weight=1, target=1, limit=9)})),
            "has the rewards",
        ),
        ("ruled", Damage(works=of_first_round), " in the group and not there as an episode"),
        ("plain", Damage(works=of_the_teacher_too), "of the teacher's is none that the arm takes"),
        ("taught", works(chosen_from="both"), "of the teacher's is none that the arm takes"),
        ("plain", record(right=99), "its record says right = 99, and its ledgers hold"),
        ("plain", record(outcomes={"right": 1}), "its record says outcomes = {'right': 1}, and its ledgers hold"),
        ("ruled", record(rewards={"label": 1.0}), "its record says rewards = {'label': 1.0}"),
        ("plain", record(probe_difference=0.5), "its record says probe_difference = 0.5, and its ledgers hold None"),
        ("plain", all_rows(guided=1), "was made with help () and 1 steps of the teacher"),
        ("helped", with_rows(lambda row: bool(row.help), help=()), "#4, which was made without help"),
        ("guided", with_rows(lambda row: row.guided > 0, guided=0), "#3, which was made without help"),
        ("helped", Damage(works=of_another_prompt), "its prompt is none that the policy answered without help"),
        ("helped", works(chosen_from="both"), "is none that the arm takes"),
        ("helped", record(helped={"right": 1}), "its record says helped = {'right': 1}, and its ledgers hold"),
        ("helped", record(taken=99), "its record says taken = 99, and its ledgers hold"),
        ("plain", record(policy="", steps=0), "its policy rounds/plain/r001 is there, and its record knows of none"),
        ("plain", record(policy="rounds/plain/r000"), "its record names the policy 'rounds/plain/r000' after 2 steps"),
        ("plain", record(steps=0), "its record names the policy 'rounds/plain/r001' after 0 steps"),
        (
            "plain",
            Damage(made=lambda made: msgspec.structs.replace(made, groups=("x",))),
            "was made for arm plain of the groups ['x']",
        ),
        ("plain", Damage(made=lambda made: msgspec.structs.replace(made, start="x")), "made from another model"),
    ],
)
def test_a_damaged_round_is_found(begun: Path, folder: Path, arm: str, damage: Damage, says: str) -> None:
    found = second_round(begun, folder, arm, damage)
    assert any(says in fault for fault in found), found
    assert all(fault.startswith(f"rounds of {arm}: round 1: ") for fault in found), found


@pytest.mark.parametrize("arm", ["helped", "guided"])
def test_attempts_with_help_are_whole(begun: Path, folder: Path, arm: str) -> None:
    """Each is there once, and apart from those without; nothing is wrong with rounds that hold them."""
    assert second_round(begun, folder, arm, Damage()) == []
    rounds = ArmRounds(with_arms(folder), arm, ARMS[arm])
    first, _ = rounds.records()
    plan = rounds.plan()
    # Of three problems with four attempts each one can be begun by the teacher, which does so in two of them.
    assert first.attempts == sum(unit.episodes for unit in plan.rounds[0]) == (12 if arm == "helped" else 10)
    assert first.helped_attempts == sum(unit.episodes for unit in plan.helped[0]) > 0
    assert first.taken + sum(first.left_out.values()) == (first.helped["right"] if arm == "helped" else 0)


def test_attempts_with_help_are_not_taken_for_attempts_without(begun: Path, folder: Path) -> None:
    with pytest.raises(CorruptionError, match=r"its prompt shows help \(calls\) and would be learnt from"):
        second_round(begun, folder, "helped", works(chosen_from="policy"))


def without_first_record(run: Run) -> None:
    (run.folder / layout.round_record("plain", 0)).unlink()


def without_first_policy(run: Run) -> None:
    shutil.rmtree(run.folder / layout.round_model("plain", 0))


def without_plan(run: Run) -> None:
    (run.folder / layout.round_plan("plain")).unlink()


def without_a_unit(run: Run) -> None:
    next((run.folder / layout.round_episodes("plain", 0) / "commits").iterdir()).unlink()


def with_another_number(run: Run) -> None:
    rounds = ArmRounds(run, "plain", ARMS["plain"])
    other = msgspec.structs.replace(rounds.records()[0], number=4)
    path = run.folder / layout.round_record("plain", 0)
    path.write_bytes(sealed(msgspec.json.encode(other), "json"))


def with_a_round_too_early(run: Run) -> None:
    shutil.copytree(run.folder / layout.round_groups("student", "plain", 0), run.folder / "groups/student/plain/r002")


def with_an_unplanned_unit(run: Run) -> None:
    first = run.ledger(layout.round_episodes("plain", 0))
    second = Ledger(run.store, first.prefix)
    commit = next(iter(first.history().values()))
    second.publish("b00009-unplanned", first.read(commit), commit.rows, commit.meta)


def with_groups_of_no_block(run: Run) -> None:
    ledger = Ledger(run.store, layout.round_groups(run.student, "plain", 0))
    commit = next(iter(ledger.history().values()))
    ledger.publish("b00009-unplanned", ledger.read(commit), commit.rows, dict.fromkeys(commit.meta, "0"))


def published(run: Run) -> None:
    shutil.copytree(run.folder / layout.round_model("plain", 0), run.model("plain"))


def ended_with_another_model(run: Run) -> None:
    rounds = ArmRounds(run, "plain", ARMS["plain"])
    go_through(rounds)
    go_through(rounds)
    published(run)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (without_first_record, []),
        (without_first_policy, ["round 0: its policy rounds/plain/r000 is recorded and not there"]),
        (without_plan, ["are there, and their plan is not; restore rounds/plain/plan.json"]),
        (without_a_unit, ["round 0: has ended without the attempts of unit b0000"]),
        (with_another_number, ["the record of round 0 is of round 4, or ends the rounds before the last one"]),
        (with_a_round_too_early, ["there are files of round 2, and round 1 has not ended"]),
        (with_an_unplanned_unit, ["round 0: episodes: unit b00009-unplanned is committed and was never planned"]),
        (with_groups_of_no_block, ["round 0: groups: unit b00009-unplanned is of no planned block"]),
        (published, ["the arm's model is not the policy that they keep (they have not ended with one)"]),
        (ended_with_another_model, ["the arm's model is not the policy that they keep ("]),
    ],
)
def test_damaged_files_of_rounds_are_found(
    begun: Path, folder: Path, damage: Callable[[Run], None], says: list[str]
) -> None:
    """A round without a record is one that is under way, so that nothing is wrong with it."""
    shutil.copytree(begun, folder)
    damage(with_arms(folder))
    found = list(contradictions(with_arms(folder)))
    assert [any(words in fault for fault in found) for words in says] == [True] * len(says), found
    assert says or not found
    assert all(fault.startswith("rounds of plain: ") for fault in found), found


def test_rounds_of_no_arm_are_found(begun: Path) -> None:
    arms = {name: arm for name, arm in ARMS.items() if name != "ruled"}
    assert list(contradictions(with_arms(begun, arms))) == [
        "rounds of ruled: are there, and the recipe has no such arm that learns in rounds"
    ]


def test_rounds_of_an_arm_that_was_taken_out_are_held_to_what_it_was(begun: Path, folder: Path) -> None:
    shutil.copytree(begun, folder)
    run = with_arms(folder)
    without = run.recipe.model_copy(update={"arms": {name: arm for name, arm in ARMS.items() if name != "ruled"}})
    for recipe in (run.recipe, without):
        add_recipe(run.store, recipe, "0", [])
    assert list(contradictions(read_run(folder, run.console))) == []
    (folder / layout.round_record("ruled", 0)).unlink()
    (folder / layout.ROUNDS / "ruled" / "r001").mkdir()
    (folder / layout.ROUNDS / "ruled" / "r001" / "config.json").write_text("{}")
    (found,) = contradictions(read_run(folder, run.console))
    assert found == "rounds of ruled: there are files of round 1, and round 0 has not ended"


def test_a_round_whose_predecessor_lost_its_record_is_found(begun: Path, folder: Path) -> None:
    second_round(begun, folder, "plain", Damage())
    (folder / layout.round_record("plain", 0)).unlink()
    assert "rounds of plain: there are files of round 1, and round 0 has not ended" in list(
        contradictions(with_arms(folder))
    )


@pytest.fixture(scope="module")
def stale(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An arm whose policies attempt rounds while an update trains has gone through two of three rounds."""
    folder = tmp_path_factory.mktemp("stale") / "run"
    begin(folder, STALE)
    go_through(ArmRounds(with_arms(folder, STALE), "stale", STALE["stale"]))
    return folder


def third_round(stale: Path, folder: Path, damage: Damage) -> list[str]:
    shutil.copytree(stale, folder)
    go_through(ArmRounds(with_arms(folder, STALE), "stale", STALE["stale"]), damage)
    return list(contradictions(with_arms(folder, STALE)))


def test_attempts_of_an_older_policy_have_no_fault_where_it_was_its_turn(stale: Path, folder: Path) -> None:
    assert third_round(stale, folder, Damage()) == []
    records = ArmRounds(with_arms(folder, STALE), "stale", STALE["stale"]).records()
    assert [record.age for record in records] == [0, 1, 1]


def of_the_start_model(rows: list[Episode]) -> list[Episode]:
    """Attempts of round 2 by the model that began round 0, which is two updates old and may be one."""
    revision = model_revision(str(DATA / "student"))
    return [
        msgspec.structs.replace(row, producer=msgspec.structs.replace(row.producer, revision=revision)) for row in rows
    ]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (Damage(rows=of_the_start_model), " attempts of stale.r002 ("),
        (record(age=0), "its record says age = 0, and its ledgers hold 1"),
        (record(age=2), "its record says age = 2, and its ledgers hold 1"),
    ],
)
def test_a_policy_that_is_too_old_and_a_wrong_age_are_found(
    stale: Path, folder: Path, damage: Damage, says: str
) -> None:
    found = third_round(stale, folder, damage)
    assert any(says in fault for fault in found), found
    assert all(fault.startswith("rounds of stale: round 2: ") for fault in found), found


def test_a_round_whose_attempts_another_policy_made_is_not_learnt_from(stale: Path, folder: Path) -> None:
    shutil.copytree(stale, folder)
    rounds = ArmRounds(with_arms(folder, STALE), "stale", STALE["stale"])
    Round(rounds, rounds.records()[:1]).refuse_others()
    go_through(rounds, Damage(rows=of_the_start_model))
    with pytest.raises(CorruptionError, match=r"^stale.r002: attempts of revision .* run again$"):
        Round(rounds, rounds.records()[:2]).refuse_others()


def test_attempts_that_began_early_have_no_fault_and_those_that_cannot_have(stale: Path, folder: Path) -> None:
    shutil.copytree(stale, folder)
    run = with_arms(folder, STALE)
    (run.folder / layout.round_record("stale", 1)).unlink()
    shutil.rmtree(run.folder / layout.round_model("stale", 1))
    run = with_arms(folder, STALE)
    rounds = ArmRounds(run, "stale", STALE["stale"])
    (early,) = Round(rounds, rounds.records()).coming()
    assert early.number == 2
    make_attempts(early, Damage())
    assert list(contradictions(with_arms(folder, STALE))) == []
    (run.folder / layout.round_record("stale", 0)).unlink()
    shutil.rmtree(run.folder / layout.round_model("stale", 0))
    assert "rounds of stale: there are files of round 2, and round 0 has not ended" in list(
        contradictions(with_arms(folder, STALE))
    )

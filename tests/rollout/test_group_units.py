"""The groups of a block are built problem by problem from units that each hold some samples of every problem."""

from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from cluster.errors import CorruptionError
from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from rollout import group_units
from rollout.config import GroupsConfig
from rollout.data import shards
from rollout.group_units import (
    GroupWork,
    build_group_unit,
    group_unit,
    needed_memory,
    problem_episodes,
    tokenizer_fingerprint,
)
from rollout.hosts.episode_units import group_unit_name
from rollout.records import Episode, ErrorCode, Outcome, PreferenceGroup
from tests.rollout.conversations import tokenizer
from tests.rollout.data.rows import episode

PROBLEMS = ("p1", "p0", "p2")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(open_store(str(tmp_path)), "episodes")


def commit(ledger: Ledger, unit: str, rows: list[Episode]) -> None:
    encoded = shards.encode_rows(Episode, rows)
    ledger.publish(unit, encoded.payload, encoded.rows)


def rows(*places: tuple[str, int]) -> list[Episode]:
    """Episodes that are right at even samples and wrong at odd ones."""
    wrong = {"outcome": Outcome.WRONG, "error": ErrorCode.ANSWER_WRONG}
    return [episode(*place, **(wrong if place[1] % 2 else {})) for place in places]


def work_on(folder: Path, units: tuple[str, ...]) -> GroupWork:
    """The work on all problems' episodes of these units, for a student whose model lies in the folder, too."""
    model = folder / "model"
    tokenizer().save_pretrained(str(model))
    (model / "config.json").write_text("{}")
    return GroupWork(
        unit="b00000-x",
        run_uri=str(folder),
        episode_units=units,
        problems=PROBLEMS,
        student="tiny",
        student_source=str(model),
        groups=GroupsConfig(),
    )


def test_the_rows_of_any_part_of_a_batch_are_its_own() -> None:
    made = rows(*((f"p{number // 5}", number) for number in range(40)))
    (batch, *more) = pa.ipc.open_stream(shards.encode_rows(Episode, made).payload)
    for start, length in ((0, 3), (2, 5), (7, 1), (batch.num_rows - 1, 1), (4, 0)):
        assert list(shards.records(Episode, batch.slice(start, length), "shard")) == made[start : start + length]
    found = [(problem, list(shards.records(Episode, part, "shard"))) for problem, part in _runs(made)]
    assert [row for _, part in found for row in part] == made
    assert all({row.problem_id for row in part} == {problem} for problem, part in found)
    assert more, "and a run that crosses batches is among them"


def _runs(made: list[Episode]) -> list[tuple[str, pa.RecordBatch]]:
    return list(shards.runs(Episode, shards.encode_rows(Episode, made).payload, "shard", "problem_id"))


def test_problems_come_one_by_one_with_the_rows_of_all_units(ledger: Ledger) -> None:
    first = [(problem, sample) for problem in PROBLEMS for sample in range(20)]
    commit(ledger, "a", rows(*first))
    commit(ledger, "b", rows(("p1", 21), ("p2", 20)))  # p0 was skipped there, and a row is in quarantine
    ledger.skip("c", "quota")
    found = list(problem_episodes(ledger, ["a", "b", "c"], PROBLEMS))
    assert [part[0].problem_id for part in found] == list(PROBLEMS)
    samples = [[row.sample for row in part] for part in found]
    assert samples == [[*range(20), 21], [*range(20)], [*range(21)]]


@pytest.mark.parametrize("places", [[("p0", 0), ("p1", 0)], [("p1", 0), ("p3", 0)]])
def test_rows_that_are_not_in_the_plans_order_are_refused(ledger: Ledger, places: list[tuple[str, int]]) -> None:
    commit(ledger, "a", rows(*places))
    with pytest.raises(CorruptionError, match=f"unit a: {places[1][0]} is not in the order of the plan"):
        list(problem_episodes(ledger, ["a"], PROBLEMS))


def test_a_record_sums_up_the_groups_that_are_stored(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [row for problem in PROBLEMS for row in rows((problem, 0), (problem, 1))]
    commit(ledger, "a", made)
    build = group_units.build_group

    def broken(*arguments: Any, **options: Any) -> PreferenceGroup:
        """The group of p0 cannot be stored."""
        group = build(*arguments, **options)
        assert group is not None
        return msgspec.structs.replace(group, prompt_text="\ud800") if group.problem_id == "p0" else group

    monkeypatch.setattr(group_units, "build_group", broken)
    work = work_on(tmp_path, ("a",))
    made_commit = build_group_unit(work)
    assert made_commit.rows == 2
    figures = {"groups": 2, "problems": 2, "chains": 4, "right": 2, "pairs": 2, "right_with_failed_steps": 2}
    assert made_commit.meta == {name: str(value) for name, value in (figures | {"episodes": 6}).items()}
    assert len(ledger.store.list("quarantine")) == 1


def test_groups_without_a_pair_are_stored_and_counted_apart(ledger: Ledger, tmp_path: Path) -> None:
    commit(ledger, "a", rows(("p1", 0), ("p0", 0), ("p0", 1), ("p2", 1)))
    work = work_on(tmp_path, ("a",))
    made = build_group_unit(work)
    assert (made.rows, made.meta["groups"], made.meta["problems"], made.meta["pairs"]) == (3, "1", "3", "1")


def test_problems_in_which_nothing_is_to_be_done_give_no_groups(ledger: Ledger, tmp_path: Path) -> None:
    commit(ledger, "a", [row for problem in PROBLEMS for row in rows((problem, 0), (problem, 1))])
    work = work_on(tmp_path, ("a",))
    assert build_group_unit(msgspec.structs.replace(work, left_out=("p0",))).rows == 2
    assert build_group_unit(msgspec.structs.replace(work, unit="b00000-y")).rows == 3


def test_a_younger_key_changes_no_name_of_groups_that_are_stored(tmp_path: Path) -> None:
    ledger = Ledger(open_store(str(tmp_path)), "episodes")
    commit(ledger, "a", rows(("p1", 0)))
    commits = list(ledger.commits().values())
    old = GroupsConfig().model_dump_json(exclude={"nothing_to_do"})
    hashes = [made.sha256 or made.unit for made in commits]
    name = group_unit_name(3, "tiny", hashes, GroupsConfig().rule, old, "tokenizer")
    assert group_unit(3, "tiny", commits, GroupsConfig(), "tokenizer") == name
    asked = GroupsConfig(nothing_to_do=True)
    named = group_unit_name(3, "tiny", hashes, asked.rule, asked.model_dump_json(), "tokenizer")
    assert group_unit(3, "tiny", commits, asked, "tokenizer") == named
    cut, forbidden = (
        group_unit(3, "tiny", commits, GroupsConfig(), "tokenizer", thoughts) for thoughts in ("cut", "forbid")
    )
    assert len({name, named, cut, forbidden}) == 4


def test_memory_follows_the_block() -> None:
    """A block of 300 MB, 32 problems and 32,000 episodes took 1.05 GB."""
    assert 1.05e9 < needed_memory(300_000_000, 32) < 1.6e9
    shards, objects, libraries = 2 * 300_000_000, 16 * 300_000_000 // 32, 600 << 20
    assert needed_memory(300_000_000, 32) == shards + objects + libraries
    assert needed_memory(0, 0) == libraries


def test_the_samples_of_a_problem_come_in_their_order_whatever_that_of_the_units(ledger: Ledger) -> None:
    """The first sample of a chain is the one that an export shows."""
    commit(ledger, "a", rows(("p1", 4), ("p1", 5)))
    commit(ledger, "b", rows(("p1", 0), ("p1", 1)))
    (found,) = problem_episodes(ledger, ["a", "b"], PROBLEMS)
    assert [row.sample for row in found] == [0, 1, 4, 5]


def test_a_group_unit_is_another_one_where_its_episodes_are(tmp_path: Path) -> None:
    def name(sample: int, store: str) -> str:
        ledger = Ledger(open_store(str(tmp_path / store)), "episodes")
        commit(ledger, "a", rows(("p1", sample)))
        return group_unit(3, "tiny", list(ledger.commits().values()), GroupsConfig(), "tokenizer")

    assert name(0, "one") == name(0, "other")
    assert name(0, "one") != name(1, "third")


@pytest.mark.parametrize(
    "file", ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json"]
)
def test_every_file_of_a_tokenizer_is_in_its_fingerprint(tmp_path: Path, file: str) -> None:
    tokenizer().save_pretrained(str(tmp_path))
    before = tokenizer_fingerprint(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    assert tokenizer_fingerprint(str(tmp_path)) == before
    (tmp_path / file).write_text("another")
    assert tokenizer_fingerprint(str(tmp_path)) != before


def test_a_hub_models_fingerprint_is_its_commit() -> None:
    one, other = f"hub:owner/model@{'a' * 40}", f"hub:owner/model@{'b' * 40}"
    assert tokenizer_fingerprint(one) == tokenizer_fingerprint(one)
    assert tokenizer_fingerprint(one) != tokenizer_fingerprint(other)


@pytest.mark.parametrize(
    ("thoughts", "forbids", "keeps"), [("keep", False, True), ("cut", False, False), ("forbid", True, False)]
)
def test_groups_are_built_with_the_thoughts_that_the_recipe_wants(
    thoughts: str, forbids: bool, keeps: bool, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(group_units, "opened_template", lambda source, name, forbid: (asked.append(forbid), None))
    monkeypatch.setattr(group_units, "build_group", lambda *arguments: asked.extend(arguments[-3:]))
    commit(ledger, "a", rows(("p0", 0)))
    build_group_unit(msgspec.structs.replace(work_on(tmp_path, ("a",)), thoughts=thoughts))
    assert asked == [forbids, keeps, False, None], "without log-probabilities and rewards, which an arm's rounds want"

"""The plan of units is complete, disjoint and deterministic; compaction changes nothing but files."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.store.ledger import Commit, Ledger
from cluster.store.storage import open_store
from rollout.data import shards
from rollout.data.compaction import compact, plan
from rollout.hosts.episode_units import (
    EpisodeUnit,
    group_unit_name,
    grow_units,
    in_generation,
    plan_units,
    ready_blocks,
    units_of_blocks,
)
from rollout.records import Episode, PairRule, PreferenceGroup
from tests.rollout.data.rows import episode, group

PROBLEMS = [f"p{number}" for number in range(7)]


def test_a_plan_covers_each_sample_of_each_problem_once_problem_major() -> None:
    units = plan_units(PROBLEMS, 10, 3, 4, "g1")
    covered = [
        (problem, sample)
        for unit in units
        for problem in unit.problem_ids
        for sample in range(unit.sample_start, unit.sample_stop)
    ]
    assert sorted(covered) == sorted((problem, sample) for problem in PROBLEMS for sample in range(10))
    assert [unit.block for unit in units] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert [unit.name for unit in units] == sorted({unit.name for unit in units})
    assert sum(unit.episodes for unit in units) == 70
    assert plan_units(PROBLEMS, 10, 3, 4, "g1") == units


def test_names_depend_on_generation_and_problems_and_not_on_later_samples() -> None:
    units = plan_units(PROBLEMS, 8, 3, 4, "g1")
    names = {unit.name for unit in units}
    assert names <= {unit.name for unit in plan_units(PROBLEMS, 16, 3, 4, "g1")}
    assert not names & {unit.name for unit in plan_units(PROBLEMS, 8, 3, 4, "g2")}
    assert not names & {unit.name for unit in plan_units([f"other{p}" for p in PROBLEMS], 8, 3, 4, "g1")}


def test_a_unit_that_ends_early_is_not_the_whole_one() -> None:
    """Of 6 samples in units of 4 the second unit has 2: it is another one when 8 are asked for."""
    (_, short), (_, whole) = (plan_units(["p"], samples, 1, 4, "g1") for samples in (6, 8))
    assert (short.sample_start, short.sample_stop, whole.sample_stop) == (4, 6, 8)
    assert short.name != whole.name
    assert short.name.rpartition("-")[0] == whole.name.rpartition("-")[0] == "b00000-s00004"


def test_the_plan_of_no_problems_is_empty() -> None:
    assert plan_units([], 10, 3, 4, "g1") == plan_units(PROBLEMS, 0, 3, 4, "g1") == []


def test_a_problem_that_occurs_twice_is_refused() -> None:
    with pytest.raises(AssertionError, match="once"):
        plan_units(["p", "p"], 1, 1, 1, "g1")


def test_blocks_are_ready_when_all_their_units_are_done() -> None:
    units = plan_units(PROBLEMS, 10, 3, 4, "g1")
    done = {unit.name for unit in units if unit.block == 2} | {units[0].name, units[1].name}
    assert ready_blocks(units, done) == [2]
    assert ready_blocks(units, done | {units[2].name}) == [0, 2]


def test_a_group_units_name_is_a_hash_of_its_inputs() -> None:
    name = group_unit_name(3, "tiny", ["a", "b"], PairRule(), "tokenizer")
    assert name == group_unit_name(3, "tiny", ["b", "a"], PairRule(), "tokenizer")
    assert name.startswith("b00003-")
    others = [
        group_unit_name(3, "tiny", ["a", "b", "c"], PairRule(), "tokenizer"),
        group_unit_name(3, "other", ["a", "b"], PairRule(), "tokenizer"),
        group_unit_name(3, "tiny", ["a", "b"], PairRule(max_right=1), "tokenizer"),
        group_unit_name(3, "tiny", ["a", "b"], PairRule(), "changed"),
        group_unit_name(3, "tiny", ["a", "b", "more", "tokenizer"], PairRule()),
    ]
    assert len({name, *others}) == 6
    assert name == "b00003-5a324063c6a868d1", "groups of older runs are found by their names"


def test_a_unit_of_another_generation_has_the_same_attempts() -> None:
    units = plan_units(PROBLEMS, 10, 3, 4, "g1")
    assert [in_generation(unit, "g2") for unit in units] == plan_units(PROBLEMS, 10, 3, 4, "g2")


def _filled(tmp_path: Path) -> tuple[Ledger, list[str]]:
    ledger = Ledger(open_store(str(tmp_path)), "episodes")
    for unit in plan_units(PROBLEMS, 6, 2, 2, "g1"):
        rows = [episode(problem, sample) for problem in unit.problem_ids for sample in range(*_range(unit))]
        encoded = shards.encode_rows(Episode, rows)
        ledger.publish(unit.name, encoded.payload, encoded.rows)
    return ledger, [row.id for row in shards.read_rows(Episode, ledger)]


def _range(unit: object) -> tuple[int, int]:
    return unit.sample_start, unit.sample_stop  # type: ignore[attr-defined]


@pytest.mark.parametrize("target", [24_000, 1 << 15, 1 << 30])
def test_compaction_keeps_rows_and_order_and_is_idempotent(tmp_path: Path, target: int) -> None:
    ledger, rows = _filled(tmp_path)
    before = len(ledger.commits())
    made = compact(ledger, target)
    assert made
    assert all(commit.bytes <= target for commit in made)
    assert [row.id for row in shards.read_rows(Episode, ledger)] == rows
    assert len(ledger.commits()) < before == len(ledger.history())
    assert ledger.verify() == []
    files = ledger.store.list()
    assert compact(ledger, target) == compact(Ledger(ledger.store, "episodes"), target) == []
    assert ledger.store.list() == files


def test_two_compactors_with_different_views_hold_no_row_twice(tmp_path: Path) -> None:
    ledger, rows = _filled(tmp_path)
    first, second = sorted(ledger.commits())[:2]
    commits = ledger.commits()
    payload, taken = shards.concatenate([(name, ledger.read(commits[name])) for name in (first, second)])
    assert taken == 2
    # One that looked before, and numbers itself after, the other one's: its members are taken.
    assert ledger.publish_compaction(1, payload, commits[first].rows + commits[second].rows, [first, second])[1]
    assert not ledger.publish_compaction(1, payload, 0, [first])[1]
    assert ledger.publish_compaction(2, payload, commits[first].rows + commits[second].rows, [first, second])[1]
    assert [row.id for row in shards.read_rows(Episode, ledger)] == rows
    compact(ledger, 1 << 30)
    assert [row.id for row in shards.read_rows(Episode, ledger)] == rows


def test_the_plan_of_a_hundred_thousand_small_units_takes_one_pass() -> None:
    commits = [
        Commit(unit=f"u{number:06}", shard="s", sha256="", bytes=400, rows=1, writer="") for number in range(100_000)
    ]  # looked at anew for each of them, their sizes took minutes
    assert plan({commit.unit: commit for commit in commits}, 1 << 40, set()) == commits


def test_shards_whose_metadata_differ_are_not_joined() -> None:
    """A schema's metadata name the record, and a joined stream has the first one's."""
    payload = shards.encode_rows(Episode, [episode()]).payload
    table = pa.ipc.open_stream(payload).read_all()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema.with_metadata({b"chainpref.record": b"Other"})) as writer:
        writer.write_table(table)
    other = sink.getvalue().to_pybytes()
    joined, taken = shards.concatenate(("one", data) for data in (payload, payload, other, payload))
    assert taken == 2
    assert list(shards.decode_rows(Episode, joined, "joined")) == [episode(), episode()]


def test_shards_of_another_schema_are_left_apart(tmp_path: Path) -> None:
    ledger = Ledger(open_store(str(tmp_path)), "mixed")
    for unit in ("u1", "u2", "u4", "u5"):
        ledger.publish(unit, shards.encode_rows(Episode, [episode(unit)]).payload, 1)
    ledger.publish("u3", shards.encode_rows(PreferenceGroup, [group()]).payload, 1)
    compact(ledger, 1 << 30)
    made = [(commit.supersedes, commit.rows) for commit in ledger.commits().values()]
    assert made == [(("u1", "u2"), 2), ((), 1), (("u4", "u5"), 2)]


@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(1, 9)), min_size=1, max_size=4),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_units_that_are_planned_stay_and_every_attempt_is_planned_once(
    growths: list[tuple[int, int]], block: int, each: int
) -> None:
    units: list[EpisodeUnit] = []
    problems: list[str] = []
    samples = 0
    for more, further in growths:
        new = [f"p{len(problems) + index}" for index in range(more)]
        problems, samples, before = problems + new, samples + further, units
        units = grow_units(units, new, samples, block, each, "g")
        assert [unit for unit in units if unit in before] == before
        attempts = [(p, s) for u in units for p in u.problem_ids for s in range(u.sample_start, u.sample_stop)]
        planned = {problem for unit in units for problem in unit.problem_ids}
        assert sorted(attempts) == sorted((problem, sample) for problem in planned for sample in range(samples))
        assert planned == set(problems) or not samples
        assert len({unit.name for unit in units}) == len(units)
        assert all(len({unit.problem_ids for unit in some}) == 1 for some in units_of_blocks(units).values())

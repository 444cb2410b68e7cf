"""A result reports what was committed, not what a second attempt made nor what could not be stored."""

from pathlib import Path

import msgspec
import pytest

from cluster.store.ledger import Ledger
from cluster.store.storage import Store, open_store
from rollout.hosts.work import (
    ChunkResult,
    EpisodeWork,
    ServedModel,
    chunk_result_of,
    committed_outcomes,
    committed_tally,
    join_chunks,
    quarantined_rows,
)
from rollout.records import Episode, ErrorCode, Outcome, Producer
from tests.rollout.conversations import ADDITION
from tests.rollout.data.rows import episode

MODEL = ServedModel(name="teacher", source="", producer=Producer(model="teacher", revision="", licence=""))
PROBLEMS = tuple(msgspec.structs.replace(ADDITION, id=f"p{number}") for number in range(2))
WORK = EpisodeWork(
    unit="u", prefix="episodes", model=MODEL, problems=PROBLEMS, samples=(0, 1), temperature=1.0
)  # fmt: skip
WRONG = {"outcome": Outcome.WRONG, "error": ErrorCode.ANSWER_WRONG}
BROKEN = {"prompt_text": "\ud800"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path))


def made(*changes: dict[str, object]) -> list[Episode]:
    """The unit's four episodes, which are right except for these changes."""
    places = [("p0", 0), ("p0", 1), ("p1", 0), ("p1", 1)]
    return [episode(*place, **change) for place, change in zip(places, changes, strict=True)]


def counts(chunk_result: ChunkResult) -> tuple[object, ...]:
    return chunk_result.rows, chunk_result.quarantined, chunk_result.outcomes, chunk_result.tally


def test_rows_that_cannot_be_stored_count_only_as_quarantined(store: Store) -> None:
    chunk_result = chunk_result_of(store, WORK, made({}, BROKEN, {**WRONG, **BROKEN}, WRONG), True, "host", 1.0)
    expected = (2, 2, {"right": 1, "wrong": 1}, {"p0": (1, 0), "p1": (0, 1)})
    assert (chunk_result.won, counts(chunk_result)) == (True, expected)
    commit = Ledger(store, "episodes").commits()["u"]
    said = (commit.rows, quarantined_rows(commit), committed_outcomes(commit), committed_tally(commit))
    assert said == expected


def test_the_loser_gets_the_winners_counts(store: Store) -> None:
    winner = chunk_result_of(store, WORK, made({}, {}, WRONG, WRONG), True, "host", 1.0)
    others = made(WRONG, WRONG, {}, BROKEN)
    loser = chunk_result_of(store, WORK, others, True, "late", 1.0)
    parts = [chunk_result_of(store, WORK, others[start : start + 2], False, "late", 1.0) for start in (0, 2)]
    joined = join_chunks(store, WORK, parts)
    assert (winner.won, loser.won, joined.won) == (True, False, False)
    assert counts(loser) == counts(joined) == counts(winner) == (4, 0, {"right": 2, "wrong": 2}, winner.tally)


def test_tokens_of_thoughts_are_counted_in_the_record_of_a_unit(store: Store) -> None:
    (step,) = episode("p0", 0).steps[:1]
    thinking = {"steps": (msgspec.structs.replace(step, thought_tokens=2),)}
    parts = [
        chunk_result_of(store, WORK, made(thinking, thinking, {}, {})[at : at + 2], False, "h", 1.0) for at in (0, 2)
    ]
    assert [part.thought_tokens for part in parts] == [4, 0]
    join_chunks(store, WORK, parts)
    assert Ledger(store, "episodes").commits()["u"].count("thought_tokens") == 4

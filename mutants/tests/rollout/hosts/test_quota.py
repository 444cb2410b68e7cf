"""A quota leaves problems out of units, and the units' records say which ones."""

from pathlib import Path

import msgspec

from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from rollout.config import QuotaConfig
from rollout.data import shards
from rollout.hosts.quota import Quota
from rollout.hosts.work import ChunkResult, EpisodeWork, ServedModel, join_chunks, skipped_episodes, skipped_problems
from rollout.records import Episode, Producer
from tests.rollout.conversations import ADDITION
from tests.rollout.data.rows import episode

MODEL = ServedModel(name="teacher", source="", producer=Producer(model="teacher", revision="", licence=""))
PROBLEMS = tuple(msgspec.structs.replace(ADDITION, id=f"p{number}") for number in range(3))
WORK = EpisodeWork(unit="u", prefix="episodes", model=MODEL, problems=PROBLEMS, samples=(4, 5), temperature=1.0)


def test_a_problem_has_enough_when_it_has_enough_of_both_kinds() -> None:
    quota = Quota(QuotaConfig(right=2, wrong=1))
    quota.add({"p0": (2, 0), "p1": (1, 5)})
    assert quota.trim(WORK) is WORK
    quota.add({"p0": (0, 1)})
    trimmed = quota.trim(WORK)
    assert [problem.id for problem in trimmed.problems] == ["p1", "p2"]
    assert (trimmed.skipped, trimmed.size, WORK.size) == (("p0",), 4, 6)
    quota.add({"p1": (1, 0)})
    assert quota.trim(trimmed).skipped == ("p0", "p1")


def test_a_commit_says_what_was_left_out(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    trimmed = msgspec.structs.replace(WORK, problems=PROBLEMS[2:], skipped=("p 0", "p1"))
    encoded = shards.encode_rows(Episode, [episode("p2", 4), episode("p2", 5)])
    part = ChunkResult(
        unit="u", won=False, rows=2, quarantined=0, outcomes={"right": 2}, generated_tokens=0, seconds=0.0, host="h",
        payload=encoded.payload,
    )  # fmt: skip
    join_chunks(store, trimmed, [part])
    commit = Ledger(store, "episodes").history()["u"]
    assert (skipped_episodes(commit), skipped_problems(commit)) == (4, ("p 0", "p1"))
    assert commit.rows + skipped_episodes(commit) == WORK.size
    assert skipped_problems(Ledger(store, "episodes").skip("other", "why")[0]) == ()

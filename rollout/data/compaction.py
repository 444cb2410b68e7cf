"""Joins many small shards into few large ones at the end of a stage. Rows and their order stay."""

from collections.abc import Mapping

from cluster.store.ledger import COMPACTION, Commit, Ledger
from rollout.data.shards import concatenate

TARGET_BYTES = 512 << 20


def compact(ledger: Ledger, target_bytes: int = TARGET_BYTES) -> list[Commit]:
    """Concatenate runs of live units into shards of at most `target_bytes`; returns the compactions made.

    To repeat it makes nothing new. Several processes may do it at once: each compaction has a number, and of two
    writers of the same number the second one plans again. The members' records and shards stay. Memory: one member,
    and one shard of `target_bytes` with an eighth more for its buffer.
    """
    made: list[Commit] = []
    apart: set[str] = set()  # units whose schema differs from their neighbours', being of another version
    while True:
        # Take the number first. If another process compacts from here on, the number is taken and ours is refused.
        number = ledger.compactions() + 1
        members = plan(ledger.commits(), target_bytes, apart)
        if not members:
            return made
        payload, taken = concatenate((ledger.shard_uri(commit), ledger.read(commit)) for commit in members)
        if taken == 1:
            apart.add(members[0].unit)
            continue
        rows = sum(commit.rows for commit in members[:taken])
        commit, won = ledger.publish_compaction(number, payload, rows, [commit.unit for commit in members[:taken]])
        made += [commit] if won else []


def plan(commits: Mapping[str, Commit], target_bytes: int, apart: set[str]) -> list[Commit]:
    """The first run of two or more consecutive units that together fit `target_bytes`; empty if there is none."""
    run: list[Commit] = []
    held = 0
    for commit in commits.values():
        if commit.skipped:
            continue
        fixed = commit.unit in apart or commit.unit.startswith(COMPACTION)
        if fixed or held + commit.bytes > target_bytes:
            if len(run) > 1:
                return run
            run, held = [], 0
        if not fixed:
            run.append(commit)
            held += commit.bytes
    return run if len(run) > 1 else []

"""Reads the rows of single units, wherever compaction has put them."""

import itertools
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from cluster.errors import CorruptionError
from cluster.store.ledger import COMPACTION, Commit, Ledger
from rollout.data.shards import shard_rows

RecordT = TypeVar("RecordT", bound=msgspec.Struct)


class UnitRows(Generic[RecordT]):
    """The committed rows, unit by unit. If units are asked for in the order of their names, each shard is read once.

    Memory: one shard, one batch of it as objects, and the unit that is asked for.
    """

    def __init__(self, kind: type[RecordT], ledger: Ledger) -> None:
        self._kind = kind
        self._ledger = ledger
        self._places: dict[str, tuple[Commit, int, int]] = {}
        self._open: Commit | None = None
        self._rows: Iterator[RecordT] = iter(())
        self._at = 0
        for commit in ledger.commits().values():
            start = 0
            members = map(ledger.find, commit.supersedes) if commit.unit.startswith(COMPACTION) else (commit,)
            for member in filter(None, members):  # all are there, and were read with the others
                self._places[member.unit] = (commit, start, member.rows)
                start += member.rows

    def __contains__(self, unit: str) -> bool:
        """Whether the unit is committed and not superseded."""
        return unit in self._places

    def read(self, unit: str) -> list[RecordT]:
        """The unit's rows. Raises CorruptionError, also if the shard holds fewer or more rows than its record says."""
        commit, start, rows = self._places[unit]
        if not rows:
            return []
        if commit is not self._open or start < self._at:
            self._open, self._at = commit, 0
            self._rows = shard_rows(self._kind, self._ledger, commit)
        found = list(itertools.islice(self._rows, start - self._at, start - self._at + rows))
        self._at = start + rows
        if len(found) < rows or (self._at == commit.rows and next(self._rows, None) is not None):
            raise CorruptionError(
                f"{self._ledger.shard_uri(commit)}: the shard of {commit.unit} does not hold {commit.rows} rows, as "
                "its record says"
            )
        return found

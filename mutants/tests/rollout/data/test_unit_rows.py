"""Rows are read unit by unit, from the units' own shards and from compactions."""

from pathlib import Path

import pytest

from cluster.errors import CorruptionError
from cluster.store.ledger import Commit, Ledger
from cluster.store.storage import open_store
from rollout.data import shards
from rollout.data.compaction import compact
from rollout.data.unit_rows import UnitRows
from rollout.records import Episode
from tests.rollout.data.rows import episode


class Counted(Ledger):
    """Counts the shards that are read."""

    reads = 0

    def read(self, commit: Commit) -> bytes:
        self.reads += 1
        return super().read(commit)


@pytest.fixture
def ledger(tmp_path: Path) -> Counted:
    ledger = Counted(open_store(str(tmp_path)), "episodes")
    for number in range(6):
        encoded = shards.encode_rows(Episode, rows(number))
        ledger.publish(f"u{number}", encoded.payload, encoded.rows)
    ledger.skip("u6", "quota")
    return ledger


def rows(number: int) -> list[Episode]:
    return [episode(f"p{number}", sample) for sample in range(3 * number)]


def test_units_keep_their_rows_and_a_shard_is_read_once(ledger: Counted) -> None:
    for reads in (5, 1):
        ledger.reads = 0
        found = UnitRows(Episode, ledger)
        for number in range(6):
            assert found.read(f"u{number}") == rows(number)
        assert found.read("u6") == []
        assert ledger.reads == reads
        assert found.read("u2") == rows(2), "any order will do"
        compact(ledger)
    found = UnitRows(Episode, ledger)
    assert ("u1" in found, "u9" in found) == (True, False)


@pytest.mark.parametrize("said", [2, 4])
def test_a_record_of_other_rows_than_the_shards_is_found(ledger: Counted, said: int) -> None:
    ledger.publish("u8", shards.encode_rows(Episode, rows(1)).payload, said)
    with pytest.raises(CorruptionError, match=rf"shard of u8 does not hold {said} rows"):
        UnitRows(Episode, ledger).read("u8")

"""Of two generations of a block's groups one counts, whoever reads."""

from pathlib import Path

import pytest

from cluster.errors import CorruptionError
from cluster.store.ledger import Ledger
from cluster.store.storage import LocalStore
from rollout.data.group_rows import live_units, read_groups
from rollout.data.shards import encode_rows
from rollout.records import PreferenceGroup
from tests.training.samples import sample_groups


def publish(ledger: Ledger, unit: str, groups: list[PreferenceGroup], episodes: int) -> None:
    encoded = encode_rows(PreferenceGroup, groups)
    ledger.publish(unit, encoded.payload, encoded.rows, {"episodes": str(episodes)})


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_the_unit_of_the_most_episodes_counts(tmp_path: Path, order: tuple[int, ...]) -> None:
    ledger, groups = Ledger(LocalStore(tmp_path), "groups/student"), sample_groups(6)
    units = [("b00000-ffff", groups[:2], 8), ("b00000-aaaa", groups[2:4], 16), ("b00001-eeee", groups[4:], 8)]
    for index in order:
        publish(ledger, *units[index])
    assert [commit.unit for commit in live_units(ledger)] == ["b00000-aaaa", "b00001-eeee"]
    assert list(read_groups(ledger)) == groups[2:]
    assert list(read_groups(ledger, ["b00000-ffff", "b00001-eeee"])) == [*groups[:2], *groups[4:]]


def test_a_unit_that_an_arm_was_trained_on_and_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorruptionError, match="unit b00000-gone, on which an arm is trained, is not there"):
        list(read_groups(Ledger(LocalStore(tmp_path), "groups/student"), ["b00000-gone"]))

"""Which preference groups count: of each block of problems, those of the unit that was made of the most episodes.

More samples of a block make a new unit of its groups. The older ones stay, for the arms that were trained on them, and
nobody reads two of them together.
"""

from collections.abc import Iterator, Sequence

from cluster.errors import CorruptionError
from cluster.store.ledger import Commit, Ledger
from rollout.data.shards import shard_rows
from rollout.records import PreferenceGroup


def live_units(ledger: Ledger) -> list[Commit]:
    """The group units that count, in the order of their blocks."""
    newest: dict[str, Commit] = {}
    for commit in ledger.commits().values():
        block = commit.unit.partition("-")[0]
        if block not in newest or _episodes(commit) > _episodes(newest[block]):
            newest[block] = commit
    return list(newest.values())


def named_units(ledger: Ledger, units: Sequence[str]) -> list[Commit]:
    """The group units of these names. Raises CorruptionError when one is not committed."""
    found = []
    for unit in units:
        commit = ledger.find(unit)
        if commit is None:
            raise CorruptionError(f"groups: unit {unit}, on which an arm is trained, is not there; restore its record")
        found.append(commit)
    return found


def read_groups(ledger: Ledger, units: Sequence[str] = ()) -> Iterator[PreferenceGroup]:
    """The groups of these units; without names, those that count. Memory: one shard. Raises CorruptionError."""
    for commit in named_units(ledger, units) if units else live_units(ledger):
        if commit.rows:
            yield from shard_rows(PreferenceGroup, ledger, commit)


def _episodes(commit: Commit) -> int:
    return commit.count("episodes")

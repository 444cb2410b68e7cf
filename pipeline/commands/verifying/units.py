"""What is wrong with single units: episodes and scores against their plan, groups against their episodes."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

import msgspec

from cluster.errors import CorruptionError
from cluster.store.ledger import Commit, Ledger
from cluster.store.storage import Store
from rollout.data import layout
from rollout.data.invariants import Outcomes, episode_faults, group_faults
from rollout.data.shards import shard_rows
from rollout.hosts.work import committed_outcomes, quarantined_rows
from rollout.records import Episode, PreferenceGroup

Attempt = tuple[str, int]
"""A problem and a sample of it."""


def unplanned(prefix: str, commits: Iterable[str], planned: Collection[str]) -> Iterator[str]:
    """Units of a ledger that no plan holds."""
    return (f"{prefix}: unit {name} is committed and was never planned" for name in commits if name not in planned)


def unit_faults(
    commit: Commit,
    attempts: Collection[Attempt],
    made: Iterable[Episode],
    store: Store,
    name: str,
    *,
    aided: bool = False,
) -> Iterator[str]:
    """Compare a unit's rows with the attempts that it must hold. `name`: prefix of the names of rows in quarantine;
    `aided`: whether they are attempts with help, or begun by a teacher, which are nowhere else."""
    found: Counter[Attempt] = Counter()
    outcomes: Counter[str] = Counter()
    for episode in made:
        found[episode.problem_id, episode.sample] += 1
        outcomes[episode.outcome.value] += 1
        yield from (f"holds a contradiction: {fault}" for fault in episode_faults(episode))
        if bool(episode.help or episode.guided) != aided:
            what = f"was made with help ({', '.join(episode.help)}) and {episode.guided} steps of the teacher"
            yield (
                f"holds {episode.id}, which {what}" if not aided else f"holds {episode.id}, which was made without help"
            )
    yield from (f"holds {_id(row)} {times} times" for row, times in found.items() if times > 1)
    yield from (f"holds {_id(row)}, which is not its own" for row in found if row not in attempts)
    missing = [row for row in attempts if row not in found]
    if len(missing) != quarantined_rows(commit):
        yield (
            f"lacks {len(missing)} of {len(attempts)} rows, and its record says that {quarantined_rows(commit)} are in "
            "quarantine"
        )
    elif missing:
        put_aside = _quarantined(store, commit.unit)
        lost = [row for row in missing if f"{name}{_id(row)}" not in put_aside]
        yield from (f"lacks {_id(row)}, which is not in quarantine either" for row in lost)
    if outcomes != committed_outcomes(commit):
        yield f"holds {dict(outcomes)}, and its record says {committed_outcomes(commit)}"


def _id(attempt: Attempt) -> str:
    return f"{attempt[0]}#{attempt[1]}"


def built_faults(
    ledger: Ledger,
    commits: Iterable[Commit],
    outcomes: Outcomes,
    taught: Outcomes | None = None,
    helped: Outcomes | None = None,
) -> Iterator[str]:
    """Faults of the groups of a block. More samples make another unit of its groups; each is whole by itself. Where the
    groups are of an arm's rounds, `taught`: of the teacher's episodes, `helped`: of the policy's with help."""
    for commit in commits:
        seen: Counter[str] = Counter()
        for group in shard_rows(PreferenceGroup, ledger, commit):
            seen[group.problem_id] += 1
            yield from (f"groups: {fault}" for fault in group_faults(group, outcomes, taught or {}, helped or {}))
        yield from (f"groups: problem {problem} stands {n} times" for problem, n in seen.items() if n > 1)


class _Named(msgspec.Struct):
    """The part of a row in quarantine that is read."""

    row: str


def _quarantined(store: Store, unit: str) -> set[str]:
    """The names of a unit's rows that could not be stored, of all attempts at it. Raises CorruptionError."""
    found: set[str] = set()
    for path in store.list(layout.QUARANTINE):
        if layout.unit_in_quarantine(path) == unit:
            try:
                lines = store.read(path).splitlines()
                found.update(msgspec.json.decode(line, type=_Named).row for line in lines)
            except msgspec.DecodeError as error:
                raise CorruptionError(f"{store.uri}/{path}: does not decode: {error}") from None
    return found

"""Judges the stored rows of one unit again and commits them in another run. Each one is a task of a process.

A unit of the new run has its own name and is committed once. What flipped in it stands in its commit's record, so that
the table of a whole run follows from the records, however often the work was interrupted.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from cluster.errors import CorruptionError
from cluster.store.ledger import Commit, Ledger
from cluster.store.storage import Store, open_store
from rollout.data import layout
from rollout.data.unit_rows import UnitRows
from rollout.episodes.replay import Judged, Repeated, judge_again
from rollout.formats import CallFormat, load_format
from rollout.formats.limits import CallLimits
from rollout.hosts.work import EpisodeWork, commit_episodes, quarantined_rows
from rollout.prompts.native_template import NATIVE
from rollout.prompts.opened import opened_template
from rollout.records import Episode, Outcome, Score

FLIPS = "flips"
"""Key of a commit's `meta`: `Flips` as JSON."""
_EXAMPLES = 3
"""Episodes of each kind that a unit's record names."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """An episode to look at."""

    episode: str
    answer: str | None
    gold: str
    difference: str = ""


class Flips(msgspec.Struct, kw_only=True):
    """What became of some episodes. Labels are written as `right`, or `wrong answer_wrong`: outcome and error code."""

    episodes: int = 0
    flipped: dict[str, int] = {}
    """`FROM -> TO`: number of episodes."""
    repeated: dict[str, int] = {}
    """`Repeated`: number of episodes."""
    right: tuple[int, int] = (0, 0)
    """Right episodes before and after."""
    examples: dict[str, list[Example]] = {}
    """Some of each kind of `flipped`, and of those that differ in what calls give (`result`, `random`)."""

    def add(self, other: "Flips", most: int = _EXAMPLES) -> None:
        """Count the episodes of `other`, too; `most`: examples that are kept of each kind."""
        self.episodes += other.episodes
        self.flipped = dict(Counter(self.flipped) + Counter(other.flipped))
        self.repeated = dict(Counter(self.repeated) + Counter(other.repeated))
        self.right = (self.right[0] + other.right[0], self.right[1] + other.right[1])
        for kind, examples in other.examples.items():
            kept = self.examples.setdefault(kind, [])
            kept += examples[: most - len(kept)]


class RelabelWork(msgspec.Struct, frozen=True, kw_only=True):
    """One unit to judge again."""

    source_uri: str
    source_unit: str
    target_uri: str
    work: EpisodeWork
    """The unit in the new run: its name, ledger, problems and suite."""
    generation: str
    """Id of the new run."""
    parent: str
    """Id of the run that the rows are from."""
    calls: CallLimits
    tokenizer: str
    """Where the tokenizer of the model that wrote the episodes is, for format `native`."""


def relabel_unit(work: RelabelWork) -> Commit:
    """Judge the unit's rows again and commit them. To repeat it commits nothing new. Memory: one shard, one unit."""
    store, is_score = open_store(work.target_uri), bool(work.work.suite)
    prefix = layout.SCORES if is_score else layout.EPISODES
    stored = Ledger(open_store(work.source_uri), prefix).find(work.source_unit)
    if stored is None:
        raise CorruptionError(f"{work.source_uri}/{prefix}: unit {work.source_unit} is not committed any more")
    if stored.skipped:
        return Ledger(store, work.work.prefix).skip(work.work.unit, stored.skipped, stored.meta)[0]
    kept = {key: value for key, value in stored.meta.items() if key not in {outcome.value for outcome in Outcome}}
    problems = {problem.id: problem for problem in work.work.problems}
    judged: list[Judged] = []
    flips = Flips()
    for row in _rows(Score if is_score else Episode, work.source_uri, prefix).read(work.source_unit):
        episode = row.episode if isinstance(row, Score) else row
        problem = problems[episode.problem_id]
        call_format, parallel = _opened(episode.call_format, work.tokenizer)
        limits = work.calls if parallel else work.calls.model_copy(update={"max_calls": 1})
        now = judge_again(problem, episode, call_format, limits)
        provenance = msgspec.structs.replace(now.episode.provenance, generation=work.generation, parent=work.parent)
        judged.append(now._replace(episode=msgspec.structs.replace(now.episode, provenance=provenance)))
        flips.add(_flips(episode, now, problem.gold))
    if quarantined_rows(stored):
        _keep_in_quarantine(open_store(work.source_uri), work.source_unit, store, work.work.unit)
    meta = kept | {FLIPS: msgspec.json.encode(flips).decode()}
    return commit_episodes(store, work.work, [each.episode for each in judged], meta)


def relabel_units(works: Sequence[RelabelWork]) -> int:
    """Judge some units again and commit them. Returns the number of their rows."""
    return sum(relabel_unit(work).rows for work in works)


def read_flips(commits: Iterable[Commit], most: int = _EXAMPLES) -> Flips:
    """What became of the episodes of all these units; `most`: examples of each kind."""
    total = Flips()
    for commit in commits:
        if FLIPS in commit.meta:
            total.add(commit.decoded(FLIPS, Flips, Flips()), most)
    return total


def label(episode: Episode) -> str:
    """The outcome with its error code."""
    return f"{episode.outcome.value} {episode.error.value}" if episode.error is not None else episode.outcome.value


def _flips(before: Episode, now: Judged, gold: str) -> Flips:
    after = now.episode
    example = Example(episode=before.id, answer=after.answer, gold=gold, difference=now.difference)
    kinds = [f"{label(before)} -> {label(after)}"] if label(before) != label(after) else []
    looked = [*kinds, *([now.repeated.value] if now.repeated in (Repeated.RESULT, Repeated.RANDOM) else [])]
    return Flips(
        episodes=1,
        flipped=dict.fromkeys(kinds, 1),
        repeated={now.repeated.value: 1},
        right=(int(before.outcome is Outcome.RIGHT), int(after.outcome is Outcome.RIGHT)),
        examples={kind: [example] for kind in looked},
    )


def _keep_in_quarantine(source: Store, unit: str, target: Store, name: str) -> None:
    """Copy those rows of a unit that could not be stored; nobody can judge them."""
    for path in source.list(layout.QUARANTINE):
        if layout.unit_in_quarantine(path) == unit:
            target.create(layout.quarantined(name, layout.digest_in_quarantine(path)), source.read(path))


@lru_cache(maxsize=2)
def _rows(kind: type[Episode] | type[Score], uri: str, prefix: str) -> UnitRows[Any]:
    """The rows of a run, kept for the next units of this process, which lie in the same shard."""
    return UnitRows(kind, Ledger(open_store(uri), prefix))


def _opened(name: str, tokenizer: str) -> tuple[CallFormat, bool]:
    """A call format, and whether a reply may hold several calls."""
    if name != NATIVE:
        return load_format(name), True
    template, call_format = opened_template(tokenizer, NATIVE, False)
    return call_format, template.parallel

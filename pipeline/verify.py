"""`chainpref verify RUN`: every hash and every invariant, read afresh from the files."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console

from cluster.errors import ChainprefError, RequestError, WorkError
from cluster.ledger import Commit, Ledger
from evaluation.job import SCORES
from pipeline.existing_run import read_run
from pipeline.run_folder import Run
from pipeline.stages.evaluate import planned_units
from pipeline.stages.groups import EPISODES
from pipeline.stages.reference import reference_prefix
from pipeline.workload import read_workload
from rollout.group_units import group_prefix
from rollout.records import Episode, Outcome, PreferenceGroup
from rollout.shards import read_episodes, read_groups, read_scores
from rollout.work import waived_episodes, waived_problems


def verify_run(folder: Path, console: Console) -> None:
    """Print every fault and what was checked. Raises WorkError when there is a fault."""
    run = read_run(folder, console)
    if not run.store.exists("plan.json"):
        raise RequestError(f"run {folder}: has no plan yet, so there is nothing to verify")
    found = 0
    for fault in faults(run):
        found += 1
        console.print(f"  {fault}", highlight=False, soft_wrap=True)
    if found:
        raise WorkError(f"run {folder}: {found} fault(s)")
    console.print("  " + ", ".join(_checked(run)) + ": all hashes and invariants hold", highlight=False, soft_wrap=True)


def faults(run: Run) -> Iterator[str]:
    """Every fault in words."""
    for prefix in (EPISODES, group_prefix(run.student), SCORES, reference_prefix(run)):
        hashes = Ledger(run.store, prefix).verify()
        yield from hashes
        if hashes:
            return  # rows of a broken shard cannot be read, and one cause is enough
    try:
        yield from _episode_faults(run)
        yield from _group_faults(run)
        yield from _score_faults(run)
    except ChainprefError as error:
        yield str(error)


def _episode_faults(run: Run) -> Iterator[str]:
    ledger = Ledger(run.store, EPISODES)
    planned = {unit.name: unit for unit in read_workload(run).episode_units}
    for name, commit in ledger.history().items():
        if name not in planned:
            yield f"episodes: unit {name} is committed and was never planned"
        elif commit.rows + waived_episodes(commit) != planned[name].episodes and not _quarantined(run, name):
            yield (
                f"episodes: unit {name} holds {commit.rows} rows and waives {waived_episodes(commit)}, "
                f"planned {planned[name].episodes}"
            )
    seen: Counter[tuple[str, int]] = Counter()
    counts: Counter[tuple[str, Outcome]] = Counter()
    for episode in read_episodes(ledger):
        seen[episode.problem_id, episode.sample] += 1
        counts[episode.problem_id, episode.outcome] += 1
        yield from _label_faults(episode)
    for name, commit in ledger.history().items():
        yield from (f"episodes: unit {name} {fault}" for fault in _waiver_faults(run, commit, counts))
    yield from (f"episodes: {problem}#{sample} stands {n} times" for (problem, sample), n in seen.items() if n > 1)


def _waiver_faults(run: Run, commit: Commit, counts: Mapping[tuple[str, Outcome], int]) -> Iterator[str]:
    """Problems that a unit left out although they never got enough chains."""
    quota = run.recipe.rollout.quota
    for problem in waived_problems(commit):
        right, wrong = counts.get((problem, Outcome.RIGHT), 0), counts.get((problem, Outcome.WRONG), 0)
        if quota is None or right < quota.right or wrong < quota.wrong:
            yield f"waives {problem}, which has {right} right and {wrong} wrong episodes"


def _label_faults(episode: Episode) -> Iterator[str]:
    if episode.outcome is Outcome.RIGHT and (episode.answer is None or episode.error is not None):
        yield f"episodes: {episode.id} is right without an answer, or with an error code"
    if episode.outcome is Outcome.WRONG and episode.error is None:
        yield f"episodes: {episode.id} is wrong without an error code"
    for index, step in enumerate(episode.steps):
        if len(step.token_ids) != len(step.logprobs):
            yield f"episodes: {episode.id} step {index} has {len(step.token_ids)} ids, {len(step.logprobs)} logprobs"


def _group_faults(run: Run) -> Iterator[str]:
    outcomes = {
        (episode.problem_id, episode.sample): episode.outcome for episode in read_episodes(Ledger(run.store, EPISODES))
    }
    seen: Counter[str] = Counter()
    for group in read_groups(Ledger(run.store, group_prefix(run.student))):
        seen[group.problem_id] += 1
        yield from _chain_faults(group, outcomes)
    yield from (f"groups: problem {problem} stands {n} times" for problem, n in seen.items() if n > 1)


def _chain_faults(group: PreferenceGroup, outcomes: dict[tuple[str, int], Outcome]) -> Iterator[str]:
    distinct = {(chain.token_ids, chain.label) for chain in group.chains}
    if len(distinct) != len(group.chains):
        yield f"groups: {group.problem_id} holds a chain twice"
    for chain in group.chains:
        if len(chain.token_ids) != len(chain.step):
            yield f"groups: {group.problem_id} has {len(chain.token_ids)} ids and {len(chain.step)} step marks"
        if len(chain.episodes) != chain.multiplicity:
            yield f"groups: {group.problem_id}: multiplicity {chain.multiplicity} of {len(chain.episodes)} episodes"
        for sample in chain.episodes:
            if outcomes.get((group.problem_id, sample)) is not chain.label:
                made = outcomes.get((group.problem_id, sample), "not there")
                yield f"groups: {group.problem_id}#{sample} is {chain.label} in the group and {made} as an episode"


def _score_faults(run: Run) -> Iterator[str]:
    planned = {unit.name: unit for unit in planned_units(run)}
    for name, commit in Ledger(run.store, SCORES).history().items():
        if name not in planned:
            yield f"scores: unit {name} is committed and was never planned"
        elif commit.rows != planned[name].attempts and not _quarantined(run, name):
            yield f"scores: unit {name} holds {commit.rows} rows, planned {planned[name].attempts}"
    seen: Counter[tuple[str, str, bool, str, int]] = Counter()
    for score in read_scores(Ledger(run.store, SCORES)):
        seen[score.model, score.suite, score.greedy, score.episode.problem_id, score.episode.sample] += 1
    yield from (f"scores: {key} stands {n} times" for key, n in seen.items() if n > 1)


def _quarantined(run: Run, unit: str) -> bool:
    return any(f"/{unit}" in path for path in run.store.list("quarantine"))


def _checked(run: Run) -> list[str]:
    names = (EPISODES, group_prefix(run.student), SCORES)
    rows = {name: sum(commit.rows for commit in Ledger(run.store, name).history().values()) for name in names}
    return [f"{count:,} rows of {name}" for name, count in rows.items()]

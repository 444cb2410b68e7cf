"""Stage `report`: all scores to report/summary.json, report/index.html and the table on the terminal."""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from cluster.engine.model_source import recorded_revision
from cluster.errors import CorruptionError, RequestError
from pipeline.plan.prediction import compared
from pipeline.run.arms import trained_arms
from pipeline.run.folder import Run, versions
from pipeline.run.workload import read_workload, suite_problems
from pipeline.stages.arms.helping import takes_of_teacher
from pipeline.stages.arms.policies import ArmRounds
from pipeline.stages.evaluate import planned_units
from pipeline.stages.groups import group_figures
from rollout.data import layout
from rollout.data.group_rows import live_units
from rollout.hosts.work import skipped_episodes
from rollout.records import Outcome, Score, content_hash

if TYPE_CHECKING:
    from evaluation.figures import RoundFigures, Summary, TrainingFigures

GROUPS_SHOWN = 6
"""Preference groups on the page."""


def complete(run: Run) -> bool:
    """Whether the summary, which is written last, is of what there is; a run that scores nothing has no report."""
    if not run.store.exists(layout.SUMMARY):
        return run.planned and not planned_units(run)
    with contextlib.suppress(msgspec.DecodeError):
        # Earlier versions wrote no hash; then the first recipe is all that it can be of.
        inputs = msgspec.json.decode(run.store.read(layout.SUMMARY), type=_SummedUp).inputs
        return inputs == inputs_of(run) if inputs else len(run.recipes) == 1
    return False


class _SummedUp(msgspec.Struct):
    """The part of a summary that says what it is of."""

    inputs: str = ""


def inputs_of(run: Run) -> str:
    """A hash of what a report sums up: scores, groups, the arms' models, and the section `evaluation`."""
    groups = [commit.unit for commit in live_units(run.ledger(layout.groups(run.student)))]
    scores = [unit.name for unit in planned_units(run)]
    models = [revision for name in run.recipe.arms if (revision := recorded_revision(run.model(name))) is not None]
    section = run.recipe.evaluation.model_dump_json(exclude_defaults=True)
    return content_hash(section, *groups, "scores", *scores, *models)


def work(run: Run) -> None:
    """Sum up the scores and write the page, then the summary."""
    from evaluation.figures import Measured
    from evaluation.report.page import render_report
    from evaluation.report.pages import write_page
    from evaluation.summary import build_summary, to_json
    from pipeline.run.rollouts import some_groups
    from rollout.data.shards import read_rows
    from training.ranks.metrics import read_metrics

    problems = [problem for suite in suite_problems(run).values() for problem in suite]
    ledger = run.ledger(layout.SCORES)
    summary = build_summary(
        read_rows(Score, ledger),
        problems,
        data_figures(run),
        run.events.seconds(),
        versions(),
        run.recipe.evaluation,
        training_figures(run),
    )
    refuse_others(run, summary)
    summary = msgspec.structs.replace(
        summary,
        prediction=msgspec.convert(compared(run), tuple[Measured, ...]),
        rounds=tuple(round_figures(run)),
        recipes=tuple(str(stored) for stored in run.recipes[1:]),
        inputs=inputs_of(run),
    )
    groups = some_groups(run, GROUPS_SHOWN)
    files = {name: run.folder / layout.checkpoints(name) / layout.METRICS for name in run.recipe.arms}
    metrics = {name: read_metrics(path) for name, path in files.items() if path.is_file()}
    page = render_report(summary, problems, read_rows(Score, ledger), metrics, groups)
    write_page(run.folder / layout.PAGE, page)
    run.store.replace(layout.SUMMARY, to_json(summary))


def refuse_others(run: Run, summary: "Summary") -> None:
    """Raise CorruptionError where an arm's scores are those of another model than the arm's, which was removed and
    trained again: on GPUs that gives other weights."""
    for name in (name for name in run.recipe.arms if name in summary.arms):
        own = recorded_revision(run.model(name))
        others = [revision for revision in summary.arms[name].served.revisions if revision != own]
        if own is not None and others:
            raise CorruptionError(
                f"arm {name}: its scores are of revision {others[0]}, and its model is {own}, which was made since; "
                f"remove {run.folder / layout.SCORES} and run again, which scores all models anew"
            )


def show(run: Run) -> None:
    """Print the tables, the answer and the findings."""
    from evaluation.report.table import SummaryTable

    if not run.store.exists(layout.SUMMARY) and run.store.exists(layout.PLAN) and not planned_units(run):
        figures = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in data_figures(run).items() if count)
        run.console.out(f"{figures}; nothing is scored, so there is no report")
        return
    run.console.print(SummaryTable(stored_summary(run)))
    run.console.out(f"report: {run.folder / layout.PAGE}")


def stored_summary(run: Run) -> "Summary":
    """RUN/report/summary.json. Raises RequestError when it is not there, or this version cannot read it."""
    from evaluation.summary import read_summary

    try:
        stored = run.store.read(layout.SUMMARY)
    except FileNotFoundError:
        raise RequestError(f"run {run.folder}: has no report yet; `chainpref report` writes it") from None
    return read_summary(stored, f"run {run.folder}: {layout.SUMMARY}")


def training_figures(run: Run) -> "dict[str, TrainingFigures]":
    """What every trained arm was trained on: from the run's events, and of rounds from their records, which are there
    after any kill. Counts are None where an older version made it."""
    from evaluation.figures import TrainingFigures

    with run.events.understood():
        trained = trained_arms(run)
        spent, written = defaultdict[str, float](float), defaultdict[str, float](float)
        spent |= {name: row["seconds"] for name, row in trained.items() if "event" not in row}
        of_rounds: dict[tuple[str, int], float] = {}
        for row in run.events.read():
            if row.get("event") in ("arm trained", "arm interrupted", "targets"):
                # What is asked in a round is named by it; later versions count what is asked with the arm's training.
                spent[row["arm"]] += row.get("seconds", 0.0)
            elif row.get("event") == "round":
                of_rounds[row["arm"], row["round"]] = row["seconds"]
        for name, arm in run.recipe.arms.items():
            for record in ArmRounds(run, name, arm).records() if arm.rounds is not None else ():
                earlier = of_rounds.get((name, record.number), 0.0)
                spent[name] += earlier if record.seconds is None else record.seconds
                written[name] += record.tokens + record.helped_tokens
        return {
            name: TrainingFigures(
                start=arm.start,
                steps=int(trained[name]["steps"]),
                seconds=round(spent[name], 3),
                chains=trained[name].get("chains"),
                passes=trained[name].get("passes"),
                tokens=trained[name].get("tokens"),
                own_tokens=written[name],
                from_teacher=arm.rounds is None or takes_of_teacher(arm),
            )
            for name, arm in run.recipe.arms.items()
            if name in trained
        }


def round_figures(run: Run) -> "Iterator[RoundFigures]":
    """What came of every round of the run's arms that has ended."""
    from evaluation.figures import RoundFigures

    for name, arm in run.recipe.arms.items():
        for record in ArmRounds(run, name, arm).records() if arm.rounds is not None else ():
            yield RoundFigures(
                arm=name,
                number=record.number,
                attempts=record.attempts,
                right=record.outcomes.get("right", 0),
                helped_attempts=record.helped_attempts,
                helped_right=record.helped.get("right", 0),
                taken=record.taken,
                left_out=record.left_out,
                groups=record.groups,
                steps=record.steps,
                age=record.age,
                logp_difference=record.logp_difference,
                drift=record.drift,
                probe_difference=record.probe_difference,
                hosts_idle=record.hosts_idle,
                ranks_idle=record.ranks_idle,
                rewards=record.rewards,
            )


def data_figures(run: Run) -> dict[str, int]:
    """Counts of episodes by outcome and of what became of them, from the commit records alone.

    `teacher_tokens`, and `thought_tokens`, those of them that are thoughts, are there where the record of every
    unit that was sampled has them: older versions did not count.
    """
    outcomes: Counter[str] = Counter()
    skipped, commits = 0, list(run.ledger(layout.EPISODES).history().values())
    for commit in commits:
        outcomes.update({outcome.value: commit.count(outcome.value) for outcome in Outcome})
        skipped += skipped_episodes(commit)
    counted = {"teacher_tokens": "tokens", "thought_tokens": "thought_tokens"}
    made = [commit for commit in commits if not commit.skipped]
    tokens = {
        name: sum(commit.count(key) for commit in made)
        for name, key in counted.items()
        if made and all(key in commit.meta for commit in made)
    }
    groups = group_figures(run)
    return {
        "problems": read_workload(run).train_problems,
        "episodes": sum(outcomes.values()),
        "skipped": skipped,
        **{outcome.value: outcomes[outcome.value] for outcome in Outcome},
        "groups": groups.get("groups", 0),
        "chains": groups.get("chains", 0),
        "pairs": groups.get("pairs", 0),
        "right_chains": groups.get("right", 0),
        "right_with_failed_steps": groups.get("right_with_failed_steps", 0),
        **tokens,
    }

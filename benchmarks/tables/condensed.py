"""The figures of a finished run that a document quotes: `python -m benchmarks.tables.condensed RUN --json FILE`.

A run's summary.json holds every metric of every model on every suite. Of a run with sixteen suites that is more than a
document's table needs; what is left here is as it stands there. What became of the teacher's attempts stands beside it,
and so does every problem's outcome, from which `benchmarks.tables.replicates` computes intervals over several runs.

`--suites PATTERN` leaves other suites out, and models that attempted none that is left: `bfcl_*_whole` is what
`benchmarks.bfcl.whole` added to a run.
"""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from rich.console import Console

from evaluation.measures.tally import Tally
from evaluation.sweep import MEASURES
from pipeline.run.folder import Run, read_run
from rollout.data import layout
from rollout.data.group_rows import read_groups
from rollout.data.shards import read_rows
from rollout.records import Episode, PreferenceGroup, Score

_WHOLE = ("seconds", "training", "prediction", "bfcl", "answer", "versions")
_OF_A_SUITE = ("n", "accuracy", "ci", "sampled_accuracy", "samples", "truncated", "errors", "forms")
_SAID = "of it, by `python -m benchmarks.tables.condensed RUN --json FILE`, the figures that are quoted"


def condensed(summary: dict[str, Any], command: str, suites: str = "*", **beside: Any) -> dict[str, Any]:
    """The quoted figures of a run's summary, the command that made the run, and what stands beside them by name.

    `suites`: the pattern of those that are quoted.
    """
    models = {
        model: {
            suite: {name: found[name] for name in _OF_A_SUITE}
            for suite, found in figures["suites"].items()
            if fnmatchcase(suite, suites)
        }
        for model, figures in summary["arms"].items()
    }
    whole = {name: summary[name] for name in _WHOLE}
    found = {model: of_suites for model, of_suites in models.items() if of_suites}
    return {"command": f"{command}; {_SAID}", **whole, "models": found, **beside}


def rollouts_of(attempts: Iterable[Episode], groups: Iterable[PreferenceGroup]) -> dict[str, Any]:
    """For each family the teacher's attempts by outcome, how many of the right ones had so many turns of the user, and
    what became of them: groups, and the distinct right and wrong chains in these."""
    outcomes, kept = defaultdict[str, Counter[str]](Counter), defaultdict[str, Counter[str]](Counter)
    turns = defaultdict[str, Counter[int]](Counter)
    for each in attempts:
        outcomes[each.family][each.outcome.value] += 1
        if each.reward:
            turns[each.family][len(each.said) + 1] += 1
    for group in groups:
        kept[group.family].update({"groups": 1, "right": len(group.right), "wrong": len(group.wrong)})
    return {
        family: {
            "attempts": dict(found),
            "turns of right ones": dict(turns[family]),
            "kept": dict(kept[family]),
        }
        for family, found in sorted(outcomes.items())
    }


def _rollouts(run: Run) -> dict[str, Any]:
    attempts = read_rows(Episode, run.ledger(layout.EPISODES))
    return rollouts_of(attempts, read_groups(run.ledger(layout.groups(run.student))))


def outcomes_of(tally: Tally) -> dict[str, Any]:
    """Suite -> `problems`, their ids, and in their order, by model, the share of right ones of the counted attempts:
    `greedy` and `sampled`. None where no attempt was counted."""
    found = dict[str, Any]()
    for suite in sorted({suite for _, suite in tally.cells}):
        models = sorted(model for model, other in tally.cells if other == suite)
        problems = sorted(set[str]().union(*(tally.problems(model, suite) for model in models)))
        found[suite] = {"problems": problems}
        for measure in MEASURES:
            rates = {model: tally.rates(model, suite, measure == "greedy") for model in models}
            found[suite][measure] = {
                model: [of_model.get(problem) for problem in problems] for model, of_model in rates.items() if of_model
            }
    return found


def rewards_of(metrics: Path) -> list[list[float]]:
    """For each step of a DPO arm beta times the log-ratio to the reference, in nats: of chosen, of rejected chains."""
    rows = [json.loads(line) for line in metrics.read_text().splitlines()]
    return [[row["rewards/chosen"], row["rewards/rejected"]] for row in rows if "rewards/chosen" in row]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--command", required=True, help="the command that made the run")
    parser.add_argument("--suites", default="*", metavar="PATTERN", help="the suites that are quoted; all without it")
    options = parser.parse_args()
    summary = json.loads((options.run / "report" / "summary.json").read_text())
    files = {name: options.run / "checkpoints" / name / "metrics.jsonl" for name in summary["training"]}
    rewards = {name: found for name, path in files.items() if (found := rewards_of(path))}
    run = read_run(options.run, Console(quiet=True))
    scores = (each for each in read_rows(Score, run.ledger(layout.SCORES)) if fnmatchcase(each.suite, options.suites))
    quoted = condensed(
        summary,
        options.command,
        options.suites,
        rollouts=_rollouts(run),
        rewards=rewards,
        outcomes=outcomes_of(Tally(scores)),
    )
    options.json.write_text(json.dumps(quoted, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

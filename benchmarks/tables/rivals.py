"""What DPO and its rivals gain and spend: `python -m benchmarks.tables.rivals SWEEP --json FILE`.

SWEEP is the folder of a finished sweep whose replicates are other models. By arm, over replicates:

- the accuracies, sampled (`accuracy`) and greedy, and the differences of sampled ones, as the sweep has them;
- `seconds`, `teacher_tokens`, `own_tokens`: what the arm took, with the arms that it starts from: the seconds of its
  training and rounds and, where it learnt from the teacher's stored chains, of stages `rollout`, `groups` and
  `reference`; the tokens that the teacher, and that its own policies, wrote for it;
- `over_calling`: of the attempts at abstention problems that cannot be solved, the share in which another function than
  the finish was executed;
- `format_validity`, `diversity_text`, `hallucinated_rate`: means over the suites of the sweep's rows;
- `right_chains`, `wrong_chains`: by how much the teacher's stored chains became likelier than under base, in nats a
  scored token: over the distinct chains of the train problems that have right and wrong ones, each once, however many
  episodes wrote it. Below zero for right ones is likelihood displacement.
"""

import argparse
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from rich.console import Console

from cluster.store.ledger import Ledger
from evaluation.cost import spending, with_starts
from evaluation.figures import Summary
from evaluation.measures.metrics import mean
from evaluation.sweep import SweepSummary, read_sweep_summary
from pipeline.run.folder import Run, read_run
from pipeline.run.workload import suite_problems
from pipeline.stages.report import stored_summary
from rollout.data import layout
from rollout.data.group_rows import read_groups
from rollout.data.shards import read_rows
from rollout.records import Score
from rollout.toolboxes.toolbox import FINISH
from training.chains import ScoredChain, ScoreRule, scored_groups

MEANS = ("format_validity", "diversity_text", "hallucinated_rate")
"""Metrics of a suite of which an arm's mean over all suites is shown."""
TOKENS_AT_ONCE = 8192

Figures = dict[str, float | None]


def spent(summary: Summary, arm: str) -> Figures:
    """Seconds and tokens that an arm took, with the arms that it starts from; base and the teacher took none."""
    tokens, seconds = spending(arm, summary.data, summary.seconds, summary.training)
    own = sum(summary.training[name].own_tokens for name in with_starts(arm, summary.training))
    return {"seconds": seconds, "teacher_tokens": tokens, "own_tokens": own}


def over_calling(scores: Iterable[Score], unsolvable: Container[str]) -> dict[str, float]:
    """Model -> share of its sampled attempts at unsolvable problems in which a function but the finish was executed."""
    called = dict[str, list[bool]]()
    for score in scores:
        episode = score.episode
        if score.greedy or not episode.outcome.labelled or episode.problem_id not in unsolvable:
            continue
        results = (result for step in episode.steps for result in step.results)
        called.setdefault(score.model, []).append(
            any(each.call is not None and each.error is None and each.call.name != FINISH for each in results)
        )
    return {model: sum(found) / len(found) for model, found in called.items()}


def likelier(run: Run, models: Iterable[str]) -> dict[str, tuple[float, float]]:
    """Model -> how much likelier than under base it finds the teacher's right and its wrong chains, in nats a token.

    A group with chains of one kind alone has no pair and is left out; a distinct chain counts once.
    """
    groups = list(scored_groups(read_groups(Ledger(run.store, layout.groups(run.student))), ScoreRule()))
    right = [chain for group in groups for chain in group.right]
    wrong = [chain for group in groups for chain in group.wrong]
    base = [_logp(run, "base", chains) for chains in (right, wrong)]
    found = dict[str, tuple[float, float]]()
    for model in models:
        own = [_logp(run, model, chains) for chains in (right, wrong)]
        found[model] = (own[0] - base[0], own[1] - base[1])
    return found


def _logp(run: Run, model: str, chains: list[ScoredChain]) -> float:
    """Mean log-probability of the chains' scored tokens under a published model, in nats."""
    from training.reference import chain_logps, load_model
    from training.tree.scoring import add_tree_scoring

    source = load_model(str(run.folder / layout.model(model)), "float32").requires_grad_(False).eval()
    add_tree_scoring(source)
    return sum(chain_logps(source, chains, TOKENS_AT_ONCE)) / sum(chain.length for chain in chains)


def of_run(run: Run) -> dict[str, Figures]:
    """Model -> its figures in one run."""
    summary = stored_summary(run)
    unsolvable = {problem.id for suite in suite_problems(run).values() for problem in suite if problem.nothing_to_do}
    calls = over_calling(read_rows(Score, run.ledger(layout.SCORES)), unsolvable)
    moved = likelier(run, summary.training)
    found = dict[str, Figures]()
    for model, figures in summary.arms.items():
        suites = figures.suites.values()
        own: Figures = dict(spent(summary, model))
        own |= {
            name: mean([value for s in suites if (value := getattr(s.metrics, name)) is not None]) for name in MEANS
        }
        own["over_calling"] = calls.get(model)
        own["right_chains"], own["wrong_chains"] = moved.get(model, (None, None))
        found[model] = own
    return found


def combined(sweep: SweepSummary, runs: Mapping[str, dict[str, Figures]]) -> dict[str, Any]:
    """The table's figures: by arm the sweep's accuracies, and each figure's mean over replicates with all of them."""
    rows = [row.row for row in next(iter(sweep.suites.values())).rows]
    return {
        row: {
            "accuracy": _accuracies(sweep, row, "sampled"),
            "greedy": _accuracies(sweep, row, "greedy"),
            **{name: _over(runs, row, name) for name in next(iter(runs.values()))[row]},
        }
        for row in rows
    }


def _accuracies(sweep: SweepSummary, row: str, measure: Literal["sampled", "greedy"]) -> dict[str, Any]:
    return {
        suite: msgspec.to_builtins(next(getattr(each, measure) for each in found.rows if each.row == row))
        for suite, found in sweep.suites.items()
    }


def _over(runs: Mapping[str, dict[str, Figures]], row: str, name: str) -> dict[str, Any] | None:
    values = [value for found in runs.values() if (value := found[row][name]) is not None]
    return {"mean": mean(values), "by_replicate": values} if values else None


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweep", type=Path, help="folder of a finished sweep")
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    path = options.sweep / layout.SUMMARY
    sweep = read_sweep_summary(path.read_bytes(), str(path))
    runs = {name: of_run(read_run(options.sweep / folder, Console())) for name, folder in sweep.runs.items()}
    report = {
        "command": f"{sweep.command}; of it, by `python -m benchmarks.tables.rivals SWEEP --json FILE`, this",
        "arms": combined(sweep, runs),
        "answers": {
            suite: {answer.question: msgspec.to_builtins(answer.sampled) for answer in found.answers}
            for suite, found in sweep.suites.items()
        },
        "findings": [finding.text for finding in sweep.findings],
        "seconds": sweep.seconds,
    }
    options.json.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")


if __name__ == "__main__":
    main()

"""Replicates that were run apart come to what the sweep says of them together."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks.tables import replicates as command
from benchmarks.tables.condensed import outcomes_of
from benchmarks.tables.replicates import over_replicates
from evaluation.measures.tally import Tally
from evaluation.sweep import Question, RowSource, SweepSummary, read_sweep_summary, summarise_sweep
from pipeline.sweep.points import load_sweep
from tests.evaluation.synthetic import Skill, make_problems, make_scores

RECIPE = Path("recipes/smollm2-replicates.toml")
MODELS = ("base", "teacher", "sft", "dpo", "dpo-steps", "sft+dpo")


def tallies(problems: int = 20) -> dict[str, Tally]:
    skills = {"s0": 0.9, "s1": 0.7, "s2": 0.95}
    return {
        name: Tally(
            make_scores(
                make_problems(problems),
                dict.fromkeys(MODELS, Skill(skill, 0.9)) | {"base": Skill(0.5, 0.9), "teacher": Skill(0.9, 0.95)},
                samples=2,
            )
        )
        for name, skill in skills.items()
    }


def stored(tally: Tally) -> dict[str, Any]:
    """As a condensed run's file has it."""
    found: dict[str, Any] = json.loads(
        json.dumps({"models": dict.fromkeys(MODELS), "outcomes": outcomes_of(tally)}),
    )
    return found


def without_errors(summary: SweepSummary) -> SweepSummary:
    """Condensed outcomes have no error codes."""
    suites = {
        suite: msgspec.structs.replace(found, rows=tuple(msgspec.structs.replace(row, errors={}) for row in found.rows))
        for suite, found in summary.suites.items()
    }
    return msgspec.structs.replace(summary, suites=suites)


@pytest.mark.parametrize("count", [1, 3])
def test_replicates_apart_are_the_sweep(count: int) -> None:
    plan = load_sweep(RECIPE)
    counted = dict(list(tallies().items())[:count])
    rows = {model: [RowSource(name, model, name) for name in counted] for model in MODELS}
    asked = [Question(name, one.plus, one.minus) for name, one in plan.section.compare.items()]
    evaluation = plan.runs["s0"].recipe.evaluation
    whole = summarise_sweep("smollm2-replicates", rows, asked, counted, {}, evaluation)
    apart = over_replicates(RECIPE, {name: stored(tally) for name, tally in counted.items()})
    assert apart == without_errors(whole)
    assert apart.findings


def test_another_outcome_is_another_answer() -> None:
    replicates = {name: stored(tally) for name, tally in tallies().items()}
    before = over_replicates(RECIPE, replicates)
    suite = next(iter(replicates["s1"]["outcomes"].values()))
    suite["greedy"]["sft"][0] = 1.0 - suite["greedy"]["sft"][0]
    assert over_replicates(RECIPE, replicates) != before


def test_an_attempt_that_was_not_counted_stands_for_no_problem() -> None:
    replicates = {"s0": stored(tallies()["s0"])}
    name, suite = next(iter(replicates["s0"]["outcomes"].items()))
    suite["greedy"]["sft"][0] = None
    rows = {row.row: row.greedy for row in over_replicates(RECIPE, replicates).suites[name].rows}
    counts = [one.problems for model in ("base", "teacher", "sft") if (one := rows[model])]
    assert counts == [20, 20, 19]


def test_replicates_of_other_problems_or_models_are_not_one_sweep() -> None:
    one, other = stored(tallies()["s0"]), stored(tallies(problems=19)["s1"])
    with pytest.raises(ValueError, match="s1 and s0 have other problems of "):
        over_replicates(RECIPE, {"s0": one, "s1": other})
    other = stored(tallies()["s1"])
    del other["models"]["sft"]
    with pytest.raises(ValueError, match="s1 and s0 have other models"):
        over_replicates(RECIPE, {"s0": one, "s1": other})


def test_the_command_writes_a_sweeps_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = []
    for name, tally in tallies().items():
        (tmp_path / f"{name}.json").write_text(json.dumps(stored(tally)))
        named.append(f"{name}={tmp_path / name}.json")
    out = tmp_path / "all.json"
    monkeypatch.setattr("sys.argv", ["replicates", str(RECIPE), "--json", str(out), *named])
    command.main()
    written = read_sweep_summary(out.read_bytes(), "all.json")
    assert written.suites == over_replicates(RECIPE, {name: stored(tally) for name, tally in tallies().items()}).suites
    assert written.command.startswith("python -m benchmarks.tables.replicates recipes/smollm2-replicates.toml")
    assert written.repeated == "replicate"

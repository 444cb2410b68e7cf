"""Replicates that were run apart come to what the sweep says of them together."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks.tables.condensed import outcomes_of
from benchmarks.tables.replicates import over_replicates
from evaluation.config import EvaluationConfig
from evaluation.measures.tally import Tally
from evaluation.sweep import Question, RowSource, SweepSummary, summarise_sweep
from tests.evaluation.synthetic import Skill, make_problems, make_scores

MODELS = ("base", "teacher", "sft")
ASKED = {"SFT against base": (("sft",), ("base",)), "SFT against the teacher": (("sft",), ("teacher",))}


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "sweep.toml"
    compare = "\n".join(f'"{name}" = {{ plus = ["{p[0]}"], minus = ["{m[0]}"] }}' for name, (p, m) in ASKED.items())
    path.write_text(f'[run]\nname = "apart"\n[evaluation]\nsamples = 2\n[sweep.compare]\n{compare}\n')
    return path


def tallies(problems: int = 20) -> dict[str, Tally]:
    skills = {"s0": 0.9, "s1": 0.7, "s2": 0.95}
    return {
        name: Tally(
            make_scores(
                make_problems(problems),
                {"base": Skill(0.5, 0.9), "teacher": Skill(0.9, 0.95), "sft": Skill(skill, 0.9)},
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
def test_replicates_apart_are_the_sweep(recipe: Path, count: int) -> None:
    counted = dict(list(tallies().items())[:count])
    rows = {model: [RowSource(name, model, name) for name in counted] for model in MODELS}
    asked = [Question(name, plus, minus) for name, (plus, minus) in ASKED.items()]
    whole = summarise_sweep("apart", rows, asked, counted, {}, EvaluationConfig(samples=2))
    apart = over_replicates(recipe, {name: stored(tally) for name, tally in counted.items()})
    assert apart == without_errors(whole)
    assert apart.findings


def test_another_outcome_is_another_answer(recipe: Path) -> None:
    replicates = {name: stored(tally) for name, tally in tallies().items()}
    before = over_replicates(recipe, replicates)
    suite = next(iter(replicates["s1"]["outcomes"].values()))
    suite["greedy"]["sft"][0] = 1.0 - suite["greedy"]["sft"][0]
    assert over_replicates(recipe, replicates) != before


def test_an_attempt_that_was_not_counted_stands_for_no_problem(recipe: Path) -> None:
    replicates = {"s0": stored(tallies()["s0"])}
    name, suite = next(iter(replicates["s0"]["outcomes"].items()))
    suite["greedy"]["sft"][0] = None
    rows = {row.row: row.greedy for row in over_replicates(recipe, replicates).suites[name].rows}
    counts = [one.problems for model in MODELS if (one := rows[model]) is not None]
    assert counts == [20, 20, 19]


def test_replicates_of_other_problems_or_models_are_not_one_sweep(recipe: Path) -> None:
    one, other = stored(tallies()["s0"]), stored(tallies(problems=19)["s1"])
    with pytest.raises(ValueError, match="s1 and s0 have other problems of "):
        over_replicates(recipe, {"s0": one, "s1": other})
    other = stored(tallies()["s1"])
    del other["models"]["sft"]
    with pytest.raises(ValueError, match="s1 and s0 have other models"):
        over_replicates(recipe, {"s0": one, "s1": other})

"""A sweep's replicates that were run apart, together again: what `chainpref sweep` says of them, from condensed runs.

Each replicate of `recipes/smollm2-replicates.toml` takes an hour or more, and each may have a machine of its own. The
files of `benchmarks.tables.condensed` hold every problem's outcome; rows, questions, intervals and Holm's correction
are those of the sweep (`evaluation/sweep.py`).
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evaluation.config import EvaluationConfig
from evaluation.measures.tally import Tally
from evaluation.sweep import MEASURES, Question, RowSource, SweepSummary, summarise_sweep


def over_replicates(recipe: Path, replicates: Mapping[str, Any]) -> SweepSummary:
    """The summary of the sweep in `recipe`, of these replicates: name -> the condensed run.

    Raises ValueError where two of them did not attempt the same problems with the same models.
    """
    first_name, first = next(iter(replicates.items()))
    for name, found in replicates.items():
        for suite, outcomes in first["outcomes"].items():
            if found["outcomes"].get(suite, {}).get("problems") != outcomes["problems"]:
                raise ValueError(f"{name} and {first_name} have other problems of {suite}")
        if list(found["models"]) != list(first["models"]):
            raise ValueError(f"{name} and {first_name} have other models")
    sweep = tomllib.loads(recipe.read_text())
    return summarise_sweep(
        sweep["run"]["name"],
        {model: [RowSource(name, model, name) for name in replicates] for model in first["models"]},
        [Question(name, (*asked["plus"],), (*asked["minus"],)) for name, asked in sweep["sweep"]["compare"].items()],
        {name: _tally(found["outcomes"]) for name, found in replicates.items()},
        {},
        EvaluationConfig(**sweep["evaluation"]),
    )


def _tally(outcomes: Mapping[str, Any]) -> Tally:
    tally = Tally()
    for suite, found in outcomes.items():
        for measure in MEASURES:
            for model, shares in found[measure].items():
                for problem, share in zip(found["problems"], shares, strict=True):
                    if share is not None:
                        tally.add((model, suite), problem, measure == "greedy", share)
    return tally

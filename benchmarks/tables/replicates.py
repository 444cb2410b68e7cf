"""A sweep's replicates that were run apart, together again: what `chainpref sweep` says of them, from condensed runs.

    python -m benchmarks.tables.replicates RECIPE --json FILE s0=CONDENSED s1=CONDENSED

Each replicate of `recipes/smollm2-replicates.toml` takes an hour or more, and each may have a machine of its own. The
files of `benchmarks.tables.condensed` hold every problem's outcome; rows, questions, intervals and Holm's correction
are those of the sweep (`evaluation/sweep.py`). Metrics and error codes stay in the condensed files.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from evaluation.measures.tally import Tally
from evaluation.summary import to_json
from evaluation.sweep import MEASURES, RowSource, SweepSummary, summarise_sweep
from pipeline.sweep.points import load_sweep
from pipeline.sweep.run import questions_of


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
    plan = load_sweep(recipe)
    return summarise_sweep(
        plan.name,
        {model: [RowSource(name, model, name) for name in replicates] for model in first["models"]},
        questions_of(plan),
        {name: _tally(found["outcomes"]) for name, found in replicates.items()},
        {},
        next(iter(plan.runs.values())).recipe.evaluation,
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


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("replicates", nargs="+", metavar="NAME=FILE", help="a replicate and its condensed run")
    options = parser.parse_args()
    files = dict(each.split("=", 1) for each in options.replicates)
    found = over_replicates(options.recipe, {name: json.loads(Path(file).read_text()) for name, file in files.items()})
    command = shlex.join(["python", "-m", "benchmarks.tables.replicates", *sys.argv[1:]])
    summary = msgspec.structs.replace(found, command=command, replicates={name: {} for name in files})
    options.json.write_bytes(to_json(summary))


if __name__ == "__main__":
    main()

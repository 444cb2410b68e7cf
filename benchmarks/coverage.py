"""How often the report's intervals hold the truth: `python -m benchmarks.coverage --json FILE [--simulations N]`.

Accuracy: sampled attempts of beta-binomial problems over a grid of problems, attempts, true rate and intra-problem
correlation. Differences: two arms over a grid of problems, attempts and true difference. Seeds: means over seeds and
problems, by the standard deviation of seeds. Non-inferiority: how often a loss of the margin is called a match, and how
often an arm as good as the teacher is. Nominal: 95 %, tests 2.5 % one-sided. The same seed gives the same numbers.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.certainty.crossed import crossed_difference
from evaluation.certainty.intervals import Values, share_bounds
from evaluation.certainty.statistics import Paired

CONFIDENCE = 0.95
PROBLEMS = (10, 25, 50, 200)
ATTEMPTS = (1, 2, 4, 8, 16)
RATES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5)
"""The interval is symmetric: a rate of 0.9 has the coverage of 0.1."""
CORRELATIONS = (0.0, 0.05, 0.2, 0.5, 0.8, 1.0)
MARGIN = 0.05
Row = dict[str, float]


def main(arguments: list[str]) -> int:
    """Measure everything and write it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="where the numbers go")
    parser.add_argument("--simulations", type=int, default=2000, help="of each row; of differences and seeds half")
    options = parser.parse_args(arguments)
    few = max(1, options.simulations // 2)
    report: dict[str, Any] = {
        "command": "python -m benchmarks.coverage --json docs/results/coverage.json",
        "simulations": options.simulations,
        "confidence": CONFIDENCE,
        "accuracy": list(accuracy(options.simulations)),
        "differences": list(differences(few)),
        "seeds": list(seeds(few)),
        "non_inferiority": list(non_inferiority(few)),
    }
    report["least"] = {
        part: min(row["coverage"] for row in report[part]) for part in ("accuracy", "differences", "seeds")
    }
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report["least"]))
    return 0


def chances(rng: np.random.Generator, shape: tuple[int, ...], rate: float, correlation: float) -> Values:
    """Chances of problems with mean `rate`, of which attempts at one problem have this correlation."""
    if correlation == 0:
        return np.full(shape, rate)
    if correlation == 1:
        return (rng.random(shape) < rate).astype(np.float64)
    weight = (1 - correlation) / correlation
    return rng.beta(rate * weight, (1 - rate) * weight, shape)


def accuracy(simulations: int) -> Iterator[Row]:
    """Coverage and mean width of the interval of an accuracy."""
    for problems, attempts, rate, correlation in product(PROBLEMS, ATTEMPTS, RATES, CORRELATIONS):
        if attempts == 1 and correlation:
            continue  # one attempt has nothing to be alike to
        rng = np.random.default_rng([problems, attempts, round(1000 * rate), round(100 * correlation)])
        rates = rng.binomial(attempts, chances(rng, (simulations, problems), rate, correlation)) / attempts
        mean, variance = rates.mean(axis=1), rates.var(axis=1, ddof=1)
        low, high = share_bounds(mean, variance, problems, 1 / attempts, CONFIDENCE)
        yield {
            "problems": problems,
            "attempts": attempts,
            "rate": rate,
            "correlation": correlation,
            "coverage": round(float(np.mean((low <= rate) & (rate <= high))), 4),
            "width": round(float(np.mean(high - low)), 4),
        }


def drawn_differences(rng: np.random.Generator, problems: int, attempts: int, kind: str, loss: float) -> Values:
    """Differences of an arm whose true mean is `loss` below the teacher's.

    `everywhere`: every problem is a little harder for it. `wholly`: few problems are lost wholly, the others are right
    for both. `traded`: of all-or-nothing problems some are lost, and 3 in 100 won.
    """
    if kind == "everywhere":
        of_teacher = rng.beta(4, 1, problems)
        of_arm = of_teacher * (1 - loss / 0.8)
        return np.asarray((rng.binomial(attempts, of_arm) - rng.binomial(attempts, of_teacher)) / attempts)
    drawn = rng.random(problems)
    if kind == "wholly":
        return np.where(drawn < loss, -1.0, 0.0)
    return np.where(drawn < loss + 0.03, -1.0, np.where(drawn > 0.97, 1.0, 0.0))


KINDS = ("everywhere", "wholly", "traded")


def differences(simulations: int) -> Iterator[Row | dict[str, Any]]:
    """Coverage and mean width of the interval of a paired difference."""
    for kind, problems, attempts, loss in product(KINDS, PROBLEMS, (1, 4, 16), (0.0, 0.05, 0.2)):
        if kind != "everywhere" and attempts > 1:
            continue
        rng = np.random.default_rng([KINDS.index(kind), problems, attempts, round(100 * loss)])
        bounds = np.array(
            [
                Paired(drawn_differences(rng, problems, attempts, kind, loss), 1.0, None).interval(CONFIDENCE)
                for _ in range(simulations)
            ]
        )
        yield {
            "kind": kind,
            "problems": problems,
            "attempts": attempts,
            "difference": -loss,
            "coverage": round(float(np.mean((bounds[:, 0] <= -loss) & (-loss <= bounds[:, 1]))), 4),
            "width": round(float(np.mean(bounds[:, 1] - bounds[:, 0])), 4),
        }


def seeds(simulations: int) -> Iterator[Row]:
    """Coverage of the interval of a mean over seeds and problems. Attempts leave a standard deviation of 0.3 a cell."""
    for count, problems, of_seed, of_problem in product(
        (1, 2, 3, 5), (50, 200), (0.0, 0.01, 0.02, 0.04, 0.08), (0.0, 0.2)
    ):
        if count == 1 and of_seed:
            continue  # one seed says nothing about others
        rng = np.random.default_rng([count, problems, round(1000 * of_seed), round(10 * of_problem)])
        held, widths = 0, []
        for _ in range(simulations):
            values = rng.normal(0, of_seed, (count, 1)) + rng.normal(0, of_problem, (1, problems))
            low, high = crossed_difference(values + rng.normal(0, 0.3, (count, problems))).interval(CONFIDENCE)
            held += low <= 0 <= high
            widths.append(high - low)
        yield {
            "seeds": count,
            "problems": problems,
            "of_seed": of_seed,
            "of_problem": of_problem,
            "coverage": round(held / simulations, 4),
            "width": round(float(np.mean(widths)), 4),
        }


def non_inferiority(simulations: int) -> Iterator[dict[str, Any]]:
    """How often an arm is called a match at 2.5 % where it loses the margin (`size`), and where it loses nothing."""
    for kind, problems, attempts in product(KINDS, PROBLEMS, (1, 4, 16)):
        if kind != "everywhere" and attempts > 1:
            continue
        rng = np.random.default_rng([KINDS.index(kind), problems, attempts])
        row: dict[str, Any] = {"kind": kind, "problems": problems, "attempts": attempts}
        for name, loss in (("size", MARGIN), ("power", 0.0)):
            drawn = (drawn_differences(rng, problems, attempts, kind, loss) for _ in range(simulations))
            row[name] = round(
                float(np.mean([Paired(one, 1.0, None).non_inferiority_p(MARGIN) < 0.025 for one in drawn])), 4
            )
        yield row


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What retrieval finds: `python -m benchmarks.retrieval --json FILE [--problems N] [--distractors N]`.

For every family, N problems (100 by default) of all difficulties, each with its toolbox hidden among useless functions
(1,000 by default): by number of functions kept, the share of those that the gold chain calls which are among them, and
the size of the prompt that describes them in full. Once with the sentences of the test split, and once with those of
`variant-phrasing`, which nobody who wrote a description need have seen.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import mean
from typing import Any

from rollout.formats import load_format
from rollout.problems import FAMILIES, FamilyConfig, generate
from rollout.problems.config import UNTAUGHT
from rollout.records import Call, Problem
from rollout.toolboxes import Toolbox, load_toolbox, retrieve
from rollout.toolboxes.nesting import nested_names

KEPT = (8, 16, 32, 64)
SUITES = ("test", "variant-phrasing")
SEED = 7


def measure(family: str, suite: str, count: int, distractors: int) -> dict[str, dict[str, float]]:
    """By number of functions kept: mean recall, the share of problems with all of theirs, characters of the prompt."""
    config = FamilyConfig(family=family, test=count, difficulty=(1, 8))
    needing = [problem for problem in generate(config, suite) if _needed(problem)]
    if not needing:
        return {}
    found = {}
    for kept in KEPT:
        boxes = [retrieve(_among(problem, distractors), problem.text, kept) for problem in needing]
        shares = [recall(problem.gold_calls, box) for problem, box in zip(needing, boxes, strict=True)]
        found[str(kept)] = {
            "recall": round(mean(shares), 3),
            "all_found": round(mean(share == 1.0 for share in shares), 3),
            "prompt_chars": round(mean(len(load_format("json").instructions(box, "full")) for box in boxes)),
        }
    return found


def called(call: Call) -> frozenset[str]:
    """The names of the functions that `call` calls: its own, and those of the calls inside it."""
    return frozenset({call.name, *nested_names(json.loads(call.arguments))})


def recall(needed: Iterable[Call], retrieved: Toolbox) -> float:
    """Share of the distinct functions called in `needed`, also inside calls, that are in `retrieved`; 1.0 when nothing
    is needed. The finishing function, which is always there, does not count.
    """
    names = {name for call in needed for name in called(call)} - {retrieved.finish}
    return sum(name in retrieved.functions for name in names) / len(names) if names else 1.0


def _needed(problem: Problem) -> frozenset[str]:
    """The functions that the gold chain calls, the finishing one aside."""
    return frozenset().union(*map(called, problem.gold_calls)) - {load_toolbox(problem.toolbox).finish}


def _among(problem: Problem, distractors: int) -> Toolbox:
    return load_toolbox(f"{problem.toolbox}+{distractors}@{SEED}")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="where the numbers go")
    parser.add_argument("--problems", type=int, default=100, help="of each family and suite")
    parser.add_argument("--distractors", type=int, default=1000, help="useless functions")
    options = parser.parse_args(arguments)
    report: dict[str, Any] = {"problems": options.problems, "distractors": options.distractors, "recall": {}}
    for family in FAMILIES:
        if family in UNTAUGHT:
            continue
        for suite in SUITES:
            found = measure(family, suite, options.problems, options.distractors)
            if found:
                report["recall"].setdefault(family, {})[suite] = found
                shown = ", ".join(f"{kept}: {row['recall']:.2f}" for kept, row in found.items())
                print(f"{family} {suite}: recall by number kept: {shown}", flush=True)
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

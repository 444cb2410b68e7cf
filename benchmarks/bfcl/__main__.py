"""`python -m benchmarks.bfcl --json FILE`: gold answers of BFCL through the whole path, and 2,000 damaged ones.

`gold.CATEGORY` is the share of problems whose gold calls, written as a reply, read, validated, accepted and finished,
are right by BFCL's own checker. `gold_excluded` are those that no call can solve, with what contradicts what; one for
which no contradiction is found without our validator counts as wrong. `damaged` holds our verdict to BFCL's on gold
calls that were changed, `undamaged` on all gold calls as they are; `unexplained` ones are listed.

The exit status is 1 where a share is below 1 or a case is unexplained.
"""

import argparse
import json
import random
import shlex
import sys
import time
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.bfcl.contradictions import why_unsolvable
from benchmarks.bfcl.damage import KINDS, Calls, Pool, as_calls, drawn
from benchmarks.bfcl.ours import RULES, explanation, right
from rollout.foreign.bfcl import CATEGORIES, IRRELEVANT, NOT_TAKEN, Question, questions, verdict
from rollout.formats import load_format
from rollout.problems import FamilyConfig, generate
from rollout.problems.contracts import gold_fault
from rollout.records import canonical_json

DISTRIBUTION = "bfcl-eval"
SEED = 0
CASES = 2_000
EXAMPLES = 3
Case = tuple[str, str, Question, Calls]
"""The kind of damage, the category, the question and the calls."""


def gold_shares(categories: Iterable[str]) -> tuple[dict[str, float], dict[str, Any]]:
    """Category -> share of gold answers that are right through the whole path, and the excluded ids."""
    shares, excluded = {}, dict[str, Any]()
    for category in categories:
        all_of_it = questions(category)
        left_out = {each.id: each for each in all_of_it if each.fault}
        for each in left_out.values():
            found = verdict(category, each.id, as_calls(each))
            excluded[each.id] = {
                "contradiction": why_unsolvable(each) or "none",
                "our validator": each.fault,
                "bfcl": found["error"] or "right",
            }
        unfounded = [id for id in left_out if excluded[id]["contradiction"] == "none"]
        config = FamilyConfig(family="bfcl", task=category, test=len(all_of_it) - len(left_out))
        faults = [fault for each in generate(config, "test") if (fault := gold_fault(each, load_format("json")))]
        count = config.test + len(unfounded)
        shares[category] = (config.test - len(faults)) / count
        shown = [*(f"{id} is left out without a contradiction" for id in unfounded), *faults]
        print(f"{category}: {config.test - len(faults)} of {count} gold answers right", *shown[:EXAMPLES], flush=True)
    return shares, excluded


def solvable(categories: Iterable[str]) -> Pool:
    """The problems with gold calls which some call can solve, found without our validator."""
    asked = [name for name in categories if name not in IRRELEVANT]
    return [(name, each) for name in asked for each in questions(name) if not why_unsolvable(each)]


def damaged_cases(cases: int, pool: Pool, seed: int) -> list[Case]:
    """As many cases, with each kind of damage equally often; a kind that nothing in the pool allows is left out."""
    rng, kinds = random.Random(seed), sorted(KINDS)
    found = ((kind, drawn(kind, pool, rng)) for kind in (kinds[number % len(kinds)] for number in range(cases)))
    return [(kind, *case) for kind, case in found if case]


def compare(cases: Iterable[Case]) -> dict[str, Any]:
    """Our verdict and BFCL's on calls."""
    kinds, agreed, explained = Counter[str](), Counter[str](right=0, wrong=0), Counter[str]()
    examples, unexplained, different = dict[str, list[Any]](), list[Any](), set[str]()
    for kind, category, question, calls in cases:
        kinds[kind] += 1
        different.add(canonical_json([question.id, calls]))
        theirs = verdict(category, question.id, calls)
        mine = right(question, calls)
        if mine is theirs["valid"]:
            agreed["right" if mine else "wrong"] += 1
            continue
        case = {"id": question.id, "kind": kind, "calls": calls, "ours": mine, "bfcl": theirs}
        rules = explanation(question, calls, theirs["valid"])
        if rules is None:
            unexplained.append(case)
            continue
        name = f"{'+'.join(rules)}: {'ours' if mine else 'theirs'} alone says right"
        explained[name] += 1
        examples.setdefault(name, []).append(case)
    return {
        "cases": kinds.total(),
        "different": len(different),
        "kinds": dict(sorted(kinds.items())),
        "agreed": dict(agreed),
        "explained": dict(explained.most_common()),
        "unexplained": len(unexplained),
        "unexplained_cases": unexplained,
        "examples": {name: found[:EXAMPLES] for name, found in examples.items()},
    }


def main(arguments: list[str]) -> int:
    """The command line; the exit status, once FILE is written."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bfcl", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="where the numbers go")
    parser.add_argument("--cases", type=int, default=CASES, help="damaged answers")
    parser.add_argument("--categories", nargs="+", default=CATEGORIES, help="whose answers are tried")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    shares, excluded = gold_shares(options.categories)
    pool = solvable(options.categories)
    found = compare(damaged_cases(options.cases, pool, SEED))
    as_they_are = compare(("nothing", category, each, as_calls(each)) for category, each in pool)
    report = {
        "command": shlex.join(["python", "-m", "benchmarks.bfcl", *arguments]),
        "package": f"{DISTRIBUTION} {version(DISTRIBUTION)}",
        "not_taken": NOT_TAKEN,
        "gold": shares,
        "gold_excluded": sorted(excluded),
        "gold_excluded_why": excluded,
        "damaged": found,
        "undamaged": as_they_are,
        "rules": {name: rule._asdict() for name, rule in RULES.items()},
        "seconds": round(time.perf_counter() - started, 1),
    }
    options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(excluded)} excluded; {found['cases']} damaged: {found['agreed']}, {found['unexplained']} unexplained")
    unexplained = found["unexplained"] + as_they_are["unexplained"]
    return 1 if unexplained or any(share < 1 for share in shares.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

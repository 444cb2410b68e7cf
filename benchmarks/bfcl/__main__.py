"""`python -m benchmarks.bfcl --json FILE`: gold answers of BFCL through the whole path, and 2,000 damaged ones.

`gold.CATEGORY` is the share of problems whose gold calls, written as a reply, read, validated, accepted and finished,
are right by BFCL's own checker; `gold_excluded` are those that no call can solve, with what contradicts what. `damaged`
holds our verdict to BFCL's on gold calls that were changed; `unexplained` ones are listed.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.bfcl.damage import damaged
from benchmarks.bfcl.ours import RULES, as_calls, explanation, right
from rollout.foreign.bfcl import CATEGORIES, IRRELEVANT, NOT_TAKEN, Question, questions, verdict
from rollout.formats import load_format
from rollout.problems import FamilyConfig, generate
from rollout.problems.contracts import gold_fault

SEED = 0
CASES = 2_000
EXAMPLES = 3


def gold_shares(categories: tuple[str, ...]) -> tuple[dict[str, float], dict[str, Any]]:
    """Category -> share of gold answers that are right through the whole path, and the excluded ids."""
    shares, excluded = {}, dict[str, Any]()
    for category in categories:
        for each in questions(category):
            if each.fault:
                found = verdict(category, each.id, as_calls(each))
                excluded[each.id] = {"contradicts its schema": each.fault, "bfcl": found["error"] or "right"}
        count = sum(not each.fault for each in questions(category))
        problems = generate(FamilyConfig(family="bfcl", task=category, test=count), "test")
        faults = [fault for problem in problems if (fault := gold_fault(problem, load_format("json")))]
        shares[category] = (count - len(faults)) / count
        print(f"{category}: {count - len(faults)} of {count} gold answers right", *faults[:EXAMPLES], flush=True)
    return shares, excluded


def compare_damaged(cases: int, seed: int) -> dict[str, Any]:
    """Our verdict and BFCL's on damaged gold answers of all categories that have some."""
    rng = random.Random(seed)
    pool = [(name, each) for name in CATEGORIES if name not in IRRELEVANT for each in questions(name) if not each.fault]
    kinds, agreed, explained = Counter[str](), Counter[str](), Counter[str]()
    examples, unexplained = dict[str, list[Any]](), list[Any]()
    for _ in range(cases):
        category, question = rng.choice(pool)
        kind, calls = damaged(question, rng)
        kinds[kind] += 1
        theirs = verdict(category, question.id, calls)
        mine = right(question, calls)
        if mine is theirs["valid"]:
            agreed["right" if mine else "wrong"] += 1
            continue
        case = _case(question, kind, calls, mine, theirs)
        rules = explanation(question, calls, theirs["valid"])
        if rules is None:
            unexplained.append(case)
            continue
        name = f"{'+'.join(rules)}: {'ours' if mine else 'theirs'} alone says right"
        explained[name] += 1
        examples.setdefault(name, []).append(case)
    return {
        "cases": cases,
        "kinds": dict(sorted(kinds.items())),
        "agreed": dict(agreed),
        "explained": dict(explained.most_common()),
        "unexplained": len(unexplained),
        "unexplained_cases": unexplained,
        "examples": {name: found[:EXAMPLES] for name, found in examples.items()},
    }


def _case(question: Question, kind: str, calls: Any, mine: bool, theirs: dict[str, Any]) -> dict[str, Any]:
    return {"id": question.id, "kind": kind, "calls": calls, "ours": mine, "bfcl": theirs}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bfcl", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="where the numbers go")
    parser.add_argument("--cases", type=int, default=CASES, help="damaged answers")
    parser.add_argument("--categories", nargs="+", default=CATEGORIES, help="whose gold answers are tried")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    shares, excluded = gold_shares(tuple(options.categories))
    found = compare_damaged(options.cases, SEED)
    report = {
        "command": "python -m benchmarks.bfcl --json docs/results/bfcl.json",
        "package": "bfcl-eval 2026.3.23",
        "not_taken": NOT_TAKEN,
        "gold": shares,
        "gold_excluded": sorted(excluded),
        "gold_excluded_why": excluded,
        "damaged": found,
        "rules": RULES,
        "seconds": round(time.perf_counter() - started, 1),
    }
    options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(excluded)} excluded; {found['cases']} damaged: {found['agreed']}, {found['unexplained']} unexplained")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

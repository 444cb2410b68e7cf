"""How often checkers are wrong: `python -m benchmarks.checkers --json FILE [--math-verify PYTHON]`.

`pairs.jsonl` holds answers and gold answers that a person judged: right, wrong, or malformed where the answer may mean
two things. Each pair goes to our checker and, as text, to math-verify in a process of its own. PYTHON is an interpreter
that has math-verify (`pip install -e .[benchmark]`, or a virtual environment with nothing else); "" leaves it out.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rollout.checkers import check

PAIRS = Path(__file__).with_name("pairs.jsonl")
SIDE = Path(__file__).with_name("math_verify_side.py")
AMBIGUOUS = "malformed"
Pair = Mapping[str, Any]


def read_pairs() -> list[Pair]:
    """All pairs: kind, want (right, wrong or malformed), checker, answer, gold."""
    return [json.loads(line) for line in PAIRS.read_text().splitlines()]


def ours(pairs: Sequence[Pair]) -> list[bool]:
    """Whether our checkers accept each answer."""
    return [check(pair["checker"], json.dumps(pair["answer"]), json.dumps(pair["gold"])) is None for pair in pairs]


def theirs(pairs: Sequence[Pair], python: str) -> list[bool]:
    """Whether math-verify accepts each answer."""
    asked = json.dumps([[as_text(pair["gold"]), as_text(pair["answer"])] for pair in pairs])
    done = subprocess.run([python, str(SIDE)], input=asked, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise SystemExit(f"math-verify failed in {python}: {done.stderr.strip().splitlines()[-1]}")
    verdicts: list[bool] = json.loads(done.stdout)
    return verdicts


def as_text(value: Any) -> str:
    """A JSON value as math-verify wants it: numbers as decimals, a list as a set, LaTeX between dollars."""
    if isinstance(value, list):
        return f"$\\{{{', '.join(item if isinstance(item, str) else json.dumps(item) for item in value)}\\}}$"
    text = value if isinstance(value, str) else json.dumps(value)
    is_latex = ("\\" in text or "^" in text) and not text.startswith(("$", "\\(", "\\[", "\\boxed"))
    return f"${text}$" if is_latex else text


def counts(pairs: Sequence[Pair], accepted: Sequence[bool]) -> dict[str, Any]:
    """False positives and negatives, in all and by kind, and the ambiguous answers that were accepted."""
    found: dict[str, Counter[str]] = {}
    for pair, yes in zip(pairs, accepted, strict=True):
        kind = found.setdefault(pair["kind"], Counter())
        kind["false_positives"] += yes and pair["want"] == "wrong"
        kind["false_negatives"] += not yes and pair["want"] == "right"
        kind["accepted"] += yes and pair["want"] == AMBIGUOUS
    total = sum(found.values(), Counter[str]())
    return {
        "false_positives": total["false_positives"],
        "false_negatives": total["false_negatives"],
        "ambiguous_accepted": total["accepted"],
        "kinds": {
            name: {key: kind[key] for key in ("false_positives", "false_negatives")}
            for name, kind in found.items()
            if name != "ambiguous"
        },
    }


def measure(python: str) -> dict[str, Any]:
    """What `--json` writes; without `python` math-verify is left out."""
    pairs = read_pairs()
    wants = Counter((pair["kind"], pair["want"]) for pair in pairs)
    found = counts(pairs, ours(pairs))
    kinds = found.pop("kinds")
    result = {
        "pairs": sum(number for (_, want), number in wants.items() if want != AMBIGUOUS),
        "ambiguous": sum(number for (_, want), number in wants.items() if want == AMBIGUOUS),
        **found,
        "kinds": {
            name: {"right": wants[name, "right"], "wrong": wants[name, "wrong"], **kinds[name]} for name in kinds
        },
    }
    return {**result, "math_verify": counts(pairs, theirs(pairs, python))} if python else result


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.checkers", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--math-verify", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--differences", action="store_true", help="print each pair on which the two disagree")
    options = parser.parse_args()
    figures = measure(options.math_verify)
    print(json.dumps({key: value for key, value in figures.items() if key != "kinds"}, indent=1))
    if options.differences and options.math_verify:
        pairs = read_pairs()
        for pair, we, they in zip(pairs, ours(pairs), theirs(pairs, options.math_verify), strict=True):
            if we != they:
                print(
                    f"{pair['kind']}: {pair['answer']!r} for {pair['gold']!r}: {pair['want']}, ours {we}, theirs {they}"
                )
    if options.json:
        command = f"python -m benchmarks.checkers --json {options.json}"
        options.json.write_text(json.dumps({"command": command, **figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()

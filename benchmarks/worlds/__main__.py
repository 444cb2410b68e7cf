"""`python -m benchmarks.worlds --json FILE`: worlds of other packages, their own verdicts, and what calls cost.

`bfcl.gold` is the share of BFCL's 800 multi-turn tasks whose gold calls are right through our whole loop (written as
replies, read, validated, executed in workers, judged), `bfcl.gold_agree` on how many of them our verdict is that of
bfcl-eval's `multi_turn_checker`. `bfcl.damaged` trajectories are gold ones that were changed; a disagreement on one is
explained by a rule that is named, or `bfcl.unexplained`. `tau2` has the same of the 164 tasks of tau2-bench's retail
and airline, held to its evaluators of database and communication. `calls_per_second` is over 64 worlds of BFCL's file
system, `mb_per_world` what memory a world takes in its worker.

FILE keeps the parts that are not measured again (`--parts`).
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.worlds import bfcl, speed
from benchmarks.worlds.tau2 import compared

SEED = 0
CASES = 2_000
COMMAND = "python -m benchmarks.worlds --json docs/results/worlds.json"
PARTS: Mapping[str, Callable[[int], dict[str, Any]]] = {
    "bfcl": lambda cases: {"bfcl": bfcl.everything(cases, SEED)},
    "tau2": lambda cases: {"tau2": compared.measure(min(cases, compared.CASES), SEED)},
    "speed": lambda cases: speed.everything(),
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worlds", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="where the numbers go")
    parser.add_argument(
        "--cases", type=int, default=CASES, help="damaged trajectories of BFCL, and of tau2-bench up to 500"
    )
    parser.add_argument("--parts", nargs="+", choices=[*PARTS], default=[*PARTS], help="what is measured")
    options = parser.parse_args(arguments)
    report: dict[str, Any] = json.loads(options.json.read_text()) if options.json.exists() else {}
    report["command"] = COMMAND
    for part in options.parts:
        started = time.perf_counter()
        report |= PARTS[part](options.cases)
        report.setdefault("seconds", {})[part] = round(time.perf_counter() - started, 1)
    options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps({key: value for key, value in report.items() if not isinstance(value, dict)}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

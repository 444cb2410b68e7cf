"""What a GRPO update and an SFT step on one group cost: python -m benchmarks.grpo_step --json FILE [--quick]

TRL at its fastest micro-batch, chain by chain without padding, and the tree get the same group, run in turns, and must
have the same gradient: one that differs ends the run with an error. A step is forward, backward and AdamW.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch

from benchmarks.steps.dpo import MODELS, make_model
from benchmarks.steps.groups import QUICK, SHAPES, Shape, make_group
from benchmarks.steps.turns import Taken, checked_errors, in_turns
from benchmarks.steps.updates import UPDATES, WAYS, UpdateSetup

TOLERANCE = 1e-5
"""Relative norm of the difference from the gradient chain by chain, float32."""


def main() -> int:
    options = _options()
    torch.set_num_threads(options.threads)
    shapes = QUICK if options.quick else SHAPES
    report: dict[str, Any] = {
        "command": f"python -m benchmarks.grpo_step --json FILE --model {options.model} --threads {options.threads} "
        f"--repetitions {options.repetitions} --updates {' '.join(options.updates)}",
        "torch": torch.__version__,
        "shapes": {},
        "rows": [],
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    for name, shape in shapes.items():
        group = make_group(shape, make_model(options.model, "cpu"))
        report["shapes"][name] = described(shape, [chain.length for chain in group.chains])
        for update in options.updates:
            setups = [
                UpdateSetup(way=way, threads=options.threads, update=update, group=group, model=options.model)
                for way in WAYS
            ]
            report["rows"] += rows_of(update, name, in_turns(setups, options.repetitions))
            options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


def described(shape: Shape, scored: list[int]) -> dict[str, Any]:
    """A shape in numbers; `scored`: tokens that the model wrote, of each chain."""
    return {"chains": shape.chains, "prompt_tokens": shape.prompt, "branches": shape.branches, "scored_tokens": scored}


def rows_of(update: str, shape: str, taken: dict[str, Taken]) -> list[dict[str, Any]]:
    """A row of the report for each way. Raises SystemExit where the ways' gradients differ."""
    errors = checked_errors(f"{update} {shape}", taken, "chains", dict.fromkeys(taken, TOLERANCE))
    rows = []
    for way, one in taken.items():
        rows.append(
            {
                "update": update,
                "shape": shape,
                "way": way,
                "tokens": one.tokens,
                "seconds": one.seconds,
                "cpu_seconds": one.cpu_seconds,
                "peak_mb": one.peak_mb,
                "gradient_error": None if way == "chains" else errors[way],
                "note": one.note,
            }
        )
        print(json.dumps(rows[-1]), flush=True)
    return rows


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grpo_step", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="file for the results")
    parser.add_argument("--quick", action="store_true", help="only check that it works: a tiny model, two tiny groups")
    parser.add_argument("--updates", nargs="+", choices=UPDATES, default=list(UPDATES))
    parser.add_argument("--model", choices=tuple(MODELS), default="15m")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    if options.quick:
        options.model = "tiny"
    return options


if __name__ == "__main__":
    sys.exit(main())

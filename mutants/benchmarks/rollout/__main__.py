"""What rollouts cost: `python -m benchmarks.rollout --json FILE [--only PART ...] [--quick]`.

`engine`: multi-turn rollouts through pool, host and episode loop against a replay of the very same requests on the
bare AsyncLLM, with random weights of about 100 million parameters (`engine_ratio`). `local`: the same with the teacher
of the local recipe, and what the host's thread does (`engine_ratio_local`). `microchain`: episodes a second against
microchain 0.4.6 on an OpenAI-compatible server of the same vLLM, the same problems (`microchain_ratio`). `steps`: the
loop alone, over an engine that answers at once (`steps_per_second_per_core`).

The sides of a comparison take turns in one run; ratios are medians over the turns. Give it a quiet machine.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PARTS = ("steps", "engine", "local", "microchain")
_CPUS = 4


def main() -> int:
    options = _options()
    for name in ("RAY_USAGE_STATS_ENABLED", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "RAY_DEDUP_LOGS"):
        os.environ.setdefault(name, "0")
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    options.cache.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {
        "command": " ".join(("python -m benchmarks.rollout", *sys.argv[1:])),
        "machine": {"cores": len(os.sched_getaffinity(0))},
        "quick": options.quick,
    }
    with tempfile.TemporaryDirectory(prefix="rollout-") as folder:
        for part in PARTS:
            if part in options.only:
                begun = time.perf_counter()
                report |= _measure(part, options, Path(folder) / part)
                report[f"{part}_minutes"] = (time.perf_counter() - begun) / 60
                options.json.write_text(json.dumps(report, indent=1) + "\n")
    shown = {key: round(value, 3) for key, value in report.items() if isinstance(value, float)}
    print(json.dumps(shown, indent=1))
    return 0


def _measure(part: str, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    repetitions = 1 if options.quick else options.repetitions
    if part == "steps":
        from benchmarks.rollout.steps import measure_steps

        return measure_steps(0.2 if options.quick else 2.0, repetitions, options.cache)
    from benchmarks.rollout.hosts import local_ray

    if part == "microchain":
        from benchmarks.rollout.microchain import measure_microchain

        with local_ray(_CPUS):
            return measure_microchain(16 if options.quick else 384, repetitions, options.cache, folder)
    from benchmarks.rollout.engine import large_case, local_case, measure_engine

    if part == "engine":
        case = large_case(4 if options.quick else 8, options.cache)
    else:
        case = local_case(8 if options.quick else 32, options.teacher, options.cache)
    with local_ray(_CPUS):
        result = measure_engine(case, repetitions, folder)
    key = "engine_ratio" if part == "engine" else "engine_ratio_local"
    return {key: result["ratio"], part: result}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rollout", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="where the results go")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--quick", action="store_true", help="a little of everything, once: does it work")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--teacher", type=Path, default=Path("runs/local/models/teacher"))
    parser.add_argument("--cache", type=Path, default=Path("runs/.models"), help="where models are kept")
    options = parser.parse_args()
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.cache, options.teacher = options.cache.absolute(), options.teacher.absolute()
    return options


if __name__ == "__main__":
    sys.exit(main())

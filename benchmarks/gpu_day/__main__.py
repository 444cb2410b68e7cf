"""Everything that a first hour on one GPU should answer: python -m benchmarks.gpu_day --json FILE [--quick]

Stages run one after the other, each in a process of its own, and take minutes each. What a stage found stands in FILE
as soon as it ends; a stage that is there already is not run again (`--again STAGE ...` does), so a machine that is
taken away loses one stage. A stage whose packages are not installed is skipped and says which; one that fails says why,
and the others still run: the exit status is then 1. The stages of training need torch, transformers, TRL and DeepSpeed
alone, from this folder's sources. `--quick` runs the same on tiny shapes, on the CPU where there is no GPU.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.gpu_day.stages import STAGES

_LIMIT_S = 900


def main() -> int:
    options = _options()
    report: dict[str, Any] = json.loads(options.json.read_text()) if options.json.exists() else {}
    report |= {"command": "python -m benchmarks.gpu_day --json FILE" + " --quick" * options.quick}
    stages: dict[str, Any] = report.setdefault("stages", {})
    failed = False
    for name in options.only or STAGES:
        if name in stages and "error" not in stages[name] and name not in options.again:
            print(f"{name}: done before", flush=True)
            continue
        begun = time.perf_counter()
        stages[name] = _run(name, options.quick)
        stages[name]["stage_seconds"] = round(time.perf_counter() - begun, 1)
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=1) + "\n")
        failed = failed or "error" in stages[name]
        print(f"{name}: {json.dumps(stages[name])[:600]}", flush=True)
    return 1 if failed else 0


def _run(name: str, quick: bool) -> dict[str, Any]:
    """What one stage found, or why it found nothing."""
    missing = [package for package in STAGES[name].needs if find_spec(package) is None]
    if missing:
        return {"skipped": f"not installed: {', '.join(missing)}"}
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        command = [sys.executable, "-m", "benchmarks.gpu_day.stages", name, str(found), *(["--quick"] if quick else [])]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
        except subprocess.TimeoutExpired:
            return {"error": f"took longer than {_LIMIT_S} s"}
        if not found.exists():
            lines = (ended.stdout + ended.stderr).strip().splitlines()
            return {"error": f"exit status {ended.returncode}", "output": lines[-25:]}
        result: dict[str, Any] = json.loads(found.read_text())
        return result


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_day", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="file for the results; stages in it are not run again")
    parser.add_argument("--quick", action="store_true", help="tiny shapes: only check that it works")
    parser.add_argument("--only", nargs="*", choices=tuple(STAGES), help="run these stages alone")
    parser.add_argument(
        "--again", nargs="*", choices=tuple(STAGES), default=[], help="run these although they are done"
    )
    return parser.parse_args()


if __name__ == "__main__":
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    sys.exit(main())

"""Everything that a first hour on one GPU should answer: python -m benchmarks.gpu_day --json FILE [--quick]

Stages run one after the other, each in a process of its own, and take minutes each. What a stage found stands in FILE
as soon as it ends; a stage that is there already is not run again (`--again STAGE ...` does), so a machine that is
taken away loses one stage. A stage whose packages are not installed is skipped and says which, until they are; one that
fails says why, and the others still run: the exit status is then 1. The stages of training need torch, transformers,
TRL and DeepSpeed alone, from this folder's sources. `--quick` runs the same on tiny shapes, on the CPU where there is
no GPU; a file of quick results takes no others, nor the other way round.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO

from benchmarks.gpu_day.stages import STAGES
from cluster.errors import RequestError
from cluster.store.atomic import atomic_file

_LIMIT_S = 900


def main() -> int:
    options = _options()
    try:
        report = _report(options.json, "python -m benchmarks.gpu_day --json FILE" + " --quick" * options.quick)
    except RequestError as error:
        print(error, file=sys.stderr)
        return 2
    stages: dict[str, Any] = report["stages"]
    failed = False
    for name in options.only or STAGES:
        if name in stages and not {"error", "skipped"} & stages[name].keys() and name not in options.again:
            print(f"{name}: done before", flush=True)
            continue
        begun = time.perf_counter()
        stages[name] = _run(name, options.quick)
        stages[name]["stage_seconds"] = round(time.perf_counter() - begun, 1)
        with atomic_file(options.json, replace=True) as file:
            file.write(json.dumps(report, indent=1).encode() + b"\n")
        failed = failed or "error" in stages[name]
        print(f"{name}: {json.dumps(stages[name])[:600]}", flush=True)
    return 1 if failed else 0


def _report(path: Path, command: str) -> dict[str, Any]:
    """What `path` holds of earlier calls of `command`. Raises RequestError for a file that is not such a report."""
    if not path.exists():
        return {"command": command, "stages": {}}
    try:
        report: Any = json.loads(path.read_text())
        found = {name: dict(stage) for name, stage in report["stages"].items()}
        written = report["command"]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise RequestError(f"{path}: no report of gpu_day ({error!r}); remove it or name another file") from None
    if written != command:
        raise RequestError(f"{path}: results of `{written}`, not of `{command}`; name another file")
    return {**report, "stages": found}


def _run(name: str, quick: bool) -> dict[str, Any]:
    """What one stage found, or why it found nothing."""
    missing = [package for package in STAGES[name].needs if find_spec(package) is None]
    if missing:
        return {"skipped": f"not installed: {', '.join(missing)}"}
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        command = [sys.executable, "-m", "benchmarks.gpu_day.stages", name, str(found), *(["--quick"] if quick else [])]
        said = Path(folder) / "said.txt"
        with said.open("w") as output, _session(command, output) as process:
            try:
                failure = f"exit status {process.wait(_LIMIT_S)}"
            except subprocess.TimeoutExpired:
                failure = f"took longer than {_LIMIT_S} s"
        if not found.exists():
            return {"error": failure, "output": said.read_text(errors="replace").strip().splitlines()[-25:]}
        result: dict[str, Any] = json.loads(found.read_text())
        return result


@contextlib.contextmanager
def _session(command: list[str], output: TextIO) -> Iterator[subprocess.Popen[str]]:
    """A process that takes all that it started with it: an engine that is left behind would keep the GPU's memory."""
    process = subprocess.Popen(command, stdout=output, stderr=output, text=True, start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_day", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="file for the results; stages in it are not run again")
    parser.add_argument("--quick", action="store_true", help="tiny shapes: only check that it works")
    parser.add_argument("--only", nargs="+", choices=tuple(STAGES), help="run these stages alone")
    parser.add_argument(
        "--again", nargs="+", choices=tuple(STAGES), default=[], help="run these although they are done"
    )
    return parser.parse_args()


if __name__ == "__main__":
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    sys.exit(main())

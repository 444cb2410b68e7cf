"""Ten seconds of measuring this machine: matrices, memory, starting a process, and plain Python.

This is the only part of the planner that runs anything. It starts short processes of its own and writes nothing.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cluster.errors import WorkError
from pipeline.estimates.speed import CpuRates

_MEASURE = "import sys; from pipeline.estimates.probe import measure_here; measure_here(float(sys.argv[1]))"
_ROOT = Path(__file__).resolve().parents[2]
_TOKENS, _WIDE, _NARROW = 2048, 344, 128
"""A matrix product of the size that tiny models multiply."""


def probe(seconds_each: float = 1.5, starts: int = 2) -> CpuRates:
    """Measure this machine's rates on one thread: three of them for `seconds_each`, and `starts` starts of a process.

    Raises WorkError when a process that measures fails.
    """
    figures, first = _process(_MEASURE, seconds_each)
    measured = json.loads(figures)
    # The first start may have found nothing in the page cache; a run's processes seldom do.
    others = [_process("import torch", seconds_each)[1] for _ in range(starts - 1)]
    return CpuRates(
        process_s=min([first - measured.pop("measuring_s"), *others]),
        cores=len(os.sched_getaffinity(0)),
        source="measured here by --probe",
        **measured,
    )


def _process(code: str, seconds_each: float) -> tuple[str, float]:
    """The last line that a fresh Python prints, and its seconds from start to end."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, str(seconds_each)]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise WorkError(f"the probe failed: {(done.stderr.strip().splitlines() or ['no output'])[-1]}")
    return (done.stdout.splitlines() or [""])[-1], seconds


def measure_here(seconds_each: float) -> None:
    """In a fresh process: import torch, then measure; one JSON line on standard output."""
    import torch

    torch.set_num_threads(1)
    started = time.perf_counter()
    left, right = torch.randn(_TOKENS, _NARROW), torch.randn(_NARROW, _WIDE)
    # Beyond the caches: two arrays are read, one is written.
    one, other = torch.zeros(32 << 20), torch.zeros(32 << 20)
    figures = {
        "matrix_flops": 2.0 * _TOKENS * _NARROW * _WIDE / _best(lambda: left @ right, seconds_each),
        "bandwidth": 3.0 * int(one.numel()) * 4 / _best(lambda: one.add_(other), seconds_each),
        "python_s": _best(_plain_python, seconds_each),
    }
    figures["measuring_s"] = time.perf_counter() - started
    sys.stdout.write(json.dumps(figures) + "\n")


def _plain_python() -> None:
    """The fixed piece of plain Python that `python_s` times: JSON out and in, a dictionary, strings."""
    for index in range(2000):
        text = json.dumps({"name": "add", "arguments": {"a": index, "b": [index, str(index)]}})
        table = json.loads(text)
        table["arguments"]["a"] += 1
        "-".join(sorted(table))


def _best(work: Callable[[], object], seconds: float) -> float:
    """The shortest of as many runs as there is time for: what the machine can do, not what it did while it was busy
    with something else."""
    best = float("inf")
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begun = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begun)
    return best

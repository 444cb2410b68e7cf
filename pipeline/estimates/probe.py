"""Ten seconds of measuring this machine: matrices, memory, starting a process, and plain Python.

The only part of the planner that does anything. It starts one short process of its own and writes nothing.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cluster.errors import WorkError
from pipeline.estimates.speed import CpuRates

_MEASURE = "import sys; from pipeline.estimates.probe import measure_here; measure_here(float(sys.argv[1]))"
_ROOT = Path(__file__).resolve().parents[2]
_TOKENS, _WIDE, _NARROW = 2048, 344, 128
"""A matrix product of the size that tiny models multiply."""


def probe(seconds_each: float = 1.5, starts: int = 2) -> CpuRates:
    """Rates of this machine, one thread each; three of them take `seconds_each`, `starts` processes what they take.

    Raises WorkError when the process for it does not come through.
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
    figures = {
        "matrix_flops": _matrix_flops(torch, seconds_each),
        "bandwidth": _bandwidth(torch, seconds_each),
        "python_s": _python_s(seconds_each),
    }
    figures["measuring_s"] = time.perf_counter() - started
    sys.stdout.write(json.dumps(figures) + "\n")


def _matrix_flops(torch: Any, seconds: float) -> float:
    """FLOP/s of float32 products [2048, 128] x [128, 344]."""
    left = torch.randn(_TOKENS, _NARROW)
    right = torch.randn(_NARROW, _WIDE)
    each = _best(lambda: left @ right, seconds)
    return 2.0 * _TOKENS * _NARROW * _WIDE / each


def _bandwidth(torch: Any, seconds: float) -> float:
    """Bytes/s of an addition of two arrays beyond the caches: two read, one written."""
    one = torch.zeros(32 << 20)
    other = torch.zeros(32 << 20)
    each = _best(lambda: one.add_(other), seconds)
    return 3.0 * int(one.numel()) * 4 / each


def _python_s(seconds: float) -> float:
    """Seconds of a fixed piece of interpreted work: JSON out and in, a dictionary, strings."""

    def work() -> None:
        for index in range(2000):
            text = json.dumps({"name": "add", "arguments": {"a": index, "b": [index, str(index)]}})
            table = json.loads(text)
            table["arguments"]["a"] += 1
            "-".join(sorted(table))

    return _best(work, seconds)


def _best(work: Callable[[], object], seconds: float) -> float:
    """The shortest of as many runs as there is time for: what the machine can do, not what it did while somebody else
    was at it."""
    best = float("inf")
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begun = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begun)
    return best

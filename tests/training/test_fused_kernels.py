"""Fused kernels: on with a GPU where they are installed, and refused where they cannot run."""

import sys
from importlib.util import find_spec
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from cluster.errors import RequestError
from training import fused_kernels
from training.config import TrainingConfig
from training.fused_kernels import KERNELS, use_fused_kernels, uses_fused_kernels


def training(**given: object) -> TrainingConfig:
    return TrainingConfig.model_validate({"gpus_per_rank": 1} | given)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, dict[str, bool]]]:
    """A stand-in for liger-kernel, which runs on GPUs alone; it keeps what it was called with."""
    calls: list[tuple[Any, dict[str, bool]]] = []
    patches = ModuleType("liger_kernel.transformers.monkey_patch")
    patches.MODEL_TYPE_TO_APPLY_LIGER_FN = {"llama": None}  # type: ignore[attr-defined]
    patches._apply_liger_kernel_to_instance = lambda model, **kernels: calls.append((model, kernels))  # type: ignore[attr-defined]
    for name in ("liger_kernel", "liger_kernel.transformers", patches.__name__):
        monkeypatch.setitem(sys.modules, name, patches)
    monkeypatch.setattr(fused_kernels, "find_spec", lambda name: object())
    return calls


def test_they_are_on_with_a_gpu_alone(installed: object) -> None:
    assert uses_fused_kernels(training())
    assert uses_fused_kernels(training(fused_kernels="on"))
    assert not uses_fused_kernels(training(fused_kernels="off"))
    assert not uses_fused_kernels(training(gpus_per_rank=0))
    with pytest.raises(ValidationError, match="fused_kernels = 'on' needs gpus_per_rank above 0"):
        training(fused_kernels="on", gpus_per_rank=0)


@pytest.mark.skipif(find_spec("liger_kernel") is not None, reason="liger-kernel is installed")
def test_without_them_training_is_slower_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    assert not uses_fused_kernels(training())
    assert "liger-kernel is not installed" in caplog.text
    with pytest.raises(RequestError, match="liger-kernel is not installed; install chainpref"):
        uses_fused_kernels(training(fused_kernels="on"))


def test_losses_stay_ours_and_unknown_models_stay_as_they_are(
    installed: list[tuple[Any, dict[str, bool]]], caplog: pytest.LogCaptureFixture
) -> None:
    known, unknown = (SimpleNamespace(config=SimpleNamespace(model_type=kind)) for kind in ("llama", "other"))
    use_fused_kernels(known)
    use_fused_kernels(unknown)
    assert installed == [(known, KERNELS)]
    assert KERNELS["fused_linear_cross_entropy"] is KERNELS["cross_entropy"] is False
    assert "does not know models of type other" in caplog.text

"""Norms, rotary embedding and SwiGLU as single CUDA kernels (liger-kernel): PyTorch runs each as up to ten.

On an H100 they take an eighth of a row's time away, with 1.5 B parameters, and a fifth of its memory
(docs/performance.md). Only these three: liger's losses would replace the model's forward, and trees have a head of
their own.
"""

import logging
from importlib.util import find_spec
from typing import Any

from cluster.errors import RequestError
from training.config import TrainingConfig

KERNELS = {"rope": True, "rms_norm": True, "swiglu": True, "cross_entropy": False, "fused_linear_cross_entropy": False}
_log = logging.getLogger(__name__)


def kernels_installed() -> bool:
    """Whether liger-kernel is there."""
    return find_spec("liger_kernel") is not None


def uses_fused_kernels(training: TrainingConfig) -> bool:
    """Whether models of this recipe compute with fused kernels, in training and as the reference: if the two
    differed, the first DPO loss would not be ln 2. Raises RequestError where they are asked for and not installed."""
    if not training.may_fuse_kernels:
        return False
    if kernels_installed():
        return True
    if training.fused_kernels == "on":
        raise RequestError('training.fused_kernels = "on": liger-kernel is not installed; install chainpref[gpu]')
    _log.warning("liger-kernel is not installed: norms, rotary embedding and SwiGLU run unfused, which is slower")
    return False


def use_fused_kernels(model: Any) -> None:
    """Have a Hugging Face model on CUDA compute with them, in place; a model that liger does not know stays as it is.

    The rotary embedding is exchanged for all models of the class in this process.
    """
    from liger_kernel.transformers.monkey_patch import MODEL_TYPE_TO_APPLY_LIGER_FN, _apply_liger_kernel_to_instance

    if model.config.model_type not in MODEL_TYPE_TO_APPLY_LIGER_FN:
        _log.warning("liger-kernel does not know models of type %s: they run unfused", model.config.model_type)
        return
    _apply_liger_kernel_to_instance(model=model, **KERNELS)

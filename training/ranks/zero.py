"""The recipe's configuration as DeepSpeed's, and how a process joins the ranks before it loads a model."""

import os
from typing import Any, Literal

from cluster.programs import with_own_programs
from training.config import TrainingConfig, decided
from training.heap import give_back
from training.ranks.unpickling import WEIGHTS_ONLY, allow_checkpoint_types

_ALLOCATOR = "PYTORCH_CUDA_ALLOC_CONF"


def deepspeed_config(training: TrainingConfig, *, universal: bool = False) -> dict[str, Any]:
    """DeepSpeed's configuration. transformers' Trainer fills in "auto" from its own arguments.

    `universal`: the checkpoint to resume from was converted from another number of ranks.
    """
    zero, on_gpu = training.zero, training.gpus_per_rank > 0
    stage: dict[str, Any] = {
        "stage": decided(zero.stage),
        "contiguous_gradients": True,
        "reduce_bucket_size": zero.reduce_bucket_size,
        # With gloo, overlapping gains nothing and needs streams that the CPU does not have.
        "overlap_comm": zero.overlap_comm and on_gpu,
    }
    if zero.stage == 3:
        stage |= {
            "stage3_prefetch_bucket_size": zero.stage3_prefetch_bucket_size,
            "stage3_param_persistence_threshold": zero.stage3_param_persistence_threshold,
            # Exported as safetensors, gathered from all ranks.
            "stage3_gather_16bit_weights_on_model_save": True,
        }
    for name in ("offload_optimizer", "offload_param"):
        if getattr(zero, name) == "cpu":
            stage[name] = {"device": "cpu", "pin_memory": on_gpu}
    return {
        "zero_optimization": stage,
        "bf16": {"enabled": uses_bf16(training)},
        # The gradients of a step's rows add up; in bf16 each addition would round the sum.
        "data_types": {"grad_accum_dtype": "fp32"},
        "optimizer": {
            "type": "AdamW",
            # DeepSpeed's fused and CPU optimizers are compiled on first use; a CPU machine need have no compiler.
            "params": dict.fromkeys(("lr", "betas", "eps", "weight_decay"), "auto")
            | {"torch_adam": not on_gpu or zero.offload_optimizer == "none"}
            | ({"fused": True} if on_gpu and zero.offload_optimizer == "none" else {}),
        },
        "zero_allow_untested_optimizer": True,
        "zero_force_ds_cpu_optimizer": False,
        "gradient_clipping": "auto",
        "gradient_accumulation_steps": "auto",
        "train_micro_batch_size_per_gpu": "auto",
        "train_batch_size": "auto",
        "checkpoint": {"load_universal": universal},
        "steps_per_print": 1_000_000_000,
        "wall_clock_breakdown": False,
    }


def uses_bf16(training: TrainingConfig) -> bool:
    """Whether models compute in bfloat16."""
    return training.gpus_per_rank > 0 if training.zero.bf16 == "auto" else training.zero.bf16 == "on"


def precision(training: TrainingConfig) -> Literal["float32", "bfloat16"]:
    """What models compute in, in training and for the reference: if the two differed, the first DPO loss would not be
    ln 2."""
    return "bfloat16" if uses_bf16(training) else "float32"


def environment(training: TrainingConfig) -> dict[str, str]:
    """Variables that a rank's process needs before it imports torch and deepspeed."""
    common = {"TOKENIZERS_PARALLELISM": "false", "DS_SKIP_CUDA_CHECK": "1", **WEIGHTS_ONLY}
    # Rows differ in length, and memory that was freed by one of another length would lie idle.
    gpu = {_ALLOCATOR: os.environ.get(_ALLOCATOR, "expandable_segments:True")}
    cpu = {"DS_ACCELERATOR": "cpu", "OMP_NUM_THREADS": str(training.threads_per_rank), "CUDA_VISIBLE_DEVICES": ""}
    return common | (gpu if training.gpus_per_rank > 0 else cpu)


def join_ranks(training: TrainingConfig) -> None:
    """Open the process group and tell accelerate that DeepSpeed runs. Call it before any model or TrainingArguments.

    On the CPU accelerate supports either several processes (and silently runs DDP, whatever the configuration says) or
    DeepSpeed (and counts one process). So this makes accelerate's state for several processes and then sets its type to
    DeepSpeed. TrainingArguments(accelerator_config={"use_configured_state": True}) takes that state.
    """
    import deepspeed
    import torch
    from accelerate import PartialState
    from accelerate.utils import DistributedType

    # DeepSpeed compiles the optimizer of offloaded states on first use, with `ninja`.
    os.environ["PATH"] = with_own_programs(os.environ.get("PATH", ""))
    allow_checkpoint_types()
    if training.gpus_per_rank > 0:
        deepspeed.init_distributed(dist_backend="nccl", auto_mpi_discovery=False, verbose=False)
        return
    torch.set_num_threads(training.threads_per_rank)
    # DeepSpeed would compile an extension for reductions through shared memory, which needs a compiler and, where a
    # rank is killed, leaves its peers waiting. ZeRO-3's own collectives go through gloo either way.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    deepspeed.init_distributed(dist_backend="gloo", auto_mpi_discovery=False, verbose=False)
    state = PartialState(cpu=True)
    assert state.num_processes == torch.distributed.get_world_size()
    PartialState._shared_state["distributed_type"] = DistributedType.DEEPSPEED


def leave_arm(trainer: Any) -> None:
    """Free what an arm's trainer held, so that the next arm in this process starts as the first one did.

    Collective: it ends with a barrier, because no rank may be ahead by an arm. accelerate keeps DeepSpeed's
    configuration in state of the process, which the next arm would take over; the process group stays.
    """
    import torch
    from accelerate.state import AcceleratorState, GradientState

    engine = trainer.model_wrapped
    if hasattr(engine, "destroy"):
        engine.destroy()
        _empty(engine)
    trainer.accelerator.free_memory()
    handler = trainer.callback_handler
    handler.model = handler.optimizer = handler.lr_scheduler = None
    trainer.model = trainer.model_wrapped = trainer.optimizer = trainer.lr_scheduler = trainer.deepspeed = None
    AcceleratorState._reset_state()
    GradientState._reset_state()
    give_back()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    torch.distributed.barrier()


def _empty(engine: Any) -> None:
    """Take from a destroyed engine what it holds. Stage 3's optimizer and parameters are not freed with it, also after
    a garbage collection (what still refers to them was not found): weights, gradients and AdamW's moments of each arm
    would stay until the process ends (20 bytes a parameter; 2.6 GB an arm for a model of 135 M on one rank)."""
    import torch

    for parameter in engine.module.parameters():
        parameter.grad = None
        parameter.data = torch.empty(0, dtype=parameter.dtype, device=parameter.device)
        vars(parameter).clear()
    for optimizer in (engine.optimizer, getattr(engine.optimizer, "optimizer", None)):
        held = {} if optimizer is None else vars(optimizer)
        for name, value in held.items():
            if isinstance(value, list | dict):
                value.clear()
            elif isinstance(value, torch.Tensor):
                held[name] = None

"""What may be unpickled from a checkpoint: tensors, plain containers, and the few types that DeepSpeed adds to them.

DeepSpeed reads its own files with `weights_only=False`, which runs whatever a file says. torch has a variable that wins
over the argument; with it, a file that names anything else is refused, whoever wrote it and whatever its manifest says.

As a module (`python -m training.ranks.unpickling ...`) this is DeepSpeed's conversion of a checkpoint to a universal
one, with the same restriction.
"""

import pickle
from typing import Any

WEIGHTS_ONLY = {"TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1"}
"""Variables of every process that reads a checkpoint."""


def allow_checkpoint_types() -> None:
    """Let `torch.load` of this process make the types of DeepSpeed's checkpoints. Plain data all: nothing runs."""
    import torch
    from deepspeed.runtime.fp16.loss_scaler import DynamicLossScaler, LossScaler
    from deepspeed.runtime.zero.config import ZeroStageEnum
    from deepspeed.utils.tensor_fragment import fragment_address

    types: list[Any] = [LossScaler, DynamicLossScaler, ZeroStageEnum, fragment_address]

    def zero_stage(kind: Any, name: str) -> Any:
        """Python before 3.11.4 pickles a member of an enum as a call of getattr. Here that gives a stage and nothing
        else."""
        if kind is not ZeroStageEnum:
            raise pickle.UnpicklingError(f"getattr of {kind!r} is not allowed; only of ZeroStageEnum")
        return ZeroStageEnum[name]

    torch.serialization.add_safe_globals([*types, (zero_stage, "builtins.getattr")])


def _convert() -> None:
    from deepspeed.checkpoint import ds_to_universal

    allow_checkpoint_types()  # its workers are forks of this process
    ds_to_universal.main(ds_to_universal.parse_arguments())


if __name__ == "__main__":
    _convert()

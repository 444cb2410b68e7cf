"""Ranks whose node was told to go: a spot machine's notice, the end of a pod, `ray drain-node`.

They save a checkpoint after the step that they are at and stop, all together; the driver starts them again elsewhere.
So no step is done twice, where waiting for the node's end would cost all steps since the last checkpoint, and leave the
other ranks in a collective that never ends.
"""

import time
from collections.abc import Callable

import torch
import torch.distributed as dist
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

ASK_EVERY_S = 5.0


def node_is_going() -> bool:
    """Whether Ray was told that the node of this process is to go."""
    import ray

    from cluster.pool.reservation import draining_nodes

    return ray.get_runtime_context().get_node_id() in draining_nodes()


class PreemptionCallback(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Has the trainer save and stop when `going()` of any rank says so; `stopped` tells that it did.

    The ranks agree after every step, in an all-reduce of one number beside the hundreds of a ZeRO-3 step; `going` is
    asked every few seconds.
    """

    def __init__(self, going: Callable[[], bool] = node_is_going, ask_every_s: float = ASK_EVERY_S) -> None:
        self._going, self._ask_every_s = going, ask_every_s
        self._asked = float("-inf")
        self._told = False
        self.stopped = False

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        now = time.monotonic()
        if not self._told and now - self._asked >= self._ask_every_s:
            self._asked, self._told = now, self._going()
        if _any(self._told) and state.global_step < state.max_steps:
            self.stopped = control.should_save = control.should_training_stop = True


def _any(flag: bool) -> bool:
    """Whether the flag is up on any rank."""
    if not dist.is_initialized():
        return flag
    device = torch.device("cuda", torch.cuda.current_device()) if dist.get_backend() == "nccl" else None
    flags = torch.tensor([flag], dtype=torch.int32, device=device)
    dist.all_reduce(flags, op=dist.ReduceOp.MAX)
    return bool(flags.item())

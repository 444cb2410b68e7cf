"""Ranks leave a node that Ray drains: on a spot machine's notice, at the end of a pod, or for `ray drain-node`.

All ranks save a checkpoint after the step that they are at and stop together; the driver starts them again on other
nodes. So no step is done twice. Waiting for the node's end would cost all steps since the last checkpoint, and leave
the other ranks in a collective that never ends.
"""

import time
from collections.abc import Callable

import torch
import torch.distributed as dist
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments


def node_is_draining() -> bool:
    """Whether Ray drains the node of this process."""
    import ray

    from cluster.pool.reservation import draining_nodes

    return ray.get_runtime_context().get_node_id() in draining_nodes()


class PreemptionCallback(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Makes the trainer save and stop after the current step once `draining()` is true on any rank. `stopped` says
    whether it did.

    The ranks agree after every step, in an all-reduce of one number, which is little beside the hundreds of a ZeRO-3
    step. `draining` is called every `ask_every_s` seconds.
    """

    def __init__(self, draining: Callable[[], bool] = node_is_draining, ask_every_s: float = 5.0) -> None:
        self._draining, self._ask_every_s = draining, ask_every_s
        self._asked = float("-inf")
        self._notified = False
        self.stopped = False

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        now = time.monotonic()
        if not self._notified and now - self._asked >= self._ask_every_s:
            self._asked, self._notified = now, self._draining()
        notified = self._notified
        if dist.is_initialized():
            device = torch.device("cuda", torch.cuda.current_device()) if dist.get_backend() == "nccl" else None
            flags = torch.tensor([notified], dtype=torch.int32, device=device)
            dist.all_reduce(flags, op=dist.ReduceOp.MAX)
            notified = bool(flags.item())
        if notified and state.global_step < state.max_steps:
            self.stopped = control.should_save = control.should_training_stop = True

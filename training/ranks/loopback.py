"""Keeps ranks that all run on one node off its network: their store and their collectives listen on loopback.

torch's store and gloo ask nobody for a token. Left alone, rank 0's store listens on every interface of its node, and
who reaches it may read and write its keys. Ranks on several nodes have to listen to each other; network policies close
that (docs/security.md).
"""

import importlib
import os
import socket
from datetime import timedelta
from typing import Any

from ray.train.torch import TorchConfig

LOOPBACK = "127.0.0.1"
_INTERFACES = ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME")


def keep_to_loopback() -> None:
    """In a rank, before its process group opens: everything that it opens listens on loopback."""
    # As a module: `torch.distributed.rendezvous` is a function of that name.
    rendezvous: Any = importlib.import_module("torch.distributed.rendezvous")
    for name in _INTERFACES:
        os.environ[name] = "lo"
    rendezvous.TCPStore = loopback_store


def loopback_store(
    host_name: str, port: int, world_size: int, is_master: bool, timeout: timedelta, **options: Any
) -> Any:
    """torch's TCPStore, with a socket that is bound already: its own server always listens on every interface."""
    distributed: Any = importlib.import_module("torch.distributed")
    if is_master:
        listener = socket.create_server((LOOPBACK, port))
        options["master_listen_fd"] = listener.detach()
    return distributed.TCPStore(LOOPBACK, port, world_size, is_master, timeout, **options)


_RaysBackend: Any = TorchConfig().backend_cls


class _Backend(_RaysBackend):  # type: ignore[misc]
    """Ray's backend, which first asks the ranks where they are."""

    def on_start(self, worker_group: Any, backend_config: Any) -> None:
        import ray

        nodes = worker_group.execute(lambda: ray.get_runtime_context().get_node_id())
        if len(set(nodes)) == 1:
            worker_group.execute(keep_to_loopback)
        super().on_start(worker_group, backend_config)


class LoopbackTorchConfig(TorchConfig):  # type: ignore[misc]
    """Ray's set-up of a process group, on loopback where all ranks are on one node."""

    @property
    def backend_cls(self) -> Any:
        return _Backend

"""Nodes and clusters as a plan sees them, and cluster files that describe them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from cluster.config import Section, load_toml, parse
from cluster.errors import RequestError
from cluster.gpus import GpuType, gpu_type

THIS_MACHINE = "this machine"
"""Where machines are known from that no file and no cluster names: the command looked around."""
GIB = 1 << 30
MIB = 1 << 20


Quantity = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
"""How much a machine has of something that it must have: finite and above zero."""
QuantityOrNone = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
"""The same, where zero is allowed."""


class GpuConfig(Section):
    """A type of GPU that the table here lacks. Rates as data sheets have them: dense, without sparsity."""

    memory_gib: Quantity
    """As `nvidia-smi` says it."""
    tflops: Quantity
    """bf16 on tensor cores; fp16 where there is no bf16."""
    bandwidth_gbs: Quantity
    """Of its memory, in GB/s."""
    link_gbs: Quantity = 32
    """To another GPU of the node and back, in GB/s: NVLink, else PCIe."""
    bf16: bool = True


class NodeConfig(Section):
    """Nodes of one kind."""

    count: int = Field(default=1, ge=1, le=10_000)
    gpu: str = ""
    """Type of its GPUs, as H100, A100-80, L40S, or one of [gpus]; "" for nodes without any."""
    gpus: int = Field(default=0, ge=0, le=1024)
    cpus: int = Field(ge=1, le=1_000_000)
    memory_gib: Quantity
    shm_gib: QuantityOrNone = 0
    """/dev/shm; 0: half of the memory, Linux's default."""
    network_gbit: Quantity = 25
    """To other nodes, in Gbit/s: all of a node's adapters together."""
    storage_gbs: Quantity = 1
    """Reading model files from disk or shared storage, in GB/s a node."""
    disk_gib: QuantityOrNone = 0
    """Free space where models and runs lie; 0: not known, not checked."""
    price_hour: QuantityOrNone = 0
    """Of one node, in the currency of your choice."""

    @model_validator(mode="after")
    def _gpus_have_a_type(self) -> "NodeConfig":
        if bool(self.gpus) != bool(self.gpu):
            raise ValueError(f"gpus = {self.gpus} and gpu = {self.gpu!r}: give both, or neither")
        return self


class ClusterConfig(Section):
    """A cluster file: nodes by kind, and the types of GPU in them that are not known here."""

    nodes: dict[str, NodeConfig] = Field(min_length=1)
    gpus: dict[str, GpuConfig] = Field(default_factory=dict)
    currency: str = "USD"

    def own_types(self) -> dict[str, GpuType]:
        """The types of GPU that the file describes."""
        return {
            name: GpuType(
                name=name,
                memory_mib=int(gpu.memory_gib * 1024),
                source=f"[gpus.{name}] of the cluster file",
                **gpu.model_dump(exclude={"memory_gib"}),
            )
            for name, gpu in self.gpus.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node. `gpu` is None where it has none. Sizes are in bytes, rates in GB/s."""

    name: str
    kind: str
    gpu: GpuType | None
    gpus: int
    cpus: float
    memory: float
    shm: float
    network_gbs: float
    storage_gbs: float = 1.0
    disk: float = 0.0
    """Free space; 0: not known, not checked."""
    price_hour: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """The nodes of a cluster, and in words how they are known."""

    nodes: tuple[Node, ...]
    source: str
    currency: str = "USD"

    @property
    def gpus(self) -> int:
        return sum(node.gpus for node in self.nodes)

    @property
    def price_hour(self) -> float:
        return sum(node.price_hour for node in self.nodes)

    def gpu_types(self) -> tuple[GpuType, ...]:
        """Distinct types, the fastest first."""
        found = {node.gpu.name: node.gpu for node in self.nodes if node.gpu is not None}
        return tuple(sorted(found.values(), key=lambda gpu: (-gpu.tflops, -gpu.bandwidth_gbs)))


def load_machines(path: Path) -> Machines:
    """A cluster file. Raises RequestError for one that is absent, broken or wrong."""
    if not path.is_file():
        raise RequestError(f"cluster file {path}: no such file; recipes/clusters/ holds examples")
    config = parse(ClusterConfig, load_toml(path, "cluster file"), f"cluster file {path}")
    return machines(config, f"{path}")


def machines(config: ClusterConfig, source: str) -> Machines:
    """The nodes of a configuration, one by one. Raises RequestError for a type of GPU that is not known."""
    nodes = []
    for kind, node in config.nodes.items():
        try:
            gpu = gpu_type(node.gpu, config.own_types()) if node.gpu else None
        except RequestError as error:
            raise RequestError(f"{source}: nodes.{kind}.gpu: {error}") from None
        nodes += [
            Node(
                name=kind if node.count == 1 else f"{kind}-{index}",
                kind=kind,
                gpu=gpu,
                gpus=node.gpus,
                cpus=float(node.cpus),
                memory=node.memory_gib * GIB,
                shm=(node.shm_gib or node.memory_gib / 2) * GIB,
                network_gbs=node.network_gbit / 8,
                storage_gbs=node.storage_gbs,
                disk=node.disk_gib * GIB,
                price_hour=node.price_hour,
            )
            for index in range(node.count)
        ]
    return Machines(nodes=tuple(nodes), source=source, currency=config.currency)

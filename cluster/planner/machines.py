"""GPUs, nodes and clusters as a plan sees them: facts from data sheets, and what a file says about one's own nodes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, model_validator

from cluster.config import Section, load_toml, parse
from cluster.errors import RequestError

GIB = 1 << 30
MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuType:
    """One type of GPU. Rates are the vendor's, dense and without sparsity: ceilings that nobody reaches."""

    name: str
    memory_mib: int
    """As `nvidia-smi` says it, which is less than the name."""
    tflops: float
    """bf16, dense, tensor cores; fp16 where the type has no bf16."""
    bandwidth_gbs: float
    """Of its memory, in GB/s."""
    link_gbs: float
    """To another GPU of the same node and back, in GB/s: NVLink, else PCIe."""
    ray_type: str
    """Ray's name in `accelerator_type:NAME`."""
    source: str
    bf16: bool = True

    @property
    def memory_bytes(self) -> int:
        return self.memory_mib * MIB


def _gpu(
    name: str, mib: int, tflops: float, gbs: float, link: float, ray: str, source: str, bf16: bool = True
) -> GpuType:
    return GpuType(
        name=name,
        memory_mib=mib,
        tflops=tflops,
        bandwidth_gbs=gbs,
        link_gbs=link,
        ray_type=ray,
        source=source,
        bf16=bf16,
    )


GPUS: dict[str, GpuType] = {
    gpu.name: gpu
    for gpu in (
        _gpu("B200", 183359, 2250, 8000, 1800, "B200", "NVIDIA DGX B200 data sheet (per GPU)"),
        _gpu("H200", 143771, 989, 4800, 900, "H200", "NVIDIA H200 (SXM) data sheet"),
        _gpu("H100", 81559, 989, 3350, 900, "H100", "NVIDIA H100 (SXM5) data sheet"),
        _gpu("A100-80", 81920, 312, 2039, 600, "A100-80G", "NVIDIA A100 80GB (SXM) data sheet"),
        _gpu("A100-40", 40960, 312, 1555, 600, "A100-40G", "NVIDIA A100 40GB (SXM) data sheet"),
        _gpu("L40S", 46068, 362, 864, 64, "L40S", "NVIDIA L40S data sheet"),
        _gpu("A10G", 23028, 70, 600, 32, "A10G", "NVIDIA A10G data sheet"),
        _gpu("L4", 23034, 121, 300, 32, "L4", "NVIDIA L4 data sheet"),
        _gpu("T4", 15360, 65, 320, 32, "T4", "NVIDIA T4 data sheet (fp16; it has no bf16)", bf16=False),
    )
}


def gpu_type(name: str) -> GpuType:
    """A type by its name here or Ray's, in any case. Raises RequestError for one that is not known."""
    wanted = name.lower().removeprefix("nvidia ").replace("_", "-")
    for gpu in GPUS.values():
        if wanted in (gpu.name.lower(), gpu.ray_type.lower()):
            return gpu
    raise RequestError(
        f"GPU type {name!r}: not known; known are {', '.join(GPUS)} (an A100 by its memory: A100-40 or A100-80)"
    )


class NodeConfig(Section):
    """Nodes of one kind."""

    count: int = Field(default=1, ge=1)
    gpu: str = ""
    """Type of its GPUs, as H100, A100-80, L40S; "" for nodes without any."""
    gpus: int = Field(default=0, ge=0)
    cpus: int = Field(ge=1)
    memory_gib: float = Field(gt=0)
    shm_gib: float = Field(default=0, ge=0)
    """/dev/shm; 0: half of the memory, Linux's default."""
    network_gbit: float = Field(default=25, gt=0)
    """To other nodes, in Gbit/s."""
    storage_gbs: float = Field(default=1, gt=0)
    """Reading model files from disk or shared storage, in GB/s a node."""
    disk_gib: float = Field(default=0, ge=0)
    """Free space where models and runs lie; 0: not known, not checked."""
    price_hour: float = Field(default=0, ge=0)
    """Of one node, in the currency of your choice."""

    @model_validator(mode="after")
    def _gpus_have_a_type(self) -> "NodeConfig":
        if bool(self.gpus) != bool(self.gpu):
            raise ValueError(f"gpus = {self.gpus} and gpu = {self.gpu!r}: give both, or neither")
        if self.gpu:
            gpu_type(self.gpu)
        return self


class ClusterConfig(Section):
    """The nodes that there are, by kind."""

    nodes: dict[str, NodeConfig] = Field(min_length=1)
    currency: str = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node. `gpu` is None where it has no GPU."""

    name: str
    kind: str
    gpu: GpuType | None
    gpus: int
    cpus: float
    memory: float
    """Bytes, as all sizes here."""
    shm: float
    network_gbs: float
    """GB/s."""
    storage_gbs: float
    disk: float
    price_hour: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """A cluster, and in words where that is known from."""

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
    """The nodes of a configuration, one by one."""
    return Machines(nodes=tuple(_nodes(config)), source=source, currency=config.currency)


def _nodes(config: ClusterConfig) -> Iterator[Node]:
    for kind, node in config.nodes.items():
        for index in range(node.count):
            yield Node(
                name=kind if node.count == 1 else f"{kind}-{index}",
                kind=kind,
                gpu=gpu_type(node.gpu) if node.gpu else None,
                gpus=node.gpus,
                cpus=float(node.cpus),
                memory=node.memory_gib * GIB,
                shm=(node.shm_gib or node.memory_gib / 2) * GIB,
                network_gbs=node.network_gbit / 8,
                storage_gbs=node.storage_gbs,
                disk=node.disk_gib * GIB,
                price_hour=node.price_hour,
            )

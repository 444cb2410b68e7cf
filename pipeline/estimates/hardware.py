"""GPUs, nodes and clusters as a plan sees them: facts from data sheets, and cluster files that describe nodes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, model_validator

from cluster.config import Section, load_toml, parse
from cluster.errors import RequestError

GIB = 1 << 30
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
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
    source: str
    also: tuple[str, ...] = ()
    """What the driver and people call it beside its name, ignoring case and punctuation."""
    ray: str = ""
    """Ray's name where it is not `name`."""
    bf16: bool = True

    @property
    def memory_bytes(self) -> int:
        return self.memory_mib * MIB

    @property
    def ray_type(self) -> str:
        """Ray's name in `accelerator_type:NAME`."""
        return self.ray or self.name


_VOLTA = "NVIDIA V100 data sheet (fp16; it has no bf16)"
GPUS: dict[str, GpuType] = {
    gpu.name: gpu
    for gpu in (
        GpuType("B200", 183359, 2250, 8000, 1800, "NVIDIA DGX B200 data sheet (per GPU)"),
        GpuType(
            "GH200", 97871, 990, 4000, 900, "NVIDIA GH200 data sheet (96 GB of HBM3)", ("GH200 480GB", "GH200 96GB")
        ),
        GpuType("H200", 143771, 989, 4800, 900, "NVIDIA H200 (SXM) data sheet", ("H200 SXM",)),
        GpuType(
            "H100", 81559, 989, 3350, 900, "NVIDIA H100 (SXM5) data sheet", ("H100 80GB HBM3", "H100 SXM", "H100 SXM5")
        ),
        # Bridges join pairs of PCIe cards only, and not every machine has them: the slots' own rate counts.
        GpuType("H100-NVL", 95830, 835, 3900, 128, "NVIDIA H100 NVL data sheet"),
        GpuType("H100-PCIe", 81559, 756, 2000, 128, "NVIDIA H100 PCIe data sheet", ("H100 PCIe 80GB",)),
        GpuType(
            "A100-80",
            81920,
            312,
            2039,
            600,
            "NVIDIA A100 80GB (SXM) data sheet",
            ("A100 SXM4 80GB", "A100 80GB"),
            ray="A100-80G",
        ),
        GpuType("A100-80-PCIe", 81920, 312, 1935, 64, "NVIDIA A100 80GB PCIe data sheet", ("A100 80GB PCIe",)),
        GpuType(
            "A100-40",
            40960,
            312,
            1555,
            600,
            "NVIDIA A100 40GB (SXM) data sheet",
            ("A100 SXM4 40GB", "A100 40GB"),
            ray="A100-40G",
        ),
        GpuType("A100-40-PCIe", 40960, 312, 1555, 64, "NVIDIA A100 40GB PCIe data sheet", ("A100 PCIE 40GB",)),
        GpuType("L40S", 46068, 362, 864, 64, "NVIDIA L40S data sheet"),
        GpuType("L40", 46068, 181, 864, 64, "NVIDIA L40 data sheet"),
        GpuType("A40", 46068, 149.7, 696, 64, "NVIDIA A40 data sheet"),
        GpuType("RTX-4090", 24564, 165, 1008, 64, "NVIDIA Ada architecture paper: bf16 with float32 sums", ("4090",)),
        GpuType("RTX-3090", 24576, 71, 936, 64, "NVIDIA GA102 architecture paper: bf16 with float32 sums", ("3090",)),
        GpuType("A10", 23028, 125, 600, 64, "NVIDIA A10 data sheet"),
        GpuType("A10G", 23028, 70, 600, 32, "NVIDIA A10G data sheet"),
        GpuType("L4", 23034, 121, 300, 64, "NVIDIA L4 data sheet"),
        GpuType("V100-32", 32510, 125, 900, 300, _VOLTA, ("V100 SXM2 32GB", "V100 32GB"), bf16=False),
        GpuType("V100-32-PCIe", 32510, 112, 900, 32, _VOLTA, ("V100 PCIE 32GB",), bf16=False),
        GpuType("V100-16", 16160, 125, 900, 300, _VOLTA, ("V100 SXM2 16GB", "V100 16GB"), bf16=False),
        GpuType("V100-16-PCIe", 16160, 112, 900, 32, _VOLTA, ("V100 PCIE 16GB",), bf16=False),
        GpuType("T4", 15360, 65, 320, 32, "NVIDIA T4 data sheet (fp16; it has no bf16)", bf16=False),
    )
}


def gpu_type(name: str, own: Mapping[str, GpuType] = MappingProxyType({})) -> GpuType:
    """A type of GPU by its name here, Ray's or the driver's, in any case; those of a cluster file (`own`) come first.

    The whole name counts: an H100 PCIe is not taken for an H100. Raises RequestError for a type that is not known.
    """
    wanted = _plain(name)
    for gpu in (*own.values(), *GPUS.values()):
        if wanted in map(_plain, (gpu.name, gpu.ray_type, *gpu.also)):
            return gpu
    first = wanted.partition(" ")[0]
    near = [known for known in GPUS if first and _plain(known).partition(" ")[0] == first]
    meant = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(GPUS)};"
    raise RequestError(
        f"GPU type {name!r}: not known; {meant} A --cluster file can describe others: [gpus.NAME] memory_gib, tflops, "
        "bandwidth_gbs, link_gbs"
    )


def _plain(name: str) -> str:
    """A GPU's name without its maker, its brand and punctuation: `NVIDIA A100-SXM4-80GB` is `a100 sxm4 80gb`."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    return " ".join(word for word in words if word not in ("nvidia", "tesla", "geforce", "gpu"))


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
                name,
                int(gpu.memory_gib * 1024),
                gpu.tflops,
                gpu.bandwidth_gbs,
                gpu.link_gbs,
                f"[gpus.{name}] of the cluster file",
                bf16=gpu.bf16,
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

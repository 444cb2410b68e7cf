"""Types of GPU: facts from data sheets, by the names that people, Ray and drivers give them."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from cluster.config import Section, load_toml, parse
from cluster.errors import RequestError


class GpuType(Section):
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
    products: tuple[str, ...] = ()
    """Values that NVIDIA's feature discovery gives the node label nvidia.com/gpu.product."""

    @property
    def memory_bytes(self) -> int:
        return self.memory_mib << 20

    @property
    def ray_type(self) -> str:
        """Ray's name in `accelerator_type:NAME`."""
        return self.ray or self.name


_TABLE = Path(__file__).with_name("gpus.toml")
GPUS = {
    name: parse(GpuType, {"name": name, **row}, f"{_TABLE}: {name}")
    for name, row in load_toml(_TABLE, "table of GPUs").items()
}
"""Types of GPU by name, from data sheets."""


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

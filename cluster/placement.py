"""Which bundles of CPUs and GPUs an engine needs, on the nodes that there are. Pure: nodes in, bundles out.

An engine stays on one node where a node is large enough: one bundle with all its GPUs, owned by one actor, which runs
them through `mp`. Only an engine that no node can hold crosses nodes: then a bundle a GPU, packed as closely as Ray
can, and Ray runs the devices; the actor shares the first bundle. Without GPUs an engine is a bundle of CPUs.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cluster.errors import RequestError

Strategy = Literal["STRICT_PACK", "PACK"]
Executor = Literal["mp", "ray"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeResources:
    """What one node has in all, in use or not."""

    name: str
    cpus: float
    gpus: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What is reserved together on one node. `gpu_types`: those that it fits on, for the plan; empty for any."""

    cpus: float = 0.0
    gpus: float = 0.0
    gpu_types: frozenset[str] = frozenset()

    def resources(self) -> dict[str, float]:
        """As Ray takes it."""
        return {name: amount for name, amount in (("CPU", self.cpus), ("GPU", self.gpus)) if amount}

    def __str__(self) -> str:
        return " + ".join(f"{amount:g} {name}" for name, amount in self.resources().items())


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePlacement:
    """The bundles of one engine. The actor lives in the first one."""

    bundles: tuple[Bundle, ...]
    strategy: Strategy
    executor: Executor
    actor_gpus: float
    """GPUs that the actor itself owns: all with `mp`; none with `ray`, which starts an actor a GPU."""

    def __str__(self) -> str:
        counted = Counter(map(str, self.bundles))
        shown = ", ".join(f"{count} x ({bundle})" for bundle, count in counted.items())
        return shown if len(self.bundles) > 1 else f"({self.bundles[0]}) on one node"


def place_engine(
    tensor_parallel: int, pipeline_parallel: int, cpus: float, nodes: Sequence[NodeResources], use_gpus: bool
) -> EnginePlacement:
    """The bundles of an engine of tensor_parallel x pipeline_parallel devices.

    `nodes`: those of a cluster that may still grow; without any GPU among them, a node for all of it is asked for.
    """
    devices = tensor_parallel * pipeline_parallel
    if not use_gpus:
        bundle = Bundle(cpus=cpus)
        return EnginePlacement(bundles=(bundle,), strategy="STRICT_PACK", executor="mp", actor_gpus=0.0)
    largest = int(max((node.gpus for node in nodes), default=0.0))
    if not largest or devices <= largest:
        bundle = Bundle(cpus=cpus, gpus=float(devices))
        return EnginePlacement(bundles=(bundle,), strategy="STRICT_PACK", executor="mp", actor_gpus=float(devices))
    first = Bundle(cpus=cpus, gpus=1.0)
    others = (Bundle(gpus=1.0),) * (devices - 1)
    return EnginePlacement(bundles=(first, *others), strategy="PACK", executor="ray", actor_gpus=0.0)


def fitting(placement: EnginePlacement, nodes: Sequence[NodeResources], at_most: int) -> int:
    """How many such engines the empty nodes hold together, counted up to `at_most`."""
    free = [[node.cpus, node.gpus] for node in sorted(nodes, key=lambda node: (node.gpus, node.cpus))]
    for count in range(at_most):
        for bundle in placement.bundles:
            room = next((node for node in free if node[0] >= bundle.cpus and node[1] >= bundle.gpus), None)
            if room is None:
                return count
            room[0] -= bundle.cpus
            room[1] -= bundle.gpus
    return at_most


def refuse_impossible(what: str, placement: EnginePlacement, count: int, nodes: Sequence[NodeResources]) -> None:
    """Raise RequestError when these nodes can never hold even one engine: what is asked, what there is, what to do."""
    if not fitting(placement, nodes, 1):
        raise RequestError(
            f"{what}: one of {count} engine(s) needs {placement}, and no node can ever give that; there are "
            f"{describe(nodes)}; lower {what}.cpus or {what}.engine.tensor_parallel, or use larger nodes"
        )


def describe(nodes: Sequence[NodeResources]) -> str:
    """Nodes in words, equal ones counted: `2 node(s) of 8 CPU + 4 GPU`."""
    kinds = Counter(str(Bundle(cpus=node.cpus, gpus=node.gpus)) or "nothing" for node in nodes)
    return ", ".join(f"{count} node(s) of {kind}" for kind, count in kinds.items()) or "no nodes"

"""Which bundles of CPUs and GPUs an engine needs, on the nodes that there are. Pure: nodes in, bundles out.

An engine stays on one node where a node is large enough: it is one bundle with all its GPUs, owned by one actor, which
runs them through `mp`. Only an engine that no node can hold crosses nodes: it is one bundle for each GPU, packed as
closely as Ray can, and Ray runs the devices; the actor shares the first bundle. Without GPUs an engine is one bundle of
CPUs.

Ray counts GPUs and does not look at their type, but every node with GPUs has a resource `accelerator_type:TYPE`: a
bundle that asks for a trace of it goes only there.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Strategy = Literal["STRICT_PACK", "PACK"]
Executor = Literal["mp", "ray"]
_TYPE = "accelerator_type:"
_TRACE = 0.001
"""As Ray itself asks for a type: a node has 1 of it, for any number of bundles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeResources:
    """All resources of one node, in use or not."""

    name: str
    cpus: float
    gpus: float
    gpu_types: frozenset[str] = frozenset()
    """Ray's names of the type of its GPUs."""

    def __str__(self) -> str:
        types = f" ({', '.join(sorted(self.gpu_types))})" if self.gpu_types else ""
        return f"{Bundle(cpus=self.cpus, gpus=self.gpus)}{types}" if self.cpus or self.gpus else "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Resources that are reserved together on one node."""

    cpus: float = 0.0
    gpus: float = 0.0
    gpu: str = ""
    """Ray's name of the type that its GPUs must be of; "" for any."""
    gpu_types: frozenset[str] = frozenset()
    """The GPU types that it fits on, for the plan; empty for any."""

    def resources(self) -> dict[str, float]:
        """The bundle as Ray's placement groups take it."""
        found = {name: amount for name, amount in (("CPU", self.cpus), ("GPU", self.gpus)) if amount}
        return found | (type_resource(self.gpu) if self.gpus else {})

    def __str__(self) -> str:
        amounts = " + ".join(
            f"{amount:g} {name}" for name, amount in (("CPU", self.cpus), ("GPU", self.gpus)) if amount
        )
        return f"{amounts} of type {self.gpu}" if self.gpus and self.gpu else amounts


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


def type_resource(gpu: str) -> dict[str, float]:
    """What Ray is asked for so that it places on GPUs of type `gpu` (Ray's name) only; nothing for ""."""
    return {f"{_TYPE}{gpu}": _TRACE} if gpu else {}


def gpu_types(resources: Iterable[str]) -> frozenset[str]:
    """Ray's names of the GPU type of a node with these resources."""
    return frozenset(name.removeprefix(_TYPE) for name in resources if name.startswith(_TYPE))


def place_engine(
    tensor_parallel: int,
    pipeline_parallel: int,
    cpus: float,
    nodes: Sequence[NodeResources],
    use_gpus: bool,
    gpu: str = "",
) -> EnginePlacement:
    """The bundles of an engine of tensor_parallel x pipeline_parallel devices, of type `gpu` where that is given.

    `nodes`: those of a cluster that may still grow; without any GPU among them, a node for all of it is asked for.
    """
    devices = tensor_parallel * pipeline_parallel if use_gpus else 0
    largest = int(max((node.gpus for node in nodes if not gpu or gpu in node.gpu_types), default=0.0))
    if not largest or devices <= largest:
        bundle = Bundle(cpus=cpus, gpus=float(devices), gpu=gpu if use_gpus else "")
        return EnginePlacement(bundles=(bundle,), strategy="STRICT_PACK", executor="mp", actor_gpus=float(devices))
    first = Bundle(cpus=cpus, gpus=1.0, gpu=gpu)
    others = (Bundle(gpus=1.0, gpu=gpu),) * (devices - 1)
    return EnginePlacement(bundles=(first, *others), strategy="PACK", executor="ray", actor_gpus=0.0)


def fitting(placement: EnginePlacement, nodes: Sequence[NodeResources], at_most: int) -> int:
    """How many such engines the empty nodes hold together, counted up to `at_most`."""
    free = sorted(nodes, key=lambda node: (node.gpus, node.cpus))
    return next((count for count in range(at_most) if not _take(free, placement.bundles)), at_most)


def fit_together(wanted: Iterable[tuple[EnginePlacement, int]], nodes: Sequence[NodeResources]) -> bool:
    """Whether the empty nodes hold so many of each at the same time, the first ones placed first."""
    free = sorted(nodes, key=lambda node: (node.gpus, node.cpus))
    return all(_take(free, placement.bundles) for placement, count in wanted for _ in range(count))


def _take(free: list[NodeResources], bundles: Iterable[Bundle]) -> bool:
    """Take the bundles off what is free, each off the first node that holds it. Returns whether all found one."""
    for bundle in bundles:
        holding = (
            index
            for index, node in enumerate(free)
            if node.cpus >= bundle.cpus
            and node.gpus >= bundle.gpus
            and (not (bundle.gpus and bundle.gpu) or bundle.gpu in node.gpu_types)
        )
        at = next(holding, None)
        if at is None:
            return False
        free[at] = replace(free[at], cpus=free[at].cpus - bundle.cpus, gpus=free[at].gpus - bundle.gpus)
    return True


def describe(nodes: Sequence[NodeResources]) -> str:
    """Nodes in words, equal ones counted: `2 node(s) of 8 CPU + 4 GPU`."""
    kinds = Counter(map(str, nodes))
    return ", ".join(f"{count} node(s) of {kind}" for kind, count in kinds.items()) or "no nodes"

"""Which types of GPU a part of the plan may use, which it does use, and what keeps Ray to them in a mixed cluster."""

from cluster.placement import NodeResources
from cluster.planner.machines import GpuType, Machines, Node
from cluster.planner.placement import PlacedGroup


def ray_names(gpu: GpuType) -> frozenset[str]:
    """Ray's names of a type: an A100-80G is an A100 too."""
    return frozenset({gpu.ray_type, gpu.ray_type.partition("-")[0]})


def allowed_types(machines: Machines, wanted: str) -> tuple[GpuType, ...]:
    """The types that a setting `gpu` allows, the fastest first."""
    return tuple(gpu for gpu in machines.gpu_types() if not wanted or wanted in ray_names(gpu))


def no_such_type(wanted: str, machines: Machines) -> str:
    """Why a setting `gpu` allows none."""
    there = ", ".join(sorted(set().union(*map(ray_names, machines.gpu_types())))) or "no GPUs"
    return f"gpu = {wanted!r}: no node has GPUs of that type; there are {there}"


def node_resources(machines: Machines, types: tuple[GpuType, ...]) -> list[NodeResources]:
    """The nodes with GPUs of these types, as a run would see them."""
    return [
        NodeResources(name=node.name, cpus=node.cpus, gpus=float(node.gpus), gpu_types=ray_names(node.gpu))
        for node in machines.nodes
        if node.gpu is not None and node.gpu in types
    ]


def slowest(machines: Machines, placed: PlacedGroup, types: frozenset[str]) -> GpuType:
    """Of the types that are used (of those allowed, where nothing was placed): the one that sets the pace."""
    used = used_types(machines, placed)
    candidates = [gpu for gpu in machines.gpu_types() if gpu.name in (used or types)]
    return min(candidates, key=lambda gpu: (gpu.memory_bytes if not used else 0, gpu.tflops, gpu.bandwidth_gbs))


def used_types(machines: Machines, placed: PlacedGroup) -> frozenset[str]:
    return frozenset(node.gpu.name for node in machines.nodes if node.gpu is not None and node.name in placed.nodes)


def node_with(machines: Machines, placed: PlacedGroup, gpu: GpuType) -> Node:
    """A node of the type that holds some of the group; any of the type where none does."""
    of_type = [node for node in machines.nodes if node.gpu == gpu]
    return next((node for node in of_type if node.name in placed.nodes), of_type[0])


def type_note(at: str, wanted: str, machines: Machines, placed: PlacedGroup) -> str:
    """Ray counts GPUs and does not look at their type: what to set where the plan uses some types only."""
    used = [gpu for gpu in machines.gpu_types() if gpu.name in used_types(machines, placed)]
    if wanted or not used or len(used) == len(machines.gpu_types()):
        return ""
    shared = sorted(frozenset.intersection(*map(ray_names, used)), key=len)
    others = [gpu for gpu in machines.gpu_types() if gpu not in used]
    names = [name for name in shared if not any(name in ray_names(gpu) for gpu in others)]
    said = f"{at} is planned on {' and '.join(gpu.name for gpu in used)} only, and Ray places by number of GPUs"
    if names:
        return f"{said}: add --set {at}.gpu='{names[0]}'"
    return f"{said}; no setting names these and no others: give them a cluster of their own"

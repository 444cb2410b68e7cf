"""How fast pods of different nodes talk: as a cluster file says where they get devices for it, else as TCP does."""

from dataclasses import replace

from pipeline.estimates.amounts import duration
from pipeline.estimates.hardware import Machines
from pipeline.plan.make import Plan
from pipeline.plan.outcome import stage_times

POD_NETWORK_GBIT = 25.0
"""Assumed of a pod's own network, in Gbit/s: TCP through a virtual interface, the default of a cluster file."""


def as_pods_see(machines: Machines, has_devices: bool) -> Machines:
    """The machines with the network that pods have: without an RDMA device none is faster than `POD_NETWORK_GBIT`."""
    if has_devices:
        return machines
    most = POD_NETWORK_GBIT / 8
    return replace(
        machines, nodes=tuple(replace(node, network_gbs=min(node.network_gbs, most)) for node in machines.nodes)
    )


def network_notes(plan: Plan, faster: Plan | None) -> list[str]:
    """What crosses nodes and how fast; `faster`: the plan with the network of the cluster file, where that is not what
    the pods have."""
    crossing = [f"engines.{each.name}" for each in plan.engines if len(each.placement.bundles) > 1]
    crossing += ["training"] * any(len(set(ranks.placed.nodes)) > 1 for ranks in plan.ranks if ranks.gpu is not None)
    if not crossing:
        return []
    gbit = max(node.network_gbs for node in plan.machines.nodes) * 8
    said = f"{' and '.join(crossing)} cross{'es' * (len(crossing) == 1)} nodes, planned at {gbit:g} Gbit/s between them"
    if faster is None:
        return [f"{said}; NCCL has to find the device that --rdma names (docs/operations.md, 'Fast networks')"]
    better = max(node.network_gbs for node in faster.machines.nodes) * 8
    if better <= gbit:
        return [said]
    hours = [duration(sum(stage.seconds for stage in stage_times(each))) for each in (plan, faster)]
    return [
        f"{said}, for pods have no RDMA device: {hours[0]} in all; at the {better:g} Gbit/s of the cluster file it is "
        f"{hours[1]}: give GPU pods their devices by --rdma RESOURCE=COUNT"
    ]

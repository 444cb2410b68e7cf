"""Bundles reserved in a running Ray cluster, and actors in them.

A reservation outlives its actors: a successor starts where its predecessor was, and nobody takes its GPUs meanwhile.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

import ray
from ray.actor import ActorHandle
from ray.util.placement_group import placement_group, placement_group_table, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from cluster.pool.placement import Bundle, EnginePlacement, NodeResources, fitting, gpu_types


class Reservation:
    """One engine's placement group. It is asked for at once, and granted as soon as the cluster has the resources."""

    def __init__(self, placement: EnginePlacement) -> None:
        self.placement = placement
        self._group = placement_group([bundle.resources() for bundle in placement.bundles], strategy=placement.strategy)

    def actor(self, actor_class: type, *arguments: object, environment: dict[str, str]) -> ActorHandle:
        """A new actor that owns the engine's GPUs. It waits until the reservation is granted.

        Ray does not restart it: its owner learns of its end, and makes another one when it sees fit. (Ray would do so
        at once, without a pause, and never after an exception in the constructor.)
        """
        options: dict[str, Any] = {
            "num_cpus": self.placement.bundles[0].cpus,
            "num_gpus": self.placement.actor_gpus,
            "max_restarts": 0,
            "max_concurrency": 10_000,
            "scheduling_strategy": PlacementGroupSchedulingStrategy(
                self._group, placement_group_bundle_index=0, placement_group_capture_child_tasks=True
            ),
        }
        if environment:
            options["runtime_env"] = {"env_vars": environment}
        return ray.remote(actor_class).options(**options).remote(*arguments)

    @property
    def granted(self) -> bool:
        """Whether its resources are reserved."""
        return bool(placement_group_table(self._group).get("state") == "CREATED")

    def nodes(self) -> set[str]:
        """Ids of the nodes that hold its bundles; empty until it is granted."""
        placed = placement_group_table(self._group).get("bundles_to_node_id", {}).values()
        return {node for node in placed if node}

    def release(self) -> None:
        """Release the resources; this ends actors that are still in it."""
        remove_placement_group(self._group)


def cluster_nodes() -> list[NodeResources]:
    """The nodes that are alive, with all their resources, free or not."""
    return [
        NodeResources(
            name=str(node["NodeID"]),
            cpus=float(node["Resources"].get("CPU", 0.0)),
            gpus=float(node["Resources"].get("GPU", 0.0)),
            gpu_types=gpu_types(node["Resources"]),
        )
        for node in ray.nodes()
        if node["Alive"]
    ]


def nodes_here(cpus: int) -> list[NodeResources]:
    """The one node of a Ray that would be started on this machine with `cpus` CPUs. Nothing is started."""
    # Ray's own count of the GPUs that this process may use, and its own name of their type.
    from ray._private.resource_and_label_spec import ResourceAndLabelSpec

    found = ResourceAndLabelSpec(num_cpus=cpus).resolve(is_head=True).to_resource_dict()
    gpus = float(found.get("GPU", 0.0))
    return [NodeResources(name="this machine", cpus=float(cpus), gpus=gpus, gpu_types=gpu_types(found))]


def free_resources() -> str:
    """CPUs and GPUs that nobody has reserved, in words."""
    free = Counter({name: amount for name, amount in ray.available_resources().items() if name in ("CPU", "GPU")})
    return ", ".join(f"{free[name]:g} {name}" for name in ("CPU", "GPU"))


def free_bundles(bundle: Bundle, at_most: int) -> int:
    """How many such bundles the nodes have free now, on GPUs of the right type; counted up to `at_most`."""
    # The public call gives the sum over all nodes.
    from ray._private.state import available_resources_per_node

    free = available_resources_per_node()
    nodes = [
        replace(node, cpus=free.get(node.name, {}).get("CPU", 0.0), gpus=free.get(node.name, {}).get("GPU", 0.0))
        for node in cluster_nodes()
    ]
    alone = EnginePlacement(bundles=(bundle,), strategy="STRICT_PACK", executor="mp", actor_gpus=bundle.gpus)
    return fitting(alone, nodes, at_most)


def draining_nodes() -> set[str]:
    """Ids of the nodes that are preempted and still there."""
    # Ray's own libraries ask this object; there is no public call.
    from ray._private.state import state

    return set(state.get_draining_nodes())

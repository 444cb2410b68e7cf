"""From an engine's shape and the nodes that there are to bundles: pure."""

import pytest

from cluster.pool.placement import Bundle, NodeResources, fitting, gpu_types, place_engine


def nodes(*gpus: int, cpus: float = 16.0) -> list[NodeResources]:
    return [NodeResources(name=f"n{index}", cpus=cpus, gpus=float(count)) for index, count in enumerate(gpus)]


def test_an_engine_that_a_node_can_hold_is_one_bundle() -> None:
    placement = place_engine(4, 1, 2.0, nodes(4, 8), use_gpus=True)
    assert placement.bundles == (Bundle(cpus=2.0, gpus=4.0),)
    assert (placement.strategy, placement.executor, placement.actor_gpus) == ("STRICT_PACK", "mp", 4.0)
    assert place_engine(4, 2, 2.0, nodes(4, 8), use_gpus=True).executor == "mp"


@pytest.mark.parametrize(("tensor", "pipeline"), [(4, 2), (8, 1)])
def test_an_engine_larger_than_every_node_crosses_nodes_through_ray(tensor: int, pipeline: int) -> None:
    placement = place_engine(tensor, pipeline, 2.0, nodes(4, 4), use_gpus=True)
    assert placement.bundles == (Bundle(cpus=2.0, gpus=1.0), *[Bundle(gpus=1.0)] * 7)
    assert (placement.strategy, placement.executor, placement.actor_gpus) == ("PACK", "ray", 0.0)
    assert fitting(placement, nodes(4, 4), 9) == 1
    assert str(placement) == "1 x (2 CPU + 1 GPU), 7 x (1 GPU)"


def test_without_gpus_it_is_cpus() -> None:
    placement = place_engine(2, 1, 1.0, nodes(0), use_gpus=False)
    assert (placement.bundles, placement.executor) == ((Bundle(cpus=1.0),), "mp")
    assert placement.bundles[0].resources() == {"CPU": 1.0}


def test_a_cluster_without_nodes_yet_is_asked_for_one_large_enough() -> None:
    assert place_engine(8, 1, 2.0, [], use_gpus=True).bundles == (Bundle(cpus=2.0, gpus=8.0),)


def test_how_many_fit_counts_every_node_for_itself() -> None:
    placement = place_engine(3, 1, 1.0, nodes(4, 4, 8), use_gpus=True)
    assert fitting(placement, nodes(4, 4, 8), 99) == 4, "a GPU is left over on each small node"
    assert fitting(placement, nodes(4, 4, 8, cpus=1.0), 99) == 3
    assert fitting(placement, nodes(4), 0) == 0


def test_a_named_type_is_asked_of_ray_and_found_on_its_nodes_only() -> None:
    mixed = [
        NodeResources(name="large", cpus=16, gpus=8, gpu_types=frozenset({"H100"})),
        NodeResources(name="small", cpus=16, gpus=4, gpu_types=frozenset({"L4"})),
    ]
    placement = place_engine(4, 1, 2.0, mixed, use_gpus=True, gpu="L4")
    assert placement.bundles[0].resources() == {"CPU": 2.0, "GPU": 4.0, "accelerator_type:L4": 0.001}
    assert str(placement) == "(2 CPU + 4 GPU of type L4) on one node"
    assert fitting(placement, mixed, 9) == 1
    assert place_engine(8, 1, 2.0, mixed, use_gpus=True, gpu="L4").executor == "ray", "no node of that type holds it"
    assert gpu_types({"CPU": 1.0, "accelerator_type:A100": 1.0}) == {"A100"}
    assert Bundle(cpus=1.0, gpu="L4").resources() == {"CPU": 1.0}, "without GPUs there is no type"

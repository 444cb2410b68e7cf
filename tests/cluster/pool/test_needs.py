"""Whether nodes can give what is asked for, and what is said where they cannot: pure."""

import pytest

from cluster.pool.needs import Need
from cluster.pool.placement import NodeResources, place_engine

BARE = [NodeResources(name="bare", cpus=4, gpus=0)]
MIXED = [
    NodeResources(name="large", cpus=16, gpus=8, gpu_types=frozenset({"H100"})),
    NodeResources(name="small", cpus=16, gpus=4, gpu_types=frozenset({"L4"})),
]


def need(nodes: list[NodeResources], count: int = 2, devices: int = 4, gpu: str = "", on_gpus: bool = True) -> Need:
    return Need(
        section="engines.student",
        what="host",
        count=count,
        placement=place_engine(devices, 1, 2.0, nodes, on_gpus, gpu),
        smaller="engines.student.count",
        without_gpus="engines.student.device='cpu'",
    )


def test_all_of_them_have_to_fit_together_and_fewer_where_fewer_will_do() -> None:
    assert need(MIXED, count=3).met_by(MIXED)
    assert not need(MIXED, count=4).met_by(MIXED)
    assert need(MIXED, count=4).met_by(MIXED, 1)
    assert not need(BARE).met_by(BARE, 1)
    assert not need(MIXED, gpu="L4").met_by(MIXED), "the other one's GPUs are of another type"


@pytest.mark.parametrize(
    ("asked", "nodes", "said"),
    [
        (need(BARE), BARE, "2 host(s), each (2 CPU + 4 GPU) on one node; here has 1 node(s) of 4 CPU: set engines.stu"),
        (need(BARE), BARE, "set engines.student.device='cpu', or buy more"),
        (need(MIXED, gpu="T4"), MIXED, "of type T4) on one node; here has 1 node(s) of 16 CPU + 8 GPU (H100), 1 node"),
        (need(MIXED, gpu="T4"), MIXED, "set engines.student.gpu to a type that is there, or to ''"),
        (need(MIXED, count=9), MIXED, "lower engines.student.count, or buy more"),
        (need(BARE, count=9, on_gpus=False), BARE, "9 host(s), each (2 CPU) on one node; here has 1 node(s) of 4 CPU"),
        (need(BARE, count=9, on_gpus=False), BARE, "lower engines.student.count, or buy more"),
    ],
)
def test_a_refusal_is_one_line_with_what_is_asked_what_there_is_and_what_to_set(
    asked: Need, nodes: list[NodeResources], said: str
) -> None:
    line = str(asked.refused(nodes, "here", "buy more"))
    assert line.startswith("engines.student asks for ")
    assert said in line
    assert "\n" not in line

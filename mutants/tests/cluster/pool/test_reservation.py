"""Engines placed on a real Ray cluster of three nodes, whose GPUs are said and not there."""

import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import InfrastructureError, InfrastructureKind
from cluster.pool.host_reservations import HostReservations
from cluster.pool.placement import Bundle, fitting, place_engine, type_resource
from cluster.pool.pool import HostState, Pool, PoolLimits
from cluster.pool.reservation import Reservation, cluster_nodes, free_bundles, free_resources
from tests.cluster.pool.hosts import ChunkResult, Host, Unit, actor_of, join

pytestmark = pytest.mark.engine


class Placed(Host):
    """Says where it is."""

    async def where(self) -> tuple[str, int, int]:
        """Its node, its GPUs, the bundles of its reservation."""
        import ray
        from ray.util import get_current_placement_group

        group = get_current_placement_group()
        assert group is not None
        return ray.get_runtime_context().get_node_id(), len(ray.get_gpu_ids()), group.bundle_count


class BadOnOneNode(Placed):
    """Cannot start on the node where one of its like came first."""

    async def start(self) -> int:
        import ray

        node = ray.get_runtime_context().get_node_id()
        with contextlib.suppress(FileExistsError):
            (self._folder / "bad").symlink_to(node)
        if os.readlink(self._folder / "bad") == node:
            raise InfrastructureError(InfrastructureKind.ENGINE_DEAD, "no device")
        return await super().start()


@pytest.fixture
def nodes() -> Iterator[Any]:
    """A cluster of a head and two more nodes, each with 4 CPUs and 4 GPUs."""
    import ray
    from ray.cluster_utils import Cluster

    size = {"num_cpus": 4, "num_gpus": 4, "object_store_memory": 80 << 20}
    cluster = Cluster(initialize_head=True, head_node_args={**size, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(**size)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    try:
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


def until(what: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)


def test_engines_own_whole_nodes_cross_them_where_they_must_and_late_nodes_are_used(nodes: Any, tmp_path: Path) -> None:
    import ray

    found = cluster_nodes()
    assert sorted((node.cpus, node.gpus) for node in found) == [(4.0, 4.0)] * 3

    wide = place_engine(4, 2, 1.0, found, use_gpus=True)
    crossing = Reservation(wide)
    until(lambda: crossing.granted)
    actor = crossing.actor(Placed, "wide", str(tmp_path), environment={})
    _, gpus, bundles = ray.get(actor.where.remote())
    assert (gpus, bundles) == (0, 8)
    crossing.release()

    whole = place_engine(4, 1, 1.0, found, use_gpus=True)
    assert fitting(whole, found, 9) == 3
    reservations = [Reservation(whole) for _ in range(4)]
    until(lambda: sum(one.granted for one in reservations) == 3)
    (pending,) = [index for index, one in enumerate(reservations) if not one.granted]
    assert free_resources() == "9 CPU, 0 GPU"

    def factory(index: int) -> Callable[[], Any]:
        return lambda: reservations[index].actor(Placed, f"h{index}", str(tmp_path), environment={"OF_TEST": "1"})

    pool: Pool[Unit, ChunkResult] = Pool(
        {f"h{index}": factory(index) for index in range(4)}, PoolLimits(slots=4), join=join
    )
    late = f"h{pending}"
    seen: set[str] = set()
    for count, (_, host, _) in enumerate(pool.run([Unit(f"u{index}") for index in range(20_000)])):
        seen.update(host.split("+"))
        if count == 100:
            assert pool.states()[late] is HostState.WAITING
            nodes.add_node(num_cpus=4, num_gpus=4, object_store_memory=80 << 20)
        if late in seen:
            break
    assert pool.states() == dict.fromkeys(("h0", "h1", "h2", "h3"), HostState.SERVING)
    places = ray.get([actor_of(pool, name).where.remote() for name in pool.states()])
    assert len({node for node, _, _ in places}) == 4
    assert {(gpus, bundles) for _, gpus, bundles in places} == {(4, 1)}
    pool.close()
    for one in reservations:
        one.release()


def test_hosts_of_a_node_that_is_told_to_go_finish_what_they_have_and_move(nodes: Any, tmp_path: Path) -> None:
    import ray

    placement = place_engine(4, 1, 1.0, cluster_nodes(), use_gpus=True)
    events: list[tuple[str, dict[str, Any]]] = []

    def make(name: str, reservation: Reservation) -> Callable[[], Any]:
        return lambda: reservation.actor(Placed, name, str(tmp_path), environment={})

    def told(kind: str, details: dict[str, Any]) -> None:
        events.append((kind, details))

    reservations = HostReservations("teacher", placement, make, told)
    pool: Pool[Unit, ChunkResult] = Pool(
        reservations.reserve(2), PoolLimits(slots=4), told, join, upkeep=reservations.follow
    )
    homes: dict[str, str] = {}
    going = ""
    done: list[str] = []
    for name, _, _ in pool.run([Unit(f"u{index}") for index in range(60_000)]):
        done.append(name)
        states = pool.states()
        if not homes and set(states.values()) == {HostState.SERVING}:
            homes = {host: where(pool, host) for host in states}
            # With its node, this process's own connection would go.
            going = next(host for host in homes if homes[host] != ray.get_runtime_context().get_node_id())
            drain(nodes.address, homes[going])
        if going and states[going] is HostState.GONE and states.get("teacher-2") is HostState.SERVING:
            break
    assert [kind for kind, _ in events] == ["host moves", "host drained"], "nothing was lost, so nothing was done again"
    assert len(done) == len(set(done))
    assert where(pool, "teacher-2") not in homes.values()
    pool.close()
    reservations.release()


def test_a_host_that_is_given_up_has_a_successor_elsewhere(nodes: Any, tmp_path: Path) -> None:
    placement = place_engine(4, 1, 1.0, cluster_nodes(), use_gpus=True)
    events: list[tuple[str, dict[str, Any]]] = []

    def make(name: str, reservation: Reservation) -> Callable[[], Any]:
        return lambda: reservation.actor(BadOnOneNode, name, str(tmp_path), environment={})

    reservations = HostReservations("teacher", placement, make, lambda kind, details: events.append((kind, details)))
    limits = PoolLimits(slots=4, host_failures=2, backoff_s=0.05)
    pool: Pool[Unit, ChunkResult] = Pool(reservations.reserve(2), limits, join=join, upkeep=reservations.follow)
    for _ in pool.run([Unit(f"u{index}") for index in range(60_000)]):
        if pool.states().get("teacher-2") is HostState.SERVING:
            break
    assert [kind for kind, _ in events] == ["host replaced"]
    assert Counter(pool.states().values()) == {HostState.SERVING: 2, HostState.LOST: 1}
    assert where(pool, "teacher-2") != os.readlink(tmp_path / "bad")
    pool.close()
    reservations.release()


def where(pool: Pool[Unit, ChunkResult], host: str) -> str:
    """The id of a host's node."""
    import ray

    node: str = ray.get(actor_of(pool, host).where.remote())[0]
    return node


def drain(address: str, node: str) -> None:
    """What a spot machine's notice comes to."""
    from ray._raylet import GcsClient
    from ray.core.generated.autoscaler_pb2 import DrainNodeReason

    reason = DrainNodeReason.Value("DRAIN_NODE_REASON_PREEMPTION")
    deadline_ms = int((time.time() + 600) * 1000)
    accepted, why = GcsClient(address=address).drain_node(node, reason, "preempted by a test", deadline_ms)
    assert accepted, why


@pytest.mark.faults
def test_work_goes_on_when_a_node_is_lost_and_another_one_joins(nodes: Any, tmp_path: Path) -> None:
    placement = place_engine(4, 1, 1.0, cluster_nodes(), use_gpus=True)
    reservations = [Reservation(placement) for _ in range(3)]
    until(lambda: all(one.granted for one in reservations))

    def factory(index: int) -> Callable[[], Any]:
        return lambda: reservations[index].actor(Host, f"h{index}", str(tmp_path), environment={})

    events: list[tuple[str, dict[str, Any]]] = []
    pool: Pool[Unit, ChunkResult] = Pool(
        {f"h{index}": factory(index) for index in range(3)},
        PoolLimits(slots=4, backoff_s=0.2),
        lambda kind, details: events.append((kind, details)),
        join,
    )
    done: list[str] = []
    back: set[str] = set()
    lost = ""
    for name, host, _ in pool.run([Unit(f"u{index}") for index in range(60_000)]):
        done.append(name)
        if len(done) == 200:
            nodes.remove_node(nodes.list_all_nodes()[-1])
        if events and not lost:
            lost = events[0][1]["host"]
            nodes.add_node(num_cpus=4, num_gpus=4, object_store_memory=80 << 20)
        if lost:
            back.add(host)
        if lost in back:
            break
    assert [kind for kind, _ in events][:1] == ["retry"]
    assert len(done) == len(set(done))
    assert set(pool.states().values()) == {HostState.SERVING}
    pool.close()


def test_an_engine_of_a_named_type_goes_to_its_nodes(tmp_path: Path) -> None:
    import ray
    from ray.cluster_utils import Cluster

    size = {"num_cpus": 1, "num_gpus": 2, "object_store_memory": 80 << 20}
    kinds = [{**size, "resources": {f"accelerator_type:{gpu}": 1}} for gpu in ("H100", "L4")]
    cluster = Cluster(initialize_head=True, head_node_args={**kinds[0], "include_dashboard": False})
    cluster.add_node(**kinds[1])
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    try:
        found = cluster_nodes()
        (small,) = [node for node in found if "L4" in node.gpu_types]
        placement = place_engine(1, 1, 0.5, found, use_gpus=True, gpu="L4")
        reservations = [Reservation(placement) for _ in range(3)]
        until(lambda: sum(one.granted for one in reservations) == 2)
        assert all(one.nodes() <= {small.name} for one in reservations), (
            "the third one waits, though the H100s are free"
        )
        trace = ray.remote(lambda: ray.get_runtime_context().get_node_id())
        (large,) = [node for node in found if "H100" in node.gpu_types]
        assert free_bundles(Bundle(gpus=1.0, gpu="H100"), 9) == 2
        assert free_bundles(Bundle(gpus=1.0, gpu="L4"), 9) == 0, "both are reserved"
        task = trace.options(num_cpus=0, num_gpus=1, resources=type_resource("H100"))
        assert ray.get([task.remote() for _ in range(3)]) == [large.name] * 3
    finally:
        ray.shutdown()
        cluster.shutdown()

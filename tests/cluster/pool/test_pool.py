"""The pool on real Ray actors that fail as machines do: every unit ends once, and a lost cause ends clearly."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from cluster.errors import FullDiskError, RequestError, WorkError
from cluster.pool.pool import HostState, Pool, PoolLimits
from tests.cluster.pool.hosts import ChunkResult, Host, Unit, actor_of, join

pytestmark = pytest.mark.engine


Made = tuple[Pool[Unit, ChunkResult], list[tuple[str, dict[str, Any]]], Callable[..., Any]]


@pytest.fixture(scope="module")
def ray_here() -> Iterator[Any]:
    import ray

    ray.init(address="local", num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield ray
    ray.shutdown()


@pytest.fixture
def make_pool(ray_here: Any, tmp_path: Path) -> Iterator[Callable[..., Made]]:
    pools: list[Pool[Unit, ChunkResult]] = []
    events: list[tuple[str, dict[str, Any]]] = []
    actor = ray_here.remote(Host)

    def factory(name: str, trouble: str = "", cpus: float = 0.5) -> Any:
        return lambda: actor.options(num_cpus=cpus).remote(name, str(tmp_path), trouble)

    def make(hosts: int, trouble: str = "", **limits: Any) -> Made:
        limits = {"slots": 4, "backoff_s": 0.05, **limits}
        factories = {f"h{index}": factory(f"h{index}", trouble) for index in range(hosts)}
        pools.append(Pool(factories, PoolLimits(**limits), lambda kind, details: events.append((kind, details)), join))
        return pools[-1], events, factory

    yield make
    for pool in pools:
        pool.close(timeout_s=5)


def all_serve(pool: Pool[Unit, ChunkResult]) -> None:
    """Work until every host takes part."""
    for _ in pool.run([Unit(f"first{index}") for index in range(20_000)]):
        if set(pool.states().values()) == {HostState.SERVING}:
            return


def test_hosts_are_busy_while_they_have_work_and_not_between_two_calls(make_pool: Callable[..., Made]) -> None:
    pool, _, _ = make_pool(1)
    assert pool.busy_s == 0.0
    started = time.monotonic()
    list(pool.run([Unit(f"u{index}") for index in range(8)]))
    busy = pool.busy_s
    assert 0 < busy < time.monotonic() - started
    time.sleep(0.3)
    assert pool.busy_s == busy
    list(pool.run([Unit(f"v{index}", "death" if index == 3 else "") for index in range(8)]))
    assert pool.busy_s > busy
    pool.close()
    ended = pool.busy_s
    assert ended == pool.busy_s


def test_every_unit_ends_once_whatever_fails(make_pool: Callable[..., Made]) -> None:
    pool, events, _ = make_pool(2)
    all_serve(pool)
    units = [Unit(f"u{index}", {3: "stall", 7: "death", 11: "death"}.get(index, "")) for index in range(40)]
    results = list(pool.run(units))
    assert Counter(name for name, _, _ in results) == Counter(unit.unit for unit in units)
    # All by one of them where the other one's new process takes long to start.
    assert {part for _, hosts, _ in results for part in hosts.split("+")} <= {"h0", "h1"}
    assert 1 <= sum(kind == "retry" for kind, _ in events) <= 3  # faults that meet on one host are one


def test_units_cut_near_the_end_are_joined(make_pool: Callable[..., Made]) -> None:
    pool, _, _ = make_pool(2)
    all_serve(pool)
    results = list(pool.run([Unit(f"u{index}", "death" if index == 5 else "", size=24) for index in range(6)]))
    assert sorted((name, size) for name, _, size in results) == [(f"u{index}", 24) for index in range(6)]
    assert any("+" in hosts for _, hosts, _ in results)


def test_equal_prompts_go_to_one_host_and_no_host_stays_idle(make_pool: Callable[..., Made]) -> None:
    pool, _, _ = make_pool(2)
    units = [Unit(f"u{index}", affinity=f"b{index // 6}", size=100) for index in range(120)]
    all_serve(pool)
    hosts: dict[int, Counter[str]] = {}
    for name, host, _ in pool.run(units):
        hosts.setdefault(int(name[1:]) // 6, Counter()).update(host.split("+"))
    assert {host for counts in hosts.values() for host in counts} == {"h0", "h1"}
    far_from_the_end = [hosts[block] for block in range(8)]
    assert sum(max(counts.values()) for counts in far_from_the_end) >= 0.8 * sum(map(Counter.total, far_from_the_end))


def test_a_unit_that_fails_every_time_ends_the_run(make_pool: Callable[..., Made]) -> None:
    pool, events, _ = make_pool(1, attempts=3)
    with pytest.raises(WorkError, match=r"unit bad failed \(3 attempts\).*planted"):
        list(pool.run([Unit("bad", "always"), Unit("good")]))
    assert [details["try"] for kind, details in events if kind == "retry"] == [1, 2, 3]


def test_a_host_that_never_finishes_anything_is_given_up(make_pool: Callable[..., Made]) -> None:
    pool, events, _ = make_pool(1, attempts=50, host_failures=3)
    with pytest.raises(WorkError, match="no host is left"):
        list(pool.run([Unit("bad", "always")]))
    assert [kind for kind, _ in events][-1] == "host lost"


def test_a_wrong_request_and_a_bug_are_not_tried_again(make_pool: Callable[..., Made], tmp_path: Path) -> None:
    pool, events, _ = make_pool(1)
    with pytest.raises(RequestError, match=r"models\.teacher\.source"):
        list(pool.run([Unit("asked", "request")]))
    with pytest.raises(WorkError, match="ZeroDivisionError"):
        list(pool.run([Unit("bug", "bug")]))
    assert events == []
    assert (tmp_path / "bug.tries").read_text() == "x"


def test_what_may_pass_is_tried_again_by_the_same_host_and_a_full_disk_is_not(make_pool: Callable[..., Made]) -> None:
    pool, events, _ = make_pool(1)
    list(pool.run([Unit("first")]))
    actor = actor_of(pool, "h0")
    results = list(pool.run([Unit("a", "store"), Unit("b", "disk"), Unit("c", "tools")]))
    assert sorted(name for name, _, _ in results) == ["a", "b", "c"]
    assert events
    assert actor_of(pool, "h0") is actor, "its engine can be trusted"
    events.clear()
    with pytest.raises(FullDiskError, match="make room"):
        list(pool.run([Unit("full", "full")]))
    assert events == []


def test_a_download_that_fails_once_is_tried_again(make_pool: Callable[..., Made]) -> None:
    pool, events, _ = make_pool(1, trouble="download")
    assert list(pool.run([Unit("u")])) == [("u", "h0", 1)]
    assert [details["cause"] for _, details in events] == ["WorkError: the Hub did not answer"]


def test_a_slow_consumer_is_no_silence_of_the_hosts(make_pool: Callable[..., Made]) -> None:
    pool, events, _ = make_pool(2, silence_s=3.0)
    all_serve(pool)
    for number, _ in enumerate(pool.run([Unit(f"u{index}") for index in range(40)])):
        if number in (3, 20):
            time.sleep(4.0)
    assert events == []


def test_a_host_frozen_before_its_first_answer_is_replaced(make_pool: Callable[..., Made], tmp_path: Path) -> None:
    pool, events, _ = make_pool(1, trouble="frozen", start_s=2.0)

    def tick() -> None:
        if (tmp_path / "frozen.pid").exists() and not events:  # the next one may take its time
            pool.reserved("h0")

    assert list(pool.run([Unit("u")], tick)) == [("u", "h0", 1)]
    (retry,) = [details for _, details in events]
    assert "host_timeout" in retry["cause"]


def test_a_host_that_does_not_answer_is_waited_for_once(make_pool: Callable[..., Made], tmp_path: Path) -> None:
    pool, _, _ = make_pool(2, silence_s=600.0)
    all_serve(pool)
    assert sorted(pool.progress(30.0)) == ["h0", "h1"]
    for _ in pool.run([Unit("freeze", "freeze"), *(Unit(f"u{index}") for index in range(40))]):
        if (tmp_path / "frozen.pid").exists():
            break
    until(lambda: len(pool.progress()) == 1)
    assert len(pool.progress(30.0)) == 1
    os.kill(int((tmp_path / "frozen.pid").read_text()), signal.SIGCONT)
    until(lambda: len(pool.progress()) == 2)


def until(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)


def test_a_constructor_that_raises_twice_is_tried_again_and_for_ever_ends_with_its_cause(
    make_pool: Callable[..., Made],
) -> None:
    pool, events, _ = make_pool(1, trouble="init2")
    assert list(pool.run([Unit("u")])) == [("u", "h0", 1)]
    assert [details["cause"] for _, details in events] == [
        "ActorDiedError: OSError: no device, try 1",
        "ActorDiedError: OSError: no device, try 2",
    ]
    lost, _, _ = make_pool(1, trouble="init999", host_failures=3)
    with pytest.raises(WorkError, match=r"^host h0 failed \(no host is left\); last cause: .*no device"):
        list(lost.run([Unit("u")]))


def test_a_model_that_does_not_load_ends_with_its_cause(make_pool: Callable[..., Made]) -> None:
    pool, _, _ = make_pool(1, trouble="load", host_failures=2)
    with pytest.raises(WorkError, match=r"no host is left\); last cause: .*out of memory"):
        list(pool.run([Unit("u")]))


def test_a_frozen_host_is_replaced_and_a_loading_one_is_not(make_pool: Callable[..., Made], tmp_path: Path) -> None:
    pool, events, factory = make_pool(1, silence_s=1.5)
    pool.add("late", factory("late", "slow"))  # takes longer to load than a host may be silent
    results = list(pool.run([Unit(f"u{index}", "freeze" if index == 3 else "") for index in range(8)]))
    assert sorted(name for name, _, _ in results) == [f"u{index}" for index in range(8)]
    (retry,) = [details for kind, details in events if kind == "retry"]
    assert (retry["host"], retry["cause"].split(":")[1].strip()) == ("h0", "host_timeout")
    frozen = int((tmp_path / "frozen.pid").read_text())
    psutil.wait_procs([psutil.Process(frozen)] if psutil.pid_exists(frozen) else [], timeout=30)
    assert not psutil.pid_exists(frozen)


def test_hosts_come_and_go_while_the_work_goes_on(make_pool: Callable[..., Made]) -> None:
    pool, events, factory = make_pool(1)
    pool.add("never", factory("never", cpus=64))  # there is no node for it, and nobody waits for it
    seen: Counter[str] = Counter()
    for _, host, _ in pool.run([Unit(f"u{index}") for index in range(20_000)]):
        seen[host] += 1
        if sum(seen.values()) == 10:
            pool.add("late", factory("late"))
        if seen["late"] == 10:
            pool.drain("h0")
        if pool.states()["h0"] is HostState.GONE:
            break
    assert seen["late"] >= 10
    assert pool.states() == {"h0": HostState.GONE, "never": HostState.WAITING, "late": HostState.SERVING}
    assert [kind for kind, _ in events] == ["host drained"]

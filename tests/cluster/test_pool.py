"""The pool on real Ray actors that fail as machines do: every unit ends once, and a lost cause ends clearly."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster.errors import InfrastructureError, InfrastructureKind, RequestError, WorkError
from cluster.pool import Pool, PoolLimits

pytestmark = pytest.mark.engine


class Unit(msgspec.Struct, frozen=True):
    """Work of a test; `fault` is what its first try on a host comes to."""

    unit: str
    fault: str = ""
    size: int = 1
    affinity: str = ""


class Host:
    """Fails on a unit's first try, remembered in files, because its process may be gone the next time."""

    def __init__(self, name: str, folder: str) -> None:
        self._name, self._folder = name, Path(folder)

    async def run(self, work: Unit) -> tuple[str, str]:
        await asyncio.sleep(0.01)
        with (self._folder / f"{work.unit}.tries").open("a") as file:
            file.write("x")
        tries = len((self._folder / f"{work.unit}.tries").read_text())
        if work.fault == "always" or (work.fault and tries == 1):
            if work.fault == "death":
                os._exit(1)
            if work.fault == "request":
                raise RequestError("models.teacher.source: not there")
            if work.fault == "bug":
                raise ZeroDivisionError("a bug")
            raise InfrastructureError(InfrastructureKind.ENGINE_STALLED, "planted")
        return work.unit, self._name

    def progress(self) -> str:
        return self._name

    async def close(self) -> None:
        """Nothing to release."""


@pytest.fixture(scope="module")
def ray_here() -> Iterator[Any]:
    import ray

    ray.init(address="local", num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield ray
    ray.shutdown()


@pytest.fixture
def make_pool(ray_here: Any, tmp_path: Path) -> Iterator[Any]:
    pools: list[Pool] = []
    events: list[tuple[str, dict[str, Any]]] = []

    def make(hosts: int, **limits: Any) -> tuple[Pool, list[tuple[str, dict[str, Any]]]]:
        actor = ray_here.remote(Host).options(num_cpus=0.5, max_restarts=-1)
        made = [(f"h{index}", actor.remote(f"h{index}", str(tmp_path))) for index in range(hosts)]
        limits = {"places": 4, "backoff_s": 0.05, **limits}
        pools.append(Pool(made, PoolLimits(**limits), lambda kind, details: events.append((kind, details))))
        return pools[-1], events

    yield make
    for pool in pools:
        pool.close(timeout_s=5)


def test_every_unit_ends_once_whatever_fails(make_pool: Any) -> None:
    pool, events = make_pool(2)
    units = [Unit(f"u{index}", {3: "stall", 7: "death", 11: "death"}.get(index, "")) for index in range(30)]
    receipts = list(pool.run(units))
    assert Counter(name for name, _ in receipts) == Counter(unit.unit for unit in units)
    assert {host for _, host in receipts} == {"h0", "h1"}
    assert {details["unit"] for kind, details in events if kind == "retry"} >= {"u3", "u7", "u11"}


def test_equal_prompts_go_to_one_host_and_no_host_stays_idle(make_pool: Any) -> None:
    pool, _ = make_pool(2)
    units = [Unit(f"u{index}", affinity=f"b{index // 12}") for index in range(48)]
    hosts: dict[str, Counter[str]] = {}
    for name, host in pool.run(units):
        hosts.setdefault(f"b{int(name[1:]) // 12}", Counter())[host] += 1
    assert {host for counts in hosts.values() for host in counts} == {"h0", "h1"}
    together = sum(max(counts.values()) for counts in hosts.values())
    assert together >= 0.6 * len(units)


def test_a_unit_that_fails_every_time_ends_the_run(make_pool: Any) -> None:
    pool, events = make_pool(1, attempts=3)
    with pytest.raises(WorkError, match=r"unit bad failed \(3 attempts\).*planted"):
        list(pool.run([Unit("bad", "always"), Unit("good")]))
    assert [details["try"] for kind, details in events if kind == "retry"] == [1, 2, 3]


def test_a_host_that_never_finishes_anything_is_given_up(make_pool: Any) -> None:
    pool, events = make_pool(1, attempts=50, host_failures=3)
    with pytest.raises(WorkError, match="no host is left"):
        list(pool.run([Unit("bad", "always")]))
    assert [kind for kind, _ in events][-1] == "host lost"


def test_a_wrong_request_and_a_bug_are_not_tried_again(make_pool: Any, tmp_path: Path) -> None:
    pool, events = make_pool(1)
    with pytest.raises(RequestError, match=r"models\.teacher\.source"):
        list(pool.run([Unit("asked", "request")]))
    with pytest.raises(WorkError, match="ZeroDivisionError"):
        list(pool.run([Unit("bug", "bug")]))
    assert events == []
    assert (tmp_path / "bug.tries").read_text() == "x"

"""What calls of worlds cost: 64 worlds of BFCL's file system side by side, in workers that hold many of them, and
beside that a process for each world, forked or started anew.
"""

import asyncio
import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import psutil

from rollout.foreign.bfcl_classes import BASE
from rollout.foreign.bfcl_tasks import tasks
from rollout.records import Call, canonical_json
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.isolation.isolated import IsolatedSession, IsolatedToolbox

CLASS = "GorillaFileSystem"
WORLDS = 64
CALLS, WINDOWS = 2_000, 10
"""Calls of a window, and windows: where the cores are shared, one says little."""
MANY = 600
"""Worlds that are opened in order to see what one takes."""


def scripts() -> Iterator[tuple[str, tuple[Call, ...]]]:
    """State, and gold calls of the file system, of the plainest category's tasks with one, again and again."""
    found = []
    for task in tasks(BASE):
        state = json.loads(task.state)
        names = {call.name for calls in task.gold for call in calls}
        toolbox = load_toolbox(f"bfcl:{CLASS}#turns")
        if task.classes == (CLASS,) and names <= toolbox.functions.keys():
            calls = tuple(call for calls in task.gold for call in calls)
            found.append((canonical_json(state), calls))
    return itertools.cycle(found)


def opened(toolbox: IsolatedToolbox, count: int) -> list[tuple[IsolatedSession, tuple[Call, ...]]]:
    """Worlds, with what is to be called in each; they are opened in their workers."""
    worlds = []
    for state, calls in itertools.islice(scripts(), count):
        session = toolbox.open(state)
        session.state()
        worlds.append((session, calls))
    return worlds


def processes(toolbox: IsolatedToolbox) -> list[psutil.Process]:
    return [psutil.Process(worker.process_id) for worker in toolbox.workers if worker.process_id]


def cpu_seconds(found: Sequence[psutil.Process]) -> float:
    return float(sum(each.cpu_times().user + each.cpu_times().system for each in found))


def own_memory(found: Sequence[psutil.Process]) -> float:
    """MiB that these processes share with no other."""
    return float(sum(each.memory_full_info().uss for each in found)) / 2**20


async def _called(worlds: Sequence[tuple[IsolatedSession, tuple[Call, ...]]], calls: int) -> int:
    async def play(session: IsolatedSession, script: tuple[Call, ...]) -> int:
        made = 0
        for call in itertools.islice(itertools.cycle(script), calls // len(worlds)):
            made += 1
            await session.call_async(call, {}, 5.0)
        return made

    return sum(await asyncio.gather(*(play(*world) for world in worlds)))


def reused() -> dict[str, Any]:
    """Calls a second over 64 worlds in the usual workers, and memory of a world."""
    toolbox = load_toolbox(f"bfcl:{CLASS}#turns")
    assert isinstance(toolbox, IsolatedToolbox)
    worlds = opened(toolbox, WORLDS)
    asyncio.run(_called(worlds, WORLDS * 10))
    everyone = [psutil.Process(), *processes(toolbox)]
    walls, costs = list[float](), list[float]()
    for _ in range(WINDOWS):
        started, cpu = time.perf_counter(), cpu_seconds(everyone)
        made = asyncio.run(_called(worlds, CALLS))
        walls.append(made / (time.perf_counter() - started))
        costs.append(1000 * (cpu_seconds(everyone) - cpu) / made)
    started = time.perf_counter()
    opened(toolbox, MANY)
    opening = (time.perf_counter() - started) / MANY
    return {
        "calls_per_second": round(statistics.median(walls)),
        "calls_per_second_fastest_window": round(max(walls)),
        "cpu_ms_per_call": round(statistics.median(costs), 3),
        "cpu_ms_per_call_cheapest_window": round(min(costs), 3),
        "calls_per_second_that_two_cores_pay": round(2000 / statistics.median(costs)),
        "workers": len(processes(toolbox)),
        "open_ms": round(1000 * opening, 2),
        "mb_per_world": apart("held", MANY)["mb_per_world"],
        "mb_per_worker": round(own_memory(processes(toolbox)) / len(processes(toolbox)), 1),
    }


def apart(how: str, worlds: int) -> dict[str, Any]:
    """The same with a process for each world, `fork` or `anew`, in a process of its own."""
    states = json.dumps([state for state, _ in itertools.islice(scripts(), worlds)])
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.worlds.apart", how], input=states, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def everything() -> dict[str, Any]:
    """All three ways."""
    found = reused()
    ways = {"reused": {key: found[key] for key in ("open_ms", "mb_per_world")}}
    ways |= {how: apart(how, worlds) for how, worlds in (("fork", WORLDS), ("anew", 4))}
    return {**found, "worlds": WORLDS, "ways": ways, "load_average": round(psutil.getloadavg()[0], 1)}

"""Worlds in processes of their own, for comparison: `python -m benchmarks.worlds.apart held|fork|anew < STATES`.

`held`: all in one process, whose memory is traced: a world is too small to be seen otherwise. `fork`: copies of a
process that has imported the classes, each of which then gives up its rights. `anew`: workers as toolboxes have them,
one a world. Prints what opening one takes, and what memory it has for itself.
"""

import json
import os
import select
import signal
import sys
import tempfile
import time
import tracemalloc
from typing import Any

import psutil

from rollout.foreign.worlds import served
from rollout.toolboxes.isolation.confinement import confine
from rollout.toolboxes.isolation.processes import Worker

_LONGEST_S = 120.0


def held(states: list[str]) -> dict[str, Any]:
    """All worlds in this process."""
    toolbox = served("bfcl:all")
    tracemalloc.start()
    before, started = tracemalloc.get_traced_memory()[0], time.perf_counter()
    worlds = [toolbox.open(state) for state in states]
    seconds, memory = time.perf_counter() - started, tracemalloc.get_traced_memory()[0] - before
    return _per_world(seconds, memory, len(worlds))


def forked(states: list[str]) -> dict[str, Any]:
    """Each world in a copy of this process, which has one thread."""
    toolbox, scratch = served("bfcl:all"), tempfile.mkdtemp()
    reading, writing = os.pipe()
    children, started = list[int](), time.perf_counter()
    for state in states:
        child = os.fork()
        if not child:
            try:
                confine([], scratch)
                session = toolbox.open(state)
                os.write(writing, b"." if session.state() else b"")
                time.sleep(_LONGEST_S)
            finally:
                os._exit(1)
        children.append(child)
    opened = 0
    try:
        while opened < len(states) and select.select([reading], [], [], _LONGEST_S)[0]:
            opened += len(os.read(reading, len(states)))
        seconds = time.perf_counter() - started
        memory = sum(psutil.Process(child).memory_full_info().uss for child in children)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        os.rmdir(scratch)
    assert opened == len(states), f"{opened} of {len(states)} worlds were opened"
    return _per_world(seconds, memory, len(states))


def anew(states: list[str]) -> dict[str, Any]:
    """Each world in a worker that is started for it."""
    workers, started = [Worker("bfcl:all") for _ in states], time.perf_counter()
    for number, (worker, state) in enumerate(zip(workers, states, strict=True)):
        worker.start()
        worker.ask({"session": number, "state": state, "history": [], "read": True}, 30.0)
    seconds = time.perf_counter() - started
    memory = sum(psutil.Process(worker.process_id).memory_full_info().uss for worker in workers)
    for worker in workers:
        worker.stop()
    return _per_world(seconds, memory, len(states))


def _per_world(seconds: float, memory: int, worlds: int) -> dict[str, Any]:
    return {"open_ms": round(1000 * seconds / worlds, 2), "mb_per_world": round(memory / worlds / 2**20, 4)}


if __name__ == "__main__":
    json.dump({"held": held, "fork": forked, "anew": anew}[sys.argv[1]](json.load(sys.stdin)), sys.stdout)

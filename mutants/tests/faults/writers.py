"""Writer processes that compete for the same plan of units, to be killed at any moment.

Run as a module it imports once and then forks a writer for each line of its input, so that hundreds of them start
in milliseconds. Every writer's rows differ, as two attempts' samples do: what is committed is one writer's, whole.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from rollout.data.shards import encode_rows
from rollout.hosts.episode_units import EpisodeUnit, plan_units
from rollout.records import Episode
from tests.rollout.data.rows import episode


def plan(units: int) -> list[EpisodeUnit]:
    return plan_units([f"p{number}" for number in range(units)], 5, 1, 5, "g1")


def work(uri: str, units: int, seed: int) -> None:
    """Commit all units, in an order of one's own."""
    ledger = Ledger(open_store(uri), "episodes")
    todo = plan(units)
    random.Random(seed).shuffle(todo)
    for unit in todo:
        if ledger.store.exists(f"episodes/commits/{unit.name}.json"):
            continue
        rows = [
            episode(unit.problem_ids[0], sample, prompt_text=f"writer {seed} " * 200, engine=str(seed))
            for sample in range(unit.sample_start, unit.sample_stop)
        ]
        encoded = encode_rows(Episode, rows)
        ledger.publish(unit.name, encoded.payload, encoded.rows, {"writer": str(seed)})


class Nursery:
    """Starts writers. One of them is named by its process id, and gone without a trace once it has ended."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def start(self, uri: str, units: int, seed: int) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([uri, units, seed]) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextlib.contextmanager
def nursery() -> Iterator[Nursery]:
    command = [sys.executable, "-m", "tests.faults.writers"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Nursery(process)
    finally:
        process.communicate(timeout=30)  # closes its input, which ends it


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended writers are reaped by the kernel
    encode_rows(Episode, [episode()])  # what is imported at first use, once for all writers
    for line in sys.stdin:
        arguments: list[Any] = json.loads(line)
        pid = os.fork()
        if pid == 0:
            try:
                work(*arguments)
            finally:
                os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main()

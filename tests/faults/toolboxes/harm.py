"""A rollout whose episodes call other processes; those are killed, and what has to be the same whatever was killed."""

import random
import signal
import subprocess
import time
from collections.abc import Callable

import psutil

from cluster.store.ledger import Ledger
from cluster.store.storage import LocalStore
from rollout.data.shards import read_rows
from rollout.records import Episode
from tests.faults.rollouts import Harmed, hosts
from tests.integration.test_whole_path import children

KILLS = 30
HOSTS_KILLED = 3


def running(process: subprocess.Popen[str], which: Callable[[list[str]], bool]) -> list[psutil.Process]:
    """Processes below a driver, by their command lines."""
    found = []
    for child in children(process):
        try:
            if which(child.cmdline()):
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


def kill_in_the_middle(
    harmed: Harmed,
    which: Callable[[list[str]], bool],
    drawn: random.Random,
    pause: tuple[float, float],
    first: int = 0,
    frozen_s: float = 0.0,
) -> None:
    """A rollout of which 30 processes, those of `which` command lines, and three hosts are killed, until it is done.

    `pause`: between kills, the least and the most seconds; `first`: units that are committed before any; `frozen_s`:
    for how long at most a process stands still before it dies, so that it dies with a call under way. No such process
    outlives the host that started it.
    """
    process, killed, hosts_killed = harmed.start(), 0, 0
    harmed.wait(process, lambda: len(harmed.committed()) >= first)
    while killed < KILLS and harmed.wait(process, lambda: running(process, which)):
        time.sleep(drawn.uniform(*pause))
        if killed % 10 == 9 and hosts_killed < HOSTS_KILLED and (there := hosts(process)):
            theirs = [each for host in there[:1] for each in host.children(recursive=True)]
            there[0].send_signal(signal.SIGKILL)
            hosts_killed += 1
            assert psutil.wait_procs(theirs, timeout=30)[1] == [], "processes outlive the host that started them"
        if found := running(process, which):
            try:
                victim = drawn.choice(found)
                victim.suspend()
                time.sleep(drawn.uniform(0.0, frozen_s))
                victim.kill()
            except psutil.NoSuchProcess:
                continue
            killed += 1
    left = harmed.units - len(harmed.committed())
    harmed.finish(process)
    assert (killed, hosts_killed) == (KILLS, HOSTS_KILLED), "the rollout was over before"
    assert left, "nothing was left to do after the last kill"


def episodes(harmed: Harmed) -> list[Episode]:
    return list(read_rows(Episode, Ledger(LocalStore(harmed.run), "episodes")))

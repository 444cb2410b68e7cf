"""A node of three dies, and its old worker still writes: the unit is done by another, and counts once."""

import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from cluster.store.ledger import Ledger
from cluster.store.storage import TEMPORARY, LocalStore
from pipeline.run.events import Events
from tests.cluster.jobs.protected import Head, protected_head
from tests.faults.rollouts import HOST, Harmed, assert_whole, prepare

pytestmark = [pytest.mark.engine, pytest.mark.faults, pytest.mark.timeout(1800)]


def test_a_raylet_of_three_is_killed_while_its_old_worker_still_writes(tmp_path: Path) -> None:
    with protected_head(cpus=1, workers=2) as head:
        address = f'[cluster]\naddress = "{head.gcs}"\n[engines.teacher]\ncount = 3\ncpus = 0.75'
        changes = {"[engines.teacher]\ncount = 2\ncpus = 0.5": address, "median_s = 0.04": "median_s = 0.6"}
        harmed = prepare(tmp_path, head.credentials, **changes)
        driver = harmed.start()
        assert harmed.wait(driver, lambda: len(writers(harmed)) == 3), harmed.said()
        raylet, old = homes(head)[-1]  # the first one is the head's, which the driver talks to
        assert harmed.wait(driver, lambda: frozen_in_a_write(harmed, old)), harmed.said()
        before = harmed.committed()
        raylet.kill()
        killed = time.monotonic()
        assert harmed.wait(driver, lambda: retried(harmed)), harmed.said()
        noticed = time.monotonic() - killed
        head.add(cpus=1)
        assert harmed.wait(driver, lambda: len(homes(head)) == 3), harmed.said()
        replaced = time.monotonic() - killed
        harmed.recovered(driver, len(harmed.committed()))
        assert temporary(harmed), "the old worker is still in the middle of its write, and stays there to the end"
        harmed.finish(driver)
        committed = harmed.committed()
        assert before.items() <= committed.items()
        with suppress(psutil.NoSuchProcess):
            old.resume()
        old.wait(timeout=60)  # nobody is left behind
        assert harmed.committed() == committed, "what it wrote came too late"
        ledger = Ledger(LocalStore(harmed.run), "episodes")
        named = {commit.shard for commit in ledger.history().values()}
        named |= {commit.shard for commit in ledger.commits().values()}
        orphans = sum(path.removeprefix("episodes/") not in named for path in ledger.store.list("episodes/shards"))
        print(  # noqa: T201
            f"\nraylet killed: noticed after {noticed:.1f} s, a host on a late node after {replaced:.1f} s; "
            f"{orphans} shard(s) of the old worker that nothing names, {len(temporary(harmed))} half written"
        )
        assert orphans or temporary(harmed), "its write is there, whole or half, and no record names it"
        assert_whole(harmed, infrastructure=True)


def writers(harmed: Harmed) -> set[str]:
    """The hosts that have committed something."""
    commits = Ledger(LocalStore(harmed.run), "episodes").history().values() if harmed.committed() else ()
    return {host for commit in commits for host in commit.meta.get("host", "").split("+")}


def homes(head: Head) -> list[tuple[psutil.Process, psutil.Process]]:
    """Each raylet that has a rollout host, with that host, by age."""
    found = []
    for raylet in psutil.Process(head.process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if raylet.name() == "raylet":
                found += [(raylet, child) for child in raylet.children() if _title(child).startswith(HOST)]
    return sorted(found, key=lambda home: home[0].create_time())


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def frozen_in_a_write(harmed: Harmed, host: psutil.Process) -> bool:
    """Stop the host while something is being written; let it go on when that was another one's.

    On a fast disk a write takes a millisecond or two, so it is looked for without a pause.
    """
    deadline = time.monotonic() + 5.0
    while not temporary(harmed):
        if time.monotonic() > deadline:
            return False
    host.suspend()
    found = temporary(harmed)
    time.sleep(0.5)
    if found & temporary(harmed):
        return True
    host.resume()
    return False


def temporary(harmed: Harmed) -> set[Path]:
    """What is being written at this moment, below the ledger of the episodes."""
    return set((harmed.run / "episodes").glob(f"*/{TEMPORARY}*"))


def retried(harmed: Harmed) -> bool:
    """Whether the pool knows that a host fell."""
    return any(event["event"] == "retry" for event in Events(harmed.run / "events.jsonl").read())

"""Rollouts harmed in every way that machines know: nothing is lost, nothing is there twice, nobody is left behind."""

import contextlib
import json
import re
import signal
import statistics
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from tests.faults.rollouts import Harmed, assert_whole, hosts, prepare
from tests.faults.seed import seeded
from tests.integration.test_whole_path import assert_gone, children

pytestmark = [pytest.mark.engine, pytest.mark.faults, pytest.mark.timeout(1800)]

RPCS = (
    "CoreWorkerService.grpc_client.PushTask",
    "NodeManagerService.grpc_client.RequestWorkerLease",
    "NodeManagerService.grpc_client.ReturnWorkerLease",
    "NodeManagerService.grpc_client.PrepareBundleResources",
    "ray::rpc::ActorInfoGcsService.grpc_client.RegisterActor",
    "ray::rpc::ActorInfoGcsService.grpc_client.GetActorInfo",
    "ray::rpc::ActorInfoGcsService.grpc_client.KillActorViaGcs",
    "ray::rpc::NodeInfoGcsService.grpc_client.GetAllNodeInfo",
    "ray::rpc::InternalKVGcsService.grpc_client.InternalKVGet",
    "ray::rpc::InternalKVGcsService.grpc_client.InternalKVPut",
    "ray::rpc::WorkerInfoGcsService.grpc_client.AddWorkerInfo",
    "ray::rpc::PlacementGroupInfoGcsService.grpc_client.CreatePlacementGroup",
)
"""What Ray is told to lose: every process its first three of each kind, half of them before they are done and half
after. The names are those of Ray's own logs; one that Ray does not know it takes without a word."""
_INJECTED = re.compile(r"Inject RPC (?:request|response) failure.* for ([\w.:]+)")


def tell(harmed: Harmed, what: str) -> None:
    if harmed.recoveries:
        times = sorted(harmed.recoveries)
        middle = statistics.median(times)
        print(f"{what}: next commit after {middle:.1f} s in the median, {times[-1]:.1f} s at most")  # noqa: T201


def test_20_kills_of_rollout_hosts(tmp_path: Path) -> None:
    # Slower replies, so that there is work left for twenty kills.
    harmed = prepare(tmp_path, **{"median_s = 0.04": "median_s = 0.25", "count = 2": "count = 3"})
    drawn = seeded()
    process = harmed.start()
    killed = 0
    while killed < 20 and len(harmed.committed()) < harmed.units - 1:
        if not harmed.wait(process, lambda: hosts(process)):
            break
        time.sleep(drawn.uniform(0.2, 1.0))
        there = hosts(process)
        if not there:
            continue
        before = len(harmed.committed())
        drawn.choice(there).send_signal(signal.SIGKILL)
        killed += 1
        # Three at once, so that all hosts are gone together now and then.
        if killed % 3 == 0:
            harmed.recovered(process, before)
    harmed.finish(process)
    assert killed == 20, "the rollout was over before"
    tell(harmed, "rollout hosts killed")
    assert_whole(harmed)


def test_the_driver_killed_at_10_random_points(tmp_path: Path) -> None:
    # Many and slow ones, or they are done after some of the kills.
    harmed = prepare(tmp_path, **{"median_s = 0.04": "median_s = 0.4", "train = 64": "train = 128"})
    drawn = seeded()
    before: dict[str, bytes] = {}
    for number in range(10):
        process = harmed.start()
        began = time.monotonic()
        # Anywhere from before the first new commit on, in the middle of a start too.
        wanted = min(len(before) + drawn.choice((0, 1, 1, 2, 3)), harmed.units)
        there = harmed.wait(process, lambda least=wanted: len(harmed.committed()) >= least)
        assert there or wanted == harmed.units, harmed.said()
        if wanted > len(before):
            harmed.recoveries.append(time.monotonic() - began)
        time.sleep(drawn.uniform(0, 1.5 if number % 3 else 6))
        family = children(process) if process.poll() is None else []
        process.kill()
        process.wait()
        assert_gone(family)
        after = harmed.committed()
        assert before.items() <= after.items(), "a committed unit was done again"
        before = after
    assert len(before) < harmed.units, "nothing was left to kill"
    tell(harmed, "driver killed and started again")
    harmed.finish(harmed.start())
    assert_whole(harmed)


def test_sigterm_ends_cleanly_and_the_same_command_goes_on(tmp_path: Path) -> None:
    harmed = prepare(tmp_path, **{"median_s = 0.04": "median_s = 0.15"})
    process = harmed.start()
    assert harmed.wait(process, lambda: len(harmed.committed()) >= 2)
    family = children(process)
    before = harmed.committed()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=120) not in (0, -signal.SIGTERM), "a stopped rollout is no success, and says goodbye"
    assert "the same command goes on from here" in harmed.said()
    assert_gone(family)
    harmed.finish(harmed.start())
    assert before.items() <= harmed.committed().items()
    assert_whole(harmed)


def test_a_host_that_is_stopped_and_wakes_up_later_commits_nothing_twice(tmp_path: Path) -> None:
    harmed = prepare(tmp_path, **{"median_s = 0.04": "median_s = 0.25", "silence_s = 20": "silence_s = 5"})
    process = harmed.start()
    assert harmed.wait(process, lambda: len(harmed.committed()) >= 2)
    frozen = seeded().choice(hosts(process))
    frozen.send_signal(signal.SIGSTOP)
    assert harmed.wait(process, lambda: _replaced(harmed))
    # Counted from here: the other host commits on all the while.
    harmed.recovered(process, len(harmed.committed()))
    with contextlib.suppress(psutil.NoSuchProcess):
        frozen.send_signal(signal.SIGCONT)  # it finds its unit done by another, or itself at its end
    harmed.finish(process)
    tell(harmed, "a host frozen")
    assert_whole(harmed)


def test_12_rpc_faults(tmp_path: Path) -> None:
    losses = {rpc: {"num_failures": 3, "req_failure_prob": 50, "resp_failure_prob": 50} for rpc in RPCS}
    assert len(RPCS) == 12
    harmed = prepare(tmp_path, {"RAY_testing_rpc_failure": json.dumps(losses)})
    harmed.finish(harmed.start())
    logs = [path.read_text(errors="replace") for path in (harmed.run / "logs" / "ray").iterdir()]
    lost = Counter(rpc for log in logs for rpc in _INJECTED.findall(log))
    print("".join(f"\n{count:4} of {rpc} lost" for rpc, count in sorted(lost.items())))  # noqa: T201
    assert lost.keys() == set(RPCS), "what was to be lost was never asked"
    assert_whole(harmed)


def _replaced(harmed: Harmed) -> bool:
    """Whether the pool has given a silent host up."""
    events = harmed.run / "events.jsonl"
    return events.exists() and "has not answered" in events.read_text()

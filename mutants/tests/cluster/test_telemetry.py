"""The project's metrics: what they are is documented, they cost nothing outside of Ray, and count by differences."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cluster import telemetry
from cluster.telemetry import METRICS, STEP_SECONDS, Units
from pipeline.stages.host_metrics import HostMetrics
from rollout.hosts.work import HostProgress
from tests.repository import ROOT

Series = tuple[str, tuple[tuple[str, str], ...]]


class Recorded:
    """What Ray would be told."""

    def __init__(self) -> None:
        self.sums: Counter[Series] = Counter()
        self.gauges: dict[Series, float] = {}

    def of(self, name: str, **labels: str) -> float:
        return self.sums[name, tuple(labels.items())]


class _Stand:
    """In the place of one of Ray's metrics."""

    def __init__(self, name: str, recorded: Recorded) -> None:
        self._name, self._recorded = name, recorded

    def _record(self, value: float, labels: Mapping[str, str]) -> None:
        self._recorded.sums[self._name, tuple(labels.items())] += value  # type: ignore[assignment]

    def set(self, value: float, labels: Mapping[str, str]) -> None:
        self._recorded.gauges[self._name, tuple(labels.items())] = value

    def observe(self, value: float, labels: Mapping[str, str]) -> None:
        self._recorded.sums[self._name, (*labels.items(), ("bucket", str(STEP_SECONDS.bucket(value))))] += 1


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorded]:
    found = Recorded()

    def stand(metric: telemetry.Metric, labels: Mapping[str, str]) -> Any:
        assert set(labels) == set(metric.labels)
        return _Stand(metric.name, found)

    monkeypatch.setattr(telemetry.Metric, "_ray", stand)
    monkeypatch.setattr(telemetry, "connected", lambda: True)
    monkeypatch.setattr(telemetry, "_repeat_gauges", lambda: None)
    telemetry.reset()
    yield found
    telemetry.reset()


def test_the_guide_lists_every_metric_as_it_is() -> None:
    guide = (ROOT / "docs" / "operations.md").read_text()
    rows = re.findall(r"(?m)^\| `ray_(chainpref_\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|$", guide)
    documented = {name: (kind, re.findall(r"`(\w+)`", labels), meaning) for name, kind, labels, meaning in rows}
    assert documented == {one.name: (one.kind, list(one.labels), one.meaning) for one in METRICS}
    assert len(rows) == len(METRICS)


def test_outside_of_ray_nothing_happens_and_nothing_is_loaded() -> None:
    code = (
        "import sys, threading\n"
        "from cluster import telemetry as t\n"
        "t.EPISODES.add(1, outcome='right', host='h'); t.KV_USAGE.set(0.5, host='h')\n"
        "t.STEP_SECONDS.add([1], host='h')\n"
        "t.Units('run', 'rollout', 3, 0).ended()\n"
        "with t.running('rollout'): pass\n"
        "print('ray' in sys.modules, threading.active_count())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "1"]


def test_a_missing_or_foreign_label_is_a_mistake_even_outside_of_ray() -> None:
    with pytest.raises(AssertionError, match="host"):
        telemetry.EPISODES.add(1, outcome="right")
    with pytest.raises(AssertionError, match="run"):
        telemetry.HOSTS_LOST.add(1, run="x")


def test_a_bucket_is_named_by_its_upper_bound() -> None:
    assert [STEP_SECONDS.bucket(value) for value in (0.0, 0.01, 0.011, 250.0, 251.0)] == [0, 0, 1, 13, 14]
    assert STEP_SECONDS.buckets == 15


def test_readings_count_by_differences_and_a_new_process_from_nothing(recorded: Recorded) -> None:
    metrics = HostMetrics(now=0.0)
    assert recorded.sums["chainpref_hosts_lost_total", ()] == 0
    assert ("chainpref_hosts_lost_total", ()) in recorded.sums, "there at zero, or PromQL sees no increase"
    metrics.begin(["a"])
    assert ("chainpref_episodes_total", (("outcome", "infrastructure"), ("host", "a"))) in recorded.sums
    one = HostProgress(
        host="a",
        process=7,
        finished=4,
        outcomes={"right": 3, "wrong": 1},
        generated_tokens=100,
        prompt_tokens=50,
        cached_prompt_tokens=20,
        step_seconds=(2, 3),
        live=5,
        running=4,
        queued=1,
        kv_usage=0.25,
        probes={"base": 1e-6, "dpo": 3e-6},
    )
    rates = metrics.read(one, now=2.0)
    assert recorded.gauges["chainpref_probe_difference", (("host", "a"),)] == 3e-6
    assert rates == {"episodes_per_s": 2.0, "tokens_per_s": 50.0}
    two = HostProgress(
        host="a", process=7, finished=6, outcomes={"right": 5, "wrong": 1}, generated_tokens=130, step_seconds=(2, 4)
    )
    assert metrics.read(two, now=4.0)["episodes_per_s"] == 1.0
    again = HostProgress(
        host="a", process=8, finished=9, outcomes={"right": 9}, generated_tokens=200, step_seconds=(9,)
    )
    metrics.read(again, now=5.0)
    assert recorded.of("chainpref_episodes_total", outcome="right", host="a") == 3 + 2 + 9
    assert recorded.of("chainpref_episodes_total", outcome="wrong", host="a") == 1
    assert recorded.of("chainpref_generated_tokens_total", host="a") == 100 + 30 + 200
    assert recorded.of("chainpref_step_seconds", host="a", bucket="0") == 2 + 9
    assert recorded.of("chainpref_step_seconds", host="a", bucket="1") == 3 + 1
    assert recorded.gauges["chainpref_live_episodes", (("host", "a"),)] == 0
    recorded.gauges.clear()
    metrics.close()
    for metric in METRICS:
        if isinstance(metric, telemetry.Gauge):
            metric.repeat()
    assert recorded.gauges == {}, "a host that is gone is not repeated"


def test_units_of_several_runs_add_up_and_count_once(recorded: Recorded) -> None:
    first = Units("runs/a", "rollout", planned=10, done=4)
    first.ended()
    Units("runs/a", "rollout", planned=10, done=5)  # said again, as when the stage is begun again
    Units("runs/b", "rollout", planned=6, done=0).ended(2)
    assert recorded.of("chainpref_units_committed_total", stage="rollout") == 5 + 2
    assert recorded.gauges["chainpref_units_planned", (("stage", "rollout"),)] == 16

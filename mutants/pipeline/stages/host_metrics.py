"""Turns the readings of a pool's hosts into metrics: each reading counts what is new since the one before."""

from collections.abc import Iterable
from itertools import zip_longest

from cluster import telemetry
from rollout.hosts.work import HostProgress
from rollout.records import Outcome

_GAUGES = (
    telemetry.LIVE_EPISODES,
    telemetry.RUNNING_REQUESTS,
    telemetry.WAITING_REQUESTS,
    telemetry.KV_USAGE,
    telemetry.PROBE_DIFFERENCE,
)


_COUNTERS = (telemetry.GENERATED_TOKENS, telemetry.PROMPT_TOKENS, telemetry.CACHED_TOKENS, telemetry.RETRIES)


class HostMetrics:
    """The metrics of a pool's hosts. `now` is in seconds of a monotonic clock."""

    def __init__(self, now: float) -> None:
        self._started = now
        self._before: dict[str, tuple[float, HostProgress]] = {}
        self._begun: set[str] = set()
        telemetry.HOSTS_LOST.add(0)
        telemetry.QUARANTINED.add(0)

    def begin(self, hosts: Iterable[str]) -> None:
        """Let the counters of new hosts appear at zero."""
        for host in set(hosts) - self._begun:
            self._begun.add(host)
            for outcome in Outcome:
                telemetry.EPISODES.add(0, outcome=outcome.value, host=host)
            for counter in _COUNTERS:
                counter.add(0, host=host)

    def read(self, reading: HostProgress, now: float) -> dict[str, float]:
        """Count what is new in a reading. Returns the host's rates since the reading before."""
        host = reading.host
        self.begin([host])
        read_at, before = self._before.get(host, (self._started, None))
        self._before[host] = now, reading
        # The counts of a process only grow; another process begins at zero.
        if (
            before is None
            or reading.process != before.process
            or reading.finished < before.finished
            or reading.generated_tokens < before.generated_tokens
        ):
            before = HostProgress(host=host)
        new = {name: count - before.outcomes.get(name, 0) for name, count in reading.outcomes.items()}
        for outcome, episodes in new.items():
            telemetry.EPISODES.add(episodes, outcome=outcome, host=host)
        tokens = reading.generated_tokens - before.generated_tokens
        telemetry.GENERATED_TOKENS.add(tokens, host=host)
        telemetry.PROMPT_TOKENS.add(reading.prompt_tokens - before.prompt_tokens, host=host)
        telemetry.CACHED_TOKENS.add(reading.cached_prompt_tokens - before.cached_prompt_tokens, host=host)
        steps = zip_longest(reading.step_seconds, before.step_seconds, fillvalue=0)
        telemetry.STEP_SECONDS.add([count - old for count, old in steps], host=host)
        telemetry.LIVE_EPISODES.set(reading.live, host=host)
        telemetry.RUNNING_REQUESTS.set(reading.running, host=host)
        telemetry.WAITING_REQUESTS.set(reading.queued, host=host)
        telemetry.KV_USAGE.set(reading.kv_usage, host=host)
        if reading.probes:
            telemetry.PROBE_DIFFERENCE.set(max(reading.probes.values()), host=host)
        elapsed = max(1e-9, now - read_at)
        episodes_per_s, tokens_per_s = round(sum(new.values()) / elapsed, 2), round(tokens / elapsed, 1)
        return {"episodes_per_s": episodes_per_s, "tokens_per_s": tokens_per_s}

    def gone(self, hosts: Iterable[str]) -> None:
        """Drop the gauges of hosts that have no process now, so that their last values are not exported again."""
        for host in hosts:
            for gauge in _GAUGES:
                gauge.forget(host=host)

    def close(self) -> None:
        """Drop the gauges of all hosts."""
        self.gone(self._begun)

"""From the readings of a pool's hosts to metrics: by differences, a few times a minute, whatever the hosts do."""

from collections.abc import Iterable, Mapping
from itertools import zip_longest

import msgspec

from cluster import telemetry
from rollout.hosts.work import HostProgress
from rollout.records import Outcome

_GAUGES = (telemetry.LIVE_EPISODES, telemetry.RUNNING_REQUESTS, telemetry.WAITING_REQUESTS, telemetry.KV_USAGE)


class HostRates(msgspec.Struct, frozen=True, kw_only=True):
    """What a host has done since the reading before."""

    episodes_per_s: float
    tokens_per_s: float


class HostMetrics:
    """The metrics of a pool's hosts. `now`: seconds of a monotonic clock."""

    def __init__(self, now: float) -> None:
        self._started = now
        self._before: dict[str, tuple[float, HostProgress]] = {}
        self._begun: set[str] = set()
        telemetry.HOSTS_LOST.add(0)
        telemetry.QUARANTINED.add(0)

    def begin(self, hosts: Iterable[str]) -> None:
        """Let the counters of hosts that are new appear at zero."""
        for host in set(hosts) - self._begun:
            self._begun.add(host)
            for outcome in Outcome:
                telemetry.EPISODES.add(0, outcome=outcome.value, host=host)
            for counter in (
                telemetry.GENERATED_TOKENS,
                telemetry.PROMPT_TOKENS,
                telemetry.CACHED_TOKENS,
                telemetry.RETRIES,
            ):
                counter.add(0, host=host)

    def read(self, reading: HostProgress, now: float) -> HostRates:
        """Count what is new in a reading, and say how fast it was."""
        host = reading.host
        self.begin([host])
        read_at, before = self._before.get(host, (self._started, None))
        self._before[host] = now, reading
        if before is None or not _same_process(before, reading):
            before = HostProgress(host=host)
        new = _new(before.outcomes, reading.outcomes)
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
        elapsed = max(1e-9, now - read_at)
        return HostRates(episodes_per_s=round(sum(new.values()) / elapsed, 2), tokens_per_s=round(tokens / elapsed, 1))

    def gone(self, hosts: Iterable[str]) -> None:
        """These hosts have no process now: what it did last is not repeated."""
        for host in hosts:
            for gauge in _GAUGES:
                gauge.forget(host=host)

    def close(self) -> None:
        """The pool ends."""
        self.gone(self._begun)


def _same_process(before: HostProgress, reading: HostProgress) -> bool:
    """Whether both are of one process, whose counts only grow."""
    return (
        reading.process == before.process
        and reading.finished >= before.finished
        and reading.generated_tokens >= before.generated_tokens
    )


def _new(before: Mapping[str, int], now: Mapping[str, int]) -> dict[str, int]:
    return {name: count - before.get(name, 0) for name, count in now.items()}

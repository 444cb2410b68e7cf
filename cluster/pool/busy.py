"""How long workers have had something to do. Pure: the caller says what time it is."""


class BusyTime:
    """Seconds in which workers had work, of all workers together. A worker that has several pieces of work at a time is
    busy once. Times are in seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._ended = 0.0
        self._since: dict[str, float] = {}

    def begin(self, worker: str, now: float) -> None:
        """The worker has work from now on, if it had none."""
        self._since.setdefault(worker, now)

    def end(self, worker: str, now: float) -> None:
        """The worker has none left."""
        if (since := self._since.pop(worker, None)) is not None:
            self._ended += now - since

    def seconds(self, now: float) -> float:
        """Until now, those of workers that are busy included. Another thread may ask."""
        return self._ended + sum(max(0.0, now - since) for since in list(self._since.values()))


def idle_share(busy_s: float, workers: int, seconds: float) -> float:
    """The share of so many workers' `seconds` in which they had no work, from 0 to 1."""
    return round(min(1.0, max(0.0, 1.0 - busy_s / max(1e-9, workers * seconds))), 4)

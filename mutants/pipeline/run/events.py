"""RUN/events.jsonl: what happened, when and for how long. One JSON object a line, appended and never rewritten."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec


class Events:
    """The event log of a run. Each line is written by one call; the half line of a killed writer is skipped."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, kind: str, **details: Any) -> None:
        row = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": kind, **details}
        line = msgspec.json.encode(row) + b"\n"
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            whole = not size or os.pread(descriptor, 1, size - 1) == b"\n"
            os.write(descriptor, line if whole else b"\n" + line)
        finally:
            os.close(descriptor)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Record the start and the end of a stage, and how long it took, whether or not it fails."""
        started = time.monotonic()
        self.add("stage started", stage=name)
        ended = "interrupted"
        try:
            yield
            ended = "done"
        except Exception as error:
            ended = f"failed: {type(error).__name__}"
            raise
        finally:
            self.add("stage ended", stage=name, how=ended, seconds=round(time.monotonic() - started, 3))

    def read(self) -> Iterator[dict[str, Any]]:
        """All whole lines, oldest first."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            for line in file:
                with suppress(msgspec.DecodeError):
                    yield msgspec.json.decode(line, type=dict[str, Any])

    def seconds(self) -> dict[str, float]:
        """Stage -> seconds spent in it, over all sessions."""
        spent: dict[str, float] = {}
        for row in self.read():
            if row.get("event") == "stage ended":
                spent[row["stage"]] = round(spent.get(row["stage"], 0.0) + row["seconds"], 3)
        return spent

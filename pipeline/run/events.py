"""RUN/events.jsonl: what happened, when and for how long. One JSON object a line, appended and never rewritten."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from cluster.shown import redacted
from cluster.store.lines import append_line, read_lines
from rollout.data.arrow import decoding


class Events:
    """The event log of a run. Each line is written by one call and carries a digest of all before it
    (`cluster.store.lines`); the half line of a killed writer is skipped."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, kind: str, **details: Any) -> None:
        """Append what happened, without credentials: causes quote what libraries said."""
        row = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": kind, **details}
        append_line(self._path, redacted(msgspec.json.encode(row).decode()).encode())

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
        """All whole lines, oldest first. Raises CorruptionError where one is not what was written."""
        return read_lines(self._path)

    def understood(self) -> AbstractContextManager[None]:
        """For a block that uses what rows hold: where one holds something else, it raises a CorruptionError."""
        return decoding(str(self._path))

    def seconds(self) -> dict[str, float]:
        """Stage -> seconds spent in it, over all sessions."""
        spent: dict[str, float] = {}
        with self.understood():
            for row in self.read():
                if row.get("event") == "stage ended":
                    spent[row["stage"]] = round(spent.get(row["stage"], 0.0) + float(row["seconds"]), 3)
        return spent

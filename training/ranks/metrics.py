"""An arm's metrics: a file of JSON lines, one for each optimizer step. Light."""

import json
from collections.abc import Mapping
from pathlib import Path

from cluster.store.lines import append_line, read_lines, write_lines


def truncate_metrics(path: Path, step: int) -> list[dict[str, float]]:
    """Keep the rows up to `step`, and return them; a last line that a kill cut short is dropped, too."""
    kept = [row for row in read_metrics(path) if row["step"] <= step]
    write_lines(path, (json.dumps(row).encode() for row in kept))
    return kept


def append_metrics(path: Path, row: Mapping[str, float]) -> None:
    """Append a row with its digest."""
    append_line(path, json.dumps(row).encode())


def read_metrics(path: Path) -> list[dict[str, float]]:
    """The whole rows of a metrics file; none where there is no file. Raises CorruptionError for a damaged one."""
    return list(read_lines(path))

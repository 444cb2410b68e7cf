"""An arm's metrics: a file of JSON lines, one for each optimizer step. Light."""

import json
from pathlib import Path

from cluster.store.atomic import atomic_file


def truncate_metrics(path: Path, step: int) -> list[dict[str, float]]:
    """Keep the rows up to `step`, and return them; a last line that a kill cut short is dropped, too."""
    kept = [row for row in read_metrics(path) if row["step"] <= step]
    with atomic_file(path, replace=True) as file:
        file.writelines(json.dumps(row).encode() + b"\n" for row in kept)
    return kept


def read_metrics(path: Path) -> list[dict[str, float]]:
    """The rows of a metrics file up to the first that is not whole; none where there is no file."""
    if not path.exists():
        return []
    rows = []
    for line in path.read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows

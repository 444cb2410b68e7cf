"""An arm's metrics: a file of JSON lines, one an optimizer step, each step once. Light."""

import json
import os
from pathlib import Path


def truncate_metrics(path: Path, step: int) -> list[dict[str, float]]:
    """Keep the rows up to `step`, and return them; a last line that was cut by a kill goes too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = [row for row in read_metrics(path) if row["step"] <= step]
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w") as file:
        file.writelines(json.dumps(row) + "\n" for row in kept)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    return kept


def read_metrics(path: Path) -> list[dict[str, float]]:
    """The whole rows of a metrics file; none where there is no file."""
    if not path.exists():
        return []
    rows = []
    for line in path.read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows

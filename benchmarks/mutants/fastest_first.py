"""Has pytest run the fastest tests first, a file at a time: one that fails then ends a mutant's run early.

A plugin for mutmut's runs, which take place in its copy of the repository; times are those that it measured there.
"""

import json
from collections import defaultdict
from pathlib import Path
from statistics import fmean

import pytest

TIMES = Path("mutmut-stats.json")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not TIMES.is_file():
        return
    seconds: dict[str, float] = json.loads(TIMES.read_text())["duration_by_test"]
    by_file: dict[str, list[float]] = defaultdict(list)
    for item in items:
        by_file[item.location[0]].append(seconds.get(item.nodeid, 0.0))
    # Files stay together, so that what a module's tests share is made once.
    items.sort(key=lambda item: (fmean(by_file[item.location[0]]), item.location[0], seconds.get(item.nodeid, 0.0)))

"""What a user's function can reach from its worker: attempts on files, processes, signals, the network and the worker's
own pipe, by Python's modules, by common libraries and by system calls.

    python -m benchmarks.attacks --json FILE

An attempt is contained if it neither reports success nor leaves a trace outside: in a folder beside the toolbox's, at
the listening sockets, in this process, or as a process that lives on. `DOCUMENTED` names those that are not contained,
as docs/security.md does. Exit status 1 when another one is not contained.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.attacks.attempts import ATTEMPTS, DOCUMENTED
from benchmarks.attacks.scene import contained, scene
from rollout.toolboxes.isolation.confinement import shortfalls


def measure() -> dict[str, Any]:
    """All attempts: how many there are, how many are contained, and the names of the others."""
    with scene() as there:
        reached = {name: what for name in ATTEMPTS if (what := contained(there, name))}
    return {
        "attempts": len(ATTEMPTS),
        "contained": len(ATTEMPTS) - len(reached),
        "not_contained": sorted(reached),
        "documented": sorted(DOCUMENTED),
        "reached": reached,
        "kernel": list(shortfalls()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="where the figures go")
    target = parser.parse_args().json
    figures = measure()
    if target is not None:
        target.write_text(json.dumps(figures, indent=1))
    print(
        f"{figures['attempts']} attempts, {figures['contained']} contained; not contained: {figures['not_contained']}"
    )
    for line in figures["kernel"]:
        print(line)
    return 0 if set(figures["not_contained"]) <= set(DOCUMENTED) else 1


if __name__ == "__main__":
    sys.exit(main())

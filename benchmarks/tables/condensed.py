"""The figures of a finished run that a document quotes: `python -m benchmarks.tables.condensed RUN --json FILE`.

A run's summary.json holds every metric of every model on every suite. Of a run with sixteen suites that is more than a
document's table needs; what is left here is as it stands there.
"""

import argparse
import json
from pathlib import Path
from typing import Any

_WHOLE = ("seconds", "training", "prediction", "bfcl", "answer", "versions")
_OF_A_SUITE = ("n", "accuracy", "ci", "sampled_accuracy", "samples", "truncated", "errors", "forms")
_SAID = "of it, by `python -m benchmarks.tables.condensed RUN --json FILE`, the figures that are quoted"


def condensed(summary: dict[str, Any], command: str) -> dict[str, Any]:
    """The quoted figures of a run's summary, with the command that made the run."""
    arms = {
        model: {suite: {name: found[name] for name in _OF_A_SUITE} for suite, found in figures["suites"].items()}
        for model, figures in summary["arms"].items()
    }
    return {"command": f"{command}; {_SAID}", **{name: summary[name] for name in _WHOLE}, "models": arms}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--command", required=True, help="the command that made the run")
    options = parser.parse_args()
    summary = json.loads((options.run / "report" / "summary.json").read_text())
    options.json.write_text(json.dumps(condensed(summary, options.command), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

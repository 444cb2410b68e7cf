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


def condensed(summary: dict[str, Any], rewards: dict[str, list[list[float]]], command: str) -> dict[str, Any]:
    """The quoted figures of a run's summary, with the rewards of its DPO arms and the command that made the run."""
    arms = {
        model: {suite: {name: found[name] for name in _OF_A_SUITE} for suite, found in figures["suites"].items()}
        for model, figures in summary["arms"].items()
    }
    whole = {name: summary[name] for name in _WHOLE}
    return {"command": f"{command}; {_SAID}", **whole, "models": arms, "rewards": rewards}


def rewards_of(metrics: Path) -> list[list[float]]:
    """For each step of a DPO arm beta times the log-ratio to the reference, in nats: of chosen, of rejected chains."""
    rows = [json.loads(line) for line in metrics.read_text().splitlines()]
    return [[row["rewards/chosen"], row["rewards/rejected"]] for row in rows if "rewards/chosen" in row]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--command", required=True, help="the command that made the run")
    options = parser.parse_args()
    summary = json.loads((options.run / "report" / "summary.json").read_text())
    files = {name: options.run / "checkpoints" / name / "metrics.jsonl" for name in summary["training"]}
    rewards = {name: found for name, path in files.items() if (found := rewards_of(path))}
    options.json.write_text(json.dumps(condensed(summary, rewards, options.command), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

"""Which table is made of which result file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.tables import certainty, gpu, judging, rollouts, sweeps, training
from evaluation.sweep import SweepSummary, read_sweep_summary

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
RESULTS = ROOT / "docs" / "results"
SMOLLM2 = {"s0": "smollm2", "s1": "smollm2-s1", "s2": "smollm2-s2"}
"""Run of recipes/smollm2-replicates.toml -> its result file."""


def result(name: str) -> Any:
    """A result file as plain values."""
    return json.loads((RESULTS / f"{name}.json").read_text())


def sweep(name: str) -> SweepSummary:
    """A result file that is a sweep's summary."""
    path = RESULTS / f"{name}.json"
    return read_sweep_summary(path.read_bytes(), str(path))


def tables() -> dict[str, Callable[[], str]]:
    """The makers of all tables, by the name in the documents."""
    return {
        "dpo_step-8x8": lambda: training.steps_table(result("dpo_step"), 8, 8),
        "dpo_step-1x1": lambda: training.steps_table(result("dpo_step"), 1, 1),
        "dpo_step_sweep": lambda: training.sweep_table(result("dpo_step_sweep")),
        "grpo_step": lambda: training.updates_table(result("grpo-step")),
        "dpo_local": lambda: training.local_table(result("dpo_local")),
        "rollout-ratios": lambda: rollouts.ratios_table(result("rollout")),
        "rollout-processor": lambda: rollouts.processor_table(result("rollout")),
        "rollout-microchain": lambda: rollouts.microchain_table(result("rollout")),
        "rollout-steps": lambda: rollouts.steps_table(result("rollout")),
        "cores": lambda: rollouts.cores_table(result("cores")),
        "scheduling": lambda: rollouts.scheduling_table(result("scheduling")),
        "storage": lambda: rollouts.storage_table(result("storage")),
        "calls": lambda: rollouts.calls_table(result("calls")),
        "templates": lambda: rollouts.templates_table(result("templates")),
        "coverage-accuracy": lambda: certainty.accuracy_table(result("coverage")),
        "coverage-differences": lambda: certainty.differences_table(result("coverage")),
        "coverage-seeds": lambda: certainty.seeds_table(result("coverage")),
        "retrieval": lambda: rollouts.retrieval_table(result("retrieval")),
        "checkers": lambda: judging.checkers_table(result("checkers")),
        "bfcl": lambda: judging.bfcl_table(result("bfcl")),
        "gpu-changes": lambda: gpu.changes_table(result("gpu-day")),
        "gpu-kernels": lambda: gpu.kernels_table(result("gpu-day")),
        "gpu-zero": lambda: gpu.zero_table(result("gpu-day")),
        "tune-local": lambda: sweeps.rows_table(sweep("tune-local")),
        "smollm2-sampled": lambda: sweeps.suites_table(sweep("smollm2-replicates"), "sampled"),
        "smollm2-greedy": lambda: sweeps.suites_table(sweep("smollm2-replicates"), "greedy"),
        "smollm2-whole": lambda: sweeps.board_table(result("smollm2-whole")),
        "smollm2-moved": lambda: sweeps.moved_table({name: result(file) for name, file in SMOLLM2.items()}, beta=0.1),
        "smollm2-tune": lambda: sweeps.rates_table(result("smollm2-tune"), beta=0.1),
        "worlds-local": lambda: sweeps.models_table(result("worlds-local")),
        "worlds-local-attempts": lambda: sweeps.attempts_table(result("worlds-local")),
        "rivals-local": lambda: sweeps.rivals_table(result("rivals-local")),
        "local": lambda: sweeps.rows_table(sweep("local")),
        "local-answers": lambda: sweeps.answers_list(sweep("local")),
    }

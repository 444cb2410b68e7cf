"""What a DPO step costs four ways: python -m benchmarks.dpo_step --json FILE [--device cuda] [--quick] [--only ROW ...]

All ways get the same pairs, run in turns, and must have the same gradient: a row in which they differ ends the run with
an error. `fraction_of_limit` is the tree's FLOP (without embeddings and recomputation) over its seconds and over the
matrix rate that the same machine reached between the repetitions. Each row is written as soon as it is measured.
"""

import argparse
import json
import statistics
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks.steps.dpo import MODELS, WAYS, DpoSetup, Row, make_example, make_model
from benchmarks.steps.turns import checked_errors, in_turns
from training.tree.flops import body_parameters, matrix_rate, tree_flop
from training.tree.scoring import add_tree_scoring, tree_batch

MAIN = (Row(8, 8, 600, 120), Row(1, 1, 30, 300))
SWEEP = tuple(Row(n, n, prompt, 60) for n in (1, 2, 4, 8, 16) for prompt in (6, 60, 300))
LARGE = (Row(500, 500, 60, 30),)
GPU = (Row(8, 8, 1500, 300),)
QUICK = (Row(2, 2, 24, 12), Row(1, 1, 6, 30))
TOLERANCE = {"cpu": 1e-5, "cuda": 5e-2}
"""Relative norm against pairs one by one: float32 on the CPU, bfloat16 on CUDA."""
TRL_TOLERANCE = 5
"""Factor of the tolerance for TRL. It adds a chain's log-probabilities up in float32, the others in float64: rounding
1,800 nats shifts its gradient by 1.3e-5 in one of the rows."""
_MOST_PAIRS_ONE_BY_ONE = 64


def main() -> int:
    options = _options()
    torch.set_num_threads(options.threads)
    rows = [row for row in _rows(options) if not options.only or _name(row) in options.only]
    if not rows:
        raise SystemExit(
            f"--only {' '.join(options.only)}: no such row; there are {' '.join(map(_name, _rows(options)))}"
        )
    report: dict[str, Any] = {
        "model": options.model,
        "device": options.device,
        "threads": options.threads,
        "repetitions": options.repetitions,
        "torch": torch.__version__,
        "rows": [],
    }
    _write(options.json, report)
    for row in rows:
        report["rows"] += _measure(row, options)
        _write(options.json, report)
    report["efficiency"] = efficiency("tiny" if options.quick else options.efficiency_model, options)
    report["fraction_of_limit"] = report["efficiency"]["fraction_of_limit"]
    _write(options.json, report)
    return 0


def _measure(row: Row, options: argparse.Namespace) -> list[dict[str, Any]]:
    pairs = row.right * row.wrong
    ways = [
        way for way in WAYS if way in options.ways and not (way in ("trl", "pairs") and pairs > _MOST_PAIRS_ONE_BY_ONE)
    ]
    setups = [
        DpoSetup(
            way=way,
            row=row,
            model=options.model,
            device=options.device,
            threads=options.threads,
            tokens_per_micro_step=options.tokens_per_micro_step,
            memory_share=0.9 / len(ways),
        )
        for way in ways
    ]
    matrix: list[float] = []
    taken = in_turns(setups, options.repetitions, lambda: matrix.append(matrix_rate(torch.device(options.device))))
    base = next((way for way in ("pairs", "factored") if way in ways), ways[0])
    limits = {way: (TRL_TOLERANCE if way == "trl" else 1) * TOLERANCE[options.device] for way in ways}
    errors = checked_errors(_name(row), taken, base, limits)
    flop = tree_row_flop(row, options)
    results = []
    for way, one in taken.items():
        results.append(
            {
                **asdict(row),
                "way": way,
                "tokens": one.tokens,
                "seconds": one.seconds,
                "cpu_seconds": one.cpu_seconds,
                "pairs_per_second": pairs / one.seconds,
                "peak_mb": one.peak_mb,
                "gradient_error": None if way == base else errors[way],
                "fraction_of_limit": flop / one.seconds / statistics.median(matrix) if way == "tree" else None,
                "note": one.note,
            }
        )
        print(_line(results[-1]), flush=True)
    return results


def efficiency(size: str, options: argparse.Namespace) -> dict[str, Any]:
    """A tree row against a plain row of as many tokens, same model, in turns: FLOP rates, forward and backward."""
    row = Row(2, 2, 24, 12) if size == "tiny" else Row(8, 8, 600, 120)
    device = torch.device(options.device)
    model = make_model(size, options.device)
    parameters = body_parameters(model)
    example = make_example(row, model.config.vocab_size)
    tree = tree_batch(example.group.chains, device)
    line = make_example(Row(1, 1, tree.tokens + 1 - row.completion_tokens, row.completion_tokens), 256).group.right[0]
    # As many scored positions as the tree has, so that both do the same work in the head.
    scored = tuple(index > tree.tokens - len(tree.predicting) for index in range(len(line.ids)))
    plain = tree_batch([type(line)(line.ids, scored)], device)
    add_tree_scoring(model)
    seconds: dict[str, list[float]] = {"tree": [], "plain": []}
    matrix = []
    for repetition in range(options.repetitions + 1):
        for name, batch in (("tree", tree), ("plain", plain)):
            model.zero_grad()
            begun = time.perf_counter()
            model(tree_batch=batch).sum().backward()
            if options.device == "cuda":
                torch.cuda.synchronize()
            if repetition:
                seconds[name].append(time.perf_counter() - begun)
        matrix.append(matrix_rate(torch.device(options.device)))
    rates = {
        name: tree_flop(model, parameters, batch) / statistics.median(seconds[name])
        for name, batch in (("tree", tree), ("plain", plain))
    }
    result = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "tokens": tree.tokens,
        "plain_tokens": plain.tokens,
        "tree_flop_per_second": rates["tree"],
        "plain_flop_per_second": rates["plain"],
        "tree_over_plain": rates["tree"] / rates["plain"],
        "matrix_flop_per_second": statistics.median(matrix),
        "fraction_of_limit": rates["tree"] / statistics.median(matrix),
    }
    print(json.dumps(result), flush=True)
    return result


def tree_row_flop(row: Row, options: argparse.Namespace) -> float:
    """FLOP of the whole tree of a row, however it is divided into rows of tokens."""
    with torch.device("meta"):
        model = make_model(options.model, "meta")
    example = make_example(row, model.config.vocab_size)
    batch = tree_batch(example.group.chains, torch.device("cpu"))
    return tree_flop(model, body_parameters(model), batch)


def _rows(options: argparse.Namespace) -> tuple[Row, ...]:
    if options.quick:
        return QUICK
    return {"main": MAIN, "sweep": SWEEP, "large": LARGE, "gpu": GPU, "all": MAIN + SWEEP + LARGE}[options.rows]


def _name(row: Row) -> str:
    return f"{row.right}x{row.wrong},{row.prompt_tokens},{row.completion_tokens}"


def _line(result: dict[str, Any]) -> str:
    error = "-" if result["gradient_error"] is None else f"{result['gradient_error']:.1e}"
    return (
        "{right}x{wrong} P={prompt_tokens} c={completion_tokens} {way:>8}: {tokens:>7} tokens {seconds:8.3f} s "
        "{cpu_seconds:8.3f} CPU s {pairs_per_second:9.2f} pairs/s {peak_mb:7.0f} MB error {error}"
    ).format(**result, error=error)


def _write(path: Path, report: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dpo_step", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="file for the results")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--quick", action="store_true", help="only check that it works: a tiny model and two tiny rows")
    parser.add_argument("--rows", choices=("main", "sweep", "large", "gpu", "all"), default="all")
    parser.add_argument("--only", nargs="*", help="names of rows, as 8x8,600,120 (n x m, prompt, completion)")
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=list(WAYS))
    parser.add_argument("--model", choices=tuple(MODELS), default="15m")
    parser.add_argument("--efficiency-model", choices=tuple(MODELS), default="50m")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--tokens-per-micro-step", type=int, default=8192, help="most tokens of a row")
    options = parser.parse_args()
    if options.quick:
        options.model = "tiny"
    return options


if __name__ == "__main__":
    sys.exit(main())

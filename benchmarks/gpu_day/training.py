"""Stages about one row of the tree on one device: is it right, and where does its time go?"""

import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks import dpo_step
from benchmarks.gpu_day.machine import device
from benchmarks.steps.dpo import Row, make_example, make_model
from training.chains import ScoredChain
from training.tree import scoring
from training.tree.attention import AttentionLayout, tree_attention
from training.tree.flops import body_parameters, matrix_rate, nominal_rate, tree_flop
from training.tree.layout import pack, tree_size
from training.tree.scoring import TreeBatch, add_tree_scoring, tree_batch

_KINDS = {
    "attention": r"flex_attention",
    "matrix products": r"gemm|nvjet|cutlass|xmma",
    "norms, rotary, SwiGLU": r"_rms_norm|_swiglu|_triton_rope|rope",
    "head's softmax": r"^_(forward|backward)_kernel",
    "copies": r"memcpy|copy",
}


def groups(count: int, row: Row, vocabulary: int) -> list[ScoredChain]:
    """The chains of `count` groups, each with a prompt of its own."""
    chains = list(make_example(row, vocabulary).group.chains)
    return [
        ScoredChain(tuple((token + 17 * group) % vocabulary for token in chain.ids), chain.scored)
        for group in range(count)
        for chain in chains
    ]


def agreement(quick: bool) -> dict[str, Any]:
    """Attention as training runs it on this device against every segment in float64, forward and backward: grouped
    heads, with and without a window, in float32 and bfloat16. Relative norms; raises where they are not rounding."""
    row = Row(2, 2, 70, 90) if quick else Row(6, 6, 700, 400)
    chains = groups(2, row, 1000)
    layout, real = pack(chains, 128), tree_size(chains)
    limits = {torch.float32: 1e-4, torch.bfloat16: 2e-2}
    found = {}
    for window in (None, 50):
        torch.manual_seed(0)
        exact = [torch.randn(1, heads, layout.tokens, 64, dtype=torch.float64) for heads in (12, 2, 2)]
        exact = [part.to(device()).requires_grad_() for part in exact]
        weights = torch.randn(1, layout.tokens, 12, 64, dtype=torch.float64).to(device())
        weights[:, real:] = 0.0  # padding is never scored, and what it sees is not the same in both
        expected = _attended(exact, AttentionLayout(layout, device(), "segments"), window, weights)
        for dtype, limit in limits.items():
            parts = [part.detach().to(dtype).requires_grad_() for part in exact]
            got = _attended(parts, AttentionLayout(layout, device()), window, weights.to(dtype))
            errors = [float((one.double() - two).norm() / two.norm()) for one, two in zip(got, expected, strict=True)]
            found[f"{str(dtype)[6:]}, window {window}"] = dict(
                zip(("output", "query", "key", "value"), errors, strict=True)
            )
            if not max(errors) < limit:
                raise SystemExit(f"tree attention in {dtype}, window {window}: {errors}: more than rounding ({limit})")
    return {"tokens": layout.tokens, "relative_errors": found}


def _attended(parts: list[Tensor], tree: AttentionLayout, window: int | None, weights: Tensor) -> list[Tensor]:
    query, key, value = parts
    out, _ = tree_attention(
        torch.nn.Identity(), query, key, value, None, scaling=0.125, sliding_window=window, tree=tree
    )
    (out * weights).sum().backward()  # type: ignore[no-untyped-call]
    return [(out * (weights != 0)).detach(), *(part.grad for part in parts if part.grad is not None)]


def head(quick: bool) -> dict[str, Any]:
    """The head alone on 3,000 predictions: all logits at once in float32, and as training has it. Milliseconds, peak
    memory."""
    model = make_model("tiny" if quick else "1.5b", device().type)
    hidden_size, vocabulary = model.config.hidden_size, model.config.vocab_size
    count = 40 if quick else 3000
    torch.manual_seed(0)
    hidden = torch.randn(count, hidden_size, device=device(), dtype=model.dtype, requires_grad=True)
    target = torch.randint(0, vocabulary, (count,), device=device())

    def all_at_once() -> Tensor:
        logits: Tensor = model.get_output_embeddings()(hidden).float()
        return logits.gather(1, target[:, None])[:, 0] - torch.logsumexp(logits, dim=-1)

    ways: dict[str, Callable[[], Tensor]] = {
        "all at once": all_at_once,
        "as in training": lambda: scoring.token_logps(model, hidden, target),
    }
    found, sums = {}, {}
    for name, way in ways.items():
        _forget_peak()
        sums[name] = float(way().double().sum())
        found[name] = {"ms": 1e3 * timed(lambda way=way: way().sum().backward()), "peak_gib": _peak_gib()}  # type: ignore[misc]
    off = abs(sums["as in training"] / sums["all at once"] - 1)
    if not off < 1e-3:
        raise SystemExit(f"the head's sums differ by {off:.1e}")
    return {"predictions": count, "vocabulary": vocabulary, "sums_differ_by": off, **found}


def kernels(quick: bool) -> dict[str, Any]:
    """Rows of one group and of three through the model, forward and backward: time, rate, and which kernels take it."""
    row = Row(2, 2, 24, 12) if quick else Row(8, 8, 1500, 300)
    model = make_model("tiny" if quick else "1.5b", device().type)
    add_tree_scoring(model)
    parameters, limit = body_parameters(model), matrix_rate(device())
    found: dict[str, Any] = {"matrix_flop_per_second": limit}
    for count in (1, 3):
        batch = tree_batch(groups(count, row, model.config.vocab_size), device())
        _forget_peak()
        seconds = timed(lambda batch=batch: model(tree_batch=batch).sum().backward())  # type: ignore[misc]
        rate = tree_flop(model, parameters, batch) / seconds
        found[f"{count} groups"] = {
            "tokens": batch.tokens,
            "ms": 1e3 * seconds,
            "flop_per_second": rate,
            "fraction_of_limit": rate / limit,
            "fraction_of_peak": None if nominal_rate(device()) is None else rate / nominal_rate(device()),  # type: ignore[operator]
            "peak_gib": _peak_gib(),
            "kernel_ms": _kernel_ms(model, batch) if device().type == "cuda" else None,
        }
    return found


def compilation(quick: bool) -> dict[str, Any]:
    """Seconds of the first step at each of several row lengths, in a fresh process, and how often dynamo compiled."""
    model = make_model("tiny", device().type)
    add_tree_scoring(model)
    lengths = (1, 2, 3) if quick else (1, 2, 3, 4, 6, 8, 12)
    first = {}
    for count in lengths:
        batch = tree_batch(groups(count, Row(2, 2, 150, 90), model.config.vocab_size), device())
        begun = time.perf_counter()
        model(tree_batch=batch).sum().backward()
        _finish()
        first[batch.tokens] = time.perf_counter() - begun
    frames = torch._dynamo.utils.counters["stats"].get("unique_graphs", 0)
    return {"seconds_of_first_step": first, "graphs": frames}


def against_trl(quick: bool) -> dict[str, Any]:
    """`benchmarks.dpo_step` on this device: the tree against TRL at its best micro-batch, with one gradient."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "step.json"
        small = ["--quick", "--threads", "1", "--repetitions", "1", "--only", "2x2,24,12"]
        large = ["--rows", "gpu", "--model", "1.5b", "--efficiency-model", "1.5b", "--repetitions", "3"]
        tokens = ["--tokens-per-micro-step", "16384", "--ways", "trl", "tree"]
        sys.argv = ["dpo_step", "--json", str(path), "--device", device().type, *(small if quick else large), *tokens]
        dpo_step.main()
        report: dict[str, Any] = json.loads(path.read_text())
    rows = {row["way"]: row for row in report["rows"]}
    return report | {"times_trl": rows["trl"]["seconds"] / rows["tree"]["seconds"]}


def timed(work: Callable[[], object], repetitions: int = 6) -> float:
    """Seconds of `work` on the device, median after two calls to warm up."""
    times = []
    for _ in range(repetitions + 2):
        begun = time.perf_counter()
        work()
        _finish()
        times.append(time.perf_counter() - begun)
    return statistics.median(times[2:])


def _kernel_ms(model: Any, batch: TreeBatch) -> dict[str, float]:
    """Milliseconds by kind of kernel in one step; `all` is their sum, less than the step where the host is behind."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        model(tree_batch=batch).sum().backward()
        _finish()
    found: dict[str, float] = {}
    for event in profiler.key_averages():
        if event.self_device_time_total:
            kind = next((kind for kind, names in _KINDS.items() if re.search(names, event.key.lower())), "other")
            found[kind] = found.get(kind, 0.0) + event.self_device_time_total / 1e3
    return {"all": sum(found.values())} | found


def _finish() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _forget_peak() -> None:
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def _peak_gib() -> float | None:
    return torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else None

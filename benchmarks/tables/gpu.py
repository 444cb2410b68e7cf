"""Tables of docs/performance.md from the results of `benchmarks.gpu_day`."""

from collections.abc import Iterator
from typing import Any

from benchmarks.tables.markdown import table

_KERNELS = ("matmul", "attention", "elementwise", "copy", "softmax/reduce")
_KINDS = ("matrix products", "attention", "norms, rotary, SwiGLU", "other", "copies", "head's softmax")


def changes_table(report: dict[str, Any]) -> str:
    """One row of the tree, forward and backward, after each change."""

    def rows() -> Iterator[tuple[str, ...]]:
        for name, found in report["before"].items():
            if isinstance(found, dict):
                kernels = found.get("kernel_ms", {})
                yield (
                    name,
                    f"{found['tokens']:,}",
                    f"{found['ms']:.0f}",
                    f"{found['nominal']:.3f}",
                    f"{found['peak_gib']:.1f}",
                    *(f"{kernels[kind]:.1f}" if kind in kernels else "–" for kind in _KERNELS),
                )

    return table(("what", "tokens", "ms", "of 989 TFLOP/s", "peak GiB", *(f"{kind}, ms" for kind in _KERNELS)), rows())


def kernels_table(report: dict[str, Any]) -> str:
    """Where the time of a row goes now."""
    found = {name: row for name, row in report["stages"]["kernels"].items() if isinstance(row, dict) and "ms" in row}
    return table(
        ("row", "tokens", "ms", "of 989 TFLOP/s", "of the matrix rate", *(f"{kind}, ms" for kind in _KINDS)),
        (
            (
                name,
                f"{row['tokens']:,}",
                f"{row['ms']:.0f}",
                f"{row['fraction_of_peak']:.3f}",
                f"{row['fraction_of_limit']:.3f}",
                *(f"{row['kernel_ms'].get(kind, 0.0):.1f}" for kind in _KINDS),
            )
            for name, row in found.items()
        ),
    )


def zero_table(report: dict[str, Any]) -> str:
    """Optimizer steps under each of ZeRO's stages on one rank."""
    found = {name: row for name, row in report["stages"]["steps"].items() if isinstance(row, dict)}
    return table(
        ("", "DeepSpeed's optimizer", "s a step", "of 989 TFLOP/s", "peak GiB", "first two steps, s"),
        (
            (
                name,
                f"`{row['optimizer']}`",
                f"{row['seconds_from_step_to_step']:.2f}",
                f"{row['fraction_of_peak']:.3f}",
                f"{row['peak_gib']:.1f}",
                ", ".join(f"{seconds:.1f}" for seconds in row["first_steps_seconds"]),
            )
            for name, row in found.items()
        ),
    )

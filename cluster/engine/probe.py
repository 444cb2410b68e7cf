"""Proof of which model an engine serves: token ids, and their log-probabilities as the trainer's side computes them.

An engine reproduces a model's probe after every start and every reload, or serves nothing. It has to do so by prefill
(every token of the ids) and by decoding (at some positions one token again and again), because the two run through
different kernels. Being near is not enough: the engine must also be nearer to the model that it names than to every
other model of the run. Light: no torch, no vLLM.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Protocol

import msgspec

from cluster.errors import InfrastructureError, InfrastructureKind

DECODED_TOKENS = 8
"""Tokens that are decoded at each position."""
TIMES_CLOSER = 3.0
"""How much nearer than any other model of the run the named one has to be."""
TOLERANCE: Mapping[str, float] = {
    "float32": 5e-5,
    "float16": 1e-2,
    "bfloat16": 5e-2,
    "fp8": 0.4,
    "fp8 cache": 0.3,
    "quantized": 0.5,
}
"""Mean difference in nats a token: by the engine's dtype, or by how its weights are quantised; that of an fp8 KV cache
comes on top. Measured on the CPU with random Llamas, whose answers are flatter than those of trained models: 9e-7,
1.8e-3 and 1.3e-2 for the dtypes, 0.086 to 0.102 for the cache, 0.18 at most where weights and activations were rounded
to fp8 by hand. That of other quantised weights is an assumption."""


class ProbeText(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: conversations of the run's own kind, one after the other, as ids of one tokenizer."""

    token_ids: tuple[int, ...]
    positions: tuple[int, ...]
    """Where replies begin. There the engine decodes the token of that position, `DECODED_TOKENS` times over."""


class ProbeReading(msgspec.Struct, frozen=True, kw_only=True):
    """What a model says of a probe's text; log-probabilities in nats."""

    prefill: tuple[float, ...]
    """Of every token but the first, given those before it."""
    decoded: tuple[tuple[float, ...], ...]
    """For each position, of the token that stands there, repeated."""

    @property
    def finite(self) -> bool:
        return all(math.isfinite(value) for row in (self.prefill, *self.decoded) for value in row)


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """A model's probe: what the trainer's side reads from the files of `revision`."""

    model: str
    revision: str
    text: ProbeText
    reading: ProbeReading


class ProbeVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """How an engine's reading compares with the probe of the model that it names, and with those of others.

    Differences are means of absolute differences in nats a token, the larger one of prefill and decoding.
    """

    difference: float
    tolerance: float
    nearest_other: str = ""
    """The other model that the reading is nearest to, among those whose probes have the same text; "" without any."""
    difference_of_other: float = 0.0

    @property
    def far(self) -> bool:
        """Whether the engine is beyond the tolerance, and so does not serve the model. NaN is beyond it."""
        return not self.difference <= self.tolerance

    @property
    def undecided(self) -> bool:
        """Whether another model of the run is so near that only the loaded tensors can tell them apart."""
        return bool(self.nearest_other) and self.difference * TIMES_CLOSER >= self.difference_of_other

    def __str__(self) -> str:
        text = f"differs from it by {self.difference:.2g} nats a token (tolerance {self.tolerance:g})"
        if self.nearest_other:
            text += f", from {self.nearest_other} by {self.difference_of_other:.2g}"
        return text


def difference(one: ProbeReading, other: ProbeReading) -> float:
    """The larger one of the mean absolute differences by prefill and by decoding, in nats a token."""
    decoded = zip(_flat(one.decoded), _flat(other.decoded), strict=True)
    return max(
        fmean(abs(a - b) for a, b in zip(one.prefill, other.prefill, strict=True)),
        fmean(abs(a - b) for a, b in decoded),
    )


def judge_reading(
    reading: ProbeReading, named: Probe, others: Sequence[Probe], precision: Sequence[str]
) -> ProbeVerdict:
    """Compare an engine's reading with the model that it names, and with the other models of the run.

    `precision`: keys of `TOLERANCE`, whose limits add up.

    Left out of `others`: the same revision under another name, and probes of another text (another tokenizer).
    """
    rivals = [
        (difference(reading, other.reading), f"{other.model} of revision {other.revision[:12]}")
        for other in others
        if other.revision != named.revision and other.text == named.text
    ]
    nearest, name = min(rivals, default=(0.0, ""))
    return ProbeVerdict(
        difference=difference(reading, named.reading),
        tolerance=sum(TOLERANCE[each] for each in precision),
        nearest_other=name,
        difference_of_other=nearest,
    )


class ProvableEngine(Protocol):
    """What an engine needs in order to be proven."""

    @property
    def precision(self) -> Sequence[str]:
        """Keys of `TOLERANCE`: what it computes in, and what it rounds besides."""
        ...

    async def read_probe(self, text: ProbeText) -> ProbeReading: ...

    async def unequal_tensors(self, model_dir: str) -> list[str]: ...


async def prove(engine: ProvableEngine, named: Probe, others: Sequence[Probe], model_dir: str) -> ProbeVerdict:
    """Prove that the engine serves the model that it names, whose files are in `model_dir`.

    Where another model of the run answers almost alike, the sums of the loaded tensors decide. Raises
    InfrastructureError (`wrong_model`) when the engine serves another model, or its own one wrongly.
    """
    verdict = judge_reading(await engine.read_probe(named.text), named, others, engine.precision)
    if verdict.far:
        raise InfrastructureError(InfrastructureKind.WRONG_MODEL, f"asked to serve {named.model}, it {verdict}")
    if verdict.undecided and (unequal := await engine.unequal_tensors(model_dir)):
        detail = f"asked to serve {named.model}, it {verdict}, and holds other values of {', '.join(unequal[:3])}"
        raise InfrastructureError(InfrastructureKind.WRONG_MODEL, detail)
    return verdict


def _flat(rows: Sequence[Sequence[float]]) -> list[float]:
    return [value for row in rows for value in row]

"""What the trainer's side says of a probe's text: plain forward passes of a causal model, without a cache.

A trained model's is read from the weights in its ranks' memory and published with the model, so that an engine which
reproduces it proves the export as well. A model that was given, or that an earlier version trained, is read from files.
"""

from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

from cluster.engine.probe import DECODED_TOKENS, ProbeReading, ProbeText
from cluster.errors import CorruptionError
from rollout.data.layout import EXPORTED_PROBE
from training.reference import load_model


class ExportedReading(msgspec.Struct, frozen=True):
    """What a trained model said when it was published."""

    text: ProbeText
    reading: ProbeReading


def read_probe(model: Any, text: ProbeText) -> ProbeReading:
    """The model's log-probabilities of `text`, in nats. Under ZeRO-3 every rank has to call it.

    `model` is a Hugging Face causal model, or a wrapper that is called like one. It keeps its mode (training or not).
    """
    device = next(model.parameters()).device
    ids = torch.tensor(text.token_ids, device=device)
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            prefill = _log_probabilities(model, ids)
            decoded = []
            for position in text.positions:
                row = torch.cat([ids[:position], ids[position].repeat(DECODED_TOKENS)])
                decoded.append(tuple(_log_probabilities(model, row)[-DECODED_TOKENS:].tolist()))
    finally:
        model.train(training)
    return ProbeReading(prefill=tuple(prefill.tolist()), decoded=tuple(decoded))


def read_files(source: str, text: ProbeText, dtype: str = "float32", on_gpu: bool = False) -> ProbeReading:
    """What transformers reads from a model's files, in `dtype` (`auto`: that of the files). `source` as in a recipe.

    With `on_gpu` the model lies on all GPUs of this process and, where it does not fit, in host memory.
    """
    model = load_model(source, dtype, device_map="auto" if on_gpu else {"": "cpu"})
    return read_probe(model, text)


def exported_reading(folder: Path, text: ProbeText) -> ProbeReading | None:
    """What the model in `folder` said of `text` when it was published; None where it was asked nothing or another text.

    Raises CorruptionError for a file that does not parse.
    """
    path = folder / EXPORTED_PROBE
    if not path.is_file():
        return None
    try:
        exported = msgspec.json.decode(path.read_bytes(), type=ExportedReading)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorruptionError(f"{path} is broken ({error}); remove it and run again") from None
    return exported.reading if exported.text == text else None


def _log_probabilities(model: Any, ids: Tensor) -> Tensor:
    """[T] ids -> [T - 1] log-probabilities of each token but the first, in float32."""
    logits: Tensor = model(input_ids=ids[None], use_cache=False).logits[0, :-1].float()
    return logits.log_softmax(-1).gather(-1, ids[1:, None])[:, 0]

"""How a model learns the corpus: batches of conversations, and AdamW steps on what a model wrote in them."""

import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from cluster.engine.probe import ProbeReading
from cluster.errors import RequestError
from rollout.prompts.template import ChatTemplate
from training.tiny.config import LearningConfig
from training.tiny.corpus import Corpus
from training.tiny.state import SavedState, TinyProgress
from training.tree.scoring import token_logps

Row = tuple[list[int], list[bool]]
"""Token ids, and for each one whether a model wrote it."""
_BUCKET = 8
"""Number of batches whose rows are sorted by length together."""
_LONG_IN_A_ROW = 1000
"""Conversations beyond the context, one after the other, after which no shorter one is expected."""


Report = Callable[[TinyProgress], None]


@dataclass(frozen=True, slots=True)
class Made:
    """A model's folder, and what the model in memory said of the probe's text, where it was just made and asked."""

    folder: Path
    reading: ProbeReading | None = None


def batches(
    config: LearningConfig, steps: int, corpus: Corpus, template: ChatTemplate, context: int
) -> Iterator[list[Row]]:
    """The batches of all steps: those of well-formed conversations first, then those with malformed calls.

    A batch holds rows of similar length, and batches come in random order: far less padding, and no order of lengths to
    learn. No row is longer than `context` tokens; RequestError where conversations are.
    """
    clean = round(config.clean_ratio * steps)
    parts = {"clean": (clean, 0.0, 0.0), "noisy": (steps - clean, config.malformed, config.malformed_again)}
    for part, (left, malformed, again) in parts.items():
        conversations = corpus.conversations(f"{config.seed}:{part}", malformed, again)
        rows = _that_fit((item.token_ids(template) for item in conversations), context)
        order = random.Random(f"batches:{config.seed}")
        while left > 0:
            some = sorted(itertools.islice(rows, config.batch * _BUCKET), key=lambda row: len(row[0]))
            ready = [some[start : start + config.batch] for start in range(0, len(some), config.batch)]
            order.shuffle(ready)
            yield from ready[:left]
            left -= len(ready)


def learn(
    model: Any,
    config: LearningConfig,
    steps: int,
    rows: Iterable[list[Row]],
    pad_id: int,
    report: Report | None = None,
    saved: SavedState | None = None,
) -> None:
    """Take all steps, or those that are left after a saved state. `rows`: the batches of all steps."""
    optimizer = saved.optimizer if saved else make_optimizer(model, config)
    done, tokens = (saved.at.step, saved.at.tokens) if saved and saved.at else (0, 0)
    model.train()
    for step, batch in enumerate(rows, 1):
        if step <= done:
            continue
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * _rate(step - 1, steps, config)
        loss = batch_loss(model, batch, pad_id)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        tokens += sum(len(ids) for ids, _ in batch)
        at = TinyProgress(step=step, steps=steps, loss=loss.item(), tokens=tokens)
        if report is not None:
            report(at)
        if saved is not None:
            saved.save_at_times(at)
    model.eval()


def batch_loss(model: Any, batch: list[Row], pad_id: int) -> torch.Tensor:
    """Mean loss over the tokens of a batch that a model wrote, in nats a token."""
    ids = [torch.tensor(ids) for ids, _ in batch]
    # Loss is taken on replies only. What problems and tools say is drawn at random: it cannot be learnt, and its
    # gradient drowns that of copying, which is then learnt three times later.
    labels = [torch.where(torch.tensor(row[1]), one, -100) for one, row in zip(ids, batch, strict=True)]
    # Rows are padded on the right, so that causal attention alone keeps real tokens from seeing the padding.
    padded = pad_sequence(ids, batch_first=True, padding_value=pad_id)
    targets = pad_sequence(labels, batch_first=True, padding_value=-100)
    hidden = model.base_model(input_ids=padded, use_cache=False).last_hidden_state[:, :-1]
    # The head is large beside a small model: it sees the replies alone.
    written = targets[:, 1:] != -100
    loss: torch.Tensor = -token_logps(model, hidden[written], targets[:, 1:][written]).mean()
    return loss


def make_optimizer(model: Any, config: LearningConfig) -> torch.optim.AdamW:
    """AdamW as the configuration says."""
    return torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate, betas=(0.9, config.adam_beta2), weight_decay=config.weight_decay
    )


def _that_fit(rows: Iterable[Row], context: int) -> Iterator[Row]:
    long = 0
    for row in rows:
        long = long + 1 if len(row[0]) > context else 0
        if not long:
            yield row
        elif long == _LONG_IN_A_ROW:
            raise RequestError(
                f"{long} conversations of the corpus one after the other are longer than {context} tokens, the last "
                f"one has {len(row[0])}; raise engines.teacher.engine.max_context and "
                "engines.student.engine.max_context, or take easier problems"
            )


def _rate(step: int, steps: int, config: LearningConfig) -> float:
    """Factor of the learning rate at `step`: it rises to 1, stays there for long, because models learn to copy late and
    suddenly, and falls to 0."""
    warmup = max(1, round(config.warmup_ratio * steps))
    decay = max(1, round(config.decay_ratio * steps))
    return min((step + 1) / warmup, 1.0, (steps - step) / decay)

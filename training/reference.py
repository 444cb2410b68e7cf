"""Reference log-probabilities: once per distinct chain, through the same packed path as training, kept by content.

A chain's key is a hash of (model, precision, ids, what is scored), so new data costs only what is new and a changed
model or rule recomputes. Each worker takes every `world`-th group and commits its chains in units of a few rows: a
killed worker loses one unit. Training looks sums up; it holds no reference model. Computed by another path, the
first DPO loss would not be ln 2.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np
import pyarrow as pa

from cluster.engine.model_source import local_model, model_revision
from cluster.store.ledger import Ledger
from rollout.records import PreferenceGroup, content_hash
from training.chains import ScoredChain, ScoreRule, scored_group, scored_groups

if TYPE_CHECKING:
    from training.tree.batches import GroupExample

Precision = Literal["float32", "bfloat16"]
_COLUMNS = pa.schema([("key", pa.string()), ("logp", pa.float64()), ("tokens", pa.int64())])
_ROWS_PER_UNIT = 16


class ChainScore(msgspec.Struct, frozen=True):
    """A chain under the reference: the sum of its scored tokens' log-probabilities (nats), and their number."""

    logp: float
    tokens: int


class ReferenceStore:
    """Chain scores in a ledger. Reading caches: immutable units are read once."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._units: dict[str, dict[str, ChainScore]] = {}

    def scores(self) -> dict[str, ChainScore]:
        """All scores, by chain key. Raises CorruptionError for a unit that is not what was committed."""
        for name, commit in self._ledger.commits().items():
            if name not in self._units and not commit.skipped:
                self._units[name] = _decode(self._ledger.read(commit))
        return {key: score for unit in self._units.values() for key, score in unit.items()}

    def publish(self, scores: Mapping[str, ChainScore]) -> None:
        """Commit scores as one unit, named by its keys: of two workers that computed the same, the first one counts."""
        unit = f"ref-{content_hash(*sorted(scores))}"
        self._ledger.publish(unit, _encode(scores), rows=len(scores))


def chain_key(model: str, chain: ScoredChain) -> str:
    """The chain's name under a model (`reference_name`); tokens after the last scored one do not matter."""
    scored = np.flatnonzero(chain.scored)
    end = int(scored[-1]) + 1 if len(scored) else 0
    return content_hash(model, np.asarray(chain.ids[:end], "<i8").tobytes(), scored.astype("<i8").tobytes())


def reference_name(model_source: str, precision: Precision) -> str:
    """What stands for the reference in keys: the content of its files, and the precision that it runs in."""
    return f"{model_revision(model_source)}-{precision}"


def compute_reference(
    model_source: str,
    groups: Iterable[PreferenceGroup],
    store: ReferenceStore,
    *,
    rule: ScoreRule,
    tokens_per_micro_step: int,
    precision: Precision = "float32",
    device: str = "cpu",
    rank: int = 0,
    world: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Score what is new among this worker's share of the chains; returns how many. The model loads only if needed.

    `groups` must come in the same order on all workers. `tokens_per_micro_step`: most tokens of a forward pass; a
    longer chain is a RequestError. `progress(done, all)` counts chains, after each commit. Run again, it goes on where
    it stopped.
    """
    name = reference_name(model_source, precision)
    known = store.scores()
    mine = (scored_group(group, rule) for index, group in enumerate(groups) if index % world == rank)
    missing = {chain_key(name, chain): chain for group in mine if group for chain in group.chains}
    missing = {key: chain for key, chain in missing.items() if key not in known}
    if not missing:
        return 0
    model = load_reference(model_source, precision, device)
    done = 0
    for keys in _units(missing, tokens_per_micro_step):
        chains = [missing[key] for key in keys]
        sums = chain_logps(model, chains, tokens_per_micro_step)
        store.publish(
            {key: ChainScore(logp, chain.length) for key, chain, logp in zip(keys, chains, sums, strict=True)}
        )
        done += len(keys)
        if progress is not None:
            progress(done, len(missing))
    return done


def load_reference(model_source: str, precision: Precision, device: str) -> Any:
    """The model, frozen, for scoring by trees. Raises RequestError where it is no model or cannot be scored so."""
    import torch
    from transformers import AutoModelForCausalLM

    from training.tree.scoring import add_tree_scoring

    model = AutoModelForCausalLM.from_pretrained(
        local_model(model_source),
        dtype=getattr(torch, precision),
        # Tensor by tensor from the mapped files: each task of a node would else hold a copy on the host first.
        device_map={"": device},
        trust_remote_code=False,
        use_safetensors=True,
    )
    model.requires_grad_(False).eval()
    add_tree_scoring(model)
    return model


def chain_logps(model: Any, chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[float]:
    """Each chain's sum of log-probabilities, in nats, in the order given; in rows of at most `tokens_per_micro_step`.

    `model` has tree scoring (`training.tree.scoring.add_tree_scoring`). Chains of several problems may share rows.
    """
    import torch

    from training.tree.attention import check_length
    from training.tree.batches import cut_chains
    from training.tree.layout import row_length
    from training.tree.scoring import tree_batch

    device = next(model.parameters()).device
    check_length(model, max(map(row_length, chains), default=0))
    sums = [0.0] * len(chains)
    with torch.no_grad():
        for row in cut_chains(chains, tokens_per_micro_step):
            values = model(tree_batch=tree_batch([chains[index] for index in row], device))
            for index, value in zip(row, values.double().tolist(), strict=True):
                sums[index] = value
    return sums


def referenced_examples(
    groups: Iterable[PreferenceGroup], rule: ScoreRule, store: ReferenceStore, name: str
) -> Iterator["GroupExample"]:
    """What the trainer takes: all groups that have a pair, with their sums under reference `name` (`reference_name`).

    Raises RequestError for a chain without a sum.
    """
    from training.tree.batches import GroupExample

    sums = _Sums(store.scores(), name)
    return (GroupExample.from_scored(scored, sums) for scored in scored_groups(groups, rule))


class _Sums(dict[ScoredChain, float]):
    """Sums by chain, looked up by key: KeyError where the store has none."""

    def __init__(self, scores: Mapping[str, ChainScore], name: str) -> None:
        super().__init__()
        self._scores = scores
        self._name = name

    def __missing__(self, chain: ScoredChain) -> float:
        return self._scores[chain_key(self._name, chain)].logp


def _units(missing: Mapping[str, ScoredChain], tokens_per_micro_step: int) -> list[list[str]]:
    """Keys by unit: the rows of the tree over all chains, so that problems with common prompts share them."""
    from training.tree.batches import cut_chains

    keys = list(missing)
    rows = cut_chains([missing[key] for key in keys], tokens_per_micro_step)
    return [
        [keys[index] for row in rows[start : start + _ROWS_PER_UNIT] for index in row]
        for start in range(0, len(rows), _ROWS_PER_UNIT)
    ]


def _encode(scores: Mapping[str, ChainScore]) -> bytes:
    table = pa.table(
        [
            list(scores),
            [score.logp for score in scores.values()],
            [score.tokens for score in scores.values()],
        ],
        schema=_COLUMNS,
    )
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, _COLUMNS) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _decode(payload: bytes) -> dict[str, ChainScore]:
    with pa.ipc.open_stream(payload) as reader:
        rows = reader.read_all().to_pydict()
    return {
        key: ChainScore(logp, tokens)
        for key, logp, tokens in zip(rows["key"], rows["logp"], rows["tokens"], strict=True)
    }

"""Reference log-probabilities: once per distinct chain, through the same packed rows as training, stored by content.

A chain's key is a hash of (model, precision, ids, what is scored), so only new chains are computed, and all of them
after a change of model or rule. Each worker takes every `world`-th group and commits its chains in units of a few rows:
a killed worker loses one unit. Training looks the sums up; it holds no reference model. If they were computed in
another way, the first DPO loss would not be ln 2.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np
import pyarrow as pa

from cluster.engine.model_source import local_model, model_revision
from cluster.errors import RequestError
from cluster.store.ledger import Ledger
from rollout.data.arrow import batches, decoding
from rollout.records import PreferenceGroup, content_hash
from training.chains import ScoredChain, ScoreRule, scored_group, scored_groups

if TYPE_CHECKING:
    from training.tree.batches import PreferenceExample

Precision = Literal["float32", "bfloat16"]
_COLUMNS = pa.schema([("key", pa.string()), ("logp", pa.float64()), ("tokens", pa.int64())])
_ROWS_PER_UNIT = 16


class ChainScore(msgspec.Struct, frozen=True):
    """A chain under the reference: the sum of its scored tokens' log-probabilities (nats), and their number."""

    logp: float
    tokens: int


class ReferenceStore:
    """Chain scores in a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def scores(self) -> dict[str, ChainScore]:
        """All scores, by chain key. Raises CorruptionError for a unit that is not what was committed."""
        found: dict[str, ChainScore] = {}
        for commit in self._ledger.commits().values():
            if not commit.skipped:
                where = self._ledger.shard_uri(commit)
                for batch in batches(self._ledger.read(commit), where):
                    with decoding(where):
                        columns = (batch.column(name).to_pylist() for name in _COLUMNS.names)
                        found |= {key: ChainScore(float(logp), int(n)) for key, logp, n in zip(*columns, strict=True)}
        return found

    def publish(self, scores: Mapping[str, ChainScore]) -> None:
        """Commit scores as one unit, named by its keys: of two workers with the same chains, the first one counts."""
        columns = [list(scores), [s.logp for s in scores.values()], [s.tokens for s in scores.values()]]
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, _COLUMNS) as writer:
            writer.write_table(pa.table(columns, schema=_COLUMNS))
        unit = f"ref-{content_hash(*sorted(scores))}"
        self._ledger.publish(unit, sink.getvalue(), rows=len(scores))


def chain_key(model: str, chain: ScoredChain) -> str:
    """The chain's key under a model (`reference_name`). Tokens after the last scored one do not change it."""
    scored = np.flatnonzero(chain.scored)
    end = int(scored[-1]) + 1 if len(scored) else 0
    return content_hash(model, np.asarray(chain.ids[:end], "<i8").tobytes(), scored.astype("<i8").tobytes())


def reference_name(model_source: str, precision: Precision, fused_kernels: bool = False) -> str:
    """What identifies the reference in keys: the content of its files, the precision that it runs in, and its
    kernels, which round otherwise."""
    return f"{model_revision(model_source)}-{precision}{'-fused' if fused_kernels else ''}"


def compute_reference(
    model_source: str,
    groups: Iterable[PreferenceGroup],
    store: ReferenceStore,
    *,
    rule: ScoreRule,
    tokens_per_micro_step: int,
    precision: Precision = "float32",
    fused_kernels: bool = False,
    device: str = "cpu",
    rank: int = 0,
    world: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Score the chains of this worker's share that have no score yet, and return their number.

    `groups` must come in the same order on all workers. `tokens_per_micro_step`: most tokens of a forward pass. Raises
    RequestError for a longer chain. `progress(done, all)` is called with numbers of chains after each commit. The model
    loads only if it is needed. Raises RequestError where it cannot be scored by trees. Another call continues where an
    interrupted one stopped.
    """
    from training.tree.rows import cut_chains
    from training.tree.scoring import add_tree_scoring

    name = reference_name(model_source, precision, fused_kernels)
    known = store.scores()
    mine = (scored_group(group, rule) for index, group in enumerate(groups) if index % world == rank)
    missing = {chain_key(name, chain): chain for group in mine if group for chain in group.chains}
    missing = {key: chain for key, chain in missing.items() if key not in known}
    if not missing:
        return 0
    # Loads tensor by tensor from the mapped files; otherwise each task of a node would first hold a copy in memory.
    model = load_model(model_source, precision, fused_kernels=fused_kernels, device_map={"": device})
    model.requires_grad_(False).eval()
    add_tree_scoring(model)
    # A unit is some rows of the tree over all chains, so that problems with common prompts share them.
    keys = list(missing)
    rows = cut_chains(list(missing.values()), tokens_per_micro_step)
    done = 0
    for start in range(0, len(rows), _ROWS_PER_UNIT):
        unit = [keys[index] for row in rows[start : start + _ROWS_PER_UNIT] for index in row]
        chains = [missing[key] for key in unit]
        sums = chain_logps(model, chains, tokens_per_micro_step)
        store.publish({k: ChainScore(logp, c.length) for k, c, logp in zip(unit, chains, sums, strict=True)})
        done += len(unit)
        if progress is not None:
            progress(done, len(missing))
    return done


def load_model(source: str, precision: str, *, fused_kernels: bool = False, **options: Any) -> Any:
    """The model in `precision` (`auto`: that of its files), from safetensors. `options` go to `from_pretrained`.
    `fused_kernels`: as `training.fused_kernels.uses_fused_kernels` says.

    Where transformers holds ZeRO-3's settings, the model is split over the ranks while it loads.
    """
    import torch
    from transformers import AutoModelForCausalLM

    dtype = precision if precision == "auto" else getattr(torch, precision)
    model = AutoModelForCausalLM.from_pretrained(
        local_model(source), dtype=dtype, trust_remote_code=False, use_safetensors=True, **options
    )
    if fused_kernels:
        from training.fused_kernels import use_fused_kernels

        use_fused_kernels(model)
    return model


def chain_logps(model: Any, chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[float]:
    """Each chain's sum of log-probabilities, in nats, in the order given; in rows of at most `tokens_per_micro_step`.

    `model` has tree scoring (`training.tree.scoring.add_tree_scoring`). Chains of several problems may share rows.
    """
    import torch

    from training.tree.attention import check_length
    from training.tree.layout import row_length
    from training.tree.rows import cut_chains
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
) -> Iterator["PreferenceExample"]:
    """The trainer's examples: all groups that have a pair, with their sums under reference `name` (`reference_name`).

    Raises RequestError for a chain without a sum.
    """
    from training.tree.batches import PreferenceExample

    scores = store.scores()
    for group in scored_groups(groups, rule):
        try:
            sums = tuple(scores[chain_key(name, chain)].logp for chain in group.chains)
        except KeyError:
            raise RequestError(
                f"{group.problem_id}: a chain has no reference log-probability; run the reference stage with the "
                "same scoring rule first"
            ) from None
        yield PreferenceExample(group, sums[: len(group.right)], sums[len(group.right) :])

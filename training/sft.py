"""Supervised fine-tuning on chains, with TRL's SFTTrainer fed by token ids and labels.

TRL takes a row's `labels` as they are, so loss is taken on exactly the tokens that `loss_mask` marks: what the model
wrote, never a prompt, never a tool's result, never a failed step.
"""

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import pyarrow as pa

from cluster.errors import CorruptionError, WorkError
from cluster.store.atomic import atomic_folder
from cluster.store.digests import DigestFile, check_sums, checked, list_sums, sealed
from cluster.store.storage import LocalStore
from rollout.data.arrow import decoding, mapped_rows
from rollout.records import Chain, PreferenceGroup
from training.chains import WELL_FORMED
from training.config import SftArm, TrainingConfig, decided

if TYPE_CHECKING:
    from datasets import Dataset
    from trl import SFTConfig

_ROWS, _COUNTS = "rows.arrow", "counts.json"
_IDS = pa.list_(pa.int32())
_SCHEMA = pa.schema([("input_ids", _IDS), ("labels", _IDS), ("weight", pa.float64())])
IGNORED = -100


class Row(TypedDict):
    """A prompt and one chain: ids, and labels of the same length with IGNORED where no loss is taken."""

    input_ids: list[int]
    labels: list[int]
    weight: float
    """Of each of its tokens: those of a group add up to 1."""


def loss_mask(chain: Chain) -> list[bool]:
    """Per token of the chain: whether the model wrote it in a step that did not fail, and not as a thought that its arm
    leaves out."""
    failed = set(chain.failed_steps)
    return [index >= 0 and index not in failed for index in chain.learnable]


def group_rows(group: PreferenceGroup, arm: SftArm) -> list[Row]:
    """The rows of one group, in stored order. A chain without a token to learn gives none."""
    well_formed = [chain for chain in group.wrong if chain.error in WELL_FORMED]
    masked = [(chain, loss_mask(chain)) for chain in (group.right if arm.chains == "right" else well_formed)]
    tokens = sum(map(sum, (mask for _, mask in masked)))
    prompt = list(group.prompt_ids)
    return [
        Row(
            input_ids=prompt + list(chain.token_ids),
            labels=[IGNORED] * len(prompt)
            + [token if kept else IGNORED for token, kept in zip(chain.token_ids, mask, strict=True)],
            weight=1 / tokens,
        )
        for chain, mask in masked
        if any(mask)
    ]


@dataclass(frozen=True)
class RowSet:
    """The rows of an arm on disk, and the counts that determine batch sizes."""

    directory: Path
    rows: int
    groups: int
    """Groups that gave a row."""
    longest: int
    """Tokens of the longest row."""

    def load(self) -> "Dataset":
        """The rows, memory-mapped."""
        check_sums(self.directory, f"remove {self.directory} and run again")
        rows = mapped_rows(self.directory / _ROWS, _SCHEMA)
        if len(rows) != self.rows:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{self.directory}: holds {len(rows)} of {self.rows} rows; remove the folder")
        return rows

    def batches(self, arm: SftArm, training: TrainingConfig) -> tuple[int, int]:
        """(rows of a forward pass, forward passes of an optimizer step), on each rank. Call it on one rank only.

        A step takes the rows of `groups_per_step` groups on average, rounded to what the ranks and passes hold evenly.
        How many that are is noted beside the folder when the arm begins: on other ranks, or with other micro-steps, a
        step takes as many, where the ranks can share them evenly. Raises WorkError for a row of more than
        `tokens_per_micro_step` tokens.
        """
        tokens = decided(training.tokens_per_micro_step)
        if self.longest > tokens:
            raise WorkError(
                f"a chain of {self.longest} tokens exceeds tokens_per_micro_step = {tokens}; "
                "raise it, or lower the longest chain of the groups"
            )
        folder, note = LocalStore(self.directory.parent), f"{self.directory.name}.json"
        noted = _noted_step(folder, note)
        step_rows = noted or round(arm.groups_per_step * self.rows / self.groups)
        rank_rows = math.ceil(step_rows / training.ranks)
        passes = math.ceil(rank_rows / (tokens // self.longest))
        if noted == rank_rows * training.ranks:
            passes = next(count for count in range(passes, rank_rows + 1) if rank_rows % count == 0)
        micro_rows = math.ceil(rank_rows / passes)
        if not noted:
            noted = micro_rows * passes * training.ranks
            folder.create(note, sealed(json.dumps({"step_rows": noted}).encode(), "json"))
        return micro_rows, passes


def _noted_step(folder: LocalStore, note: str) -> int:
    """The rows of a step that are noted in a file; 0 without one. Raises CorruptionError."""
    if not folder.exists(note):
        return 0
    where = f"{folder.uri}/{note}"
    with decoding(where):
        return int(json.loads(checked(folder.read(note), where, "restore it"))["step_rows"])


def write_rows(groups: Iterable[PreferenceGroup], arm: SftArm, directory: Path) -> RowSet:
    """Write the rows of `arm` into a folder, whole or not at all; a folder that is there already stays.

    Raises WorkError when there is no row, CorruptionError when the folder is not what was written.
    """
    if not directory.is_dir():
        rows = used = longest = 0
        with atomic_folder(directory) as temporary:
            with DigestFile(temporary / _ROWS) as sink, pa.ipc.new_stream(sink, _SCHEMA) as stream:
                for batch in filter(None, (group_rows(group, arm) for group in groups)):
                    stream.write_batch(pa.RecordBatch.from_pylist(batch, schema=_SCHEMA))
                    rows, used = rows + len(batch), used + 1
                    longest = max(longest, *(len(row["input_ids"]) for row in batch))
            if rows == 0:
                raise WorkError(
                    f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
                )
            counted = json.dumps({"rows": rows, "groups": used, "longest": longest}).encode()
            (temporary / _COUNTS).write_bytes(counted)
            list_sums(temporary, {_ROWS: sink.sha256, _COUNTS: hashlib.sha256(counted).hexdigest()})
    check_sums(directory, f"remove {directory} and run again")
    with decoding(str(directory / _COUNTS)):
        return RowSet(directory, **json.loads((directory / _COUNTS).read_text()))


def sft_arguments(arguments: dict[str, Any]) -> "SFTConfig":
    """TRL's configuration from keyword arguments of transformers' TrainingArguments.

    Make it before the model is loaded: it holds ZeRO's settings, which split the model while it loads.
    """
    from trl import SFTConfig

    return SFTConfig(
        **arguments,
        max_length=None,
        packing=False,
        completion_only_loss=False,
        # Rows are ids and labels already, and nothing may cut or drop them.
        dataset_kwargs={"skip_prepare_dataset": True},
    )

"""An arm's examples on disk: written once, memory-mapped by every rank, read one group at a time.

Days of rollouts make more chains than a rank has memory for. The common beginning of a group's chains is stored once.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import pyarrow as pa

from cluster.errors import CorruptionError, RequestError
from cluster.store.atomic import atomic_folder
from cluster.store.digests import DigestFile, check_sums, list_sums
from rollout.data.arrow import decoding, mapped_rows
from training.chains import ScoredChain, ScoredGroup
from training.tree.batches import PreferenceExample
from training.tree.layout import common_prefix

if TYPE_CHECKING:
    from datasets import Dataset

_ROWS, _COUNTS = "examples.arrow", "counts.json"


class StoredExamples(Sequence[PreferenceExample]):
    """The examples of a folder that `write_examples` made, in the order in which they were written.

    Raises CorruptionError when the folder is not what was written.
    """

    def __init__(self, directory: Path) -> None:
        check_sums(directory, f"remove {directory} and run again")
        self._rows: Dataset = mapped_rows(directory / _ROWS, _schema())
        with decoding(str(directory / _COUNTS)):
            written = json.loads((directory / _COUNTS).read_text())["examples"]
        if len(self._rows) != written:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{directory}: holds {len(self._rows)} of {written} examples; remove the folder")

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> PreferenceExample: ...
    @overload
    def __getitem__(self, index: slice) -> list[PreferenceExample]: ...
    def __getitem__(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])


def write_examples(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    schema = _schema()
    written = 0
    with atomic_folder(directory) as temporary:
        with DigestFile(temporary / _ROWS) as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        counts = json.dumps({"examples": written}).encode()
        (temporary / _COUNTS).write_bytes(counts)
        list_sums(temporary, {_ROWS: sink.sha256, _COUNTS: hashlib.sha256(counts).hexdigest()})


def _schema() -> pa.Schema:
    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    return pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )


def _row(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min(common_prefix(one.ids, other.ids) for one, other in pairwise(chains))
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }

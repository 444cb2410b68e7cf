"""Examples on disk: written once, memory-mapped by every rank, read one group at a time.

Days of rollouts make more chains than a rank has memory for. The common beginning of a group's chains is stored once.
A method says which columns it has beside the chains.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import pyarrow as pa

from cluster.errors import CorruptionError, RequestError
from cluster.store.atomic import atomic_folder
from cluster.store.digests import DigestFile, check_sums, list_sums
from rollout.data.arrow import decoding, mapped_rows
from training.chains import ScoredChain
from training.tree.layout import common_prefix

if TYPE_CHECKING:
    from datasets import Dataset

_ROWS, _COUNTS = "examples.arrow", "counts.json"
E = TypeVar("E")


class Stored(Sequence[E], Generic[E]):
    """The examples of a folder that `write_stored` made, in the order in which they were written.

    `schema` has the columns of `chain_columns`; `read` makes an example of a row, and of one without the columns
    `heavy` its outline. Raises CorruptionError when the folder is not what was written.
    """

    def __init__(
        self, directory: Path, schema: pa.Schema, read: Callable[[dict[str, Any]], E], heavy: Sequence[str] = ()
    ) -> None:
        check_sums(directory, f"remove {directory} and run again")
        self._rows: Dataset = mapped_rows(directory / _ROWS, schema)
        self._light: Dataset = self._rows.select_columns([name for name in schema.names if name not in heavy])
        self._read = read
        with decoding(str(directory / _COUNTS)):
            written = json.loads((directory / _COUNTS).read_text())["examples"]
        if len(self._rows) != written:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{directory}: holds {len(self._rows)} of {written} examples; remove the folder")

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> E: ...
    @overload
    def __getitem__(self, index: slice) -> list[E]: ...
    def __getitem__(self, index: int | slice) -> E | list[E]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        return self._read(self._rows[index])

    def outline(self, index: int) -> E:
        """The example without its heavy columns, which are not read."""
        return self._read(self._light[index])


def write_stored(rows: Iterable[dict[str, Any]], schema: pa.Schema, directory: Path, without_any: str) -> None:
    """Write rows into a folder, whole or not at all; a folder that is there already stays.

    Holds one row in memory at a time. Raises RequestError, with the text `without_any`, when there is none.
    """
    if directory.is_dir():
        return
    written = 0
    with atomic_folder(directory) as temporary:
        with DigestFile(temporary / _ROWS) as sink, pa.ipc.new_stream(sink, schema) as stream:
            for row in rows:
                stream.write_batch(pa.RecordBatch.from_pylist([row], schema=schema))
                written += 1
        if not written:
            raise RequestError(without_any)
        counts = json.dumps({"examples": written}).encode()
        (temporary / _COUNTS).write_bytes(counts)
        list_sums(temporary, {_ROWS: sink.sha256, _COUNTS: hashlib.sha256(counts).hexdigest()})


def chain_columns(**others: Any) -> pa.Schema:
    """The columns of a problem's chains, and a method's own after them."""
    chains = pa.list_(pa.list_(pa.int32()))
    return pa.schema(
        {"problem_id": pa.string(), "shared": pa.list_(pa.int32()), "ids": chains, "scored": chains, **others}
    )


def chains_row(problem_id: str, chains: Sequence[ScoredChain], **others: Any) -> dict[str, Any]:
    """A row of these columns."""
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        **others,
    }


def row_chains(row: dict[str, Any]) -> tuple[ScoredChain, ...]:
    """The chains of a row."""
    chains = []
    for rest, scored in zip(row["ids"], row["scored"], strict=True):
        ids = (*row["shared"], *rest)
        kept = frozenset(scored)
        chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
    return tuple(chains)

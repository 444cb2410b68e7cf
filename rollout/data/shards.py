"""Records to Arrow stream shards and back, in Arrow's own nested types, so that other tools can read them.

Episode, PreferenceGroup and Score are stored the same way (`rollout.data.columns`). A row that cannot be stored is
rejected with a reason; the other rows of its shard are kept.
"""

import contextlib
import io
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import msgspec
import pyarrow as pa

from cluster.errors import CorruptionError
from cluster.store.digests import sealed
from cluster.store.ledger import Commit, Ledger
from cluster.store.storage import Store
from rollout.data import layout
from rollout.data.arrow import batches, decoding, stream_schema
from rollout.data.columns import fault, from_row, schema, to_batch, to_row, to_rows
from rollout.records import Episode, PreferenceGroup, Score, content_hash

T = TypeVar("T")
RecordT = TypeVar("RecordT", bound=msgspec.Struct)

BATCH_BYTES = 1 << 20
"""Approximate Arrow bytes of one batch. A reader holds one batch as Python objects, which take ten times as much."""
_MAX_BATCH_ROWS = 512


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A row that could not be stored."""

    row: str
    """The row's id."""
    place: int
    """Its index among the rows that the shard was to hold."""
    reason: str
    content: str
    """The row as ASCII JSON: surrogates are escaped, NaN is written as `NaN`."""


class Encoded(msgspec.Struct, frozen=True, kw_only=True):
    """A shard's payload, the rows in it, and the rows that could not be stored."""

    payload: bytes
    rows: int
    rejected: tuple[Rejected, ...]

    def kept(self, records: Sequence[T]) -> list[T]:
        """The records whose rows were stored. `records` has an entry for each row that was to be stored, in order."""
        without = {row.place for row in self.rejected}
        return [record for place, record in enumerate(records) if place not in without]


class ShardWriter(Generic[RecordT]):
    """Makes one shard, row by row. Memory: the shard as Arrow, and one batch as Python objects."""

    def __init__(self, kind: type[RecordT]) -> None:
        self._kind = kind
        self._sink = pa.BufferOutputStream()
        self._writer = pa.ipc.new_stream(self._sink, schema(kind))
        self._pending: list[tuple[int, RecordT, dict[str, Any]]] = []
        """Index, record and row of what the next batch will hold."""
        self._taken = 0
        self._rejected: list[Rejected] = []
        self._batch_rows = 8
        self.rows = 0

    @property
    def bytes(self) -> int:
        """Bytes written so far, without the pending batch."""
        return int(self._sink.tell())

    def add(self, record: RecordT) -> None:
        """Append a row. If it cannot be stored, `Encoded.rejected` will hold it."""
        place, self._taken = self._taken, self._taken + 1
        try:
            row = to_row(record)
        except (ValueError, TypeError, OverflowError) as error:  # msgspec.ValidationError is a ValueError
            self._reject(place, record, str(error))
            return
        self._pending.append((place, record, row))
        if len(self._pending) >= self._batch_rows:
            self._flush()

    def finish(self) -> Encoded:
        """Close the stream. The writer takes no more rows."""
        self._flush()
        self._writer.close()
        return Encoded(payload=self._sink.getvalue().to_pybytes(), rows=self.rows, rejected=tuple(self._rejected))

    def _flush(self) -> None:
        columns = schema(self._kind)
        pending, self._pending = self._pending, []
        batch = to_batch([row for _, _, row in pending], columns)
        if batch is None:  # some row cannot be stored: find out which ones
            kept = []
            for place, record, row in pending:
                reason = fault(row, columns)
                if not reason and to_batch([row], columns) is None:
                    reason = "Arrow cannot hold it"
                if reason:
                    self._reject(place, record, reason)
                else:
                    kept.append(row)
            batch = to_batch(kept, columns)
            assert batch is not None, "rows that can be stored one by one can be stored together"
        if batch.num_rows:
            before = self.bytes
            self._writer.write_batch(batch)
            self.rows += batch.num_rows
            row_bytes = max(1, (self.bytes - before) // batch.num_rows)
            self._batch_rows = min(_MAX_BATCH_ROWS, max(1, BATCH_BYTES // row_bytes))

    def _reject(self, place: int, record: RecordT, reason: str) -> None:
        try:
            content = json.dumps(msgspec.to_builtins(record))
        except (TypeError, ValueError):
            content = json.dumps({"repr": repr(record)})
        match record:
            case Episode():
                row = record.id
            case PreferenceGroup():
                row = f"{record.problem_id}@{record.student}"
            case Score():
                row = f"{record.model}/{record.suite}/{record.episode.id}"
            case _:
                raise TypeError(f"no row id for {type(record).__name__}")
        # The fault may lie in the id itself, and the reason then quotes it: neither may hold a lone surrogate.
        row, reason = (text.encode("utf-8", "backslashreplace").decode() for text in (row, reason))
        self._rejected.append(Rejected(row=row, place=place, reason=reason, content=content))


def encode_rows(kind: type[RecordT], records: Iterable[RecordT]) -> Encoded:
    """One shard. Rows that cannot be stored are rejected; so is a group in which a chain's step indices descend."""
    writer = ShardWriter(kind)
    for record in records:
        writer.add(record)
    return writer.finish()


def decode_rows(kind: type[RecordT], payload: bytes, where: str) -> Iterator[RecordT]:
    """The rows of a shard, a batch at a time. Raises CorruptionError, with `where` as the shard's name, when it holds
    something else. Read payloads through a ledger: it checks their hash."""
    for batch in _batches(kind, payload, where):
        yield from records(kind, batch, where)


def shard_rows(kind: type[RecordT], ledger: Ledger, commit: Commit) -> Iterator[RecordT]:
    """The rows of a committed shard, a batch at a time. Raises CorruptionError."""
    return decode_rows(kind, ledger.read(commit), ledger.shard_uri(commit))


def read_rows(kind: type[RecordT], ledger: Ledger) -> Iterator[RecordT]:
    """All committed rows, in unit order. Memory: one shard and one batch as objects. Raises CorruptionError."""
    for commit in ledger.commits().values():
        if commit.rows:
            yield from shard_rows(kind, ledger, commit)


def column_values(ledger: Ledger, column: str) -> Iterator[Any]:
    """One column of all committed rows, in unit order: no row becomes an object. Raises CorruptionError."""
    for commit in ledger.commits().values():
        if commit.rows:
            where = ledger.shard_uri(commit)
            for batch in batches(ledger.read(commit), where):
                with decoding(where):
                    yield from batch.column(column).to_pylist()


def quarantine(store: Store, unit: str, rejected: Sequence[Rejected]) -> str | None:
    """Write rejected rows to the run's quarantine, one JSON object a line. Returns the path; None when there are none.

    The file's name follows from unit and contents, so that a repeated attempt writes nothing new.
    """
    if not rejected:
        return None
    data = b"".join(msgspec.json.encode(row) + b"\n" for row in rejected)
    path = layout.quarantined(unit, content_hash(data))
    store.create(path, data)
    return path


def holds_rows_of(state: bytes, units: Iterable[Commit]) -> bool:
    """Whether a state file, which may be of an earlier version, makes a data set of the rows of `units`."""
    wanted = dataset_view(units).get(layout.DATASET_STATE)
    with contextlib.suppress(ValueError):
        return wanted is not None and json.loads(state)["_data_files"] == json.loads(wanted)["_data_files"]
    return False


def dataset_view(units: Iterable[Commit]) -> dict[str, bytes]:
    """The two files by which `datasets.load_from_disk` knows a ledger's folder, by name; the one that counts is last.

    `units`: the commits whose rows the data set has. Empty while they have no shard.
    """
    commits = [commit for commit in units if commit.shard]
    shards = [commit.shard for commit in commits if commit.rows] or [commit.shard for commit in commits[:1]]
    if not shards:
        return {}
    state: dict[str, Any] = {
        "_data_files": [{"filename": shard} for shard in shards],
        "_fingerprint": content_hash(*shards)[:16],
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
    }
    info = {"description": "Written by chainpref; features are those of the Arrow schema.", "version": None}
    tables = {layout.DATASET_INFO: info, layout.DATASET_STATE: state}
    return {
        name: sealed(json.dumps(table, indent=2, sort_keys=True).encode(), "json") for name, table in tables.items()
    }


def write_dataset_view(ledger: Ledger, units: Iterable[Commit]) -> bool:
    """Make a ledger's folder open with `datasets.load_from_disk`, with the rows of `units`.

    The files are replaced when they differ. Returns whether anything was written.
    """
    store, changed = ledger.store, False
    for name, data in dataset_view(units).items():
        path = f"{ledger.prefix}/{name}"
        if not store.exists(path) or store.read(path) != data:
            store.replace(path, data)
            changed = True
    return changed


def concatenate(payloads: Iterable[tuple[str, bytes]]) -> tuple[bytes, int]:
    """Join payloads, each with its name, into one stream. Returns the stream and how many payloads it holds: those
    before the first one that has another schema, because another version of the code wrote it.

    Memory: the stream, and one payload if they come one by one. Raises CorruptionError.
    """
    sink = io.BytesIO()  # its bytes are handed over without a copy
    with contextlib.ExitStack() as stack:
        writer, columns, taken = None, None, 0
        for where, payload in payloads:
            schema_here = stream_schema(payload, where)
            if writer is None:
                columns = schema_here
                writer = stack.enter_context(pa.ipc.new_stream(sink, columns))
            if not schema_here.equals(columns, check_metadata=True):
                break
            for batch in batches(payload, where):
                writer.write_batch(batch)
            taken += 1
    return sink.getvalue(), taken


def runs(kind: type[RecordT], payload: bytes, where: str, column: str) -> Iterator[tuple[Any, pa.RecordBatch]]:
    """Runs of consecutive rows that have the same value in `column`: the value and the rows, for `records`. The rows
    share the shard's memory. A run that crosses two batches comes in two parts. Raises CorruptionError."""
    for batch in _batches(kind, payload, where):
        with decoding(where):
            values = batch.column(column).to_pylist()
        start = 0
        for value, same in itertools.groupby(values):
            length = sum(1 for _ in same)
            yield value, batch.slice(start, length)
            start += length


def records(kind: type[RecordT], batch: pa.RecordBatch, where: str) -> Iterator[RecordT]:
    """The rows of a batch of the shard `where`. Raises CorruptionError when they are something else."""
    with decoding(where):
        for row in to_rows(batch):
            yield from_row(row, kind)


def _batches(kind: type[RecordT], payload: bytes, where: str) -> Iterator[pa.RecordBatch]:
    stored = (stream_schema(payload, where).metadata or {}).get(b"chainpref.record", b"")
    if stored != kind.__name__.encode():
        named = stored.decode(errors="replace")
        raise CorruptionError(f"{where}: a shard of {named or 'unknown'} records was read as {kind.__name__}")
    return batches(payload, where)

"""Records to Arrow stream shards and back: native nested types, so that other tools read them too.

One way for Episode, PreferenceGroup and Score (`rollout.data.columns`). A row that cannot be stored is rejected with a
reason, and its neighbours are kept.
"""

import contextlib
import io
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
import pyarrow as pa

from cluster.errors import CorruptionError
from cluster.store.ledger import Commit, Ledger
from cluster.store.storage import Store
from rollout.data import layout
from rollout.data.columns import fault, from_row, schema, to_batch, to_row, to_rows
from rollout.records import Episode, PreferenceGroup, Score, content_hash

RecordT = TypeVar("RecordT", bound=msgspec.Struct)

BATCH_BYTES = 1 << 20
"""Arrow bytes of one batch, about: what a reader holds as Python objects at a time is some ten times that."""
SHARD_BYTES = 64 << 20
"""Payload of one shard of a stream, about."""
_MAX_BATCH_ROWS = 512


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A row that could not be stored. `content` is the row as pure-ASCII JSON: surrogates escaped, NaN as `NaN`."""

    row: str
    place: int
    """Its index among the rows that the shard was to hold."""
    reason: str
    content: str


class Encoded(msgspec.Struct, frozen=True, kw_only=True):
    """A shard's payload, the rows in it, and the rows that could not be stored."""

    payload: bytes
    rows: int
    rejected: tuple[Rejected, ...]

    def kept(self, records: Sequence[RecordT]) -> list[RecordT]:
        """Of the records that were to be stored, or of what stands beside them, those of the rows that are."""
        without = {row.place for row in self.rejected}
        return [record for place, record in enumerate(records) if place not in without]


@dataclass(frozen=True, slots=True)
class _Taken(Generic[RecordT]):
    """A row on its way into a shard."""

    place: int
    record: RecordT
    row: dict[str, Any]


class ShardWriter(Generic[RecordT]):
    """Makes one shard, row by row. Memory: the shard as Arrow, and one batch as Python objects."""

    def __init__(self, kind: type[RecordT]) -> None:
        self._kind = kind
        self._sink = pa.BufferOutputStream()
        self._writer = pa.ipc.new_stream(self._sink, schema(kind))
        self._pending: list[_Taken[RecordT]] = []
        self._taken = 0
        self._rejected: list[Rejected] = []
        self._batch_rows = 8
        self.rows = 0

    @property
    def bytes(self) -> int:
        """Bytes written so far, the pending batch not counted."""
        return int(self._sink.tell())

    @property
    def waiting(self) -> int:
        """Rows taken and not written yet."""
        return len(self._pending)

    def add(self, record: RecordT) -> None:
        """Append a row. One that cannot be stored stands in `Encoded.rejected` in the end."""
        place, self._taken = self._taken, self._taken + 1
        try:
            row = to_row(record)
        except (ValueError, TypeError, OverflowError) as error:  # msgspec.ValidationError is a ValueError
            self._reject(place, record, str(error))
            return
        self._pending.append(_Taken(place, record, row))
        if len(self._pending) >= self._batch_rows:
            self._flush()

    def finish(self) -> Encoded:
        """Close the stream. The writer takes no more rows."""
        self._flush()
        self._writer.close()
        return Encoded(payload=self._sink.getvalue().to_pybytes(), rows=self.rows, rejected=tuple(self._rejected))

    def _flush(self) -> None:
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        batch = to_batch([taken.row for taken in pending], schema(self._kind))
        if batch is None:
            batch = self._without_rejected(pending)
        if batch.num_rows:
            before = self.bytes
            self._writer.write_batch(batch)
            self.rows += batch.num_rows
            row_bytes = max(1, (self.bytes - before) // batch.num_rows)
            self._batch_rows = min(_MAX_BATCH_ROWS, max(1, BATCH_BYTES // row_bytes))

    def _without_rejected(self, pending: Sequence["_Taken[RecordT]"]) -> pa.RecordBatch:
        kept = []
        for taken in pending:
            reason = fault(taken.row, schema(self._kind))
            if not reason and to_batch([taken.row], schema(self._kind)) is None:
                reason = "Arrow cannot hold it"
            if reason:
                self._reject(taken.place, taken.record, reason)
            else:
                kept.append(taken.row)
        batch = to_batch(kept, schema(self._kind))
        assert batch is not None, "rows that can be stored one by one can be stored together"
        return batch

    def _reject(self, place: int, record: RecordT, reason: str) -> None:
        try:
            content = json.dumps(msgspec.to_builtins(record))
        except (TypeError, ValueError):
            content = json.dumps({"repr": repr(record)})
        # What is wrong with the row can be wrong with its name, and then stands in the reason, too.
        row, reason = _escaped(_row_id(record)), _escaped(reason)
        self._rejected.append(Rejected(row=row, place=place, reason=reason, content=content))


def encode_episodes(episodes: Iterable[Episode]) -> Encoded:
    """One shard of episodes; rows that cannot be stored are rejected with a reason."""
    return _encode(Episode, episodes)


def encode_groups(groups: Iterable[PreferenceGroup]) -> Encoded:
    """One shard of preference groups. Rejected, too: a chain whose step indices do not ascend."""
    return _encode(PreferenceGroup, groups)


def encode_scores(scores: Iterable[Score]) -> Encoded:
    """One shard of scores."""
    return _encode(Score, scores)


def decode_episodes(payload: bytes) -> list[Episode]:
    """What `encode_episodes` stored. Raises CorruptionError. Read payloads through a ledger: it checks the hash."""
    return list(iterate(Episode, payload))


def decode_groups(payload: bytes) -> list[PreferenceGroup]:
    """What `encode_groups` stored. Raises like `decode_episodes`."""
    return list(iterate(PreferenceGroup, payload))


def decode_scores(payload: bytes) -> list[Score]:
    """What `encode_scores` stored. Raises like `decode_episodes`."""
    return list(iterate(Score, payload))


def read_episodes(ledger: Ledger) -> Iterator[Episode]:
    """All committed episodes, in unit order. Memory: one shard and one batch. Raises CorruptionError."""
    return _read(Episode, ledger)


def read_groups(ledger: Ledger) -> Iterator[PreferenceGroup]:
    """All committed preference groups, in unit order. Memory and errors as `read_episodes`."""
    return _read(PreferenceGroup, ledger)


def read_scores(ledger: Ledger) -> Iterator[Score]:
    """All committed scores, in unit order. Memory and errors as `read_episodes`."""
    return _read(Score, ledger)


def publish_stream(
    ledger: Ledger, kind: type[RecordT], records: Iterable[RecordT], unit: str, shard_bytes: int = SHARD_BYTES
) -> Iterator[tuple[Commit, tuple[Rejected, ...]]]:
    """Publish any number of records as units UNIT-00000, UNIT-00001, ... of about `shard_bytes`; lazily, flat memory.

    Yields each commit and the rows rejected. The same records make the same units, so it can be repeated.
    """
    writer, number = ShardWriter(kind), 0
    for record in records:
        writer.add(record)
        if writer.bytes >= shard_bytes:
            yield _publish(ledger, writer, f"{unit}-{number:05d}")
            writer, number = ShardWriter(kind), number + 1
    if writer.waiting or writer.rows or not number:
        yield _publish(ledger, writer, f"{unit}-{number:05d}")


def quarantine(store: Store, unit: str, rejected: Sequence[Rejected]) -> str | None:
    """Write rejected rows below quarantine/, one JSON object a line. Returns the path; None when there are none.

    The name is made of the unit and the contents, so that a repeated attempt writes nothing new.
    """
    if not rejected:
        return None
    data = b"".join(msgspec.json.encode(row) + b"\n" for row in rejected)
    path = layout.quarantined(unit, content_hash(data))
    store.create(path, data)
    return path


def write_dataset_view(ledger: Ledger) -> bool:
    """Make a ledger's folder open with `datasets.load_from_disk`: state.json and dataset_info.json over its shards.

    A derived view, replaced when the commits changed; returns whether anything was written. Nothing is written
    while no shard is committed.
    """
    store, prefix = ledger.store, ledger.prefix
    commits = [commit for commit in ledger.commits().values() if commit.shard]
    shards = [commit.shard for commit in commits if commit.rows] or [commit.shard for commit in commits[:1]]
    if not shards:
        return False
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
    changed = False
    for path, table in ((layout.dataset_info(prefix), info), (layout.dataset_state(prefix), state)):
        data = json.dumps(table, indent=2, sort_keys=True).encode() + b"\n"
        if not store.exists(path) or store.read(path) != data:
            store.replace(path, data)
            changed = True
    return changed


def concatenate(payloads: Iterable[bytes]) -> tuple[bytes, int]:
    """One stream with all batches of the first payloads, in order, and how many these are: those before the first one
    whose schema differs, being another version's. Memory: what is made, and one payload if they come one by one."""
    sink = io.BytesIO()  # its bytes are handed over without a copy
    with contextlib.ExitStack() as stack:
        writer, columns, taken = None, None, 0
        for payload in payloads:
            with pa.ipc.open_stream(payload) as reader:
                if writer is None:
                    columns = reader.schema
                    writer = stack.enter_context(pa.ipc.new_stream(sink, columns))
                if not reader.schema.equals(columns, check_metadata=True):
                    break
                for batch in reader:
                    writer.write_batch(batch)
            taken += 1
    return sink.getvalue(), taken


def iterate(kind: type[RecordT], payload: bytes) -> Iterator[RecordT]:
    """The rows of a shard, a batch at a time. Raises CorruptionError when it holds something else."""
    for batch in _batches(kind, payload):
        yield from records(kind, batch)


def runs(kind: type[RecordT], payload: bytes, column: str) -> Iterator[tuple[Any, pa.RecordBatch]]:
    """Consecutive rows of an equal value in `column`, for `records`: the value and the rows, which are the shard's own
    memory. A run that crosses two batches comes in two parts. Raises like `iterate`."""
    for batch in _batches(kind, payload):
        start = 0
        for value, same in itertools.groupby(batch.column(column).to_pylist()):
            length = sum(1 for _ in same)
            yield value, batch.slice(start, length)
            start += length


def records(kind: type[RecordT], batch: pa.RecordBatch) -> Iterator[RecordT]:
    """The rows of a batch. Raises CorruptionError when they are something else."""
    try:
        for row in to_rows(batch):
            yield from_row(row, kind)
    except msgspec.ValidationError as error:
        raise CorruptionError(f"a shard of {kind.__name__} records does not decode: {error}") from None


def _batches(kind: type[RecordT], payload: bytes) -> Iterator[pa.RecordBatch]:
    try:
        with pa.ipc.open_stream(payload) as reader:
            stored = (reader.schema.metadata or {}).get(b"chainpref.record", b"").decode()
            if stored != kind.__name__:
                raise CorruptionError(f"a shard of {stored or 'unknown'} records was read as {kind.__name__}")
            yield from reader
    except pa.ArrowException as error:
        raise CorruptionError(f"a shard of {kind.__name__} records does not decode: {error}") from None


def _encode(kind: type[RecordT], records: Iterable[RecordT]) -> Encoded:
    writer = ShardWriter(kind)
    for record in records:
        writer.add(record)
    return writer.finish()


def _read(kind: type[RecordT], ledger: Ledger) -> Iterator[RecordT]:
    for commit in ledger.commits().values():
        if commit.rows:
            yield from iterate(kind, ledger.read(commit))


def _publish(ledger: Ledger, writer: ShardWriter[RecordT], unit: str) -> tuple[Commit, tuple[Rejected, ...]]:
    encoded = writer.finish()
    return ledger.publish(unit, encoded.payload, encoded.rows, attempt=0)[0], encoded.rejected


def _row_id(record: msgspec.Struct) -> str:
    match record:
        case Episode():
            return record.id
        case PreferenceGroup():
            return f"{record.problem_id}@{record.student}"
        case Score():
            return f"{record.model}/{record.suite}/{record.episode.id}"
    raise TypeError(f"no row id for {type(record).__name__}")


def _escaped(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()

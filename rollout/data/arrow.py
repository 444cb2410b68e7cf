"""Arrow data that somebody else may have made: read a batch at a time, each one validated whole before it is touched.

Arrow trusts the offsets and lengths of a file. Where they are wrong, reading a value reads any memory, which ends the
process or, worse, does not. `validate(full=True)` looks at every offset, index and string; it takes some hundredths of
the time that rows take to become objects. What a library says of broken data becomes the corruption error of the file.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from cluster.errors import CorruptionError, first_line

if TYPE_CHECKING:
    from datasets import Dataset

BROKEN = (
    *(pa.ArrowException, OSError, SystemError, MemoryError),
    *(ValueError, TypeError, LookupError, ArithmeticError, AttributeError),
)
"""What Arrow, and whoever makes objects of its values, raise for broken data. UnicodeDecodeError is a ValueError."""


@contextlib.contextmanager
def decoding(where: str) -> Iterator[None]:
    """Turn what the block raises for broken data into a CorruptionError that begins with `where`, the file's name."""
    try:
        yield
    except BROKEN as error:
        raise CorruptionError(f"{where}: does not decode: {first_line(error)[:200]}") from None


def batches(payload: bytes, where: str) -> Iterator[pa.RecordBatch]:
    """The batches of a stream, each validated. Raises CorruptionError."""
    with decoding(where), pa.ipc.open_stream(payload) as reader:
        for batch in reader:
            batch.validate(full=True)
            yield batch


def stream_schema(payload: bytes, where: str) -> pa.Schema:
    """The schema of a stream. Raises CorruptionError."""
    with decoding(where), pa.ipc.open_stream(payload) as reader:
        return reader.schema


def mapped_rows(path: Path, schema: pa.Schema) -> "Dataset":
    """The rows of a file that holds a stream, memory-mapped and validated. Raises CorruptionError, also for a schema
    other than `schema`."""
    import datasets

    with decoding(str(path)):
        rows = datasets.Dataset.from_file(str(path))
        if rows.data.schema != schema:
            raise ValueError("its columns are not those that were written")
        rows.data.table.validate(full=True)
        return rows

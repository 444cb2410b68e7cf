"""Rows of a user's file or data set, each with the place where a person finds it."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cluster.errors import RequestError, first_line
from rollout.json_text import parse_json, short
from rollout.records import canonical_json

LONGEST_LINE = 10_000_000
"""Characters; a longer line is no problem's row."""


class Row(NamedTuple):
    """One row, and where it stands: `FILE:LINE`, or `NAME row NUMBER` for a Hub data set."""

    where: str
    values: Mapping[str, Any]

    def text(self, column: str) -> str:
        """The non-empty text in `column`. Raises RequestError."""
        value = self.value(column)
        if not isinstance(value, str) or not value.strip():
            raise RequestError(f"{self.where}: {column!r} is {short(value)}, not text; write the text or drop the row")
        require_whole_characters(value, self.where, column)
        return value.strip()

    def value(self, column: str) -> Any:
        """What stands in `column`. Raises RequestError when it is absent or null."""
        if column not in self.values:
            raise RequestError(
                f"{self.where}: no column {column!r}; it has {', '.join(self.values) or 'none'}: name one of these"
            )
        value = self.values[column]
        if value is None:
            raise RequestError(f"{self.where}: {column!r} is empty; fill it in or drop the row")
        return value


def require_whole_characters(value: Any, where: str, column: str) -> None:
    """Raise RequestError where a JSON value holds half of a surrogate pair, which no file can hold, or NaN."""
    try:
        canonical_json(value)
    except ValueError as error:
        half = "half of a surrogate pair; write the character itself"
        what = half if isinstance(error, UnicodeEncodeError) else "what is no number; write one, or null"
        raise RequestError(f"{where}: {column!r} holds {what}") from None


class LeftOut(RequestError):
    """A row of other people's that gives no problem: where it stands, the kind of its fault, and the fault itself."""

    where: str
    kind: str
    """What rows of the kind have in common, as it stands behind "because"."""

    def __init__(self, where: str, kind: str, fault: str) -> None:
        super().__init__(where, kind, fault)
        self.where, self.kind = where, kind

    def __str__(self) -> str:
        return f"{self.where}: {self.args[2]}"


class Table(NamedTuple):
    """All rows of a source."""

    rows: Sequence[Row]
    kind: str
    """How values are written: `json`, `csv` (all of it text), or `typed` (columns whose values share a type)."""
    decoded: frozenset[str]
    """Columns of JSON, which `datasets` marks as such: their texts are JSON, or they were read already."""


def read_rows(path: str, kind: str = "") -> Table:
    """The rows of a file of `kind` jsonl, json, csv or parquet; "" goes by the file's ending. Raises RequestError."""
    kind = kind or Path(path).suffix.removeprefix(".")
    if kind not in READERS:
        raise RequestError(
            f"{path}: unknown kind of file {kind!r}; give one that ends in .jsonl, .json, .csv or .parquet"
        )
    if not Path(path).is_file():
        raise RequestError(f"{path}: no such file; give the path of a .{kind} file")
    decoded = _marked_json(path) if kind == "parquet" else frozenset()
    return Table(list(READERS[kind](path)), {"jsonl": "json", "json": "json", "csv": "csv"}.get(kind, "typed"), decoded)


def read_hub(name: str, subset: str, split: str, revision: str) -> Table:
    """The rows of a Hub data set's split, or of a local folder that holds one. Runs no code of the data set's."""
    import datasets

    from rollout.data.arrow import BROKEN

    try:
        table = datasets.load_dataset(name, subset or None, split=split, revision=revision or None)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        reason = first_line(error)[:200]
        raise RequestError(f"data set {name!r}, split {split!r}: {reason}; check name, subset and split") from None
    try:
        table.data.table.validate(full=True)
        types = {field.name: field.type for field in table.features.arrow_schema if loses(field.type)}
        rows = [Row(f"{name} ({split}) row {number}", as_put_in(values, types)) for number, values in enumerate(table)]
    except BROKEN as error:
        raise RequestError(f"data set {name!r}, split {split!r}: does not decode: {first_line(error)[:200]}") from None
    return Table(rows, "typed", frozenset(name for name, kind in table.features.items() if kind == datasets.Json()))


def _jsonl(path: str) -> Iterator[Row]:
    with Path(path).open("rb") as file:
        for number, line in enumerate(file, 1):
            where = f"{path}:{number}"
            if not line.strip():
                continue
            if len(line) > LONGEST_LINE:
                raise RequestError(f"{where}: {len(line)} bytes in one line; write one problem a line")
            values = parse_json(line, where, "write one JSON object a line")
            if not isinstance(values, dict):
                raise RequestError(f"{where}: {short(values)} is no object; write one JSON object a line")
            yield Row(where, values)


def _json(path: str) -> Iterator[Row]:
    """A file that is one list of objects; one that is not is read as JSON lines."""
    with Path(path).open("rb") as file:
        if not file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
            yield from _jsonl(path)
            return
    for number, values in enumerate(parse_json(Path(path).read_bytes(), path, "write one list of objects"), 1):
        if not isinstance(values, dict):
            raise RequestError(f"{path} row {number}: {short(values)} is no object; write a list of objects")
        yield Row(f"{path} row {number}", values)


def _csv(path: str) -> Iterator[Row]:
    with Path(path).open(newline="", encoding="utf-8-sig") as file:
        csv.field_size_limit(LONGEST_LINE)  # of the process: 131,072 characters by default
        reader = csv.reader(file, strict=True)
        start = 1
        try:
            header = next(reader, None)
            if not header:
                raise RequestError(f"{path}:1: no header; name the columns in the first line")
            if len(set(header)) != len(header):
                raise RequestError(f"{path}:1: a column stands twice; rename one")
            start = reader.line_num + 1
            for cells in reader:
                if cells and len(cells) != len(header):
                    raise RequestError(
                        f"{path}:{start}: {len(cells)} cells under {len(header)} columns; quote cells that hold commas"
                    )
                if cells:
                    yield Row(
                        f"{path}:{start}",
                        dict(zip(header, (cell if cell.strip() else None for cell in cells), strict=True)),
                    )
                start = reader.line_num + 1
        except (csv.Error, UnicodeDecodeError) as error:
            raise RequestError(f"{path}:{start}: not CSV in UTF-8: {error}; export it again as UTF-8") from None


def _parquet(path: str) -> Iterator[Row]:
    import pyarrow.parquet

    from rollout.data.arrow import BROKEN

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            types = {field.name: field.type for field in file.schema_arrow if loses(field.type)}
            number = 0
            for batch in file.iter_batches():
                batch.validate(full=True)
                for values in batch.to_pylist():
                    number += 1
                    yield Row(f"{path}:{number}", as_put_in(values, types))
    except BROKEN as error:  # a key that stands twice in a map is one, too
        raise RequestError(f"{path}: not Parquet: {first_line(error)}; write the file again") from None


class Map(dict[str, Any]):
    """An object that was stored as a map: each row has its own keys, so a null in it was put in."""


def loses(kind: Any) -> bool:
    """Whether values of an Arrow type, at any depth, lose in Python what they were: maps, and floats of fewer bits."""
    import pyarrow

    within = [kind.field(index).type for index in range(kind.num_fields)]
    types = pyarrow.types
    return bool(types.is_map(kind) or types.is_float32(kind) or types.is_float16(kind)) or any(map(loses, within))


def as_put_in(values: Mapping[str, Any], types: Mapping[str, Any]) -> dict[str, Any]:
    """A row's values, those of the columns in `types` (Arrow's) as they were put in. Raises KeyError where a key stands
    twice in a map."""
    return {name: _as_put_in(value, types[name]) if name in types else value for name, value in values.items()}


def _as_put_in(value: Any, kind: Any) -> Any:
    import numpy
    import pyarrow

    if pyarrow.types.is_map(kind) and isinstance(value, list):
        found = Map((key, _as_put_in(item, kind.item_type)) for key, item in value)
        if len(found) != len(value):
            raise KeyError("a key stands twice in a map")
        return found
    if isinstance(value, dict):
        within = {kind.field(index).name: kind.field(index).type for index in range(kind.num_fields)}
        return as_put_in(value, within)
    if isinstance(value, list):
        return [_as_put_in(item, kind.value_type) for item in value]
    if isinstance(value, float) and pyarrow.types.is_floating(kind) and kind.bit_width < 64:
        # By its own shortest decimal: a 0.1 that was stored in 32 bits is no 0.10000000149011612.
        return float(str(numpy.dtype(f"f{kind.bit_width // 8}").type(value)))
    return value


def _marked_json(path: str) -> frozenset[str]:
    """The columns that `datasets` wrote as JSON text. Raises nothing: a file that does not read is refused later."""
    import pyarrow
    import pyarrow.parquet

    try:
        metadata = pyarrow.parquet.read_schema(path).metadata or {}
        features = json.loads(metadata.get(b"huggingface", b"{}")).get("info", {}).get("features", {})
        return frozenset(name for name, feature in features.items() if feature.get("_type") == "Json")
    except (pyarrow.ArrowException, OSError, ValueError, AttributeError):
        return frozenset()


READERS: Mapping[str, Callable[[str], Iterator[Row]]] = {
    "jsonl": _jsonl,
    "json": _json,
    "csv": _csv,
    "parquet": _parquet,
}

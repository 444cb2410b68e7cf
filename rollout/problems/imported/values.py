"""Values of imported rows: what was put into a file or a data set, whatever form it has there.

- *JSON lines* say it all.
- *Typed columns* (Parquet, Arrow, data sets) give all dicts of a column the same keys, and those that a row lacked are
  null: a null inside a dict is read as a key that was absent where another row has a value for it, and is refused where
  no row has one, because nobody can know then. Maps have the keys of their own row, and keep their nulls. Whole floats
  are read as integers: a 3 beside a 2.5 became 3.0. Floats of 16 and 32 bits are read by their shortest decimal.
- *CSV* has text only: the cell of a value is a number where it is written as one, JSON where it is an object or array.
- *JSON text*: a column of text that is JSON in every row, and an object or array in one, holds JSON; where some rows
  are objects or arrays and others are no JSON, it is refused.

`nulls` and `json_columns` of a family's section decide where the default is not what was meant.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from cluster.errors import RequestError
from rollout.json_text import no_constant, parse_json, short
from rollout.problems.imported.rows import Map, Row, Table

_DECIMAL = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")
_PYTHONS = ("True", "False")
"""Booleans as pandas writes them to CSV."""
_EXACT = 2**53
"""Floats beyond it are not all integers that somebody wrote."""


class Column(NamedTuple):
    """The values of one column, row by row, and how many nulls were read as absent keys."""

    values: Sequence[Any]
    dropped: int
    example: str
    """Where the first of them is; "" where there is none."""


def read_column(table: Table, column: str, nulls: str | None, json_columns: Sequence[str] | None) -> Column:
    """What was put into `column`. Raises RequestError, with the row's place, for what is empty or cannot be known."""
    found = [row.value(column) for row in table.rows]
    as_json = column in table.decoded or _is_json(found, table, column, json_columns)
    if as_json:
        found = [_parsed(value, row, column) for value, row in zip(found, table.rows, strict=True)]
    elif table.kind == "csv" and json_columns is None:
        if found and all(cell in _PYTHONS for cell in found):
            raise RequestError(
                f"{table.rows[0].where}: {column!r} is {found[0]}, in every row True or False: booleans or text? Set "
                f'json_columns = ["{column}"] for booleans, [] for text'
            )
        found = [_cell(cell, f"{row.where}: {column!r}") for cell, row in zip(found, table.rows, strict=True)]
    nulls = nulls or ("null" if as_json or table.kind != "typed" else None)
    if table.kind == "typed" and not as_json:
        found = [_whole(value) for value in found]
    if nulls is None:
        _refuse_unknown(found, table.rows, column)
    dropped, example, values = 0, "", []
    for value, row in zip(found, table.rows, strict=True):
        checked = json_value(value, f"{row.where}: {column!r}")
        kept = checked if nulls == "null" else _without_nulls(checked)
        lost = _nulls(checked) - _nulls(kept)
        example = example or (row.where if lost else "")
        dropped += lost
        values.append(kept)
    return Column(values, dropped, example)


def put_into_structs(values: Mapping[str, Any], nulls: str | None) -> tuple[dict[str, Any], int]:
    """A row of typed columns as it was put in: whole floats are integers, and nulls inside dicts absent keys unless
    `nulls` is "null". With the number of those nulls. Nothing is refused."""
    whole = {name: _whole(value) for name, value in values.items()}
    kept = whole if nulls == "null" else {name: _without_nulls(value) for name, value in whole.items()}
    return kept, sum(_nulls(whole[name]) - _nulls(kept[name]) for name in whole)


def _is_json(values: Sequence[Any], table: Table, column: str, json_columns: Sequence[str] | None) -> bool:
    """Whether the texts of a column are JSON. Raises RequestError where some are objects or arrays, and some are no
    JSON; the cells of CSV are read one by one then."""
    if not values or not all(isinstance(value, str) for value in values):
        return False
    if json_columns is not None:
        return column in json_columns
    nested, other = "", ""
    for value, row in zip(values, table.rows, strict=True):
        try:
            parsed = parse_json(value, "")
        except RequestError:
            other = other or row.where
        else:
            nested = nested or (row.where if isinstance(parsed, dict | list) else "")
        if other and (nested or table.kind == "csv"):
            break
    if nested and other and table.kind != "csv":
        raise RequestError(
            f"{other}: {column!r} is no JSON, as it is in {nested}: JSON or text? Correct it, or set json_columns = [] "
            "where all of it is text"
        )
    return bool(nested) and not other


def _parsed(value: Any, row: Row, column: str) -> Any:
    if not isinstance(value, str):
        return value
    if value in _PYTHONS:
        return value == "True"
    return parse_json(value, f"{row.where}: {column!r}")


def _cell(cell: str, where: str) -> Any:
    text = cell.strip()
    if text[:1] in "{[":
        return parse_json(text, where)
    if _DECIMAL.fullmatch(text):
        return json.loads(text)
    try:
        value = json.loads(text, parse_constant=no_constant)
    except (ValueError, RecursionError):
        return cell
    # 1e-05 is how a float is written; 1e5 and 1E5 are not, and may be anything.
    return value if isinstance(value, float) and json.dumps(value) == text else cell


def _whole(value: Any) -> Any:
    """`value` with integers for whole floats."""
    if isinstance(value, dict):
        return type(value)((key, _whole(each)) for key, each in value.items())
    if isinstance(value, list):
        return list(map(_whole, value))
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT else value


def _refuse_unknown(values: Sequence[Any], rows: Sequence[Row], column: str) -> None:
    """Raise RequestError for a key that is null in every row that may have it."""
    filled, empty = set[str](), dict[str, Row]()
    for value, row in zip(values, rows, strict=True):
        for path, each in _fields(value, ""):
            if each is None:
                empty.setdefault(path, row)
            else:
                filled.add(path)
    for path in empty.keys() - filled:
        raise RequestError(
            f"{empty[path].where}: {column!r} has a null at {path[1:]!r}, as every row has: was it null, or was the "
            'key absent? Set nulls = "null" or "absent", or write the column as JSON text'
        )


def _fields(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every value of a key that all dicts of its column have, with the names on the way to it."""
    if isinstance(value, Map | list):  # their members have one type, and the same fields
        for each in value.values() if isinstance(value, Map) else value:
            yield from _fields(each, path)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield f"{path}.{key}", each
            yield from _fields(each, f"{path}.{key}")


def _without_nulls(value: Any) -> Any:
    """`value` without the keys that are null; nulls in lists and in maps stay."""
    if isinstance(value, dict):
        left = ((key, each) for key, each in value.items() if each is not None or isinstance(value, Map))
        return type(value)((key, _without_nulls(each)) for key, each in left)
    return list(map(_without_nulls, value)) if isinstance(value, list) else value


def _nulls(value: Any) -> int:
    return sum(each is None for _, each in _fields(value, ""))


def json_value(value: Any, where: str) -> Any:
    """`value` as JSON has it. Raises RequestError for what JSON cannot say."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise RequestError(f"{where} holds {value}, which is no JSON number; fill it in or drop the row")
    if isinstance(value, Decimal) and value.is_finite() and Decimal(repr(float(value))) == value:
        return _whole(float(value)) if abs(value) < _EXACT else int(value) if value == int(value) else float(value)
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        made = Map if isinstance(value, Map) else dict[str, Any]
        return made((key, json_value(each, where)) for key, each in value.items())
    if isinstance(value, list | tuple):
        return [json_value(each, where) for each in value]
    kind = "an object with keys that are no text" if isinstance(value, Mapping) else f"a {type(value).__name__}"
    raise RequestError(f"{where} holds {kind}, {short(value)}, which JSON cannot say; write it as text or a number")

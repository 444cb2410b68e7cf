"""Records to Arrow columns and back. The schema is derived from the record's type.

It is derived so that no field is forgotten: Arrow silently drops keys that a schema lacks. Integers become int32,
floats double, and log-probabilities float32, as samplers give them. Only `Chain.step`, which has an index for each
token, is stored in another form: `step_lengths` holds the lengths of the runs "step 0, not written, step 1, not
written, ...", which takes a few bytes a chain.
"""

import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import msgspec.inspect
import numpy as np
import pyarrow as pa

from rollout.records import SCHEMA_VERSION, Chain

_FLOAT32 = frozenset({"logprobs"})
_STEP, _STEP_LENGTHS = "step", "step_lengths"
_MOST_STEPS = 1 << 26
"""Tokens of a chain; no model has a context of that length."""


@functools.cache
def schema(kind: type[msgspec.Struct]) -> pa.Schema:
    """The Arrow schema of a record's shards."""
    metadata = {"chainpref.record": kind.__name__, "chainpref.schema_version": str(SCHEMA_VERSION)}
    return pa.schema(list(_arrow_type(msgspec.inspect.type_info(kind), kind.__name__)), metadata=metadata)


def to_row(record: msgspec.Struct) -> dict[str, Any]:
    """The record as plain values in the form that `schema` describes. Raises ValueError if a value has a wrong type.

    msgspec does not check types when a record is made, and one wrong value would make its whole shard unreadable.
    """
    row: dict[str, Any] = msgspec.to_builtins(record)
    msgspec.convert(row, type(record))
    for chain in row.get("chains", ()):
        chain[_STEP_LENGTHS] = step_lengths(chain.pop(_STEP))
    return row


def from_row(row: dict[str, Any], kind: type[msgspec.Struct]) -> Any:
    """The record of a row. Raises msgspec.ValidationError, ValueError, TypeError or LookupError where it is none."""
    for chain in row.get("chains", ()):
        lengths = chain.pop(_STEP_LENGTHS)
        if min(lengths, default=0) < 0 or sum(lengths) > _MOST_STEPS:
            raise ValueError(f"chain.step_lengths: {sum(lengths)} tokens")  # would take the machine's memory
        chain[_STEP] = step_indices(lengths)
    return msgspec.convert(row, kind)


def to_batch(rows: Sequence[Mapping[str, Any]], columns: pa.Schema) -> pa.RecordBatch | None:
    """One batch; None if any of the rows cannot be stored (`fault` says which one)."""
    try:
        batch = pa.RecordBatch.from_pylist(rows, columns)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return None
    return batch if all(_sound(column) for column in batch.columns) else None


def to_rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """The rows of a batch as plain values. It goes through numpy: 30 times faster on token ids than `to_pylist`."""
    return _values(batch.to_struct_array())


def fault(row: Mapping[str, Any], columns: pa.Schema) -> str:
    """Why Arrow cannot hold a row: the first faulty field and what is wrong with it; "" if nothing is."""
    return _fault(row, pa.struct(list(columns)), "")


def step_lengths(step: Sequence[int]) -> list[int]:
    """Lengths of the alternating runs "step 0, -1, step 1, -1, ..."; 0 for a run that is absent.

    Raises ValueError if the indices of the tokens that the model wrote do not ascend, or one comes back after a gap.
    """
    lengths: list[int] = []
    for index, run in itertools.groupby(step):
        # Step k is run number 2k; tokens that the model did not write make the odd run after the last one.
        number = 2 * index if index >= 0 else len(lengths) | 1
        if index < -1 or number < len(lengths):
            raise ValueError("chain.step: the indices of written tokens must ascend, with -1 for the others")
        lengths += [0] * (number - len(lengths))
        lengths.append(len(list(run)))
    return lengths


def step_indices(lengths: Sequence[int]) -> list[int]:
    """The inverse of `step_lengths`."""
    step: list[int] = []
    for number, length in enumerate(lengths):
        step += [-1 if number % 2 else number // 2] * length
    return step


def _arrow_type(info: msgspec.inspect.Type, name: str) -> Any:
    """The Arrow type of a msgspec type. `name` is the field's, which decides the width of floats."""
    match info:
        case msgspec.inspect.StructType():
            # All fields are nullable, though few are ever null: else `datasets` casts, and so copies, all it opens.
            fields = [pa.field(info.tag_field, pa.string())] if info.tag_field else []
            for field in info.fields:
                if info.cls is Chain and field.name == _STEP:
                    fields.append(pa.field(_STEP_LENGTHS, pa.list_(pa.int32())))
                else:
                    fields.append(pa.field(field.name, _arrow_type(field.type, field.name)))
            return pa.struct(fields)
        case msgspec.inspect.VarTupleType():
            return pa.list_(_arrow_type(info.item_type, name))
        case msgspec.inspect.UnionType():
            (inner,) = (member for member in info.types if not isinstance(member, msgspec.inspect.NoneType))
            return _arrow_type(inner, name)
        case msgspec.inspect.StrType() | msgspec.inspect.EnumType() | msgspec.inspect.LiteralType():
            return pa.string()
        case msgspec.inspect.BoolType():
            return pa.bool_()
        case msgspec.inspect.IntType():
            return pa.int32()
        case msgspec.inspect.FloatType():
            return pa.float32() if name in _FLOAT32 else pa.float64()
    raise TypeError(f"{name}: no Arrow type for {info}")


def _sound(array: Any) -> bool:
    """Whether all numbers are finite. Arrow accepts NaN, and turns what float32 cannot hold into infinity."""
    if pa.types.is_struct(array.type):
        return all(_sound(child) for child in array.flatten())
    if pa.types.is_list(array.type):
        return _sound(array.values)
    if pa.types.is_floating(array.type):
        return bool(np.isfinite(array.drop_null().to_numpy(zero_copy_only=False)).all())
    return True


def _fault(value: Any, kind: Any, path: str) -> str:
    if value is None:
        return ""
    if pa.types.is_struct(kind):
        inner = (_fault(value[field.name], field.type, f"{path}.{field.name}".lstrip(".")) for field in kind)
        return next(filter(None, inner), "")
    if pa.types.is_list(kind):
        inner = (_fault(item, kind.value_type, f"{path}[{index}]") for index, item in enumerate(value))
        return next(filter(None, inner), "")
    if pa.types.is_string(kind):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            return f"{path}: lone surrogate {value[error.start]!a} at character {error.start}"
    if pa.types.is_integer(kind) and not -(2**31) <= value < 2**31:
        return f"{path}: {value if abs(value) < 10**20 else 'an integer'} does not fit 32 bits"
    if pa.types.is_floating(kind):
        limit = 3.4028235677973366e38 if pa.types.is_float32(kind) else math.inf
        # `not <` is true of NaN, too.
        if not abs(value) < limit:
            return f"{path}: {value!r} is not a finite number"
    return ""


def _values(array: Any) -> list[Any]:
    if pa.types.is_struct(array.type):
        names = [field.name for field in array.type]
        columns = [_values(array.field(index)) for index in range(len(names))]
        rows: list[Any] = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        if array.null_count:
            rows = [row if valid else None for row, valid in zip(rows, array.is_valid().to_pylist(), strict=True)]
        return rows
    if pa.types.is_list(array.type):
        offsets = array.offsets.to_numpy()
        first = int(offsets[0])
        values = _values(array.values.slice(first, int(offsets[-1]) - first))  # no more than a sliced batch has
        lists: list[Any] = [values[start:stop] for start, stop in itertools.pairwise((offsets - first).tolist())]
        if array.null_count:
            lists = [each if valid else None for each, valid in zip(lists, array.is_valid().to_pylist(), strict=True)]
        return lists
    if pa.types.is_string(array.type) or array.null_count:
        result: list[Any] = array.to_pylist()
        return result
    numbers: list[Any] = array.to_numpy(zero_copy_only=False).tolist()
    return numbers

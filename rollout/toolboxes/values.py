"""Python values as JSON, and as text: the same in every process, on every machine, on every day.

| value | JSON |
|---|---|
| NaN and infinity | the texts "NaN", "Infinity", "-Infinity" |
| `Decimal`, `Fraction`, `complex` | text |
| date, time, datetime; timedelta | text in ISO 8601 |
| bytes | text if they are UTF-8, else base64 |
| tuples, sets, ranges, deques, iterators, generators | lists; those of sets are sorted |
| mappings | objects; keys that are no text become their JSON text |
| enums | their values |
| dataclasses, attrs classes, pydantic models | objects of their fields |
| NumPy's numbers and arrays, tensors | numbers (float32 by its own shortest decimal) and lists |
| pandas' Series; DataFrame | a list, or an object where it has an index of its own; a list of rows |
| UUIDs, paths, IP addresses | text |

Everything else is refused by the name of its type. Lone surrogates become U+FFFD.
"""

import base64
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import ipaddress
import itertools
import math
import pathlib
import re
import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping, Set, ValuesView
from typing import Any

from pydantic import BaseModel, TypeAdapter

from rollout.records import canonical_json
from rollout.toolboxes.mistakes import NotJson, TooLarge

MAX_MEMBERS = 100_000
"""The most values that a result may hold, at all depths together."""
MAX_DEPTH = 100
MAX_BITS = 14_000
"""Of an integer: Python refuses to write those of more than 4,300 digits."""

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
_TEXTUAL: tuple[type, ...] = (decimal.Decimal, fractions.Fraction, uuid.UUID, pathlib.PurePath, re.Pattern)
_TEXTUAL += (ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Network, ipaddress.IPv6Network)
_LISTED = (list, tuple, collections.deque, range, Iterator, ValuesView, Set)
_DURATION = TypeAdapter(datetime.timedelta)


def as_json(value: Any) -> str:
    """A function's value as canonical JSON. Raises NotJson for what has no JSON form, TooLarge."""
    if type(value) is int and -(10**18) < value < 10**18:
        return str(value)
    return canonical_json(_Conversion().of(value, 0))


def stable_text(value: Any) -> str:
    """A default as a signature shows it: Python's `repr`, but for sets, which are sorted, and enums, which stand as
    what is written for them. Raises NotJson for a text that holds an address."""
    if isinstance(value, enum.Enum):
        return stable_text(value.value)
    if isinstance(value, Set) and type(value) in (set, frozenset):
        return f"{{{', '.join(sorted(map(stable_text, value)))}}}" if value else "set()"
    if type(value) is list:
        return f"[{', '.join(map(stable_text, value))}]"
    if type(value) is tuple:
        return f"({', '.join(map(stable_text, value))}{',' * (len(value) == 1)})"
    if type(value) is dict:
        return f"{{{', '.join(f'{stable_text(key)}: {stable_text(item)}' for key, item in value.items())}}}"
    names = _names_of_fields(value)
    if names is not None:
        shown = (f"{name}={stable_text(getattr(value, name))}" for name in names)
        return f"{type(value).__name__}({', '.join(shown)})"
    text = repr(value)
    if _ADDRESS.search(text):
        raise NotJson(f"{_ADDRESS.sub('0x...', text)}, which is another text in every process")
    return text


class _Conversion:
    """One value's way to JSON; counts what it holds."""

    def __init__(self) -> None:
        self._left = MAX_MEMBERS

    def of(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise TooLarge(f"the result holds more than {MAX_MEMBERS:,} values")
        if depth > MAX_DEPTH:
            raise TooLarge(f"the result holds more than {MAX_DEPTH} levels")
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, enum.Enum):
            return self.of(value.value, depth + 1)
        simple = simple_value(value)
        if simple is not None:
            return simple
        if isinstance(value, Mapping):
            return self._object(value.items(), depth)
        if isinstance(value, set | frozenset):
            return sorted(self._list(value, depth), key=_rank)
        if isinstance(value, _LISTED):
            return self._list(value, depth)
        fields = fields_of(value)
        if fields is not None:
            return self._object(fields, depth)
        if (inner := from_arrays(value)) is not value:
            return self.of(inner, depth)
        raise NotJson(f"the result is {_named(value)}, which has no JSON form; return numbers, text, lists or dicts")

    def _list(self, values: Iterable[Any], depth: int) -> list[Any]:
        return [self.of(each, depth + 1) for each in itertools.islice(values, self._left + 1)]

    def _object(self, items: Iterable[tuple[Any, Any]], depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, item in items:
            name = self.of(key, depth + 1)
            name = name if isinstance(name, str) else canonical_json(name)
            if name in made:
                raise NotJson(f"the result has two keys that are {name!r} in JSON; rename one")
            made[name] = self.of(item, depth + 1)
        return made


def simple_value(value: Any) -> Any:
    """What becomes a number or text; None for everything else."""
    if isinstance(value, int):
        if value.bit_length() > MAX_BITS:
            raise TooLarge("the result holds a number of more than 4,300 digits")
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else _not_finite(value)
    if isinstance(value, str):
        return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, bytes | bytearray):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    if isinstance(value, datetime.date | datetime.time):
        return None if value != value else value.isoformat()  # pandas' NaT is a datetime
    if isinstance(value, datetime.timedelta) and value == value:
        plain = datetime.timedelta(value.days, value.seconds, value.microseconds)
        return _DURATION.dump_python(plain, mode="json")
    if isinstance(value, complex):
        return str(value).strip("()")
    return str(value) if isinstance(value, _TEXTUAL) else None


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def fields_of(value: Any) -> Iterable[tuple[str, Any]] | None:
    """Names and values of the fields of a pydantic model (its extra ones, too), a dataclass or an attrs class."""
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True).items()
    names = _names_of_fields(value)
    return None if names is None else [(name, getattr(value, name)) for name in names]


def _names_of_fields(value: Any) -> list[str] | None:
    if isinstance(value, type):
        return None
    if isinstance(value, BaseModel):
        return [*type(value).model_fields]
    if dataclasses.is_dataclass(value):
        return [each.name for each in dataclasses.fields(value)]
    attributes = getattr(type(value), "__attrs_attrs__", None)
    return None if attributes is None else [each.name for each in attributes]


def with_sorted_defaults(schema: Any) -> Any:
    """A JSON schema in which the defaults of sets are sorted."""
    if isinstance(schema, list):
        return [with_sorted_defaults(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: with_sorted_defaults(each) for key, each in schema.items()}
    if made.get("uniqueItems") is True and isinstance(made.get("default"), list):
        made["default"] = sorted(made["default"], key=_rank)
    return made


def from_arrays(value: Any) -> Any:
    """NumPy's, pandas' and tensors' values as Python's; others as they are. None of them is imported for it."""
    pandas, numpy = sys.modules.get("pandas"), sys.modules.get("numpy")
    if pandas is not None and hasattr(pandas, "DataFrame"):
        if value is pandas.NaT or value is pandas.NA:
            return None
        if isinstance(value, pandas.DataFrame):
            whole = value if isinstance(value.index, pandas.RangeIndex) else value.reset_index()
            return whole.to_dict("records")
        if isinstance(value, pandas.Series):
            return list(value) if isinstance(value.index, pandas.RangeIndex) else dict(value.items())
        if isinstance(value, pandas.Period | pandas.Interval):
            return str(value)
    if numpy is not None and hasattr(numpy, "ndarray"):
        if isinstance(value, numpy.datetime64 | numpy.timedelta64):
            return None if numpy.isnat(value) else str(value)
        if isinstance(value, numpy.floating) and value.dtype.itemsize < 8:
            return float(str(value))
        if isinstance(value, numpy.generic):
            return value.item() if not isinstance(value.item(), numpy.generic) else float(value)
        if isinstance(value, numpy.ndarray):
            return list(value) if value.ndim else value[()]
    made = None if isinstance(value, type) else getattr(value, "tolist", None)
    array = hasattr(value, "dtype") or hasattr(value, "typecode")
    return made() if array and callable(made) else value


def _rank(member: Any) -> tuple[int, Any, str]:
    """Of a set's members, numbers by size come first, then text, then the rest by its JSON."""
    if isinstance(member, int | float):
        return 0, member, canonical_json(member)
    return (1, 0, member) if isinstance(member, str) else (2, 0, canonical_json(member))


def _named(value: Any) -> str:
    kind = value if isinstance(value, type) else type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"the class {name}" if isinstance(value, type) else f"a value of type {name}"

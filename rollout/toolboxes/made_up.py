"""Arguments made up from a function's JSON schema, to call it where its docstring has no example."""

import itertools
import math
import string
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Annotated, Any

from pydantic import Field, TypeAdapter
from pydantic_core import SchemaError

from rollout.records import Call, canonical_json
from rollout.toolboxes.function import Function, without_keys

Schema = Mapping[str, Any]
_Bound = int | float

_DEPTH = 6
"""Levels of lists and objects; a type that holds itself ends there."""
_MEMBERS = 10_000
"""The longest list or text that is made up."""
_WORK = 50_000
"""Values that are tried for one call; lists of lists of lists ask for more."""
_TRIED = 20
"""Numbers that are tried on each grid."""
_TEXTS = {
    "date": "2024-02-29",
    "date-time": "2024-02-29T01:02:03",
    "time": "01:02:03",
    "duration": "P1D",
    "uuid": "12345678-1234-4678-9234-567812345678",
    "uuid1": "12345678-1234-1678-9234-567812345678",
    "uuid3": "12345678-1234-3678-9234-567812345678",
    "uuid4": "12345678-1234-4678-9234-567812345678",
    "uuid5": "12345678-1234-5678-9234-567812345678",
    "email": "someone@example.org",
    "name-email": "Someone <someone@example.org>",
    "uri": "https://example.org/",
    "path": "a.txt",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "ipvanyaddress": "192.0.2.1",
    "ipv4network": "192.0.2.0/24",
    "ipv6network": "2001:db8::/32",
    "ipv4interface": "192.0.2.1/24",
    "ipv6interface": "2001:db8::1/32",
    "json-string": "1",
}
_NONE = object()
_ALIKE = ("1.5", "-1", "12:30", "#00ff00", "+12025550123", "en-US", "a@b.example", "A-1", "a_b", "a b", "1.2.3", "/a")
"""Texts for patterns, beside letters and digits and those of `_TEXTS`."""


class NothingFits(Exception):
    """No value is known that an argument's schema accepts."""


def made_up(function: Function) -> Call:
    """A call with arguments that the function's schema accepts; parameters that have a default are left out. Raises
    NothingFits."""
    schema, arguments = function.parameters, dict[str, Any]()
    values = _Values(schema.get("$defs", {}))
    for name in schema.get("required", ()):
        wanted = schema.get("properties", {}).get(name, {})
        arguments[name] = next(values.of(wanted), _NONE)
        if arguments[name] is _NONE:
            shown = canonical_json(without_keys(_plain(wanted), "description"))
            raise NothingFits(f"argument {name}: no value is known that fits {shown[:100]}")
    return Call(name=function.name, arguments=canonical_json(arguments))


def values_of(schema: Schema | bool, definitions: Schema) -> Iterator[Any]:
    """Values that a JSON schema accepts, plain ones first; none where none is known. One without type accepts text.
    Raises NothingFits where there are too many to try."""
    return _Values(definitions).of(schema)


class _Values:
    """Values of the schemas that share definitions, until as many were tried as may be."""

    def __init__(self, definitions: Schema) -> None:
        self._definitions = definitions
        self._left = _WORK

    def of(self, schema: Schema | bool, depth: int = 0, followed: tuple[str, ...] = ()) -> Iterator[Any]:
        """As `values_of`. `followed` are the references that led here: one that leads back to itself names no value."""
        self._left -= 1
        if self._left < 0:
            raise NothingFits(f"more than {_WORK:,} values would have to be tried")
        if schema is False or (schema is not True and schema.get("$ref") in followed):
            return
        schema = _plain(schema)
        if "$ref" in schema:
            followed = (*followed, schema["$ref"])
            named = _plain(self._definitions.get(schema["$ref"].rpartition("/")[2], {}))
            yield from self.of({**named, **_without(schema, "$ref")}, depth, followed)
            return
        if "allOf" in schema:
            parts = (item for part in schema["allOf"] for item in _plain(part).items())
            yield from self.of({**_without(schema, "allOf"), **dict(parts)}, depth, followed)
            return
        choices = [_plain(each) for each in schema.get("anyOf") or schema.get("oneOf") or ()]
        for choice in sorted(choices, key=lambda each: each.get("type") == "null"):
            yield from self.of({**_without(schema, "anyOf", "oneOf"), **choice}, depth, followed)
        if choices:
            return
        fixed = [schema["const"]] if "const" in schema else schema.get("enum")
        given = [schema["default"]] if "default" in schema and fixed is None else fixed or []
        yield from (value for value in given if _within(schema, value))
        if fixed is None:
            yield from self._of_type(schema, depth, followed)

    def _of_type(self, schema: Schema, depth: int, followed: tuple[str, ...]) -> Iterator[Any]:
        match schema.get("type", "object" if "properties" in schema else "string"):
            case "integer" | "number":
                yield from numbers(schema)
            case "boolean":
                yield from (True, False)
            case "null":
                yield None
            case "array":
                yield from self._arrays(schema, depth)
            case "object":
                yield from self._objects(schema, depth)
            case "string":
                yield from texts(schema)
            case [*kinds]:
                for kind in kinds:
                    yield from self.of({**schema, "type": kind}, depth, followed)

    def _arrays(self, schema: Schema, depth: int) -> Iterator[list[Any]]:
        """Lists of one member, or of as many as the schema asks for; the last member differs from list to list."""
        prefix, low = schema.get("prefixItems", ()), _count(schema, "minItems", 0)
        wanted = min(max(low, len(prefix), 1), _count(schema, "maxItems", _MEMBERS))
        members: list[Any] = []
        for position in range(wanted if low <= wanted <= _MEMBERS and depth < _DEPTH else 0):
            inner = prefix[position] if position < len(prefix) else schema.get("items", {})
            found = self.of(inner, depth + 1) if isinstance(inner, Mapping | bool) else iter(())
            fitting = (each for each in found if not schema.get("uniqueItems") or each not in members)
            if position == wanted - 1:
                yield from ([*members, each] for each in fitting)
            elif (member := next(fitting, _NONE)) is _NONE:
                break
            else:
                members.append(member)
        if not low:
            yield []

    def _objects(self, schema: Schema, depth: int) -> Iterator[dict[str, Any]]:
        """Objects of the keys that the schema asks for, the last one's value differing from object to object."""
        wanted = self._keys(schema, depth)
        if len(wanted) < _count(schema, "minProperties", 0) or depth >= _DEPTH:
            return
        made: dict[str, Any] = {}
        for position, (key, each) in enumerate(wanted.items(), 1):
            found = self.of(each, depth + 1)
            if position == len(wanted):
                yield from ({**made, key: value} for value in found)
            elif (value := next(found, _NONE)) is _NONE:
                return
            else:
                made[key] = value
        if not wanted:
            yield {}

    def _keys(self, schema: Schema, depth: int) -> dict[str, Any]:
        """The keys that an object has to have, and as many more as it asks for, with their values' schemas."""
        known, fewest = schema.get("properties", {}), _count(schema, "minProperties", 0)
        keys = [*schema.get("required", ())]
        keys += [key for key in known if key not in keys][: max(0, fewest - len(keys))]
        wanted = {key: known.get(key, {}) for key in keys}
        if len(wanted) >= fewest or fewest > _MEMBERS:
            return wanted
        named, others = schema.get("propertyNames"), schema.get("additionalProperties", {})
        free: Iterator[Any] = map(str, range(1, _MEMBERS))
        if named is not None:
            free = self.of({"type": "string", **_plain(named)}, depth + 1)
        for pattern, of_pattern in [*schema.get("patternProperties", {}).items()][:1]:
            free, others = texts({"pattern": pattern}), of_pattern
        if others is not False:
            more = (key for key in free if key not in wanted)
            wanted |= dict.fromkeys(itertools.islice(more, fewest - len(wanted)), others)
        return wanted


def _count(schema: Schema, key: str, absent: int) -> int:
    """A keyword that counts; JSON Schema takes 5.0 for 5."""
    return int(schema.get(key, absent))


def _finite(bound: _Bound | None) -> bool:
    return isinstance(bound, int) or (bound is not None and math.isfinite(bound))


def _plain(schema: Schema | bool) -> Schema:
    """A schema as an object: `true` takes everything; what `false` would refuse is left to whoever tries the value."""
    return {} if isinstance(schema, bool) else schema


def _without(schema: Schema, *keys: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in keys}


def _within(schema: Schema, value: Any) -> bool:
    """Whether a number or a text is within the schema's bounds; other values have none here."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return True
    if isinstance(value, str):
        return bool(schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", math.inf))
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    above, below = schema.get("exclusiveMinimum", -math.inf), schema.get("exclusiveMaximum", math.inf)
    return bool(low <= value <= high and above < value < below)


def numbers(schema: Schema) -> Iterator[int | float]:
    """Numbers within the schema's bounds: on the grid of its step, else whole ones where there are some, else those
    with the fewest decimal places. The nearest to 2 comes first."""
    lows = [schema[key] for key in ("minimum", "exclusiveMinimum") if _finite(schema.get(key))]
    highs = [schema[key] for key in ("maximum", "exclusiveMaximum") if _finite(schema.get(key))]
    step = Fraction(repr(schema["multipleOf"])) if schema.get("multipleOf") else None
    whole = schema.get("type") == "integer"
    if whole:
        steps = iter([Fraction(step.numerator if step else 1)])  # k * a/b is whole where b divides k
    elif step is not None:
        steps = iter([step])
    else:
        # Smaller numbers than 1e-340 are no doubles; beyond 2**53 doubles lie further apart than 1.
        steps = (Fraction(10) ** power for power in (*range(0, -341, -1), *range(1, 309)))
    for grid in steps:
        first = max((math.ceil(Fraction(low) / grid) for low in lows), default=None)
        last = min((math.floor(Fraction(high) / grid) for high in highs), default=None)
        near = math.ceil(2 / grid)
        near = near if first is None else max(near, first)
        near = near if last is None else min(near, last)
        for place in (*range(near, near + _TRIED), *range(near - 1, near - _TRIED, -1)):
            value = place * grid
            number = int(value) if value.denominator == 1 else float(value)
            try:
                fits = _within(schema, number if whole else float(number))
            except OverflowError:
                continue
            if fits:
                yield number


def texts(schema: Schema) -> Iterator[str]:
    """Texts of the schema's format, or of its length, or some of those that its pattern accepts."""
    low, high = _count(schema, "minLength", 0), _count(schema, "maxLength", _MEMBERS)
    if low > _MEMBERS:
        return
    letters, digits = string.ascii_lowercase, string.digits
    if schema.get("format") in _TEXTS:
        made = iter([_TEXTS[schema["format"]]])
    elif "pattern" in schema:
        try:  # pydantic's patterns are no Python's, and take no time that grows without bounds
            matching = TypeAdapter(Annotated[str, Field(pattern=schema["pattern"])]).validator
        except SchemaError:
            return
        runs = [kind * count for count in range(33) for kind in ("a", "A", "1", "a1", "A1", "Aa")]
        mixed = [
            f"{one}{sep}{two}" for sep in ("", "-", "_", ".", " ") for one in ("A", "AB", "ABC") for two in runs[:30]
        ]
        known = ("text", *_ALIKE, *_TEXTS.values(), *runs, *mixed, *letters, *digits)
        made = filter(matching.isinstance_python, known)
    else:
        longer = map("".join, itertools.product(letters, letters + digits))
        made = (text.ljust(low, "x")[:high] for text in itertools.chain(["text"], letters, digits, longer))
    yield from (text for text in made if _within(schema, text))

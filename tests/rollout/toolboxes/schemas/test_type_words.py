"""Types as data sets write them."""

from typing import Any

import pytest

from rollout.toolboxes.schemas.type_words import schema_of_type

INTEGER, STRING, NUMBER = {"type": "integer"}, {"type": "string"}, {"type": "number"}
PAIR = {"type": "array", "prefixItems": [INTEGER, STRING], "items": False, "minItems": 2}


@pytest.mark.parametrize(
    ("words", "schema"),
    [
        ("str", STRING),
        ("str, optional", STRING),
        ("int, optional, default 5", INTEGER),
        ("int (>0), optional", INTEGER),
        ("string (ISO date, such as 2031-05-03)", STRING),
        ("Float", NUMBER),
        ("long", INTEGER),
        ("List[int]", {"type": "array", "items": INTEGER}),
        ("typing.List[str], optional", {"type": "array", "items": STRING}),
        ("array<string>", {"type": "array", "items": STRING}),
        ("string[]", {"type": "array", "items": STRING}),
        ("int[][], optional", {"type": "array", "items": {"type": "array", "items": INTEGER}}),
        ("List[str][]", {"type": "array", "items": {"type": "array", "items": STRING}}),
        ("list[]", {"type": "array"}),
        ("object[] | string", {"anyOf": [{"type": "array", "items": {"type": "object"}}, STRING]}),
        ("list of strings", {"type": "array", "items": STRING}),
        ("Set[str]", {"type": "array", "items": STRING}),
        ("list", {"type": "array"}),
        ("Dict[str, Any]", {"type": "object"}),
        ("Dict[str, List[int]]", {"type": "object", "additionalProperties": {"type": "array", "items": INTEGER}}),
        ("HashMap", {"type": "object"}),
        ("Tuple[int, str]", PAIR),
        ("Tuple[float, ...]", {"type": "array", "items": NUMBER}),
        ("Union[int, float]", {"type": ["integer", "number"]}),
        ("int or str", {"type": ["integer", "string"]}),
        ("str | None", {"type": ["string", "null"]}),
        ("Optional[str]", {"type": ["string", "null"]}),
        ("Union[int, List[int]]", {"anyOf": [INTEGER, {"type": "array", "items": INTEGER}]}),
        ("Union[int, int]", INTEGER),
        ("Union[int, Any]", {}),
        ("List[Tuple[int, str]]", {"type": "array", "items": PAIR}),
        ("Literal['a', 'b']", {"enum": ["a", "b"]}),
        ("Any", {}),
        ("Callable[[float], float]", {}),
        ("np.ndarray", {}),
        ("", {}),
        ("List[", {}),
        ("]]]", {}),
        ("List[" * 900, {}),
        ("List[" * 33 + "int" + "]" * 33, {}),
    ],
)
def test_types_of_data_sets(words: str, schema: dict[str, Any]) -> None:
    assert schema_of_type(words) == schema

"""Call formats: parsing what was rendered is the identity, and every broken reply has its code."""

import enum
import json
import keyword
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.errors import RequestError
from rollout.formats import CallSyntaxError, ReplyLimits, load_format
from rollout.formats.json_format import JsonFormat
from rollout.formats.native import LlamaFormat
from rollout.formats.python_format import PythonFormat
from rollout.records import Call, CallResult, ErrorCode, canonical_json
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.nesting import nested
from rollout.toolboxes.toolbox import Toolbox

JSON, PYTHON = load_format("json"), load_format("python")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names: st.SearchStrategy[str] = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
names = names.filter(lambda name: not keyword.iskeyword(name) and name != "__debug__")
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**39), 10**39)
    | st.floats(allow_nan=False, allow_infinity=False).map(lambda value: 0.0 if value == 0 else value)
    | texts
)
plain = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(texts.filter(lambda key: key[:1] != "$"), inner, max_size=3)
    ),
    max_leaves=6,
)
values = st.recursive(
    plain, lambda inner: st.builds(nested, names, st.dictionaries(names, inner, max_size=2)), max_leaves=3
)
calls = st.builds(
    lambda name, arguments: Call(name=name, arguments=canonical_json(arguments)),
    names,
    # Those of schemas may be no identifiers.
    st.dictionaries(names | texts.filter(lambda name: name[:1] != "$"), values, max_size=4),
)
call_lists = st.lists(calls, min_size=1, max_size=4)
ROOMY = ReplyLimits(max_reply_chars=100_000, max_depth=32, max_digits=300)


def test_names_that_python_does_not_take_stand_in_a_dict() -> None:
    call = Call(name="plan", arguments=canonical_json({"by": "bus", "from": "A", "page-size": [1]}))
    text = 'plan(by="bus", **{"from": "A", "page-size": [1]})'
    assert PYTHON.render([call]) == text
    assert PYTHON.parse(text) == (call,)


@pytest.mark.parametrize("name", ["json", "python"])
@given(made=call_lists)
@settings(max_examples=60, deadline=None)
def test_parsing_what_was_rendered_is_the_identity(name: str, made: list[Call]) -> None:
    call_format = load_format(name)
    assert call_format.parse(call_format.render(made), ROOMY) == tuple(made)


@given(text=st.text() | st.text("({[]})\"'\\,:=-.0123456789abnf \n", max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_is_calls_or_a_code(text: str) -> None:
    for call_format in (JSON, PYTHON):
        try:
            parsed = call_format.parse(text)
        except CallSyntaxError as error:
            message, parsed = error.message, ()
        else:
            message = "fine"
            assert parsed
        assert 0 < len(message) < 250
        assert "\n" not in message
        assert all(isinstance(json.loads(call.arguments), dict) for call in parsed)


ADD = '{"name": "add", "arguments": {"a": 1, "b": 2}}'

JSON_CASES = [
    ("", ErrorCode.EMPTY_REPLY),
    (" \n\t", ErrorCode.EMPTY_REPLY),
    ("I would add them.", ErrorCode.NOT_A_CALL),
    ("12", ErrorCode.NOT_A_CALL),
    ("null", ErrorCode.NOT_A_CALL),
    ("[]", ErrorCode.NOT_A_CALL),
    ("Sure: {1, 2}", ErrorCode.NOT_A_CALL),
    (f"Sure! {ADD}", ErrorCode.PROSE_AROUND_CALL),
    (f"{ADD} Done.", ErrorCode.PROSE_AROUND_CALL),
    (f"```json\n{ADD}\n```", ErrorCode.PROSE_AROUND_CALL),
    (ADD[:-1], ErrorCode.BAD_SYNTAX),
    (ADD + "}", ErrorCode.BAD_SYNTAX),
    (ADD + ADD, ErrorCode.BAD_SYNTAX),
    (ADD.replace('"', "'"), ErrorCode.BAD_SYNTAX),
    (ADD.replace("2", "2,"), ErrorCode.BAD_SYNTAX),
    (ADD.replace('"b"', '"a"'), ErrorCode.BAD_SYNTAX),
    (ADD.replace("2", "02"), ErrorCode.BAD_SYNTAX),
    (ADD.replace("2", "x"), ErrorCode.BAD_SYNTAX),
    (ADD.replace("2", "NaN"), ErrorCode.BAD_VALUE),
    (ADD.replace("2", "-Infinity"), ErrorCode.BAD_VALUE),
    (ADD.replace("2", "1e999"), ErrorCode.BAD_VALUE),
    (ADD.replace("2", "9" * 41), ErrorCode.BAD_VALUE),
    (ADD.replace("2", "0." + "1" * 41), ErrorCode.BAD_VALUE),
    (ADD.replace("2", '"\\ud800"'), ErrorCode.BAD_VALUE),
    (ADD.replace("2", '"\ud800"'), ErrorCode.BAD_VALUE),
    (ADD.replace("arguments", "args"), ErrorCode.WRONG_CALL_SHAPE),
    (ADD.replace('"add"', "3"), ErrorCode.WRONG_CALL_SHAPE),
    (ADD.replace('"add"', '""'), ErrorCode.WRONG_CALL_SHAPE),
    ('{"name": "add", "arguments": [1, 2]}', ErrorCode.WRONG_CALL_SHAPE),
    ('{"name": "add", "arguments": {}, "why": 1}', ErrorCode.WRONG_CALL_SHAPE),
    ('{"name": "add", "arguments": {"$args": [1, 2]}}', ErrorCode.WRONG_CALL_SHAPE),
    ('{"name": "add", "arguments": {"a": {"$call": "mul"}}}', ErrorCode.WRONG_CALL_SHAPE),
    (f"[{ADD}, 3]", ErrorCode.WRONG_CALL_SHAPE),
    (f"[{','.join([ADD] * 17)}]", ErrorCode.WRONG_COUNT),
    ("[" * 17, ErrorCode.TOO_LARGE),
    (ADD.replace("2", '"' + "x" * 20_000 + '"'), ErrorCode.TOO_LARGE),
]


@pytest.mark.parametrize(("text", "code"), JSON_CASES, ids=range(len(JSON_CASES)))
def test_a_broken_json_reply_has_its_code(text: str, code: ErrorCode) -> None:
    with pytest.raises(CallSyntaxError) as caught:
        JSON.parse(text)
    assert caught.value.code is code


def test_limits_bind() -> None:
    tight = ReplyLimits(max_reply_chars=60, max_depth=2, max_digits=2, max_calls=1)
    assert JSON.parse(ADD, tight)
    for text, code in [
        (ADD.replace("2", "123"), ErrorCode.BAD_VALUE),
        (f"[{ADD}]", ErrorCode.TOO_LARGE),
        (ADD + " " * 60, ErrorCode.TOO_LARGE),
    ]:
        with pytest.raises(CallSyntaxError) as caught:
            JSON.parse(text, tight)
        assert caught.value.code is code
    with pytest.raises(CallSyntaxError) as caught:
        PYTHON.parse("f()\ng()", tight)
    assert caught.value.code is ErrorCode.WRONG_COUNT


def test_instructions_say_as_much_as_asked_for() -> None:
    toolbox = load_toolbox("arithmetic")
    assert JSON.instructions(toolbox, "names") == "add sub mul div finish"
    asked, head, *lines = JSON.instructions(toolbox, "signatures").splitlines()
    shape, example = '{"name": ..., "arguments": {...}}', '{"name":"add","arguments":{"a":3,"b":4}}'
    assert asked == f"Reply with one call and nothing else: {shape}. Example: {example}"
    assert (head, *lines[::4]) == ("Functions:", "add(a: int | float, b: int | float)", "finish(answer: int | float)")
    asked, *full = JSON.instructions(toolbox, "full").splitlines()
    assert asked == f"Reply with one call and nothing else: {shape}. Functions:"
    add = json.loads(full[0])
    assert (add["parameters"]["required"], add["examples"]) == (["a", "b"], [json.loads(example)])
    assert add["parameters"]["properties"]["a"] == {"type": "number", "description": "The first number."}
    assert list(add) == ["name", "description", "parameters", "examples"]
    assert "add(a: int | float, b: int | float)" in PYTHON.instructions(toolbox, "signatures").splitlines()
    assert "Example: Stop()" in PYTHON.instructions(toolbox, "full")


def of_schemas(*parameters: dict[str, Any]) -> Toolbox:
    """A toolbox of functions f0, f1, ... of which only the arguments' schemas are known."""
    schemas = [{"name": f"f{at}", "parameters": {"type": "object", **each}} for at, each in enumerate(parameters)]
    return load_toolbox(f"schemas:{canonical_json(schemas)}")


@pytest.mark.parametrize("verbosity", ["signatures", "full"])
def test_schemas_alone_are_shown_with_a_call_that_fits_one_of_them(verbosity: str) -> None:
    kinds = {"where": {"enum": ["north", "south"]}, "much": {"type": "integer", "minimum": 7}, "left": {"type": "null"}}
    no_value = {"properties": {"x": {"pattern": "^never [a-f]+ known$"}}, "required": ["x"]}
    too_long = {"properties": {"x": {"type": "string", "minLength": 5_000}}, "required": ["x"]}
    reserved = {"properties": {"$call": {"type": "string"}}, "required": ["$call"]}
    refused = {"properties": {"x": {"type": "string", "const": 3}}, "required": ["x"]}
    fits = {"properties": kinds, "required": ["where", "much"]}
    toolbox = of_schemas(no_value, too_long, reserved, refused, fits)
    for call_format, wanted in (
        (JSON, '{"name":"f4","arguments":{"much":7,"where":"north"}}'),
        (PYTHON, 'f4(much=7, where="north")'),
    ):
        asked = call_format.instructions(toolbox, verbosity).splitlines()[0]
        assert asked.partition(" Example: ")[2].removesuffix(" Functions:") == wanted
        (call,) = call_format.parse(wanted)
        assert toolbox.functions["f4"].validate(call.arguments) == {"where": "north", "much": 7}


@pytest.mark.parametrize("verbosity", ["signatures", "full"])
def test_where_nothing_is_known_to_fit_the_example_is_the_end(verbosity: str) -> None:
    unknown = {"properties": {"x": {"pattern": "^never [a-f]+ known$"}}, "required": ["x"]}
    for toolbox in (of_schemas(unknown), of_schemas(), load_toolbox("schemas:[]#turns")):
        for call_format in (JSON, PYTHON):
            asked = call_format.instructions(toolbox, verbosity).splitlines()[0]
            (call,) = call_format.parse(asked.partition(" Example: ")[2].removesuffix(" Functions:"))
            assert (call.name, toolbox.functions["finish"].validate(call.arguments)) == ("finish", {"answer": "done"})


def test_results_stand_one_a_line() -> None:
    results = [CallResult(call=None, content="12"), CallResult(call=None, content='"a\\nb"')]
    for call_format in (JSON, PYTHON):
        assert call_format.render_results(results) == '12\n"a\\nb"'


@pytest.mark.parametrize("kind", [JsonFormat, PythonFormat, LlamaFormat])
def test_a_formats_hash_covers_the_code_that_shows_functions(
    kind: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    covered: set[str] = set()
    monkeypatch.setattr("rollout.formats.limits.hash_of_files", lambda *files: covered.update(files) or "")
    kind()
    assert {"definitions.py", "shown.py", "function.py", "limits.py"} < {Path(name).name for name in covered}


def test_formats_are_found_by_name_and_have_a_hash() -> None:
    assert load_format("json") is JSON
    assert len({JSON.hash, PYTHON.hash}) == 2
    with pytest.raises(RequestError, match="known: hermes, json"):
        load_format("xml")


def test_full_instructions_end_with_the_types_that_functions_take() -> None:
    head = "Values of these types are written as follows:"
    lines = PYTHON.instructions(load_toolbox(f"{__name__}:paint"), "full").splitlines()
    assert lines[-2:] == [head, "Colour: 'red' | 'blue'"]
    assert head not in PYTHON.instructions(load_toolbox("arithmetic"), "full")


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


def paint(colour: Colour) -> str:
    """Paints the wall.

    Args:
        colour: The new colour.
    """
    return colour.value

"""Call formats: parsing what was rendered is the identity, and every broken reply has its code."""

import json
import keyword
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.errors import RequestError
from rollout.formats import CallSyntaxError, ReplyLimits, load_format
from rollout.records import Call, CallResult, ErrorCode, canonical_json
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.nesting import nested

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
    st.dictionaries(names, values, max_size=4),
)
call_lists = st.lists(calls, min_size=1, max_size=4)
ROOMY = ReplyLimits(max_reply_chars=100_000, max_depth=32, max_digits=300)


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


PYTHON_CASES = [
    ("", ErrorCode.EMPTY_REPLY),
    ("add the numbers", ErrorCode.NOT_A_CALL),
    ("12", ErrorCode.NOT_A_CALL),
    ("x = 3", ErrorCode.NOT_A_CALL),
    ("# add(1, 2)", ErrorCode.NOT_A_CALL),
    ("Sure! add(1, 2)", ErrorCode.PROSE_AROUND_CALL),
    ("add(1, 2)\nThat is it.", ErrorCode.PROSE_AROUND_CALL),
    ("```python\nadd(1, 2)\n```", ErrorCode.PROSE_AROUND_CALL),
    ("add(1, 2); x = 1", ErrorCode.PROSE_AROUND_CALL),
    ("add(1, 2", ErrorCode.BAD_SYNTAX),
    ("add(1, 2))", ErrorCode.BAD_SYNTAX),
    ("add(1 2)", ErrorCode.BAD_SYNTAX),
    ("add(a=1, a=2)", ErrorCode.BAD_SYNTAX),
    ("add({'x': 1, 'x': 2})", ErrorCode.BAD_SYNTAX),
    ("add(1if 1else 2)", ErrorCode.BAD_SYNTAX),
    ("add('x)", ErrorCode.BAD_SYNTAX),
    ("add(1, x)", ErrorCode.NOT_LITERAL),
    ("add(1, 1 + 1)", ErrorCode.NOT_LITERAL),
    ("add(1, -'x')", ErrorCode.NOT_LITERAL),
    ("add(1, -True)", ErrorCode.NOT_LITERAL),
    ("add(1, +False)", ErrorCode.NOT_LITERAL),
    ("add(1, f'{1}')", ErrorCode.NOT_LITERAL),
    ("add(1, [y for y in (1,)])", ErrorCode.NOT_LITERAL),
    ("add(1, lambda: 2)", ErrorCode.NOT_LITERAL),
    ("add(1, (x := 2))", ErrorCode.NOT_LITERAL),
    ("add(1, {1, 2})", ErrorCode.NOT_LITERAL),
    ("add(*[1, 2])", ErrorCode.NOT_LITERAL),
    ("add(**{'a': 1})", ErrorCode.NOT_LITERAL),
    ("add(1, 1e999)", ErrorCode.BAD_VALUE),
    ("add(1, 2j)", ErrorCode.BAD_VALUE),
    ("add(1, b'x')", ErrorCode.BAD_VALUE),
    ("add(1, ...)", ErrorCode.BAD_VALUE),
    ("add(1, '\\ud800')", ErrorCode.BAD_VALUE),
    ("add(1, '\ud800')", ErrorCode.BAD_VALUE),
    ("add(1, '\\N{NO SUCH}')", ErrorCode.BAD_VALUE),
    (f"add(1, {'9' * 50})", ErrorCode.BAD_VALUE),
    (f"add(1, {'9' * 5000})", ErrorCode.BAD_VALUE),
    (f"add(1, 0x{'f' * 5000})", ErrorCode.BAD_VALUE),
    ("add(1, {1: 2})", ErrorCode.BAD_VALUE),
    ("add(1, {'$call': 2})", ErrorCode.BAD_VALUE),
    ("a.add(1, 2)", ErrorCode.WRONG_CALL_SHAPE),
    ("__import__('os').system('id')", ErrorCode.WRONG_CALL_SHAPE),
    ("add(1)(2)", ErrorCode.WRONG_CALL_SHAPE),
    ("\n".join(["add(1, 2)"] * 17), ErrorCode.WRONG_COUNT),
    ("add(" + "(" * 17, ErrorCode.TOO_LARGE),
    ("add(" + "-" * 5000 + "1, 2)", ErrorCode.TOO_LARGE),
    ("add(" + "not " * 3000 + "1, 2)", ErrorCode.TOO_LARGE),
    ("add(1" + "**1" * 3000 + ", 2)", ErrorCode.TOO_LARGE),
]


@pytest.mark.parametrize(("text", "code"), PYTHON_CASES, ids=range(len(PYTHON_CASES)))
def test_a_broken_python_reply_has_its_code(text: str, code: ErrorCode) -> None:
    with pytest.raises(CallSyntaxError) as caught:
        PYTHON.parse(text)
    assert caught.value.code is code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("add(1, -2)", [("add", {"$args": [1, -2]})]),
        ("add(a = +1.5,\n    b = - 2)", [("add", {"a": 1.5, "b": -2})]),
        ("f([1, (2, 3)], {'k': None}, x=True)", [("f", {"$args": [[1, [2, 3]], {"k": None}], "x": True})]),
        ("f('a' \"b\", '''c\nd''')", [("f", {"$args": ["ab", "c\nd"]})]),
        ("add(mul(2, 3), b=4)", [("add", {"$args": [nested("mul", {"$args": [2, 3]})], "b": 4})]),
        ("f(1)\n\ng()", [("f", {"$args": [1]}), ("g", {})]),
        ("[f(1), g()]", [("f", {"$args": [1]}), ("g", {})]),
        ("f(1); g()", [("f", {"$args": [1]}), ("g", {})]),
        ("Reasoning('First: (a) ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( (.')", [("Reasoning", None)]),
        (f"Reasoning('{'i.e. if it is. ' * 200}')", [("Reasoning", None)]),
    ],
)
def test_python_calls_are_read_as_python_would(text: str, expected: list[tuple[str, dict[str, Any] | None]]) -> None:
    parsed = PYTHON.parse(text)
    assert [call.name for call in parsed] == [name for name, _ in expected]
    for call, (_, arguments) in zip(parsed, expected, strict=True):
        assert arguments is None or json.loads(call.arguments) == arguments


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
    assert JSON.instructions(toolbox, "signatures") == "add(a, b) sub(a, b) mul(a, b) div(a, b) finish(answer)"
    full = JSON.instructions(toolbox, "full").splitlines()
    assert json.loads(full[1])["parameters"]["required"] == ["a", "b"]
    assert "add(a: int | float, b: int | float)" in PYTHON.instructions(toolbox, "signatures").splitlines()
    assert "Example: Stop()" in PYTHON.instructions(toolbox, "full")


def test_results_stand_one_a_line() -> None:
    results = [CallResult(call=None, content="12"), CallResult(call=None, content='"a\\nb"')]
    for call_format in (JSON, PYTHON):
        assert call_format.render_results(results) == '12\n"a\\nb"'


def test_formats_are_found_by_name_and_have_a_hash() -> None:
    assert load_format("json") is JSON
    assert len({JSON.hash, PYTHON.hash}) == 2
    with pytest.raises(RequestError, match="known: hermes, json"):
        load_format("xml")

"""Call formats: parsing what was rendered is the identity, and every broken reply has its code."""

import ast
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
    ("add(**{'from': 1, 'a': 1})", ErrorCode.NOT_LITERAL),
    ("add(**{})", ErrorCode.NOT_LITERAL),
    ("add(**x)", ErrorCode.NOT_LITERAL),
    ("add(**{'from': 1}, **{'from': 2})", ErrorCode.BAD_SYNTAX),
    ("add(**{'$call': 1})", ErrorCode.BAD_VALUE),
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("add the numbers", "the reply holds no call; write name(argument=value)"),
        ("12", "the reply holds no call; write name(argument=value)"),
        ("Sure! add(1, 2)", "there is text around the call; write only the call"),
        ("add(1, 2); x = 1", "there is something beside the call; write only calls, one a line"),
        ("add(1, 2", "not a Python call: '(' was never closed; write name(argument=value)"),
        ("add(a=1, a=2)", "the argument a stands twice; write it once"),
        ("add({'x': 1, 'x': 2})", "the key x stands twice in one dict; write it once"),
        ("add(1if 1else 2)", "a number runs into a word; write name(argument=value)"),
        ("add(1, x)", "x is a variable; write values only, text in quotes"),
        ("add(1, 1 + 1)", "an argument is an expression; write its value, or a call"),
        ("add(**{'a': 1})", "** is not allowed; write each argument by its name"),
        ("add(1, 1e999)", "an infinite number cannot be an argument; write a number, text, list or dict"),
        ("add(1, 2j)", "a complex cannot be an argument; write a number, text, list or dict"),
        ("add(1, '\\N{NO SUCH}')", "a text holds a character that does not exist; write another"),
        (f"add(1, {'9' * 5000})", "a number has more than 40 characters; write a shorter one"),
        ("add(1, {1: 2})", "the keys of a dict are text in quotes"),
        ("add(1, {'$args': 2})", "the key $args is not allowed"),
        ("a.add(1, 2)", "a function is called by its plain name; write name(argument=value)"),
        ("add(" + "-" * 5000 + "1, 2)", "an expression is nested too deep; write plain values"),
        ("add(" + "1+" * 3000 + "1)", "an expression is nested too deep; write plain values"),
    ],
)
def test_the_model_reads_what_is_wrong_and_what_to_write(text: str, message: str) -> None:
    with pytest.raises(CallSyntaxError) as caught:
        PYTHON.parse(text)
    assert caught.value.message == message


def test_python_instructions_are_names_signatures_or_all_of_it() -> None:
    toolbox = load_toolbox("arithmetic")
    names = "add sub mul div finish Reasoning Stop"
    assert PYTHON.instructions(toolbox, "names") == names
    signatures = PYTHON.instructions(toolbox, "signatures").splitlines()
    assert signatures[:2] == [
        "Reply with one Python call a line and nothing else. Example: add(a=3, b=4)",
        "Functions:",
    ]
    signatures = signatures[2:]
    assert [line.partition("(")[0] for line in signatures] == names.split()
    head, *lines = PYTHON.instructions(toolbox, "full").splitlines()
    assert head == "Reply with one Python call a line and nothing else. Functions:"
    assert [line for line in lines if line in signatures] == signatures
    assert sum(line.startswith("Example: ") for line in lines) <= len(signatures), "one example each at most"


@pytest.mark.parametrize("sign", ["-", "+", "~", "not "])
def test_eight_signs_in_a_row_are_too_deep(sign: str) -> None:
    with pytest.raises(CallSyntaxError) as caught:
        PYTHON.parse(f"add({sign * 8}1)")
    assert caught.value.code is ErrorCode.TOO_LARGE
    if sign in "-+":
        (call,) = PYTHON.parse(f"add({sign * 7}1)")
        assert json.loads(call.arguments) == {"$args": [-1 if sign == "-" else 1]}


def test_numbers_are_as_long_as_the_limit_says() -> None:
    def written(digits: int) -> object:
        try:
            return json.loads(PYTHON.parse(f"f({'9' * digits})")[0].arguments)["$args"][0]
        except CallSyntaxError as error:
            return error.code

    assert written(40) == int("9" * 40)
    assert written(45) is ErrorCode.BAD_VALUE


def test_a_list_of_calls_is_calls_and_a_list_of_other_things_is_none() -> None:
    assert [call.name for call in PYTHON.parse("[f(), g()]")] == ["f", "g"]
    for text, code in (
        ("[]", ErrorCode.NOT_A_CALL),
        ("[1, 2]", ErrorCode.NOT_A_CALL),
        ("[f(), 1]", ErrorCode.PROSE_AROUND_CALL),
        ("[f()]\n[g()]", ErrorCode.NOT_A_CALL),
    ):
        with pytest.raises(CallSyntaxError) as caught:
            PYTHON.parse(text)
        assert caught.value.code is code


def test_whatever_python_says_of_a_text_is_an_answer_to_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*given: object, **options: object) -> None:
        raise ValueError("source code string cannot contain null bytes")

    monkeypatch.setattr(ast, "parse", failing)
    with pytest.raises(CallSyntaxError) as caught:
        PYTHON.parse("add(1, 2)")
    assert caught.value.code is ErrorCode.BAD_SYNTAX
    assert caught.value.message == "not a Python call: it cannot be read; write name(argument=value)"


@pytest.mark.parametrize(("prose", "code"), [(62, ErrorCode.PROSE_AROUND_CALL), (63, ErrorCode.BAD_SYNTAX)])
def test_a_whole_call_is_looked_for_in_64_lines(prose: int, code: ErrorCode) -> None:
    """Each of them is parsed, and a reply may have thousands."""
    with pytest.raises(CallSyntaxError) as caught:
        PYTHON.parse("\n".join(["add(1,,", *["I add them."] * prose, "add(1, 2)"]))
    assert caught.value.code is code


@pytest.mark.parametrize(
    "text",
    [
        "add(1, 2)",
        "add(1, b=2.5)",
        'add(mul(2, x=3), [None, True], {"k": {}})',
        'say("it\'s", text="a\\"b\\n\\u0001\\x7fé")',
        'say("2if", text="Then 3or 4.")',
    ],
)
def test_calls_are_written_as_python_with_json_quotes(text: str) -> None:
    assert PYTHON.render(PYTHON.parse(text)) == text


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


@pytest.mark.parametrize("verbosity", ["names", "signatures", "full"])
def test_a_toolboxes_own_function_stands_in_place_of_one_that_is_built_in(verbosity: str) -> None:
    stop = {"name": "Stop", "description": "Halt.", "parameters": {"at": {"type": "int"}}}
    shown = PYTHON.instructions(load_toolbox(f"schemas:{json.dumps([stop])}"), verbosity)
    assert shown.count("Stop" if verbosity == "names" else "Stop(at: int)") == 1
    assert "Stop()" not in shown

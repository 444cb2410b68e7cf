"""The call format `python`: what is read as a call, what a broken one is told, and what a prompt says of it."""

import ast
import json
from typing import Any

import pytest

from rollout.formats import CallSyntaxError, load_format
from rollout.records import ErrorCode
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.nesting import nested

PYTHON = load_format("python")

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


@pytest.mark.parametrize("verbosity", ["names", "signatures", "full"])
def test_a_toolboxes_own_function_stands_in_place_of_one_that_is_built_in(verbosity: str) -> None:
    stop = {"name": "Stop", "description": "Halt.", "parameters": {"at": {"type": "int"}}}
    shown = PYTHON.instructions(load_toolbox(f"schemas:{json.dumps([stop])}"), verbosity)
    assert shown.count("Stop" if verbosity == "names" else "Stop(at: int)") == 1
    assert "Stop()" not in shown

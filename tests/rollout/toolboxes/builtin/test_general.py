"""Toolbox `general`: exact arithmetic that evaluates nothing, lists, text and dates."""

import random
from fractions import Fraction

import pytest

from rollout.records import Call, ErrorCode, canonical_json
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.builtin.expressions import calculate


def called(function: str, **arguments: object) -> str:
    return load_toolbox("general").open().call(Call(name=function, arguments=canonical_json(arguments))).content


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("(3 + 4) * 12 / 5", 16.8),
        ("-2 ** 2", -4),
        ("2 ^ 3 ^ 2", 512),
        ("2 ** -1", 0.5),
        ("0.1 + 0.2", 0.3),
        ("1 / 3", "1/3"),
        ("1 / 3 * 3", 1),
        ("-7 // 2", -4),
        ("-7 % 3", 2),
        ("7 - 2 - 1", 4),
        ("1,234 × 2 ÷ 4", 617),
        ("--3", 3),
        (".5 * 4", 2),
        ("9007199254740993 + 0", 9007199254740993),
        ("1 / 8192", 0.0001220703125),
    ],
)
def test_expressions(expression: str, value: object) -> None:
    found = calculate(expression)
    assert (found, type(found)) == (value, type(value))


def test_expressions_drawn_at_random_are_those_of_fractions() -> None:
    """Trees whose value is known while they are built, written with as few brackets as precedence allows."""
    drawn = random.Random(0)

    def tree(depth: int) -> tuple[str, Fraction, int]:
        """An expression, its value, and how tightly its outermost operator binds."""
        if depth == 0:
            number = drawn.randint(0, 99)
            return str(number), Fraction(number), 3
        sign = drawn.choice("+-*/")
        (left, a, tight), (right, b, tighter) = tree(depth - 1), tree(drawn.randint(0, depth - 1))
        if sign == "/" and b == 0:
            sign = "*"
        own = 1 if sign in "+-" else 2
        left = left if tight >= own else f"({left})"
        right = right if tighter > own else f"({right})"
        value = {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else a}[sign]
        return f"{left} {sign} {right}", value, own

    for _ in range(500):
        text, value, _ = tree(drawn.randint(1, 4))
        assert Fraction(str(calculate(text))) == value, text


@pytest.mark.parametrize(
    "expression",
    [
        *("", "3 +", "(1", "1)", "12 34", "1 / 0", "1 % 0", "0 ** -1", "9 ** 9 ** 9", "2 ** 0.5", "x", "1e9", "0x10"),
        *("__import__('os')", "3 = 3", "(" * 100 + "1" + ")" * 100, "-" * 100 + "1", "1+" * 300 + "1"),
        "9" * 390 + "**9**9",
    ],
)
def test_what_is_no_expression_or_too_large_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        calculate(expression)


@pytest.mark.parametrize(
    ("call", "value"),
    [
        (("greatest_common_divisor", {"a": 12, "b": -18}), "6"),
        (("prime_factors", {"number": 999983 * 2}), "[2,999983]"),
        (("write_in_base", {"number": -10, "base": 2}), '"-1010"'),
        (("read_in_base", {"digits": "ff", "base": 16}), "255"),
        (("sort", {"items": [3, 1.5, 2]}), "[1.5,2,3]"),
        (("sort", {"items": ["b", "a"], "descending": True}), '["b","a"]'),
        (("count", {"items": [3, "3", 3], "item": 3}), "2"),
        (("without_repetitions", {"items": ["b", "a", "b"]}), '["b","a"]'),
        (("count_in_text", {"text": "banana", "part": "an"}), "2"),
        (("split_text", {"text": "red", "separator": ""}), '["r","e","d"]'),
        (("join_text", {"parts": ["a", "b"], "separator": "-"}), '"a-b"'),
        (("replace_in_text", {"text": "banana", "old": "a", "new": "o"}), '"bonono"'),
        (("change_case", {"text": "Red", "upper": False}), '"red"'),
        (("add_days", {"day": "2024-02-28", "days": 2}), '"2024-03-01"'),
        (("is_leap_year", {"year": 1900}), "false"),
        (("is_leap_year", {"year": 2000}), "true"),
        (("calculate", {"expression": "6 * 7"}), "42"),
    ],
)
def test_functions(call: tuple[str, dict[str, object]], value: str) -> None:
    assert called(call[0], **call[1]) == value


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("sort", {"items": ["a", 1]}),
        ("join_text", {"parts": ["a" * 1500] * 3}),
        ("replace_in_text", {"text": "a" * 1500, "old": "a", "new": "bb"}),
        ("prime_factors", {"number": 10**13}),
        ("write_in_base", {"number": 1, "base": 1}),
        ("read_in_base", {"digits": "9", "base": 2}),
        ("is_leap_year", {"year": 0}),
        ("reverse_text", {"text": "a" * 3000}),
    ],
)
def test_what_a_function_refuses_the_model_reads(function: str, arguments: dict[str, object]) -> None:
    result = load_toolbox("general").open().call(Call(name=function, arguments=canonical_json(arguments)))
    assert result.error is ErrorCode.FUNCTION_RAISED
    assert len(result.content) < 200


def test_every_example_of_every_function_executes() -> None:
    toolbox = load_toolbox("general")
    for function in toolbox.functions.values():
        if function.name == toolbox.finish:
            continue
        assert len(function.example_calls) == len(function.examples) > 0, function.name
        for call in function.example_calls:
            result = toolbox.open().call(call)
            assert result.error is None, result

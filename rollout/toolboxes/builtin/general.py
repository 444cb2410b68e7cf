"""Toolbox `general`: exact arithmetic, lists, text and dates, for problems of many kinds. Stateless.

An expression is read by a grammar of its own (`expressions.py`); nothing is evaluated as code.
"""

from datetime import date, timedelta

from rollout.toolboxes.builtin.dates import FUNCTIONS as _DATES
from rollout.toolboxes.builtin.expressions import calculate

LONGEST = 2_000
"""Characters of a text, and members of a list."""
LARGEST = 10**15

Value = int | float | str


def greatest_common_divisor(a: int, b: int) -> int:
    """Give the greatest common divisor of two whole numbers: the largest number that divides both.

    Args:
        a: The first number.
        b: The second number.

    Examples:
        greatest_common_divisor(a=12, b=18)
    """
    a, b = abs(_number(a)), abs(_number(b))
    while b:
        a, b = b, a % b
    return a


def prime_factors(number: int) -> list[int]:
    """Give the prime factors of a whole number, smallest first, each as often as it divides the number.

    Args:
        number: The number, from 2 to 1,000,000,000,000.

    Examples:
        prime_factors(number=60)
    """
    if not 2 <= number <= 10**12:
        raise ValueError("the number goes from 2 to 1000000000000")
    factors, divisor = list[int](), 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            factors.append(divisor)
            number //= divisor
        divisor += 1
    return [*factors, number] if number > 1 else factors


def write_in_base(number: int, base: int) -> str:
    """Write a whole number in another base: binary is base 2, hexadecimal base 16.

    Args:
        number: The number.
        base: The base, from 2 to 36.

    Examples:
        write_in_base(number=10, base=2)
    """
    if not 2 <= base <= 36:
        raise ValueError("the base goes from 2 to 36")
    left, digits = abs(_number(number)), ""
    while left or not digits:
        left, digit = divmod(left, base)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return f"-{digits}" if number < 0 else digits


def read_in_base(digits: str, base: int) -> int:
    """Read a whole number that is written in another base: binary is base 2, hexadecimal base 16.

    Args:
        digits: The number's digits.
        base: The base, from 2 to 36.

    Examples:
        read_in_base(digits="1010", base=2)
    """
    if not 2 <= base <= 36:
        raise ValueError("the base goes from 2 to 36")
    if len(digits) > 50:
        raise ValueError("at most 50 digits are read")
    return int(digits, base)


def sort(items: list[Value], descending: bool = False) -> list[Value]:
    """Sort a list: put numbers in order by size, or words by the alphabet.

    Args:
        items: The list, of numbers or of texts.
        descending: Whether the largest comes first.

    Examples:
        sort(items=[3, 1, 2])
        sort(items=["pear", "fig"], descending=True)
    """
    texts = [item for item in _checked(items) if isinstance(item, str)]
    numbers = [item for item in items if not isinstance(item, str)]
    if texts and numbers:
        raise ValueError("a list of numbers or of texts is sorted, not of both")
    return [*sorted(numbers, reverse=descending), *sorted(texts, reverse=descending)]


def reverse(items: list[Value]) -> list[Value]:
    """Reverse a list: turn it round, back to front.

    Args:
        items: The list.

    Examples:
        reverse(items=[3, 1, 2])
    """
    return _checked(items)[::-1]


def count(items: list[Value], item: Value) -> int:
    """Count how often an item stands in a list.

    Args:
        items: The list.
        item: The item.

    Examples:
        count(items=[3, 1, 3], item=3)
    """
    return sum(each == item and isinstance(each, str) == isinstance(item, str) for each in _checked(items))


def without_repetitions(items: list[Value]) -> list[Value]:
    """Give a list with each item once: without repetitions, in the order in which they came first.

    Args:
        items: The list.

    Examples:
        without_repetitions(items=[3, 1, 3])
    """
    return list(dict.fromkeys(_checked(items)))


def length(text: str) -> int:
    """Count the characters of a text: how long it is.

    Args:
        text: The text.

    Examples:
        length(text="red")
    """
    return len(_text(text))


def count_in_text(text: str, part: str) -> int:
    """Count how often a letter or another part stands in a text.

    Args:
        text: The text.
        part: The letter, or the part.

    Examples:
        count_in_text(text="banana", part="a")
    """
    if not part:
        raise ValueError("the part is empty")
    return _text(text).count(part)


def reverse_text(text: str) -> str:
    """Write a text backwards: its letters from the last to the first.

    Args:
        text: The text.

    Examples:
        reverse_text(text="red")
    """
    return _text(text)[::-1]


def split_text(text: str, separator: str = " ") -> list[str]:
    """Split a text into a list: its words, or its parts between separators.

    Args:
        text: The text.
        separator: What stands between the parts; empty for every letter by itself.

    Examples:
        split_text(text="the red car")
        split_text(text="a,b", separator=",")
    """
    return _text(text).split(separator) if separator else list(_text(text))


def join_text(parts: list[str], separator: str = "") -> str:
    """Join a list of texts into one text.

    Args:
        parts: The texts, in order.
        separator: What stands between them.

    Examples:
        join_text(parts=["r", "e", "d"])
        join_text(parts=["a", "b"], separator=", ")
    """
    return _text(separator.join(_text(part) for part in parts[: LONGEST + 1]))


def replace_in_text(text: str, old: str, new: str) -> str:
    """Replace a part of a text by another, everywhere.

    Args:
        text: The text.
        old: The part.
        new: What stands there instead.

    Examples:
        replace_in_text(text="banana", old="a", new="o")
    """
    if not old:
        raise ValueError("the part is empty")
    return _text(_text(text).replace(old, _text(new)[:100]))


def change_case(text: str, upper: bool) -> str:
    """Write a text in capital letters, or in small ones.

    Args:
        text: The text.
        upper: Whether in capital letters.

    Examples:
        change_case(text="red", upper=True)
    """
    return _text(text).upper() if upper else _text(text).lower()


def is_leap_year(year: int) -> bool:
    """Say whether a year has 366 days.

    Args:
        year: The year, from 1 to 9999.

    Examples:
        is_leap_year(year=2024)
    """
    return (date(year, 3, 1) - timedelta(days=1)).day == 29


FUNCTIONS = (
    calculate,
    greatest_common_divisor,
    prime_factors,
    write_in_base,
    read_in_base,
    sort,
    reverse,
    count,
    without_repetitions,
    length,
    count_in_text,
    reverse_text,
    split_text,
    join_text,
    replace_in_text,
    change_case,
    *(each for each in _DATES if each.__name__ != "finish"),
    is_leap_year,
)


def _number(value: int) -> int:
    if abs(value) > LARGEST:
        raise ValueError(f"numbers have a size of at most {LARGEST}")
    return value


def _text(text: str) -> str:
    if len(text) > LONGEST:
        raise ValueError(f"a text has at most {LONGEST} characters")
    return text


def _checked(items: list[Value]) -> list[Value]:
    if len(items) > LONGEST or any(isinstance(item, str) and len(item) > LONGEST for item in items):
        raise ValueError(f"a list has at most {LONGEST} members, a text at most {LONGEST} characters")
    return items

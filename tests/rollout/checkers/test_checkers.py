"""Checkers decide what counts as the gold answer."""

from fractions import Fraction

import pytest

from cluster.config import parse
from cluster.errors import RequestError, WorkError
from rollout.checkers import check
from rollout.checkers.numbers import read_quantity
from rollout.problems import FamilyConfig
from rollout.records import ErrorCode

WRONG, MALFORMED = ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED
LENGTH = "docs.examples.units_checker:same_length"


@pytest.mark.parametrize(
    ("checker", "answer", "gold", "expected"),
    [
        ("exact", "3", "3", None),
        ("exact", "3.0", "3", None),
        ("exact", "true", "1", WRONG),
        ("exact", "1", "true", WRONG),
        ("exact", '"3"', "3", WRONG),
        ("exact", '" yes "', '"yes"', None),
        ("exact", '"Yes"', '"yes"', WRONG),
        ("exact", "[1,2.0]", "[1.0,2]", None),
        ("exact", "[2,1]", "[1,2]", WRONG),
        ("exact", '{"a":1,"b":[true]}', '{"b":[true],"a":1.0}', None),
        ("exact", "null", "null", None),
        ("exact", "{", "1", MALFORMED),
        ("numeric", "3.0000001", "3", WRONG),
        ("numeric", "3.001", "3", WRONG),
        ("numeric:0.01", "3.001", "3", None),
        ("numeric", '"1,234.50"', "1234.5", None),
        ("numeric", '"1,234 1/2"', "1234.5", None),
        ("numeric", '"$5"', "5", None),
        ("numeric", '"1,23"', "123", MALFORMED),
        ("numeric", '"five"', "5", MALFORMED),
        ("numeric", '"."', "5", MALFORMED),
        ("numeric", '""', "5", MALFORMED),
        ("numeric", "true", "1", MALFORMED),
        ("numeric", "null", "1", MALFORMED),
        ("numeric", "[1]", "1", MALFORMED),
        ("numeric", '"nan"', "1", MALFORMED),
        ("numeric", "1" * 400, "1", WRONG),
        ("numeric", "1" * 400, "1" * 400, None),
        ("numeric", "2.50000001", "2.5", None),
        ("numeric", "2.500002", "2.5", WRONG),
        ("numeric:0", "2.50000001", "2.5", WRONG),
        ("numeric:0.01", "0.005", "0", WRONG),
        ("numeric", '"1e999"', "1", MALFORMED),
        ("numeric", "-0.0", "0", None),
        ("set", "[1,2,2]", "[2,1]", None),
        ("set", '"a, b"', '["b","a"]', None),
        ("set", "[1]", "[1,2]", WRONG),
        ("set", "3", "[3]", MALFORMED),
        ("set", "[]", "[]", None),
        ("set", "[3]", '["3"]', None),
        ("set", "[true]", '["true"]', WRONG),
        ("set", "[null]", '["null"]', WRONG),
        ("set", "[[1]]", '["[1]"]', WRONG),
        ("set", '"a; b\\nc"', '["a; b","c"]', MALFORMED),
        ("set", '"a, b\\nc"', '["a, b","c"]', MALFORMED),
        (LENGTH, '"1.5 km"', '"1500 m"', None),
        (LENGTH, '"1.5 km"', '"150 m"', WRONG),
        (LENGTH, '"far"', '"150 m"', WRONG),
    ],
)
def test_answers(checker: str, answer: str, gold: str, expected: ErrorCode | None) -> None:
    assert check(checker, answer, gold) is expected


@pytest.mark.parametrize(
    ("checker", "gold", "says"),
    [
        ("fuzzy", "1", "known: calls, either_order, exact, numeric, set, world, MODULE:FUNCTION"),
        ("numerc", "1", "did you mean 'numeric'"),
        ("exact:0.1", "1", "no such checker"),
        *(
            (f"numeric:{option}", "1", "no tolerance")
            for option in ("", "x", "inf", "nan", "-1", "1", "2", "1_0", " 0.1")
        ),
        ("no.module:f", "1", "MODULE:FUNCTION"),
        ("docs.examples.units_checker:none", "1", "MODULE:FUNCTION"),
        ("docs.examples.units_checker:METRES", "1", "is no function"),
        ("numeric", '"x"', "is no number"),
        ("set", "1", "is no list"),
        ("set", '"1,234, 5"', "is no list"),
        ("either_order", "[1,2]", "no object of two members"),
        ("either_order", '{"a":1}', "no object of two members"),
    ],
)
def test_a_checker_that_cannot_work_is_a_wrong_request(checker: str, gold: str, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        check(checker, "1", gold)


@pytest.mark.parametrize("name", ["numerc", "numeric:inf", "numeric:-1", "numeric:2", "numeric:nan", "set:1", "", "f"])
def test_a_recipe_with_a_checker_that_cannot_work_is_refused_when_it_is_read(name: str) -> None:
    with pytest.raises(RequestError, match=r"problems\.mine: checker: checker '"):
        parse(FamilyConfig, {"family": "jsonl", "checker": name}, "problems.mine")


@pytest.mark.parametrize("name", ["numeric", "numeric:0", "numeric:.5", "numeric:1e-3", "set", "exact", "a.module:f"])
def test_a_recipe_with_a_checker_that_can_work_is_read(name: str) -> None:
    assert parse(FamilyConfig, {"family": "jsonl", "checker": name}, "problems.mine").checker == name


def test_a_users_checker_that_fails_is_failed_work_and_not_a_label() -> None:
    for name in ("raising", "undecided"):
        with pytest.raises(WorkError, match=name):
            check(f"{__name__}:{name}", "1", "1")


def raising(answer: object, gold: object) -> bool:
    raise LookupError("no")


def undecided(answer: object, gold: object) -> object:
    return None


@pytest.mark.parametrize("sign", ["", "-"])
def test_large_doubles_are_rounded_beyond_fifteen_digits(sign: str) -> None:
    for digits, rounded in (("1.23456789012345e17", False), ("1.234567890123456e17", True), ("1.5e300", False)):
        found = read_quantity(float(sign + digits))
        assert found is not None
        assert (found.rounded, found.value) == (rounded, Fraction(sign + digits))

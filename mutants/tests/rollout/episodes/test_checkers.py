"""Checkers decide what counts as the gold answer."""

import pytest

from cluster.errors import RequestError, WorkError
from rollout.episodes.checkers import check
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
        ("numeric", "3.0000001", "3", None),
        ("numeric", "3.001", "3", WRONG),
        ("numeric", "3.00002", "3", WRONG),
        ("numeric", "0.0000005", "0", None),
        ("numeric", "0.00002", "0", WRONG),
        ("numeric", "2000000001", "2000000000", None),  # 1e-6 of what is asked for
        ("numeric", "2000003000", "2000000000", WRONG),
        ("numeric:0.01", "3.001", "3", None),
        ("numeric", '"1,234.50"', "1234.5", None),
        ("numeric", '"$5"', "5", None),
        ("numeric", '"1,23"', "123", MALFORMED),
        ("numeric", '"five"', "5", MALFORMED),
        ("numeric", '"."', "5", MALFORMED),
        ("numeric", '""', "5", MALFORMED),
        ("numeric", "true", "1", MALFORMED),
        ("numeric", "null", "1", MALFORMED),
        ("numeric", "[1]", "1", MALFORMED),
        ("numeric", '"nan"', "1", MALFORMED),
        ("numeric", "1" * 400, "1", MALFORMED),
        ("numeric", '"1e999"', "1", MALFORMED),
        ("numeric", "-0.0", "0", None),
        ("set", "[1,2,2]", "[2,1]", None),
        ("set", '"a, b"', '["b","a"]', None),
        ("set", "[1]", "[1,2]", WRONG),
        ("set", "3", "[3]", MALFORMED),
        ("set", "[]", "[]", None),
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
        ("fuzzy", "1", "known: exact, numeric, set"),
        ("numeric:x", "1", "no tolerance"),
        ("no.module:f", "1", "MODULE:FUNCTION"),
        ("docs.examples.units_checker:none", "1", "MODULE:FUNCTION"),
        ("docs.examples.units_checker:METRES", "1", "is no function"),
        ("numeric", '"x"', "is no number"),
        ("set", "1", "is no list"),
    ],
)
def test_a_checker_that_cannot_work_is_a_wrong_request(checker: str, gold: str, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        check(checker, "1", gold)


def test_a_users_checker_that_fails_is_failed_work_and_not_a_label() -> None:
    for name in ("raising", "undecided"):
        with pytest.raises(WorkError, match=name):
            check(f"{__name__}:{name}", "1", "1")


def raising(answer: object, gold: object) -> bool:
    raise LookupError("no")


def undecided(answer: object, gold: object) -> object:
    return None

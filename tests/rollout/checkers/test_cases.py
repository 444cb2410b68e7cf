"""Answers as people and models write them get the label that a person gives them.

`cases.jsonl` holds shapes of public reports, `spellings.jsonl` further ones that were written to break the reader, and
the benchmark's pairs those of the published table. `want` is right, wrong, malformed or (a wrong request) refused.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.checkers.__main__ import PAIRS, measure
from cluster.errors import RequestError
from rollout.checkers import check
from rollout.records import ErrorCode
from tests.repository import DATA, ROOT

LABELS = {None: "right", ErrorCode.ANSWER_WRONG: "wrong", ErrorCode.ANSWER_MALFORMED: "malformed"}


def label(checker: str, answer: Any, gold: Any) -> str:
    try:
        return LABELS[check(checker, json.dumps(answer), json.dumps(gold))]
    except RequestError:
        return "refused"


@pytest.mark.parametrize("name", ["cases.jsonl", "spellings.jsonl"])
def test_every_case_has_the_label_that_a_person_gives_it(name: str) -> None:
    cases = [json.loads(line) for line in (DATA / "checkers" / name).read_text().splitlines()]
    assert len(cases) > 50
    found = [(*case.values(), label(case["checker"], case["answer"], case["gold"])) for case in cases]
    assert [case for case in found if case[-1] != case[-2]] == []


def test_the_pairs_of_the_published_table_are_judged_as_it_says() -> None:
    figures = measure(python="")
    published = json.loads((ROOT / "docs/results/checkers.json").read_text())
    theirs = published.pop("math_verify")
    assert published.pop("command")
    assert published == figures
    assert (figures["false_positives"], figures["ambiguous_accepted"]) == (0, 0)
    assert figures["false_negatives"] <= min(0.02 * figures["pairs"], theirs["false_negatives"])
    assert figures["pairs"] >= 300
    assert all(min(kind["right"], kind["wrong"]) >= 10 for kind in figures["kinds"].values())


def test_no_pair_stands_in_the_table_twice() -> None:
    lines = PAIRS.read_text().splitlines()
    assert len(set(lines)) == len(lines)


def spellings(number: int) -> Iterator[str]:
    """Ways to write an integer that nobody takes for another one."""
    sign, digits = "-" if number < 0 else "", str(abs(number))
    for separator in (",", " ", "\u00a0", "\u2009", "\u202f", "'", "_"):
        grouped = f"{abs(number):,}".replace(",", separator)
        yield from (f"{sign}{grouped}", f"{sign}{grouped}.0", f"{sign}${grouped}", f"{sign}{grouped} %")
    yield from (f"{sign}{digits}", f"\\boxed{{{sign}{digits}}}", f"{sign}{digits}/1", f"{sign}\\frac{{{digits}}}{{1}}")
    yield from (f"{sign}{digits}e0", f"{sign}{digits} \\times 10^0", f"{sign}{digits}×10⁰", f"{sign}{digits}.")
    yield from (f"{'−' if sign else ''}{digits}", f"${sign}{digits}$", f"{sign}€ {digits}", f"{sign}{digits} EUR")
    yield f"{sign}{digits}".translate({ord("0") + value: 0xFF10 + value for value in range(10)})


@given(st.integers(-(10**30), 10**30))
def test_an_integer_is_read_in_every_spelling_and_its_neighbours_are_wrong(number: int) -> None:
    for text in spellings(number):
        assert label("numeric", text, number) == "right", text
        assert label("numeric", text, number + 1) == label("numeric", text, number - 1) == "wrong", text
        assert label("numeric", text, str(number)) == "right", text


@given(st.text(alphabet="0123456789.,-+/ %$€()[]{}\\eExX^*'_½⁵frac boxedkm\n٣３", max_size=30), st.integers(0, 9))
def test_no_text_raises_and_what_is_right_holds_the_digits(text: str, gold: int) -> None:
    for checker, expected in (("numeric", gold), ("set", [gold]), ("exact", gold)):
        assert label(checker, text, expected) in LABELS.values()
    # A text of plain digits, commas, points and signs alone is read as Python reads it, or not at all.
    if label("numeric", text, gold) == "right" and text.isascii() and text.strip().isdigit():
        assert int(text) == gold


HUGE = {
    "ten million digits": "7" * 10**7,
    "a megabyte of spaces": " " * 10**6 + "5",
    "letters": "5 " + "a " * 100_000 + "1",
    "groups": "1,234" + ",567" * 100_000,
    "open braces": "\\boxed{" * 50_000,
    "fractions": "\\frac" * 50_000,
    "superscripts": "⁵" * 100_000,
    "crosses": "5" + " x" * 199,
    "exponent": "1e999999999",
    "deep list": "[" * 50_000 + "]" * 50_000,
}


@pytest.mark.timeout(30)  # a reader that took quadratic time would take hours
@pytest.mark.parametrize("name", HUGE)
@pytest.mark.parametrize("checker", ["numeric", "set", "exact"])
def test_a_huge_answer_is_never_right_and_ends(name: str, checker: str) -> None:
    gold = [5] if checker == "set" else 6
    assert label(checker, HUGE[name], gold) in ("wrong", "malformed") or name == "a megabyte of spaces"


@pytest.mark.parametrize("checker", ["numeric", "exact", "set", "either_order"])
@pytest.mark.parametrize(
    "answer", ["[" * 10**5 + "]" * 10**5, "1" * 10**7, "1e999", "NaN", "-Infinity", "[1e999]", "", "{"]
)
def test_json_that_no_number_or_nesting_holds_is_malformed(checker: str, answer: str) -> None:
    gold = {"set": "[5]", "either_order": '{"a":1,"b":2}'}.get(checker, "5")
    assert check(checker, answer, gold) is ErrorCode.ANSWER_MALFORMED


@pytest.mark.parametrize("checker", ["numeric", "exact", "set", "either_order"])
@pytest.mark.parametrize("gold", ["NaN", "1e999", "{", "", "[" * 10**5 + "]" * 10**5])
def test_a_gold_that_is_no_json_value_is_a_wrong_request(checker: str, gold: str) -> None:
    with pytest.raises(RequestError, match="no JSON value"):
        check(checker, "5", gold)


def test_nothing_that_an_answer_says_is_evaluated(tmp_path: Any) -> None:
    trap = tmp_path / "evaluated"
    for text in (f"__import__('pathlib').Path('{trap}').touch()", f"open('{trap}','w')", "1/(2-2)", "9**9**9**9"):
        for checker, gold in (("numeric", 5), ("set", [5])):
            assert label(checker, text, gold) in ("wrong", "malformed")
    assert not trap.exists()

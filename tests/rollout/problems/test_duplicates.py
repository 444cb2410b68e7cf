"""Duplicates: what operators, signs and symbols tell apart is kept, and copies of held-out problems are dropped."""

import json
from typing import Any

import pytest

from rollout.problems.config import Duplicates
from rollout.problems.duplicates import HeldOut, deduplicate
from rollout.problems.tokens import same_text, tokens, values
from rollout.records import Call, Problem, UserTurn, canonical_json
from tests.repository import DATA


def pairs(kind: str) -> list[tuple[str, str]]:
    """The hand-made pairs of a kind: `two problems`, `same text`, or `copy` (the same problem in other words)."""
    rows = map(json.loads, (DATA / "duplicates.jsonl").read_text().splitlines())
    return [(row["one"], row["other"]) for row in rows if row["kind"] == kind]


CLIPS = pairs("copy")[0][0]


def problem(text: str, gold: object = 1, split: str = "train", state: object = None, **more: Any) -> Problem:
    fields = {
        "id": f"p-{split}-{text}-{gold}",
        "family": "p",
        "template": "",
        "toolbox": "t",
        "source": f"{split}.jsonl",
    }
    return Problem(**{**fields, **more}, split=split, text=text, gold=canonical_json(gold), state=canonical_json(state))


def kind(train: Problem, held_out: Problem, drop: Duplicates = "near") -> str:
    """Why `train` is dropped; "" where it is kept."""
    _, report = deduplicate([train], HeldOut([held_out]), drop)
    return "".join(report.counts)


@pytest.mark.parametrize(("one", "other"), pairs("two problems"))
def test_what_signs_numbers_and_quantifiers_tell_apart_are_two_problems(one: str, other: str) -> None:
    assert kind(problem(one), problem(other, split="test")) == ""
    assert kind(problem(other), problem(one, split="test")) == ""
    kept, report = deduplicate([problem(one), problem(other)], HeldOut())
    assert (len(kept), report.counts) == (2, {})


@pytest.mark.parametrize(("one", "other"), pairs("same text"))
def test_spacing_case_and_spellings_of_a_sign_make_no_difference(one: str, other: str) -> None:
    assert same_text(one) == same_text(other)
    assert kind(problem(one), problem(other, split="test")) == "exact"
    assert kind(problem(one), problem(other)) == "exact"


def test_the_same_text_with_other_functions_is_another_problem_and_held_out_all_the_same() -> None:
    def turns(*vanish: str) -> tuple[UserTurn, ...]:
        return (UserTurn(text="And 3?", vanish=vanish),)

    several = [
        problem("Add 1 and 2."),
        problem("Add 1 and 2.", hidden=("add",)),
        problem("Add 1 and 2.", hidden=("add", "mul")),
        problem("Add 1 and 2.", turns=turns()),
        problem("Add 1 and 2.", turns=turns("add")),
        problem("Add 1 and 2.", hidden=("mul", "add")),
    ]
    kept, report = deduplicate(several, HeldOut())
    assert (kept, report.counts) == (several[:-1], {"repeated": 1})
    assert kind(several[1], problem("Add 1 and 2.", split="test")) == "exact"


@pytest.mark.parametrize(("one", "other"), pairs("copy"))
def test_a_copy_in_other_words_is_dropped_from_train(one: str, other: str) -> None:
    assert kind(problem(one, 72), problem(other, 72, "test")) == "near"
    assert kind(problem(other, "72 clips"), problem(one, 72.0, "test")) == "near"
    assert kind(problem(one, 72), problem(other, 72, "test"), "exact") == ""


def test_another_answer_state_or_thing_makes_another_problem() -> None:
    asks = "Which colour does the flag of {} have on its outer left side, as seen from the front?"
    spain, france = asks.format("Spain"), asks.format("France")
    assert kind(problem(spain, "red"), problem(france, "blue", "test")) == ""
    assert kind(problem(spain, "red"), problem(france, "red", "test")) == "near"
    cancel = "Cancel my last order."
    assert (
        kind(problem(cancel, True, state={"orders": [1]}), problem(cancel, True, "test", state={"orders": [2]})) == ""
    )
    assert kind(problem(cancel, True, state={"orders": [1]}), problem(cancel, True, "test", state={"orders": [1]}))
    book = "Book a table at the new place for {} and say when it is done, please."
    chains = {name: (Call(name="book", arguments=canonical_json({"who": name})),) for name in ("Alice", "Bob")}
    alice = problem(book.format("Alice"), "done", gold_calls=chains["Alice"])
    bob = problem(book.format("Bob"), "done", "test", gold_calls=chains["Bob"])
    assert kind(alice, bob) == ""
    assert kind(alice, problem(bob.text, "done", "test")) == "near"


def test_another_function_in_the_gold_chain_makes_another_problem() -> None:
    """Words that turn an order round are few and no signs: what is called tells the two apart."""
    text = "Please {} the account of the customer in the system for me now, as we said on the phone this morning."

    def chain(name: str) -> tuple[Call, ...]:
        done = Call(name="finish", arguments=canonical_json({"answer": "done"}))
        return (Call(name=name, arguments=canonical_json({"customer": "C-7"})), done)

    made, ended, closed = (
        problem(text.format(word), "done", split, gold_calls=chain(name))
        for word, name, split in (("open", "create", "train"), ("end", "delete", "test"), ("close", "delete", "train"))
    )
    assert kind(made, ended) == ""
    assert kind(closed, ended) == "near"
    assert kind(problem(text.format("open"), "done"), ended) == "near", "where a chain is not known, words decide"


def test_quotes_alone_make_no_repetition() -> None:
    plain, quoted = problem("Evaluate a + b."), problem('Evaluate "a" + "b".')
    assert deduplicate([plain, quoted], HeldOut())[0] == [plain, quoted]


def test_the_same_text_for_another_toolbox_is_no_repetition_but_never_held_out() -> None:
    kept, report = deduplicate([problem("What is 3 + 4?"), problem("What is 3 + 4?", toolbox="t+100")], HeldOut())
    assert (len(kept), report.counts) == (2, {})
    assert kind(problem("What is 3 + 4?", toolbox="t+100"), problem("What is 3 + 4?", split="test")) == "exact"


def test_problems_that_differ_in_numbers_are_counted_and_dropped_on_request() -> None:
    train, held_out = problem("What do 7 pens cost at 3?", 21), problem("What do 8 pens cost at 3?", 24, "test")
    kept, report = deduplicate([train], HeldOut([held_out]))
    assert (kept, report.counts, report.numbers_aside) == ([train], {}, 1)
    assert kind(train, held_out, "template") == "template"
    assert kind(problem("What do 7 pens cost - 3?"), held_out, "template") == ""


def test_each_dropped_problem_is_said_with_the_one_that_it_is_like() -> None:
    held_out = [problem(CLIPS, 72, "test", source="test.jsonl:5")]
    train = [
        problem(CLIPS.upper(), 72, source="a.jsonl:1"),
        problem(CLIPS.replace("altogether", "in all"), 72, source="a.jsonl:2"),
        problem("What is 3 + 4?", source="a.jsonl:3"),
        problem("what is 3 + 4", source="a.jsonl:4"),
    ]
    kept, report = deduplicate(train, HeldOut(held_out))
    assert kept == [train[2]]
    assert report.counts == {"repeated": 1, "exact": 1, "near": 1}
    assert [(each.source, each.like) for each in report.dropped] == [
        ("a.jsonl:1", "test.jsonl:5"),
        ("a.jsonl:2", "test.jsonl:5"),
        ("a.jsonl:4", "a.jsonl:3"),
    ]
    assert "1 near duplicates dropped, such as a.jsonl:2 (like test.jsonl:5)" in report.said


def test_a_text_of_signs_alone_or_without_tokens_is_compared_too() -> None:
    assert tokens("¬(p ∧ q)") == ("¬", "(", "p", "∧", "q", ")")
    assert values(tokens("A cat")) == ()
    assert kind(problem("…"), problem("—", split="test")) == "exact"
    assert kind(problem("∎"), problem("□", split="test")) == ""

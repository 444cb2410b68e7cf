"""What would spoil labels is found before an engine starts, with file and line."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster.config import parse
from cluster.errors import RequestError
from rollout.problems import FamilyConfig, everything, generate
from rollout.problems.checking import CheckReport, check_golds, check_problems
from rollout.problems.contracts import answer_faults

BANK = '''
class Bank:
    """A bank."""

    def __init__(self, state):
        self.money = dict(state["money"])
        self.moved = False

    def move(self, source: str, target: str, amount: int) -> bool:
        """Move money."""
        self.money[source] -= amount
        self.money[target] += amount
        self.moved = True
        return True


class Careful(Bank):
    """A bank that looks whether something was done."""

    def move(self, source: str, target: str, amount: int) -> bool:
        """Move money."""
        return Bank.move(self, source, target, amount)

    def finish(self, answer: str | bool) -> str | bool:
        """End."""
        if not self.moved:
            raise ValueError("nothing was moved")
        return answer
'''
MOVE = {"name": "move", "arguments": {"source": "a", "target": "b", "amount": 2}}
MONEY = {"money": {"a": 5, "b": 0}}


def finish(answer: Any) -> dict[str, Any]:
    return {"name": "finish", "arguments": {"answer": answer}}


def checked(folder: Path, rows: list[dict[str, Any]], **keys: Any) -> CheckReport:
    """The report on rows of a file p.jsonl, all of them executed."""
    (folder / "bank.py").write_text(BANK)
    path = folder / "p.jsonl"
    path.write_text(
        "".join(
            json.dumps({"text": f"Problem number {at} of many {'x' * at}.", **row}) + "\n"
            for at, row in enumerate(rows)
        )
    )
    table = {"family": "jsonl", "path": str(path), "toolbox": "arithmetic", **keys}
    splits = everything(parse(FamilyConfig, table, "own")).splits
    problems = sorted((one for split in splits.values() for one in split), key=lambda one: one.source)
    return check_golds(problems)


def bank(folder: Path, name: str) -> dict[str, str]:
    return {"toolbox": f"{folder / 'bank.py'}:{name}", "state_column": "state", "calls_column": "calls"}


@pytest.mark.parametrize(
    ("row", "keys", "says"),
    [
        ({"answer": "many"}, {"checker": "numeric"}, "is no number"),
        ({"answer": "1,5"}, {"checker": "numeric"}, "is no number"),
        ({"answer": 5}, {"checker": "set"}, "is no list"),
        ({"answer": 5, "how": "numerc"}, {"checker_column": "how"}, "did you mean 'numeric'"),
        ({"answer": 5, "how": "numeric:inf"}, {"checker_column": "how"}, "no tolerance"),
        ({"answer": 5}, {"checker": "no.such.module:f"}, "MODULE:FUNCTION"),
        ({"answer": ""}, {}, 'an empty answer, "", is right'),
        ({"answer": []}, {"checker": "set"}, 'an empty answer, "", is right'),
        ({"answer": "maybe"}, {}, "finish refuses the gold answer"),
        ({"answer": 5}, {"toolbox": "abstention", "calls_column": "calls", "calls": [finish(6)]}, "gold is 5"),
        ({"answer": 5, "calls": [{"name": "ad", "arguments": {}}]}, {"calls_column": "calls"}, "unknown function"),
    ],
)
def test_a_fault_is_found_with_its_file_and_line(tmp_path: Path, row: Any, keys: Any, says: str) -> None:
    calls = {"calls": keys.pop("calls")} if "calls" in keys else {}
    (fault, *_) = checked(tmp_path, [{**row, **calls}], **keys).faults
    assert fault.startswith(f"{tmp_path}/p.jsonl:1: jsonl-")
    assert says in fault
    assert "\n" not in fault


def test_sound_problems_have_no_faults_and_are_counted(tmp_path: Path) -> None:
    rows = [{"answer": value} for value in (5, 0, -3, 2.5, 10**20, "1,234", "28%", "1/2")]
    shop = "docs/examples/shop.py"
    report = checked(tmp_path, rows, checker="numeric", toolbox=shop)
    assert (report.problems, report.opened, report.faults) == (8, 8, ())
    for checker, answers in {
        "exact": ["yes", 3, [1, "a"], {"b": 1, "a": [2.5]}, False],
        "set": [["Ann", "Bob"], [1, 2], "1, 2", [[1], [2]]],
        "either_order": [{"a": 1, "b": 2}],
        "docs.examples.units_checker:same_length": ["5 km"],
    }.items():
        rows = [{"answer": answer} for answer in answers]
        assert checked(tmp_path, rows, checker=checker, toolbox=shop).faults == ()


def test_a_state_that_does_not_fit_is_found(tmp_path: Path) -> None:
    row = {"answer": "b has 2", "state": {"cash": {}}, "calls": [MOVE, finish("b has 2")]}
    (fault,) = checked(tmp_path, [row], **bank(tmp_path, "Bank")).faults
    assert "p.jsonl:1: " in fault
    assert "the state does not fit" in fault


@pytest.mark.parametrize("answer", ["done", True, "OK."])
def test_an_end_without_work_that_is_right_is_a_fault_unless_nothing_is_to_be_done(tmp_path: Path, answer: Any) -> None:
    row = {"answer": answer, "state": MONEY, "calls": [MOVE, finish(answer)]}
    (fault,) = checked(tmp_path, [row], **bank(tmp_path, "Bank")).faults
    assert "finishing at once" in fault
    declared = checked(tmp_path, [row], **bank(tmp_path, "Bank"), nothing_to_do=True)
    assert (declared.faults, declared.nothing_to_do) == ((), 1)
    by_row = checked(tmp_path, [{**row, "idle": True}], **bank(tmp_path, "Bank"), nothing_to_do_column="idle")
    assert (by_row.faults, by_row.nothing_to_do) == ((), 1)
    careful = checked(tmp_path, [row], **bank(tmp_path, "Careful"))
    assert (careful.faults, careful.with_state, careful.needing_work) == ((), 1, 1)


def test_an_answer_that_has_to_be_found_out_is_no_end_without_work(tmp_path: Path) -> None:
    rows = [{"answer": a, "state": MONEY, "calls": [MOVE, finish(a)]} for a in ("b has 2", True, False)]
    report = checked(tmp_path, rows, **bank(tmp_path, "Bank"))
    assert (report.faults, report.with_state, report.needing_work) == ((), 3, 0)


def test_a_column_of_truth_values_reads_as_such_or_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"p\.jsonl:1: 'idle' is 'perhaps'; write true or false"):
        checked(tmp_path, [{"answer": 1, "idle": "perhaps"}], nothing_to_do_column="idle")


_VERDICTS: list[bool] = []


def fickle(answer: object, gold: object) -> bool:
    _VERDICTS.append(True)
    return len(_VERDICTS) % 2 == 0


def lenient(answer: object, gold: object) -> bool:
    return True


def fragile(answer: Any, gold: Any) -> bool:
    return bool(answer["value"] == gold["value"])


@pytest.mark.parametrize(
    ("name", "says"),
    [("fickle", "two verdicts"), ("lenient", "an empty answer"), ("fragile", "raised TypeError")],
)
def test_a_users_checker_that_spoils_labels_is_found(name: str, says: str) -> None:
    (fault,) = answer_faults(f"{__name__}:{name}", '{"value":1}', False)
    assert says in fault


def test_abstention_says_where_nothing_is_to_be_done() -> None:
    problems = generate(FamilyConfig(family="abstention", test=60), "test")
    assert {one.nothing_to_do for one in problems if one.gold in ('"missing"', '"no function"')} == {True}
    assert {one.nothing_to_do for one in problems if one.gold not in ('"missing"', '"no function"')} == {False}
    report = check_problems(problems, ["json"])
    assert report.faults == ()
    assert 0 < report.nothing_to_do < 60


@pytest.mark.parametrize("gold", [10**400, 1e300, -(10**399), 2**53 + 1, "5 km", "1/3", 0])
def test_a_gold_answer_is_not_refused_for_spellings_that_are_too_long_to_be_read(gold: int | float | str) -> None:
    assert answer_faults("numeric", json.dumps(gold), False) == ()


def test_a_question_for_needed_functions_says_where_there_are_none() -> None:
    """Without its one step a problem needs none, and an empty answer is right."""
    config = FamilyConfig(family="subtask_names", test=30, difficulty=(1, 1))
    problems = generate(config, "variant-removed")
    assert any(one.gold == "[]" for one in problems)
    assert all(one.nothing_to_do == (one.gold == "[]") for one in problems)
    assert check_problems(problems, ["json"]).faults == ()
    assert not any(one.nothing_to_do for one in generate(config, "test"))


def test_every_gold_is_checked_and_a_seeded_sample_executed() -> None:
    problems = generate(FamilyConfig(family="arithmetic", train=40), "train")
    report = check_golds(problems, sample=5, seed=1)
    assert (report.problems, report.opened, report.executed, report.faults) == (40, 5, 5, ())
    spoilt = [msgspec.structs.replace(one, checker="set") for one in problems]
    assert len(check_golds(spoilt, sample=5).faults) == 40

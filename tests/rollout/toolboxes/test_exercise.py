"""Toolboxes before a run: called once, called on another day, and the same in every process."""

import json
import shutil
from pathlib import Path

import pytest

from cluster.errors import RequestError
from pipeline.run.toolboxes import refuse_faulty_toolboxes
from rollout.records import Call, Problem
from rollout.toolboxes.exercise import exercise, exercise_all
from rollout.toolboxes.function import Function
from rollout.toolboxes.isolation.isolated import IsolatedToolbox
from rollout.toolboxes.isolation.processes import Worker
from rollout.toolboxes.isolation.users import load_users
from rollout.toolboxes.made_up import made_up
from tests.repository import ROOT

CASES = ROOT / "tests" / "data" / "toolboxes"
FAULTY = '''
import datetime
import os
import random
import time
import uuid
from datetime import date

COUNT = [0]


def by_today(day: date = date.today(), seed: float = random.random()) -> str:
    """Say a day."""
    return "a day"


def now() -> str:
    """Say when it is."""
    return datetime.datetime.now().isoformat()


def clock() -> int:
    """Say which year it is."""
    return time.localtime().tm_year


def ident() -> str:
    """Make a name."""
    return str(uuid.uuid4())


def dice() -> int:
    """Roll a dice of many sides."""
    return random.randint(1, 10**9)


def counted() -> int:
    """Count calls."""
    COUNT[0] += 1
    return COUNT[0]


def until(day: datetime.date, at: datetime.datetime) -> int:
    """Count days."""
    return (datetime.date(2030, 1, 1) - day).days + at.hour


def opened(path: str) -> str:
    """Read a file.

    Examples:
        opened("/etc/passwd")
    """
    return open(path).read()


def mistyped(a: int) -> int:
    """Add one.

    >>> mistyped("x")
    3
    """
    return a + 1


def picky(name: str) -> str:
    """Refuse what it does not know."""
    raise ValueError("no such name")


def no_json(a: int) -> object:
    """Give an object back."""
    return object()


def slow(a: int) -> int:
    """Take its time."""
    time.sleep(60)
    return a


def ended() -> int:
    """End the process."""
    os._exit(1)
'''
FAULTS = {
    "by_today": "what the model reads of it changes from day to day or process to process: by_today(day: date = ",
    "now": "its result changes from call to call: now({}) gave",
    "clock": "its result changes from day to day or process to process: clock({}) gave",
    "ident": "its result changes from",
    "counted": "its result changes from call to call: counted({}) gave 1 and 2",
    "opened": 'files outside the toolbox\'s folder are not for reading; called as opened({"path":"/etc/passwd"}): ',
    "mistyped": "argument a has the wrong type; use mistyped(a: int); called as mistyped",
    "no_json": "the result is a value of type object, which has no JSON form",
    "slow": "took longer than",
    "ended": "ended its process",
}


def test_what_shows_only_when_a_function_is_called_is_said_before_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollout.toolboxes.exercise.DEADLINE", 3.0)
    (tmp_path / "tools.py").write_text(FAULTY)
    faults = exercise(str(tmp_path / "tools.py")).faults
    found = {fault.removeprefix(f"toolbox {tmp_path / 'tools.py'}: ").partition(":")[0]: fault for fault in faults}
    assert found.keys() == FAULTS.keys(), faults
    for name, says in FAULTS.items():
        assert says in found[name]
        assert "\n" not in found[name]
        assert "; " in found[name]


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("async_one.py", "null"),
        ("bank.py:Account", '{"money":3}'),
        ("bank.py:Finishing", "null"),
        ("docstrings.py", "null"),
        ("helper_without_docstring.py", "null"),
        ("plain.py", "null"),
        ("shapes.py", "null"),
        ("tags.py", "null"),
    ],
)
def test_sound_toolboxes_have_no_faults(name: str, state: str) -> None:
    faults, not_called = exercise(str(CASES / name), state)
    assert faults == ()
    # No text is a complex number to pydantic's strict reading.
    assert [line.split(": ")[1] for line in not_called] == ["with_complex"] * (name == "shapes.py")


def test_the_documented_toolboxes_have_no_faults() -> None:
    for name, state in (("shop.py", "null"), ("cart.py:Cart", '{"items":{}}'), ("chain.py", "null")):
        assert exercise(str(ROOT / "docs" / "examples" / name), state) == ((), ())


BOUNDED = '''
from typing import Annotated
from pydantic import AfterValidator, Field


def even(value: int) -> int:
    if value % 2 == 0:
        raise ValueError("must be odd")
    return value


def between(share: Annotated[float, Field(gt=0, lt=1)]) -> object:
    """Share something."""
    return object()


def invoice(number: Annotated[str, Field(pattern=r"^INVOICE-[0-9]{4}/[a-f]+$")]) -> object:
    """Find an invoice."""
    return object()


def odd(value: Annotated[int, AfterValidator(even)]) -> object:
    """Take what is odd."""
    return object()


def shown(number: Annotated[str, Field(pattern=r"^INVOICE-[0-9]{4}/[a-f]+$")]) -> str:
    """Find an invoice.

    >>> shown("INVOICE-1234/a")
    """
    return number
'''


def test_a_function_that_could_not_be_called_is_named_and_no_reason_to_refuse_the_run(tmp_path: Path) -> None:
    """Its schema, or its own validator, accepts nothing that was made up: it was silently taken for sound."""
    (tmp_path / "tools.py").write_text(BOUNDED)
    faults, not_called = exercise(str(tmp_path / "tools.py"))
    (fault,) = faults
    assert "between: the result is a value of type object" in fault
    invoice, odd = not_called
    assert "invoice: argument number: no value is known that fits" in invoice
    assert 'odd: argument value: must be odd; use odd(value: int); odd({"value":2}) was made up' in odd
    for line in not_called:
        assert "the function is not exercised; write an example in its docstring" in line
        assert "\n" not in line


def test_a_problems_toolbox_is_exercised_with_its_state_before_the_problem_is_attempted(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text('def f() -> object:\n    """Do it."""\n    return object()\n')
    problem = Problem(
        id="a", family="jsonl", split="train", template="t", text="x", toolbox=str(tmp_path / "tools.py"), gold="1"
    )
    with pytest.raises(RequestError, match="f: the result is a value of type object"):
        refuse_faulty_toolboxes([problem])
    sound = Problem(
        id="a", family="jsonl", split="train", template="t", text="x", toolbox=f"{CASES / 'bank.py'}:Account", gold="1",
        state='{"money":1}',
    )  # fmt: skip
    refuse_faulty_toolboxes([sound])
    with pytest.raises(RequestError, match="is made from a state"):
        refuse_faulty_toolboxes(
            [
                Problem(
                    **{
                        name: getattr(sound, name)
                        for name in ("id", "family", "split", "template", "text", "toolbox", "gold")
                    }
                )
            ]
        )


def test_run_and_plan_are_told_which_functions_could_not_be_called(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text(BOUNDED.replace("return object()", "return 1"))
    problem = Problem(
        id="a", family="jsonl", split="train", template="t", text="x", toolbox=str(tmp_path / "tools.py"), gold="1"
    )
    assert [line.split(": ")[1] for line in refuse_faulty_toolboxes([problem])] == ["invoice", "odd"]


def test_a_toolbox_that_does_not_load_hides_no_other_one(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("import no_such_module\n")
    (tmp_path / "two.py").write_text('def f() -> object:\n    """Do it."""\n    return object()\n')
    problems = [
        Problem(id=name, family="jsonl", split="train", template="t", text="x", gold="1", toolbox=f"{tmp_path / name}")
        for name in ("one.py", "two.py")
    ]
    one, two = exercise_all(problems).faults
    assert "No module named 'no_such_module'" in one
    assert "f: the result is a value of type object" in two


def test_made_up_arguments_fit_every_parameter() -> None:
    for file in ("shapes.py", "docstrings.py", "plain.py", "returns.py"):
        for function in load_users(str(CASES / file)).functions.values():
            if function.name != "with_complex":
                function.validate(made_up(function).arguments)


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("f(1, b=[2])", {"a": 1, "b": [2]}),
        ("f(a=(1, 2))", {"a": [1, 2]}),
        ("f(x)", None),
        ("f(*[1])", None),
        ("f(1 + 1)", None),
        ("f(**{'a': 1})", None),
        ("f(", None),
    ],
)
def test_examples_are_calls_of_literals(text: str, arguments: dict[str, object] | None) -> None:
    def f(a: int, b: list[int] | None = None) -> int:
        """Do it."""
        return a

    calls = Function.from_callable(f, examples=(text,)).example_calls
    assert [json.loads(call.arguments) for call in calls] == ([] if arguments is None else [arguments])


# The same everywhere ------------------------------------------------------------------------------------------------

SAME = '''
import dataclasses
import enum
import random
from typing import Literal

import numpy
from pydantic import BaseModel

WORDS = frozenset({"a", "the", "of", "and", "to", "in", "is"})


class Colour(enum.Enum):
    RED = "red"


class Filter(BaseModel):
    words: frozenset[str] = WORDS


@dataclasses.dataclass
class Point:
    names: frozenset[str] = WORDS


def drop(
    text: str,
    words: frozenset[str] = WORDS,
    table: dict[str, set[str]] = {"a": {"x", "y", "z"}},
    colour: Colour = Colour.RED,
    filter: Filter = Filter(),
    point: Point = Point(),
    either: Literal["b", "a"] = "b",
    chance: float = random.random(),
) -> dict[str, set[str]]:
    """Drop words."""
    return {"left": set(text.split()) - words, "words": words}


def any_one(text: str) -> str:
    """Give any word."""
    return next(iter(set(text.split())))


def dice(sides: int) -> list[int]:
    """Roll."""
    return [random.randint(1, sides), int(numpy.random.randint(sides))]


def hashed(text: str) -> int:
    """Hash it."""
    return hash(text)
'''
CALLS = (
    Call(name="drop", arguments='{"text":"the quick brown fox jumps over the lazy dog"}'),
    Call(name="any_one", arguments='{"text":"the quick brown fox jumps over the lazy dog"}'),
    Call(name="dice", arguments='{"sides":1000000}'),
    Call(name="hashed", arguments='{"text":"a"}'),
)


def seen(file: str, environment: dict[str, str], calls: tuple[Call, ...]) -> list[object]:
    """All that a worker with these variables says of a toolbox, and what its calls give."""
    worker = Worker(file, environment=environment)
    try:
        greeting = worker.start()
        results = []
        for index, call in enumerate(calls):
            request = {
                "session": 1, "state": "null", "history": [], "last": None, "built_ins": False, "index": index,
                "call": {"name": call.name, "arguments": call.arguments, "id": ""},
            }  # fmt: skip
            results.append({**worker.ask(request, 5.0)["result"], "seconds": 0})
        return [greeting, results]
    finally:
        worker.stop()


OTHERS = (
    {"TZ": "Pacific/Kiritimati"},
    {"HOME": "/somewhere", "LC_ALL": "C"},
)


def test_two_workers_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text(SAME)
    first = seen(str(tmp_path / "tools.py"), {}, CALLS)
    for other in OTHERS:
        assert seen(str(tmp_path / "tools.py"), other, CALLS) == first


def test_sets_have_one_order_whatever_the_hash_seed(tmp_path: Path) -> None:
    """The seed is fixed; what is shown and what comes back does not rest on that."""
    (tmp_path / "tools.py").write_text(SAME)
    first, *more = (seen(str(tmp_path / "tools.py"), {"PYTHONHASHSEED": seed}, CALLS[:1]) for seed in "012")
    assert [first, first] == more
    results = [
        seen(str(CASES / "tags.py"), {"PYTHONHASHSEED": seed}, (Call(name="tags", arguments='{"text":"a b c d"}'),))
        for seed in "12"
    ]
    assert results[0] == results[1]


def test_another_folder_is_the_same_toolbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for folder in (tmp_path / "one", tmp_path / "two" / "deeper"):
        folder.mkdir(parents=True)
        (folder / "tools.py").write_text(SAME)
        monkeypatch.chdir(folder)
        told.append(seen("tools.py", {}, CALLS))
    assert told[0] == told[1]


def test_draws_follow_from_the_call_and_its_place_in_the_session(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text(SAME)
    toolbox = IsolatedToolbox.start(str(tmp_path / "tools.py"), workers=2)
    try:
        sessions = [toolbox.open() for _ in range(2)]
        rolled = [[session.call(CALLS[2]).content for _ in range(3)] for session in sessions]
    finally:
        toolbox.stop()
    assert rolled[0] == rolled[1]
    assert len(set(rolled[0])) == 3


def test_a_module_beside_the_file_counts_in_the_hash(tmp_path: Path) -> None:
    shutil.copytree(CASES / "shopdir", tmp_path / "shop")
    hashes = []
    for price in ("0.5", "0.5", "0.6"):
        (tmp_path / "shop" / "prices.py").write_text(f'PRICES = {{"apple": {price}}}\n')
        worker = Worker(str(tmp_path / "shop" / "beside.py"))
        hashes.append(worker.start()["hash"])
        worker.stop()
    assert hashes[0] == hashes[1] != hashes[2]

"""Golds that no answer can reach are found by `problems --check`, by `plan` and by the run, with file and line."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from cluster.errors import RequestError, WorkError
from pipeline.cli import _with_numbers
from pipeline.commands.plan import plan_command
from pipeline.commands.problems import ALL_OF_THEM, problems_command
from pipeline.recipe import load_recipe
from pipeline.run.folder import open_run
from pipeline.stages import models
from rollout.data import layout
from rollout.problems import FamilyConfig, generate
from rollout.records import Problem
from rollout.toolboxes.exercise import Exercised, exercise
from tests.repository import DATA, RECIPES

OWN = """[problems.own]
family = "jsonl"
path = "p.jsonl"
test_path = "t.jsonl"
toolbox = "arithmetic"
checker_column = "how"
duplicates = "exact"
train = 3
test = 2

"""
Write = Callable[[dict[str, object]], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write the rows, the third with these changes, and a recipe for `plan` and one for runs."""
    monkeypatch.chdir(tmp_path)
    words = ("apple", "bell", "cart", "desk", "egg")

    def written(changes: dict[str, object]) -> None:
        rows = [{"text": f"What is the sum of every {word} here?", "answer": 7, "how": "numeric"} for word in words]
        rows[2] |= changes
        Path("p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:3]))
        Path("t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[3:]))

    table = (DATA / "scripted.toml").read_text().replace("MODEL", str(DATA / "student"))
    Path("run.toml").write_text(re.sub(r"\[problems.arithmetic\].*?\n\n", OWN, table, flags=re.DOTALL))
    Path("plan.toml").write_text(f"{(RECIPES / 'local.toml').read_text()}\n{OWN}")
    return written


def check(recipe: str, number: int = ALL_OF_THEM) -> str:
    console = Console(file=(out := io.StringIO()), width=200)
    try:
        problems_command(
            recipe, show=None, check=number, split="", seed=0, difficulty=None, path="", task="", console=console
        )
    except WorkError as error:
        return f"{out.getvalue()}\n{error}"
    return out.getvalue()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"how": "numerc"}, "checker 'numerc': no such checker; did you mean 'numeric'?"),
        ({"answer": "seven"}, "is no number that it reads"),
        ({"answer": "seven", "how": "exact"}, 'finish refuses the gold answer "seven"'),
        ({"answer": "", "how": "exact"}, "an empty answer"),
    ],
)
def test_check_plan_and_run_find_a_gold_that_no_answer_reaches(
    write: Write, tmp_path: Path, changes: dict[str, object], says: str
) -> None:
    write(changes)
    for found in (check("run.toml"), check("run.toml", 9)):
        assert re.search(rf"p\.jsonl:3: .*{re.escape(says)}", found)
        assert "disagreement(s)" in found
    with pytest.raises(WorkError, match=rf"p\.jsonl:3: .*{re.escape(says)}"):
        plan_command(Path("plan.toml"), Console(quiet=True))
    with (
        open_run(load_recipe(Path("run.toml")), tmp_path / "run", Console(quiet=True), False) as run,
        pytest.raises(RequestError, match=rf"p\.jsonl:3: .*{re.escape(says)}"),
    ):
        models.work(run)
    assert not (tmp_path / "run" / layout.PLAN).exists()


def test_plan_and_run_say_what_they_checked(write: Write, tmp_path: Path) -> None:
    write({})
    said = r"\d+ gold answers checked by their checkers, \d+ of them executed, .*0 faults"
    console = Console(file=(out := io.StringIO()), width=200)
    plan_command(Path("plan.toml"), console)
    assert re.search(f"problems: {said}", out.getvalue())
    console = Console(file=(out := io.StringIO()), width=200)
    with open_run(load_recipe(Path("run.toml")), tmp_path / "run", console, False) as run:
        models.work(run)
    assert re.search(said, out.getvalue())
    assert "jsonl train: 3 problems" in check("run.toml")


TOOLS = '''
import datetime

def now() -> str:
    """Say when it is."""
    return datetime.datetime.now().isoformat()
'''


def test_a_toolbox_is_exercised_once_however_many_suites_name_it(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({})
    Path("tools.py").write_text(TOOLS)
    own = OWN.replace('toolbox = "arithmetic"', 'toolbox = "tools.py"')
    text = Path("run.toml").read_text().replace(OWN, own + own.replace("problems.own", "problems.again"))
    Path("run.toml").write_text(text)
    exercised: list[str] = []

    def counted(name: str, state: str = "null") -> Exercised:
        exercised.append(name)
        return exercise(name, state)

    monkeypatch.setattr("rollout.toolboxes.exercise.exercise", counted)
    found = check("run.toml")
    assert exercised == ["tools.py"]
    assert found.count("tools.py: now: its result changes from") == 1
    assert "1 disagreement(s) about the toolboxes and gold answers of " in found


def test_what_cannot_be_drawn_hides_nothing_of_the_others(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that does not read and a suite for which its family has too few problems, beside sound ones."""

    def scarce(config: FamilyConfig, split: str) -> list[Problem]:
        if split == "validation":
            raise RequestError("only 3 different validation problems")
        return generate(config, split)

    monkeypatch.setattr("pipeline.commands.problems.generate", scarce)
    write({"answer": "seven"})
    Path("bad.jsonl").write_text("{")
    bad = OWN.replace("problems.own", "problems.bad").replace("p.jsonl", "bad.jsonl")
    many = '[problems.many]\nfamily = "knights"\ndifficulty = [1, 1]\ntrain = 1\nvalidation = 1\ntest = 1\n\n'
    text = Path("run.toml").read_text()
    Path("run.toml").write_text(text.replace(OWN, bad + many + OWN))
    for number in (ALL_OF_THEM, 1):
        console = Console(file=(out := io.StringIO()), width=200)
        with pytest.raises(RequestError, match=r"bad\.jsonl:1: not JSON"):
            problems_command(
                "run.toml",
                show=None,
                check=number,
                split="",
                seed=0,
                difficulty=None,
                path="",
                task="",
                console=console,
            )
        shown = out.getvalue()
        assert "while generating: bad.jsonl:1: not JSON" in shown
        assert shown.count("bad.jsonl:1") == 1
        assert "jsonl test: " in shown
        for suite in ("train: 1", "validation: 0", "test: 1"):
            assert f"  knights {suite} problems" in shown
        assert "while generating: only 3 different" in shown


def test_a_bare_check_means_all_of_them() -> None:
    assert _with_numbers(["problems", "r.toml", "--check"]) == ["problems", "r.toml", "--check", "-1"]
    assert _with_numbers(["problems", "--check", "r.toml"]) == ["problems", "--check", "-1", "r.toml"]
    assert _with_numbers(["problems", "r.toml", "--check", "5"]) == ["problems", "r.toml", "--check", "5"]
    assert _with_numbers(["plan", "r.toml"]) == ["plan", "r.toml"]

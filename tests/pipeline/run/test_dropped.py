"""Duplicates of imported problems are counted, and said by `problems --check`, by `plan` and by the run."""

import io
import itertools
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from cluster.errors import RequestError
from pipeline.commands.plan import plan_command
from pipeline.commands.problems import problems_command
from pipeline.estimates.speed import REFERENCE
from pipeline.plan.machines import this_machine
from pipeline.plan.make import make_plan
from pipeline.plan.parts import Fault
from pipeline.plan.prediction import predict
from pipeline.plan.remedies import remedies
from pipeline.recipe import Recipe, load_recipe
from pipeline.run.draws import draw_problems
from pipeline.run.findings import Findings, find_out
from pipeline.run.folder import open_run
from pipeline.run.workload import read_workload, train_problems
from pipeline.stages import models
from tests.repository import DATA, RECIPES

TRAIN = [
    "A pen costs 3 coins in the shop at the corner. How many coins do 7 pens cost there?",  # near
    "What is 12 + 3?",
    "What is 12 - 3?",
    "what is  12 + 3",  # repeated
    "Ann has 5 red hats and 6 blue ones, and she counts all of them. How many are there?",  # exact
    "Ann has 5 red hats and 9 blue ones, and she counts all of them. How many are there?",  # another number
]
TEST = [
    "A pen costs 3 coins in that shop at the corner. How many coins do 7 pens cost there?",
    "Ann has 5 red hats and 6 blue ones, and she counts all of them. How many are there?",
]
OWN = """[problems.own]
family = "jsonl"
path = "train.jsonl"
test_path = "test.jsonl"
toolbox = "arithmetic"
checker = "numeric"
"""


REPLICATES = 'm0."models.student.tiny.seed" = 1\nm1."models.student.tiny.seed" = 2\n'


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, texts in (("train", TRAIN), ("test", TEST)):
        rows = ({"text": text, "answer": 11 if "Ann" in text else 21} for text in texts)
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = tmp_path / "recipe.toml"
    table = (DATA / "scripted.toml").read_text().replace("MODEL", str(DATA / "student"))
    path.write_text(re.sub(r"\[problems.arithmetic\].*?\n\n", f"{OWN}train = 3\ntest = 2\n\n", table, flags=re.DOTALL))
    return path


@pytest.fixture
def tiny(recipe: Path) -> Path:
    """The same rows beside the families of the local recipe, whose models are made here and can be planned."""
    path = recipe.with_name("tiny.toml")
    path.write_text(f"{(RECIPES / 'local.toml').read_text()}\n{OWN}train = 3\ntest = 2\n")
    return path


def recorded() -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, width=80), out


def said(out: io.StringIO) -> str:
    return " ".join(out.getvalue().split())


def test_problems_check_names_what_was_dropped_and_why(recipe: Path) -> None:
    console, out = recorded()
    problems_command(
        str(recipe), show=None, check=9, split="", seed=0, difficulty=None, path="", task="", console=console
    )
    shown = said(out)
    assert "jsonl train: 1 repeated in the split dropped, such as train.jsonl:4 (like train.jsonl:2); 1 exact" in shown
    assert "1 near duplicates dropped, such as train.jsonl:1 (like test.jsonl:1)" in shown
    assert "1 kept that differ from held-out ones in numbers only" in shown


def test_plan_and_run_count_them(recipe: Path, tiny: Path, tmp_path: Path) -> None:
    counts = "problems.own: dropped as duplicates: train 1 repeated, 1 exact, 1 near"
    console, out = recorded()
    plan_command(tiny, console)
    assert counts in said(out)
    console, out = recorded()
    with open_run(load_recipe(recipe), tmp_path / "run", console, False) as run:
        models.work(run)
        assert read_workload(run).dropped == {"own": {"train": {"repeated": 1, "exact": 1, "near": 1}}}
    assert counts in said(out)


def test_plan_and_run_say_that_a_problem_has_two_gold_answers(recipe: Path, tiny: Path, tmp_path: Path) -> None:
    rows = (tmp_path / "train.jsonl").read_text().splitlines()
    rows[3] = json.dumps({"text": TRAIN[3], "answer": 22})
    (tmp_path / "train.jsonl").write_text("\n".join(rows))
    says = "1 dropped problems have the text and state of another one and another gold answer, such as train.jsonl:4"
    console, out = recorded()
    plan_command(tiny, console)
    assert f"note: problems.own: {says}" in said(out)
    console, out = recorded()
    with open_run(load_recipe(recipe), tmp_path / "run", console, False) as run:
        models.work(run)
    assert f"problems.own: {says}" in said(out)


def test_the_plan_that_a_run_begins_with_leaves_its_problems_to_the_run(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run draws and checks them itself, and says what was dropped and what is not contained: once."""
    monkeypatch.setattr("pipeline.run.toolboxes.shortfalls", lambda: ["this kernel contains nothing"])
    (tmp_path / "tools.py").write_text('def f() -> int:\n    """Do it."""\n    return 1\n')
    tiny.write_text(tiny.read_text().replace('toolbox = "arithmetic"', 'toolbox = "tools.py"'))
    recipe, console = load_recipe(tiny), Console(file=(out := io.StringIO()), width=80)
    with open_run(recipe, tmp_path / "run", console, False) as run:
        predict(run)
    assert "planned: " in said(out)
    assert "dropped as duplicates" not in said(out)
    assert "contains nothing" not in said(out)
    plan = make_plan(recipe, this_machine(recipe), REFERENCE)
    assert "users' functions: this kernel contains nothing; see docs/security.md" in plan.notes
    assert any("dropped as duplicates" in note for note in plan.notes)


def test_remedies_and_the_runs_of_a_sweep_look_at_the_same_problems_once(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = list[Recipe]()

    def counted(of: Recipe) -> Findings:
        looked.append(of)
        return find_out(of)

    for module in ("pipeline.commands.plan", "pipeline.plan.make"):
        monkeypatch.setattr(f"{module}.find_out", counted)
    sweep = tiny.with_name("sweep.toml")
    sweep.write_text(f"{tiny.read_text()}\n[sweep]\nseeds = [0, 1]\n[sweep.replicates]\n" + REPLICATES)
    console, out = recorded()
    plan_command(sweep, console)
    assert len(looked) == 1
    assert said(out).count("problems.own: dropped as duplicates: train 1 repeated, 1 exact, 1 near") == 1
    plan = make_plan(load_recipe(tiny), this_machine(load_recipe(tiny)), REFERENCE)
    assert len(looked) == 2
    remedies(replace(plan, faults=(Fault("training", "ranks of no machine"),)))
    assert len(looked) == 2


def test_a_key_loosens_it_or_makes_it_stricter(recipe: Path, tmp_path: Path) -> None:
    def kept(run: str, *settings: str) -> set[str]:
        with open_run(load_recipe(recipe, settings), tmp_path / run, Console(quiet=True), False) as opened:
            models.work(opened)
            return {problem.text for problem in train_problems(opened)}

    assert kept("near") == {TRAIN[1], TRAIN[2], TRAIN[5]}
    assert kept("exact", "problems.own.duplicates=exact", "problems.own.train=4") == {*TRAIN[:3], TRAIN[5]}
    assert kept("template", "problems.own.duplicates=template", "problems.own.train=2") == {TRAIN[1], TRAIN[2]}


def test_too_few_rows_name_the_section_and_what_was_dropped(tiny: Path) -> None:
    with pytest.raises(RequestError) as refused:
        plan_command(tiny, Console(quiet=True), settings=["problems.own.train=9"])
    assert "train = 9, but train.jsonl gives only 3 train problems" in str(refused.value)
    assert "1 near duplicates dropped" in str(refused.value)
    assert "4000" not in str(refused.value)


def test_tiny_models_are_not_made_from_rows_without_gold_chains(tiny: Path) -> None:
    assert not load_recipe(tiny).problems["own"].corpus_parts
    with pytest.raises(RequestError, match=r"problems\.own: pretrain = 2: .* no calls_column names the rows'"):
        load_recipe(tiny, ["problems.own.pretrain=2"])
    tiny.write_text(re.sub(r"\[problems\.(arithmetic|fol|letters).*?\n\n", "", tiny.read_text(), flags=re.DOTALL))
    with pytest.raises(RequestError, match=r"none to make tiny models or warm starts from; .* a generated family"):
        load_recipe(tiny)


def test_no_prompt_shows_a_problem_that_another_section_holds_out(recipe: Path) -> None:
    things = ("pens", "hats", "maps", "cups", "keys", "toys", "nuts", "figs")
    rows = [
        {
            "text": f"In shop {n} Ann buys {n + 2} {thing} and Bob {n + 30} more {thing}. How many {thing} have they?",
            "answer": 2 * n + 32,
            "calls": [
                {"name": "add", "arguments": {"a": n + 2, "b": n + 30}},
                {"name": "finish", "arguments": {"answer": 2 * n + 32}},
            ],
        }
        for n, thing in enumerate(things)
    ]
    folder = recipe.parent
    (folder / "worked.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:7]))
    (folder / "last.jsonl").write_text(json.dumps(rows[7]))
    held_out = [rows[0] | {"text": rows[0]["text"].replace("buys", "gets")}, *rows[1:4]]
    (folder / "held_out.jsonl").write_text("".join(json.dumps(row) + "\n" for row in held_out))
    worked = OWN.replace("own", "worked").replace("train.jsonl", "worked.jsonl").replace("test.jsonl", "last.jsonl")
    other = OWN.replace("own", "other").replace("test.jsonl", "held_out.jsonl")
    sections = f'{worked}calls_column = "calls"\ntrain = 3\ntest = 1\n{other}test = 4\nexamples = 0\n'
    recipe.write_text(recipe.read_text().replace(f"{OWN}train = 3\ntest = 2\n", sections))
    drawn = draw_problems(load_recipe(recipe, ["episodes.examples=2"]))
    problems = [*drawn.train, *itertools.chain(*drawn.suites.values())]
    shown = {example.text for problem in problems for example in problem.examples}
    assert shown == {row["text"] for row in rows[4:7]}

"""The command line as a user calls it: a process, its exit status, one line for a wrong request."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from pipeline.cli import app
from tests.repository import ROOT


def chainpref(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "nowhere.toml"), "recipe nowhere.toml: no such file"),
        (("run", "recipes/local.toml", "--set", "arms.dpo.betta=1"), "did you mean 'beta'?"),
        (("run", "recipes/local.toml", "--set", "nonsense"), "write it as section.key=value"),
        (("rollout", "recipes/local.toml", "--run", "RUN"), "run `chainpref models` first"),
        (("train", "recipes/local.toml", "--run", "RUN"), "run `chainpref groups` first"),
        (("report", "recipes/local.toml", "--run", "RUN"), "run `chainpref evaluate` first"),
        (("status", "RUN"), "no recipe.toml there"),
        (("verify", "RUN"), "no recipe.toml there"),
        (("export", "RUN", "--out", "x.jsonl"), "no recipe.toml there"),
        (("export", "RUN", "--out", "x.jsonl", "--format", "csv"), "there are trl, openai, sharegpt"),
        (("problems", "nonsense"), "family 'nonsense': unknown"),
        (("problems",), "see chainpref problems --help"),
        (("try", "garden.py"), "Missing option '--problems'; see chainpref try --help"),
        (("runn",), "No such command"),
        (("submit", "recipes/ablations-local.toml"), "has a [sweep]; run it with `chainpref sweep "),
        (("k8s", "render", "recipes/ablations-local.toml", "--out", "RUN"), "run it with `chainpref sweep "),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_2(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = chainpref(*(str(tmp_path / "run") if argument == "RUN" else argument for argument in arguments))
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("problems.mine={family='jsonl', path='broken.jsonl', toolbox='arithmetic', train=1}", "broken.jsonl:2"),
        ("problems.mine={family='jsonl', path='absent.jsonl', train=1}", "absent.jsonl"),
        ("models.student={source='absent-student'}", "model absent-student: no config.json there"),
        ("models.cache='broken.jsonl/x'", "cannot be made (Not a directory); set models.cache"),
    ],
)
def test_bad_input_is_found_before_anything_starts(setting: str, said: str, tmp_path: Path) -> None:
    row = '{"text": "1 + 1?", "answer": 2}\n'
    (tmp_path / "broken.jsonl").write_text(row + '{"text": "half\n')
    small = [f"--set=problems.{family}.{split}=2" for family in ("arithmetic", "fol") for split in ("train", "test")]
    done = chainpref(
        "models", str(ROOT / "recipes/local.toml"), "--run", "run", *small, f"--set={setting}", folder=tmp_path
    )
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "run" / "models").exists()


def test_without_a_command_the_help_is_printed() -> None:
    bare, asked = chainpref(), chainpref("--help")
    assert (bare.returncode, bare.stderr) == (0, "")
    assert bare.stdout == asked.stdout
    assert bare.stdout.lstrip().startswith("Usage: chainpref [OPTIONS] COMMAND")


def test_a_group_of_commands_without_one_prints_its_help() -> None:
    done = chainpref("k8s")
    assert (done.returncode, done.stderr) == (0, "")
    assert "render" in done.stdout


def test_every_command_option_and_argument_has_a_help_text() -> None:
    def walk(command: Any, name: str) -> Iterator[tuple[str, str]]:
        yield name, command.help or ""
        yield from ((f"{name} {parameter.name}", parameter.help or "") for parameter in command.params)
        for below in getattr(command, "commands", {}).values():
            yield from walk(below, f"{name} {below.name}")

    texts = dict(walk(typer.main.get_command(app), "chainpref"))
    assert len(texts) > 80
    assert [name for name, text in texts.items() if not text.strip().endswith(".")] == []


@pytest.mark.parametrize("command", [(), ("k8s",), ("jobs",)])
def test_the_list_of_commands_fits_80_columns_whole(command: tuple[str, ...]) -> None:
    shown = chainpref(*command, "--help").stdout
    assert "..." not in shown.replace("[ARGS]...", "")
    assert max(map(len, shown.splitlines())) <= 80


def test_problems_are_shown_with_their_gold_chain_executed() -> None:
    done = chainpref("problems", "fol", "--show", "3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n  right\n") == 3


def test_problems_are_checked_in_every_suite_and_a_disagreement_is_failed_work(tmp_path: Path) -> None:
    done = chainpref("problems", "coins", "--check", "18")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "coins train: 2 problems, 2 gold answers found again, 2 chains executed in 7 formats, " in lines[0]
    assert " 0 of 2 with state ask for work first, 0 disagreements, " in lines[0]
    assert [line.split()[1] for line in lines[:-1]][2:4] == ["test:", "variant-removed:"]
    assert lines[-1].startswith("coins: 18 problems, 0 disagreements")
    (tmp_path / "g.jsonl").write_text('{"question": "What is 1 and 2?", "answer": "<<1+2=3>>3 #### 3"}')
    done = chainpref("problems", "gsm8k", "--path", "g.jsonl", "--check", "9", folder=tmp_path)
    assert "1 gold answers found again, 1 chains executed" in done.stdout

    calls = '[{"name": "finish", "arguments": {"answer": 4}}]'
    (tmp_path / "p.jsonl").write_text(f'{{"text": "What is 1 and 2?", "answer": 3, "calls": {calls}}}')
    own = 'family = "jsonl"\npath = "p.jsonl"\ntoolbox = "arithmetic"\ncalls_column = "calls"\ntrain = 1\n'
    recipe = (ROOT / "recipes/local.toml").read_text()
    (tmp_path / "own.toml").write_text(recipe.replace("[episodes]", f"[problems.mine]\n{own}\n[episodes]"))
    failed = chainpref("problems", "own.toml", "--check", "2", folder=tmp_path)
    assert failed.returncode == 1, failed.stderr
    assert "gold is 3" in failed.stdout
    assert "jsonl: 1 problems, 7 disagreements" in failed.stdout
    assert "7 disagreement(s)" in failed.stderr


def test_doctor_says_what_is_there() -> None:
    done = chainpref("doctor")
    assert done.returncode in (0, 1)
    assert "python" in done.stdout
    assert "vllm" in done.stdout

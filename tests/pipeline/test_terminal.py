"""What a model, a file or a user wrote is shown by every command, and obeyed by no terminal and no markup."""

import contextlib
import io
import json
import re
import shutil
import sys
from pathlib import Path

import pytest
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipeline.cli import main
from pipeline.commands.verify import SHOWN
from pipeline.run.events import Events
from pipeline.run.progress import progress_bar
from pipeline.terminal import Terminal
from tests.repository import DATA, ROOT

ESCAPES = "\x1b[31m\x1b]0;owned\x9b2J\u202e"
HOSTILE = f"[/b] [bold] :boom: {ESCAPES}"
SHOWN_AS = r"b] [bold] :boom: \x1b[31m\x1b]0;owned\x9b2J\u202e"
FILE = HOSTILE.replace("/", "")
PACKAGES = ("cluster", "rollout", "training", "evaluation", "pipeline")


def harmless(text: str) -> bool:
    return all(one.isprintable() or one in "\n\t\xa0" for one in text)


def test_nothing_that_is_printed_is_obeyed() -> None:
    table = Table(HOSTILE, title=HOSTILE, caption=HOSTILE)
    table.add_row(HOSTILE)
    table.add_row(Text(HOSTILE))
    things = (HOSTILE, Text(HOSTILE), Panel(HOSTILE, title=Text(HOSTILE)), Panel(Text(HOSTILE)), table)
    for thing in things:
        out = io.StringIO()
        Terminal(out).print(thing, width=200)
        assert harmless(out.getvalue()), ascii(out.getvalue())
        assert SHOWN_AS in out.getvalue(), thing
    out = io.StringIO()
    Terminal(out).out(HOSTILE, style="bold")
    assert out.getvalue() == f"[/{SHOWN_AS}\n"


def test_a_credential_is_masked_before_it_is_wrapped_clipped_or_styled() -> None:
    secret = "https://user:" + "verylongpassword0123456" + "@host/x"
    styled = Text.assemble(("https://user:", "red"), (secret.removeprefix("https://user:"), "green"))
    table = Table()
    table.add_column("a", no_wrap=True)
    table.add_row(Text(f"It says {secret}"))
    for thing in (Text(secret), Panel(Text(f"The result says {secret}")), styled, table, Panel(styled)):
        out = io.StringIO()
        Terminal(out).print(thing, width=34)
        assert "longpass" not in out.getvalue().replace("\n", ""), out.getvalue()
        assert "***" in out.getvalue()


def test_a_bar_shows_its_title_and_note_and_still_moves() -> None:
    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Tty()
    console = Terminal(out)
    console._color_system = None
    with progress_bar(console, HOSTILE, 2) as bar:
        bar.update(1, HOSTILE)
        bar._progress.refresh()
    text = out.getvalue()
    assert "\x1b]0;" not in text
    assert "\x9b" not in text
    assert SHOWN_AS[:20] in text


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run in a folder of a hostile name, with hostile events and hostile names of files."""
    folder = tmp_path / f"{FILE}[dim]\nrun"
    shutil.copytree(DATA / "run-f013669", folder)
    Events(folder / "events.jsonl").add("retry", host=HOSTILE, cause=HOSTILE)
    return folder


def command(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """What a command prints, on both streams."""
    capfd.readouterr()
    monkeypatch.setattr(sys, "argv", ["chainpref", *arguments])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    with contextlib.suppress(SystemExit):
        main()
    said = "".join(capfd.readouterr())
    assert harmless(said), ascii(said)
    return said


def test_commands_on_a_run_show_what_is_hostile(
    run: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def said(*arguments: str) -> str:
        return command(capfd, monkeypatch, *arguments)

    monkeypatch.chdir(DATA)  # where the run's student lies
    status = said("status", str(run))
    assert status.count(SHOWN_AS) == 3, "the folder, the host and the cause"
    for what in ("rollouts", "groups", "scores"):
        assert SHOWN_AS in said("inspect", str(run), what)
    assert SHOWN_AS in said("inspect", str(run), "--problem", HOSTILE)
    assert SHOWN_AS in said("status", str(tmp_path / HOSTILE))
    said("diff", str(run), str(run))
    assert SHOWN_AS in said("export", str(run), "--out", str(tmp_path / f"{FILE}.jsonl"))
    assert SHOWN_AS in said("export", str(run), "--out", str(tmp_path / HOSTILE / "no" / "x.jsonl"))
    assert SHOWN_AS in said("problems", HOSTILE)
    assert SHOWN_AS in said("run", str(tmp_path / f"{HOSTILE}.toml"))
    assert SHOWN_AS in said("plan", str(ROOT / "recipes/local.toml"), "--set", f"run.{HOSTILE}=1")
    assert SHOWN_AS in said(HOSTILE)
    said("status", str(tmp_path / "\udcff"))


def test_verify_names_hostile_files_in_a_line_each_and_says_how_many_more(
    run: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(SHOWN + 5):
        (run / f"{FILE}\n  verified: {number:02d}").touch()
    short = command(capfd, monkeypatch, "verify", str(run)).splitlines()
    assert sum(SHOWN_AS in line for line in short if ": is no file of a run" in line) == SHOWN
    assert not any(line.startswith("  verified") for line in short)
    assert "  and 5 more; --all lists them all" in short
    assert f"{SHOWN + 5} fault(s)" in short[-1]
    whole = command(capfd, monkeypatch, "verify", str(run), "--all").splitlines()
    assert sum(": is no file of a run" in line for line in whole) == SHOWN + 5
    assert not any("more; --all" in line for line in whole)


def test_problems_show_what_rows_say(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = [{"question": f"{HOSTILE} what is {n} + {n}?", "answer": f"{HOSTILE}{n}"} for n in range(40)]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = tmp_path / "rows.toml"
    text = (
        (DATA / "scripted.toml").read_text().replace("train = 8\ntest = 2\ndifficulty = [1, 1]", "train = 3\ntest = 1")
    )
    fields = f'path = {json.dumps(str(path))}\ntext = "question"\nanswer = "answer"\ntoolbox = "arithmetic"'
    recipe.write_text(text.replace('family = "arithmetic"', f'family = "jsonl"\nchecker = "exact"\n{fields}'))
    said = command(capfd, monkeypatch, "problems", str(recipe))
    assert SHOWN_AS in said, said
    path.write_text(json.dumps({"question": HOSTILE}) + "\n")
    command(capfd, monkeypatch, "problems", str(recipe), "--check")


def test_no_other_console_is_made_and_no_text_is_markup() -> None:
    """Planted `Console(...)`, `print(...)` or `[bold]` in a package is found here."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            text, where = path.read_text(), path.relative_to(ROOT).as_posix()
            assert not re.search(r"(?<![\w.])Console\(", text) or where == "pipeline/terminal.py", where
            assert not re.search(r"\[/?(bold|dim|red|green|yellow)\b[\w ]*\]", text), where
            assert not re.search(r"^\s*print\(", text, re.MULTILINE) or where == "pipeline/commands/gpu_readings.py"
            assert "markup=True" not in text, where

"""The commands of the documents, read out of their pages: every one is parsed, and those of the quickstart and of the
operations guide are run, one after the other, as far as a laptop goes.

The quickstart's start Ray, one rank and one vLLM.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest

from pipeline.cli import _with_numbers
from pipeline.command_reference import commands as all_commands
from tests.repository import ROOT

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(page: str) -> list[str]:
    """The lines of a page's plain blocks, those with a backslash at their end joined to the next one."""
    blocks = [text for language, text in BLOCK.findall((ROOT / "docs" / page).read_text()) if not language]
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]


def walked(folder: Path, command: str, more: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:
    """A line of a page, run by a shell in `folder`, where `chainpref` is this checkout's."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f'chainpref() {{ "{sys.executable}" -m pipeline "$@"; }}\n{command}'],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", **more},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a checkout has for its readers: examples and recipes."""
    folder = tmp_path_factory.mktemp("home")
    for name in ("docs/examples", "recipes"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.mark.engine
@pytest.mark.timeout(1200)
def test_the_quickstarts_commands_work_one_after_the_other(home: Path) -> None:
    lines = commands("quickstart.md")
    for line in lines:
        done = walked(home, line)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    assert {line.split()[1] for line in lines} >= {
        "try",
        "inspect",
        "export",
        "problems",
        "plan",
        "run",
        "status",
        "verify",
    }
    assert (home / "runs/garden/report/index.html").is_file()
    assert len((home / "pairs.jsonl").read_text().splitlines()) > 50


PAGES = [ROOT / "README.md", ROOT / "k8s/README.md", *sorted((ROOT / "docs").glob("*.md"))]
INLINE = re.compile(r"`(chainpref [^`]+)`")
PARSERS = all_commands()


def documented(page: Path) -> list[str]:
    """Every command of a page with arguments, in its blocks and in its text. A name alone is no command line."""
    text = page.read_text()
    inline = [" ".join(line.split()) for line in INLINE.findall(BLOCK.sub("", text))]
    found = [line for line in commands(str(page)) if re.match(r"\s*chainpref ", line)] + inline
    return [line for line in found if len(words_of(line)) > 1 and "..." not in line]


def words_of(line: str) -> list[str]:
    """The words behind `chainpref`, up to a comment or to what a shell does next; a number for the letter N."""
    words = shlex.split(line, comments=True)[1:]
    ends = [at for at, word in enumerate(words) if word in ("&&", "|", ";", "&", ">")]
    return ["1" if word == "N" else word for word in words[: min(ends, default=len(words))]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_documented_command_is_one_that_the_command_line_knows(page: Path) -> None:
    for line in documented(page):
        words = words_of(line)
        length = 2 if words[0] in ("k8s", "jobs") else 1
        name = " ".join(words[:length])
        if name == "COMMAND":
            continue
        assert name in PARSERS, f"{page.name}: {line}"
        command = PARSERS[name]
        options = {option for each in command.params for option in (*each.opts, *each.secondary_opts)} | {"--help"}
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= options, f"{page.name}: {line}"
        arguments = words[length:]
        in_passing = "".join(arguments[-1:]).startswith("--") or len(arguments) < sum(
            each.required for each in command.params
        )
        try:
            # A command that is named in passing, as `chainpref submit --run`, is no whole one.
            with nullcontext() if in_passing else command.make_context(name, _with_numbers(arguments)):
                pass
        except Exception as error:  # a usage error, which click and Typer have each their own type of
            raise AssertionError(f"{page.name}: {line}: {error}") from error


@pytest.mark.long
def test_the_operations_guides_commands_work_as_far_as_a_laptop_goes(home: Path) -> None:
    """What needs a cluster that answers is only parsed. The others run; what is applied to Kubernetes has been
    rendered."""
    shutil.copy(ROOT / "recipes/clusters/two-nodes-8xh100.toml", home / "my-cluster.toml")
    done = walked(home, commands("quickstart.md")[0].replace("runs/tried", "runs/mine"))
    assert done.returncode == 0, done.stderr
    lines = commands("operations.md")
    walk = [line for line in lines if line.startswith("chainpref ") and "--address" not in line]
    assert {words_of(line)[0] for line in walk} >= {"plan", "k8s", "relabel"}
    for line in walk:
        done = walked(home, line)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    applied = {match[1] for line in lines if (match := re.match(r"kubectl apply -k ((?:job|garden)\S*)", line))}
    assert applied == {"job", "job/storage", "job/monitoring", "garden", "garden/storage", "garden/loader"}
    for folder in applied:
        assert (home / folder / "kustomization.yaml").is_file(), folder

"""A run as a job, before anything is sent: its id, its command, its files, and what is refused."""

import io
import json
import os
import shlex
import socket
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cluster.config import parse
from cluster.errors import RequestError
from cluster.jobs.submission import Job
from pipeline import changes
from pipeline.recipe import Recipe, load_recipe
from pipeline.remote.submit import RECIPE, make_job
from tests.repository import ROOT

LOCAL = ROOT / "recipes" / "local.toml"


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder that is no checkout."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def made(recipe: Recipe, run: Path = Path("/shared/runs/mine"), **options: Any) -> Job:
    """The job in a folder that all nodes see."""
    return make_job(recipe, run=run, **options)


def files(job: Job) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(job.package)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_the_same_submission_has_the_same_id_and_another_one_another(outside: Path) -> None:
    job = made(load_recipe(LOCAL))
    assert job.id.startswith("chainpref-local-")
    assert made(load_recipe(LOCAL, ["cluster.address=ray://x:1"]), python="p").id == job.id
    changed = [
        made(load_recipe(LOCAL, ["rollout.samples=3"])),
        made(load_recipe(LOCAL), run=Path("elsewhere")),
        made(load_recipe(LOCAL, ["run.name=other"])),
    ]
    assert len({job.id, *(one.id for one in changed)}) == 4
    named = made(load_recipe(LOCAL), id="mine")
    assert (named.id, named.content) == ("mine", job.content)


def test_the_command_runs_the_recipe_that_travels_with_it(outside: Path) -> None:
    job = made(load_recipe(LOCAL, ["run.name=mine"]), run=Path("some where/mine"))
    words = shlex.split(job.command)
    assert words[:6] == ["python", "-P", "-m", "pipeline.in_job", "run", RECIPE]
    assert words[words.index("--run") + 1] == str(outside / "some where" / "mine")
    sent = tomllib.loads(files(job)[RECIPE].decode())
    # A run that was begun by hand in the same folder is gone on with.
    begun = load_recipe(LOCAL, ["run.name=mine"])
    assert changes.refused(begun, parse(Recipe, sent, "sent"), changes.Standing(planned=True)) == []
    assert sent["cluster"]["address"] == ""
    assert sent["models"]["cache"] == ""  # beside the run
    kept = made(load_recipe(LOCAL, ["models.cache=/shared/models"]))
    assert tomllib.loads(files(kept)[RECIPE].decode())["models"]["cache"] == "/shared/models"


def test_outside_a_checkout_the_code_travels_beside_the_files(outside: Path) -> None:
    (outside / "mine.jsonl").write_text("{}")
    sent = files(made(load_recipe(LOCAL)))
    assert {"mine.jsonl", "pipeline/cli.py", "cluster/jobs/submission.py", "evaluation/report/page.html"} <= sent.keys()
    assert not [name for name in sent if name.split("/")[0] not in ("mine.jsonl", ".chainpref", *PACKAGES)]
    assert sum(map(len, sent.values())) < 4 << 20


PACKAGES = ("cluster", "rollout", "training", "evaluation", "pipeline")


def test_a_checkout_is_sent_without_what_is_large_or_private() -> None:
    sent = files(made(load_recipe(LOCAL), working_dir=ROOT))
    assert {"pipeline/cli.py", "recipes/local.toml", "docs/examples/shop.py"} <= sent.keys()
    tops = {name.split("/")[0] for name in sent}
    assert not tops & {".git", ".venv", "runs", ".mypy_cache", ".hypothesis", "sbom"}
    assert sum(map(len, sent.values())) < 20 << 20


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("models.student={source='base'}", r"models\.student\.source = 'base': weights are not sent along"),
        (
            "episodes={examples=1, examples_file='absent.jsonl'}",
            r"episodes\.examples_file = 'absent.jsonl': no such file",
        ),
        (
            "problems.mine={family='jsonl', path='absent.jsonl', train=1}",
            r"problems\.mine\.path = 'absent.jsonl': no such file",
        ),
        (
            "problems.mine={family='jsonl', path='here.log', train=1}",
            r"problems\.mine\.path = 'here.log': is left out of what is sent",
        ),
        (
            "problems.mine={family='jsonl', path='here.jsonl', toolbox='absent.py:BOX+3@1', train=1}",
            r"problems\.mine\.toolbox = 'absent.py': no such file",
        ),
    ],
)
def test_files_that_the_job_would_miss_are_refused(outside: Path, setting: str, said: str) -> None:
    for name in ("here.log", "here.jsonl", "here.py"):
        (outside / name).write_text("")
    recipe = load_recipe(LOCAL, [setting])
    with pytest.raises(RequestError, match=said):
        made(recipe)


def test_files_of_the_working_directory_and_of_all_nodes_are_taken(outside: Path) -> None:
    (outside / "p.jsonl").write_text("")
    (outside / "box.py").write_text("")
    mine = (
        "problems.mine={family='jsonl', path='./p.jsonl', test_path='/shared/t.jsonl', toolbox='box.py:B+9', train=1}"
    )
    job = made(load_recipe(LOCAL, [mine, "models.student={source='/shared/base'}"]))
    assert {"p.jsonl", "box.py"} <= files(job).keys()


class _Answer(BaseHTTPRequestHandler):
    """A server that is no job server, or refuses."""

    status, body = 200, b"hello"

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is said."""


@pytest.fixture
def serve() -> Iterator[Callable[[int, bytes], str]]:
    servers: list[ThreadingHTTPServer] = []

    def start(status: int, body: bytes) -> str:
        handler = type("Answer", (_Answer,), {"status": status, "body": body})
        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def chainpref(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return subprocess.run(
        [sys.executable, "-m", "pipeline", "submit", str(LOCAL), "--run", "/shared/runs/mine", *arguments],
        cwd=folder,
        env={**outside, "PYTHONPATH": str(ROOT), "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str], said: str) -> None:
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


INTERPRETERS = [
    ("toolbox='tools.py', python='old'", "", r"problems\.mine\.toolbox = 'tools\.py%old': python = 'old' is an env"),
    ("toolbox='tools.py%old'", "", r"problems\.mine\.toolbox = 'tools\.py%old': python = 'old' is an environment"),
    ("toolbox='tools.py'", 'python = "./v/bin/python"', r"toolbox = 'tools\.py': python = '\./v/bin/python' is an env"),
    ("toolbox_column='box'", 'python = "old"', r"problems\.mine\.toolbox_column = 'tools\.py': python = 'old' is an"),
    ("toolbox='tools.py', python='/shared/.venv-old/bin/python'", "", ""),
    ("toolbox='tools.py'", "", ""),
]


@pytest.mark.parametrize(("keys", "line", "says"), INTERPRETERS)
def test_an_interpreter_that_is_not_sent_is_refused_or_named_by_its_path(
    outside: Path, keys: str, line: str, says: str
) -> None:
    """Wherever the current folder is: files lie in --working-dir."""
    sent = outside / "sent"
    sent.mkdir()
    (sent / "tools.py").write_text(line)
    (sent / "p.jsonl").write_text('{"text": "How many?", "answer": 1, "box": "tools.py"}\n')
    recipe = load_recipe(LOCAL, [f"problems.mine={{family='jsonl', path='p.jsonl', train=1, {keys}}}"])
    if not says:
        assert "tools.py" in files(made(recipe, working_dir=sent))
        return
    with pytest.raises(RequestError, match=says) as refused:
        made(recipe, working_dir=sent)
    assert "make it on every node" in str(refused.value)


def test_a_file_that_only_a_row_names_has_to_be_sent(outside: Path) -> None:
    (outside / "p.jsonl").write_text('{"text": "How many?", "answer": 1, "box": "absent.py:BOX"}\n')
    keys = "{family='jsonl', path='p.jsonl', train=1, toolbox_column='box'}"
    with pytest.raises(RequestError, match=r"problems\.mine\.toolbox_column = 'absent\.py': no such file"):
        made(load_recipe(LOCAL, [f"problems.mine={keys}"]))
    made(load_recipe(LOCAL, [f"problems.mine={keys.replace('p.jsonl', '/shared/p.jsonl')}"]))


def test_a_wrong_recipe_is_refused_before_anything_is_sent(outside: Path, serve: Callable[[int, bytes], str]) -> None:
    address = serve(500, b"asked")
    refused(chainpref("--address", address, "--set", "arms.dpo.betta=1", folder=outside), "did you mean 'beta'?")


def test_nobody_there_is_one_line(outside: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        refused(
            chainpref("--address", address, folder=outside), f"--address {address}: no Ray job server answers there"
        )


def test_a_port_that_speaks_no_http_is_one_line(outside: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        speaker = threading.Thread(target=_greet, args=(server,))
        speaker.start()
        refused(chainpref("--address", address, folder=outside), "no Ray job server answers there")
        speaker.join()


def _greet(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.sendall(b"220 mail.example\r\n")
        connection.recv(1 << 16)


def test_a_run_without_a_folder_that_all_nodes_see_is_refused(outside: Path) -> None:
    """The recipe's own folder is one of this machine: the job would write where nobody looks."""
    with pytest.raises(RequestError, match=r"^--run is missing: .* as --run /shared/runs/local$"):
        make_job(load_recipe(LOCAL))


@pytest.mark.parametrize("name", ["-x", "a b", "a/b", "ü", "a\n", "a" * 129])
def test_an_id_that_is_no_name_is_refused(name: str, outside: Path) -> None:
    with pytest.raises(RequestError, match="letters, digits, dots, dashes or underscores"):
        made(load_recipe(LOCAL), id=name)


def test_another_server_is_one_line(outside: Path, serve: Callable[[int, bytes], str]) -> None:
    refused(chainpref("--address", serve(200, b"hello"), folder=outside), "no Ray job server answers there")


def test_a_refused_token_is_one_line_that_does_not_repeat_it(outside: Path, serve: Callable[[int, bytes], str]) -> None:
    token = "0123456789abcdef" * 4
    address = serve(403, json.dumps("Forbidden").encode())
    done = chainpref("--address", address, folder=outside, RAY_AUTH_TOKEN=token)
    refused(done, "set RAY_AUTH_TOKEN")
    assert token not in done.stderr
    absent = chainpref("--address", address, folder=outside, RAY_AUTH_TOKEN_PATH=str(outside / "absent"))
    refused(absent, "RAY_AUTH_TOKEN_PATH")

"""`chainpref export --push` against a stand-in for the Hub: what arrives, byte for byte, and what is refused."""

import io
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import DatasetCard, constants
from rich.console import Console

from cluster.errors import ChainprefError, RequestError, WorkError
from pipeline.commands.export import export_pairs
from pipeline.export.card import CARD, FILE
from tests.pipeline.export.hub_server import TOKEN, HubServer, hub_server
from tests.pipeline.export.runs import scripted_run
from tests.repository import ROOT

NAME = "me/pairs"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """The stand-in, where this process looks for the Hub."""
    with hub_server() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.address)
        # The stand-in takes files by LFS, as a Hub without Xet does.
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scripted_run(tmp_path_factory.mktemp("run") / "run", "json", "plain").folder


def export(folder: Path, out: Path | None, name: str, public: bool = False, form: str = "openai") -> str:
    """What was printed."""
    said = io.StringIO()
    export_pairs(folder, out, form, 0, Console(file=said, width=400), name, public)
    return said.getvalue()


def refused(kind: type[ChainprefError], folder: Path, out: Path | None, name: str) -> str:
    """The one line of an error, which does not hold the token."""
    with pytest.raises(kind) as caught:
        export(folder, out, name)
    line = str(caught.value)
    assert "\n" not in line
    assert TOKEN not in line
    return line


def test_what_arrives_is_what_is_written_and_is_private(folder: Path, hub: HubServer, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = export(folder, out, NAME)
    assert hub.private == {NAME: True}
    assert hub.files[NAME] == {path.name: path.read_bytes() for path in out.iterdir()}
    assert hub.files[NAME].keys() == {CARD, FILE}
    assert len(hub.blobs) == 1  # the rows went apart from the commit, the card with it
    assert f"sent as {hub.address}/datasets/{NAME}/commit/" in said
    assert DatasetCard(hub.files[NAME][CARD].decode()).data.configs == [
        {"config_name": "default", "data_files": [{"split": "train", "path": FILE}]}
    ]
    # A second time, without a folder of its own: the same bytes, in the data set that is there.
    before = dict(hub.files[NAME])
    export(folder, None, NAME)
    assert hub.files[NAME] == before


def test_a_public_data_set_needs_the_word(folder: Path, hub: HubServer) -> None:
    hub.private[NAME] = False
    assert f"--push {NAME}: is there already and public; say --public" in refused(RequestError, folder, None, NAME)
    assert hub.files == {}
    export(folder, None, "me/other", public=True)
    assert hub.private["me/other"] is False
    export(folder, None, NAME, public=True)
    assert hub.files[NAME].keys() == {CARD, FILE}


@pytest.mark.parametrize(
    ("name", "token", "out", "said"),
    [
        (NAME, "", None, f"--push {NAME}: no token; put one that may write"),
        (NAME, "hf_wrong", None, f"--push {NAME}: the token is not known (401"),
        ("them/pairs", TOKEN, None, "--push them/pairs: the token may not write there (403"),
        ("pairs", TOKEN, None, "--push 'pairs': write it as OWNER/NAME"),
        ("me/a b", TOKEN, None, "--push 'me/a b': Repo id must"),
        ("https://me/pairs", TOKEN, None, "--push 'https://me/pairs': Repo id must"),
        (NAME, TOKEN, "rows.jsonl", "is a file's name, and --push sends a folder"),
        ("", TOKEN, None, "--out: name a file that ends in .jsonl, or a folder; or --push OWNER/NAME"),
    ],
)
def test_a_wrong_request_is_one_line(
    name: str,
    token: str,
    out: str | None,
    said: str,
    folder: Path,
    hub: HubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
    assert said in refused(RequestError, folder, None if out is None else tmp_path / out, name)
    assert hub.files == {}
    assert list(tmp_path.iterdir()) == []


def test_a_hub_that_is_not_there_is_one_line_without_its_credentials(
    folder: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(constants, "ENDPOINT", f"http://user:{TOKEN}@127.0.0.1:{free.getsockname()[1]}")
    assert f"--push {NAME}: the Hub at 127.0.0.1 was not reached" in refused(WorkError, folder, None, NAME)


def test_a_hub_that_fails_takes_nothing_and_leaves_the_export(folder: Path, hub: HubServer, tmp_path: Path) -> None:
    hub.failing = {"POST /api/repos/create": 500}
    assert f"--push {NAME}: the Hub failed (500: asked to fail" in refused(WorkError, folder, tmp_path / "out", NAME)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {CARD, FILE}
    hub.failing = {f"POST /api/datasets/{NAME}/commit": 412}
    assert f"--push {NAME}: the Hub refused it (412: asked to fail" in refused(RequestError, folder, None, NAME)
    assert hub.files == {}


def test_what_a_teachers_licence_forbids_is_not_sent(hub: HubServer, tmp_path: Path) -> None:
    run = scripted_run(tmp_path / "run", "json", "plain", "models.teacher.licence=OpenAI terms")
    line = refused(RequestError, run.folder, None, NAME)
    assert f"--push {NAME}: not sent, the teacher's licence forbids it: " in line
    assert hub.requests == []


def test_the_command_sends_and_prints_no_token(folder: Path, hub: HubServer) -> None:
    ours = {"PYTHONPATH": str(ROOT), "HF_ENDPOINT": hub.address, "HF_HUB_DISABLE_XET": "1", "COLUMNS": "400"}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "export", str(folder), "--push", NAME, "--format", "trl"],
        env=os.environ | ours,
        cwd=folder.parent,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert TOKEN not in done.stdout + done.stderr
    assert hub.files[NAME].keys() == {CARD, FILE}

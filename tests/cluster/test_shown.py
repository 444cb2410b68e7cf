"""No credential stays in an error, an event or a log, wherever it came from; nothing that a terminal obeys is shown."""

import os
import pickle
from pathlib import Path

import pytest

from cluster.config import apply_settings
from cluster.engine.model_source import local_model
from cluster.errors import InfrastructureError, InfrastructureKind, RequestError, WorkError
from cluster.jobs.submission import address_of
from cluster.shown import mask_log, one_line, redacted, visible
from cluster.store.storage import open_store
from pipeline.run.events import Events

SECRET = "s3cr3tPassw0rd"
CREDENTIALS = (
    f"http://user:{SECRET}@host:9000/bucket",
    f"http://{SECRET}@host:9000",
    f"s3://key:{SECRET}@bucket/run",
    f"http://user:{SECRET}/with+slash@host",
    f"http://user:{SECRET}#x?y@z@host/",
    f"https://host/file?X-Amz-Credential={SECRET}&Expires=5",
    f"https://host/file?Expires=5&X-Amz-Signature={SECRET}",
    f"https://host/file?access_token={SECRET}#part",
    f"https://host/?a=b;sig={SECRET}",
    f"https://host/back#access_token={SECRET}&expires=5",
    f"AWS_SECRET_ACCESS_KEY={SECRET}",
    f"{{'Authorization': 'Bearer {SECRET}'}}",
    f"authorization: Basic {SECRET}",
    f"Authorization: token {SECRET}",
    f"sent bearer {SECRET}-and-more",
)
HARMLESS = (
    "http://127.0.0.1:8265/jobs/a@b",
    "http://[::1]:8265/x@y",
    "hub:owner/name@" + "0" * 40,
    "s3://bucket/runs/a@b",
    "max_tokens=512, tokens: 7, token = 'x'",
    "https://host/?author=me&page=2",
    '{"at":"http://host","mail":"a@b"}',
    "git@github.com:owner/name",
    "basic multiplication",
)


@pytest.mark.parametrize("text", CREDENTIALS)
def test_a_credential_is_masked_and_the_rest_stays(text: str) -> None:
    shown = redacted(f"before {text} after")
    assert SECRET not in shown
    assert "***" in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert redacted(shown) == shown


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_credential_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize("name", ["HF_TOKEN", "AWS_SESSION_TOKEN", "RAY_AUTH_TOKEN", "MY_API_KEY", "DB_PASSWORD"])
def test_values_of_secret_variables_are_masked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, SECRET)
    assert redacted(f"x{SECRET}y") == "x***y"


def test_the_password_of_an_address_in_a_variable_is_masked_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{SECRET}%21@proxy:3128")
    assert SECRET not in redacted(f"refused {SECRET}! of me")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "falsefalse")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", "/etc/somewhere")
    assert redacted("falsefalse /etc/somewhere") == "falsefalse /etc/somewhere", "these are no secrets"


@pytest.mark.parametrize("text", CREDENTIALS)
def test_no_error_holds_a_credential(text: str) -> None:
    for error in (RequestError(text), WorkError(f"cannot: {text}")):
        assert SECRET not in f"{error} {error!r} {error.args} {pickle.dumps(error)!r}"
    lost = InfrastructureError(InfrastructureKind.ENGINE_DEAD, text)
    assert SECRET not in f"{lost} {lost.detail} {lost!r} {pickle.dumps(lost)!r}"


def test_requests_that_name_a_credential_are_refused_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"http://user:{SECRET}@127.0.0.1:9"
    said = []
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT"):
        with monkeypatch.context() as only:
            only.setenv(name, address)
            with pytest.raises(RequestError, match=rf"^{name}=") as caught:
                open_store("s3://bucket/run")
        said.append(str(caught.value))
    for refused in (
        lambda: local_model(f"{address}/model"),
        lambda: local_model(f"hub:{address}/model@main"),
        lambda: open_store(f"ftp://user:{SECRET}@host/run"),
        lambda: address_of(address + "/x?"),
        lambda: apply_settings({}, [f"models.teacher.source={address}"]),
        lambda: apply_settings({"problems": {"own": {"path": [f"https://h/x?token={SECRET}"]}}}, []),
        lambda: apply_settings({}, [f"nonsense {address}"]),
    ):
        with pytest.raises(RequestError) as caught:
            refused()
        said.append(str(caught.value))
    for line in said:
        assert SECRET not in line
        assert "***" in line
        assert "\n" not in line


def test_no_event_holds_a_credential(tmp_path: Path) -> None:
    events = Events(tmp_path / "events.jsonl")
    for text in CREDENTIALS:
        events.add("retry", host="h", cause=text)
    assert SECRET not in (tmp_path / "events.jsonl").read_text()
    assert [row["event"] for row in events.read()] == ["retry"] * len(CREDENTIALS), "every line is whole still"


def test_a_log_is_masked_in_place_while_somebody_appends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "pässwörter")
    path = tmp_path / "log"
    with path.open("ab") as writer:
        writer.write(b"\xff\x00 first\n" + "\n".join((*CREDENTIALS, "x pässwörter y")).encode() + b"\n")
        writer.flush()
        size, inode = path.stat().st_size, path.stat().st_ino
        assert mask_log(path) == len(CREDENTIALS) + 1
        assert (path.stat().st_size, path.stat().st_ino) == (size, inode)
        writer.write(b"last\n")
    data = path.read_bytes()
    assert SECRET.encode() not in data
    assert "pässwörter".encode() not in data
    assert data.startswith(b"\xff\x00 first\n")
    assert data.endswith(b" y\nlast\n")
    before = os.stat(path)
    assert mask_log(path) == 0
    assert os.stat(path).st_mtime_ns == before.st_mtime_ns


def test_what_a_terminal_obeys_is_written_out() -> None:
    assert visible("\x1b[2J\x07\x9b1m‮\udc80\r") == "\\x1b[2J\\x07\\x9b1m\\u202e\\udc80\\r"
    assert visible("é 中  \t[/x]\n") == "é 中  \t[/x]\n"
    assert one_line(f"a\nb http://u:{SECRET}@h") == "a\\nb http://***@h"

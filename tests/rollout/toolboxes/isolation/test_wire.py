"""Requests and replies of workers: whole, numbered, in time, or the toolbox's fault."""

import os
import socket
import struct
import threading
import time
from pathlib import Path

import pytest

from rollout.records import Call, ErrorCode
from rollout.toolboxes.isolation.isolated import IsolatedToolbox
from rollout.toolboxes.isolation.wire import MAX_BYTES, Garbled, receive, send


def test_objects_cross_whole_and_in_order() -> None:
    one, other = socket.socketpair()
    values = [{"a": 1}, {"text": "é\ud800" * 1000}, {"big": 10**100, "deep": [[[]]]}]
    for value in values:
        send(one, value, 1.0)
    assert [receive(other, 1.0) for _ in values] == values
    one.close()
    with pytest.raises(EOFError):
        receive(other, 1.0)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (struct.pack("<Q", MAX_BYTES + 1), Garbled),
        (struct.pack("<Q", 2**63), Garbled),
        (struct.pack("<Q", 3) + b"abc", Garbled),
        (struct.pack("<Q", 2) + b"[]", Garbled),
        (struct.pack("<Q", 2) + b"\xff\xfe", Garbled),
        (struct.pack("<Q", 100_000) + b"[" * 100_000, Garbled),
        (struct.pack("<Q", 9000) + b"1" * 9000, Garbled),
        (struct.pack("<Q", 10) + b"{", TimeoutError),
        (b"\x01", TimeoutError),
        (b"", TimeoutError),
    ],
)
def test_what_is_no_reply_is_said_and_what_is_not_whole_ends_in_time(data: bytes, error: type[Exception]) -> None:
    one, other = socket.socketpair()
    one.sendall(data)
    with pytest.raises(error):
        receive(other, 0.1)


def test_a_deadline_holds_while_bytes_flow() -> None:
    one, other = socket.socketpair()
    stop = threading.Event()

    def drip() -> None:
        one.sendall(struct.pack("<Q", 1000))
        while not stop.wait(0.02):
            one.sendall(b" ")

    thread = threading.Thread(target=drip)
    thread.start()
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        receive(other, 0.3)
    stop.set()
    thread.join()
    assert time.monotonic() - started < 10


FORGER = """
import json
import os
import time


def _pipes():
    return [int(each) for each in os.listdir("/proc/self/fd") if int(each) > 2]


def _write(data):
    for each in _pipes():
        try:
            os.write(each, data)
        except OSError:
            pass


def noise() -> int:
    '''Write what is no reply.'''
    _write(b"\\xff" * 64)
    return 1


def stale() -> int:
    '''Write the reply to another request.'''
    result = {"call": None, "content": "forged"}
    data = json.dumps({"number": 0, "result": result, "answer": None, "last": None}).encode()
    _write(len(data).to_bytes(8, "little") + data)
    return 1


def no_json() -> int:
    '''Write a frame that holds no JSON.'''
    _write((3).to_bytes(8, "little") + b"abc")
    return 1


def fine() -> int:
    '''Do nothing wrong.'''
    return 1
"""


@pytest.fixture(scope="module")
def forger(tmp_path_factory: pytest.TempPathFactory) -> IsolatedToolbox:
    path = tmp_path_factory.mktemp("forger") / "forger.py"
    path.write_text(FORGER)
    return IsolatedToolbox.start(str(path), workers=1)


@pytest.mark.parametrize("name", ["noise", "stale", "no_json"])
def test_a_function_that_writes_on_the_pipe_is_the_toolboxs_fault(forger: IsolatedToolbox, name: str) -> None:
    session = forger.open()
    assert session.call(Call(name="fine", arguments="{}")).content == "1"
    result = session.call(Call(name=name, arguments="{}"))
    assert result.error is ErrorCode.TOOLBOX_FAULT
    assert result.content.startswith(f"Error: {name}: it wrote to its worker's pipe: it ")
    assert "\n" not in result.content
    assert session.call(Call(name="fine", arguments="{}")).content == "1"


def test_a_worker_is_the_head_of_a_session_and_leaves_nothing(forger: IsolatedToolbox) -> None:
    worker = forger.workers[0]
    assert forger.open().call(Call(name="fine", arguments="{}")).error is None
    assert os.getsid(worker.process_id) == worker.process_id != os.getsid(0)
    scratch = Path(worker._scratch)
    assert scratch.is_dir()
    forger.stop()
    assert not scratch.exists()

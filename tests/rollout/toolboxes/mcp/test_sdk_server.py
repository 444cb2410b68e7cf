"""A server that was written with the official SDK, over its pipes and at an address of this machine."""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cluster.errors import InfrastructureError, InfrastructureKind
from rollout.records import ErrorCode
from rollout.toolboxes import Toolbox, load_toolbox
from tests.rollout.toolboxes.mcp.calling import HERE, ask, call

SERVER = HERE / "sdk_server.py"
OPTIONS = '{"reset_tool":"stock","start_s":300,"state_tool":"inventory"}'
STATE = '{"pantry":{"egg":3,"leek":1}}'
EGGS = {"name": "eggs", "parts": [{"name": "egg", "pieces": 2, "done": {"how": "fried", "fat": "butter"}}]}


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(SERVER), str(port)], stderr=subprocess.DEVNULL)
    for _ in range(1200):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield f"mcp+http://127.0.0.1:{port}/mcp", process
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def over_pipes() -> Toolbox:
    return load_toolbox(f'mcp:python {SERVER} {OPTIONS[:-1]},"shared":true}}')


def judged(box: Toolbox) -> None:
    """What must hold of the server wherever it runs."""
    session = box.open(STATE)
    assert ask(session, "cook", dish=EGGS).content == '{"name":"eggs","pieces":2}'
    assert ask(session, "look", names=["egg", "leek", "rice"]).content == "[1,1,0]"
    failed = ask(session, "cook", dish=EGGS)
    assert failed.error is ErrorCode.FUNCTION_RAISED
    assert failed.content.endswith("there are 1 of egg")
    picture = json.loads(ask(session, "photograph").content)
    assert (picture["data"], picture["bytes"]) == ("image/png", 16)
    assert session.state() == '{"pantry":{"egg":1,"leek":1}}'
    session.close()


def test_structured_results_errors_images_and_state(over_pipes: Toolbox) -> None:
    judged(over_pipes)


def test_a_call_at_an_address_that_outlives_its_episode_is_waited_for(
    address: tuple[str, subprocess.Popen[bytes]],
) -> None:
    box = load_toolbox(f"{address[0]} {OPTIONS}")
    session = box.open(STATE)
    assert ask(session, "look", names=["bread"]).content == "[0]"

    async def cancelled() -> None:
        task = asyncio.create_task(session.call_async(call("bake", name="bread"), {}, 20.0))
        await asyncio.sleep(0.4)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        session.close()

    asyncio.run(cancelled())
    following = box.open(STATE)
    assert ask(following, "look", names=["bread"]).content == "[0]"
    time.sleep(2.0)
    assert ask(following, "look", names=["bread"]).content == "[0]"
    following.close()


def test_the_same_at_an_address(address: tuple[str, subprocess.Popen[bytes]]) -> None:
    name, process = address
    box = load_toolbox(f"{name} {OPTIONS}")
    judged(box)
    judged(box)
    session = box.open(STATE)
    assert ask(session, "look", names=["egg"]).content == "[3]"
    process.kill()
    process.wait()
    with pytest.raises(InfrastructureError) as lost:
        ask(session, "look", names=["egg"])
    assert lost.value.kind is InfrastructureKind.SERVER_LOST
    session.close()
    with pytest.raises(InfrastructureError):
        ask(box.open(), "look", names=["egg"])


def fried(**more: Any) -> dict[str, Any]:
    return {"name": "d", "parts": [{"name": "egg", "done": {"how": "fried", "fat": "oil", **more}}]}


@pytest.mark.parametrize(
    ("dish", "code"),
    [
        (fried(), None),
        ({"name": "d", "parts": [{"name": "egg"}]}, None),
        ({"name": "d", "parts": [{"name": "egg", "done": {"how": "boiled", "minutes": 3}}]}, None),
        ({"name": "d", "parts": []}, ErrorCode.OUT_OF_RANGE),
        ({"name": "d"}, ErrorCode.MISSING_ARGUMENT),
        ({"name": 3, "parts": [{"name": "egg"}]}, ErrorCode.MISTYPED_ARGUMENT),
        (fried(fat="lard"), ErrorCode.OUT_OF_RANGE),
        ({"name": "d", "parts": [{"name": "egg", "done": {"how": "boiled", "minutes": 0}}]}, ErrorCode.OUT_OF_RANGE),
        ({"name": "d", "parts": [{"name": "egg", "done": {"how": "raw"}}]}, ErrorCode.OUT_OF_RANGE),
        ({"name": "d", "parts": [{"name": "egg", "pieces": 1.0}]}, ErrorCode.MISTYPED_ARGUMENT),
    ],
)
def test_references_enums_unions_and_nested_objects_hold_arguments(
    over_pipes: Toolbox, dish: dict[str, Any], code: ErrorCode | None
) -> None:
    function = over_pipes.functions["cook"]
    assert "$ref" not in json.dumps(function.parameters)
    assert "oneOf" in json.dumps(function.parameters)
    session = over_pipes.open(STATE)
    assert ask(session, "cook", dish=dish).error is code
    session.close()

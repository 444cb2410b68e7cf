"""The process in which a user's functions run: `python -m rollout.toolboxes.isolation.worker NAME`.

It reads requests and writes replies, one JSON object a line, on the pipes that were its standard input and output;
what the functions print goes nowhere. Before the first request it gives up what it can: see `confinement`.
"""

import json
import os
import signal
import sys
from typing import Any, BinaryIO

import msgspec

from cluster.errors import RequestError
from rollout.records import Call, CallResult, ErrorCode
from rollout.toolboxes.isolation.confinement import confine
from rollout.toolboxes.isolation.users import file_of_functions
from rollout.toolboxes.loading import load_in_process
from rollout.toolboxes.microchain import BUILT_INS
from rollout.toolboxes.toolbox import Session, Toolbox

MAX_CONTENT = 1_000_000
"""Characters of a result that cross the pipe."""


def main(name: str) -> None:
    replies = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    requests = os.fdopen(os.dup(0), "rb")
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    try:
        toolbox = load_in_process(name)
        contained = confine(toolbox_place(name))
    except RequestError as error:
        _send(replies, {"refused": str(error)})
        return
    _send(replies, {"toolbox": describe(toolbox), "contained": contained})
    serve(toolbox, requests, replies)


def toolbox_place(name: str) -> str:
    """The folder whose files a user's module may read: the file's own, or the working directory."""
    place = name.rpartition(":")[0] or name
    return str(file_of_functions(place).parent) if place.endswith(".py") else os.getcwd()


def describe(toolbox: Toolbox) -> dict[str, Any]:
    """What the other side needs to show the functions and name the toolbox."""
    functions = [
        {
            "name": function.name,
            "description": function.description,
            "parameters": dict(function.parameters),
            "examples": list(function.examples),
            "signature": function.signature,
        }
        for function in toolbox.functions.values()
    ]
    return {"functions": functions, "finish": toolbox.finish, "hash": toolbox.hash}


def serve(toolbox: Toolbox, requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer until the other side closes its end."""
    sessions: dict[int, Session] = {}
    for line in requests:
        request = json.loads(line)
        # Should the other side die with a call under way, the kernel ends this process soon after the deadline.
        signal.setitimer(signal.ITIMER_REAL, request["deadline"] + 1.0)
        try:
            reply = _reply(toolbox, sessions, request)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        _send(replies, reply)


def _reply(toolbox: Toolbox, sessions: dict[int, Session], request: dict[str, Any]) -> dict[str, Any]:
    for gone in request["closed"]:
        sessions.pop(gone, None)
    number = request["session"]
    if number not in sessions:
        try:
            sessions[number] = _opened(toolbox, request)
        except RequestError as error:
            return {"refused": str(error)}
    session = sessions[number]
    if "call" not in request:
        return {"opened": True}
    result = _called(session, msgspec.convert(request["call"], Call), built_ins=request["built_ins"])
    return {"result": msgspec.to_builtins(result), "answer": session.answer, "last": session.last}


def _called(session: Session, call: Call, built_ins: bool) -> CallResult:
    try:
        result = session.call(call, BUILT_INS if built_ins else {})
    except (SystemExit, KeyboardInterrupt, GeneratorExit) as error:
        content = f"Error: {call.name}: {type(error).__name__}"
        return CallResult(call=call, content=content, error=ErrorCode.FUNCTION_RAISED)
    if len(result.content) > MAX_CONTENT:
        content = f"Error: {call.name}: the result has {len(result.content)} characters, too many"
        return CallResult(call=result.call, content=content, error=ErrorCode.OUTPUT_TOO_LARGE)
    return result


def _opened(toolbox: Toolbox, request: dict[str, Any]) -> Session:
    """A new session; for one that a dead worker held, the calls that were answered there are made again. The
    failed ones too: what a function changed before it raised is part of the state."""
    session = toolbox.open(request["state"])
    if toolbox.state_type is not None:
        for call in request["history"]:
            _called(session, msgspec.convert(call, Call), built_ins=False)
    session.last = request["last"]
    return session


def _send(replies: BinaryIO, reply: dict[str, Any]) -> None:
    replies.write(msgspec.json.encode(reply) + b"\n")
    replies.flush()


if __name__ == "__main__":
    main(sys.argv[1])

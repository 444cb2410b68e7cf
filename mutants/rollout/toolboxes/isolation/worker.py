"""The process in which a user's functions run: `python -m rollout.toolboxes.isolation.worker NAME PIPE`.

It reads requests from the pipe with that descriptor and writes replies to it, each one a JSON object; what the
functions print is discarded. Before the first request it gives up rights: see `confinement`.
"""

import json
import os
import signal
import sys
from multiprocessing.connection import Connection
from typing import Any

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


def main(name: str, descriptor: int) -> None:
    pipe = Connection(descriptor)
    os.dup2(1, 2)
    try:
        toolbox = load_in_process(name)
        # A user's module may read the files of its own folder, or of the working directory.
        place = name.rpartition(":")[0] or name
        confine(str(file_of_functions(place).parent) if place.endswith(".py") else os.getcwd())
    except RequestError as error:
        pipe.send_bytes(msgspec.json.encode({"refused": str(error)}))
        return
    shown = ("name", "description", "parameters", "examples", "signature")
    functions = [{key: getattr(function, key) for key in shown} for function in toolbox.functions.values()]
    pipe.send_bytes(msgspec.json.encode({"functions": functions, "finish": toolbox.finish, "hash": toolbox.hash}))
    sessions: dict[int, Session] = {}
    while True:
        try:
            request = json.loads(pipe.recv_bytes())
        except EOFError:  # the other side has closed its end
            return
        # Should the other side die with a call under way, the kernel ends this process soon after the deadline.
        signal.setitimer(signal.ITIMER_REAL, request["deadline"] + 1.0)
        try:
            reply = _reply(toolbox, sessions, request)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        pipe.send_bytes(msgspec.json.encode(reply))


def _reply(toolbox: Toolbox, sessions: dict[int, Session], request: dict[str, Any]) -> dict[str, Any]:
    for gone in request["closed"]:
        sessions.pop(gone, None)
    number = request["session"]
    if number not in sessions:
        try:
            session = sessions[number] = toolbox.open(request["state"])
        except RequestError as error:
            return {"refused": str(error)}
        # Calls that a dead worker answered are made again, the failed ones too: what a function changed before it
        # raised is part of the state.
        for earlier in request["history"] if toolbox.state_type is not None else ():
            _called(session, msgspec.convert(earlier, Call), built_ins=False)
        session.last = request["last"]
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


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

"""The process in which a user's functions run; `bootstrap` begins it.

It answers requests, each with its number, over a pair of sockets; what the functions print is discarded. Before the
first request it gives up rights: see `confinement`.
"""

import os
import random
import signal
import socket
import sys
from typing import Any

import msgspec

from cluster.errors import RequestError
from rollout.records import Call, CallResult, ErrorCode, content_hash
from rollout.toolboxes.isolation import other_day
from rollout.toolboxes.isolation.confinement import confine
from rollout.toolboxes.isolation.users import file_of_functions
from rollout.toolboxes.isolation.wire import receive, send
from rollout.toolboxes.loading import is_users, load_in_process, plain_name
from rollout.toolboxes.microchain import BUILT_INS
from rollout.toolboxes.mistakes import CallRefused, from_exception, one_line
from rollout.toolboxes.toolbox import Session, Toolbox

MAX_CONTENT = 1_000_000
"""Characters of a result that cross the pipe."""


def serve(name: str, pipe: socket.socket, settings: dict[str, Any]) -> None:
    """Load the toolbox, say what it is, give up rights, and answer requests until the other side closes the pipe."""
    os.dup2(1, 2)
    if settings["other_day"]:
        other_day.begin()
    try:
        toolbox = load_in_process(name)
        # A user's module may read the files of its own folder, or of the working directory.
        place = plain_name(name).partition(":")[0]
        folders = [str(file_of_functions(place).parent) if place.endswith(".py") else os.getcwd()]
        confine([*(folders if is_users(name) else ()), *settings["folders"]], settings["scratch"])
    except RequestError as error:
        send(pipe, {"refused": str(error)})
        return
    except Exception as error:
        send(pipe, {"refused": f"toolbox {name!r}: {type(error).__name__}: {one_line(str(error), paths=True)}"})
        return
    shown = ("name", "description", "parameters", "examples", "signature")
    functions = [{key: getattr(function, key) for key in shown} for function in toolbox.functions.values()]
    send(pipe, {"functions": functions, "finish": toolbox.finish, "turns": toolbox.turns, "hash": toolbox.hash})
    sessions: dict[int, Session] = {}
    while True:
        try:
            request = receive(pipe)
        except EOFError:  # the other side has closed its end
            return
        # Should the other side die with a call under way, the kernel ends this process soon after the deadline.
        signal.setitimer(signal.ITIMER_REAL, request["deadline"] + 1.0)
        try:
            reply = _reply(toolbox, sessions, request)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        send(pipe, {**reply, "number": request["number"]})


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
        for index, earlier in enumerate(request["history"] if toolbox.state_type is not None else ()):
            session.answer = None
            _called(session, msgspec.convert(earlier, Call), index, built_ins=False)
    session = sessions[number]
    if "read" in request:
        try:
            state = session.state()
        except CallRefused as refusal:
            return {"fault": refusal.message}
        if len(state) > MAX_CONTENT:
            return {"fault": f"its state has {len(state):,} characters, at most {MAX_CONTENT:,} are read"}
        return {"world": state}
    if "call" not in request:
        return {"opened": True}
    call, session.answer, session.last = msgspec.convert(request["call"], Call), None, request["last"]
    result = _called(session, call, request["index"], built_ins=request["built_ins"])
    return {"result": msgspec.to_builtins(result), "answer": session.answer, "last": session.last}


def _called(session: Session, call: Call, index: int, built_ins: bool) -> CallResult:
    _draw_the_same(index, call)
    try:
        result = session.call(call, BUILT_INS if built_ins else {})
    except BaseException as error:  # what is no Exception passes through a session: SystemExit, a user's own
        refusal = from_exception(call.name, error)
        made = session.made(itself=False)
        return CallResult(call=call, content=f"Error: {refusal.message}", error=refusal.code, made=made)
    if len(result.content) > MAX_CONTENT:
        content = f"Error: {call.name}: the result has {len(result.content)} characters, too many"
        return msgspec.structs.replace(result, content=content, error=ErrorCode.OUTPUT_TOO_LARGE)
    return result


def _draw_the_same(index: int, call: Call) -> None:
    """Let what a function draws at random follow from its call and the call's place in the session alone."""
    seed = int(content_hash(str(index), call.name, call.arguments)[:8], 16)
    random.seed(seed)
    numpys = getattr(sys.modules.get("numpy"), "random", None)  # an attribute that is imported when it is looked up
    if numpys is not None and hasattr(numpys, "seed"):
        numpys.seed(seed)

"""An MCP server of the standard library alone, which starts at once and misbehaves as its arguments say.

`python plain_server.py BEHAVIOUR ...`, with words that stand in this file; `changes FILE`: another tool where the file
exists.
"""

import base64
import functools
import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

BEHAVIOUR = set(sys.argv[1:])
COUNT: dict[str, Any] = {"count": 0, "notes": []}
OBJECT = {"type": "object", "properties": {}}
AMOUNT = {"type": "object", "properties": {"by": {"type": "integer", "minimum": 1}}, "required": ["by"]}
TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
WRITING = threading.Lock()
READS = {"readOnlyHint": True}

DEEP: dict[str, Any] = functools.reduce(lambda held, _: {"in": held}, range(500), {})
ODD: dict[str, dict[str, Any]] = {
    "cut": {"content": [], "structuredContent": {"text": "\ud83d", "\ud800": 2}},
    "unpromised": {"content": [], "structuredContent": {"count": "three"}},
    "unstructured": {"content": [{"type": "text", "text": "3"}]},
    "unknown_block": {"content": [{"type": "hologram", "data": "x"}]},
    "nothing": {},
    "deep": {"content": [], "structuredContent": DEEP},
}
PROMISED = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}


def tool(name: str, schema: Any, description: str = "A tool.", **more: Any) -> dict[str, Any]:
    return {"name": name, "description": description, "inputSchema": schema, **more}


def tools() -> list[dict[str, Any]]:
    listed = [
        tool("add", AMOUNT, "Add to the count."),
        tool("look", OBJECT, "Look at the count.", annotations=READS),
        tool("echo", TEXT, "Give a text back.", annotations=READS),
        tool("note", TEXT, "Write a note down."),
        tool("picture", OBJECT, "A picture."),
        tool("fail", OBJECT, "Fail."),
        tool("refuse", OBJECT, "Answer with an error of the protocol."),
        tool("flood", {"type": "object", "properties": {"bytes": {"type": "integer"}}}, "Answer at length."),
        tool("hang", OBJECT, "Never answer."),
        tool("die", OBJECT, "End the process."),
        tool("touch", TEXT, "Write a file."),
        tool("variable", TEXT, "A variable of the process."),
        tool("process", OBJECT, "The process's id."),
        tool("spawn", {"type": "object", "properties": {"own": {"type": "boolean"}}}, "Start another program."),
        tool("dump", OBJECT, "The state."),
        tool("load", {"type": "object", "properties": {"count": {"type": "integer"}}}, "Set the state."),
    ]
    if "open_state" in BEHAVIOUR:
        listed[-1] = tool("load", {"type": "object"}, "Set the state.")
    if "any_error" in BEHAVIOUR:
        listed += [tool("code", {"type": "object", "properties": {"code": {"type": "integer"}}}, "Refuse with a code.")]
        listed += [tool("quota", OBJECT, "Fail with a structure.")]
    if "shuffled" in BEHAVIOUR:
        random.shuffle(listed)
    if "late" in BEHAVIOUR:
        listed += [tool("add_late", AMOUNT, "Add to the count after a while, and answer others meanwhile.")]
    if "odd_results" in BEHAVIOUR:
        promised: dict[str, Any] = {key: {"outputSchema": PROMISED} for key in ("unpromised", "unstructured")}
        listed += [tool(name, OBJECT, "An odd result.", **promised.get(name, {})) for name in ODD]
    if "no_tools" in BEHAVIOUR:
        return []
    if "two_of_one_name" in BEHAVIOUR:
        return [*listed, tool("add", OBJECT)]
    if "alike" in BEHAVIOUR:
        return [*listed, tool("look-up", OBJECT), tool("look.up", OBJECT)]
    for word, name in {"empty_name": "", "blank_name": "  ", "blanks_around": " add "}.items():
        if word in BEHAVIOUR:
            return [*listed, tool(name, OBJECT)]
    if "no_object" in BEHAVIOUR:
        return [*listed, tool("odd", {"type": "string"})]
    if "deep_schema" in BEHAVIOUR:
        return [*listed, tool("odd", {"type": "object", "properties": {"a": {"default": DEEP}}})]
    if "no_schema" in BEHAVIOUR:
        return [*listed, tool("odd", ["text"])]
    if "refers" in BEHAVIOUR:
        return [*listed, tool("odd", {"type": "object", "properties": {"a": {"$ref": "https://example.com/a.json"}}})]
    if "changes" in BEHAVIOUR and Path(sys.argv[-1]).exists():
        return [tool("add", TEXT, "Add a text."), *listed[1:]]
    return listed


def text(said: str, error: bool = False) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": said}], "isError": error}


def called(name: str, given: dict[str, Any]) -> dict[str, Any] | None:
    if name == "add":
        COUNT["count"] += given["by"]
        return text(json.dumps({"count": COUNT["count"]}))
    if name == "add_late":
        time.sleep(1.0)
        COUNT["count"] += given["by"]
        return text("added")
    if name == "look":
        return {"content": [], "structuredContent": {"count": COUNT["count"]}}
    if name == "echo":
        return text(given["text"])
    if name == "note":
        COUNT["notes"].append(given["text"])
        return text("noted")
    if name == "picture":
        data = base64.b64encode(b"\x89PNG " + b"x" * 100).decode()
        return {
            "content": [{"type": "text", "text": "a plan"}, {"type": "image", "data": data, "mimeType": "image/png"}]
        }
    if name == "fail":
        return text("there is no such\nticket", error=True)
    if name == "flood":
        return text("x" * given["bytes"])
    if name == "hang":
        time.sleep(600)
    if name == "die":
        os._exit(7)
    if name == "touch":
        try:
            Path(given["text"]).write_text("x")
        except OSError as error:
            return text(type(error).__name__, error=True)
        return text("written")
    if name == "variable":
        return text(os.environ.get(given["text"], "(unset)"))
    if name == "process":
        return text(str(os.getpid()))
    if name == "spawn":
        silent: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        started = subprocess.Popen(["sleep", "300"], start_new_session=given["own"], **silent)
        return text(str(started.pid))
    if name == "dump":
        return text("no JSON" if "bad_state" in BEHAVIOUR else json.dumps(COUNT))
    if name == "load":
        if given.get("count", 0) < 0:
            return text("a count is not negative", error=True)
        COUNT.update({"count": 0, "notes": [], **given})
        return text("loaded")
    if name == "quota":
        return {"content": [], "structuredContent": {"error": "quota", "left": 0}, "isError": True}
    return ODD.get(name)


def answer(message: dict[str, Any]) -> dict[str, Any]:
    method, given = message["method"], message.get("params", {})
    if method == "initialize":
        version = "1999-01-01" if "other_version" in BEHAVIOUR else given["protocolVersion"]
        info = {"name": "plain", "version": "1"}
        return {"result": {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}}
    if method == "tools/list":
        last = {"nextCursor": ""} if "empty_cursor" in BEHAVIOUR else {}
        return {"result": {"tools": tools(), **last}}
    if given.get("name") == "code":
        return {"error": {"code": given["arguments"]["code"], "message": "Connection closed"}}
    if method == "tools/call" and (found := called(given["name"], given.get("arguments", {}))) is not None:
        return {"result": found}
    return {"error": {"code": -32602 if method == "tools/call" else -32601, "message": f"no {method}"}}


def respond(message: dict[str, Any]) -> None:
    named = {"jsonrpc": "2.0", "id": message["id"]}
    said = {**answer(message), **named} if "result_first" in BEHAVIOUR else {**named, **answer(message)}
    with WRITING:
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


def main() -> None:
    if "die_at_start" in BEHAVIOUR:
        sys.exit("the database is not there")
    if "noisy" in BEHAVIOUR:
        sys.stdout.write("Welcome to the plain server\n")
    for line in sys.stdin:
        message = json.loads(line)
        if "silent" in BEHAVIOUR or "id" not in message:
            continue
        if message.get("params", {}).get("name") == "add_late":
            threading.Thread(target=respond, args=(message,), daemon=True).start()
        else:
            respond(message)


main()

"""An MCP server at an address of this machine, of the standard library alone, and what may stand before it: it answers
calls as their argument `how` says, and everything else as `Door.start` says."""

import contextlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOW = {"type": "object", "properties": {"how": {"type": "string"}}}
STATE = {"type": "object", "properties": {"how": {"type": "string"}}}
READS = {"readOnlyHint": True}
TOOLS = [
    {"name": "look", "description": "Look.", "inputSchema": HOW, "annotations": READS},
    {"name": "load", "description": "Set the state.", "inputSchema": STATE},
]


class Door(BaseHTTPRequestHandler):
    """`start`: what an answer to anything but a call is, in words of `answered`."""

    protocol_version = "HTTP/1.1"
    start = ""

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.answer(405, b"")

    def do_DELETE(self) -> None:
        self.answer(200, b"")

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        given = message.get("params", {}).get("arguments", {})
        how = given.get("how", "") if message["method"] == "tools/call" else self.start
        if "id" not in message and not how:
            self.answer(202, b"")
        else:
            self.answered(how, message)

    def answer(self, status: int, body: Any, kind: str = "application/json", **headers: str) -> None:
        held = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(held)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(held)

    def answered(self, how: str, message: dict[str, Any]) -> None:
        named = {"jsonrpc": "2.0", "id": message.get("id")}
        word, _, number = how.partition(" ")
        if word == "error":  # of the server's own, with HTTP's 200 or another status
            status, _, code = number.partition(" ")
            self.answer(int(status), {**named, "error": {"code": int(code), "message": "there is no such order"}})
        elif word == "status":
            self.answer(
                int(number), b"gone", "text/plain", **({"Location": "http://127.0.0.1:9/"} if number == "302" else {})
            )
        elif word == "html":
            self.answer(200, b"<html>Please log in</html>", "text/html")
        elif word == "broken":
            self.answer(200, b"{not json")
        elif word == "accepted":
            self.answer(202, b"")
        elif word in ("events", "cut"):
            self.send_response(200)
            for name, value in {"Content-Type": "text/event-stream", "Connection": "close"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.close_connection = True
            if word == "events":
                result = {"content": [{"type": "text", "text": "x" * int(number)}]}
                event = f"event: message\ndata: {json.dumps({**named, 'result': result})}\n\n"
                with contextlib.suppress(OSError):  # the client has enough
                    self.wfile.write(event.encode())
        else:
            self.answer(200, {**named, **self.result(message)})

    def result(self, message: dict[str, Any]) -> dict[str, Any]:
        if message["method"] == "initialize":
            info = {"name": "door", "version": "1"}
            return {"result": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info}}
        if message["method"] == "tools/list":
            return {"result": {"tools": TOOLS}}
        if message["method"] == "tools/call":
            return {"result": {"content": [{"type": "text", "text": "seen"}]}}
        return {"error": {"code": -32601, "message": f"no {message['method']}"}}


@contextmanager
def served(start: str = "") -> Iterator[str]:
    """The toolbox's name, without options."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Started", (Door,), {"start": start}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"mcp+http://127.0.0.1:{server.server_port}/mcp"
    server.shutdown()
    server.server_close()

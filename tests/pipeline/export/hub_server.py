"""A stand-in for the Hub: the endpoints that an upload asks, on this machine, and what arrived."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_" + "secretsecret"
PREVIEW = 512
"""Files whose upload begins like text are taken with the commit, up to this size; the others apart."""


@dataclass
class HubServer:
    """What the stand-in knows and has been sent."""

    address: str = ""
    may_write: tuple[str, ...] = ("me",)
    """Owners that the token may write for."""
    private: dict[str, bool] = field(default_factory=dict)
    """Data sets that are there."""
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Data set -> path -> what was committed."""
    blobs: dict[str, bytes] = field(default_factory=dict)
    """SHA-256 -> what was uploaded apart."""
    requests: list[str] = field(default_factory=list)
    failing: dict[str, int] = field(default_factory=dict)
    """Beginning of a request's line -> status that it is answered with."""


@contextmanager
def hub_server() -> Iterator[HubServer]:
    """The stand-in while the block runs."""
    hub = HubServer()

    class Handler(_Handler):
        known = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    known: HubServer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PUT = do_GET

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b"".join(self._chunks())
        hub, path = self.known, self.path.partition("?")[0]
        line = f"{self.command} {path}"
        hub.requests.append(line)
        for beginning, status in hub.failing.items():
            if line.startswith(beginning):
                return self._send(status, {"error": f"asked to fail\nwith {self.headers.get('Authorization')}"})
        if path.startswith("/blob/"):
            sha = path.rpartition("/")[2]
            assert hashlib.sha256(body).hexdigest() == sha
            hub.blobs[sha] = body
            return self._send(200, {})
        if path == "/api/validate-yaml":
            return self._send(200, {"errors": [], "warnings": []})
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._send(401, {"error": "Invalid username or password."})
        kind = self.headers.get("Content-Type", "")
        asked = json.loads(body) if body and "json" in kind and "ndjson" not in kind else {}
        if path == "/api/repos/create":
            return self._create(asked)
        name = "/".join(path.split("/")[3:5] if path.startswith("/api/") else path.split("/")[2:4]).removesuffix(".git")
        if name not in hub.private:
            return self._send(404, {"error": "Repository not found"})
        if path == f"/api/datasets/{name}":
            return self._send(200, {"id": name, "private": hub.private[name], "siblings": []})
        if "/preupload/" in path:
            modes = [
                {
                    "path": file["path"],
                    "uploadMode": "regular" if file["size"] < PREVIEW or file["path"].endswith(".md") else "lfs",
                    "shouldIgnore": False,
                    "oid": None,
                }
                for file in asked["files"]
            ]
            return self._send(200, {"files": modes})
        if path.endswith("/objects/batch"):
            objects = [
                one | {"actions": {"upload": {"href": f"{hub.address}/blob/{one['oid']}"}}} for one in asked["objects"]
            ]
            return self._send(200, {"transfer": "basic", "objects": objects})
        if "/commit/" in path:
            return self._commit(name, body)
        return self._send(404, {"error": f"the stand-in does not know {line}"})

    def _create(self, asked: dict[str, Any]) -> None:
        owner = asked.get("organization") or "me"
        name = f"{owner}/{asked['name']}"
        assert asked["type"] == "dataset"
        if owner not in self.known.may_write:
            return self._send(403, {"error": f"You don't have the rights to create a dataset under {owner}"})
        if name in self.known.private:
            return self._send(409, {"error": "You already created this dataset repo", "url": self._url(name)})
        self.known.private[name] = asked["visibility"] == "private"
        return self._send(200, {"url": self._url(name), "id": name})

    def _commit(self, name: str, body: bytes) -> None:
        found = self.known.files.setdefault(name, {})
        for line in body.splitlines():
            entry = json.loads(line)
            if entry["key"] == "file":
                assert entry["value"]["encoding"] == "base64"
                found[entry["value"]["path"]] = base64.b64decode(entry["value"]["content"])
            elif entry["key"] == "lfsFile":
                found[entry["value"]["path"]] = self.known.blobs[entry["value"]["oid"]]
        number = f"{len(self.known.requests):040x}"
        self._send(200, {"commitUrl": f"{self._url(name)}/commit/{number}", "commitOid": number, "success": True})

    def _url(self, name: str) -> str:
        return f"{self.known.address}/datasets/{name}"

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

"""S3 on loopback, for tests: moto's server in a process of its own, and one that answers as S3 does on a bad day."""

import contextlib
import http.server
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import boto3
import pytest


@contextlib.contextmanager
def s3_server() -> Iterator[str]:
    """The endpoint of a fresh server process that holds the empty bucket `bucket`."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        endpoint = next(found[0] for line in server.stderr if (found := re.search(r"http://[\d.]+:\d+", line)))
        # It logs a line a request, and would wait for a reader of a full pipe.
        threading.Thread(target=server.stderr.read, daemon=True).start()
        keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s", "region_name": "us-east-1"}
        client = boto3.client("s3", endpoint_url=endpoint, **keys)
        client.create_bucket(Bucket="bucket")
        client.close()
        yield endpoint
    finally:
        server.kill()
        server.wait()


class TroubledS3(http.server.ThreadingHTTPServer):
    """Objects with create-if-absent. The next `conflicts` PUTs are answered 409, and store nothing; the next
    `lost_answers` are stored, and the connection ends without an answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.objects: dict[str, bytes] = {}
        self.conflicts = 0
        self.lost_answers = 0
        self.puts = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(http.server.BaseHTTPRequestHandler):
    server: TroubledS3
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.puts += 1
        if self.server.conflicts:
            self.server.conflicts -= 1
            self._answer(409, b"<Error><Code>ConditionalRequestConflict</Code></Error>")
        elif self.headers["If-None-Match"] == "*" and self.path in self.server.objects:
            self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
        else:
            self.server.objects[self.path] = data
            if self.server.lost_answers:
                self.server.lost_answers -= 1
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
            else:
                self._answer(200)

    def do_GET(self) -> None:
        found = self.server.objects.get(self.path)
        self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>") if found is None else self._answer(200, found)

    do_HEAD = do_GET

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("ETag", '"x"')
        self.send_header("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextlib.contextmanager
def troubled_s3() -> Iterator[TroubledS3]:
    """A server without trouble yet, on a thread."""
    server = TroubledS3()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def s3_environment(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person sets to reach that server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_REGION", "us-east-1")

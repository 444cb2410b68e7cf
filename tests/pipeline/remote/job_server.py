"""A job server that runs nothing: it accepts jobs as Ray's does, streams a log, and ends jobs as a test asks."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class JobServerDouble:
    """How it behaves, and the requests that it got."""

    ends: str = "SUCCEEDED"
    """Status of a job once its log has been streamed. "": the job never ends."""
    breaks: int = 0
    """How many connections break in the middle of the log."""
    log: tuple[str, ...] = ("one\n", "two\n", "three\n")
    taken: str = ""
    """An id that another submitter takes while ours is on its way."""
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    packages: dict[str, bytes] = field(default_factory=dict)
    followed: int = 0
    stopped: list[str] = field(default_factory=list)
    address: str = ""

    def known(self, job: dict[str, Any], status: str) -> None:
        """Take a job in."""
        began = 1_700_000_000_000 + 1000 * len(self.jobs)
        details = {"type": "SUBMISSION", "status": status, "message": f"It is {status}.", "start_time": began}
        kept = {key: job[key] for key in ("submission_id", "entrypoint", "metadata", "runtime_env") if key in job}
        self.jobs[job["submission_id"]] = details | kept

    def application(self) -> web.Application:
        made = web.Application(client_max_size=64 << 20)
        made.add_routes(
            [
                web.get("/api/version", self._version),
                web.get("/api/jobs/", self._list),
                web.post("/api/jobs/", self._submit),
                web.get("/api/jobs/{id}", self._details),
                web.get("/api/jobs/{id}/logs", self._logs),
                web.get("/api/jobs/{id}/logs/tail", self._tail),
                web.post("/api/jobs/{id}/stop", self._stop),
                web.get("/api/packages/gcs/{name}", self._package),
                web.put("/api/packages/gcs/{name}", self._upload),
            ]
        )
        return made

    async def _version(self, request: web.Request) -> web.Response:
        return web.json_response({"version": "4", "ray_version": "2.60.0", "ray_commit": "", "session_name": ""})

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response(list(self.jobs.values()))

    async def _submit(self, request: web.Request) -> web.Response:
        job = await request.json()
        if self.taken:
            self.known(job, "RUNNING")
            self.taken = ""
        if job["submission_id"] in self.jobs:
            return web.Response(status=500, text=f"Job with submission_id {job['submission_id']} already exists.")
        self.known(job, "RUNNING")
        return web.json_response({"job_id": job["submission_id"], "submission_id": job["submission_id"]})

    async def _details(self, request: web.Request) -> web.Response:
        return web.json_response(self.jobs[request.match_info["id"]])

    async def _logs(self, request: web.Request) -> web.Response:
        return web.json_response({"logs": "".join(self.log)})

    async def _stop(self, request: web.Request) -> web.Response:
        self.stopped.append(request.match_info["id"])
        self.jobs[request.match_info["id"]]["status"] = "STOPPED"
        return web.json_response({"stopped": True})

    async def _tail(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.followed += 1
        for index, text in enumerate(self.log):
            await socket.send_str(text)
            if index == 1 and self.breaks:
                self.breaks -= 1
                assert request.transport is not None
                request.transport.abort()
                return socket
        while not self.ends:  # noqa: ASYNC110 -- it is set from another thread
            await asyncio.sleep(0.05)
        self.jobs[request.match_info["id"]] |= {"status": self.ends, "message": f"It is {self.ends}.\nMore."}
        await socket.close()
        return socket

    async def _package(self, request: web.Request) -> web.Response:
        return web.Response(status=200 if request.match_info["name"] in self.packages else 404)

    async def _upload(self, request: web.Request) -> web.Response:
        self.packages[request.match_info["name"]] = await request.read()
        return web.Response()


@contextlib.contextmanager
def job_server(double: JobServerDouble) -> Iterator[JobServerDouble]:
    """Serve on a free port, in a thread, while the block runs."""
    up, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        runner = web.AppRunner(double.application(), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        double.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        up.set()
        while not stop.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await runner.cleanup()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert up.wait(timeout=60)
    try:
        yield double
    finally:
        stop.set()
        thread.join(timeout=60)

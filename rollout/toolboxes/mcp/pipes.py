"""A server that is a program: started, confined, spoken to over its pipes, ended as a whole.

The SDK has a transport of its own for that. This one bounds what the server may send, keeps the end of what it writes
to stderr, gives it an environment of its own, and says why it fell silent.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from cluster.errors import RequestError
from rollout.toolboxes.isolation.processes import ENVIRONMENT, KILLED
from rollout.toolboxes.isolation.scratch import scratch_folder
from rollout.toolboxes.mcp.messages import lines_of, message_of
from rollout.toolboxes.mcp.naming import ServerSpec

_LAUNCH = str(Path(__file__).with_name("launch.py"))
_CHUNK = 1 << 16
_EXITING_S = 1.0
"""How long a process that has closed its output may take to exit."""
_ENDING_S = 5.0
"""How long the launcher may take to end all that runs below it."""
_TAIL = 2000
"""Bytes that are kept of what the server wrote to stderr."""


def program(spec: ServerSpec) -> tuple[str, ...]:
    """The server's command with its program's path; looked for beside this Python, then in PATH. With a working
    directory of its own, arguments that name files here are made absolute. Raises RequestError."""
    name, *arguments = spec.command
    found = os.path.abspath(name) if "/" in name and os.access(name, os.X_OK) else shutil.which(name, path=_path())
    if found is None or ("/" in name and not os.path.isfile(name)):
        where = "at that path" if "/" in name else "beside this Python or in PATH"
        raise RequestError(
            f"toolbox {spec.name!r}: there is no program {name!r} {where}; install it, or correct its name"
        )
    if spec.options.files:
        arguments = [os.path.abspath(each) if os.path.isfile(each) else each for each in arguments]
    return found, *arguments


def variables(spec: ServerSpec) -> dict[str, str]:
    """The values of the variables of this process that the server is given. Raises RequestError for one that is not
    set."""
    names = (*spec.options.env, *spec.options.header_variables.values())
    for name in names:
        if not os.environ.get(name):
            raise RequestError(
                f"toolbox {spec.name!r}: the variable {name} is not set; set it where the run is started"
            )
    return {name: os.environ[name] for name in names}


def copied_files(spec: ServerSpec, scratch: str) -> str:
    """The folder with a copy of the server's files. Raises RequestError where there are none."""
    files, folder = spec.options.files, os.path.join(scratch, "files")
    if not os.path.isdir(files):
        raise RequestError(f"toolbox {spec.name!r}: files = {files!r} is no folder; name one")
    shutil.copytree(files, folder, symlinks=True)
    return folder


def _path() -> str:
    return os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)])


class ServerProcess:
    """One server process, with a scratch folder of its own."""

    def __init__(self, spec: ServerSpec) -> None:
        self._spec = spec
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._said = b""
        self._asked = set[Any]()
        """The numbers of requests that are not answered yet."""
        self.scratch = ""
        self._ending = False
        self.silent = False
        """Whether it has closed its output, as one does that has died."""
        self.killed = False
        """Whether another process ended it."""

    async def start(self) -> None:
        """Raises RequestError for what is not there, OSError where no process can be made."""
        spec = self._spec
        command, given = program(spec), variables(spec)
        self.scratch = await asyncio.to_thread(scratch_folder)  # it may take away what others have left
        folder = await asyncio.to_thread(copied_files, spec, self.scratch) if spec.options.files else os.getcwd()
        settings = {
            "parent": os.getpid(),
            "confined": spec.options.confined,
            "network": spec.options.network,
            "writable": [self.scratch, "/dev/null"],
        }
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", _LAUNCH, json.dumps(settings), *command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # no signal of a terminal reaches it
            cwd=folder,
            env={**ENVIRONMENT, "PATH": _path(), "HOME": self.scratch, "TMPDIR": self.scratch, **given},
        )
        self._tasks.append(asyncio.create_task(self._keep_stderr()))

    @property
    def id(self) -> int:
        """The launcher's, below which all of the server runs; 0 where none was started."""
        return self._process.pid if self._process is not None else 0

    def kill(self) -> None:
        """Have the launcher end the server, and all that it has started, at once; from any thread."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self._process.pid, signal.SIGTERM)

    async def end(self) -> None:
        """Kill it, and take its scratch folder away."""
        self.kill()
        if self._process is not None:
            try:
                await asyncio.wait_for(self._process.wait(), _ENDING_S)
            except TimeoutError:  # the launcher waits for a process that cannot be killed, or was stopped itself
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                await self._process.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._process is not None:
            self._process._transport.close()  # type: ignore[attr-defined]  # a grandchild may hold a pipe open
        shutil.rmtree(self.scratch, ignore_errors=True)

    async def _exit_status(self) -> int | None:
        """Of its own accord; None where it lives on without an output."""
        assert self._process is not None
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(self._process.wait(), _EXITING_S)
        return None

    def last_words(self) -> str:
        """The last lines that the server wrote to stderr; "" where it wrote none."""
        lines = [line.strip() for line in self._said.decode(errors="replace").splitlines() if line.strip()]
        return " / ".join(lines[-2:])

    async def _keep_stderr(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        while chunk := await self._process.stderr.read(_CHUNK):
            self._said = (self._said + chunk)[-_TAIL:]

    @contextlib.asynccontextmanager
    async def streams(self) -> AsyncIterator[tuple[Any, Any]]:
        """What the SDK's client reads from and writes to."""
        import anyio
        from mcp.shared.message import SessionMessage
        from mcp_types import JSONRPCError, JSONRPCRequest, JSONRPCResponse

        to_client, from_server = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        to_server, from_client = anyio.create_memory_object_stream[SessionMessage](0)

        async def read() -> None:
            assert self._process is not None
            assert self._process.stdout is not None
            try:
                async with to_client:
                    async for line, length in lines_of(self._process.stdout):
                        if (message := message_of(line, length, self._asked)) is not None:
                            if isinstance(message.message, JSONRPCResponse | JSONRPCError):
                                self._asked.discard(message.message.id)
                            await to_client.send(message)
            except (anyio.ClosedResourceError, anyio.BrokenResourceError):
                pass  # the client is gone
            finally:
                self.silent = self.silent or not self._ending

        async def write() -> None:
            assert self._process is not None
            assert self._process.stdin is not None
            async with from_client:
                async for each in from_client:
                    if isinstance(each.message, JSONRPCRequest):
                        self._asked.add(each.message.id)
                    text = each.message.model_dump_json(by_alias=True, exclude_unset=True)
                    try:
                        self._process.stdin.write(text.encode() + b"\n")
                        await self._process.stdin.drain()
                    except OSError:  # it has died: the reader says so
                        self.silent = True

        tasks = [asyncio.create_task(read()), asyncio.create_task(write())]
        try:
            yield from_server, to_server
        finally:
            self._ending = True
            if self.silent:
                self.killed = await self._exit_status() in KILLED
            self.kill()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for stream in (to_client, from_server, to_server, from_client):
                await stream.aclose()

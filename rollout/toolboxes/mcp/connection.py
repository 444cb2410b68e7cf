"""A connection to one server: started, asked, ended, from any thread.

All connections of a process live in one event loop, on a thread of its own, so that the SDK serves those who wait in
threads and those who wait in other loops alike. A connection is owned by one task there, which opens and closes it.
"""

import asyncio
import atexit
import contextlib
import threading
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from cluster.errors import ChainprefError, RequestError
from rollout.toolboxes.mcp import web
from rollout.toolboxes.mcp.heard import TOO_LONG_EVENT, Heard, listen
from rollout.toolboxes.mcp.messages import TOO_LONG, UNREADABLE
from rollout.toolboxes.mcp.naming import ServerSpec
from rollout.toolboxes.mcp.pipes import ServerProcess
from rollout.toolboxes.mistakes import TooLarge, one_line

if TYPE_CHECKING:
    from mcp import Client, MCPError
    from mcp.types import CallToolResult, Tool

MOST_PAGES, MOST_TOOLS = 100, 5000
_STILL_ALIVE_S, _ENDING_S = 2.0, 1.0
T = TypeVar("T")


class NotStarted(Exception):
    """A server did not come to the point where it has listed its tools; the message says why, and what to do.
    `killed`: by another process, whatever it was doing."""

    def __init__(self, message: str, killed: bool = False) -> None:
        super().__init__(message)
        self.killed = killed


class Lost(Exception):
    """A server died, hung up, or did not answer in time; the message says which."""


class Refused(Exception):
    """A server's answer that it did not do what it was asked; the message is its own."""


class Unpromised(Refused):
    """A server's result that is none of the protocol's, or not what its tool's output schema says."""


class Connection:
    """A server that has listed its tools."""

    def __init__(self, spec: ServerSpec) -> None:
        self.spec = spec
        self.tools: tuple[Tool, ...] = ()
        self.server = ""
        """What it says it is: name and version."""
        self.process = ServerProcess(spec) if spec.command else None
        self._client: Client | None = None
        self._heard = Heard()
        """Of its start, at an address."""
        self.owner: asyncio.Task[None] | None = None
        """The task that opens and closes it."""
        self._closing = asyncio.Event()
        self._over = False
        self.given_up = False
        """Whether its episode ended in the middle of a call."""

    @classmethod
    def start(cls, spec: ServerSpec) -> "Connection":
        """Raises NotStarted; RequestError where what the recipe names is not there."""
        import mcp  # noqa: F401  # which takes long the first time; the server's time has not begun

        connection = cls(spec)
        wait_for(connection.begin())
        return connection

    @property
    def alive(self) -> bool:
        """Whether it can be asked, as far as is known."""
        return not self._over and not (self.process is not None and self.process.silent)

    def call(self, tool: str, arguments: dict[str, Any], seconds: float) -> "CallToolResult":
        """What a tool gives back. Raises Lost, then it is over; Refused, Unpromised, TooLarge."""
        return wait_for(self.ask(tool, arguments, seconds))

    def close(self) -> None:
        """End it, at once and without waiting; from any thread, also by a finalizer."""
        self._over = True
        if self.process is not None:
            self.process.kill()
        with contextlib.suppress(RuntimeError):  # the loop ended with the interpreter
            _loop().call_soon_threadsafe(self._closing.set)

    async def begin(self) -> None:
        """Start it, in the loop of all connections."""
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        _OPEN.add(self)
        self.owner = asyncio.create_task(self._own(ready))
        await ready

    async def _own(self, ready: "asyncio.Future[None]") -> None:
        self._heard = listen()
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(self.spec.options.start_s):
                    await self._open(stack)
                ready.set_result(None)
                await self._closing.wait()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(self._not_started(error))
            if isinstance(error, asyncio.CancelledError):
                raise
        finally:
            self._over = True
            if self.process is not None:
                await self.process.end()
            _OPEN.discard(self)

    async def _open(self, stack: AsyncExitStack) -> None:
        from mcp import Client
        from mcp.types import Implementation

        if self.process is not None:
            await self.process.start()
            transport: Any = self.process.streams()
        else:
            transport = await web.transport(self.spec, stack)
        client = Client(transport, cache=None, client_info=Implementation(name="chainpref", version="1"))
        self._client = await stack.enter_async_context(client)
        tools: list[Tool] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await client.list_tools(cursor=cursor)
            tools += page.tools
            cursor = page.next_cursor
            if not cursor or len(tools) > MOST_TOOLS:
                break
        else:
            raise NotStarted(f"it lists its tools on more than {MOST_PAGES} pages; correct the server")
        if len(tools) > MOST_TOOLS:
            raise NotStarted(f"it lists more than {MOST_TOOLS:,} tools; correct the server")
        info = client.server_info
        self.server = f"{info.name} {info.version}" if info is not None else ""
        self.tools = tuple(tools)

    def _not_started(self, error: BaseException) -> BaseException:
        """Why it did not start, for people."""
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if isinstance(error, RequestError | NotStarted):
            return error
        words = self.process.last_words() if self.process is not None else ""
        said = f"; it said: {one_line(words, paths=True)}" if words else ""
        if isinstance(error, TimeoutError):
            seconds = f"{self.spec.options.start_s:g} s"
            return NotStarted(f"the server did not list its tools within {seconds}; mend it, or raise start_s{said}")
        if self.process is not None and self.process.silent:
            what = f"the server ended before it had listed its tools; run its command by hand{said}"
            return NotStarted(what, self.process.killed)
        if "protocol version" in str(error).lower() or getattr(error, "code", 0) == -32022:
            return NotStarted(
                f"{one_line(str(error), paths=True)}; it speaks another version of MCP: update one of the two"
            )
        if isinstance(error, ValidationError):
            return NotStarted(f"what the server lists does not read: {place_of(error)}; correct the server")
        what = one_line(f"{type(error).__name__}: {error}", paths=True)
        if self._heard.fault:
            says = one_line(str(error), paths=True) if str(error).startswith("Redirect to ") else ""
            remedy = self._heard.remedy((*self.spec.options.header_variables.values(),))
            return NotStarted(f"the address answered with {self._heard.fault}; {says or remedy}")
        if self.process is None and not self._heard.status:
            return NotStarted(f"nothing answers at the address: {what}; start the server, or correct the address")
        return NotStarted(f"the server does not answer as an MCP server does: {what}{said}")

    async def ask(self, tool: str, arguments: dict[str, Any], seconds: float) -> "CallToolResult":
        """As `call`, in the loop of all connections."""
        from mcp import MCPError

        if not self.alive or self._client is None:
            raise Lost("its server ended")
        heard = listen()
        try:
            async with asyncio.timeout(seconds):
                return await self._client.call_tool(tool, arguments)
        except TimeoutError:
            await self._give_up()
            raise Lost(f"its server did not answer within {seconds:g} s") from None
        except MCPError as error:
            raise await self.meaning(error, heard) from None
        except ChainprefError:
            raise
        except Exception as error:  # what the transport raises, or a result that is not what the tool promised
            if self.alive and type(error).__name__ in ("RuntimeError", "ValidationError"):
                says = place_of(error) if isinstance(error, ValidationError) else one_line(str(error))
                raise Unpromised(f"its server's result is not what it promised: {says}") from None
            self.close()
            raise Lost(f"its server ended: {one_line(str(error)) or type(error).__name__}") from None

    async def meaning(self, error: "MCPError", heard: Heard) -> Exception:
        """What an error of the SDK says of a call, which at an address was `heard`."""
        from mcp.types import CONNECTION_CLOSED, REQUEST_TIMEOUT

        if TOO_LONG in error.message or (self.process is None and TOO_LONG_EVENT in error.message):
            return TooLarge(TOO_LONG)
        if error.message == UNREADABLE:
            return Unpromised(UNREADABLE)
        if self.process is None:
            lost = heard.is_of_machines(error)
        else:  # the SDK's own: over pipes no server's error has these codes
            lost = error.code in (CONNECTION_CLOSED, REQUEST_TIMEOUT)
        if not lost and self.alive:
            return Refused(error.message)
        if self.alive and heard.fault:
            fault = heard.fault  # before more is heard
            await self._give_up()
            return Lost(f"its server answered with {fault}: {one_line(error.message)}")
        self.close()
        return Lost(f"its server ended: {one_line(error.message)}")

    async def _give_up(self) -> None:
        """End it, unless many episodes use it and it still answers, although one call did not come back as it
        should."""
        if not (self.spec.side_by_side and await self.answers()):
            self.close()

    async def answers(self) -> bool:
        """Whether a server that many episodes use still answers, although one call has not come back."""
        assert self._client is not None
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_STILL_ALIVE_S):
                await self._client.list_tools()
                return True
        return False


def place_of(error: ValidationError) -> str:
    """Where an answer of a server is none of the protocol's, in words."""
    first = error.errors(include_url=False)[0]
    where = [str(part) for part in first["loc"]]
    if where[:1] == ["tools"] and where[1:2] and where[1].isdecimal():
        where[:2] = [f"tool {int(where[1]) + 1} of its list"]
    return one_line(f"{'.'.join(where)}: {first['msg']}, not {first['input']!r}")


def wait_for(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives back that runs in the loop of all connections. Not for that loop's own thread."""
    return asyncio.run_coroutine_threadsafe(coroutine, _loop()).result()


_OPEN = set[Connection]()
"""What has to be ended with this process; the loop's thread alone changes it."""


@lru_cache(maxsize=1)
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="mcp", daemon=True)
    thread.start()
    atexit.register(_end_all, loop, thread)
    return loop


def _end_all(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    """End all servers when this process ends."""

    async def end() -> None:
        owners = [connection.owner for connection in _OPEN if connection.owner is not None]
        for connection in tuple(_OPEN):
            connection.close()
        if owners:
            await asyncio.wait(owners, timeout=_ENDING_S)

    with contextlib.suppress(TimeoutError):
        asyncio.run_coroutine_threadsafe(end(), loop).result(2 * _ENDING_S)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(_ENDING_S)
    if not thread.is_alive():
        loop.close()

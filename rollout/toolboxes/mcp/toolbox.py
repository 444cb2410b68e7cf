"""A toolbox whose functions are the tools of an MCP server, and an episode's use of it."""

import asyncio
import weakref
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cluster.errors import InfrastructureError, InfrastructureKind, RequestError
from rollout.records import Call, CallResult, ErrorCode, canonical_json, content_hash
from rollout.toolboxes.function import Function
from rollout.toolboxes.isolation.processes import KILLS
from rollout.toolboxes.mcp import results, tools
from rollout.toolboxes.mcp.connection import Connection, NotStarted
from rollout.toolboxes.mcp.naming import ServerSpec, read_name
from rollout.toolboxes.mcp.servers import Servers
from rollout.toolboxes.mcp.taken import Taken
from rollout.toolboxes.mcp.tools import offered
from rollout.toolboxes.mistakes import CallRefused
from rollout.toolboxes.schemas.toolbox import SchemaFunction
from rollout.toolboxes.source import hash_of_files
from rollout.toolboxes.toolbox import DEADLINE, NOTHING_BUILT_IN, Session, Toolbox, finish

if TYPE_CHECKING:
    from mcp.types import Tool

MOST_STATE = 1_000_000
"""Characters of a state that are read."""
_THREADS = 256
"""Calls that servers make at a time, in one process."""
_FINISHES = ("finish", "end_of_calls", "end_all_calls")


@dataclass(frozen=True)
class McpToolbox(Toolbox):
    """The tools that models may call, and `finish`."""

    servers: Servers | None = field(default=None, compare=False, repr=False)
    tools: "Mapping[str, Tool]" = field(default_factory=dict, compare=False, repr=False)
    state_tool: str = ""
    call_s: float | None = None
    """The deadline of calls, in place of the caller's. Unit: seconds."""

    def open(self, state: str = "null") -> "McpSession":
        """A session. Its server is taken with the first call that needs one; that raises RequestError if the state does
        not fit."""
        return McpSession(self, state)

    def prepare(self, episodes: int) -> None:
        assert self.servers is not None
        self.servers.prepare(episodes)


class McpSession(Session):
    """One episode's use of a server. Raises InfrastructureError when that dies or hangs."""

    def __init__(self, toolbox: McpToolbox, state: str) -> None:
        super().__init__(toolbox, None)
        self._box = toolbox
        assert toolbox.servers is not None
        self._state = state
        self._deadline = DEADLINE
        self._taken = Taken(toolbox.servers)
        weakref.finalize(self, self._taken.give_back).atexit = False

    def call(
        self, call: Call, built_ins: Mapping[str, Function] = NOTHING_BUILT_IN, deadline: float = DEADLINE
    ) -> CallResult:
        self._deadline = self._box.call_s or deadline
        return super().call(call, built_ins, deadline)

    async def call_async(self, call: Call, built_ins: Mapping[str, Function], deadline: float) -> CallResult:
        if isinstance(self.toolbox.functions.get(call.name), SchemaFunction) or '"$' in call.arguments:
            await self._taken.turn(self._state)  # without a thread, of which there are only so many
        return await asyncio.get_running_loop().run_in_executor(_threads(), self.call, call, built_ins, deadline)

    @property
    def waited(self) -> float:
        return self._taken.waited

    def begin(self) -> None:
        """Take the server now. Raises as the first call does."""
        with self._taken.connection(self._state):
            pass

    def state(self) -> str:
        if not self._box.state_tool:
            return canonical_json(None)
        with self._taken.connection(self._state) as connection:
            given = self._taken.servers.state(connection)
        try:
            state = results.json_of(given, self._box.tools[self._box.state_tool])
        except CallRefused as refused:
            raise CallRefused(ErrorCode.TOOLBOX_FAULT, f"its state cannot be read: {refused.message}") from None
        if len(state) > MOST_STATE:
            fault = f"its state has {len(state):,} characters, at most {MOST_STATE:,} are read"
            raise CallRefused(ErrorCode.TOOLBOX_FAULT, fault)
        return state

    async def state_async(self) -> str:
        if self._box.state_tool:
            await self._taken.turn(self._state)
        return await asyncio.get_running_loop().run_in_executor(_threads(), self.state)

    def close(self) -> None:
        self._taken.give_back()

    def _executed(self, function: Function, typed: dict[str, Any]) -> str:
        if not isinstance(function, SchemaFunction):
            return super()._executed(function, typed)
        key = content_hash(self._state, function.written, canonical_json(typed))
        with self._taken.connection(self._state) as connection:
            result = self._taken.servers.call(connection, function.written, typed, self._deadline, key)
        return results.json_of(result, self._box.tools[function.written])


@lru_cache(maxsize=64)  # what is made of it (conversations, distractors) uses the same servers
def load_server(name: str) -> McpToolbox:
    """The toolbox of that name; starts a server and asks it for its tools. Raises RequestError, and InfrastructureError
    where something kills every server."""
    spec = read_name(name)
    connection = _started(spec)
    try:
        offer = offered(spec, connection.tools)
    finally:
        connection.close()
    free = [each for each in _FINISHES if each not in offer.functions]
    if not free:
        raise RequestError(f"toolbox {name!r}: its tools are called {', '.join(map(repr, _FINISHES))}; leave one out")
    ending = Function.from_callable(finish, name=free[0])
    functions: dict[str, Function] = {**offer.functions, ending.name: ending}
    shown = canonical_json([[each.name, each.description, each.parameters] for each in functions.values()])
    use = canonical_json([spec.options.state_tool, spec.options.reset_tool])
    return McpToolbox(
        name=name,
        functions=MappingProxyType(functions),
        finish=ending.name,
        hash=content_hash(shown, offer.definitions, connection.server, use, own_code()),
        servers=Servers(spec, offer),
        tools=offer.tools,
        state_tool=spec.options.state_tool,
        call_s=spec.options.call_s,
    )


def _started(spec: ServerSpec) -> Connection:
    """A server, started again where it is killed."""
    for left in reversed(range(KILLS)):
        try:
            return Connection.start(spec)
        except NotStarted as error:
            if not error.killed:
                raise RequestError(f"toolbox {spec.name!r}: {error}") from None
            if not left:
                what = f"toolbox {spec.name!r}: its server was killed {KILLS} times in a row; end what kills it"
                raise InfrastructureError(InfrastructureKind.SERVER_LOST, what) from None
    raise AssertionError("the last try returns or raises")


@lru_cache(maxsize=1)
def own_code() -> str:
    """Hash of the code that decides what models read of tools and results."""
    return hash_of_files(str(results.__file__), str(tools.__file__))


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="mcp-call")

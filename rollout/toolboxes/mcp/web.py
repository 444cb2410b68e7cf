"""A server that is reached by its address: the SDK's transport, with headers from variables and bounded answers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from rollout.toolboxes.mcp.heard import note
from rollout.toolboxes.mcp.messages import MOST_BYTES, TOO_LONG
from rollout.toolboxes.mcp.naming import ServerSpec
from rollout.toolboxes.mcp.pipes import variables

if TYPE_CHECKING:
    from mcp.client import Transport

_CONNECT_S, _READ_S = 10.0, 600.0
"""How long a connection may take, and how long an answer; calls have deadlines of their own."""


async def transport(spec: ServerSpec, stack: AsyncExitStack) -> "Transport":
    """The SDK's transport to the address, which follows no redirect to elsewhere. Raises RequestError for a variable
    that is not set."""
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    given = variables(spec)
    client = httpx2.AsyncClient(
        headers={
            "Accept-Encoding": "identity",
            **{header: given[name] for header, name in spec.options.header_variables.items()},
        },
        timeout=httpx2.Timeout(_CONNECT_S, read=_READ_S),
        trust_env=spec.url.startswith("https:"),  # no proxy stands between this machine and itself
        event_hooks={"response": [note, bounded]},
    )
    await stack.enter_async_context(client)
    return streamable_http_client(spec.url, http_client=client, max_sse_event_size=MOST_BYTES)


async def bounded(response: Any) -> None:
    """Let an answer that is too long, or packed, end where it is read. The SDK bounds the events of a stream itself."""
    import httpx2

    class Bounded(httpx2.AsyncByteStream):
        def __init__(self, stream: Any, packed: bool) -> None:
            self._stream, self._packed = stream, packed

        async def __aiter__(self) -> AsyncIterator[bytes]:
            length = 0
            async for part in self._stream:
                length += len(part)
                if length > MOST_BYTES:
                    raise httpx2.StreamError(TOO_LONG)
                if self._packed:
                    raise httpx2.StreamError("the answer is packed, which was not asked for")
                yield part

        async def aclose(self) -> None:
            await self._stream.aclose()

    packed = response.headers.get("content-encoding", "identity") != "identity"
    if packed or not response.headers.get("content-type", "").startswith("text/event-stream"):
        response.stream = Bounded(response.stream, packed)

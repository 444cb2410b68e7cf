"""What HTTP says about a request: whether an answer is the server's own, or of what stands before it.

The SDK gives both to its callers as errors of the protocol, and the status is not in them. A hook of the HTTP client
notes it for the task that asked: the SDK sends a request in the context of the task that makes it.
"""

import contextlib
import json
from contextvars import ContextVar
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from rollout.toolboxes.mistakes import quoted

if TYPE_CHECKING:
    from mcp import MCPError

_OF_MCP = ("application/json", "text/event-stream")
_OF_SDK = ("SSE stream ", "Failed to parse ", "Connection closed")
"""How the SDK begins what it says itself about an answer that broke off or does not read."""
TOO_LONG_EVENT = "Server-sent event exceeded the "
"""What the SDK says of an event of more bytes than it was told to read."""


class Heard:
    """The last answer to a request of one task."""

    def __init__(self) -> None:
        self.status = 0
        """Of HTTP; 0 where nothing answered."""
        self.fault = ""
        """What is wrong with it, for people; "" where it may be an answer of MCP."""

    def is_of_machines(self, error: "MCPError") -> bool:
        """Whether an error that the SDK raised over HTTP is none that the server gave as its answer."""
        from mcp.types import INVALID_PARAMS

        if self.status == HTTPStatus.BAD_REQUEST and error.code == INVALID_PARAMS:  # so MCP has it said
            return False
        return bool(self.fault) or error.message.startswith(_OF_SDK)

    def remedy(self, variables: tuple[str, ...]) -> str:
        """What to do about an answer to the first request; `variables` hold the values of the headers."""
        if self.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            if variables:
                return f"correct the value of {' or '.join(variables)}"
            return "name the variable that holds what it asks for with headers, as HEADER=NAME"
        if self.status >= HTTPStatus.INTERNAL_SERVER_ERROR or self.status == HTTPStatus.TOO_MANY_REQUESTS:
            return "mend the server, or try again later"
        return "correct the address"


_HEARD: ContextVar[Heard | None] = ContextVar("heard", default=None)


def listen() -> Heard:
    """What will be heard of the requests of this task, and of those that it starts."""
    heard = Heard()
    _HEARD.set(heard)
    return heard


async def note(response: Any) -> None:
    """A hook of the HTTP client: note an answer for the task that asked."""
    heard = _HEARD.get()
    if heard is not None and response.request.method == "POST":
        heard.status, heard.fault = response.status_code, fault_of(response)


def fault_of(response: Any) -> str:
    """Why an answer of HTTP is none of MCP, for people; "" where it may be one."""
    status, kind = response.status_code, response.headers.get("content-type", "")
    named = f"HTTP {status}"
    with contextlib.suppress(ValueError):
        named = f"{named} {HTTPStatus(status).phrase}"
    if status == HTTPStatus.ACCEPTED:  # right for what asks for no result
        return f"{named}, without a result" if "id" in json.loads(response.request.content) else ""
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        return named
    return "" if kind.lower().startswith(_OF_MCP) else f"{quoted(repr(kind))}, which is not of MCP"

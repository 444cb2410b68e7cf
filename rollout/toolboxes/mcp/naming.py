"""Names of toolboxes that are MCP servers.

`mcp:COMMAND ARGUMENT ...`    a program of this machine, spoken to over its pipes
`mcp+https://HOST/PATH`       a server that runs elsewhere
`mcp+http://127.0.0.1/PATH`   one of this machine

Behind the command or the address stands what the recipe says of it (`McpConfig`), as a JSON object. A command is split
as a shell does it, and no shell reads it.
"""

import ipaddress
import json
import shlex
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import ValidationError

from cluster.errors import RequestError
from rollout.records import canonical_json
from rollout.toolboxes.mcp.config import McpConfig

_COMMAND, _ADDRESSES = "mcp:", ("mcp+https://", "mcp+http://")
_OF_COMMANDS = ("processes", "env", "files", "network", "confined", "shared")
_OF_ADDRESSES = ("headers",)


@dataclass(frozen=True)
class ServerSpec:
    """An MCP server: its program with arguments, or its address, and how it is used."""

    name: str
    """The toolbox's, without what is made of it."""
    command: tuple[str, ...]
    """() for one that is reached by its address."""
    url: str
    options: McpConfig

    @property
    def shared(self) -> bool:
        """Whether a server serves more than one episode."""
        return self.options.shared or bool(self.url)

    @property
    def side_by_side(self) -> bool:
        """Whether it serves them at the same time."""
        return self.shared and not self.options.reset_tool


def is_server(name: str) -> bool:
    """Whether a toolbox's name is that of an MCP server."""
    return name.startswith((_COMMAND, *_ADDRESSES))


def with_options(name: str, options: McpConfig | None) -> str:
    """The name of a server's toolbox with what a recipe says of it."""
    said = options.model_dump(mode="json", exclude_defaults=True) if options is not None else {}
    return f"{name} {canonical_json(said)}" if said else name


def read_name(name: str) -> ServerSpec:
    """The server that a name, without what is made of the toolbox, stands for. Raises RequestError."""
    where = f"toolbox {name!r}"
    place, options = read_options(name)
    try:
        words = tuple(shlex.split(place.removeprefix(_COMMAND))) if place.startswith(_COMMAND) else ()
    except ValueError as error:
        raise RequestError(f"{where}: the command does not read: {error}; close its quotes") from None
    if place.startswith(_COMMAND) and not words:
        raise RequestError(f"{where}: no command; write mcp:PROGRAM ARGUMENT ...")
    for key in _OF_ADDRESSES if words else _OF_COMMANDS:
        if getattr(options, key) != McpConfig.model_fields[key].default:
            kind = "a command" if words else "an address"
            raise RequestError(f"{where}: {key} is not for a server that is named by {kind}; leave it out")
    url = "" if words else place.removeprefix("mcp+")
    if url:
        _require_address(url, where)
    return ServerSpec(name=name, command=words, url=url, options=options)


def read_options(name: str) -> tuple[str, McpConfig]:
    """A name's command or address, and its options. Raises RequestError, which repeats no option: it may be a
    secret."""
    at = name.find(" {") if name.endswith("}") else -1
    while at >= 0:
        try:
            said = json.loads(name[at + 1 :])
        except ValueError:
            at = name.find(" {", at + 1)
            continue
        try:
            return name[:at], McpConfig.model_validate_json(json.dumps(said))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            raise RequestError(
                f"toolbox {name[:at]!r}: option {key!r}: {first['msg']}; docs/toolboxes.md lists the options"
            ) from None
    return name, McpConfig()


def _require_address(url: str, where: str) -> None:
    """Raise RequestError unless `url` is one of https, or of http on this machine, without a user in it."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise RequestError(f"{where}: the address does not read: {error}") from None
    if not host:
        raise RequestError(f"{where}: the address names no host; write mcp+https://HOST/PATH")
    if parts.username is not None or parts.password is not None:
        raise RequestError(f"{where}: a user stands in the address; name a variable in headers instead")
    if parts.scheme == "http" and not is_loopback(host):
        raise RequestError(f"{where}: http is for servers of this machine; use mcp+https:// for {host}")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

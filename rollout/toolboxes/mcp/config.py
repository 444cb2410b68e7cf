"""What a recipe says about an MCP server, beside its command or address."""

import re
from typing import Any

from pydantic import ConfigDict, Field, field_validator

from cluster.config import Section
from cluster.shown import holds_credential

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}|[a-z]{2,5}_proxy")
"""Names in capitals, and those of proxies: what else looks like a name may be a value, pasted in its place."""
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


class McpConfig(Section):
    """How a server is used: which of its tools, what it may see, and how it is brought back to its beginning."""

    model_config = ConfigDict(hide_input_in_errors=True)

    tools: tuple[str, ...] = ()
    """The tools that models may call. Empty: all that the server lists, but those of `state_tool` and `reset_tool`."""
    state_tool: str = ""
    """The tool, called without arguments, whose result is the world that checker `world` judges. Empty: the world is
    null, and calls, results and answers are judged."""
    reset_tool: str = ""
    """The tool that brings the server to a problem's state: an object, which is the tool's arguments."""
    shared: bool = False
    """Whether a server process serves many episodes: one after the other with `reset_tool`, else side by side, where
    all its tools say that they only read. Otherwise each episode gets a process of its own. A server that is reached by
    its address is always shared."""
    processes: int = Field(default=16, ge=1, le=1024)
    """Server processes of one host at a time; an episode has one from its first call to its end, and others wait. Unit:
    processes."""
    env: tuple[str, ...] = ()
    """Names, in capitals, of the variables of this process that the server gets. Their values stand in no recipe."""
    headers: tuple[str, ...] = ()
    """HTTP headers of a server that is reached by its address, HEADER=NAME each; NAME is the variable of this process
    that holds the value, as in `["Authorization=TICKETS_TOKEN"]`."""
    files: str = ""
    """A folder of which each server process gets a copy of its own, as its working directory. Empty: it works where
    this process does."""
    network: bool = False
    """Whether the server's process may use TCP."""
    confined: bool = True
    """Whether the kernel keeps the server's process from writing outside its scratch folder, as docs/security.md
    says."""
    start_s: float = Field(default=60.0, gt=0, le=600)
    """How long the server may take to start and to list its tools, and to be reset or to say its state. Unit:
    seconds."""

    call_s: float | None = Field(default=None, gt=0, le=3600)
    """How long a call may take, also a gold call. Absent: `episodes.calls.deadline`, and 60 for gold calls. Unit:
    seconds."""

    @field_validator("env", "headers", mode="before")
    @classmethod
    def _are_texts(cls, entries: Any) -> tuple[str, ...]:
        if not isinstance(entries, list | tuple) or not all(isinstance(each, str) for each in entries):
            raise ValueError("is no list of names; name variables, and set their values outside recipes")
        return tuple(entries)

    @field_validator("env")
    @classmethod
    def _are_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for number, name in enumerate(names, 1):
            if not _is_variable(name):
                raise ValueError(
                    f"entry {number} is no variable's name in capitals; name variables, and set their values outside "
                    "recipes"
                )
        return names

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: tuple[str, ...]) -> tuple[str, ...]:
        for number, each in enumerate(headers, 1):
            header, _, name = each.partition("=")
            if not _HEADER.fullmatch(header) or not _is_variable(name):
                raise ValueError(
                    f"entry {number} is no HEADER=NAME, with a variable's name in capitals; name a variable, and set "
                    "its value outside recipes"
                )
        return headers

    @property
    def header_variables(self) -> dict[str, str]:
        """Header -> name of the variable that holds its value."""
        return dict(each.split("=", 1) for each in self.headers)


def _is_variable(name: str) -> bool:
    return bool(_VARIABLE.fullmatch(name)) and not holds_credential(name)

"""How tests name the servers of this folder, and call their tools."""

from pathlib import Path
from typing import Any

from rollout.records import Call, CallResult, canonical_json
from rollout.toolboxes import Session
from rollout.toolboxes.mcp.config import McpConfig
from rollout.toolboxes.mcp.naming import with_options

HERE = Path(__file__).parent


def plain(*behaviour: str, **options: Any) -> str:
    """A toolbox's name: the server of the standard library alone."""
    command = " ".join(("mcp:python", str(HERE / "plain_server.py"), *behaviour))
    return with_options(command, McpConfig(**{"start_s": 300.0, **options}))


def call(name: str, /, **arguments: Any) -> Call:
    return Call(name=name, arguments=canonical_json(arguments))


def ask(session: Session, name: str, /, **arguments: Any) -> CallResult:
    return session.call(call(name, **arguments), deadline=20.0)

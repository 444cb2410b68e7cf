"""Writes docs/commands.md from the command line itself: `python -m pipeline.command_reference`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from pipeline.cli import app
from pipeline.examples import EXAMPLES

TARGET = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
_HEAD = """# Commands

Every command with its options, as `chainpref COMMAND --help` says them. `python -m pipeline.command_reference` writes
this page. What a command exits with stands in the [README](../README.md#exit-status).
"""


def reference() -> str:
    """The page, as Markdown."""
    return "\n".join([_HEAD, *(section(name, command) for name, command in commands().items())])


def commands() -> dict[str, Any]:
    """Name -> command as click has it, those of a group under the group's name and their own."""
    found: dict[str, Any] = {}
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found |= {name: command} if inner is None else {f"{name} {each}": one for each, one in inner.items()}
    return found


def section(name: str, command: Any) -> str:
    """A command's section: what it does, an example, and a table of arguments and options."""
    rows = [f"| {spelled} | {text} |" for spelled, text in parameters(command)]
    text = " ".join(command.help.split())
    return "\n".join(
        [f"## `chainpref {name}`\n", f"{text}\n", f"`{EXAMPLES[name]}`\n", "| | |", "|---|---|", *rows, ""]
    )


def parameters(command: Any) -> Iterator[tuple[str, str]]:
    """Arguments and options as they are written, and what they mean."""
    with command.make_context("", [], resilient_parsing=True) as context:
        for each in command.params:
            spelled, text = each.get_help_record(context)
            yield f"`{spelled.removesuffix(' <path>')}`", " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")

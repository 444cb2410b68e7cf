"""Every command's help ends with an example that its parser takes, and every option stands in some document."""

import re
import shlex

import pytest

from pipeline.cli import _with_numbers
from pipeline.command_reference import TARGET, commands, reference
from pipeline.examples import EXAMPLES

COMMANDS = commands()
PAGE = TARGET.read_text()


def test_there_is_an_example_of_every_command_and_of_nothing_else() -> None:
    assert EXAMPLES.keys() == COMMANDS.keys()
    assert len(COMMANDS) > 20


@pytest.mark.parametrize("name", COMMANDS)
def test_help_ends_with_an_example_that_is_parsed(name: str) -> None:
    command = COMMANDS[name]
    with command.make_context(f"chainpref {name}", [], resilient_parsing=True) as context:
        lines = command.get_help(context).rstrip().splitlines()
    assert [line.strip() for line in lines[-2:]] == ["Example:", EXAMPLES[name]]
    words = shlex.split(EXAMPLES[name])
    assert words[: 1 + len(name.split())] == ["chainpref", *name.split()]
    # An option or an argument too many, or one that lacks its value, raises a usage error.
    with command.make_context(f"chainpref {name}", _with_numbers(words[1 + len(name.split()) :])):
        pass


def test_the_page_of_commands_is_as_generated() -> None:
    assert TARGET.read_text() == reference(), "python -m pipeline.command_reference writes it anew"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_stands_in_a_document(name: str) -> None:
    (section,) = re.findall(rf"^## `chainpref {re.escape(name)}`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    for parameter in COMMANDS[name].params:
        for option in (*parameter.opts, *parameter.secondary_opts):
            if option.startswith("--"):
                assert re.search(rf"^\| `[^`]*{re.escape(option)}(?![\w-])", section, re.MULTILINE), option

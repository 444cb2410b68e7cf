"""Names of MCP servers, and what a recipe says of them."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cluster.config import parse
from cluster.errors import RequestError
from rollout.episodes.worlds import _GOLD_S
from rollout.problems import FamilyConfig
from rollout.toolboxes.loading import have_same_functions, plain_name, with_turns, without_interpreter
from rollout.toolboxes.mcp import config
from rollout.toolboxes.mcp.config import McpConfig
from rollout.toolboxes.mcp.naming import is_server, read_name, with_options
from rollout.toolboxes.schemas.toolbox import is_schemas

OPTIONS = McpConfig(tools=("a b", "c"), state_tool="dump", env=("TOKEN",))


@pytest.mark.parametrize(
    "command",
    [
        "mcp:server",
        "mcp:server --port 100%25 a#b +7@x",
        """mcp:server '{"a": 1}'""",
        "mcp:node s.js --config tools.json",
    ],
)
def test_a_name_keeps_command_and_options_apart_from_what_is_made_of_it(command: str) -> None:
    name = with_options(command, OPTIONS)
    assert read_name(name).options == OPTIONS
    assert read_name(name).command == read_name(command).command
    for each in (command, name):
        for made in (with_turns(each), f"{each}+12@3", f"{with_turns(each)}+12"):
            assert plain_name(made) == each
            assert with_turns(made).count("#turns") == 1
            assert without_interpreter(made) == (made, "")
            assert have_same_functions(made, each)
        assert is_server(each)
        assert not is_schemas(each)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mcp: ", "no command; write mcp:PROGRAM"),
        ("mcp:server 'a", "the command does not read"),
        ("mcp+http://example.com/mcp", "http is for servers of this machine; use mcp+https:// for example.com"),
        ("mcp+http://192.168.0.1/mcp", "http is for servers of this machine"),
        ("mcp+https://ann:secret@example.com/mcp", "a user stands in the address"),
        ("mcp+https:///mcp", "the address names no host"),
        ('mcp+https://example.com/mcp {"env":["A"]}', "env is not for a server that is named by an address"),
        ('mcp:server {"headers":["A=B"]}', "headers is not for a server that is named by a command"),
        ('mcp:server {"tols":["a"]}', "option 'tols'"),
        ('mcp:server {"env":["TOKEN=abc"]}', "name variables, and set their values outside recipes"),
        ('mcp+https://example.com/mcp {"headers":["Authorization=Bearer abc"]}', "entry 1 is no HEADER=NAME"),
    ],
)
def test_a_name_that_does_not_read_is_one_line(name: str, says: str) -> None:
    with pytest.raises(RequestError, match=r"^[^\n]*$") as refused:
        read_name(name)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({"env": ["hf_abcdefghijklmnopqrstuvwxyzABCDEFGH"]}, "hf_abc"),
        ({"env": ["TOKEN", "s3cr3tvalue"]}, "s3cr3tvalue"),
        ({"env": ["AKIAABCDEFGHIJKLMNOP"]}, "AKIA"),
        ({"env": ["TOKEN=s3cr3tvalue"]}, "s3cr3tvalue"),
        ({"env": "s3cr3tvalue"}, "s3cr3tvalue"),
        ({"env": [{"TOKEN": "s3cr3tvalue"}]}, "s3cr3tvalue"),
        ({"headers": ["Authorization=s3cr3tvalue"]}, "s3cr3tvalue"),
        ({"headers": ["Authorization=Bearer s3cr3tvalue"]}, "s3cr3tvalue"),
        ({"headers": {"Authorization": "s3cr3tvalue"}}, "s3cr3tvalue"),
    ],
)
def test_a_value_in_place_of_a_name_is_refused_and_not_repeated(options: dict[str, Any], value: str) -> None:
    place = "mcp+https://example.com/mcp" if "headers" in options else "mcp:server"
    with pytest.raises(RequestError, match=r"^[^\n]*$") as of_a_name:
        read_name(f"{place} {json.dumps(options)}")
    with pytest.raises(RequestError, match=r"^[^\n]*$") as of_a_recipe:
        parse(FamilyConfig, {"family": "jsonl", "path": "p.jsonl", "toolbox": place, "mcp": options}, "mine")
    with pytest.raises(ValidationError) as of_the_section:
        McpConfig(**options)
    for refused in (of_a_name, of_a_recipe, of_the_section):
        assert value not in str(refused.value)
        assert "outside recipes" in str(refused.value)


def test_names_of_variables_are_taken() -> None:
    named = McpConfig(env=("TICKETS_TOKEN", "_A1", "https_proxy"), headers=("X-Key=TICKETS_TOKEN",))
    assert named.header_variables == {"X-Key": "TICKETS_TOKEN"}


@pytest.mark.parametrize(
    "name", ["mcp+http://127.0.0.1:8000/mcp", "mcp+http://localhost/mcp", "mcp+http://[::1]:1/mcp"]
)
def test_this_machine_may_be_reached_by_http(name: str) -> None:
    assert read_name(name).url == name.removeprefix("mcp+")
    assert read_name(name).side_by_side


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"toolbox": "tools.py", "mcp": {"shared": True}}, "mcp = {...} is for a toolbox that is an MCP server"),
        ({"toolbox": "mcp:server", "python": "old"}, "an MCP server's command names its interpreter"),
        ({"toolbox": "mcp+http://example.com"}, "http is for servers of this machine"),
        ({"toolbox": "mcp:server", "mcp": {"start_s": 0}}, "start_s"),
    ],
)
def test_a_recipe_that_misuses_it_is_refused_when_it_is_read(table: dict[str, object], says: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse(FamilyConfig, {"family": "jsonl", "path": "p.jsonl", **table}, "mine")
    assert says in str(refused.value)


def test_the_page_says_how_long_a_gold_call_may_take() -> None:
    page = Path("docs/toolboxes.md").read_text(encoding="utf-8")
    assert f"without it `episodes.calls.deadline`, and {_GOLD_S:.0f} s for gold calls" in page
    assert f"and {_GOLD_S:.0f} for gold calls" in Path(str(config.__file__)).read_text(encoding="utf-8")

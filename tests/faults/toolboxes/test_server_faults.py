"""MCP servers, and the hosts that started them, killed in the middle of a rollout."""

import json
from pathlib import Path

import pytest

from rollout.records import Outcome
from tests.faults.rollouts import RECIPE, Harmed, assert_whole, prepare
from tests.faults.seed import seeded
from tests.faults.toolboxes.harm import episodes, kill_in_the_middle
from tests.rollout.toolboxes.mcp.calling import HERE

pytestmark = [pytest.mark.engine, pytest.mark.faults, pytest.mark.timeout(1800)]

SERVER = HERE / "plain_server.py"
THINGS = (
    "apples", "pears", "plums", "nuts", "eggs", "leeks", "beans", "onions", "pens", "books", "cups", "plates",
    "chairs", "tables", "lamps", "coats", "hats", "shoes", "keys", "bikes", "trains", "boats", "stones", "shells",
    "stamps", "coins", "rings", "drums", "flutes", "horns",
)  # fmt: skip
ON_A_SERVER = """[problems.count]
family = "jsonl"
path = "{path}"
toolbox = "mcp:python {server}"
mcp = {{{{ state_tool = "dump", reset_tool = "load", processes = 4, start_s = 300.0, call_s = 60.0 }}}}
checker = "world"
calls_column = "calls"
state_column = "state"
train = 20
"""


def on_a_server(folder: Path) -> Harmed:
    rows = [
        {
            "text": f"Add {number % 5 + 1} to the {thing}, one after the other.",
            "state": {"count": number},
            "calls": [
                *[{"name": "add", "arguments": {"by": 1}}] * (number % 5 + 1),
                {"name": "finish", "arguments": {"answer": f"It is {number + number % 5 + 1}."}},
            ],
            "answer": {"end": {"as_gold": True, "unchanged": ["notes"]}},
        }
        for number, thing in enumerate(THINGS)
    ]
    path = folder / "count.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    start, end = RECIPE.index("[problems.arithmetic]"), RECIPE.index("[episodes]")
    template = RECIPE[:start] + ON_A_SERVER.format(path=path, server=SERVER) + RECIPE[end:]
    mistakes = 'wrong = 0.4, mistakes = ["no_call", "wrong_answer"]'
    # Slow replies, so that there is work left for all kills.
    return prepare(folder, template=template, **{"wrong = 0.4": mistakes, "median_s = 0.04": "median_s = 0.3"})


def is_server(line: list[str]) -> bool:
    return str(SERVER) in line[1:2]


def labels(harmed: Harmed) -> dict[tuple[str, int], tuple[str, object, object]]:
    return {(one.problem_id, one.sample): (one.outcome, one.error, one.credit) for one in episodes(harmed)}


def test_30_kills_of_servers_and_3_of_their_hosts(tmp_path: Path) -> None:
    for name in ("harmed", "spared"):
        (tmp_path / name).mkdir()
    harmed = on_a_server(tmp_path / "harmed")
    kill_in_the_middle(harmed, is_server, seeded(), pause=(0.05, 0.4))
    assert_whole(harmed)
    spared = on_a_server(tmp_path / "spared")
    spared.finish(spared.start())
    found = labels(harmed)
    assert {label[0] for label in found.values()} == {Outcome.RIGHT, Outcome.WRONG}
    # The script's attempts depend on problem and sample alone, so every label has to be that of a rollout in peace.
    assert sorted(found.values(), key=str) == sorted(labels(spared).values(), key=str)

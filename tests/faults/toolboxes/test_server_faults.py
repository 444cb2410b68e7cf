"""MCP servers, and the hosts that started them, killed in the middle of a rollout."""

import json
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from cluster.store.ledger import Ledger
from cluster.store.storage import LocalStore
from rollout.data.shards import read_rows
from rollout.records import Episode, Outcome
from tests.faults.rollouts import RECIPE, Harmed, assert_whole, hosts, prepare
from tests.faults.seed import seeded
from tests.integration.test_whole_path import children
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


def servers(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Processes of servers below a driver."""
    found = []
    for child in children(process):
        try:
            if str(SERVER) in child.cmdline()[1:2]:
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


def labels(harmed: Harmed) -> dict[tuple[str, int], tuple[str, object, object]]:
    rows = read_rows(Episode, Ledger(LocalStore(harmed.run), "episodes"))
    return {(one.problem_id, one.sample): (one.outcome, one.error, one.credit) for one in rows}


def test_30_kills_of_servers_and_3_of_their_hosts(tmp_path: Path) -> None:
    for name in ("harmed", "spared"):
        (tmp_path / name).mkdir()
    harmed, drawn = on_a_server(tmp_path / "harmed"), seeded()
    process, killed, hosts_killed = harmed.start(), 0, 0
    while killed < 30 and harmed.wait(process, lambda: servers(process)):
        time.sleep(drawn.uniform(0.05, 0.4))
        if killed % 10 == 9 and hosts_killed < 3 and (there := hosts(process)):
            theirs = [each for host in there[:1] for each in host.children(recursive=True)]
            there[0].send_signal(signal.SIGKILL)
            hosts_killed += 1
            assert psutil.wait_procs(theirs, timeout=30)[1] == [], "servers outlive the host that started them"
        if there := servers(process):
            try:
                drawn.choice(there).send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue
            killed += 1
    harmed.finish(process)
    assert (killed, hosts_killed) == (30, 3), "the rollout was over before"
    assert_whole(harmed)
    spared = on_a_server(tmp_path / "spared")
    spared.finish(spared.start())
    found = labels(harmed)
    assert {label[0] for label in found.values()} == {Outcome.RIGHT, Outcome.WRONG}
    # The script's attempts depend on problem and sample alone, so every label has to be that of a rollout in peace.
    assert sorted(found.values(), key=str) == sorted(labels(spared).values(), key=str)

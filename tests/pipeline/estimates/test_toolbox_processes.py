"""Memory of the processes that stand beside the driver and hosts, by a recipe's problems."""

import pytest

from pipeline.estimates.hardware import MIB
from pipeline.estimates.toolbox_processes import CHECKERS, RENDERER, SERVER, WORKER, beside_driver, beside_host
from rollout.config import HostsConfig
from rollout.problems.config import FamilyConfig
from rollout.toolboxes.isolation.isolated import WORKERS

HOSTS = HostsConfig(count=2, live_episodes=12)
OWN = FamilyConfig(family="arithmetic", train=1)
SCHEMAS = FamilyConfig(family="bfcl", task="multiple", test=1)
WORLD = FamilyConfig(family="bfcl", task="multi_turn_base", name="bfcl_base", train=1)
WORLD_AGAIN = FamilyConfig(family="bfcl", task="multi_turn_miss_func", name="bfcl_miss", train=1)
SHOP = FamilyConfig(family="tau2", task="retail", test=1)
USERS = FamilyConfig(family="arithmetic", toolbox="docs/examples/toolbox.py", train=1)


def server(path: str = "orders.jsonl", **options: object) -> FamilyConfig:
    return FamilyConfig.model_validate(
        {"family": "jsonl", "path": path, "toolbox": "mcp:python server.py", "mcp": options, "train": 1}
    )


@pytest.mark.parametrize(
    ("families", "workers", "of_host", "of_driver"),
    [
        ((OWN,), 0, 0, 0),
        ((WORLD, WORLD_AGAIN), 1, 0, 0),
        ((WORLD, SHOP, USERS, USERS), 3, 0, 0),
        ((server(processes=5), server("more.jsonl", processes=5)), 0, 5, 1),
        ((server(processes=5), server(processes=3, env=["TOKEN"])), 0, 8, 2),
        ((server(processes=100),), 0, 12, 1),
        ((server(shared=True),), 0, 1, 1),
        ((server(shared=True, reset_tool="load"),), 0, 12, 1),
    ],
)
def test_each_toolbox_counts_once_and_servers_as_many_as_there_may_be(
    families: tuple[FamilyConfig, ...], workers: int, of_host: int, of_driver: int
) -> None:
    each = RENDERER + workers * WORKERS * WORKER
    assert beside_host(families, HOSTS).bytes == pytest.approx(2 * (each + of_host * SERVER))
    assert beside_driver(families).bytes == pytest.approx(each + of_driver * SERVER)


def test_checkers_of_other_packages_have_workers_of_their_own() -> None:
    families = (OWN, SCHEMAS, SCHEMAS, FamilyConfig(family="reasoning_gym", task="gsm_symbolic", train=1))
    each = RENDERER + WORKERS * (CHECKERS["bfcl"] + CHECKERS["reasoning_gym"])
    assert beside_driver(families).bytes == pytest.approx(each)
    assert beside_host(families, HOSTS).bytes == pytest.approx(2 * each)


def test_a_server_at_an_address_takes_nothing_here() -> None:
    there = FamilyConfig.model_validate(
        {"family": "jsonl", "path": "a.jsonl", "toolbox": "mcp+https://example.org/mcp", "train": 1}
    )
    assert beside_host((there,), HOSTS).bytes == pytest.approx(2 * RENDERER)
    assert beside_host((there,), HOSTS).how == f"2 x (renderer {RENDERER / MIB:.0f} MiB)"

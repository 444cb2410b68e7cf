"""Plans of the repository's recipes, on its clusters or on nodes that a test describes."""

from functools import cache

from cluster.config import parse
from pipeline.estimates.hardware import GIB, ClusterConfig, Machines, Node, machines
from pipeline.estimates.speed import REFERENCE
from pipeline.plan.machines import find_machines
from pipeline.plan.make import Plan, make_plan
from pipeline.recipe import load_recipe
from tests.repository import RECIPES

CLUSTERS = RECIPES / "clusters"
PAPER = "llama3-70b-to-mistral-7b"
HERE = Machines(
    nodes=(
        Node(
            name="this machine",
            kind="this machine",
            gpu=None,
            gpus=0,
            cpus=2,
            memory=16 * GIB,
            shm=8 * GIB,
            network_gbs=1,
            storage_gbs=1,
            disk=0,
            price_hour=0,
        ),
    ),
    source="this machine",
)


@cache
def planned(recipe: str, cluster: str = "", *settings: str) -> Plan:
    """On the nodes of a cluster file of the repository; those that the recipe names; or HERE."""
    path = RECIPES / f"{recipe}.toml"
    loaded = load_recipe(path, settings)
    found = find_machines(loaded, CLUSTERS / f"{cluster}.toml" if cluster else None, "")
    return make_plan(loaded, HERE if found.source == "this machine" else found, REFERENCE)


def planned_on(nodes: dict[str, dict[str, object]], recipe: str, *settings: str) -> Plan:
    """On these nodes, by kind, as a cluster file has them."""
    cluster = machines(parse(ClusterConfig, {"nodes": nodes}, "nodes"), "nodes of a test")
    return make_plan(load_recipe(RECIPES / f"{recipe}.toml", settings), cluster, REFERENCE)


def node(gpu: str = "", gpus: int = 0, cpus: int = 192, memory_gib: float = 2048, **more: object) -> dict[str, object]:
    """Nodes of a kind."""
    return {"gpu": gpu, "gpus": gpus, "cpus": cpus, "memory_gib": memory_gib, **more}


def said(plan: Plan) -> str:
    """All faults."""
    return "; ".join(map(str, plan.faults))

"""Recipes, clusters and settings against each other: nothing is raised, and what is called enough is enough."""

from functools import cache

import pytest

from cluster.config import parse
from pipeline.estimates.hardware import ClusterConfig, Machines, machines
from pipeline.estimates.speed import REFERENCE
from pipeline.plan.as_json import as_json
from pipeline.plan.make import Plan, make_plan
from pipeline.plan.remedies import with_demands
from pipeline.plan.tokens import Demands, demands_of
from pipeline.recipe import Recipe, load_recipe
from tests.pipeline.plan.planned import PAPER, RECIPES, node

NODES = {
    "two of eight": {"gpu": node("H100", 8, count=2, disk_gib=4000)},
    "one": {"gpu": node("H100", 1, cpus=16, memory_gib=64, disk_gib=300)},
    "mixed": {"large": node("H100", 8, cpus=128), "small": node("L4", 8, cpus=96, memory_gib=384)},
    "old": {"gpu": node("T4", 4, cpus=48, memory_gib=192)},
    "uneven": {"rich": node("A100-80", 8), "poor": node("A100-80", 8, memory_gib=40, shm_gib=0.1)},
    "none": {"cpu": node(cpus=32, memory_gib=64, count=2)},
    "one without": {"cpu": node(cpus=8, memory_gib=8)},
}
SETTINGS = (
    (),
    ("engines.teacher.count=5",),
    ("engines.teacher.engine.tensor_parallel=3", "engines.teacher.scripted={}"),
    ("engines.teacher.engine.max_context=65536", "training.tokens_per_micro_step=256"),
    ("engines.teacher.engine.max_running=100000",),
    ("engines.teacher.engine.kv_cache_mb=80000", "engines.student.engine.kv_cache_mb=1"),
    ("engines.teacher.engine.gpu_memory=0.2", "training.ranks=64"),
    ("engines.teacher.cpus=300", "training.cpus_per_rank=100"),
    ("engines.teacher.device='cpu'", "engines.student.device='gpu'"),
    ("engines.student.gpu='H100'", "training.gpu='L4'"),
    ("training.gpus_per_rank=0",),
    ("training.gpus_per_rank=2", "training.zero.stage=0"),
    ("training.gpus_per_rank=0.5", "training.keep_checkpoints=50"),
    ("training.gpus_per_rank=1", "training.zero.bf16='off'", "training.tokens_per_micro_step=200000"),
    ("training.zero.offload_optimizer='cpu'", "training.ranks=1", "groups.max_tokens=100"),
    ("engines.student.engine.pipeline_parallel=40", "rollout.samples=1"),
    ('models.student.source="hub:meta-llama/Meta-Llama-3-70B-Instruct"',),
)
STUDENTS = (PAPER, "one-gpu", "regenerate", "local")


@cache
def demands(recipe: str, on_gpus: bool) -> Demands:
    return demands_of(load_recipe(RECIPES / f"{recipe}.toml"), on_gpus)


def planned(name: str, recipe: Recipe, nodes: Machines) -> Plan:
    """The tokens are counted once a recipe: no setting here changes a conversation."""
    return make_plan(recipe, nodes, REFERENCE, with_demands(demands(name, nodes.gpus > 0), recipe))


OFTEN = ("old", "mixed")
"""Clusters that every change is tried on; the others are left to `make test-faults`."""


@pytest.mark.parametrize(
    "cluster", [pytest.param(name, marks=() if name in OFTEN else pytest.mark.long) for name in NODES]
)
def test_what_is_called_enough_is_enough(cluster: str) -> None:
    nodes = machines(parse(ClusterConfig, {"nodes": NODES[cluster]}, cluster), cluster)
    for index, settings in enumerate(SETTINGS):
        name = STUDENTS[index % len(STUDENTS)]
        path = RECIPES / f"{name}.toml"
        plan = planned(name, load_recipe(path, settings), nodes)
        shown = as_json(plan)
        assert bool(shown["remedies"]) == bool(plan.faults)
        if together := shown["together"]["set"]:
            again = planned(name, load_recipe(path, [*settings, *together]), nodes)
            assert list(map(str, again.faults)) == shown["together"]["left"], (name, settings, together)

"""The pods of a rendered job ask for what the plan places: every recipe of the repository, on the nodes it names."""

import io
import math
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from cluster.config import load_toml
from cluster.errors import RequestError
from pipeline.estimates.speed import REFERENCE
from pipeline.k8s.render import render_planned
from pipeline.k8s.request import Rendering
from pipeline.plan.as_json import as_json
from pipeline.plan.machines import find_machines
from pipeline.plan.make import Plan, make_plan
from pipeline.plan.pods import HEAD, TASKS, object_name
from pipeline.recipe import load_recipe
from tests.pipeline.k8s.kubernetes import K8S, ROOT, cluster_spec, documents, kustomize
from tests.pipeline.plan.planned import HERE
from tests.repository import recipes_to_draw

RECIPES = sorted(path for path in (ROOT / "recipes").glob("*.toml") if "sweep" not in load_toml(path))
GIB = 1 << 30


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recipes that name no machines are planned on the same machine everywhere: a full disk is no fault of a recipe."""
    monkeypatch.setattr("pipeline.plan.machines.this_machine", lambda recipe: HERE)


def _asked(plan: Plan) -> dict[str, tuple[int, float, float]]:
    """Kind of node -> nodes used, and the most CPUs and GPUs that one stage puts on one of them."""
    kinds = {node.name: node.kind for node in plan.machines.nodes}
    used: dict[str, set[str]] = defaultdict(set)
    cpus: Counter[str] = Counter()
    gpus: Counter[str] = Counter()
    for part in (*plan.engines, *plan.ranks):
        here: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for bundle, node in zip(part.placed.request.bundles, part.placed.nodes, strict=True):
            here[node][0] += bundle.cpus
            here[node][1] += bundle.gpus
        for node, (cpu, gpu) in here.items():
            used[kinds[node]].add(node)
            cpus[kinds[node]] = max(cpus[kinds[node]], cpu)  # type: ignore[assignment]
            gpus[kinds[node]] = max(gpus[kinds[node]], gpu)  # type: ignore[assignment]
    return {kind: (len(names), cpus[kind], gpus[kind]) for kind, names in used.items()}


@pytest.mark.parametrize("path", recipes_to_draw(RECIPES))
def test_requests_equal_the_plans(path: Path, tmp_path: Path) -> None:
    said = Console(file=io.StringIO())
    render_planned(path, (), None, Rendering(out=tmp_path / "out"), said)
    recipe = load_recipe(path)
    plan = make_plan(recipe, find_machines(recipe, None, ""), REFERENCE)
    job = yaml.safe_load((tmp_path / "out" / "job" / "rayjob.yaml").read_text())
    groups = {group["groupName"]: group for group in job["spec"]["rayClusterSpec"]["workerGroupSpecs"]}
    on_gpus = plan.machines.gpus > 0
    if on_gpus:
        assert groups.pop(TASKS.name)["replicas"] == TASKS.pods
    asked = {
        object_name(kind) if kind != "this machine" else ("gpu" if on_gpus else "cpu"): figures
        for kind, figures in _asked(plan).items()
    }
    assert set(groups) == set(asked)
    for name, (nodes, cpus, gpus) in asked.items():
        requests = groups[name]["template"]["spec"]["containers"][0]["resources"]["requests"]
        assert groups[name]["replicas"] == groups[name]["maxReplicas"] == nodes
        assert requests.get("nvidia.com/gpu", 0) == gpus
        assert int(requests["cpu"]) == (math.ceil(cpus) if gpus else max(math.ceil(cpus), recipe.cluster.local_cpus))
        memory = int(requests["memory"].removesuffix("Gi")) * GIB
        needed = plan.peak.bytes if plan.peak else sum(amount.bytes for amount in plan.host_memory[:1])
        needed += sum(amount.bytes for amount in plan.shared_memory)
        assert plan.shared_memory
        assert memory >= needed


@pytest.mark.parametrize("path", recipes_to_draw(RECIPES))
def test_the_plan_says_the_pods_that_are_rendered(path: Path, tmp_path: Path) -> None:
    render_planned(path, (), None, Rendering(out=tmp_path / "out"), Console(file=io.StringIO()))
    recipe = load_recipe(path)
    said = as_json(make_plan(recipe, find_machines(recipe, None, ""), REFERENCE))["pods"]
    job = yaml.safe_load((tmp_path / "out" / "job" / "rayjob.yaml").read_text())
    rendered = [
        {
            "name": group["groupName"],
            "pods": group["replicas"],
            "requests": group["template"]["spec"]["containers"][0]["resources"]["requests"],
        }
        for group in job["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    ]
    assert rendered == said


def test_a_plan_that_does_not_fit_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    recipe = tmp_path / "big.toml"
    recipe.write_text((ROOT / "recipes" / "local.toml").read_text())
    nodes = tmp_path / "nodes.toml"
    nodes.write_text("[nodes.tiny]\ncpus = 1\nmemory_gib = 1\n")
    with pytest.raises(RequestError, match=r"the plan does not fit: .* see `chainpref plan`") as caught:
        render_planned(recipe, (), nodes, Rendering(out=tmp_path / "out"), Console(file=io.StringIO()))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def _rendered(recipe: str, nodes: str, tmp_path: Path) -> tuple[str, dict[str, Any]]:
    """What the command says, and the requests of the pods by their group, on nodes of a cluster file."""
    (tmp_path / "nodes.toml").write_text(nodes)
    said = io.StringIO()
    path = ROOT / "recipes" / recipe
    render_planned(path, (), tmp_path / "nodes.toml", Rendering(out=tmp_path / "out"), Console(file=said))
    job = yaml.safe_load((tmp_path / "out" / "job" / "rayjob.yaml").read_text())
    groups = job["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    found = {
        group["groupName"]: group["template"]["spec"]["containers"][0]["resources"]["requests"] for group in groups
    }
    return said.getvalue(), found


def test_a_pod_asks_for_no_more_cpus_than_its_node_has(tmp_path: Path) -> None:
    said, requests = _rendered("local.toml", "[nodes.small]\ncount = 2\ncpus = 2\nmemory_gib = 32\n", tmp_path)
    assert requests["small"]["cpu"] == "2"
    assert "note: small: a pod asks for 2 of its node's 2 CPUs" in said
    assert "note: head: no node of the cluster file has 4 CPUs and 16 GiB beside the other pods" in said


@pytest.mark.parametrize(
    ("cpus", "noted"), [(32, ["gpu", "head", "cpu"]), (36, ["head", "cpu"]), (38, ["cpu"]), (44, [])]
)
def test_it_is_noted_where_pods_leave_nothing_of_a_node(cpus: int, noted: list[str], tmp_path: Path) -> None:
    nodes = f"[nodes.gpu]\ngpu = 'H100'\ngpus = 8\ncpus = {cpus}\nmemory_gib = 2048\ndisk_gib = 4000\nshm_gib = 512\n"
    said, requests = _rendered("one-node-8xh100.toml", nodes, tmp_path)
    assert requests["gpu"]["cpu"] == "32"
    found = [line.split(": ")[1] for line in said.splitlines() if "CPUs and" in line]
    assert found == noted


def test_the_heads_size_is_the_templates() -> None:
    head = yaml.safe_load((K8S / "job" / "rayjob.yaml").read_text())["spec"]["rayClusterSpec"]["headGroupSpec"]
    assert head["template"]["spec"]["containers"][0]["resources"]["requests"] == HEAD.requests


def test_the_ready_made_gpu_overlay_asks_for_what_is_rendered(tmp_path: Path) -> None:
    path = ROOT / "recipes" / "one-node-8xh100.toml"
    render_planned(path, (), None, Rendering(out=tmp_path / "out"), Console(file=io.StringIO()))
    job = yaml.safe_load((tmp_path / "out" / "job" / "rayjob.yaml").read_text())
    rendered, ready = job["spec"]["rayClusterSpec"], cluster_spec(documents(kustomize(K8S / "overlays" / "gpu")))
    (asked,) = [group for group in rendered["workerGroupSpecs"] if group["groupName"] == "gpu"]
    (given,) = [group for group in ready["workerGroupSpecs"] if group["groupName"] == "gpu"]
    assert given["rayStartParams"] == asked["rayStartParams"]
    for key in ("replicas", "maxReplicas", "minReplicas"):
        assert given[key] == asked[key]
    containers = [group["template"]["spec"]["containers"][0] for group in (asked, given)]
    assert containers[0]["resources"] == containers[1]["resources"]


def test_the_command_says_what_it_made_and_ends_with_2_on_a_wrong_request(tmp_path: Path) -> None:
    def chainpref(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pipeline", "k8s", "render", "recipes/local.toml", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    made = chainpref("--out", str(tmp_path / "out"), "--overlay", "kueue")
    assert made.returncode == 0, made.stderr
    assert "1 x cpu: 4 cpu, " in made.stdout
    assert f"kubectl apply -k {tmp_path / 'out'}" in made.stdout
    refused = chainpref("--out", str(tmp_path / "out"))
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "is there already and not empty" in refused.stderr

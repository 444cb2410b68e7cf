"""What options of `chainpref k8s render` change in the pods: pull secrets, user, devices of a fast network."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console

from cluster.errors import RequestError
from pipeline.cli import app
from pipeline.k8s.network import as_pods_see
from pipeline.k8s.render import render, render_planned
from pipeline.k8s.request import OVERLAYS, Rendering
from pipeline.recipe import Recipe, load_recipe
from tests.pipeline.k8s.kubernetes import ROOT, cluster_spec, documents, kustomize, pods, refused
from tests.pipeline.k8s.test_render import GROUPS
from tests.pipeline.plan.planned import CLUSTERS, PAPER, RECIPES

EFA = "vpc.amazonaws.com/efa=32"


@pytest.fixture
def recipe() -> Recipe:
    return load_recipe(ROOT / "recipes" / "local.toml")


def rendered(recipe: Recipe, out: Path, **wanted: Any) -> list[dict[str, Any]]:
    render(recipe, GROUPS, Rendering(out=out, **wanted))
    return documents(kustomize(out))


@pytest.mark.parametrize("overlays", [(), ("interactive",)])
def test_every_pod_has_the_secrets_and_the_user(overlays: tuple[str, ...], recipe: Recipe, tmp_path: Path) -> None:
    found = rendered(recipe, tmp_path / "out", overlays=overlays, pull_secrets=["b", "a", "b"], user="2000:3000")
    assert refused(found) == []
    assert len(list(pods(found))) == (4 if overlays else 5)
    for pod in pods(found):
        assert pod["spec"]["imagePullSecrets"] == [{"name": "b"}, {"name": "a"}]
        security = pod["spec"]["securityContext"]
        assert (security["runAsUser"], security["runAsGroup"], security["fsGroup"]) == (2000, 3000, 3000)
        assert security["runAsNonRoot"]
        for container in pod["spec"]["containers"]:
            said = {one["name"]: one.get("value") for one in container["env"]}
            assert said["HOME"] == "/tmp", "the image knows no home of that user"
            assert said["USER"], "the image knows no name of that user"


def test_without_the_options_pods_are_those_of_the_templates(recipe: Recipe, tmp_path: Path) -> None:
    for pod in pods(rendered(recipe, tmp_path / "out")):
        assert "imagePullSecrets" not in pod["spec"]
        assert pod["spec"]["securityContext"]["runAsUser"] == 1000
        assert "workingDir" not in str(pod)
        assert "'HOME'" not in str(pod)


def test_devices_of_a_fast_network_are_given_to_pods_with_gpus_alone(recipe: Recipe, tmp_path: Path) -> None:
    found = rendered(recipe, tmp_path / "out", rdma=[EFA, "hugepages-2Mi=5120Mi"])
    assert refused(found) == []
    for group in cluster_spec(found)["workerGroupSpecs"]:
        resources = group["template"]["spec"]["containers"][0]["resources"]
        on_gpus = group["groupName"] != "cpu-only"
        for part in ("requests", "limits"):
            assert resources[part].get("vpc.amazonaws.com/efa") == (32 if on_gpus else None)
            assert resources[part].get("hugepages-2Mi") == ("5120Mi" if on_gpus else None)
    assert "amazonaws" not in str(cluster_spec(found)["headGroupSpec"])
    with pytest.raises(RequestError, match="pods with GPUs get it, and the plan has none"):
        render(recipe, GROUPS[2:], Rendering(out=tmp_path / "other", rdma=[EFA]))


def said_of(out: Path, *rdma: str) -> str:
    """What the command prints for the paper's pair on two nodes."""
    console = Console(record=True, width=1000, quiet=False, file=(out.parent / "said").open("w"))
    path, cluster = RECIPES / f"{PAPER}.toml", CLUSTERS / "two-nodes-8xh100.toml"
    render_planned(path, [], cluster, Rendering(out=out, rdma=rdma), console)
    return console.export_text()


def test_the_plans_network_is_that_which_the_pods_have(tmp_path: Path) -> None:
    plain, fast = said_of(tmp_path / "plain"), said_of(tmp_path / "fast", EFA)
    assert "training crosses nodes, planned at 25 Gbit/s between them, for pods have no RDMA device: " in plain
    assert "at the 400 Gbit/s of the cluster file it is " in plain
    assert "training crosses nodes, planned at 400 Gbit/s between them; NCCL has to find the device" in fast


def test_a_slow_network_is_planned_as_it_is() -> None:
    from pipeline.estimates.hardware import load_machines

    machines = load_machines(CLUSTERS / "two-nodes-8xh100.toml")
    slow = replace(machines, nodes=tuple(replace(node, network_gbs=1.0) for node in machines.nodes))
    assert {node.network_gbs for node in as_pods_see(slow, False).nodes} == {1.0}
    assert {node.network_gbs for node in as_pods_see(machines, True).nodes} == {50.0}
    assert {node.network_gbs for node in as_pods_see(machines, False).nodes} == {25 / 8}


def test_what_the_licence_says_is_said_where_a_job_is_made(tmp_path: Path) -> None:
    (line,) = [line for line in said_of(tmp_path / "out").splitlines() if line.startswith("licence")]
    assert line.startswith("licence forbids: Llama 2 or Llama 3 Community License")


def test_every_option_stands_in_the_guide() -> None:
    lines = (ROOT / "docs" / "operations.md").read_text().splitlines()
    command: Any = typer.main.get_command(app)
    render_command = command.commands["k8s"].commands["render"]
    options = [
        name
        for parameter in render_command.params
        for name in parameter.opts
        if name.startswith("--") and name != "--help"
    ]
    assert len(options) == 11
    assert [name for name in options if not any(line.startswith(f"| `{name} ") for line in lines)] == []
    for name in OVERLAYS:
        assert any(line.startswith(f"| `{name}` |") for line in lines)

"""`chainpref k8s render`: writes a folder for `kubectl apply -k` from a recipe, its plan and the templates in k8s/."""

import importlib.metadata
import math
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomli_w
import yaml
from rich.console import Console

from cluster.errors import RequestError, WorkError
from cluster.jobs.submission import DEFAULT_ADDRESS
from cluster.store.atomic import atomic_folder
from pipeline.estimates.hardware import GIB
from pipeline.k8s.loading import FILES, LIST, files_to_load, links_out, size_of, steps
from pipeline.k8s.manifests import TEMPLATES, as_yaml, claim, loader, ray_cluster, ray_job
from pipeline.k8s.pods import fit
from pipeline.k8s.request import Rendering, check, check_groups, notes
from pipeline.plan.pods import WorkerGroup, limited_name
from pipeline.recipe import Recipe
from pipeline.remote.portable import moved, refuse_unsent_interpreters

BASE_NAME = "chainpref"
"""First part of the names of all objects; the run's name follows."""
RUNS = Path("/runs")
GROW_S = 3600.0
"""Seconds to wait for nodes: a cloud needs long to start a node with GPUs and to pull an image of 10 GB onto it."""


def render_planned(
    path: Path, settings: Sequence[str], cluster: Path | None, wanted: Rendering, console: Console
) -> None:
    """Plan the recipe at `path` on the nodes of `cluster`, else of the recipe, else on this machine; render it, and
    print the requests of its pods and the next commands. Raises RequestError where it does not fit."""
    from pipeline.estimates.speed import REFERENCE
    from pipeline.k8s.network import as_pods_see, network_notes
    from pipeline.plan.machines import find_machines
    from pipeline.plan.make import make_plan
    from pipeline.plan.pods import claim_gib, size_notes, worker_groups
    from pipeline.recipe import load_recipe

    check(wanted)
    recipe = load_recipe(path, settings)
    files = files_to_load(recipe, wanted.files, Path())
    refuse_unsent_interpreters(recipe, Path())
    machines = find_machines(recipe, cluster, "")
    plan = make_plan(recipe, as_pods_see(machines, bool(wanted.rdma)), REFERENCE)
    groups = worker_groups(plan)
    wanted = replace(wanted, claim_gib=claim_gib(plan) + math.ceil(size_of(files, Path()) / GIB))
    render(recipe, groups, wanted)
    faster = None if wanted.rdma else make_plan(recipe, machines, REFERENCE, plan.demands, plan.findings)
    said = (*plan.notes, *size_notes(plan, groups), *notes(groups, wanted), *network_notes(plan, faster))
    lines = [f"note: {note}" for note in said]
    lines.append(f"{'licence forbids' if plan.licence.allowed is False else 'licence'}: {plan.licence.line}")
    for group in groups:
        lines.append(f"{group.pods} x {group.name}: " + ", ".join(f"{n} {what}" for what, n in group.requests.items()))
    lines.append(f"claim: {wanted.claim_gib} GiB, ReadWriteMany")
    apply = f"kubectl apply -k {shlex.quote(str(wanted.out))}"
    lines += [f"once: {apply}/{folder}" for folder in _once(wanted)]
    if files:
        lines.append(f"load: {len(files)} file(s) and folder(s) of this machine, to {FILES}, in four commands:")
        lines += [f"note: {each}; take the link away if it is not meant" for each in links_out(files, Path())]
        lines += [f"      {step}" for step in steps(wanted.out, wanted.namespace, _name(recipe))]
    lines.append(f"next: {apply}")
    if "interactive" in wanted.overlays:
        name, secret = _name(recipe), r"-o jsonpath='{.data.auth_token}'"
        kubectl = f"kubectl -n {wanted.namespace}"
        lines += [
            f"then: {kubectl} port-forward svc/{name}-head-svc 8265",
            f"and:  RAY_AUTH_TOKEN=$({kubectl} get secret {name} {secret} | base64 -d) chainpref submit "
            f"{shlex.quote(f'{wanted.out}/recipe.toml')} --address {DEFAULT_ADDRESS} --run {RUNS / recipe.run.name}",
        ]
    console.out(*lines, sep="\n")


def render(recipe: Recipe, groups: Sequence[WorkerGroup], wanted: Rendering) -> list[Path]:
    """Write the folder, whole or not at all, and return its files. Raises RequestError."""
    check(wanted)
    check_groups(groups, wanted)
    files = _files(recipe, groups, wanted)
    out = wanted.out.absolute()
    if any(parent.exists() and not parent.is_dir() for parent in out.parents):
        raise RequestError(f"--out {wanted.out}: lies below a file; name another folder")
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise RequestError(f"--out {wanted.out}: is there already and not empty; name another folder or remove it")
        with atomic_folder(out, exist_ok=False) as made:
            for path, text in files.items():
                (made / path).parent.mkdir(parents=True, exist_ok=True)
                (made / path).write_text(text)
    except OSError as error:
        raise WorkError(f"--out {wanted.out}: cannot be written: {error.strerror}") from error
    return [out / path for path in sorted(files)]


def _once(wanted: Rendering) -> list[str]:
    """Folders that are applied on their own, so that `kubectl delete -k` of the run leaves them."""
    return ["storage", "monitoring"] if "monitoring" in wanted.overlays else ["storage"]


def _name(recipe: Recipe) -> str:
    return limited_name(f"{BASE_NAME}-{recipe.run.name}", "run.name")


def _files(recipe: Recipe, groups: Sequence[WorkerGroup], wanted: Rendering) -> dict[str, str]:
    """Path -> text of every file in the folder, which is an overlay like those under k8s/overlays."""
    name = _name(recipe)
    workload = "cluster" if "interactive" in wanted.overlays else "job"
    components = [f"components/{overlay}" for overlay in wanted.overlays if overlay in ("kueue", "keep-failed")]
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": wanted.namespace,
        "nameSuffix": name.removeprefix(BASE_NAME),
        "labels": [{"pairs": {"app.kubernetes.io/instance": name}, "includeSelectors": True}],
        "resources": [workload, "base"],
        "components": list(dict.fromkeys(components)),
        "configMapGenerator": [{"name": f"{BASE_NAME}-recipe", "files": ["recipe.toml"]}],
        # Without a hash in its name, the recipe's ConfigMap is replaced when another recipe is applied.
        "generatorOptions": {"disableNameSuffixHash": True},
    }
    files = {"kustomization.yaml": as_yaml(kustomization), "recipe.toml": tomli_w.dumps(_in_cluster(recipe, groups))}
    for folder in (workload, "base", *components, *_once(wanted)):
        files |= {f"{folder}/{path.name}": path.read_text() for path in (TEMPLATES / folder).iterdir()}
    for folder in _once(wanted):
        of_its_own = yaml.safe_load(files[f"{folder}/kustomization.yaml"])
        files[f"{folder}/kustomization.yaml"] = as_yaml(of_its_own | {"namespace": wanted.namespace})
    files["storage/claim.yaml"] = as_yaml(claim(f"{name}-runs", wanted.claim_gib, wanted.storage_class))
    variant = "gpu" if any(group.gpus for group in groups) else "cpu"
    image = wanted.image or f"chainpref:{importlib.metadata.version('chainpref')}-{variant}"
    command = ["chainpref", "run", "/etc/chainpref/recipe.toml", "--run", str(RUNS / recipe.run.name), "--wait", "900"]
    to_load = files_to_load(recipe, wanted.files, Path())
    if to_load:
        kustomization, job = loader(name, wanted.namespace, image, f"{name}-runs")
        files["loader/kustomization.yaml"] = as_yaml(kustomization)
        files["loader/loader.yaml"] = as_yaml(fit(job, wanted, has_files=True))
        files[f"loader/{LIST}"] = "".join(f"{path}\n" for path in to_load)
    if workload == "cluster":
        pods = ray_cluster(groups, image, f"{name}-runs")
    else:
        pods = ray_job(groups, image, f"{name}-runs", shlex.join(command))
    files[f"{workload}/ray{workload}.yaml"] = as_yaml(fit(pods, wanted, bool(to_load)))
    return files


def _in_cluster(recipe: Recipe, groups: Sequence[WorkerGroup]) -> dict[str, Any]:
    """The recipe for pods: the run lies on the claim, relative paths begin where the loader puts files, and engines
    planned on GPUs wait for nodes with GPUs instead of starting on CPUs."""
    table = moved(recipe, RUNS, has_weights=True)
    table["cluster"] |= {"address": "auto", "grow_s": max(recipe.cluster.grow_s, GROW_S)}
    if any(group.gpus for group in groups):
        for engines in table["engines"].values():
            engines["device"] = "gpu" if engines["device"] == "auto" else engines["device"]
    return table

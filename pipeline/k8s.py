"""`chainpref k8s render`: a folder for `kubectl apply -k`, from a recipe, its plan and the templates under k8s/."""

import importlib.metadata
import os
import re
import shlex
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tomli_w
from rich.console import Console

from cluster.errors import RequestError, WorkError
from pipeline.k8s_manifests import TEMPLATES, WorkerGroup, as_yaml, claim, object_name, ray_cluster, ray_job
from pipeline.recipe import Recipe, resolved

OVERLAYS = ("interactive", "keep-failed", "kueue", "monitoring")
RUNS = "/runs"
_EXCLUDE_EACH_OTHER = (("interactive", "keep-failed"), ("interactive", "kueue"), ("keep-failed", "kueue"))
_IMAGE = re.compile(r"[a-z0-9][a-zA-Z0-9._:/-]*(:[\w.-]+|@sha256:[0-9a-f]{64})$")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """What is asked for beside recipe and plan."""

    out: Path
    image: str = ""
    """Name with a tag or a digest; "" for the one that k8s/image/build makes."""
    namespace: str = "chainpref"
    overlays: Sequence[str] = ()
    claim_gib: int = 2048
    storage_class: str = ""
    """Of the claim; "" for the cluster's default."""


def render_planned(
    path: Path, settings: Sequence[str], cluster: Path | None, wanted: Rendering, console: Console
) -> None:
    """Plan the recipe at `path` on the nodes of `cluster` (else those that the recipe names, else this machine's),
    render it and say what its pods ask for. Raises RequestError where it does not fit."""
    from cluster.planner.speed import REFERENCE
    from pipeline.k8s_sizes import claim_gib, worker_groups
    from pipeline.plan import make_plan
    from pipeline.plan_machines import find_machines
    from pipeline.recipe import load_recipe

    _check(wanted)
    recipe = load_recipe(path, settings)
    plan = make_plan(recipe, find_machines(recipe, path, cluster, ""), REFERENCE)
    groups = worker_groups(plan)
    wanted = replace(wanted, claim_gib=claim_gib(plan))
    render(recipe, groups, wanted)
    for note in plan.notes:
        console.print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)
    for group in groups:
        asked = ", ".join(f"{amount} {what}" for what, amount in group.requests.items())
        console.print(f"{group.pods} x {group.name}: {asked}", highlight=False, markup=False)
    console.print(f"claim: {wanted.claim_gib} GiB, ReadWriteMany", highlight=False)
    console.print(f"next: kubectl apply -k {wanted.out}", highlight=False, soft_wrap=True)


def render(recipe: Recipe, groups: Sequence[WorkerGroup], wanted: Rendering) -> list[Path]:
    """Write the folder, whole or not at all, and return its files. Raises RequestError."""
    _check(wanted)
    files = _files(recipe, groups, wanted)
    out = wanted.out.absolute()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise RequestError(f"--out {wanted.out}: is there already and not empty; name another folder or remove it")
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as folder:
            made = Path(folder) / "made"
            for path, text in files.items():
                (made / path).parent.mkdir(parents=True, exist_ok=True)
                (made / path).write_text(text)
            os.rename(made, out)
    except OSError as error:
        raise WorkError(f"--out {wanted.out}: cannot be written: {error.strerror}") from error
    return [out / path for path in sorted(files)]


def _check(wanted: Rendering) -> None:
    for overlay in wanted.overlays:
        if overlay not in OVERLAYS:
            raise RequestError(f"--overlay {overlay}: there is no such one; known are {', '.join(OVERLAYS)}")
    for one, other in _EXCLUDE_EACH_OTHER:
        if one in wanted.overlays and other in wanted.overlays:
            raise RequestError(f"--overlay {one} and --overlay {other} exclude each other; choose one")
    if wanted.image and not _IMAGE.match(wanted.image):
        raise RequestError(f"--image {wanted.image}: name it with a tag or a digest, as registry/chainpref:0.1.0-gpu")
    if not _NAMESPACE.match(wanted.namespace):
        raise RequestError(f"--namespace {wanted.namespace}: lower-case letters, digits and '-' only")


def _files(recipe: Recipe, groups: Sequence[WorkerGroup], wanted: Rendering) -> dict[str, str]:
    """Path -> text of everything in the folder."""
    name = object_name(f"chainpref-{recipe.run.name}")
    workload = "cluster" if "interactive" in wanted.overlays else "job"
    shared = ["base", *(overlay for overlay in wanted.overlays if overlay == "monitoring")]
    components = [f"components/{overlay}" for overlay in wanted.overlays if overlay in ("kueue", "keep-failed")]
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": wanted.namespace,
        "resources": [f"{workload}.yaml", "claim.yaml", *shared],
        "components": components,
        "configMapGenerator": [{"name": f"{name}-recipe", "files": ["recipe.toml"]}],
        # A custom resource's reference to a ConfigMap is not rewritten, so its name must stay as it is.
        "generatorOptions": {"disableNameSuffixHash": True},
    }
    files = {
        "kustomization.yaml": as_yaml(kustomization),
        f"{workload}.yaml": as_yaml(_workload(workload, name, recipe, groups, wanted)),
        "claim.yaml": as_yaml(claim(f"{name}-runs", wanted.claim_gib, wanted.storage_class)),
        "recipe.toml": tomli_w.dumps(_in_cluster(recipe)),
    }
    for folder in (*shared, *components):
        files |= {f"{folder}/{path.name}": path.read_text() for path in (TEMPLATES / folder).iterdir()}
    return files


def _workload(kind: str, name: str, recipe: Recipe, groups: Sequence[WorkerGroup], wanted: Rendering) -> dict[str, Any]:
    variant = "gpu" if any(group.gpus for group in groups) else "cpu"
    image = wanted.image or f"chainpref:{importlib.metadata.version('chainpref')}-{variant}"
    if kind == "cluster":
        return ray_cluster(name, groups, image)
    command = ["chainpref", "run", "/etc/chainpref/recipe.toml", "--run", f"{RUNS}/{recipe.run.name}"]
    command += ["--wait", "900"]
    return ray_job(name, groups, image, shlex.join(command))


def _in_cluster(recipe: Recipe) -> dict[str, Any]:
    """The recipe as it holds in a pod: Ray is there already, and what is kept lies on the claim."""
    for role in ("teacher", "student"):
        source = getattr(recipe.models, role).source
        if source and not source.startswith(("hub:", "/")):
            raise RequestError(
                f"models.{role}.source = {source!r}: no pod has that folder; name hub:OWNER/NAME@COMMIT, or a folder "
                f"on the claim as {RUNS}/models/NAME"
            )
    table = resolved(recipe)
    table["cluster"]["address"] = "auto"
    table["run"]["directory"] = RUNS
    table["models"]["cache"] = f"{RUNS}/.models"
    return table

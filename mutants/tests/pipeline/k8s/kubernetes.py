"""Rendering with the real kustomize, and looking into what came of it."""

import functools
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.repository import ROOT

K8S = ROOT / "k8s"
VALIDATOR = ROOT.parent / "shared" / "kuberay" / "validate_crd.py"


@functools.cache
def kustomize(folder: Path) -> str:
    """What `kubectl kustomize` makes of a folder. Skips where there is no kubectl, or one before components."""
    done = subprocess.run(
        [_kubectl(), "kustomize", str(folder)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@functools.cache
def _kubectl() -> str:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    said = subprocess.run([kubectl, "version", "--client"], capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r"[vV]ersion:\D*(\d+)\.(\d+)", said.stdout)
    if found is None or (int(found[1]), int(found[2])) < (1, 27):
        pytest.skip(f"this kubectl's kustomize is too old: {said.stdout.strip()[:80]}")
    return kubectl


def documents(text: str) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(text) if document]


def of_kind(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [document for document in found if document["kind"] == kind]


def cluster_spec(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The RayCluster's specification, of a job or of a cluster for itself."""
    (workload,) = of_kind(found, "RayJob") + of_kind(found, "RayCluster")
    spec: dict[str, Any] = workload["spec"].get("rayClusterSpec", workload["spec"])
    return spec


def pods(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every pod template: head, worker groups, submitter."""
    spec = cluster_spec(found)
    yield spec["headGroupSpec"]["template"]
    yield from (group["template"] for group in spec["workerGroupSpecs"])
    yield from (job["spec"]["submitterPodTemplate"] for job in of_kind(found, "RayJob"))

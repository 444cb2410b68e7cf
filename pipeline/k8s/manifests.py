"""Kubernetes objects of one run as plain values: the templates under k8s/ with the sizes of a plan."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from cluster.gpus import GPUS
from pipeline.plan.pods import WorkerGroup

TEMPLATES = Path(__file__).resolve().parents[2] / "k8s"


def ray_job(groups: Sequence[WorkerGroup], image: str, claim_name: str, entrypoint: str) -> dict[str, Any]:
    """The RayJob of a run."""
    job = _template("job/rayjob.yaml")
    job["spec"]["entrypoint"] = entrypoint
    job["spec"]["rayClusterSpec"] = _sized(job["spec"]["rayClusterSpec"], groups, image, claim_name)
    for container in job["spec"]["submitterPodTemplate"]["spec"]["containers"]:
        container["image"] = image
    return job


def ray_cluster(groups: Sequence[WorkerGroup], image: str, claim_name: str) -> dict[str, Any]:
    """A RayCluster with the same pods, for interactive work."""
    cluster = _template("cluster/raycluster.yaml")
    cluster["spec"] = _sized(cluster["spec"], groups, image, claim_name)
    return cluster


def loader(name: str, namespace: str, image: str, claim_name: str) -> list[dict[str, Any]]:
    """The kustomization and the Job that put files onto the claim; `name`: the run's."""
    kustomization, job = _template("loader/kustomization.yaml"), _template("loader/loader.yaml")
    kustomization |= {"namespace": namespace}
    kustomization["labels"] = [{"pairs": {"app.kubernetes.io/instance": name}, "includeTemplates": True}]
    job["metadata"]["name"] = f"{name}-loader"
    pod = job["spec"]["template"]["spec"]
    pod["containers"][0]["image"] = image
    pod["volumes"][0]["persistentVolumeClaim"]["claimName"] = claim_name
    return [kustomization, job]


def claim(name: str, gib: int, storage_class: str) -> dict[str, Any]:
    """The claim that holds the run's folder."""
    document = _template("storage/claim.yaml")
    document["metadata"]["name"] = name
    document["spec"]["resources"]["requests"]["storage"] = f"{gib}Gi"
    if storage_class:
        document["spec"]["storageClassName"] = storage_class
    return document


def as_yaml(*documents: dict[str, Any]) -> str:
    """Documents as one YAML text, without anchors."""
    text: str = yaml.safe_dump_all([_copy(document) for document in documents], sort_keys=False, width=120)
    return text


def _template(path: str) -> dict[str, Any]:
    document = yaml.safe_load((TEMPLATES / path).read_text())
    assert isinstance(document, dict)
    return _copy(document)


def _copy(value: dict[str, Any]) -> dict[str, Any]:
    """A deep copy in which no object occurs twice: a YAML anchor makes one object of several places."""
    copied = json.loads(json.dumps(value))
    assert isinstance(copied, dict)
    return copied


def is_mixed(groups: Sequence[WorkerGroup]) -> bool:
    """Whether there are GPUs of several types. Only then pods are bound to nodes by type."""
    return len({group.gpu_type for group in groups if group.gpus}) > 1


def _sized(spec: dict[str, Any], groups: Sequence[WorkerGroup], image: str, claim_name: str) -> dict[str, Any]:
    by_name = {group["groupName"]: group for group in spec["workerGroupSpecs"]}
    mixed = is_mixed(groups)
    spec["workerGroupSpecs"] = [
        _worker_group(_copy(by_name["gpu" if group.gpus else "cpu"]), group, mixed) for group in groups
    ]
    for member in (spec["headGroupSpec"], *spec["workerGroupSpecs"]):
        pod = member["template"]["spec"]
        for container in pod["containers"]:
            container["image"] = image
        for volume in pod["volumes"]:
            if "persistentVolumeClaim" in volume:
                volume["persistentVolumeClaim"]["claimName"] = claim_name
    return spec


def _worker_group(template: dict[str, Any], group: WorkerGroup, mixed: bool) -> dict[str, Any]:
    template |= {"groupName": group.name, "replicas": group.pods, "maxReplicas": group.pods}
    # Ray counts these CPUs, and not those of the node.
    template["rayStartParams"]["num-cpus"] = group.requests["cpu"]
    pod = template["template"]["spec"]
    pod["containers"][0]["resources"] = {"requests": group.requests, "limits": group.limits}
    if mixed and group.ray_type:
        # Ray sees the type once the node is there. The autoscaler must know it before.
        names = dict.fromkeys((group.ray_type, group.ray_type.partition("-")[0]))
        types = json.dumps({f"accelerator_type:{name}": 1 for name in names})
        template["rayStartParams"]["resources"] = json.dumps(types)  # KubeRay puts it onto a command line as it stands
    if mixed and group.gpu_type in GPUS:
        term = {"key": "nvidia.com/gpu.product", "operator": "In", "values": list(GPUS[group.gpu_type].products)}
        terms = {"nodeSelectorTerms": [{"matchExpressions": [term]}]}
        pod["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    return template

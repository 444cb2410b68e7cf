"""What is refused although the schema admits it: by KubeRay's operator (1.7.0, `ray-operator/controllers/ray/utils/
validation.go`), and by the API server when the operator makes the pods. Only what our manifests could run into."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import yaml

LONGEST_NAME = {"RayJob": 47, "RayCluster": 53}
MODES = ("K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode")
FIRST_WITH_TOKENS = (2, 52)
GATED = ("networkPolicy", "tlsOptions", "historyServerOptions")
"""Fields whose feature gates are off unless somebody turned them on."""
_UNITS = {"m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def refusals(document: dict[str, Any]) -> list[str]:
    """Why a RayJob or a RayCluster would not come to run, one sentence each."""
    kind, name = document["kind"], document["metadata"]["name"]
    found = []
    if not re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", name):
        found.append(f"{name!r} is no DNS-1035 label")
    if len(name) > LONGEST_NAME[kind]:
        found.append(f"{name!r} has more than {LONGEST_NAME[kind]} characters")
    spec = document["spec"]
    if kind == "RayJob":
        found += [*_of_job(spec), *_of_deletion(spec)]
        if "submitterPodTemplate" in spec:
            found += _of_pod(spec["submitterPodTemplate"]["spec"])
    cluster = spec.get("rayClusterSpec") if kind == "RayJob" else spec
    return found + ([*_of_cluster(cluster)] if cluster else [])


def _of_job(spec: dict[str, Any]) -> Iterator[str]:
    mode, ends = spec.get("submissionMode", MODES[0]), spec.get("shutdownAfterJobFinishes", False)
    if mode not in MODES:
        yield f"submissionMode {mode!r} is unknown"
    if spec.get("suspend") and not ends:
        yield "suspend needs shutdownAfterJobFinishes"
    if "rayClusterSpec" not in spec and not spec.get("clusterSelector"):
        yield "neither rayClusterSpec nor clusterSelector is there"
    if spec.get("clusterSelector") and (spec.get("suspend") or spec.get("backoffLimit")):
        yield "clusterSelector goes with neither suspend nor backoffLimit"
    if spec.get("ttlSecondsAfterFinished", 0) < 0:
        yield "ttlSecondsAfterFinished is negative"
    if spec.get("ttlSecondsAfterFinished") and not ends:
        yield "ttlSecondsAfterFinished needs shutdownAfterJobFinishes"
    if spec.get("backoffLimit", 0) < 0:
        yield "backoffLimit is negative"
    if spec.get("backoffLimit") and mode == "InteractiveMode":
        yield "backoffLimit does not go with InteractiveMode"
    if spec.get("activeDeadlineSeconds", 1) <= 0:
        yield "activeDeadlineSeconds is not positive"
    if mode == "SidecarMode" and spec.keys() & {"submitterPodTemplate", "submitterConfig"}:
        yield "SidecarMode takes no submitter"
    if not isinstance(yaml.safe_load(spec.get("runtimeEnvYAML", "{}")), dict):
        yield "runtimeEnvYAML is no mapping"


def _of_deletion(spec: dict[str, Any]) -> Iterator[str]:
    """Rules against the job's other ways to end; of one condition each policy once, and workers before cluster before
    the job itself."""
    rules = spec.get("deletionStrategy", {}).get("deletionRules", [])
    if rules and spec.get("shutdownAfterJobFinishes"):
        yield "deletionRules and shutdownAfterJobFinishes exclude each other"
    order = ("DeleteWorkers", "DeleteCluster", "DeleteSelf")
    of_state: dict[str, dict[str, int]] = {}
    for rule in rules:
        condition = dict(rule["condition"])
        seconds = condition.pop("ttlSeconds", 0)
        policies = of_state.setdefault(str(sorted(condition.items())), {})
        if rule["policy"] in policies:
            yield f"{rule['policy']} stands twice for {condition}"
        policies[rule["policy"]] = seconds
        if rule["policy"] == "DeleteWorkers" and spec.get("rayClusterSpec", {}).get("enableInTreeAutoscaling"):
            yield "DeleteWorkers does not go with autoscaling"
    for state, policies in of_state.items():
        seconds_in_order = [policies[policy] for policy in order if policy in policies]
        if seconds_in_order != sorted(seconds_in_order):
            yield f"ttlSeconds of {state} do not rise from workers to cluster to job"


def _of_cluster(spec: dict[str, Any]) -> Iterator[str]:
    if spec.get("authOptions", {}).get("mode") == "token":
        numbers = re.match(r"(\d+)\.(\d+)\.\d+", spec.get("rayVersion", ""))
        if numbers is None or (int(numbers[1]), int(numbers[2])) < FIRST_WITH_TOKENS:
            yield f"tokens need Ray 2.52, rayVersion is {spec.get('rayVersion')!r}"
    yield from (f"{field} needs a feature gate that is off" for field in GATED if field in spec)
    workers, scales = spec.get("workerGroupSpecs", []), spec.get("enableInTreeAutoscaling", False)
    for name, count in Counter(group["groupName"] for group in workers).items():
        if count > 1:
            yield f"{count} groups are named {name!r}"
    for group in workers:
        low, high, wanted = group["minReplicas"], group["maxReplicas"], group.get("replicas", 0)
        if not 0 <= low <= high or not low <= wanted <= high:
            yield f"group {group['groupName']!r}: {wanted} replicas, of {low} to {high}"
        if scales and group.get("suspend"):
            yield f"group {group['groupName']!r}: suspend does not go with autoscaling"
    for group in (spec["headGroupSpec"], *workers):
        params, pod = group.get("rayStartParams", {}), group["template"]["spec"]
        if group.get("resources") and params.keys() & {"num-cpus", "num-gpus", "memory", "resources"}:
            yield "resources stand both in rayStartParams and beside them"
        if "labels" in params:
            yield "rayStartParams takes no labels"
        if scales and pod.get("restartPolicy", "Never") != "Never":
            yield "autoscaler v2 needs restartPolicy Never"
        if not pod["containers"]:
            yield "a group has no container"
        yield from _of_pod(pod)


def _of_pod(pod: dict[str, Any]) -> Iterator[str]:
    if pod.get("restartPolicy", "Always") not in ("Always", "OnFailure", "Never"):
        yield f"restartPolicy {pod['restartPolicy']!r} is unknown"
    volumes = {volume["name"] for volume in pod.get("volumes", [])}
    for container in pod["containers"]:
        name, tag = container["name"], container.get("image", "").rpartition("/")[2]
        if "@" not in tag and (":" not in tag or tag.endswith(":latest")):
            yield f"{name}: image {container.get('image')!r} is not pinned"
        yield from (
            f"{name}: there is no volume {mount['name']!r}"
            for mount in container.get("volumeMounts", [])
            if mount["name"] not in volumes
        )
        for port in container.get("ports", []):
            if not re.fullmatch(r"(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?", port["name"]):
                yield f"{name}: {port['name']!r} is no name of a port"
            if not 0 < port["containerPort"] < 2**16:
                yield f"{name}: there is no port {port['containerPort']}"
        requests, limits = (container.get("resources", {}).get(part, {}) for part in ("requests", "limits"))
        for what, amount in requests.items():
            if what in limits and _number(amount) > _number(limits[what]):
                yield f"{name}: asks for {amount} {what} and may have {limits[what]}"
            if "/" in what and _number(amount) != _number(limits.get(what, 0)):
                yield f"{name}: {what} cannot be overcommitted"


def _number(quantity: str | int) -> float:
    """A quantity as Kubernetes writes it."""
    digits, unit = re.fullmatch(r"([\d.]+)(\D*)", str(quantity)).groups()  # type: ignore[union-attr]
    return float(digits) * _UNITS[unit]

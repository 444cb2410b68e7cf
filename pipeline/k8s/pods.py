"""What the options of `chainpref k8s render` change in the pods that the templates have."""

from collections.abc import Iterator
from typing import Any

from pipeline.k8s.loading import work_there
from pipeline.k8s.request import Rendering, user_of

_OF_NOBODY = ({"name": "HOME", "value": "/tmp"}, {"name": "USER", "value": "chainpref"})
"""What programs look up by a user's number, said for one that the image does not know: a home, which must be writable,
and a name."""


def fit(document: dict[str, Any], wanted: Rendering, has_files: bool) -> dict[str, Any]:
    """The RayJob, RayCluster or Job with its pods changed in place."""
    for pod in _pods(document):
        if wanted.pull_secrets:
            pod["imagePullSecrets"] = [{"name": name} for name in dict.fromkeys(wanted.pull_secrets)]
        if wanted.user:
            user, group = user_of(wanted.user)
            pod["securityContext"] |= {"runAsUser": user, "runAsGroup": group, "fsGroup": group}
            for container in pod["containers"]:
                container["env"] = [*container.get("env", []), *_OF_NOBODY]
        for container in pod["containers"]:
            resources = container["resources"]
            if "nvidia.com/gpu" in resources.get("limits", {}):
                for name, amount in wanted.devices:
                    resources["requests"] |= {name: amount}
                    resources["limits"] |= {name: amount}
        if has_files and document["kind"] != "Job":
            work_there(pod)
    return document


def _pods(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The specification of every pod."""
    spec = document["spec"]
    if document["kind"] == "Job":
        yield spec["template"]["spec"]
        return
    if "submitterPodTemplate" in spec:
        yield spec["submitterPodTemplate"]["spec"]
    cluster = spec.get("rayClusterSpec", spec)
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        yield group["template"]["spec"]

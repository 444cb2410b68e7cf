"""The options of `chainpref k8s render`, and checks of what Kubernetes would refuse."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster.errors import RequestError
from cluster.gpus import GPUS
from pipeline.k8s.manifests import is_mixed
from pipeline.plan.pods import WorkerGroup, limited_name

OVERLAYS = ("interactive", "keep-failed", "kueue", "monitoring")
_EXCLUDE_EACH_OTHER = (("interactive", "keep-failed"), ("interactive", "kueue"), ("keep-failed", "kueue"))
_RESERVED_GROUPS = ("head", "headgroup")
_KUEUE_GROUPS = 6
"""A workload of Kueue has 8 sets of pods at most, and head and submitter are two of them."""
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_HOST = r"(?:(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?::\d+)?|[A-Za-z0-9-]+:\d+)"
_IMAGE = re.compile(
    rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*"
    r"(?:(?::\w[\w.-]{0,127})?@sha256:[0-9a-f]{64}|:(?P<tag>\w[\w.-]{0,127}))",
    re.ASCII,
)
"""A reference as registries take it, with a tag or a digest."""
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SECRET = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_USER = re.compile(r"(?P<user>[1-9]\d{0,9})(:(?P<group>\d{1,10}))?", re.ASCII)
_DEVICE = re.compile(
    r"(?=.{1,253}/)[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?=[1-9]\d{0,3}"
    r"|hugepages-(2Mi|1Gi)=[1-9]\d{0,5}(Mi|Gi)",
    re.ASCII,
)
"""An extended resource of a device plugin, or huge pages, which some network adapters want."""
_STORAGE_CLASS = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """What is rendered, beside recipe and plan."""

    out: Path
    image: str = ""
    """Image with a tag or a digest. "": the one that k8s/image/build makes."""
    namespace: str = "chainpref"
    overlays: Sequence[str] = ()
    claim_gib: int = 2048
    storage_class: str = ""
    """Storage class of the claim. "": the cluster's default."""
    pull_secrets: Sequence[str] = ()
    """Secrets with which nodes pull the image."""
    user: str = ""
    """UID or UID:GID that all pods run as. "": the image's, 1000:1000."""
    rdma: Sequence[str] = ()
    """RESOURCE=COUNT that each pod with GPUs gets for a fast network between nodes."""
    files: Sequence[str] = ()
    """Files and folders, relative to the current folder, that are loaded beside those that the recipe names."""

    @property
    def devices(self) -> list[tuple[str, str | int]]:
        """Name and amount of each resource of `rdma`."""
        pairs = [given.rpartition("=")[::2] for given in self.rdma]
        return [(name, int(amount) if amount.isdigit() else amount) for name, amount in pairs]


def check(wanted: Rendering) -> None:
    """Raise RequestError for an option that Kubernetes, kustomize or a registry would refuse."""
    for overlay in wanted.overlays:
        if overlay not in OVERLAYS:
            raise RequestError(f"--overlay {overlay!r}: there is no such one; known are {', '.join(OVERLAYS)}")
    for one, other in _EXCLUDE_EACH_OTHER:
        if one in wanted.overlays and other in wanted.overlays:
            raise RequestError(f"--overlay {one} and --overlay {other} exclude each other; choose one")
    if wanted.image and not _IMAGE.fullmatch(wanted.image):
        raise RequestError(f"--image {wanted.image!r}: name it with a tag or a digest, as registry/chainpref:0.1.0-gpu")
    if not _NAMESPACE.fullmatch(wanted.namespace):
        raise RequestError(f"--namespace {wanted.namespace!r}: at most 63 lower-case letters, digits and '-' only")
    if wanted.storage_class and not _STORAGE_CLASS.fullmatch(wanted.storage_class):
        raise RequestError(
            f"--storage-class {wanted.storage_class!r}: no name of one; `kubectl get storageclass` shows them"
        )
    for name in wanted.pull_secrets:
        if not _SECRET.fullmatch(name):
            raise RequestError(f"--image-pull-secret {name!r}: no name of a secret; `kubectl get secret` shows them")
    if wanted.user and not _USER.fullmatch(wanted.user):
        raise RequestError(f"--user {wanted.user!r}: write it as UID or UID:GID, not root, as 2000:2000")
    for given in wanted.rdma:
        if not _DEVICE.fullmatch(given) or given.startswith("nvidia.com/gpu="):
            raise RequestError(
                f"--rdma {given!r}: write it as RESOURCE=COUNT, as vpc.amazonaws.com/efa=32 or rdma/hca=8; "
                "`kubectl describe node` shows what nodes have"
            )
    if len(named := [name for name, _ in wanted.devices]) > len(set(named)):
        raise RequestError(f"--rdma: {', '.join(named)}: name each resource once")


def user_of(text: str) -> tuple[int, int]:
    """User and group of `--user`; the group is the user's number where none is given."""
    found = _USER.fullmatch(text)
    assert found is not None, "it was checked"
    return int(found["user"]), int(found["group"] or found["user"])


def check_groups(groups: Sequence[WorkerGroup], wanted: Rendering) -> None:
    """Raise RequestError for kinds of nodes whose names make no valid groups of pods."""
    for name, count in Counter(limited_name(group.name, "a kind of nodes") for group in groups).items():
        if name in _RESERVED_GROUPS or (name == "cpu" and count > 1):
            whose = "the pod for work without GPUs" if name == "cpu" else "Ray's head"
            raise RequestError(f"nodes.{name}: {whose} is named so; rename that kind of nodes")
        if count > 1:
            raise RequestError(f"{count} kinds of nodes give pods the name {name!r}; rename one of them")
    if wanted.rdma and not any(group.gpus for group in groups):
        raise RequestError(f"--rdma {wanted.rdma[0]}: pods with GPUs get it, and the plan has none; leave it out")
    if "kueue" in wanted.overlays and len(groups) > _KUEUE_GROUPS:
        raise RequestError(
            f"--overlay kueue: takes {_KUEUE_GROUPS} kinds of nodes at most, the plan uses {len(groups)}; name fewer"
        )


def notes(groups: Sequence[WorkerGroup], wanted: Rendering) -> list[str]:
    """Notes on options that are valid but hardly meant, and on what is left to do by hand."""
    found = [
        f"{group.name}: there are GPUs of several types, and no node label is known for {group.gpu_type}; give its "
        "pods a nodeSelector, or they may get the others"
        for group in groups
        if is_mixed(groups) and group.gpus and group.gpu_type not in GPUS
    ]
    image = _IMAGE.fullmatch(wanted.image)
    if image is not None and image["tag"] == "latest":
        found.append(
            f"{wanted.image}: what `latest` is may change between two pods of a run; name a version or a digest"
        )
    return found

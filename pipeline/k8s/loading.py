"""Files of this machine that a run on Kubernetes needs: which they are, and how they get onto a claim that no pod
mounts yet.

A relative path in a recipe begins at the working directory. On the cluster that is `/runs/files` on the claim, so the
recipe stays as it is, and so do the rows of its data. A Job mounts the claim and waits; `tar` brings the files to it.
"""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cluster.errors import RequestError
from pipeline.recipe import Recipe
from pipeline.remote.portable import model_sources, named_files

FILES = "/runs/files"
"""The working directory of every pod of a run that has files of its own."""
CLAIM_VOLUME = "runs"
"""The templates' volume that is the claim."""
LIST = "files.txt"
"""Paths of the files, as `tar -T` reads them."""


def files_to_load(recipe: Recipe, more: Sequence[str], folder: Path) -> list[str]:
    """Relative paths, in `folder`, of what the recipe names there, and of `more` files and folders; sorted.

    Raises RequestError for one that is not there, or that lies outside `folder`, and for an absolute path on the claim
    whose file cannot be read here, as a plan has to.
    """
    found = set[str]()
    named = [*named_files(recipe, folder), *model_sources(recipe), *(("--file", path) for path in more)]
    for key, path in named:
        if path.startswith("hub:") or not path:
            continue
        if path.startswith("/"):
            if key == "--file":
                raise RequestError(f"--file {path}: write it relative to the current folder, as it lies below {FILES}")
            if not key.startswith(("models.", "engines.")) and not Path(path).exists():
                raise RequestError(
                    f"{key} = {path!r}: no such file here, and the plan reads it; name it by a relative path in the "
                    f"current folder, and it is loaded to {FILES} (docs/operations.md, 'Own data')"
                )
            continue
        clean = os.path.normpath(path)
        if clean.split(os.sep)[0] == "..":
            raise RequestError(f"{key} = {path!r}: lies outside {folder.absolute()}; render in a folder above it")
        if not (folder / clean).exists():
            raise RequestError(f"{key} = {path!r}: no such file in {folder.absolute()}")
        if "\n" in clean or "\\" in clean or clean.startswith("-"):  # tar reads escapes
            raise RequestError(f"{key} = {path!r}: `tar -T` cannot be given that name; rename it")
        found.add(clean)
    return sorted(found)


def links_out(files: Sequence[str], folder: Path) -> list[str]:
    """A line for each link among files and folders that leads out of `folder`, or to a name that begins with a dot:
    `tar -h` sends what it points to. Links inside stay unsaid: snapshots of the Hub's cache are made of them."""
    inside, lines = folder.resolve(), []
    for given in files:
        path = folder / given
        for each in (path, *(sorted(path.rglob("*")) if path.is_dir() else ())):
            if not each.is_symlink():
                continue
            target = each.resolve()
            leaves = not target.is_relative_to(inside)
            if leaves or any(part.startswith(".") for part in target.relative_to(inside).parts):
                lines.append(f"{each.relative_to(folder)} is a link to {target}, and tar sends what stands there")
    return lines


def size_of(files: Sequence[str], folder: Path) -> int:
    """Bytes of files and folders."""
    given = [folder / name for name in files]
    below = (each for path in given for each in (path.rglob("*") if path.is_dir() else (path,)))
    return sum(path.stat().st_size for path in below if path.is_file())


def steps(out: Path, namespace: str, name: str) -> list[str]:
    """The commands that load the files, in order; all can be repeated."""
    apply, kubectl = shlex.quote(f"{out}/loader"), f"kubectl -n {namespace}"
    labels = f"app.kubernetes.io/component=loader,app.kubernetes.io/instance={name}"
    return [
        f"kubectl apply -k {apply}",
        f"{kubectl} wait --for=condition=Ready pod -l {labels} --timeout=15m",
        f"tar -chf - -T {shlex.quote(f'{out}/loader/{LIST}')} | "
        f"{kubectl} exec -i job/{name}-loader -- tar -xf - -C {FILES}",
        f"kubectl delete -k {apply}",
    ]


def work_there(pod: dict[str, Any]) -> None:
    """Have the containers of a pod that see the claim work in the folder of the files."""
    for container in pod["containers"]:
        if any(mount["name"] == CLAIM_VOLUME for mount in container.get("volumeMounts", [])):
            container["workingDir"] = FILES

"""Checkpoints are used only when they are whole, which their hashes prove.

A checkpoint is a folder `checkpoint-STEP`. Its manifest, written last and atomically, holds the size and SHA-256 of
every file. A checkpoint without a manifest, or that differs from it, is never loaded: optimizer shards are pickles.
"""

import hashlib
import logging
import re
import shutil
from pathlib import Path

import msgspec

from cluster.errors import WorkError
from cluster.store.atomic import TEMPORARY, atomic_file, sync

MANIFEST = "manifest.json"
_NAME = re.compile(r"checkpoint-(\d+)")
_log = logging.getLogger(__name__)


class FileEntry(msgspec.Struct, frozen=True):
    """One file of a checkpoint: bytes and SHA-256 in hex."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a checkpoint holds, and for which request it was written."""

    step: int
    ranks: int
    request: str
    """Hash of what is trained: a checkpoint of another request is not resumed from."""
    files: dict[str, FileEntry]


def seal(checkpoint: Path, *, step: int, ranks: int, request: str) -> Manifest:
    """Write the manifest of a checkpoint that all ranks have finished writing; from then on it counts."""
    files: dict[str, FileEntry] = {}
    for path in sorted(checkpoint.rglob("*")):
        sync(path)
        if path.is_file() and path.name != MANIFEST and not path.name.startswith(TEMPORARY):
            files[str(path.relative_to(checkpoint))] = FileEntry(path.stat().st_size, _sha256(path))
    manifest = Manifest(step=step, ranks=ranks, request=request, files=files)
    with atomic_file(checkpoint / MANIFEST, replace=True) as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


def verify(checkpoint: Path) -> Manifest:
    """The manifest of a whole checkpoint. Raises WorkError that names the file which is missing or changed."""
    try:
        manifest = msgspec.json.decode((checkpoint / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise WorkError(f"checkpoint {checkpoint}: no {MANIFEST}; saving it was interrupted") from None
    except msgspec.MsgspecError as error:
        raise WorkError(f"checkpoint {checkpoint}: {MANIFEST} does not parse: {error}") from None
    for name, expected in manifest.files.items():
        path = checkpoint / name
        if not path.is_file():
            raise WorkError(f"checkpoint {checkpoint}: {name} is missing")
        if path.stat().st_size != expected.size:
            raise WorkError(f"checkpoint {checkpoint}: {name} has {path.stat().st_size} bytes, not {expected.size}")
        if _sha256(path) != expected.sha256:
            raise WorkError(f"checkpoint {checkpoint}: {name} differs from its hash")
    return manifest


def newest_verified(directory: Path, request: str | None = None) -> Path | None:
    """The checkpoint to resume from; None only where none was ever completed.

    A checkpoint that does not verify is skipped with a warning that names it. Raises WorkError when checkpoints
    were completed and none of them can be used, so that lost work is never mistaken for a fresh start.
    """
    faults: list[str] = []
    completed = False
    for checkpoint in reversed(listed(directory)):
        try:
            manifest = verify(checkpoint)
            if request is not None and manifest.request != request:
                raise WorkError(f"checkpoint {checkpoint}: written for another request ({manifest.request})")
            return checkpoint
        except WorkError as error:
            _log.warning("%s; skipped", error)
            faults.append(str(error))
            # Where only the very first save was cut short, nothing is lost: there was no checkpoint before it.
            completed = completed or (checkpoint / MANIFEST).exists() or len(faults) > 1
    if completed:
        raise WorkError(
            f"{directory}: no usable checkpoint among {len(faults)} ({faults[0]}); "
            "restore it, or remove the folder to train from the start"
        )
    return None


def listed(directory: Path) -> list[Path]:
    """The folders `checkpoint-STEP` of `directory`, by rising step, whole or not."""
    if not directory.is_dir():
        return []
    found = [(int(match[1]), path) for path in directory.iterdir() if (match := _NAME.fullmatch(path.name))]
    return [path for _, path in sorted(found)]


def prune(directory: Path, keep: int) -> None:
    """Remove all but the `keep` newest sealed checkpoints, and every unsealed one older than these."""
    order = listed(directory)
    sealed = [path for path in order if (path / MANIFEST).exists()]
    if sealed:
        kept = sealed[-keep:]
        for path in order[: order.index(sealed[-1])]:
            if path not in kept:
                # The manifest first: a removal that is cut short must not leave what looks sealed.
                (path / MANIFEST).unlink(missing_ok=True)
                shutil.rmtree(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

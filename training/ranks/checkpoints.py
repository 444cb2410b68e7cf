"""Checkpoints are used only when they are whole, which their hashes prove.

A checkpoint is a folder `checkpoint-STEP`. Its manifest, written last and atomically, holds the size and SHA-256 of
every file, and a digest of itself. A checkpoint without a manifest, or that differs from it by a file too few, changed
or too many, is never loaded. Optimizer shards are pickles: see `training.ranks.unpickling`, too.
"""

import logging
import re
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from cluster.errors import CorruptionError, WorkError
from cluster.store.atomic import atomic_file, sync
from cluster.store.digests import THREADS, checked, file_digest, files_below, is_inside, sealed

MANIFEST = "manifest.json"
_NAME = re.compile(r"checkpoint-(\d+)")
_OF_RANK = re.compile(r"(?:rank|rng_state)_(\d+)")
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


def hash_files(checkpoint: Path, names: Sequence[str]) -> dict[str, FileEntry]:
    """Make files of a checkpoint durable and hash them, several at a time, while they are still in memory."""

    def entry(name: str) -> FileEntry:
        path = checkpoint / name
        sync(path)
        return FileEntry(path.stat().st_size, file_digest(path))

    with ThreadPoolExecutor(THREADS) as pool:
        return dict(zip(names, pool.map(entry, names), strict=True))


def share_of(names: Sequence[str], rank: int, ranks: int) -> list[str]:
    """The files that a rank hashes: those that bear its number, which it has just written, and its part of the rest."""
    share = []
    for index, name in enumerate(names):
        match = _OF_RANK.search(name)
        if (int(match[1]) if match else index) % ranks == rank:
            share.append(name)
    return share


def file_names(checkpoint: Path) -> list[str]:
    """The files of a checkpoint that its manifest lists."""
    return sorted(files_below(checkpoint) - {MANIFEST})


def seal(checkpoint: Path, files: Mapping[str, FileEntry], *, step: int, ranks: int, request: str) -> Manifest:
    """Write the manifest of a checkpoint that all ranks have finished writing; from then on it counts.

    `files`: all of them, as the ranks have hashed their shares.
    """
    for folder in {(checkpoint / name).parent for name in files}:
        sync(folder)
    manifest = Manifest(step=step, ranks=ranks, request=request, files=dict(sorted(files.items())))
    with atomic_file(checkpoint / MANIFEST, replace=True) as file:
        file.write(sealed(msgspec.json.format(msgspec.json.encode(manifest)), "json"))
    return manifest


def read_manifest(checkpoint: Path) -> Manifest:
    """The manifest. No name in it leaves the folder. Raises WorkError where there is none that can be believed."""
    try:
        data = checked((checkpoint / MANIFEST).read_bytes(), f"checkpoint {checkpoint}: {MANIFEST}", "restore it")
        manifest = msgspec.json.decode(data, type=Manifest)
    except FileNotFoundError:
        raise WorkError(f"checkpoint {checkpoint}: no {MANIFEST}; saving it was interrupted") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CorruptionError(f"checkpoint {checkpoint}: {MANIFEST} does not parse: {error}") from None
    if outside := [name for name in manifest.files if not is_inside(name)]:
        raise CorruptionError(f"checkpoint {checkpoint}: {MANIFEST} names {outside[0]!r}, which is not in the folder")
    return manifest


def verify(checkpoint: Path) -> Manifest:
    """The manifest of a whole checkpoint. Raises WorkError that names a file which is missing, changed or too many."""
    manifest = read_manifest(checkpoint)
    for name in sorted(set(file_names(checkpoint)) ^ manifest.files.keys()):
        what = "is missing" if name in manifest.files else f"is not in {MANIFEST}"
        raise CorruptionError(f"checkpoint {checkpoint}: {name} {what}")
    for name, expected in manifest.files.items():
        path = checkpoint / name
        if not path.resolve().is_relative_to(checkpoint.resolve()):
            raise CorruptionError(f"checkpoint {checkpoint}: {name} is a link that leaves the folder")
        if path.stat().st_size != expected.size:
            raise CorruptionError(
                f"checkpoint {checkpoint}: {name} has {path.stat().st_size} bytes, not {expected.size}"
            )
    with ThreadPoolExecutor(THREADS) as pool:
        digests = pool.map(lambda name: file_digest(checkpoint / name), manifest.files)
        for (name, expected), digest in zip(manifest.files.items(), digests, strict=True):
            if digest != expected.sha256:
                raise CorruptionError(f"checkpoint {checkpoint}: {name} differs from its hash")
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

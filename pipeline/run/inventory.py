"""RUN/inventory.json: what the run's folder held when the last command on it ended well, so that what is missing, or
came later, is found.

Nearly all files carry a hash of themselves or are listed where they lie, from the moment when they are written. Only
for what libraries write (TensorBoard, Ray Train) the hash here is the only one. A run is *closed* while its events are
those that the inventory knows: every command that changes a run adds one before it does.
"""

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import msgspec

from cluster.errors import CorruptionError
from cluster.store.atomic import TEMPORARY, atomic_file
from cluster.store.digests import SUMS, checked, file_digest, files_below, is_sealed, sealed
from cluster.store.lines import are_sealed
from cluster.store.storage import LocalStore, Store
from pipeline.run.folder import Run
from pipeline.run.workload import read_workload
from rollout.data import layout
from training.ranks.checkpoints import MANIFEST


class Kind(StrEnum):
    """How a file of a run is known to be what was written."""

    RECORD = "commit record"
    SHARD = "shard"
    SEALED = "carries a digest"
    LINES = "every line carries a digest"
    PROBLEMS = "listed in the plan"
    QUARANTINE = "named by its contents"
    FOLDER = "listed in its folder"
    CHECKPOINT = "listed in the checkpoint's manifest"
    CONVERTED = "of use to one start of the ranks"
    CLOSED = "listed in the inventory"
    UNKNOWN = "no file of a run"


_NAME = "[^/]+"
_ROUND = r"r\d+"
_LEDGERS = (
    *(layout.EPISODES, layout.SCORES, layout.PARENT_SCORES),
    *(layout.groups(_NAME), layout.reference(_NAME), layout.targets(_NAME)),
    *(f"{ledger}/{_NAME}/{_ROUND}" for ledger in (layout.EPISODES, layout.groups(_NAME))),
    f"{layout.EPISODES}/{_NAME}/{_ROUND}/helped",
)
_LEDGER = f"(?P<ledger>{'|'.join(_LEDGERS)})"
_MODEL = f"{layout.model(_NAME)}|{layout.ROUNDS}/{_NAME}/{_ROUND}"
_ARM = f"{layout.checkpoints(_NAME)}(?:/{_ROUND})?"
_TABLES = (
    *(layout.RECIPE, layout.PLAN, layout.PREDICTION, layout.DECIDED, layout.INVENTORY, layout.RELABEL),
    *(layout.SUMMARY, layout.PAGE),
)
_KINDS = {
    rf"{_LEDGER}/commits/{_NAME}\.json": Kind.RECORD,
    rf"{_LEDGER}/shards/[0-9a-f]{{32}}\.arrow": Kind.SHARD,
    "|".join(map(re.escape, _TABLES)): Kind.SEALED,
    rf"{layout.RECIPES}/\d+\.toml|{layout.PLANS}/\d+\.json|{layout.PROBES}/{_NAME}\.json": Kind.SEALED,
    rf"{layout.groups(_NAME)}/(state|dataset_info)\.json": Kind.SEALED,
    rf"{layout.arm_groups(_NAME)}|{_ARM}/rows-{_NAME}\.json": Kind.SEALED,
    rf"{layout.round_plan(_NAME)}|{layout.ROUNDS}/{_NAME}/{_ROUND}\.json": Kind.SEALED,
    rf"{re.escape(layout.EVENTS)}|{_ARM}/{re.escape(layout.METRICS)}": Kind.LINES,
    rf"{layout.PROBLEMS}/.+": Kind.PROBLEMS,
    rf"{layout.QUARANTINE}/{_NAME}\.jsonl": Kind.QUARANTINE,
    rf"(?P<folder>{_MODEL}|{_ARM}/(examples|rows)-{_NAME})/.+": Kind.FOLDER,
    rf"(?P<checkpoint>{_ARM}/checkpoint-\d+)/.+": Kind.CHECKPOINT,
    rf"{_ARM}/resharded/.+": Kind.CONVERTED,
    rf"{_ARM}/.+": Kind.CLOSED,
}
_COMPILED = [(re.compile(pattern), kind) for pattern, kind in _KINDS.items()]
_ELSEWHERE = frozenset({Kind.RECORD, Kind.SHARD, Kind.FOLDER, Kind.CHECKPOINT, Kind.CONVERTED})


def kind_of(path: str) -> tuple[Kind, str]:
    """The kind of a file, and the ledger's prefix or the folder that it is listed in, "" where there is none."""
    for pattern, kind in _COMPILED:
        if match := pattern.fullmatch(path):
            groups = match.groupdict()
            return kind, next((group for group in groups.values() if group), "")
    return Kind.UNKNOWN, ""


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of RUN/inventory.json."""

    events_bytes: int
    """Size of events.jsonl, which grows as soon as another command begins."""
    files: dict[str, str]
    """Path -> SHA-256; "" where the file is a commit record, or is listed in its folder, manifest or record."""
    objects: tuple[str, ...] = ()
    """Paths in the run's store, where that is not the folder."""


def stores(run: Run) -> list[Store]:
    """Where files of the run lie: its folder, and the store of its ledgers where that is another one."""
    folder = LocalStore(run.folder)
    return [folder] if run.store.uri == folder.uri else [folder, run.store]


def names_in(store: Store) -> set[str]:
    """All files of a run in one of its stores, but for its lock, its logs, and what a writer has not finished."""
    local = store.local()
    names = files_below(local) if local is not None else set(store.list())
    return {name for name in names if name != layout.LOCK and not name.startswith(f"{layout.LOGS}/")}


def leftovers(folder: Path) -> Iterator[str]:
    """Temporary files and folders of writers that have not finished, or were killed."""
    for parent, folders, names in os.walk(folder):
        relative = Path(parent).relative_to(folder)
        if relative == Path():
            folders[:] = [name for name in folders if name != layout.LOGS]
        for name in [name for name in (*names, *folders) if name.startswith(TEMPORARY)]:
            yield (relative / name).as_posix()
        folders[:] = [name for name in folders if not name.startswith(TEMPORARY)]


def read_inventory(run: Run) -> Inventory | None:
    """None where the run was never closed. Raises CorruptionError for a damaged file."""
    path, remedy = run.folder / layout.INVENTORY, "restore it, or remove it and do the last command again"
    try:
        data = checked(path.read_bytes(), str(path), remedy)
        if not is_sealed(data):
            raise CorruptionError(f"{path}: is not what was written, its hash is gone; {remedy}")
        return msgspec.json.decode(data, type=Inventory)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorruptionError(f"{path}: is broken ({error}); {remedy}") from None


def is_closed(run: Run, inventory: Inventory) -> bool:
    """Whether no command has changed the run since the inventory was written. A file of events that was damaged or cut
    counts as unchanged: that is a fault, not a command."""
    try:
        with (run.folder / layout.EVENTS).open("rb") as file:
            known = file.read(inventory.events_bytes)
            grown = bool(file.read(1))
    except OSError:
        return True
    return not grown or hashlib.sha256(known).hexdigest() != inventory.files.get(layout.EVENTS)


def close(run: Run) -> None:
    """Write the inventory, and remove what killed writers have left, with the problems of a growth that was taken back,
    unless the run is closed already.

    A run whose events an earlier version wrote all of is left as it is.
    """
    events = run.folder / layout.EVENTS
    with contextlib.suppress(CorruptionError):
        inventory = read_inventory(run)
        if inventory is not None and is_closed(run, inventory):
            return
    if not events.is_file() or not are_sealed(events):
        return
    for name in leftovers(run.folder):
        path = run.folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if added := {name for name in names_in(LocalStore(run.folder)) if name.startswith(layout.ADDED)}:
        for name in sorted(added - read_workload(run).files.keys()):
            (run.folder / name).unlink()
    folder, *others = stores(run)
    names = sorted(names_in(folder) - {layout.INVENTORY})
    made = Inventory(
        events_bytes=events.stat().st_size,
        files={name: file_digest(run.folder / name) if _hashed_here(name) else "" for name in names},
        objects=tuple(name for store in others for name in sorted(names_in(store))),
    )
    with atomic_file(run.folder / layout.INVENTORY, replace=True) as file:
        file.write(sealed(msgspec.json.format(msgspec.json.encode(made), indent=1), "json"))


def _hashed_here(name: str) -> bool:
    return kind_of(name)[0] not in _ELSEWHERE or Path(name).name in (SUMS, MANIFEST)

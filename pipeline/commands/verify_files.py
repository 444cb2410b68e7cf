"""Every file of a run against its hash: which differ, are missing, are too many, have none, or are not finished."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from cluster.errors import ChainprefError, CorruptionError, WorkError
from cluster.store.digests import SUMS, THREADS, checked, is_sealed, read_sums
from cluster.store.ledger import Ledger
from cluster.store.lines import are_sealed, read_lines
from cluster.store.storage import Store, digest_in
from pipeline.run.folder import Run
from pipeline.run.inventory import Inventory, Kind, is_closed, kind_of, leftovers, names_in, read_inventory, stores
from pipeline.run.workload import read_workload
from rollout.data import layout
from rollout.records import content_hash
from training.ranks.checkpoints import MANIFEST, read_manifest

Count = Callable[[int], None]
_PROBLEMS = f"{layout.PROBLEMS}/"
_STAYS = frozenset({Kind.RECORD, Kind.SHARD, Kind.PROBLEMS})
"""Kinds of files that are never removed or replaced. A model's folder stays, too."""


@dataclass
class Findings:
    """What was found. Names are paths below the run's folder, or in its bucket with the bucket before them."""

    faults: list[str] = field(default_factory=list)
    unhashed: list[str] = field(default_factory=list)
    """Files that an earlier version wrote, without a hash."""
    unfinished: list[str] = field(default_factory=list)
    """Files that are not under a hash yet, each with the reason."""
    files: int = 0


def check_files(run: Run, count: Count) -> Findings:
    """Hash every file of the run but `logs/` and `.lock`, several at a time. `count` gets numbers of bytes read."""
    found = Findings()
    inventory: Inventory | None = None
    try:
        inventory = read_inventory(run)
    except CorruptionError as error:
        found.faults.append(str(error))
    closed = inventory is not None and is_closed(run, inventory)
    folder, *others = stores(run)
    _Tree(run, folder, inventory.files if inventory else None, closed, found, count).check()
    for store in others:
        _Tree(run, store, dict.fromkeys(inventory.objects, "") if inventory else None, closed, found, count).check()
    if not closed:
        found.unfinished.append(
            "the run: its last command is at work or did not end well; what is missing may not show"
        )
    found.unfinished += (f"{name}: a writer has not finished it, or was killed" for name in leftovers(run.folder))
    return found


@dataclass(frozen=True)
class _Tree:
    """The files of a run in one of its stores."""

    run: Run
    store: Store
    listed: Mapping[str, str] | None
    """The inventory's files: path -> SHA-256 or ""; None without one."""
    closed: bool
    found: Findings
    count: Count

    def check(self) -> None:
        """Add what is found."""
        names = names_in(self.store)
        self.found.files += len(names)
        kinds = {name: kind_of(name) for name in names}
        self.found.faults += self._unlisted(names)
        for prefix in sorted({where for kind, where in kinds.values() if kind in (Kind.RECORD, Kind.SHARD)}):
            self.found.faults += Ledger(self.store, prefix).verify(self.count)
        expected = dict(self._expected(names, kinds))
        rest = sorted(name for name, (kind, _) in kinds.items() if kind not in (Kind.RECORD, Kind.SHARD))
        with ThreadPoolExecutor(THREADS) as pool:
            faults = pool.map(lambda name: self._fault(name, expected.get(name)), rest)
            self.found.faults += (
                f"{self._named(name)}: {fault}" for name, fault in zip(rest, faults, strict=True) if fault
            )

    def _named(self, name: str) -> str:
        return f"{self.store.uri}/{name}" if self.store.local() is None else name

    def _unlisted(self, names: set[str]) -> Iterator[str]:
        """Files that the inventory lists and that are missing, and those that are here and not known."""
        listed = self.listed if self.listed is not None else {}
        for name in sorted(listed.keys() - names):
            if self.closed or kind_of(name)[0] in _STAYS or name.startswith(layout.model("")):
                yield f"{self._named(name)}: is missing; restore it, or see what made it and run again"
        for name in sorted(names):
            local = self.store.local(name)
            if local is not None and local.is_symlink():
                yield f"{name}: is a link; a run's files are its own"
            elif kind_of(name)[0] is Kind.UNKNOWN:
                yield f"{self._named(name)}: is no file of a run; move it elsewhere"
            elif self.closed and name not in listed and name != layout.INVENTORY:
                yield f"{self._named(name)}: came after the last command ended, and is not the run's; remove it"

    def _expected(self, names: set[str], kinds: Mapping[str, tuple[Kind, str]]) -> Iterator[tuple[str, str]]:
        """Path -> SHA-256 of the files that are listed somewhere. What is missing there or too much is noted."""
        folders = sorted({(kind, where) for kind, where in kinds.values() if kind in (Kind.FOLDER, Kind.CHECKPOINT)})
        for kind, where in folders:
            inside = {name.removeprefix(f"{where}/") for name in names if name.startswith(f"{where}/")}
            path, own = self.run.folder / where, SUMS if kind is Kind.FOLDER else MANIFEST
            try:
                sums = read_sums(path) if kind is Kind.FOLDER else self._manifest(path, f"{where}/{MANIFEST}")
            except CorruptionError as error:
                self.found.faults.append(str(error))
                continue
            except WorkError:
                self.found.unfinished.append(f"{where}: saving it was interrupted, or goes on")
                continue
            if sums is None:
                self.found.unhashed += sorted(f"{where}/{name}" for name in inside)
                continue
            yield from self._compared(where, inside - {own}, sums)
        if problems := {name for name, (kind, _) in kinds.items() if kind is Kind.PROBLEMS}:
            yield from self._planned(problems)

    def _planned(self, problems: set[str]) -> Iterator[tuple[str, str]]:
        """As `_expected`, of the files of problems, which the plan lists."""
        try:
            planned = read_workload(self.run).files
        except ChainprefError:
            return  # the plan's own fault is found as that of a file
        if not planned:
            self.found.unhashed += sorted(problems)
            return
        if not self.closed:  # a growth writes its problems before its plan
            begun = {name for name in problems - planned.keys() if name.startswith(layout.ADDED)}
            self.found.unfinished += (f"{name}: no plan has them yet" for name in sorted(begun))
            problems = problems - begun
        yield from self._compared(
            layout.PROBLEMS,
            {name.removeprefix(_PROBLEMS) for name in problems},
            {name.removeprefix(_PROBLEMS): digest for name, digest in planned.items()},
        )

    def _manifest(self, checkpoint: Path, name: str) -> Mapping[str, str]:
        manifest = read_manifest(checkpoint)
        if not is_sealed((checkpoint / MANIFEST).read_bytes()):
            self.found.unhashed.append(name)
        return {name: entry.sha256 for name, entry in manifest.files.items()}

    def _compared(self, where: str, inside: set[str], sums: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for name in sorted(inside ^ sums.keys()):
            what = "is missing; restore it" if name in sums else "is not one of the files that were written there"
            self.found.faults.append(f"{self._named(f'{where}/{name}')}: {what}")
        yield from ((f"{where}/{name}", sums[name]) for name in inside & sums.keys())

    def _fault(self, name: str, expected: str | None) -> str:
        """What is wrong with a file, in words; "" when nothing is."""
        local = self.store.local(name)
        try:
            known = self.listed.get(name, "") if self.closed and self.listed is not None else ""
            wanted = expected or known
            if wanted and digest_in(self.store, name, self.count) != wanted:
                return "is not what was written, its hash differs; restore it"
            return self._own_fault(name, known)
        except FileNotFoundError:
            return "is missing" if self.closed else ""  # a command at work removes old checkpoints
        except CorruptionError as error:
            return str(error).removeprefix(f"{local}: ")
        except OSError as error:
            return f"cannot be read: {error.strerror}"

    def _own_fault(self, name: str, known: str) -> str:
        """As `_fault`, of the hash that a file carries itself. `known`: what the inventory of a closed run knows."""
        match kind_of(name)[0]:
            case Kind.SEALED:
                data = self.store.read(name)
                checked(data, str(self.store.local(name)), "restore it")
                if not is_sealed(data) and name != layout.INVENTORY:
                    self.found.unhashed.append(self._named(name))
            case Kind.LINES:
                path = self.run.folder / name
                for _ in read_lines(path):
                    pass
                if not are_sealed(path):
                    self.found.unhashed.append(name)
            case Kind.QUARANTINE:
                if not content_hash(self.store.read(name)).startswith(layout.digest_in_quarantine(name)):
                    return "is not what was written, its name is of another hash; restore it"
            case Kind.CONVERTED:
                self.found.unfinished.append(f"{name}: made for one start of the ranks, which has not ended")
            case Kind.CLOSED if not known:
                self._not_closed(name)
        return ""

    def _not_closed(self, name: str) -> None:
        events = self.run.folder / layout.EVENTS
        if self.listed is None and not (events.is_file() and are_sealed(events)):
            self.found.unhashed.append(name)
        else:
            self.found.unfinished.append(f"{name}: is hashed when the command ends that is at work, or the next one")


def total_bytes(run: Run) -> int:
    """Bytes of the files that lie on this machine, for a bar."""
    total = 0
    for name in names_in(stores(run)[0]):
        with contextlib.suppress(OSError):  # a command at work removes old checkpoints
            total += (run.folder / name).stat().st_size
    return total

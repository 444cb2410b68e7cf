"""The commit ledger: what counts is what is committed, and each unit is committed once.

PREFIX/shards/HASH.arrow      payloads, named by their content
PREFIX/commits/UNIT.json      one small immutable record a unit, which only the first writer can create

A shard is published before its record, so a record never points at nothing. Two live incarnations of one worker
may both write shards; one of their records wins and the other one's shard is an orphan, which costs space and
nothing else. Records carry a hash of themselves, and of the shard: nothing is believed that does not verify.

What fences an attempt that comes late is that creation alone, together with the record's random token, which tells a
writer's own record from another's. There is no order of attempts: a late one wins over a newer one that has committed
nothing yet, and is as good.

A *compaction* (`publish_compaction`) moves the rows of several units into one shard. Its record names these units, its
members; their records and shards stay. Compactions are numbered and created first-writer-wins: each one is made knowing
all earlier ones, so no two of them hold the same rows.
"""

import hashlib
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec

from cluster.errors import CorruptionError
from cluster.store.digests import THREADS
from cluster.store.storage import Store, digest_in

T = TypeVar("T")
LEDGER_PARTS = ("commits", "shards")
"""The folders of a ledger."""
COMPACTION = "compact-"
_REQUESTS = 16
_SHARDS = 4
"""Shards of a bucket that are held at a time: one may have half a GiB."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]{0,150}")


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """One unit's record. A skipped unit has a reason, no shard and no rows.

    Keys that are unknown here are ignored: records of earlier versions hold `attempt`, how often the unit was tried.
    """

    unit: str
    shard: str
    """Path below the ledger's prefix; "" when skipped."""
    sha256: str
    bytes: int
    rows: int
    writer: str
    """A random token of the call that made this record: tells a writer's own record from an equal one."""
    meta: dict[str, str] = {}
    supersedes: tuple[str, ...] = ()
    """The members of a compaction, in the order of their rows; empty for any other unit."""
    skipped: str = msgspec.field(default="", name="waived")
    """Why the unit was not done, "" where it was. Records on disk call it `waived`, as the first runs did."""

    @property
    def order(self) -> str:
        """What commits are read in the order of: a compaction stands where its first member stood."""
        return min(self.supersedes) if self.unit.startswith(COMPACTION) else self.unit

    def count(self, name: str) -> int:
        """The number that `meta` holds under `name`; 0 without one. Raises CorruptionError for what is no number."""
        return self.decoded(name, int, 0)

    def decoded(self, name: str, kind: type[T], absent: T) -> T:
        """What `meta` holds under `name` as JSON. Raises CorruptionError where it is no value of this kind."""
        if name not in self.meta:
            return absent
        try:
            return msgspec.json.decode(self.meta[name], type=kind)
        except (msgspec.DecodeError, ValueError) as error:  # lone surrogates are no DecodeError
            raise CorruptionError(
                f"unit {self.unit}: its commit record holds {self.meta[name][:50]!r} as {name} ({error}); delete the "
                "record and run again: this unit alone is redone"
            ) from None


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sha256: str
    commit: msgspec.Raw


class Ledger:
    """The commits below one prefix of a store. Cheap to make; holds nothing but a cache of immutable records."""

    def __init__(self, store: Store, prefix: str) -> None:
        self.store = store
        self.prefix = prefix.strip("/")
        self._cache: dict[str, Commit] = {}

    def publish(
        self, unit: str, payload: bytes, rows: int, meta: Mapping[str, str] | None = None
    ) -> tuple[Commit, bool]:
        """Commit a unit with its payload. Returns the commit that counts, and whether this call made it.

        A loser gets the winner's commit. Raises WorkError or RequestError from the store; then nothing counts.
        """
        assert not unit.startswith(COMPACTION), unit
        return self._publish(unit, payload, rows, meta or {}, ())

    def publish_compaction(self, number: int, payload: bytes, rows: int, members: Sequence[str]) -> tuple[Commit, bool]:
        """Commit compaction `number` (1 + that of the last one known) of `members`, units that no other one holds.

        False when another compactor was first: look at `commits()` again, and plan anew with the next number.
        """
        return self._publish(f"{COMPACTION}{number:06d}", payload, rows, {}, tuple(members))

    def skip(self, unit: str, reason: str, meta: Mapping[str, str] | None = None) -> tuple[Commit, bool]:
        """Commit that a unit will not be done, and why. Returns like `publish`: the unit may have been done."""
        assert reason, "a skip needs a reason"
        writer = uuid.uuid4().hex
        return self._create(
            Commit(
                unit=unit, shard="", sha256="", bytes=0, rows=0, writer=writer, meta=dict(meta or {}), skipped=reason
            )
        )

    def commits(self) -> dict[str, Commit]:
        """The commits that count, by unit, in reading order: skipped ones too, compactions instead of their members.

        One listing, and one read for each record not read before. Raises CorruptionError for a broken record.
        """
        known = self._load()
        live = {unit: commit for unit, commit in known.items() if not unit.startswith(COMPACTION)}
        for unit in sorted(known.keys() - live.keys()):
            members = known[unit].supersedes
            if all(member in live for member in members):
                for member in members:
                    del live[member]
                live[unit] = known[unit]
        return dict(sorted(live.items(), key=lambda item: (item[1].order, item[0])))

    def history(self) -> dict[str, Commit]:
        """Every unit ever committed, members of compactions included, compactions not. Raises like `commits`.

        Whether a unit is done is asked here: compaction takes a done unit out of `commits`.
        """
        return {unit: commit for unit, commit in self._load().items() if not unit.startswith(COMPACTION)}

    def find(self, unit: str) -> Commit | None:
        """The commit of one unit; None when it is not done. One read: for work on few units."""
        try:
            return self._winner(unit)
        except FileNotFoundError:
            return None

    def compactions(self) -> int:
        """The number of the last compaction, 0 when there is none."""
        numbers = [int(unit.removeprefix(COMPACTION)) for unit in self._load() if unit.startswith(COMPACTION)]
        return max(numbers, default=0)

    def read(self, commit: Commit) -> bytes:
        """The payload of a commit, hash checked. Raises CorruptionError: what is wrong and what to do."""
        payload, fault = self._shard(commit)
        if fault:
            raise CorruptionError(fault)
        return payload

    def shard_uri(self, commit: Commit) -> str:
        """The name of a commit's shard for people."""
        return self._named(self._below(commit.shard))

    def verify(self, count: Callable[[int], None] = lambda read: None) -> list[str]:
        """Every fault in words, read afresh from the store; an empty list when all is well.

        `count` is called with numbers of bytes read, by several threads. Memory: in a bucket a shard for each thread.
        """
        read = self._read_records(self._record_paths())
        faults = [str(found) for found in read.values() if isinstance(found, CorruptionError)]
        self._cache = {path: found for path, found in read.items() if isinstance(found, Commit)}
        known = {commit.unit: commit for commit in self._cache.values()}
        shards = {self._below(commit.shard): commit for commit in known.values() if not commit.skipped}
        # A shard whose commit lost against another one is of no unit; its name is a hash of it all the same.
        paths = sorted({*shards, *self.store.list(self._below("shards"))})
        with ThreadPoolExecutor(THREADS if self.store.local() is not None else _SHARDS) as pool:
            found = pool.map(lambda path: self._shard_fault(path, shards.get(path), count), paths)
            faults += filter(None, found)
        for commit in known.values():
            missing = [unit for unit in commit.supersedes if unit not in known]
            faults += [f"{self._at(commit.unit)} supersedes {unit}, which is not committed" for unit in missing]
            if commit.unit.startswith(COMPACTION) and not missing:
                rows = sum(known[unit].rows for unit in commit.supersedes)
                if rows != commit.rows:
                    faults.append(f"{self._at(commit.unit)} holds {commit.rows} rows, and its members hold {rows}")
        return faults

    def _publish(
        self, unit: str, payload: bytes, rows: int, meta: Mapping[str, str], members: tuple[str, ...]
    ) -> tuple[Commit, bool]:
        if self.store.exists(self._at(unit)):
            return self._winner(unit), False
        digest = hashlib.sha256(payload).hexdigest()
        shard = _shard_name(digest)
        path = self._below(shard)
        # A shard of that name whose bytes have rotted is put right by whoever makes the same bytes again.
        if not self.store.create(path, payload) and hashlib.sha256(self.store.read(path)).hexdigest() != digest:
            self.store.replace(path, payload)
        return self._create(
            Commit(
                unit=unit, shard=shard, sha256=digest, bytes=len(payload), rows=rows, writer=uuid.uuid4().hex,
                meta=dict(meta), supersedes=members,
            )
        )  # fmt: skip

    def _create(self, commit: Commit) -> tuple[Commit, bool]:
        if not _NAME.fullmatch(commit.unit):  # only a forged plan names such a one
            raise CorruptionError(f"{self.store.uri}: {commit.unit!r} is no name of a unit; restore the run's plan")
        if self.store.create(self._at(commit.unit), _framed(msgspec.json.encode(commit))):
            self._cache[self._at(commit.unit)] = commit
            return commit, True
        winner = self._winner(commit.unit)
        # An object store's client repeats a request whose answer got lost, and is refused by its own first one.
        return winner, winner.writer == commit.writer

    def _winner(self, unit: str) -> Commit:
        path = self._at(unit)
        return self._known([path])[path]

    def _load(self) -> dict[str, Commit]:
        return {commit.unit: commit for commit in self._known(self._record_paths()).values()}

    def _known(self, paths: Sequence[str]) -> dict[str, Commit]:
        """The records, read where they were not read before. Raises CorruptionError for a broken one."""
        for path, found in self._read_records([path for path in paths if path not in self._cache]).items():
            if isinstance(found, CorruptionError):
                raise found
            self._cache[path] = found
        return {path: self._cache[path] for path in paths}

    def _read_records(self, paths: Sequence[str]) -> dict[str, Commit | CorruptionError]:
        """Each record, or what is wrong with it."""
        if self.store.local() is not None:
            return {path: self._parse(path) for path in paths}
        # One request after the other would take minutes for thousands of records.
        with ThreadPoolExecutor(_REQUESTS) as pool:
            return dict(zip(paths, pool.map(self._parse, paths), strict=True))

    def _record_paths(self) -> list[str]:
        return [path for path in self.store.list(self._below("commits")) if path.endswith(".json")]

    def _parse(self, path: str) -> Commit | CorruptionError:
        """The record, or what is wrong with it."""
        remedy = "delete it and run again: this unit alone is redone"
        data = self.store.read(path)
        if not data:
            return CorruptionError(f"{self._named(path)}: the commit record is empty; {remedy}")
        try:
            body = bytes(msgspec.json.decode(data, type=_Record).commit)
            commit = msgspec.json.decode(body, type=Commit)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return CorruptionError(f"{self._named(path)}: the commit record is broken ({error}); {remedy}")
        if data != _framed(body):
            return CorruptionError(f"{self._named(path)}: the commit record's own hash does not fit; {remedy}")
        if commit.shard not in ("", _shard_name(commit.sha256)):
            return CorruptionError(
                f"{self._named(path)}: the commit record names {commit.shard!r} as its shard; {remedy}"
            )
        compaction = commit.unit.removeprefix(COMPACTION)
        numbered = compaction == commit.unit or (compaction.isdecimal() and commit.supersedes)
        if not _NAME.fullmatch(commit.unit) or not numbered:
            return CorruptionError(f"{self._named(path)}: {commit.unit!r} is no name of a unit; {remedy}")
        if min(commit.rows, commit.bytes) < 0:
            return CorruptionError(f"{self._named(path)}: the commit record has a negative size; {remedy}")
        if path != self._at(commit.unit):
            return CorruptionError(f"{self._named(path)}: the commit record is of unit {commit.unit!r}; {remedy}")
        return commit

    def _shard(self, commit: Commit) -> tuple[bytes, str]:
        """The payload, or the fault in words."""
        path = self._below(commit.shard)
        where = f"{self._named(path)}: the shard of unit {commit.unit}"
        remedy = f"delete it and {self._named(self._at(commit.unit))} and run again: this unit alone is redone"
        try:
            payload = self.store.read(path)
        except FileNotFoundError:
            return b"", f"{where} is missing; {remedy}"
        if len(payload) != commit.bytes:
            return b"", f"{where} has {len(payload):,} bytes where {commit.bytes:,} were committed; {remedy}"
        if hashlib.sha256(payload).hexdigest() != commit.sha256:
            return b"", f"{where} is not what was committed; {remedy}"
        return payload, ""

    def _shard_fault(self, path: str, commit: Commit | None, count: Callable[[int], None]) -> str:
        """What is wrong with a shard, in words; "" when nothing is. `commit`: the one that it is of, if any."""
        try:
            digest = digest_in(self.store, path, count)
        except OSError as error:
            if commit is not None and isinstance(error, FileNotFoundError):
                return self._shard(commit)[1]
            return f"{self._named(path)}: cannot be read: {error.strerror}"
        if commit is None:
            named = self._below(_shard_name(digest))
            return "" if path == named else f"{self._named(path)}: is of no unit, and not what its name says; remove it"
        return "" if digest == commit.sha256 else self._shard(commit)[1]

    def _below(self, path: str) -> str:
        return f"{self.prefix}/{path}" if self.prefix else path

    def _at(self, unit: str) -> str:
        return self._below(f"commits/{unit}.json")

    def _named(self, path: str) -> str:
        return f"{self.store.uri}/{path}"


def _shard_name(sha256: str) -> str:
    """Where a payload with this digest lies, below the ledger's prefix."""
    return f"shards/{sha256[:32]}.arrow"


def _framed(body: bytes) -> bytes:
    """A record's file: the commit as JSON, with its hash. The hash covers keys, too, that `Commit` does not know."""
    return msgspec.json.encode(_Record(hashlib.sha256(body).hexdigest(), msgspec.Raw(body)))

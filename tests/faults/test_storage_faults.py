"""What breaks is found, and what is killed goes on: committed = planned, none twice, every hash verifies."""

import os
import random
import resource
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from cluster.errors import CorruptionError, WorkError
from cluster.store.ledger import Ledger
from cluster.store.storage import LocalStore, Store, open_store
from rollout.data.compaction import compact
from rollout.data.shards import decode_rows, encode_rows, read_rows
from rollout.records import Episode
from tests.cluster.store.s3 import s3_environment, s3_server
from tests.faults.seed import seeded
from tests.faults.writers import alive, nursery, plan
from tests.rollout.data.rows import episode


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Three units of some batches each."""
    ledger = Ledger(LocalStore(tmp_path / "run"), "episodes")
    for unit in ("u1", "u2", "u3"):
        encoded = encode_rows(Episode, [episode(unit, sample) for sample in range(50)])
        ledger.publish(unit, encoded.payload, encoded.rows)
    return ledger


def test_a_shard_cut_at_any_message_boundary_is_found(ledger: Ledger) -> None:
    commit = ledger.commits()["u2"]
    payload = ledger.read(commit)
    boundaries = list(_boundaries(payload))
    assert len(boundaries) > 3
    silent = 0
    for boundary in boundaries:
        ledger.store.replace(f"episodes/{commit.shard}", payload[:boundary])
        try:
            silent += len(list(decode_rows(Episode, payload[:boundary], "shard"))) < commit.rows
        except CorruptionError:
            assert boundary == 0
        with pytest.raises(CorruptionError, match="bytes where"):
            list(read_rows(Episode, ledger))
        assert len(ledger.verify()) == 1
    assert silent == len(boundaries) - 2, "Arrow itself sees none of them but the empty one; the last lacks no row"


def test_500_random_bit_flips_are_all_found(ledger: Ledger) -> None:
    generator = seeded(1)
    files = [path for path in ledger.store.list() if path.startswith("episodes/")]
    assert len(files) == 6
    for number in range(500):
        path = files[number % len(files)]
        data = ledger.store.read(path)
        place, bit = generator.randrange(len(data)), generator.randrange(8)
        file = ledger.store.local(path)
        assert file is not None
        file.write_bytes(data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :])
        faults = ledger.verify()
        file.write_bytes(data)
        assert len(faults) == 1, f"bit {bit} of byte {place} of {path}: {faults}"
        assert path in faults[0]
    assert ledger.verify() == []


def test_a_commit_record_cut_anywhere_is_found(ledger: Ledger) -> None:
    path = "episodes/commits/u2.json"
    data = ledger.store.read(path)
    file = ledger.store.local(path)
    assert file is not None
    for length in range(len(data)):
        file.write_bytes(data[:length])
        with pytest.raises(CorruptionError, match=r"u2\.json: the commit record is (empty|broken)"):
            Ledger(ledger.store, "episodes").commits()


def test_a_commit_record_of_a_wrong_hash_is_found(ledger: Ledger) -> None:
    one, other = (ledger.store.read(f"episodes/commits/{unit}.json") for unit in ("u1", "u2"))
    middle = one.index(b"commit")
    ledger.store.replace("episodes/commits/u1.json", other[:middle] + one[middle:])
    (fault,) = ledger.verify()
    assert "own hash does not fit" in fault


def test_a_file_size_limit_is_a_full_disk(ledger: Ledger) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = ledger.store.list()
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
    try:
        with pytest.raises(WorkError, match=r"cannot write 100,000 bytes to .*; make room and run again"):
            ledger.publish("u4", b"x" * 100_000, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert _files(ledger.store) == before
    assert ledger.publish("u4", b"x" * 100_000, 1)[1]


def test_a_full_disk_keeps_what_is_committed_and_the_rest_goes_on(small_disk: tuple[Store, Callable[[], None]]) -> None:
    store, enlarge = small_disk
    ledger = Ledger(store, "episodes")
    payloads = {f"u{number:03}": os.urandom(3_000) for number in range(100)}

    def publish_all() -> None:
        for unit, payload in payloads.items():
            ledger.publish(unit, payload, 1)

    for _ in range(3):
        with pytest.raises(WorkError, match=r"make room and run again") as caught:
            publish_all()
        assert "\n" not in str(caught.value)
        commits = ledger.commits()
        assert 10 < len(commits) < 100
        assert Ledger(store, "episodes").verify() == []
        assert _files(store) == store.list(), "nothing half-written is left"
    enlarge()
    publish_all()
    commits = Ledger(store, "episodes").commits()
    assert {unit: ledger.read(commit) for unit, commit in commits.items()} == payloads
    assert ledger.verify() == []
    named = {commit.shard for commit in commits.values()}
    assert {path.removeprefix("episodes/") for path in store.list("episodes/shards")} == named, "no shard is an orphan"


def test_20_kills_of_two_competing_writers(tmp_path: Path) -> None:
    _kill_writers(str(tmp_path / "run"), seeded(1), kills=20, units=200)


@pytest.mark.faults
def test_300_kills_of_two_competing_writers(tmp_path: Path) -> None:
    _kill_writers(str(tmp_path / "run"), seeded(), kills=300, units=2000)


@pytest.mark.faults
def test_50_kills_of_two_competing_writers_on_an_object_store(monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server() as endpoint:
        s3_environment(endpoint, monkeypatch)
        _kill_writers("s3://bucket/run", seeded(), kills=50, units=500)


def _kill_writers(uri: str, generator: random.Random, kills: int, units: int) -> None:
    """Kill one of two writers again and again while they work, let the last two finish, and check everything."""
    store, committed = open_store(uri), 0

    def progress() -> bool:
        return len(store.list("episodes/commits")) > committed

    with nursery() as writers:
        running = [writers.start(uri, units, seed) for seed in (0, 1)]
        for number in range(kills):
            _wait_for(progress, "a commit after the last kill")
            time.sleep(generator.uniform(0.0, 0.015))
            committed = len(store.list("episodes/commits"))
            victim = generator.randrange(2)
            assert alive(running[victim]), f"all units were done after {number} kills: plan more of them"
            os.kill(running[victim], signal.SIGKILL)
            running[victim] = writers.start(uri, units, number + 2)
        _wait(running)
        _check(Ledger(store, "episodes"), units)
        before = _state(store)
        _wait([writers.start(uri, units, 10_000)])
        assert _state(store) == before, "a second run of finished work writes nothing"


def _check(ledger: Ledger, units: int) -> None:
    _check_commits(ledger, units)
    rows = [row.id for row in read_rows(Episode, ledger)]
    compact(ledger, 1 << 20)
    assert len(ledger.commits()) < units
    assert [row.id for row in read_rows(Episode, ledger)] == rows
    assert ledger.verify() == []


def _check_commits(ledger: Ledger, units: int) -> None:
    planned = plan(units)
    commits = ledger.commits()
    assert sorted(commits) == sorted(unit.name for unit in planned), "committed = planned"
    rows = Counter(row.id for row in read_rows(Episode, ledger))
    expected = {f"{unit.problem_ids[0]}#{sample}" for unit in planned for sample in range(5)}
    assert rows.keys() == expected
    assert set(rows.values()) == {1}, "none twice"
    assert ledger.verify() == [], "every hash verifies"
    makers = {commit.meta["writer"] for commit in commits.values()}
    assert len(makers) > 2, "more than one writer's work counts"
    for commit in list(commits.values())[:50]:
        assert {row.engine for row in list(decode_rows(Episode, ledger.read(commit), "shard"))} == {
            commit.meta["writer"]
        }


def _wait(pids: list[int]) -> None:
    _wait_for(lambda: not any(alive(pid) for pid in pids), "the writers' end")


def _wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.002)


def _state(store: Store) -> list[tuple[str, int]]:
    """Every file, temporary ones of killed writers too, and when it was written where that can be known."""
    root = store.local()
    if root is None:
        return [(path, len(store.read(path))) for path in store.list()]
    return sorted((str(path), path.stat().st_mtime_ns) for path in root.rglob("*"))


def _files(store: Store) -> list[str]:
    root = store.local()
    assert root is not None
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def _boundaries(payload: bytes) -> Iterator[int]:
    """Where an Arrow stream can be cut between two messages, its very beginning included, its end not."""
    source = pa.BufferReader(payload)
    yield 0
    while True:
        try:
            pa.ipc.read_message(source)
        except (EOFError, pa.ArrowInvalid):
            return
        if source.tell() < len(payload):
            yield source.tell()


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Store, Callable[[], None]]]:
    """A store on a disk of 256 KiB and what makes it larger: a real file system where it may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = _quietly("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder))
    if mounted:
        yield LocalStore(folder / "run"), lambda: _must("mount", "-o", "remount,size=4m", str(folder))
        _must("umount", str(folder))
        return
    budget = [256 << 10]
    write = os.write

    def limited(descriptor: int, data: memoryview) -> int:
        if len(data) > budget[0]:
            raise OSError(28, "No space left on device")
        budget[0] -= len(data)
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", limited)
    yield LocalStore(folder / "run"), lambda: budget.__setitem__(0, 4 << 20)


def _quietly(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _must(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)

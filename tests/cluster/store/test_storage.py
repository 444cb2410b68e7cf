"""Both kinds of store give the same: first writer wins, whole files only, errors that say what to do."""

import errno
import os
import pickle
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cluster.errors import CorruptionError, FullDiskError, RequestError, WorkError
from cluster.store import storage
from cluster.store.storage import LocalStore, ObjectStore, Store, open_store
from tests.cluster.store.s3 import TroubledS3, s3_environment, s3_server, troubled_s3


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "local":
        return open_store(str(tmp_path / "store"))
    return open_s3(request.getfixturevalue("s3_endpoint"), monkeypatch, f"s3://bucket/{tmp_path.name}")


def open_s3(endpoint: str, monkeypatch: pytest.MonkeyPatch, uri: str) -> Store:
    s3_environment(endpoint, monkeypatch)
    return open_store(uri)


def test_the_first_writer_wins(store: Store) -> None:
    assert store.create("a/b/one.json", b"first")
    assert not store.create("a/b/one.json", b"second")
    assert store.read("a/b/one.json") == b"first"


def test_of_many_writers_at_once_one_wins(store: Store) -> None:
    for number in range(5):
        barrier = threading.Barrier(4)
        won: list[bytes] = []

        def write(
            data: bytes, number: int = number, barrier: threading.Barrier = barrier, won: list[bytes] = won
        ) -> None:
            barrier.wait()
            if store.create(f"race/{number}", data):
                won.append(data)

        threads = [threading.Thread(target=write, args=(bytes([65 + index]) * 1000,)) for index in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        assert store.read(f"race/{number}") == won[0]


def test_replace_overwrites(store: Store) -> None:
    store.replace("view.json", b"old")
    store.replace("view.json", b"new")
    assert store.read("view.json") == b"new"
    assert store.list() == ["view.json"]


def test_listing_is_by_folder_sorted_and_from_the_root(store: Store) -> None:
    for path in ("b/2", "b/1", "b/deep/3", "bb/4", "c"):
        store.create(path, b"x")
    store.create("b/.tmp-killed", b"half")
    assert store.list("b") == ["b/1", "b/2", "b/deep/3"]
    assert store.list() == ["b/1", "b/2", "b/deep/3", "bb/4", "c"]
    assert store.list("none") == []


def test_what_is_not_there(store: Store) -> None:
    assert not store.exists("none")
    with pytest.raises(FileNotFoundError):
        store.read("none")
    store.create("some", b"")
    assert store.exists("some")
    assert store.read("some") == b""


def test_a_probe_leaves_nothing(store: Store) -> None:
    store.probe()
    assert store.list() == []


def test_another_process_opens_the_same(store: Store) -> None:
    store.create("a", b"1")
    assert pickle.loads(pickle.dumps(store)).read("a") == open_store(store.uri).read("a") == b"1"  # noqa: S301


def test_large_payloads(store: Store) -> None:
    payload = os.urandom(12 << 20)
    assert store.create("large", payload)
    assert store.read("large") == payload
    assert not store.create("large", b"")


@pytest.mark.parametrize("path", ["", "/a", "a/../b", "a//b", "./a", "a\0b"])
def test_paths_stay_below_the_root(store: Store, path: str) -> None:
    with pytest.raises(CorruptionError):
        store.create(path, b"")


def test_opening_touches_nothing(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "run"))
    assert store.list() == []
    assert not (tmp_path / "run").exists()
    assert open_store(f"file://{tmp_path}/run").uri == store.uri == str(store.local())
    assert store.local("a/b") == tmp_path / "run/a/b"


@pytest.mark.parametrize("uri", ["ftp://host/x", "s3://", "file://relative"])
def test_unknown_stores_are_refused(uri: str) -> None:
    with pytest.raises(RequestError, match="write a local path or s3://"):
        open_store(uri)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = open_store(str(tmp_path / "file/run"))
    for write in (store.create, store.replace):
        with pytest.raises(RequestError, match=r"cannot write to .*/file/run: Not a directory; choose") as caught:
            write("a", b"")
        assert "\n" not in str(caught.value)
    with pytest.raises(RequestError):
        store.probe()


def test_a_file_system_without_hard_links_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(RequestError, match="no hard links"):
        open_store(str(tmp_path)).probe()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_a_failing_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    store = LocalStore(tmp_path)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(WorkError, match="Input/output error"):
        store.create("a", b"x" * size)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_lets_the_second_writer_pass_is_refused(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_s3(s3_endpoint, monkeypatch, "s3://bucket/lenient")
    assert isinstance(store, ObjectStore)

    def create(path: str, data: bytes) -> bool:
        store.replace(path, data)
        return True

    monkeypatch.setattr(store, "create", create)
    with pytest.raises(RequestError) as caught:
        store.probe()
    assert str(caught.value) == (
        f"store {store.uri}: a second writer was not refused; exactly-once commits need create-if-absent "
        "(If-None-Match: *); use another store"
    )


@pytest.fixture
def troubled(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[TroubledS3, Store]]:
    monkeypatch.setattr(storage, "_CONFLICT_PAUSES_S", (0.0, 0.0, 0.0))
    with troubled_s3() as server:
        yield server, open_s3(server.endpoint, monkeypatch, "s3://bucket/run")


def test_a_conflict_that_leaves_no_object_is_tried_again(troubled: tuple[TroubledS3, Store]) -> None:
    server, store = troubled
    server.conflicts = 3
    assert store.create("a", b"mine")
    assert store.read("a") == b"mine"
    server.conflicts = 1
    assert not store.create("a", b"late"), "a conflict with one that is there is lost"
    assert store.read("a") == b"mine"


def test_a_conflict_without_end_is_the_stores_fault(troubled: tuple[TroubledS3, Store]) -> None:
    server, store = troubled
    server.conflicts = 100
    with pytest.raises(WorkError) as caught:
        store.create("a", b"mine")
    assert str(caught.value) == (
        f"store {store.uri}: a cannot be created: the store answers that it conflicts with another writer, and no "
        "object comes; run again"
    )
    assert server.puts == 4


def test_a_probe_bears_a_lost_answer(troubled: tuple[TroubledS3, Store]) -> None:
    server, store = troubled
    server.lost_answers = 1
    store.probe()
    assert server.puts == 3, "the first one was sent twice"


def test_a_bucket_that_does_not_exist(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_s3(s3_endpoint, monkeypatch, "s3://nowhere/run")
    with pytest.raises(RequestError, match="bucket does not exist") as caught:
        store.probe()
    assert "\n" not in str(caught.value)


def test_an_endpoint_that_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RequestError, match="AWS_ENDPOINT_URL=nonsense: not an address"):
        open_s3("nonsense", monkeypatch, "s3://bucket/run")


def test_a_server_that_does_not_answer_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RequestError, match="cannot write") as caught:
        open_s3("http://127.0.0.1:1", monkeypatch, "s3://bucket/run").probe()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("number", "kind", "says"),
    [
        (
            errno.ENOSPC,
            FullDiskError,
            "cannot write 5 bytes to FOLDER/a/b: No space left on device; make room and run again",
        ),
        (
            errno.EDQUOT,
            FullDiskError,
            "cannot write 5 bytes to FOLDER/a/b: Disk quota exceeded; make room and run again",
        ),
        (
            errno.EACCES,
            RequestError,
            "cannot write to FOLDER/a: Permission denied; choose a folder that can be written",
        ),
        (
            errno.EROFS,
            RequestError,
            "cannot write to FOLDER/a: Read-only file system; choose a folder that can be written",
        ),
        (errno.EIO, WorkError, "cannot write FOLDER/a/b: Input/output error"),
    ],
)
def test_what_keeps_a_local_file_from_being_written_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception], says: str
) -> None:
    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    store = LocalStore(tmp_path)
    monkeypatch.setattr(os, "fsync", fail)
    for write in (store.create, store.replace):
        with pytest.raises(kind) as caught:
            write("a/b", b"12345")
        assert type(caught.value) is kind
        assert str(caught.value) == says.replace("FOLDER", str(tmp_path))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.create("a/b", b"")
    assert not store.exists("a")
    with pytest.raises(WorkError, match=f"^cannot read {tmp_path}/a: Is a directory$"):
        store.read("a")


@pytest.mark.parametrize(
    ("raised", "kind", "says"),
    [
        (
            PermissionError("no\n  more"),
            RequestError,
            "may not write a; check AWS_ACCESS_KEY_ID and the bucket's policy",
        ),
        (OSError("gone\nand a dump"), WorkError, "cannot write a: gone"),
        (FileNotFoundError("NoSuchBucket: b"), RequestError, "the bucket does not exist; make it first"),
    ],
)
def test_what_keeps_an_object_from_being_written_is_one_line(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, kind: type[Exception], says: str
) -> None:
    store = open_s3("http://127.0.0.1:1", monkeypatch, "s3://bucket/run/")
    assert store.uri == "s3://bucket/run"

    def fail(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(storage.obstore, "put", fail)
    for write in (store.create, store.replace):
        with pytest.raises(kind) as caught:
            write("a", b"")
        assert str(caught.value).startswith(f"store s3://bucket/run: {says}")
        assert "\n" not in str(caught.value)


def test_reading_and_listing_say_what_they_did(monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_s3("http://127.0.0.1:1", monkeypatch, "s3://bucket/run")

    def fail(*_: object, **__: object) -> None:
        raise OSError("gone")

    for name in ("get", "head", "list"):
        monkeypatch.setattr(storage.obstore, name, fail)
    for call, doing in ((store.read, "read a"), (store.exists, "read a"), (store.list, "list a")):
        with pytest.raises(WorkError, match=f"^store s3://bucket/run: cannot {doing}: gone$"):
            call("a")
    assert store.local("a") is None


def test_an_object_that_is_not_there_is_named(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        open_s3(s3_endpoint, monkeypatch, "s3://bucket/run").read("a/b")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOENT, "s3://bucket/run/a/b")


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT"])
def test_an_endpoint_comes_from_either_variable(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    s3_environment(s3_endpoint, monkeypatch)
    for variable in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(name, s3_endpoint)
    store = open_store(f"s3://bucket/{name}")
    assert store.create("a", b"1")
    assert store.list() == ["a"]
    monkeypatch.setenv(name, "https://host with blanks")
    with pytest.raises(RequestError, match=rf"^{name}=https://host with blanks: not an address; write it as"):
        open_store("s3://bucket/x")


def test_requests_to_a_bucket_are_patient_and_repeated() -> None:
    store = ObjectStore("s3://bucket/x")._store
    assert store.client_options == {"timeout": "10m", "connect_timeout": "10s", "allow_http": "false"}
    assert store.retry_config is not None
    assert store.retry_config["max_retries"] == 6
    assert store.retry_config["retry_timeout"] == timedelta(minutes=2)


@pytest.mark.parametrize("uri", ["plain", "ftp://host/x", "s3:///", "file://relative", "S3://bucket"])
def test_a_store_is_a_path_or_a_bucket(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if uri == "plain":
        assert open_store(uri).uri == str(tmp_path / "plain"), "a relative path is one of the folder where it was said"
    else:
        with pytest.raises(RequestError) as caught:
            open_store(uri)
        assert str(caught.value) == f"store {uri!r}: not understood; write a local path or s3://BUCKET/PREFIX"

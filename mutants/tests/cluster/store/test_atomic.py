"""Files and folders appear whole or not at all, whatever happens to who writes them."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from cluster.errors import RequestError
from cluster.store.atomic import TEMPORARY, atomic_file, atomic_folder
from cluster.store.storage import LocalStore


def write(path: Path, text: str, *, replace: bool) -> None:
    with atomic_file(path, replace=replace) as file:
        file.write(text.encode())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_at_the_end_in_folders_that_are_made(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "file"
    with atomic_file(path, replace=False) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert names(path.parent) == ["file"]


@pytest.mark.parametrize("replace", [False, True])
def test_a_file_of_a_writer_that_fails_leaves_nothing(tmp_path: Path, replace: bool) -> None:
    path = tmp_path / "file"
    if replace:
        path.write_text("old")

    def fail() -> None:
        with atomic_file(path, replace=replace) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert names(tmp_path) == (["file"] if replace else [])
    assert not replace or path.read_text() == "old"


def test_a_file_that_is_there_is_replaced_only_when_asked(tmp_path: Path) -> None:
    write(tmp_path / "file", "first", replace=False)
    with pytest.raises(FileExistsError):
        write(tmp_path / "file", "second", replace=False)
    assert (tmp_path / "file").read_text() == "first"
    write(tmp_path / "file", "third", replace=True)
    assert (tmp_path / "file").read_text() == "third"
    assert names(tmp_path) == ["file"]


def test_of_many_writers_of_a_file_at_once_one_succeeds(tmp_path: Path) -> None:
    barrier = threading.Barrier(6)
    written: list[str] = []

    def work(text: str) -> None:
        barrier.wait()
        try:
            write(tmp_path / "file", text, replace=False)
        except FileExistsError:
            return
        written.append(text)

    threads = [threading.Thread(target=work, args=(str(number) * 10_000,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(tmp_path / "file").read_text()] == written
    assert names(tmp_path) == ["file"]


def test_a_link_whose_answer_got_lost_is_a_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def linked_twice(source: Path, target: Path) -> None:
        link(source, target)
        link(source, target)

    monkeypatch.setattr(os, "link", linked_twice)
    write(tmp_path / "file", "mine", replace=False)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_file_system_without_hard_links_can_replace_but_not_create(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(RequestError, match=f"{tmp_path}: its file system has no hard links"):
        write(tmp_path / "file", "text", replace=False)
    assert names(tmp_path) == []
    write(tmp_path / "file", "text", replace=True)


def test_bytes_and_names_are_synced_before_and_after_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        there = "there" if (tmp_path / "target").exists() else "not there"
        name = "temporary" if path.name.startswith(TEMPORARY) else path.name
        synced.append(f"{name}, target {there}")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    write(tmp_path / "target", "text", replace=False)
    assert synced == ["temporary, target not there", f"{tmp_path.name}, target there"]
    (tmp_path / "target").unlink()
    synced.clear()
    with atomic_folder(tmp_path / "target") as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text("text")
    before = {f"{name}, target not there" for name in ("sub", "file", "temporary")}
    assert set(synced[:-1]) == before
    assert synced[-1] == f"{tmp_path.name}, target there"


def test_a_folder_appears_at_the_end(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "models" / "sft") as temporary:
        (temporary / "config.json").write_text("{}")
        assert not (tmp_path / "models" / "sft").exists()
    assert names(tmp_path / "models") == ["sft"]


def test_a_folder_of_a_writer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with atomic_folder(tmp_path / "models" / "sft") as temporary:
            (temporary / "config.json").write_text("{}")
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        fail()
    assert names(tmp_path / "models") == []


def test_the_first_folder_stays(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "sft") as late:
        (late / "config.json").write_text("late")
        with atomic_folder(tmp_path / "sft") as early:
            (early / "config.json").write_text("early")
    assert (tmp_path / "sft" / "config.json").read_text() == "early"
    assert names(tmp_path) == ["sft"]


def test_a_folder_that_must_be_new_is_refused_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with atomic_folder(tmp_path / "out", exist_ok=False) as temporary:
        (temporary / "file").write_text("first")
    with pytest.raises(OSError, match="not empty"), atomic_folder(tmp_path / "out", exist_ok=False) as temporary:
        (temporary / "file").write_text("second")
    assert (tmp_path / "out" / "file").read_text() == "first"
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize(
    "block",
    [
        "with atomic_file(target, replace=False) as file: file.write(b'half'); file.flush(); wait()",
        "with atomic_folder(target) as folder: (folder / 'file').write_text('half'); wait()",
    ],
)
def test_a_killed_writer_leaves_nothing_that_counts(tmp_path: Path, block: str) -> None:
    script = f"""
        import sys, time
        from pathlib import Path
        from cluster.store.atomic import atomic_file, atomic_folder
        target = Path(sys.argv[1])
        def wait():
            print("in the middle", flush=True)
            time.sleep(60)
        {block}
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "target")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "in the middle\n"
        writer.send_signal(signal.SIGKILL)
    assert all(name.startswith(TEMPORARY) for name in names(tmp_path))
    assert LocalStore(tmp_path).list() == []
    write(tmp_path / "target", "whole", replace=False)
    assert LocalStore(tmp_path).list() == ["target"]

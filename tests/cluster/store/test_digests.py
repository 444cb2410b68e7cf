"""Every byte of what is written with a digest is under it."""

import hashlib
import json
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Literal

import pytest

from cluster.errors import CorruptionError
from cluster.store.digests import SUMS, DigestFile, check_sums, checked, is_sealed, known_digest, sealed, write_sums

CONTENTS: dict[Literal["json", "toml", "html"], bytes] = {
    "json": b'{\n "a": 1,\n "b": [2, 3]\n}\n',
    "toml": b"[a]\nb = 1\n",
    "html": b"<!doctype html>\n<p>x</p>\n",
}


@pytest.mark.parametrize("form", ["json", "toml", "html"])
def test_a_changed_byte_is_refused_or_takes_the_digest_away(form: Literal["json", "toml", "html"]) -> None:
    data = sealed(CONTENTS[form], form)
    assert checked(data, "file", "restore it") == data
    assert is_sealed(data)
    assert not is_sealed(CONTENTS[form])
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        if is_sealed(changed):
            with pytest.raises(CorruptionError, match="file: is not what was written, its hash differs; restore it"):
                checked(changed, "file", "restore it")
        else:  # the words around the digest: an inventory of the run tells that it had one
            assert at >= len(CONTENTS[form]) - 3


def test_a_file_with_a_digest_is_still_of_its_kind() -> None:
    assert json.loads(sealed(CONTENTS["json"], "json"))["b"] == [2, 3]
    assert tomllib.loads(sealed(CONTENTS["toml"], "toml").decode()) == {"a": {"b": 1}}
    assert sealed(CONTENTS["html"], "html").endswith(b" -->\n")


def test_what_has_no_digest_is_read_as_it_is() -> None:
    assert checked(b"{}", "file", "restore it") == b"{}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    (made / "deeper").mkdir(parents=True)
    (made / "config.json").write_text("{}")
    (made / "deeper" / "weights with a space.bin").write_bytes(bytes(range(256)))
    write_sums(made)
    return made


def test_a_folder_is_checked_as_sha256sum_checks_it(folder: Path) -> None:
    check_sums(folder, "restore it")
    tool = shutil.which("sha256sum")
    assert tool is not None
    subprocess.run([tool, "--check", "--strict", SUMS], cwd=folder, check=True, capture_output=True)


def test_a_changed_byte_in_a_folder_or_its_list_is_found(folder: Path) -> None:
    for path in filter(Path.is_file, sorted(folder.rglob("*"))):
        whole = path.read_bytes()
        for at in range(len(whole)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            with pytest.raises(CorruptionError, match="model/"):
                check_sums(folder, "restore it")
        path.write_bytes(whole)
    check_sums(folder, "restore it")


def test_a_missing_and_an_extra_file_are_named(folder: Path) -> None:
    extra = folder / "model-00002.safetensors"
    extra.write_bytes(b"")
    with pytest.raises(CorruptionError, match=rf"{extra}: is not one of the files that were written there; remove it"):
        check_sums(folder, "remove it")
    extra.unlink()
    (folder / "config.json").unlink()
    with pytest.raises(CorruptionError, match=r"config\.json: is missing; restore it"):
        check_sums(folder, "restore it")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "a//b", "./a"])
def test_no_name_leaves_the_folder(folder: Path, name: str) -> None:
    (folder / SUMS).write_text(f"{'0' * 64}  {name}\n")
    with pytest.raises(CorruptionError, match="is no entry"):
        check_sums(folder, "restore it")


def test_a_folder_without_a_list_is_taken_as_it_is(folder: Path) -> None:
    (folder / SUMS).unlink()
    check_sums(folder, "restore it")


def test_a_file_is_hashed_while_it_is_written(tmp_path: Path) -> None:
    with DigestFile(tmp_path / "file") as file:
        file.write(b"one")
        file.write(memoryview(b"two"))
    assert (tmp_path / "file").read_bytes() == b"onetwo"
    assert file.sha256 == hashlib.sha256(b"onetwo").hexdigest()


def test_a_digest_is_not_kept_over_a_change(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for contents in (b"one", b"two", b"one"):
        path.write_bytes(contents)
        assert known_digest(path) == hashlib.sha256(contents).hexdigest()

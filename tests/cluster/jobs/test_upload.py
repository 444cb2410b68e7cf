"""What a job takes along: the files that it needs and nothing else, the same bytes for the same files."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from cluster.errors import RequestError
from cluster.jobs.upload import archive, files_to_send


def written(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_what_is_no_work_of_the_user_stays_here(tmp_path: Path) -> None:
    wanted = ("recipe.toml", "problems/mine.jsonl", "functions/shop.py", "deep/er/notes.md")
    left = (
        ".git/config",
        ".venv/bin/python",
        "venv/x",
        "runs/local/plan.json",
        "a/__pycache__/b.pyc",
        ".env",
        ".netrc",
    )
    weights = ("models/base/model.safetensors", "shards/1.arrow", "old.log", "x.egg-info/PKG-INFO")
    ignored = ("secret/key.txt", "big/data.csv", "deep/er/draft.md")
    written(tmp_path, *wanted, *left, *weights, *ignored)
    (tmp_path / ".gitignore").write_text("secret/\n")
    (tmp_path / ".rayignore").write_text("big/\n")
    (tmp_path / "deep" / ".gitignore").write_text("draft.md\n")
    (tmp_path / "linked").symlink_to(tmp_path / "secret")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert list(files_to_send(tmp_path).files) == sorted(wanted)


def test_a_file_that_an_ignore_file_keeps_is_sent_as_git_and_ray_send_it(tmp_path: Path) -> None:
    wanted = ("a.py", "data/keep.jsonl", "data/more/kept.csv", "sub/b.py", "sub/only_top.txt", "sub/deeper/seed.tmp")
    left = (
        "data/drop.jsonl",
        "data/more/x.csv",
        "only_top.txt",
        "x.tmp",
        "sub/y.tmp",
        "sub/m/deep/z.py",
        "out/all/o.py",
    )
    written(tmp_path, *wanted, *left, "#odd")
    rules = "data/*\n!data/keep.jsonl\n!data/more/\ndata/more/*\n!data/more/kept.csv\n"
    (tmp_path / ".gitignore").write_text(f"{rules}*.tmp\n/only_top.txt\nsub/**/deep\n# comment\n\\#odd\nout/\n")
    (tmp_path / "sub" / "deeper" / ".gitignore").write_text("")
    (tmp_path / ".rayignore").write_text("")
    sent = list(files_to_send(tmp_path).files)
    assert [name for name in sent if name not in wanted] == []
    assert sorted({*wanted} - {*sent}) == ["sub/deeper/seed.tmp"]  # *.tmp holds below, too


def test_only_the_named_folders_are_sent(tmp_path: Path) -> None:
    written(tmp_path, "one/a.py", "two/b.py", "three/c.py", "d.py")
    assert list(files_to_send(tmp_path, ("one", "three")).files) == ["one/a.py", "three/c.py"]


def test_an_archive_is_the_same_for_the_same_files(tmp_path: Path) -> None:
    files = files_to_send(written(tmp_path, "a.py", "run.sh")).files
    (tmp_path / "run.sh").chmod(0o755)
    first = archive(files, {"x/recipe.toml": b"[run]", "a.py": b"mine"})
    (tmp_path / "a.py").touch()
    assert archive(files, {"a.py": b"mine", "x/recipe.toml": b"[run]"}) == first
    with zipfile.ZipFile(io.BytesIO(first)) as opened:
        assert {name: opened.read(name) for name in opened.namelist()} == {
            "a.py": b"mine",
            "run.sh": b"run.sh",
            "x/recipe.toml": b"[run]",
        }
        assert [entry.external_attr >> 16 & 0o777 for entry in opened.infolist()] == [0o644, 0o755, 0o644]


def test_too_much_is_refused_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "a/small", "b/large")
    (tmp_path / "b" / "large").write_bytes(bytes(5000))
    monkeypatch.setattr("cluster.jobs.upload.LIMIT_BYTES", 4000)
    with pytest.raises(RequestError, match=r"most of it of b; leave it out with a \.rayignore"):
        files_to_send(tmp_path)


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="is no folder"):
        files_to_send(tmp_path / "nowhere")


def test_a_link_is_sent_only_where_its_file_is_sent_anyway(tmp_path: Path) -> None:
    written(tmp_path, "home/.aws/credentials", "home/notes.md", "other/shared.csv")
    folder = written(
        tmp_path / "home" / "work", "kept.py", "sub/rows.csv", ".env", "secret/key.txt", "w.bin", "one.log"
    )
    (folder / ".gitignore").write_text("secret/\nignored-link\n")
    links = {
        "notes.txt": "../.aws/credentials",
        "absolute": str(tmp_path / "home" / ".aws" / "credentials"),
        "sub/up": "../../notes.md",
        "round": "sub/../../work/../notes.md",
        "chained": "notes.txt",
        "hidden": ".env",
        "ignored": "secret/key.txt",
        "weights.txt": "w.bin",
        "log.txt": "one.log",
        "folder": str(tmp_path / "other"),
        "inner-folder": "sub",
        "nowhere": "nothing",
        "loop": "loop",
        "proc": "/proc/self/environ",
    }
    within = {"same.py": "kept.py", "deep/er/again.csv": "../../sub/rows.csv", "twice.py": "same.py"}
    silent = {
        "ignored-link": "../.aws/credentials",
        ".hidden-link": "../notes.md",
        "runs": "../.aws",
        ".venv": "../.aws",
    }
    for name, target in (links | within | silent).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "pipe")
    sent, left_out = files_to_send(folder)
    assert sorted(sent) == sorted(["kept.py", "sub/rows.csv", *within])
    assert sorted(line.partition(":")[0] for line in left_out) == sorted(links)
    assert f"notes.txt: a link out of the folder, to {tmp_path}/home/.aws/credentials" in left_out
    assert "hidden: a link to .env, which is not sent" in left_out
    with zipfile.ZipFile(io.BytesIO(archive(sent, {}))) as opened:
        contents = {name: opened.read(name).decode() for name in opened.namelist()}
    assert contents["twice.py"] == "kept.py"
    assert not any("credentials" in text or "key.txt" in text or ".env" in text for text in contents.values())


def test_a_folder_that_is_itself_behind_a_link_is_sent_like_any_other(tmp_path: Path) -> None:
    written(tmp_path, "real/a.py")
    (tmp_path / "real" / "b.py").symlink_to("a.py")
    (tmp_path / "link").symlink_to("real")
    assert list(files_to_send(tmp_path / "link").files) == ["a.py", "b.py"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [(".gitignore", b"\xff\xfe", "is not read"), (os.fsdecode(b"\xff.py"), b"", "is no name in UTF-8")],
)
def test_what_is_no_utf8_is_one_line(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RequestError, match=said):
        files_to_send(tmp_path)

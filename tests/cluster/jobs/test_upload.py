"""What a job takes along: the files that it needs and nothing else, the same bytes for the same files."""

import io
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
    assert list(files_to_send(tmp_path)) == sorted(wanted)


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
    sent = list(files_to_send(tmp_path))
    assert [name for name in sent if name not in wanted] == []
    assert sorted({*wanted} - {*sent}) == ["sub/deeper/seed.tmp"]  # *.tmp holds below, too


def test_only_the_named_folders_are_sent(tmp_path: Path) -> None:
    written(tmp_path, "one/a.py", "two/b.py", "three/c.py", "d.py")
    assert list(files_to_send(tmp_path, ("one", "three"))) == ["one/a.py", "three/c.py"]


def test_an_archive_is_the_same_for_the_same_files(tmp_path: Path) -> None:
    files = files_to_send(written(tmp_path, "a.py", "run.sh"))
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

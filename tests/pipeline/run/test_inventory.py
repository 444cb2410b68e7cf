"""What is missing, came later, or is not finished is named; a run that is at work or was killed is no damaged one."""

import io
from pathlib import Path

import boto3
import pytest
from rich.console import Console

from cluster.errors import RequestError, UnverifiedError, WorkError
from cluster.store.digests import write_sums
from pipeline.commands.verify import verify_run
from pipeline.recipe import load_recipe
from pipeline.run.folder import Run, open_run, read_run
from pipeline.run.inventory import close
from pipeline.run.workload import make_workload
from rollout.data import layout
from rollout.data.shards import Rejected, encode_rows, quarantine
from rollout.records import Episode
from tests.cluster.store.s3 import s3_environment, s3_server
from tests.repository import DATA
from tests.rollout.data.rows import episode
from training.ranks.checkpoints import file_names, hash_files, seal
from training.ranks.metrics import append_metrics

SMALL = ["problems.arithmetic.train=4", "rollout.samples=4"]


def made(folder: Path, *settings: str) -> Run:
    console = Console(file=io.StringIO(), width=500)
    with open_run(load_recipe(DATA / "scripted.toml", [*SMALL, *settings]), folder, console, False) as run:
        make_workload(run)
    run.events.add("stage started", stage="models")
    return run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A closed run with a file of every kind."""
    run = made(tmp_path / "run")
    quarantine(run.store, "u", [Rejected(row="r", place=0, reason="x", content="{}")])
    arm = run.folder / layout.checkpoints("sft")
    checkpoint(arm / "checkpoint-2")
    append_metrics(arm / layout.METRICS, {"step": 1})
    (arm / "tensorboard").mkdir()
    (arm / "tensorboard" / "events.out").write_bytes(b"theirs")
    (run.model("sft")).mkdir(parents=True)
    (run.model("sft") / "config.json").write_text("{}")
    write_sums(run.model("sft"))
    orphan = encode_rows(Episode, [episode("other", 0)])
    run.ledger(layout.EPISODES).publish("lost", orphan.payload, 1)
    (run.folder / "episodes/commits/lost.json").unlink()
    close(run)
    return run


def checkpoint(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "latest").write_text("global_step2")
    seal(folder, hash_files(folder, file_names(folder)), step=2, ranks=1, request="r")


def found(run: Run) -> tuple[int, str]:
    """Exit status of `verify`, and all that it says."""
    console = Console(file=io.StringIO(), width=10_000)
    status = 0
    try:
        verify_run(run.folder, console)
    except (WorkError, UnverifiedError, RequestError) as error:
        status = error.exit_status
        console.print(str(error), highlight=False, markup=False)
    assert isinstance(console.file, io.StringIO)
    return status, console.file.getvalue()


def files(run: Run) -> list[Path]:
    return sorted(path for path in run.folder.rglob("*") if path.is_file() and path.name != layout.LOCK)


def test_a_closed_run_is_verified_and_closing_it_again_writes_nothing(run: Run) -> None:
    status, text = found(run)
    assert status == 0, text
    assert "verified: every file but those of logs/ is what was written" in text
    assert f"{len(files(run))} files" in text
    before = {path: path.stat().st_mtime_ns for path in files(run)}
    close(run)
    assert {path: path.stat().st_mtime_ns for path in files(run)} == before


def test_a_flipped_byte_is_found_in_every_file(run: Run) -> None:
    for path in files(run):
        whole = path.read_bytes()
        for at in range(0, len(whole), max(1, len(whole) // 6)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            status, text = found(run)
            assert status in (1, 2), (path, at, text)
            assert path.name in text, (path, at)
        path.write_bytes(whole)
    assert found(run)[0] == 0


def test_a_missing_file_is_named(run: Run) -> None:
    for path in files(run):
        whole = path.read_bytes()
        path.unlink()
        status, text = found(run)
        # Without the list of what was there, nothing says that it was: the run counts as one that is not closed.
        assert status == 3 if path.name == layout.INVENTORY else status in (1, 2), (path, text)
        assert path.name in text or status == 3, (path, text)
        path.write_bytes(whole)
    assert found(run)[0] == 0


@pytest.mark.parametrize(
    "name",
    [
        "pairs.jsonl",
        "models/other/config.json",
        "models/sft/model.safetensors",
        "checkpoints/sft/checkpoint-2/global_step2/payload.pt",
        "checkpoints/sft/checkpoint-4/latest",
        "checkpoints/sft/tensorboard/another",
        "problems/suites/more.jsonl",
        "episodes/shards/00000000000000000000000000000000.arrow",
        "episodes/commits/half",
        "probes/base-0.json",
        "quarantine/u-000000000000.jsonl",
        "report/summary.json",
        ".hidden",
    ],
)
def test_a_file_that_came_later_is_named(run: Run, name: str) -> None:
    path = run.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"{}")
    status, text = found(run)
    assert status == 1, text
    assert name in text


def test_a_link_is_no_file_of_a_run(run: Run, tmp_path: Path) -> None:
    path = run.folder / layout.checkpoints("sft") / "tensorboard" / "events.out"
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    status, text = found(run)
    assert status == 1
    assert "tensorboard/events.out: is a link" in text


def test_a_run_that_is_at_work_is_not_damaged(run: Run) -> None:
    """A command has begun, taken an old checkpoint away, and is saving the next one."""
    run.events.add("stage started", stage="train")
    arm = run.folder / layout.checkpoints("sft")
    for path in (arm / "checkpoint-2").iterdir():
        path.unlink()
    (arm / "checkpoint-2").rmdir()
    (arm / "checkpoint-4").mkdir()
    (arm / "checkpoint-4" / "latest").write_text("glo")
    (arm / "tensorboard" / "more").write_bytes(b"x")
    (run.folder / "episodes" / "shards" / ".tmp-0123").write_bytes(b"half")
    with (run.folder / layout.EVENTS).open("ab") as file:
        file.write(b'{"time":"half a li')
    status, text = found(run)
    assert status == 3, text
    for line in (
        "unfinished: the run: its last command is at work or did not end well",
        "unfinished: checkpoints/sft/checkpoint-4: saving it was interrupted, or goes on",
        "unfinished: checkpoints/sft/tensorboard/more: is hashed when the command ends",
        "unfinished: episodes/shards/.tmp-0123: a writer has not finished it, or was killed",
    ):
        assert line in text
    assert "  verified" not in text


def test_what_can_never_go_is_missed_in_a_run_at_work_too(run: Run) -> None:
    run.events.add("stage started", stage="train")
    (run.folder / layout.TRAIN_PROBLEMS).unlink()
    status, text = found(run)
    assert status == 1
    assert "problems/train.jsonl: is missing" in text


def test_closing_takes_away_what_killed_writers_left(run: Run) -> None:
    run.events.add("stage started", stage="train")
    (run.folder / "models" / ".tmp-1").mkdir()
    (run.folder / "models" / ".tmp-1" / "weights").write_bytes(b"x")
    (run.folder / "episodes" / ".tmp-2").write_bytes(b"x")
    close(run)
    assert found(run)[0] == 0
    assert not list(run.folder.rglob(".tmp-*"))


def test_a_run_that_was_moved_is_verified(run: Run, tmp_path: Path) -> None:
    run.folder.rename(tmp_path / "elsewhere")
    moved = read_run(tmp_path / "elsewhere", run.console)
    status, text = found(moved)
    assert status == 0, text


def test_a_run_with_its_ledgers_in_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects are hashed as files are, and missed as files are."""
    with s3_server() as endpoint:
        s3_environment(endpoint, monkeypatch)
        run = made(tmp_path / "run", "run.store=s3://bucket/run")
        encoded = encode_rows(Episode, [])
        run.ledger(layout.SCORES).publish("u", encoded.payload, 0)
        (run.folder / "episodes").mkdir()
        close(run)
        status, text = found(run)
        assert "scores: unit u is committed and was never planned" in text, "its hashes hold"
        objects = [name for name in run.store.list() if name != layout.RECIPE]
        assert len(objects) >= 5
        for name in objects:
            whole = run.store.read(name)
            run.store.replace(name, whole[:20] + bytes([whole[20] ^ 1]) + whole[21:])
            status, text = found(run)
            assert status == 1
            assert f"s3://bucket/run/{name}" in text, name
            run.store.replace(name, whole)
        client = boto3.client("s3", endpoint_url=endpoint)
        client.delete_object(Bucket="bucket", Key=f"run/{layout.TRAIN_PROBLEMS}")
        client.close()
        assert f"s3://bucket/run/{layout.TRAIN_PROBLEMS}: is missing" in found(run)[1]

"""Checkpoints count only when whole: whatever a kill leaves behind is skipped and named, never loaded."""

import json
import logging
from pathlib import Path

import pytest

from cluster.errors import WorkError
from training.ranks.checkpoints import (
    MANIFEST,
    file_names,
    hash_files,
    listed,
    newest_verified,
    prune,
    seal,
    share_of,
    verify,
)

REQUEST = "r" * 32


def save(root: Path, step: int, *, sealed: bool = True) -> Path:
    """A folder laid out as transformers and DeepSpeed lay it out on two ranks."""
    checkpoint = root / f"checkpoint-{step}"
    shards = checkpoint / f"global_step{step}"
    shards.mkdir(parents=True)
    for rank in range(2):
        (shards / f"bf16_zero_pp_rank_{rank}_mp_rank_00_optim_states.pt").write_bytes(bytes(range(256)) * (rank + 1))
    (checkpoint / "latest").write_text(f"global_step{step}")
    (checkpoint / "trainer_state.json").write_text(json.dumps({"global_step": step}))
    if sealed:
        files = {}
        for rank in range(2):
            files |= hash_files(checkpoint, share_of(file_names(checkpoint), rank, 2))
        seal(checkpoint, files, step=step, ranks=2, request=REQUEST)
    return checkpoint


def shard(checkpoint: Path) -> Path:
    return next(checkpoint.rglob("*rank_0*.pt"))


def test_nothing_saved_is_a_fresh_start(tmp_path: Path) -> None:
    assert newest_verified(tmp_path / "absent", REQUEST) is None
    assert newest_verified(tmp_path, REQUEST) is None


def test_the_newest_by_number_is_taken(tmp_path: Path) -> None:
    for step in (90, 100, 20):
        save(tmp_path, step)
    newest = newest_verified(tmp_path, REQUEST)
    assert newest is not None
    assert newest.name == "checkpoint-100"
    assert verify(newest).step == 100


def cut_mid_save(checkpoint: Path) -> None:
    (checkpoint / MANIFEST).unlink()


def lose_latest(checkpoint: Path) -> None:
    (checkpoint / "latest").unlink()


def cut_shard(checkpoint: Path) -> None:
    shard(checkpoint).write_bytes(shard(checkpoint).read_bytes()[:-7])


def flip_bit(checkpoint: Path) -> None:
    data = bytearray(shard(checkpoint).read_bytes())
    data[100] ^= 1
    shard(checkpoint).write_bytes(data)


def half_manifest(checkpoint: Path) -> None:
    data = (checkpoint / MANIFEST).read_bytes()
    (checkpoint / MANIFEST).write_bytes(data[: len(data) // 2])


def edit_manifest(checkpoint: Path) -> None:
    data = (checkpoint / MANIFEST).read_bytes()
    (checkpoint / MANIFEST).write_bytes(data.replace(b'"ranks": 2', b'"ranks": 3'))


def add_pickle(checkpoint: Path) -> None:
    (shard(checkpoint).parent / "zero_pp_rank_0_mp_rank_00_model_states.pt").write_bytes(b"a payload")


def list_nothing(checkpoint: Path) -> None:
    (checkpoint / MANIFEST).write_text(json.dumps({"step": 20, "ranks": 2, "request": REQUEST, "files": {}}))


def list_what_is_outside(checkpoint: Path) -> None:
    manifest = json.loads((checkpoint / MANIFEST).read_text())
    manifest["files"]["../../x"] = {"size": 0, "sha256": "0" * 64}
    del manifest["sha256"]
    (checkpoint / MANIFEST).write_text(json.dumps(manifest))


def link_to_outside(checkpoint: Path) -> None:
    outside = checkpoint.parent / "outside.pt"
    shard(checkpoint).rename(outside)
    (checkpoint / "global_step20" / outside.name).symlink_to(outside)
    files = hash_files(checkpoint, file_names(checkpoint))
    seal(checkpoint, files, step=20, ranks=2, request=REQUEST)


FAULTS = {
    edit_manifest: "manifest.json: is not what was written, its hash differs",
    add_pickle: "zero_pp_rank_0_mp_rank_00_model_states.pt is not in manifest.json",
    list_nothing: "is not in manifest.json",
    list_what_is_outside: "names '../../x', which is not in the folder",
    link_to_outside: "is a link that leaves the folder",
    cut_mid_save: "no manifest.json",
    lose_latest: "latest is missing",
    cut_shard: "has 249 bytes, not 256",
    flip_bit: "differs from its hash",
    half_manifest: "does not parse",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_broken_one_is_named_and_the_older_one_taken(
    fault: object, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    older, newer = save(tmp_path, 10), save(tmp_path, 20)
    assert callable(fault)
    fault(newer)
    with caplog.at_level(logging.WARNING):
        assert newest_verified(tmp_path, REQUEST) == older
    assert "checkpoint-20" in caplog.text
    assert FAULTS[fault] in caplog.text


@pytest.mark.parametrize("fault", [lose_latest, cut_shard, flip_bit, half_manifest], ids=lambda fault: fault.__name__)
def test_work_that_is_lost_is_no_fresh_start(fault: object, tmp_path: Path) -> None:
    assert callable(fault)
    fault(save(tmp_path, 10))
    with pytest.raises(WorkError, match="no usable checkpoint among 1"):
        newest_verified(tmp_path, REQUEST)


def test_the_first_save_cut_short_is_a_fresh_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save(tmp_path, 10, sealed=False)
    assert newest_verified(tmp_path, REQUEST) is None
    assert "checkpoint-10" in caplog.text


def test_another_requests_checkpoint_is_refused(tmp_path: Path) -> None:
    save(tmp_path, 10)
    with pytest.raises(WorkError, match="written for another request"):
        newest_verified(tmp_path, "s" * 32)


def test_pruning_keeps_the_newest_sealed_and_what_is_being_written(tmp_path: Path) -> None:
    for step in (10, 20, 30, 40):
        save(tmp_path, step)
    save(tmp_path, 25, sealed=False)
    save(tmp_path, 50, sealed=False)
    prune(tmp_path, keep=2)
    assert [path.name for path in listed(tmp_path)] == ["checkpoint-30", "checkpoint-40", "checkpoint-50"]


def test_pruning_without_a_sealed_one_removes_nothing(tmp_path: Path) -> None:
    save(tmp_path, 10, sealed=False)
    prune(tmp_path, keep=1)
    assert len(listed(tmp_path)) == 1


def test_every_file_is_hashed_by_one_rank(tmp_path: Path) -> None:
    names = [*file_names(save(tmp_path, 10)), "rng_state_1.pth", "x"]
    shares = [share_of(names, rank, 2) for rank in range(2)]
    assert sorted(shares[0] + shares[1]) == sorted(names)
    assert "rng_state_1.pth" in shares[1]
    assert "global_step10/bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt" in shares[0]

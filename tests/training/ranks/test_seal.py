"""Two ranks seal a checkpoint together: each hashes its part, and the manifest holds all."""

from pathlib import Path
from types import SimpleNamespace

import torch.distributed as dist
import torch.multiprocessing

from training.ranks.callbacks import SealCheckpoints
from training.ranks.checkpoints import file_names, newest_verified, verify


def save_and_seal(rank: int, folder: str, address: str) -> None:
    dist.init_process_group("gloo", init_method=address, rank=rank, world_size=2)
    checkpoint = Path(folder) / "checkpoint-2"
    shards = checkpoint / "global_step2"
    shards.mkdir(parents=True, exist_ok=True)
    (shards / f"zero_pp_rank_{rank}_mp_rank_00_optim_states.pt").write_bytes(bytes([rank]) * 1000)
    (checkpoint / f"rng_state_{rank}.pth").write_bytes(b"state")
    if rank == 0:
        (checkpoint / "latest").write_text("global_step2")
        (checkpoint / "trainer_state.json").write_text("{}")
    state = SimpleNamespace(global_step=2, is_world_process_zero=rank == 0)
    callback = SealCheckpoints(Path(folder), "r" * 32, keep=1)
    callback.on_save(SimpleNamespace(world_size=2), state, None)  # type: ignore[arg-type]
    dist.destroy_process_group()


def test_the_manifest_holds_what_both_ranks_wrote(tmp_path: Path) -> None:
    address = f"file://{tmp_path}/meeting"
    torch.multiprocessing.spawn(save_and_seal, (str(tmp_path / "arm"), address), nprocs=2)
    checkpoint = newest_verified(tmp_path / "arm", "r" * 32)
    assert checkpoint is not None
    manifest = verify(checkpoint)
    assert manifest.ranks == 2
    assert list(manifest.files) == file_names(checkpoint)
    assert len(manifest.files) == 6

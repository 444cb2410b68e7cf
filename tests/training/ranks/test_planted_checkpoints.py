"""No code runs from the files of a run that somebody handed over: neither from what its manifests do not list, nor from
files that a forged manifest lists with hashes that fit."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from cluster.errors import WorkError
from tests.repository import ROOT
from training.config import TrainingConfig
from training.ranks.checkpoints import MANIFEST, file_names, hash_files, seal
from training.ranks.resharding import resume_point
from training.ranks.zero import environment

REQUEST = "r" * 32
TAG = "global_step2"
SHARDS = ("zero_pp_rank_0_mp_rank_00_model_states.pt", "zero_pp_rank_0_mp_rank_00_optim_states.pt")


class Payload:
    """Unpickled, it makes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.marker}",)


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "it-ran"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A checkpoint of one rank, sealed, with harmless tensors."""
    made = tmp_path / "sft" / "checkpoint-2"
    (made / TAG).mkdir(parents=True)
    (made / "latest").write_text(TAG)
    for name in SHARDS:
        torch.save({"module": {}, "optimizer_state_dict": {"zero_stage": 3}}, made / TAG / name)
    reseal(made)
    return made


def reseal(checkpoint: Path) -> None:
    """As somebody who forges a manifest does."""
    files = hash_files(checkpoint, file_names(checkpoint))
    seal(checkpoint, files, step=2, ranks=1, request=REQUEST)


def plant(checkpoint: Path, name: str, marker: Path) -> None:
    torch.save({"module": Payload(marker), "optimizer_state_dict": Payload(marker)}, checkpoint / name)


def resumed(checkpoint: Path, ranks: int) -> Path | None:
    """What a start on `ranks` ranks resumes from, read as a rank reads it."""
    point = resume_point(checkpoint.parent, REQUEST, ranks)
    if point is not None:
        read_as_a_rank(point)
    return point


def read_as_a_rank(point: Path) -> None:
    """Load every pickle as DeepSpeed does, with a rank's environment. Raises WorkError where one does not load."""
    code = """
import sys
from deepspeed.runtime.checkpoint_engine.torch_checkpoint_engine import TorchCheckpointEngine
from training.ranks.unpickling import allow_checkpoint_types
allow_checkpoint_types()
for path in sys.argv[1:]:
    TorchCheckpointEngine().load(path, map_location="cpu")
"""
    paths = [str(path) for path in sorted(point.rglob("*.pt"))]
    variables = {**os.environ, **environment(TrainingConfig()), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, *paths], env=variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise WorkError(done.stderr)


def test_an_honest_checkpoint_loads(checkpoint: Path) -> None:
    from deepspeed.runtime.fp16.loss_scaler import DynamicLossScaler, LossScaler
    from deepspeed.runtime.zero.config import ZeroStageEnum
    from deepspeed.utils.tensor_fragment import fragment_address

    scaler = DynamicLossScaler(
        init_scale=1, scale_window=3, min_scale=1, delayed_shift=1, consecutive_hysteresis=False,
        raise_error_at_min_scale=True, dtype=torch.float32,
    )  # fmt: skip
    held = {
        "zero_stage": ZeroStageEnum.weights,
        "loss_scaler": LossScaler(scale=1.0),
        "other": scaler,
        "param_slice_mappings": [{"a": fragment_address(numel=3, start=1)}],
    }
    torch.save({"optimizer_state_dict": held}, checkpoint / TAG / SHARDS[1])
    reseal(checkpoint)
    assert resumed(checkpoint, 1) == checkpoint


class ByName:
    """Pickled as a call of getattr, as members of enums are before Python 3.11.4."""

    def __init__(self, of: object, name: str) -> None:
        self.of, self.name = of, name

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, str]]:
        return getattr, (self.of, self.name)


@pytest.mark.long
def test_a_stage_that_an_older_python_wrote_loads_and_no_other_attribute_does(checkpoint: Path) -> None:
    from deepspeed.runtime.fp16.loss_scaler import LossScaler
    from deepspeed.runtime.zero.config import ZeroStageEnum

    torch.save({"optimizer_state_dict": {"zero_stage": ByName(ZeroStageEnum, "weights")}}, checkpoint / TAG / SHARDS[1])
    reseal(checkpoint)
    assert resumed(checkpoint, 1) == checkpoint
    for of, name in ((LossScaler, "backward"), (ZeroStageEnum, "__class__"), (ZeroStageEnum.weights, "name")):
        torch.save({"optimizer_state_dict": ByName(of, name)}, checkpoint / TAG / SHARDS[1])
        reseal(checkpoint)
        with pytest.raises(WorkError):
            resumed(checkpoint, 1)


def test_the_payload_would_run(checkpoint: Path, marker: Path) -> None:
    plant(checkpoint, f"{TAG}/{SHARDS[0]}", marker)
    torch.load(checkpoint / TAG / SHARDS[0], weights_only=False)
    assert marker.exists()


def unlisted(checkpoint: Path, marker: Path) -> str:
    plant(checkpoint, f"{TAG}/zero_pp_rank_1_mp_rank_00_optim_states.pt", marker)
    return "zero_pp_rank_1_mp_rank_00_optim_states.pt is not in manifest.json"


def nothing_listed(checkpoint: Path, marker: Path) -> str:
    plant(checkpoint, f"{TAG}/{SHARDS[1]}", marker)
    (checkpoint / MANIFEST).write_text(json.dumps({"step": 2, "ranks": 1, "request": REQUEST, "files": {}}))
    return "is not in manifest.json"


def listed_outside(checkpoint: Path, marker: Path) -> str:
    plant(checkpoint, "../x", marker)
    manifest = json.loads((checkpoint / MANIFEST).read_text())
    manifest["files"]["../x"] = manifest["files"]["latest"]
    del manifest["sha256"]
    (checkpoint / MANIFEST).write_text(json.dumps(manifest))
    return "names '../x', which is not in the folder"


def tag_outside(checkpoint: Path, marker: Path) -> str:
    outside = checkpoint.parent / "elsewhere"
    outside.mkdir()
    for name in SHARDS:
        plant(outside, name, marker)
    (checkpoint / "latest").write_text("../elsewhere")
    reseal(checkpoint)
    return "latest names '../elsewhere', which is no folder in it"


def linked_outside(checkpoint: Path, marker: Path) -> str:
    outside = checkpoint.parent / "elsewhere"
    outside.mkdir()
    plant(outside, SHARDS[0], marker)
    (checkpoint / TAG / SHARDS[0]).unlink()
    (checkpoint / TAG / SHARDS[0]).symlink_to(outside / SHARDS[0])
    reseal(checkpoint)
    return "is a link that leaves the folder"


def forged_optimizer(checkpoint: Path, marker: Path) -> str:
    plant(checkpoint, f"{TAG}/{SHARDS[1]}", marker)
    reseal(checkpoint)
    return "posix.system"


def forged_model(checkpoint: Path, marker: Path) -> str:
    plant(checkpoint, f"{TAG}/{SHARDS[0]}", marker)
    reseal(checkpoint)
    return "posix.system"


@pytest.mark.parametrize(
    "planted",
    [unlisted, nothing_listed, listed_outside, tag_outside, linked_outside, forged_optimizer, forged_model],
    ids=lambda planted: str(planted.__name__),
)
@pytest.mark.parametrize("ranks", [1, 2])
def test_a_planted_payload_does_not_run(
    planted: Callable[[Path, Path], str], ranks: int, checkpoint: Path, marker: Path
) -> None:
    """On as many ranks as before, and on others, for which DeepSpeed converts the checkpoint."""
    said = planted(checkpoint, marker)
    with pytest.raises(WorkError) as raised:
        resumed(checkpoint, ranks)
    assert not marker.exists()
    if ranks == 1 or said != "posix.system":  # what the conversion says last is a line of its own
        assert said in str(raised.value)


def test_every_process_that_reads_checkpoints_unpickles_weights_only() -> None:
    for gpus in (0, 1):
        variables = environment(TrainingConfig(gpus_per_rank=gpus))
        assert variables["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] == "1"

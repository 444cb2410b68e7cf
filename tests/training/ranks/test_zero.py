"""Typed configuration to DeepSpeed's: what DeepSpeed itself accepts, for the CPU and for GPUs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cluster.config import parse
from cluster.errors import RequestError
from tests.training.samples import save_model
from training.config import DpoArm, TrainingConfig, ZeroConfig
from training.ranks.zero import deepspeed_config, environment


def accepted(config: dict[str, Any], ranks: int = 2) -> Any:
    """DeepSpeed's own reading of `config`, with what transformers fills in for "auto"."""
    from deepspeed.runtime.config import DeepSpeedConfig

    filled = {key: value for key, value in config.items() if value != "auto" and key != "optimizer"}
    filled |= {"train_micro_batch_size_per_gpu": 1, "gradient_accumulation_steps": 1, "train_batch_size": 1}
    return DeepSpeedConfig(filled)


def test_on_the_cpu_nothing_needs_a_compiler_or_a_gpu() -> None:
    training = TrainingConfig()
    config = deepspeed_config(training)
    assert config["optimizer"]["params"]["torch_adam"] is True
    assert config["zero_allow_untested_optimizer"] is True
    assert config["bf16"] == {"enabled": False}
    assert config["zero_optimization"]["overlap_comm"] is False
    variables = environment(training)
    assert variables["DS_ACCELERATOR"] == "cpu"
    assert variables["OMP_NUM_THREADS"] == "1"
    read = accepted(config)
    assert read.zero_config.stage == 3
    assert read.zero_config.gather_16bit_weights_on_model_save is True


def test_on_gpus_bf16_and_overlap_are_on_and_nothing_forces_the_cpu() -> None:
    training = TrainingConfig(gpus_per_rank=1.0)
    config = deepspeed_config(training)
    assert config["bf16"] == {"enabled": True}
    assert config["zero_optimization"]["overlap_comm"] is True
    assert "DS_ACCELERATOR" not in environment(training)
    assert environment(training)["PYTORCH_CUDA_ALLOC_CONF"] == "expandable_segments:True"
    assert "PYTORCH_CUDA_ALLOC_CONF" not in environment(TrainingConfig())


def test_what_the_user_says_of_the_allocator_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTORCH_CUDA_ALLOC_CONF", "max_split_size_mb:512")
    assert environment(TrainingConfig(gpus_per_rank=1.0))["PYTORCH_CUDA_ALLOC_CONF"] == "max_split_size_mb:512"


def test_offload_goes_to_the_cpu_with_deepspeeds_own_optimizer() -> None:
    zero = ZeroConfig(offload_optimizer="cpu", offload_param="cpu")
    config = deepspeed_config(TrainingConfig(gpus_per_rank=1.0, zero=zero))
    read = accepted(config).zero_config
    assert read.offload_optimizer.device == "cpu"
    assert read.offload_param.device == "cpu"
    assert config["optimizer"]["params"]["torch_adam"] is False


def test_offloading_parameters_needs_stage_3() -> None:
    with pytest.raises(RequestError, match="offload_param = 'cpu' needs stage 3"):
        parse(ZeroConfig, {"stage": 2, "offload_param": "cpu"}, "recipe")


def test_an_nll_term_never_learns_failed_steps() -> None:
    with pytest.raises(RequestError, match="rpo_alpha > 0 would teach failed steps"):
        parse(DpoArm, {"method": "dpo", "rpo_alpha": 0.1, "scored": {"failed_steps_in_right": True}}, "recipe")


def as_rank(*command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """A process that is the only rank."""
    rank = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"}
    environ = {**os.environ, **environment(TrainingConfig()), **rank, **variables}
    return subprocess.run([sys.executable, *command], env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("stage", [0, 2, 3])
def test_nothing_of_an_arm_stays_in_its_ranks(tmp_path: Path, stage: int) -> None:
    """Stage 3's optimizer outlives its engine: without help each arm would leave its weights and AdamW's moments."""
    save_model(tmp_path / "model", hidden=128)
    weights = (tmp_path / "model" / "model.safetensors").stat().st_size
    done = as_rank("-W", "ignore", "-m", "tests.training.ranks.arms_in_turn", str(stage), str(tmp_path))
    assert done.returncode == 0, done.stderr[-2000:]
    left = json.loads((tmp_path / "left.json").read_text())
    assert [during > 2 * weights for during, _ in left] == [True] * 3
    assert [after < weights / 2 for _, after in left] == [True] * 3


JOINS = """
from torch.utils.cpp_extension import is_ninja_available
from training.config import TrainingConfig
from training.ranks.zero import join_ranks

before = is_ninja_available()
join_ranks(TrainingConfig())
print("ninja", before, is_ninja_available())
"""


def test_a_rank_finds_ninja_in_an_environment_that_is_not_activated(tmp_path: Path) -> None:
    """DeepSpeed compiles the optimizer of offloaded states with it; `is_ninja_available` is what its build asks."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("g++", "gcc", "sh", "env", "which", "uname", "ldconfig", "as", "ld"):
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    done = as_rank("-c", JOINS, PATH=str(tools))
    assert "ninja False True" in done.stdout, done.stderr[-2000:]

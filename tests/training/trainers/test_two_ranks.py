"""Two ZeRO-3 ranks train SFT, GRPO and distillation on the tree as one process does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.trainers.two_ranks import train


@pytest.mark.engine
@pytest.mark.parametrize("method", ["sft", "grpo", "distill"])
def test_two_zero3_ranks_train_as_one_process(method: str, tmp_path: Path) -> None:
    """The same losses, gradient norms and metrics at every step. 40 tokens a row cut groups and make idle rows."""
    expected = train(tmp_path, None, method)
    command = [sys.executable, "-W", "ignore", "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command += ["-m", "tests.training.trainers.two_ranks", str(tmp_path), method]
    environment = {**os.environ, "DS_ACCELERATOR": "cpu", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads((tmp_path / "logs.json").read_text())
    assert len(found) == len(expected) == 4
    assert {"grad_norm", "step_chains", "tokens"} <= expected[0].keys()
    for log, other in zip(expected, found, strict=True):
        assert other == pytest.approx(log, rel=2e-4, abs=1e-3)
    assert found[0] == pytest.approx(expected[0], rel=1e-4, abs=1e-6)

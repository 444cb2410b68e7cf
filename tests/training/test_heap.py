"""What a process has freed goes back to the system."""

import gc
from pathlib import Path

import pytest
import torch

from training.heap import give_back


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux's")
def test_freed_tensors_go_back_to_the_system() -> None:
    """Tensors of 64 KiB come from the heap, and one that stays behind them keeps all of it from shrinking."""
    tensors = [torch.ones(16_384) for _ in range(3200)]
    stays = torch.ones(16_384)
    full = resident_mib()
    del tensors
    gc.collect()
    kept = resident_mib()
    give_back()
    assert kept > full - 50, "glibc keeps it"
    assert resident_mib() < full - 150
    assert stays[0] == 1

"""A lost process is no fault of the arm: its ranks are started again."""

import os
import signal
from types import SimpleNamespace

import pytest
from torch.utils.data import DataLoader, Dataset

from training.ranks.job import _explained


class KilledWhilePacking(Dataset[int]):
    def __getitem__(self, index: int) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return index

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize("lost", [True, False])
def test_ranks_start_again_where_the_process_that_packs_their_rows_was_killed(lost: bool) -> None:
    """On GPUs every rank has one, which a node that runs out of memory may kill."""
    failure: Exception = ValueError("a row is broken")
    if lost:
        with pytest.raises(RuntimeError) as caught:
            next(iter(DataLoader(KilledWhilePacking(), num_workers=1)))
        failure = caught.value
    found = _explained(SimpleNamespace(worker_failures={0: failure}))
    assert found.retry is lost

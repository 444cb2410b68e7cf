"""A sweep goes through its runs: one that fails holds up no other, and none is done twice. No stage works."""

from contextlib import nullcontext
from pathlib import Path

import pytest
from rich.console import Console

from cluster.errors import FullDiskError, WorkError
from pipeline.run.folder import Run
from pipeline.sweep import run as sweeps
from pipeline.sweep.points import SweepPlan, load_sweep
from tests.repository import RECIPES


class Stages:
    """What runs come to: each is done unless its error is given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, errors: dict[str, WorkError]) -> None:
        self.errors, self.done, self.reported = errors, list[str](), 0
        monkeypatch.setattr(sweeps, "run_all", self.run_all)
        monkeypatch.setattr(sweeps, "ray_up", lambda run: nullcontext())
        monkeypatch.setattr(sweeps, "_report", self.report)
        monkeypatch.setattr(sweeps, "STAGES", [self])

    def complete(self, run: Run) -> bool:
        return run.folder.name in self.done

    def run_all(self, run: Run) -> bool:
        if error := self.errors.get(run.folder.name):
            raise error
        self.done.append(run.folder.name)
        return True

    def report(self, plan: SweepPlan, folder: Path, console: Console) -> None:
        self.reported += 1


def go(folder: Path) -> bool:
    return sweeps.run_sweep(load_sweep(RECIPES / "local-replicates.toml"), folder, None, Console(quiet=True), False)


def test_a_run_that_fails_holds_up_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = Stages(monkeypatch, {"m4": WorkError("arm grpo: it learnt nothing")})
    with pytest.raises(WorkError, match=r"^run m4: arm grpo: it learnt nothing$"):
        go(tmp_path)
    assert (stages.done, stages.reported) == (["m3", "m5"], 0)
    stages.errors.clear()
    assert go(tmp_path)
    assert (stages.done, stages.reported) == (["m3", "m5", "m4"], 1)


def test_a_full_disk_ends_a_sweep_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = Stages(monkeypatch, {"m4": FullDiskError("no space left on device")})
    with pytest.raises(FullDiskError, match=r"^no space left"):
        go(tmp_path)
    assert stages.done == ["m3"]

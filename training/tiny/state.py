"""The state of a training that goes on after an interruption: safetensors and JSON, no pickle."""

import shutil
import time
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors.torch import load_file, save_file

from cluster.store.atomic import atomic_folder
from cluster.store.digests import check_sums, write_sums

SAVE_EVERY_S = 120.0
"""How often the state is written: weights and the optimizer's two moments, 12 bytes a parameter."""
_MOMENTS = ("exp_avg", "exp_avg_sq")


class TinyProgress(msgspec.Struct, frozen=True, kw_only=True):
    """Progress of a model's training. `loss`: nats per token in the last step. `tokens`: those learnt from so far."""

    step: int
    steps: int
    loss: float
    tokens: int


class SavedState:
    """Weights and optimizer of a training in a folder of `root`, each a whole folder `STEP` with digests; the last one
    is put into the model and the optimizer. `at`: the progress at that time; None where there is none."""

    def __init__(self, root: Path, model: Any, optimizer: torch.optim.AdamW) -> None:
        self.optimizer = optimizer
        self.at: TinyProgress | None = None
        self._root = root
        self._named = dict(model.named_parameters())
        self._saved = time.monotonic()
        if steps := self._steps():
            self._load(root / str(steps[-1]))

    def save_at_times(self, at: TinyProgress) -> None:
        """Write the state where that is due; remove older ones."""
        if time.monotonic() - self._saved < SAVE_EVERY_S or at.step == at.steps:
            return
        tensors = {f"weight {name}": weights.detach() for name, weights in self._named.items()}
        for moment in _MOMENTS:
            tensors |= {f"{moment} {name}": self.optimizer.state[each][moment] for name, each in self._named.items()}
        with atomic_folder(self._root / str(at.step)) as folder:
            save_file(tensors, folder / "state.safetensors")
            (folder / "progress.json").write_bytes(msgspec.json.encode(at))
            write_sums(folder)
        for step in self._steps()[:-1]:
            shutil.rmtree(self._root / str(step), ignore_errors=True)
        self._saved = time.monotonic()

    def _load(self, folder: Path) -> None:
        check_sums(folder, f"remove {folder} and run again")
        self.at = msgspec.json.decode((folder / "progress.json").read_bytes(), type=TinyProgress)
        tensors = load_file(folder / "state.safetensors")
        with torch.no_grad():
            for name, weights in self._named.items():
                weights.copy_(tensors[f"weight {name}"])
                moments = {moment: tensors[f"{moment} {name}"] for moment in _MOMENTS}
                self.optimizer.state[weights] = {"step": torch.tensor(float(self.at.step)), **moments}

    def _steps(self) -> list[int]:
        return sorted(int(path.name) for path in self._root.glob("*") if path.name.isdigit())

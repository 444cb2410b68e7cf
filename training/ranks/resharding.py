"""Resuming on another number of ranks than a checkpoint was written on, by DeepSpeed's universal checkpoints."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from cluster.errors import WorkError
from cluster.store.atomic import atomic_folder
from cluster.store.digests import is_inside
from training.ranks.checkpoints import MANIFEST, listed, newest_verified, read_manifest
from training.ranks.unpickling import WEIGHTS_ONLY

_CONVERTED = "resharded"
_UNIVERSAL = "latest_universal"


def resume_point(directory: Path, request: str, ranks: int) -> Path | None:
    """The folder to resume from on `ranks` ranks, or None for a fresh start. Call it on one rank only.

    A checkpoint of another number of ranks is converted into `resharded/checkpoint-STEP` in the same folder, and
    converted anew at every start, since the result has no manifest; it is removed when the arm is trained. Saves that
    were cut short are removed. Raises WorkError like `newest_verified`, and where DeepSpeed cannot convert.
    """
    checkpoint = newest_verified(directory, request)
    for unsealed in (path for path in listed(directory) if not (path / MANIFEST).exists()):
        # The next save of this step must not mix with files of one that was cut short, perhaps on more ranks.
        shutil.rmtree(unsealed)
    if checkpoint is None:
        return None
    tag = (checkpoint / "latest").read_text().strip()
    if not is_inside(tag) or "/" in tag or not (checkpoint / tag).is_dir():
        raise WorkError(f"checkpoint {checkpoint}: latest names {tag!r}, which is no folder in it")
    if read_manifest(checkpoint).ranks == ranks:
        return checkpoint
    target = directory / _CONVERTED / checkpoint.name
    remove_converted(directory)
    with atomic_folder(target) as temporary:
        # The trainer's own files; optimizer and parameters come from the conversion, random states are one per rank.
        for path in checkpoint.iterdir():
            if path.is_file() and path.name not in (MANIFEST, "latest") and not path.name.startswith("rng_state"):
                shutil.copy2(path, temporary)
        command = [sys.executable, "-m", "training.ranks.unpickling"]
        # Below stage 3 DeepSpeed wants a table of tensor parallel patterns in the checkpoint; there are none.
        command += ["--inject_missing_state", "--input_folder", str(checkpoint / tag)]
        command += ["--output_folder", str(temporary / f"{tag}_universal")]
        alone = {key: value for key, value in os.environ.items() if key not in ("RANK", "LOCAL_RANK", "WORLD_SIZE")}
        alone |= {"DS_ACCELERATOR": "cpu", "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **WEIGHTS_ONLY}
        done = subprocess.run(command, env=alone, capture_output=True, text=True, check=False)
        if done.returncode or not is_universal(temporary):
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise WorkError(f"checkpoint {checkpoint}: cannot be converted for another number of ranks: {reason}")
    return target


def is_universal(checkpoint: Path) -> bool:
    """Whether a checkpoint is a universal one, which DeepSpeed loads with `load_universal`."""
    return (checkpoint / _UNIVERSAL).is_file()


def remove_converted(directory: Path) -> None:
    """Remove what was converted, which is of use to one start only."""
    shutil.rmtree(directory / _CONVERTED, ignore_errors=True)

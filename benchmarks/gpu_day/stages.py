"""The stages by name, and the process of one: python -m benchmarks.gpu_day.stages NAME FILE [--quick]"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from cluster.store.atomic import atomic_file

_TRAINING = ("torch", "transformers", "trl", "msgspec", "pydantic")


@dataclass(frozen=True)
class Stage:
    """A function `where` (module:function) of (quick) that returns what it found, and the packages that it needs."""

    where: str
    needs: tuple[str, ...]


STAGES = {
    "machine": Stage("machine:machine", ("torch",)),
    "agreement": Stage("training:agreement", _TRAINING),
    "head": Stage("training:head", _TRAINING),
    "packing": Stage("ranks:packing", (*_TRAINING, "deepspeed")),
    "kernels": Stage("training:kernels", _TRAINING),
    "compilation": Stage("training:compilation", _TRAINING),
    "trl": Stage("training:against_trl", (*_TRAINING, "datasets", "matplotlib")),
    "steps": Stage("ranks:steps", (*_TRAINING, "deepspeed")),
    "methods": Stage("methods:methods", (*_TRAINING, "deepspeed")),
    "checkpoint": Stage("ranks:checkpoint", (*_TRAINING, "deepspeed")),
    "engine": Stage("engine:engine", ("vllm",)),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_day.stages", description=__doc__)
    parser.add_argument("name", choices=tuple(STAGES))
    parser.add_argument("file", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    module, function = STAGES[options.name].where.split(":")
    stage: Callable[[bool], dict[str, Any]] = getattr(import_module(f"benchmarks.gpu_day.{module}"), function)
    found = stage(options.quick)
    with atomic_file(options.file, replace=False) as file:
        file.write(json.dumps(found).encode())


if __name__ == "__main__":
    main()

"""Where the repository, its recipes and the tests' own data lie."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

ROOT = Path(__file__).resolve().parents[1]
RECIPES = ROOT / "recipes"
DATA = ROOT / "tests" / "data"

_OF_REAL_PACKAGES = ('"gguf:package:', 'family = "bfcl"', 'family = "reasoning_gym"')


def recipes_to_draw(paths: Iterable[Path]) -> list[ParameterSet]:
    """Recipes whose problems a test draws, by their names; those that need a package of real.lock are marked `real`."""
    return [
        pytest.param(
            path,
            id=path.stem,
            marks=[pytest.mark.real] if any(each in path.read_text() for each in _OF_REAL_PACKAGES) else [],
        )
        for path in paths
    ]

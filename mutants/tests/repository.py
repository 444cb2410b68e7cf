"""Where the repository, its recipes and the tests' own data lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECIPES = ROOT / "recipes"
DATA = ROOT / "tests" / "data"

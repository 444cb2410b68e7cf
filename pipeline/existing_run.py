"""A run that is there, opened to be read: no lock, nothing written."""

import tomllib
from pathlib import Path

from rich.console import Console

from cluster.config import parse
from cluster.errors import RequestError
from pipeline.recipe import Recipe
from pipeline.run_folder import Run


def read_run(folder: Path, console: Console) -> Run:
    """The run in `folder`. Raises RequestError when there is none."""
    path = folder / "recipe.toml"
    try:
        table = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise RequestError(f"run {folder}: no recipe.toml there; name the folder of a run, as runs/local") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RequestError(f"run {folder}: its recipe.toml is broken ({error})") from None
    return Run(recipe=parse(Recipe, table.get("recipe", {}), str(path)), folder=folder.absolute(), console=console)

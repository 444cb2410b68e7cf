"""Prepares a recipe for other machines: paths that hold there, and the files that it names."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cluster.errors import RequestError
from pipeline.recipe import Recipe, resolved

_FILE_OF_FUNCTIONS = re.compile(r"(?P<file>.+\.py)(:\w+)?(%[^%+]+)?(\+\d+(@\d+)?)?$")


def moved(recipe: Recipe, directory: Path) -> dict[str, Any]:
    """The recipe as plain values, for a run below `directory` on a cluster on which Ray runs already.

    Raises RequestError where a model is a folder of this machine.
    """
    for role in ("teacher", "student"):
        source = getattr(recipe.models, role).source
        if source and not source.startswith(("hub:", "/")):
            raise RequestError(
                f"models.{role}.source = {source!r}: weights are not sent along; name hub:OWNER/NAME@COMMIT, or a "
                "folder that all nodes see by its absolute path"
            )
    table = resolved(recipe)
    table["cluster"]["address"] = ""
    table["run"]["directory"] = str(directory)
    if not recipe.models.cache.startswith("/"):
        table["models"]["cache"] = ""  # beside the run
    return table


def named_files(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Key and path of each file that a recipe names."""
    for suite, family in recipe.problems.items():
        if not family.on_hub:
            paths = ((f"problems.{suite}.{key}", getattr(family, key)) for key in ("path", "test_path"))
            yield from ((key, path) for key, path in paths if path)
        functions = _FILE_OF_FUNCTIONS.match(family.toolbox)
        if functions is not None:
            yield f"problems.{suite}.toolbox", functions["file"]

"""Prepares a recipe for other machines: paths that hold there, and the files that it names."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cluster.errors import RequestError
from pipeline.recipe import Recipe, resolved
from rollout.problems import FamilyConfig, everything
from rollout.toolboxes.isolation.interpreters import interpreter_of_file
from rollout.toolboxes.loading import plain_name, without_interpreter
from rollout.toolboxes.mcp.naming import is_server, read_name


def model_sources(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Key and path of each model that is a folder or a file, not one of the Hub or of a package."""
    sources = {f"models.{role}.source": getattr(recipe.models, role).source for role in ("teacher", "student")}
    if (drafter := recipe.engines.teacher.engine.speculative) is not None:
        sources["engines.teacher.engine.speculative.model"] = drafter.model
    for key, source in sources.items():
        if source and not source.startswith(("hub:", "gguf:package:")):
            yield key, source.removeprefix("gguf:")


def moved(recipe: Recipe, directory: Path, has_weights: bool = False) -> dict[str, Any]:
    """The recipe as plain values, for a run below `directory` on a cluster on which Ray runs already.

    `has_weights`: models of the working directory are there, too. Raises RequestError where a model is a folder of this
    machine, and none is sent.
    """
    for key, source in model_sources(recipe) if not has_weights else ():
        if not source.startswith("/"):
            raise RequestError(
                f"{key} = {source!r}: weights are not sent along; name hub:OWNER/NAME@COMMIT, or a "
                "folder or gguf:FILE that all nodes see by its absolute path"
            )
    table = resolved(recipe)
    table["cluster"]["address"] = ""
    table["run"]["directory"] = str(directory)
    if not recipe.models.cache.startswith("/"):
        table["models"]["cache"] = ""  # beside the run
    return table


def named_files(recipe: Recipe, folder: Path = Path()) -> Iterator[tuple[str, str]]:
    """Key and path of each file that a recipe names, or one of its rows; relative ones lie in `folder`."""
    if recipe.episodes.examples_file:
        yield "episodes.examples_file", recipe.episodes.examples_file
    for suite, family in recipe.problems.items():
        if not family.on_hub:
            paths = ((f"problems.{suite}.{key}", getattr(family, key)) for key in ("path", "test_path"))
            yield from ((key, path) for key, path in paths if path)
        for key, toolbox in toolboxes(suite, family, folder):
            if (file := file_of_functions(toolbox)) is not None:
                yield key, file
            elif is_server(toolbox):  # a server's program may be a script of the working directory
                words = read_name(plain_name(toolbox)).command
                yield from ((key, word) for word in words if not word.startswith("/") and (folder / word).is_file())


def toolboxes(suite: str, family: FamilyConfig, folder: Path) -> Iterator[tuple[str, str]]:
    """Key and name of each toolbox that a section of problems names, with its interpreter; those that stand in rows
    where the rows are at hand."""
    if family.toolbox:
        yield f"problems.{suite}.toolbox", family.toolbox_name
    if family.toolbox_column and family.at_hand:
        paths = {key: folder / path for key in ("path", "test_path") if (path := getattr(family, key))}
        if not all(path.is_file() for path in paths.values()):
            return  # they lie where the nodes see them
        here = family.model_copy(update={key: str(path) for key, path in paths.items()})
        rows = itertools.chain(*everything(here).splits.values())
        names = dict.fromkeys(problem.toolbox for problem in rows)
        yield from ((f"problems.{suite}.toolbox_column", name) for name in names)


def file_of_functions(toolbox: str) -> str | None:
    """The file that a toolbox's name begins with; None for one that is imported, or built in."""
    place = plain_name(toolbox).partition(":")[0]
    return place if place.endswith(".py") else None


def refuse_unsent_interpreters(recipe: Recipe, working_dir: Path) -> None:
    """Raise RequestError where functions want an interpreter that is found on this machine alone: environments are not
    sent along."""
    for suite, family in recipe.problems.items():
        for key, toolbox in toolboxes(suite, family, working_dir):
            file = file_of_functions(toolbox)
            python = without_interpreter(toolbox)[1] or (interpreter_of_file(working_dir / file) if file else "")
            if python and not python.startswith("/"):
                raise RequestError(
                    f"{key} = {toolbox!r}: python = {python!r} is an environment of this machine, and none is sent "
                    "along; make it on every node, by requirements/install from its lock, and name it by an absolute "
                    "path that all nodes see, such as /shared/.venv-NAME/bin/python"
                )

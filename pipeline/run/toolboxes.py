"""Users' toolboxes of a recipe, exercised before anything starts."""

from collections.abc import Iterable, Mapping, Sequence

from cluster.errors import RequestError
from pipeline.recipe import Recipe
from rollout.problems import generate, is_imported
from rollout.problems.config import SPLITS
from rollout.records import Problem
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.exercise import exercise_all
from rollout.toolboxes.isolation.confinement import shortfalls
from rollout.toolboxes.loading import is_users, plain_name
from rollout.toolboxes.mcp.naming import is_server


def refuse_faulty_toolboxes(problems: Iterable[Problem]) -> tuple[str, ...]:
    """Exercise the toolboxes that these problems name, and say which functions could not be. Raises RequestError with
    the first fault that is found."""
    exercised = exercise_all(problems)
    if exercised.faults:
        raise RequestError(faults_line(exercised.faults))
    return exercised.not_called


def faults_line(faults: Sequence[str]) -> str:
    """The first fault of the problems or their toolboxes, and how many more there are."""
    more = f" (and {len(faults) - 1:,} more: `chainpref problems RECIPE --check`)" if len(faults) > 1 else ""
    return f"{faults[0]}{more}"


def problems_with_users_toolboxes(recipe: Recipe) -> Iterable[Problem]:
    """The recipe's problems that are at hand and may name a user's toolbox: imported ones, and those of families that
    take one."""
    for family in recipe.problems.values():
        if is_imported(family) and family.at_hand:
            for split in SPLITS:
                yield from generate(family, split) if family.count(split) else ()
        elif family.toolbox and not is_imported(family):
            yield from next((generate(family.first(split, 1), split) for split in SPLITS if family.count(split)), ())


def hashes_of_servers(problems: Iterable[Problem]) -> dict[str, str]:
    """Toolbox that is an MCP server -> its hash, of those that these problems name. Raises RequestError."""
    names = sorted({plain_name(problem.toolbox) for problem in problems if is_server(problem.toolbox)})
    return {name: load_toolbox(name).hash for name in names}


def refuse_changed_servers(planned: Mapping[str, str]) -> None:
    """Raise RequestError for a server that is not the one any more for which the plan was made: toolbox -> hash."""
    for name, hash in planned.items():
        if load_toolbox(name).hash != hash:
            raise RequestError(
                f"toolbox {name!r}: the server's tools or version have changed since the run was planned; bring the "
                "old ones back, or begin a new run"
            )


def uncontained(recipe: Recipe) -> list[str]:
    """What this machine's kernel does not contain of users' functions, where the recipe has any, in words."""
    names = [family.toolbox for family in recipe.problems.values()]
    theirs = any(is_users(name) for name in names if name) or any(
        family.toolbox_column for family in recipe.problems.values()
    )
    return [f"users' functions: {each}; see docs/security.md" for each in shortfalls()] if theirs else []

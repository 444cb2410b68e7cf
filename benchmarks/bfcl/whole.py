"""A recipe with BFCL's whole categories: `python -m benchmarks.bfcl.whole RECIPE MODEL ... > WHOLE`.

The recipe's sections `[problems.bfcl_CATEGORY]` hold a draw of each category, for all arms. To each of them this adds a
section `bfcl_CATEGORY_whole` with every problem of its category that can be solved, once, for the models that it names.
RECIPE is the recipe of a finished run or, of a run in a sweep, the `recipe.toml` in its folder. The run then grows
(docs/operations.md) by `chainpref run WHOLE --run RUN`, which draws the new problems, makes the attempts that are
missing and writes the report anew. Interrupted, it goes on where it was.
"""

import argparse
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path

from pipeline.recipe import load_recipe
from rollout.foreign.bfcl import CATEGORIES, questions


def with_whole_categories(recipe: Path, models: Sequence[str]) -> str:
    """The recipe with a section for each whole category, which `models` attempt. Raises RequestError, ValueError."""
    loaded = load_recipe(recipe, [])
    if unknown := set(models) - {"teacher", "base", *loaded.arms}:
        has = ", ".join(["teacher", "base", *loaded.arms])
        raise ValueError(f"{recipe} has no model {', '.join(sorted(unknown))}; it has {has}")
    bfcl = {name: each.task for name, each in loaded.problems.items() if each.family == "bfcl"}
    drawn = [(name, task) for name, task in bfcl.items() if task in CATEGORIES and name == f"bfcl_{task}"]
    if not drawn:
        raise ValueError(f"{recipe} has no section [problems.bfcl_CATEGORY]")
    text = recipe.read_text()
    within = "recipe." if "code" in tomllib.loads(text) else ""  # so in a run's folder
    return text + "".join(_section(f"{within}problems", name, task, models) for name, task in drawn)


def _section(within: str, name: str, task: str, models: Sequence[str]) -> str:
    solvable = sum(not each.fault for each in questions(task))
    return f"""
[{within}.{name}_whole]
family = "bfcl"
task = "{task}"
name = "{name}_whole"
test = {solvable}
samples = 0
models = {json.dumps(list(models))}
"""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    options = parser.parse_args()
    print(with_whole_categories(options.recipe, options.models), end="")


if __name__ == "__main__":
    main()

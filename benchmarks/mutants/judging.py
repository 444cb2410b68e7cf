"""From what each mutant's tests said to the verdict: killed, equivalent with a reason, or a survivor."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

EQUIVALENT = Path(__file__).with_name("equivalent.toml")
LEAST_MUTANTS = 1500
LEAST_KILLED = 0.90
MOST_EQUIVALENT = 0.08
KILLED, TIMED_OUT, UNREACHED = "killed", "timeout", "no tests"
"""mutmut's words for a failing test, for tests that did not end in time, and for code that no test reaches."""


class Change(NamedTuple):
    """What a mutant is: the lines that it takes out of a function and those that it puts in, without their indents."""

    function: str
    """`package.module.function` or `package.module.Class.method`."""
    before: str
    after: str


class Mutant(msgspec.Struct, frozen=True):
    """A mutant and what became of it, in mutmut's words."""

    change: Change
    status: str


class Judged(msgspec.Struct, frozen=True):
    """An entry of `equivalent.toml`: why no test can tell the mutant from the code."""

    function: str
    before: str
    after: str
    reason: str


def change_of(function: str, diff: str) -> Change:
    """The change that a unified diff shows. Line numbers do not count, so other edits of the module move nothing."""
    lines = [line for line in diff.splitlines() if line[:3] not in ("---", "+++")]
    before, after = ("\n".join(line[1:].strip() for line in lines if line[:1] == sign) for sign in "-+")
    return Change(function, before, after)


def read_judged(path: Path = EQUIVALENT) -> dict[Change, str]:
    """Change -> reason. Raises ValueError for an entry that stands twice or has no reason."""
    found: dict[Change, str] = {}
    for entry in msgspec.convert(tomllib.loads(path.read_text())["mutant"], list[Judged]):
        change = Change(entry.function, entry.before.strip(), entry.after.strip())
        if change in found or not entry.reason.strip():
            raise ValueError(f"{path.name}: {change}: stands twice or without a reason")
        found[change] = entry.reason
    return found


def verdict(mutants: Sequence[Mutant], judged: Mapping[Change, str]) -> dict[str, Any]:
    """The counts, the lists behind them, and what is wrong with them, if anything (`faults`).

    A mutant whose tests did not end counts as killed, and is counted by itself too. One that no test reaches is a
    survivor. One that is judged equivalent although a test fails for it is a fault: the reason given is wrong.
    """
    dead = [mutant for mutant in mutants if mutant.status in (KILLED, TIMED_OUT)]
    alive = [mutant for mutant in mutants if mutant.status not in (KILLED, TIMED_OUT)]
    equivalent = [mutant for mutant in alive if mutant.change in judged]
    survivors = [mutant for mutant in alive if mutant.change not in judged]
    wrong = [mutant.change for mutant in mutants if mutant.status == KILLED and mutant.change in judged]
    real = len(mutants) - len(equivalent)
    shares = {"share_killed": len(dead) / max(1, real), "share_equivalent": len(equivalent) / max(1, len(mutants))}
    faults = [f"{change.function}: judged equivalent, and a test fails for {change.after!r}" for change in wrong]
    if len(mutants) < LEAST_MUTANTS:
        faults.append(f"{len(mutants)} mutants, of at least {LEAST_MUTANTS}")
    if shares["share_killed"] < LEAST_KILLED:
        faults.append(f"{shares['share_killed']:.1%} killed, of at least {LEAST_KILLED:.0%}")
    if shares["share_equivalent"] > MOST_EQUIVALENT:
        faults.append(f"{shares['share_equivalent']:.1%} judged equivalent, of at most {MOST_EQUIVALENT:.0%}")
    return {
        "mutants": len(mutants),
        "killed": len(dead),
        "killed_by_timeout": sum(mutant.status == TIMED_OUT for mutant in dead),
        "equivalent": len(equivalent),
        "survived": len(survivors),
        "survived_without_a_test": sum(mutant.status == UNREACHED for mutant in survivors),
        **{name: round(share, 4) for name, share in shares.items()},
        "faults": faults,
        "by_module": _by_module(mutants, judged),
        "survivors": [mutant.change._asdict() | {"status": mutant.status} for mutant in survivors],
        "judged_equivalent": [m.change._asdict() | {"reason": judged[m.change]} for m in equivalent],
    }


def _by_module(mutants: Iterable[Mutant], judged: Mapping[Change, str]) -> dict[str, dict[str, int]]:
    """Mutants, killed ones and equivalent ones of each module."""
    found: dict[str, Counter[str]] = {}
    for mutant in mutants:
        counts = found.setdefault(module_of(mutant.change.function), Counter(mutants=0, killed=0, equivalent=0))
        dead = mutant.status in (KILLED, TIMED_OUT)
        counts.update(mutants=1, killed=int(dead), equivalent=int(not dead and mutant.change in judged))
    return {module: dict(counts) for module, counts in sorted(found.items())}


def module_of(function: str) -> str:
    """The module of a function's dotted name: classes begin with capitals, and private ones with `_` and one."""
    parts = function.split(".")[:-1]
    return ".".join(part for part in parts if not part.lstrip("_")[:1].isupper())

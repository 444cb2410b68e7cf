"""Duplicates between splits: they are dropped from the split that learns, and each one is said with its reason.

Train problems are compared with all that is held out, validation problems with the test problems. Two problems are

- *exact* duplicates, when their texts have the same tokens (`tokens.py`) and they start from the same state;
- *near* ones, when one may be the other in other words: the same state, the same deciding tokens (numbers, operators,
  signs, symbols, negations, quantifiers, comparisons), the same answer, the same functions and strings in the gold
  chains where both have one, and of the shorter text at least `OVERLAP` of the runs of `WORDS` tokens. The deciding
  tokens stand in the same order, or whole sentences have changed places. "12 + 3" and "12 - 3", or "x > y" and "y > x"
  are two problems;
- equal in their *template*, when their texts are the same but for the numbers, whatever state and answer.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple, get_args

import msgspec

from cluster.errors import ChainprefError
from rollout.checkers import check
from rollout.problems.config import Duplicates
from rollout.problems.tokens import QUOTES, one_spelling, same_text, tokens, values
from rollout.records import Problem, canonical_json

WORDS = 3
"""Tokens in a run: with longer ones a single changed word would hide most of a short question."""

OVERLAP = 0.6
"""Share of the shorter text's runs that near duplicates have in common. A word changed in ten leaves 0.62."""

KINDS = ("repeated", *get_args(Duplicates))
"""Why a problem is dropped: it repeats one of its own split, or it is like a held-out one."""


_REASONS = dict(
    zip(
        KINDS,
        ("repeated in the split", "exact duplicates of held-out ones", "near duplicates", "of a held-out template"),
        strict=True,
    )
)


KEEPS_NEAR = 'duplicates = "exact" keeps near ones'
"""What to set where near duplicates are not to be dropped."""


class Dropped(msgspec.Struct, frozen=True, kw_only=True):
    """A problem that was dropped, and the one that it is like."""

    id: str
    kind: str
    """One of `KINDS`."""
    source: str
    """Where it stands."""
    like: str
    """Where the other one stands."""
    contradicts: bool = False
    """Whether the other one's gold answer is another for the same text, state and toolbox."""


class DuplicateReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `deduplicate` dropped."""

    kept: int
    dropped: tuple[Dropped, ...]
    numbers_aside: int
    """Problems that were kept, and that differ from a held-out one in their numbers only."""

    @property
    def said(self) -> str:
        """What was dropped, in words, with one problem of each kind; "" where nothing was."""
        examples = {each.kind: each for each in reversed(self.dropped)}
        reasons = [
            f"{count:,} {_REASONS[kind]} dropped, such as {examples[kind].source} (like {examples[kind].like})"
            for kind, count in self.counts.items()
        ]
        return "; ".join([*reasons, *(KEEPS_NEAR for _ in examples.keys() & {"near"})])

    @property
    def counts(self) -> dict[str, int]:
        """Dropped problems by kind, in the order of `KINDS`; kinds of none are left out."""
        counted = Counter(each.kind for each in self.dropped)
        return {kind: counted[kind] for kind in KINDS if counted[kind]}


class _Near(NamedTuple):
    """A held-out problem that others are compared with."""

    runs: frozenset[tuple[str, ...]]
    values: tuple[str, ...]
    called: frozenset[tuple[str, str]]
    problem: Problem


class HeldOut:
    """Held-out problems, indexed by what makes another problem like one of them."""

    def __init__(self, problems: Iterable[Problem] = ()) -> None:
        self._exact: dict[tuple[str, str], Problem] = {}
        self._templates: dict[tuple[str, ...], Problem] = {}
        self._near: defaultdict[object, list[_Near]] = defaultdict(list)
        self._with_run: defaultdict[object, list[int]] = defaultdict(list)
        for problem in problems:
            self._exact.setdefault((same_text(problem.all_text), problem.state), problem)
            self._templates.setdefault(_numbers_aside(problem), problem)
            key, near = _compared(problem)
            for run in near.runs:
                self._with_run[key, run].append(len(self._near[key]))
            self._near[key].append(near)

    def exact(self, problem: Problem) -> Problem | None:
        """A held-out problem with the same tokens and state."""
        return self._exact.get((same_text(problem.all_text), problem.state))

    def like(self, problem: Problem) -> Problem | None:
        """A held-out problem whose answer this one would show: an exact or a near duplicate."""
        return self.exact(problem) or self.near(problem)

    def within(self, problem: Problem) -> Problem | None:
        """A held-out problem with the same state whose every sentence this one has, among others of its own."""
        own = _sentences(problem.all_text)
        return next((other for of, other in self._by_sentences if of <= own and other.state == problem.state), None)

    @cached_property
    def _by_sentences(self) -> list[tuple[frozenset[str], Problem]]:
        return [(_sentences(problem.all_text), problem) for problem in self._exact.values()]

    def template(self, problem: Problem) -> Problem | None:
        """A held-out problem with the same text but for the numbers."""
        return self._templates.get(_numbers_aside(problem))

    def near(self, problem: Problem) -> Problem | None:
        """A held-out problem that this one may be in other words."""
        key, own = _compared(problem)
        shared = Counter(index for run in own.runs for index in self._with_run.get((key, run), ()))
        for index, count in shared.items():
            other = self._near[key][index]
            if count < OVERLAP * min(len(own.runs), len(other.runs)) or (
                own.called and other.called and other.called != own.called
            ):
                continue
            if own.values == other.values or _sentences(problem.all_text) == _sentences(other.problem.all_text):
                return other.problem
        return None


def deduplicate(
    problems: Sequence[Problem],
    held_out: HeldOut,
    drop: Duplicates = "near",
    seen: dict[tuple[str, ...], Problem] | None = None,
) -> tuple[list[Problem], DuplicateReport]:
    """`problems` without exact repetitions for the same functions and without those like held-out ones, and a report.

    `drop`: up to which likeness they go; `exact` ones always do. `seen`: what earlier calls kept, for several lists of
    one split; what is kept is added.
    """
    seen = {} if seen is None else seen
    kept, dropped, numbers_aside = list[Problem](), list[Dropped](), 0
    for problem in problems:
        own = (same_text(problem.all_text), problem.state, problem.toolbox, _functions(problem))
        template = held_out.template(problem)
        alike = {
            "exact": held_out.exact(problem),
            "repeated": seen.get(own),
            "near": held_out.near(problem) if drop != "exact" else None,
            "template": template if drop == "template" else None,
        }
        kind, like = next(((kind, like) for kind, like in alike.items() if like is not None), ("", None))
        if like is None:
            kept.append(problem)
            seen[own] = problem
            numbers_aside += template is not None
        else:
            asks_the_same = kind in ("exact", "repeated") and problem.toolbox == like.toolbox
            contradicts = asks_the_same and not same_gold(problem, like)
            dropped.append(
                Dropped(id=problem.id, kind=kind, source=problem.source, like=like.source, contradicts=contradicts)
            )
    return kept, DuplicateReport(kept=len(kept), dropped=tuple(dropped), numbers_aside=numbers_aside)


def _functions(problem: Problem) -> str:
    """Which functions of the toolbox cannot be called in which turn."""
    changes = [[sorted(turn.appear), sorted(turn.vanish)] for turn in problem.turns]
    return canonical_json([sorted(problem.hidden), changes]) if problem.hidden or problem.turns else ""


def same_gold(problem: Problem, other: Problem) -> bool:
    """Whether two gold answers are the same to the first problem's checker; where it cannot say, whether they are the
    same text."""
    try:
        return problem.gold == other.gold or check(problem.checker, other.gold, problem.gold) is None
    except ChainprefError:  # what is wrong with the checker or the gold is found by their contracts
        return False


def _compared(problem: Problem) -> tuple[object, _Near]:
    """What near duplicates have in common exactly, and what they are compared by."""
    found = tokens(problem.all_text)
    words = tuple(one_spelling(token.casefold()) for token in found if token not in QUOTES)
    deciding = values(found)
    runs = frozenset(words[start : start + WORDS] for start in range(max(1, len(words) - WORDS + 1)))
    key = (tuple(sorted(deciding)), problem.state, _answer(problem.gold))
    return key, _Near(runs, deciding, frozenset(_called(problem)), problem)


def _numbers_aside(problem: Problem) -> tuple[str, ...]:
    return tuple("0" if token[-1].isdecimal() else token for token in tokens(problem.all_text))


def _answer(gold: str) -> tuple[str, ...]:
    """What two golds share that mean the same: their numbers ("72 clips" and 72.0), or without numbers their words."""
    numbers = re.findall(r"-?\d+(?:\.\d+)?", re.sub(r"(?<=\d),(?=\d{3})", "", gold))
    return tuple(repr(float(each)) if len(each) < 16 else each for each in numbers) or tuple(
        token.casefold() for token in tokens(gold) if token not in QUOTES
    )


def _called(problem: Problem) -> Iterator[tuple[str, str]]:
    """The functions of the gold chain, and the strings among their arguments: what is done, to whom, and with what."""
    left: list[Any] = [msgspec.json.decode(call.arguments) for call in problem.all_gold_calls]
    yield from (("function", call.name) for call in problem.all_gold_calls)
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield "string", value.casefold()
        elif isinstance(value, dict | list):
            left += value.values() if isinstance(value, dict) else value


def _sentences(text: str) -> frozenset[str]:
    return frozenset(same_text(each) for each in re.split(r"(?<=[.?!])\s+", text))

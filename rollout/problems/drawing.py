"""Drawing generated problems: seeds, splits, and the loop that all generated families share.

A template is a problem's whole text without its names, things and numbers. Which split a template belongs to is
a hash of its id, and which split an underlying problem (its core: operations and numbers, or the theory) belongs to
is a hash of the core: neither depends on a seed or on how many problems were asked for. A drawn problem is kept
when both fall into the wanted split, so two splits share neither, whatever recipes and seeds made them.
"""

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from cluster.errors import RequestError, WorkError
from rollout.problems.config import SPLITS, VARIANTS, FamilyConfig
from rollout.records import Call, Problem, canonical_json, content_hash

_SHARES = (("train", 0.7), ("validation", 0.8), ("test", 1.0))
"""Cumulative shares of templates, and of cores: 70%, 10%, 20%."""

_TRIES = 4000
"""Draws without a new problem after which a split counts as exhausted."""


_RETELLINGS = 8
"""Tries at wording a problem by a template of the wanted split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A problem as its family writes it, before it has an id."""

    text: str
    gold: Any
    calls: tuple[Call, ...]
    toolbox: str
    checker: str
    template: str
    state: Any = field(default=None)
    difficulty: int


class Story(Protocol):
    """A drawn problem in structured form."""

    @property
    def template(self) -> str:
        """Id of the surface template."""
        ...

    @property
    def core(self) -> str:
        """The underlying problem, whatever its wording."""
        ...

    def retold(self, rng: random.Random) -> "Story | None":
        """The same problem in other words, from the same tables; None where drawing another one costs no more."""
        ...

    def vary(self, kind: str, rng: random.Random) -> "Story":
        """The same problem with one structural change of VARIANTS."""
        ...

    def write(self) -> Draft:
        """Text, gold and calls. Raises WorkError when the two ways to the gold answer disagree."""
        ...


def split_of(key: str) -> str:
    """The split that owns `key`: a pure function of its text."""
    fraction = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64
    return next(split for split, upper in _SHARES if fraction < upper)


def base_split(split: str, family: str) -> str:
    """The split that `split` draws from: itself, or `test` for a variant suite. Raises RequestError if unknown."""
    kind = split.removeprefix("variant-")
    if split in SPLITS:
        return split
    if split != kind and kind in VARIANTS:
        return "test"
    known = ", ".join((*SPLITS, *(f"variant-{kind}" for kind in VARIANTS)))
    raise RequestError(f"{family}: no split {split!r}; there are {known}")


def collect(
    config: FamilyConfig, split: str, family: str, draw: Callable[[random.Random, int], Story]
) -> list[Problem]:
    """As many different problems of `split` as `config` asks for; the first n are the same for every count.

    `draw` makes a story of a difficulty. Raises RequestError when the family has too few different problems.
    """
    base = base_split(split, family)
    # A string seeds through SHA-512: the same in every process, whatever PYTHONHASHSEED.
    rng = random.Random(f"{family}:{config.seed}:{base}")
    problems: list[Problem] = []
    seen: set[str] = set()
    barren = 0
    while len(problems) < config.count(split):
        barren += 1
        if barren > _TRIES:
            raise RequestError(
                f"{family}: only {len(problems)} different {split} problems at difficulty {list(config.difficulty)}; "
                f"ask for fewer than {config.count(split)} or widen the difficulty"
            )
        drawn = draw(rng, rng.randint(*config.difficulty))
        story = _told_for(drawn, family, base, rng) if split_of(drawn.core) == base else None
        if story is None:
            continue
        draft = story.write()
        if draft.text in seen:
            continue
        seen.add(draft.text)
        problem = finished(draft, family, base)
        if split != base:
            varied = story.vary(split.removeprefix("variant-"), random.Random(f"{split}:{problem.id}")).write()
            problem = finished(varied, family, split, source=f"variant of {problem.id}")
        problems.append(problem)
        barren = 0
    return problems


def _told_for(story: Story, family: str, split: str, rng: random.Random) -> Story | None:
    """`story`, told by a template that belongs to `split`; None when some tries found none."""
    for _ in range(_RETELLINGS):
        if split_of(f"{family}:{story.template}") == split:
            return story
        retold = story.retold(rng)
        if retold is None:
            return None
        story = retold
    return None


def finished(draft: Draft, family: str, split: str, source: str = "generated", licence: str = "CC0-1.0") -> Problem:
    """The record of a draft, with an id that is a function of its contents, and of its original in a variant suite:
    two test problems may lose what tells them apart."""
    gold, state = canonical_json(draft.gold), canonical_json(draft.state)
    original = () if split in SPLITS else (source,)
    return Problem(
        id=f"{family}-{split}-{content_hash(draft.text, gold, state, draft.toolbox, *original)[:12]}",
        family=family,
        split=split,
        template=draft.template,
        text=draft.text,
        toolbox=draft.toolbox,
        gold=gold,
        gold_calls=draft.calls,
        checker=draft.checker,
        state=state,
        difficulty=draft.difficulty,
        source=source,
        licence=licence,
    )


def call(name: str, /, **arguments: Any) -> Call:
    """A call with its arguments as canonical JSON."""
    return Call(name=name, arguments=canonical_json(arguments))


def agree(first: object, second: object, text: str) -> None:
    """Raise WorkError unless the two ways to the gold answer came to the same."""
    if first != second:
        raise WorkError(f"gold answers disagree: {first!r} by construction, {second!r} by the second way, for: {text}")

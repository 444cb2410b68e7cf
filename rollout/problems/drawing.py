"""How problems are drawn: seeds, splits, and the loop that all generated families share.

A template is a problem's whole text without its names, things and numbers. Which split a template belongs to is
a hash of its id, and which split an underlying problem (its core: operations and numbers, or the theory) belongs to
is a hash of the core: neither depends on a seed or on how many problems were asked for. A drawn problem is kept
when both fall into the wanted split, so two splits share neither, whatever recipes and seeds made them.
"""

import hashlib
import itertools
import random
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import msgspec

from cluster.errors import RequestError
from rollout.problems.config import SPLITS, VARIANTS, FamilyConfig
from rollout.problems.story import Draft, Story
from rollout.records import Problem, content_hash

Draw = Callable[[random.Random, int], Story[Any]]
"""A family's function that draws a story of the given difficulty."""

_SHARES = (("train", 0.7), ("validation", 0.8), ("test", 1.0))
"""Cumulative shares of templates, and of cores: 70%, 10%, 20%."""

_DRAWS = 4000
"""Draws without a new problem after which a split counts as exhausted."""

_PARAPHRASES = 8
"""Wordings of a story that are tried for a template of the wanted split."""


def split_of(key: str) -> str:
    """The split that owns `key`: a pure function of its text."""
    fraction = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64
    return next(split for split, upper in _SHARES if fraction < upper)


def collect(config: FamilyConfig, split: str, family: str, draw: Draw, base: str = "") -> list[Problem]:
    """As many different problems of `split` as `config` asks for; the first n are the same for every count.

    A variant suite draws the test problems, or those of another split, `base`. Raises RequestError for an unknown
    split, and when the family has too few different problems.
    """
    suites = [f"variant-{kind}" for kind in VARIANTS]
    if split not in (*SPLITS, *suites):
        raise RequestError(f"{family}: no split {split!r}; there are {', '.join((*SPLITS, *suites))}")
    base = base or ("test" if split in suites else split)
    wanted = config.count(split)
    problems = _drawn(family, draw, config.seed, config.difficulty, split, base).first(wanted)
    if len(problems) < wanted:
        raise RequestError(
            f"{family}: only {len(problems)} different {split} problems at difficulty {list(config.difficulty)}; "
            f"ask for fewer than {wanted} or widen the difficulty"
        )
    return problems


class _Drawn:
    """Problems that are drawn when somebody asks for them, and kept: a plan asks for the same ones again and again."""

    def __init__(self, source: Iterator[Problem]) -> None:
        self._source, self._kept, self._lock = source, list[Problem](), threading.Lock()

    def first(self, count: int) -> list[Problem]:
        """The first `count` problems, or all where there are fewer."""
        with self._lock:
            self._kept += itertools.islice(self._source, max(0, count - len(self._kept)))
            return self._kept[:count]


@lru_cache(maxsize=256)
def _drawn(family: str, draw: Draw, seed: int, difficulty: tuple[int, int], split: str, base: str) -> _Drawn:
    return _Drawn(_draw_all(family, draw, seed, difficulty, split, base))


def _draw_all(
    family: str, draw: Draw, seed: int, difficulty: tuple[int, int], split: str, base: str
) -> Iterator[Problem]:
    """All different problems of `split` in the order of the draws, until none is new for long."""
    # A string seeds through SHA-512: the same in every process, whatever PYTHONHASHSEED.
    rng = random.Random(f"{family}:{seed}:{base}")
    seen: set[str] = set()
    without_new = 0
    while (without_new := without_new + 1) <= _DRAWS:
        story = draw(rng, rng.randint(*difficulty))
        if split_of(story.core) != base:
            continue
        for _ in range(_PARAPHRASES):
            if split_of(f"{family}:{story.template}") == base:
                break
            story = story.paraphrased(rng)
        else:
            continue
        draft = story.write()
        if draft.text in seen:
            continue
        seen.add(draft.text)
        without_new = 0
        problem = finished(draft, family, base)
        if split != base:
            varied = story.vary(split.removeprefix("variant-"), random.Random(f"{split}:{problem.id}")).write()
            problem = finished(varied, family, split, source=f"variant of {problem.id}")
        yield problem


def finished(draft: Draft, family: str, split: str, source: str = "generated", licence: str = "CC0-1.0") -> Problem:
    """The problem that a draft becomes. Its id is a hash of its contents, and in a variant suite also of its original,
    because two test problems may become equal there."""
    original = () if split in SPLITS else (source,)
    # Only where there are any, so that the ids of problems without them stay.
    turns = (msgspec.json.encode((draft.turns, draft.hidden)),) if draft.turns or draft.hidden else ()
    more = (*turns, *filter(None, [draft.system, draft.user]), *original)
    id_ = f"{family}-{split}-{content_hash(draft.text, draft.gold, draft.state, draft.toolbox, *more)[:12]}"
    fields = msgspec.structs.asdict(draft)
    return Problem(id=id_, family=family, split=split, source=source, licence=licence, **fields)

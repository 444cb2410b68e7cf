"""Which chains the report shows, cut to what a page can carry. What is left out is counted."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

import msgspec
import numpy as np

from evaluation.measures.attempts import arm_order
from evaluation.report.chains import Named, codes_of
from rollout.records import Outcome, Problem, Score

PROBLEMS_SHOWN = 120
LONGEST_REPLY = 1200
LONGEST_RESULT = 400
LONGEST_PROBLEM = 2000
STEPS_SHOWN = 10
RESULTS_SHOWN = 8
BUDGET = 2_000_000
"""Characters of model and problem text in one page; escaped, at the very worst six bytes each."""


class ProblemView(msgspec.Struct, frozen=True):
    """A problem, how often each arm was right at it, and chains of one attempt each."""

    problem_id: str
    suite: str
    text: str
    gold: str
    difficulty: int
    tallies: tuple[tuple[str, int, int], ...]
    """(arm, right, counted attempts), greedy and sampled together."""
    rounds: tuple[tuple[str, Named], ...]
    """(how: "greedy" or "sample 3", the arms' chains, the reference first)."""
    facts: str
    """What the page's filter looks for: `arm:outcome` and codes, separated by spaces."""


class Shown(msgspec.Struct, frozen=True):
    """What the browser shows out of how much."""

    problems: tuple[ProblemView, ...]
    problems_in_all: int
    attempts_in_all: int
    differing_in_all: int


class _Cell(msgspec.Struct):
    """One arm at one problem while scores go by."""

    right: int = 0
    counted: int = 0
    greedy: Score | None = None
    sampled: Score | None = None


Cells = dict[tuple[str, str], dict[str, _Cell]]
"""(suite, problem) -> arm -> its attempts."""


def choose_chains(
    scores: Iterable[Score], problems: Mapping[str, Problem], baseline: str, seed: int, most: int = PROBLEMS_SHOWN
) -> Shown:
    """At most `most` problems, shared out among suites: those first at which arms differ, drawn by `seed`."""
    cells: Cells = {}
    attempts = 0
    for score in scores:
        attempts += 1
        cell = cells.setdefault((score.suite, score.episode.problem_id), {}).setdefault(score.model, _Cell())
        if score.episode.outcome.labelled:
            cell.counted += 1
            cell.right += score.episode.outcome is Outcome.RIGHT
        if score.greedy:
            cell.greedy = cell.greedy or score
        elif cell.sampled is None or score.episode.sample < cell.sampled.episode.sample:
            cell.sampled = score
    differing = {key for key, found in cells.items() if _differs(found)}
    rng = np.random.default_rng([seed, 7])
    views: list[ProblemView] = []
    budget = BUDGET
    for key in _draw(sorted(cells), differing, most, rng):
        view = _problem_view(key, cells[key], problems.get(key[1]), baseline)
        steps = [step for _, named in view.rounds for _, episode in named for step in episode.steps[:STEPS_SHOWN]]
        # Each step and each result costs some markup beside its text.
        budget -= sum(min(len(step.text), LONGEST_REPLY) + 80 for step in steps) + len(view.text) + len(view.gold)
        budget -= sum(
            min(len(text), LONGEST_RESULT) + 80 for _, named in view.rounds for _, one in named for text in one.said
        )
        results = [result for step in steps for result in step.results[:RESULTS_SHOWN]]
        budget -= sum(min(len(result.content), LONGEST_RESULT) + 80 for result in results)
        if budget < 0:
            break
        views.append(view)
    views.sort(key=lambda view: (view.suite, view.problem_id))
    return Shown(tuple(views), len(cells), attempts, len(differing))


def _differs(found: Mapping[str, _Cell]) -> bool:
    """Whether arms come to different outcomes in their greedy attempts, or in the sampled ones that are shown."""
    both = [cell.greedy for cell in found.values()], [cell.sampled for cell in found.values()]
    return any(len({one.episode.outcome for one in attempts if one is not None}) > 1 for attempts in both)


def _draw(
    keys: Sequence[tuple[str, str]], differing: set[tuple[str, str]], most: int, rng: np.random.Generator
) -> list[tuple[str, str]]:
    """Suites in turn, so that each has its share; in a suite four differing problems to one other."""
    queues: list[list[tuple[str, str]]] = []
    for suite in sorted({suite for suite, _ in keys}):
        mine = [keys[index] for index in rng.permutation(len(keys)) if keys[index][0] == suite]
        apart = [key for key in mine if key in differing]
        alike = [key for key in mine if key not in differing]
        queue: list[tuple[str, str]] = []
        while apart or alike:
            queue += apart[:4] + alike[:1]
            apart, alike = apart[4:], alike[1:]
        queues.append(queue)
    return [key for turn in zip_longest(*queues) for key in turn if key is not None][:most]


def _problem_view(
    key: tuple[str, str], found: Mapping[str, _Cell], problem: Problem | None, baseline: str
) -> ProblemView:
    arms = arm_order(found, baseline)
    greedy = [score for arm in arms if (score := found[arm].greedy) is not None]
    sampled = [score for arm in arms if (score := found[arm].sampled) is not None]
    numbers = sorted({score.episode.sample for score in sampled})
    rounds = (("greedy", greedy), (f"sample {', '.join(map(str, numbers))}", sampled))
    facts = {f"{score.model}:{score.episode.outcome}" for score in (*greedy, *sampled)}
    facts |= {str(code) for score in (*greedy, *sampled) for code in codes_of(score.episode)}
    text = problem.text if problem is not None else (greedy or sampled)[0].episode.prompt_text
    return ProblemView(
        problem_id=key[1],
        suite=key[0],
        text=clip(text, LONGEST_PROBLEM),
        gold=clip(problem.gold, LONGEST_RESULT) if problem is not None else "",
        difficulty=problem.difficulty if problem is not None else 0,
        tallies=tuple((arm, found[arm].right, found[arm].counted) for arm in arms),
        rounds=tuple((how, tuple((one.model, one.episode) for one in shown)) for how, shown in rounds if shown),
        facts=" ".join(sorted(facts)),
    )


def clip(text: str, most: int) -> str:
    """`text`, cut after `most` characters with a note of how many more there are."""
    return text if len(text) <= most else f"{text[:most]} … ({len(text) - most} more characters)"

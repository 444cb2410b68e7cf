"""Which chains the report shows, cut to what a page can carry. What is left out is counted."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np

from evaluation.measures.attempts import arm_order
from evaluation.report.chains import codes_of, first_difference
from rollout.records import Episode, Outcome, Problem, Score, Step

PROBLEMS_SHOWN = 120
LONGEST_REPLY = 1200
LONGEST_RESULT = 400
LONGEST_PROBLEM = 2000
STEPS_SHOWN = 10
BUDGET = 2_000_000
"""Characters of model and problem text in one page; escaped, at the very worst six bytes each."""


class StepView(msgspec.Struct, frozen=True):
    """One step: the part of the reply that the reference also has, the rest, and the results."""

    number: int
    same: str
    differs: str
    differs_here: bool
    cut: int
    """Characters left out at the end."""
    results: tuple[tuple[str, str], ...]
    """(error code or "", text)."""


class ChainView(msgspec.Struct, frozen=True):
    """One attempt, under the name of its arm or of its samples."""

    name: str
    outcome: str
    error: str
    steps: tuple[StepView, ...]
    steps_left_out: int
    ends_early: bool
    """It is a beginning of the reference's chain."""
    is_reference: bool


class ProblemView(msgspec.Struct, frozen=True):
    """A problem, how often each arm was right at it, and chains of one attempt each."""

    problem_id: str
    suite: str
    text: str
    gold: str
    difficulty: int
    tallies: tuple[tuple[str, int, int], ...]
    """(arm, right, counted attempts), greedy and sampled together."""
    rounds: tuple[tuple[str, tuple[ChainView, ...]], ...]
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
        if score.episode.outcome is not Outcome.INFRASTRUCTURE:
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
        steps = [step for _, chains in view.rounds for chain in chains for step in chain.steps]
        # Each step and each result costs some markup beside its text.
        budget -= sum(len(step.same) + len(step.differs) + 80 for step in steps) + len(view.text) + len(view.gold)
        budget -= sum(len(text) + 80 for step in steps for _, text in step.results)
        if budget < 0:
            break
        views.append(view)
    views.sort(key=lambda view: (view.suite, view.problem_id))
    return Shown(tuple(views), len(cells), attempts, len(differing))


def _differs(found: Mapping[str, _Cell]) -> bool:
    """Whether arms come to different outcomes in their greedy attempts, or in the sampled ones that are shown."""
    for attempts in ([cell.greedy for cell in found.values()], [cell.sampled for cell in found.values()]):
        if len({one.episode.outcome for one in attempts if one is not None}) > 1:
            return True
    return False


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
        queues.append(queue[::-1])
    drawn: list[tuple[str, str]] = []
    while len(drawn) < most and any(queues):
        drawn += [queue.pop() for queue in queues if queue]
    return drawn[:most]


def _problem_view(
    key: tuple[str, str], found: Mapping[str, _Cell], problem: Problem | None, baseline: str
) -> ProblemView:
    arms = arm_order(found, baseline)
    greedy = [score for arm in arms if (score := found[arm].greedy) is not None]
    sampled = [score for arm in arms if (score := found[arm].sampled) is not None]
    rounds = []
    if greedy:
        rounds.append(("greedy", chain_views([(score.model, score.episode) for score in greedy])))
    if sampled:
        numbers = sorted({score.episode.sample for score in sampled})
        views = chain_views([(score.model, score.episode) for score in sampled])
        rounds.append((f"sample {', '.join(map(str, numbers))}", views))
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
        rounds=tuple(rounds),
        facts=" ".join(sorted(facts)),
    )


def chain_views(named: Sequence[tuple[str, Episode]]) -> tuple[ChainView, ...]:
    """Chains of one problem, each under its name, compared with the first one."""
    reference = named[0][1]
    views = []
    for name, episode in named:
        difference = None if episode is reference else first_difference(reference.steps, episode.steps)
        at = {} if difference is None else {difference.step: difference.character}
        shown = episode.steps[:STEPS_SHOWN]
        views.append(
            ChainView(
                name=name,
                outcome=str(episode.outcome),
                error=str(episode.error or ""),
                steps=tuple(_step_view(index, step, at.get(index)) for index, step in enumerate(shown)),
                steps_left_out=len(episode.steps) - len(shown),
                ends_early=difference is not None and difference.step >= len(episode.steps),
                is_reference=episode is reference,
            )
        )
    return tuple(views)


def _step_view(index: int, step: Step, difference: int | None) -> StepView:
    text = step.text[:LONGEST_REPLY]
    at = len(text) if difference is None else min(difference, len(text))
    return StepView(
        number=index + 1,
        same=text[:at],
        differs=text[at:],
        differs_here=difference is not None,
        cut=len(step.text) - len(text),
        results=tuple((str(result.error or ""), clip(result.content, LONGEST_RESULT)) for result in step.results[:8]),
    )


def clip(text: str, most: int) -> str:
    """`text`, cut after `most` characters with a note of how many more there are."""
    return text if len(text) <= most else f"{text[:most]} … ({len(text) - most} more characters)"

"""Scores to attempts: each episode is measured once, and all figures are made from the small results."""

import json
from collections.abc import Iterable

import msgspec

from evaluation.measures.forms import (
    Form,
    accepted,
    adheres,
    contradicted_calls,
    form_of,
    needed_calls,
    redundant_calls,
)
from evaluation.measures.metrics import argument_f1, lcs_share, name_f1, names, partial_match, signature, win
from evaluation.measures.subtasks import ABSTENTION, ABSTENTIONS, abstained, subtask_score
from rollout.checkers.worlds import is_world
from rollout.records import ErrorCode, Outcome, Problem, Score, content_hash
from rollout.rewards import readable

ORDER = ("teacher", "sft", "dpo", "sft+dpo")
"""The well-known arms, as every table lists them after the baseline."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One attempt, measured. Values that need a known solution or an answer are None where there is none."""

    arm: str
    suite: str
    problem_id: str
    greedy: bool
    outcome: Outcome
    error: ErrorCode | None
    step_errors: tuple[ErrorCode, ...]
    steps: int
    failed_steps: int
    tokens: int
    """Generated tokens."""
    calls: int
    """Calls that could be read; nested ones and failed ones count, too."""
    redundant: int
    readable_steps: int
    adherent_steps: int | None
    forms: tuple[Form, ...]
    hallucinated: bool
    text_key: str
    """A hash that attempts of the same wording share; `calls_key` those of the same calls, `structure_key` of the
    same names of functions."""
    calls_key: str
    structure_key: str
    win: bool | None = None
    name_f1: float | None = None
    argument_f1: float | None = None
    lcs: float | None = None
    partial_match: float | None = None
    needed: int | None = None
    """Of the `accepted` calls, those that the answer rests on; None for attempts that are not right."""
    accepted: int = 0
    gold_calls: int | None = None
    contradicted: int = 0
    """Of the `numeric` calls (those with a number), the ones whose number stands in neither problem nor results."""
    numeric: int = 0
    abstained: bool = False
    should_abstain: bool | None = None
    """None where the family knows no such problems."""
    subtask: float | None = None
    """The subtask's own score."""
    turns: float | None = None
    """Share of the user's turns that the attempt came to; None in problems of one message."""
    credit: float | None = None
    """Mean of the episode's credit; None where the checker gives none."""

    @property
    def right(self) -> bool:
        return self.outcome is Outcome.RIGHT

    @property
    def counted(self) -> bool:
        """Faults of machines and of a played user say nothing about the model: counted apart, never in a rate."""
        return self.outcome.labelled


def measure(score: Score, problem: Problem | None) -> Attempt:
    """Measure one score against its problem. Without the problem, what needs a known solution stays None."""
    episode = score.episode
    results = accepted(episode.steps)
    calls = [result.call for result in results if result.call is not None]
    forms = tuple(form_of(step.text) for step in episode.steps)
    adherence = [
        # A text that ended a turn is a reply as it was asked for.
        any(each.call is None and each.error is None for each in step.results) or adheres(form, episode.call_format)
        for step, form in zip(episode.steps, forms, strict=True)
    ]
    gold = problem.all_gold_calls if problem is not None else ()
    errors = tuple(code for step in episode.steps for code in step.errors)
    right = episode.outcome is Outcome.RIGHT
    text = problem.all_text if problem is not None else "\n".join((episode.prompt_text, *episode.said))
    contradicted, numeric = contradicted_calls(results, text)
    return Attempt(
        arm=score.model,
        suite=score.suite,
        problem_id=episode.problem_id,
        greedy=score.greedy,
        outcome=episode.outcome,
        error=episode.error,
        step_errors=errors,
        steps=len(episode.steps),
        failed_steps=episode.failed_steps,
        tokens=sum(len(step.token_ids) for step in episode.steps),
        calls=len(names(one.call for step in episode.steps for one in step.results if one.call is not None)),
        redundant=redundant_calls(results),
        readable_steps=sum(readable(step) for step in episode.steps),
        adherent_steps=None if None in adherence else sum(bool(one) for one in adherence),
        forms=forms,
        hallucinated=ErrorCode.UNKNOWN_FUNCTION in errors,
        text_key=_key(step.text for step in episode.steps),
        calls_key=_key(signature(call) for call in calls),
        structure_key=_key(names(calls)),
        win=win(episode.answer, problem.gold) if problem is not None and not is_world(problem.checker) else None,
        name_f1=name_f1(calls, gold) if gold else None,
        argument_f1=argument_f1(calls, gold) if gold else None,
        lcs=lcs_share(calls, gold) if gold else None,
        partial_match=partial_match(calls, gold) if gold else None,
        needed=needed_calls(results) if right else None,
        accepted=len(results),
        gold_calls=len(gold) if gold else None,
        contradicted=contradicted,
        numeric=numeric,
        abstained=abstained(episode.answer),
        should_abstain=(
            json.loads(problem.gold) in ABSTENTIONS if problem is not None and problem.family == ABSTENTION else None
        ),
        subtask=subtask_score(problem, calls, episode.answer) if problem is not None else None,
        turns=(len(episode.said) + 1) / (len(problem.turns) + 1) if problem is not None and problem.turns else None,
        credit=sum(episode.credit) / len(episode.credit) if episode.credit else None,
    )


def rates(attempts: Iterable[Attempt]) -> dict[str, tuple[int, int]]:
    """Problem -> (right, counted attempts), unlabelled ones left out; problems without a counted attempt are absent."""
    found: dict[str, tuple[int, int]] = {}
    for attempt in attempts:
        if attempt.counted:
            right, n = found.get(attempt.problem_id, (0, 0))
            found[attempt.problem_id] = (right + attempt.right, n + 1)
    return found


def problem_rates(attempts: Iterable[Attempt]) -> dict[str, float]:
    """Problem -> share of right ones among its counted attempts."""
    return {problem: right / n for problem, (right, n) in rates(attempts).items()}


def arm_order(arms: Iterable[str], baseline: str) -> list[str]:
    """The baseline, the teacher, the well-known arms, then the others by name."""
    rank = {name: index for index, name in reversed(list(enumerate((baseline, *ORDER))))}
    return sorted(arms, key=lambda arm: (rank.get(arm, len(ORDER) + 1), arm))


def _key(texts: Iterable[str]) -> str:
    # A model can write a lone surrogate, which strict UTF-8 refuses.
    return content_hash(*(text.encode("utf-8", "surrogatepass") for text in texts))

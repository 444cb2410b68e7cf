"""From a PreferenceGroup to scored chains: which tokens count, on which side, paired with what weight. Pure and light.

The loss of a group is a function of one number a chain: the sum of the log-probabilities of its scored tokens.
What is scored follows from what the model wrote and from the error codes of its steps, never from the text.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from cluster.config import Section
from rollout.records import Chain, ErrorCode, Outcome, PreferenceGroup


class ScoreRule(Section):
    """Which written tokens are scored. Prompts and tool results never are."""

    failed_steps_in_right: bool = False
    """Score the failed steps of right chains. Not together with `rpo_alpha`, which must not learn them."""
    failed_steps_in_wrong: bool = True
    """Score the failed steps of wrong chains: they are what is to become less likely."""


WELL_FORMED = frozenset((ErrorCode.ANSWER_WRONG, ErrorCode.STATE_WRONG, ErrorCode.ANSWER_MALFORMED))
"""Codes of chains that are wrong by their content: one that went wrong by its format would teach a control on wrong
chains the opposite."""


@dataclass(frozen=True, slots=True)
class ScoredChain:
    """A chain with its prompt: `ids` and, of the same length, which of them are scored (never the first)."""

    ids: tuple[int, ...]
    scored: tuple[bool, ...]

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.scored):
            raise ValueError(f"a chain of {len(self.ids)} ids has {len(self.scored)} marks of what is scored")
        if self.scored and self.scored[0]:
            raise ValueError("the first token of a chain cannot be scored: nothing predicts it; put a prompt before it")

    @property
    def length(self) -> int:
        """Number of scored tokens."""
        return sum(self.scored)


@dataclass(frozen=True, slots=True)
class ScoredGroup:
    """One problem's chains and its pairs.

    `pair_weights[i][j]` >= 0 is how many pairs of episodes pair right[i] with wrong[j]: the product of the
    multiplicities where all pair with all; 0 where the rule does not pair them.
    """

    problem_id: str
    right: tuple[ScoredChain, ...]
    wrong: tuple[ScoredChain, ...]
    pair_weights: tuple[tuple[float, ...], ...]

    @property
    def chains(self) -> tuple[ScoredChain, ...]:
        """All chains, right ones first."""
        return self.right + self.wrong

    @property
    def pairs(self) -> float:
        """Number of pairs of episodes: the sum of all pair weights."""
        return sum(map(sum, self.pair_weights))


_Pair = tuple[ScoredChain, ScoredChain, float]


def scored_group(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(group, rule)
        case "matched":
            return _of_pairs(group.problem_id, _matched_pairs(group, rule))
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def scored_groups(groups: Iterable[PreferenceGroup], rule: ScoreRule) -> Iterator[ScoredGroup]:
    """All groups that have a pair, in order."""
    return (scored for group in groups if (scored := scored_group(group, rule)) is not None)


def _whole_chains(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(group.prompt_ids, chain, rule)
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = side.get(scored, 0) + chain.multiplicity
    right, wrong = sides
    if not right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def _matched_pairs(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.right, group.wrong, strict=False):
        sides = [_scored_chain(group.prompt_ids, chain, rule) for chain in (right, wrong)]
        yield sides[0], sides[1], 1.0


def _parting_steps(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """Every pair scored on the first step where its two chains part, given what they share before it.

    The chains are cut after that step, so equal (prefix, step) items of several chains merge. Pairs that part
    in a tool's result, not in what a model wrote, have no such step and are left out.
    """
    for right in group.right:
        for wrong in group.wrong:
            where = _parting_step(right, wrong)
            if where is not None:
                sides = []
                for chain in (right, wrong):
                    end = len(chain.step) - chain.step[::-1].index(where)
                    cut = msgspec.structs.replace(chain, token_ids=chain.token_ids[:end], step=chain.step[:end])
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def _of_pairs(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get((right, wrong), 0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def _scored_chain(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone. Thoughts that the chain names
    are not scored: `arm_group` leaves the names to those arms alone that do not train on them."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.learnable)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def _parting_step(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [(*chain.step, *chain.step[-1:], -1)[at] for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None

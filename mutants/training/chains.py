"""From a PreferenceGroup to scored chains: which tokens count, on which side, paired with what weight. Pure and light.

The loss of a group is a function of one number a chain: the sum of the log-probabilities of its scored tokens.
What is scored follows from what the model wrote and from the error codes of its steps, never from the text.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from cluster.config import Section
from rollout.records import Chain, Outcome, PreferenceGroup


from mutmut.mutation.trampoline import wrap_in_trampoline as _mutmut_mutated, MutantDict


class ScoreRule(Section):
    """Which written tokens are scored. Prompts and tool results never are."""

    failed_steps_in_right: bool = False
    """Score the failed steps of right chains. Not together with `rpo_alpha`, which must not learn them."""
    failed_steps_in_wrong: bool = True
    """Score the failed steps of wrong chains: they are what is to become less likely."""
mutants_xǁScoredChainǁ__post_init____mutmut: MutantDict = {}  # type: ignore


@dataclass(frozen=True, slots=True)
class ScoredChain:
    """A chain with its prompt: `ids` and, of the same length, which of them are scored (never the first)."""

    ids: tuple[int, ...]
    scored: tuple[bool, ...]

    @_mutmut_mutated(mutants_xǁScoredChainǁ__post_init____mutmut)
    def __post_init__(self) -> None:
        if len(self.ids) != len(self.scored):
            raise ValueError(f"a chain of {len(self.ids)} ids has {len(self.scored)} marks of what is scored")
        if self.scored and self.scored[0]:
            raise ValueError("the first token of a chain cannot be scored: nothing predicts it; put a prompt before it")

    def xǁScoredChainǁ__post_init____mutmut_orig(self) -> None:
        if len(self.ids) != len(self.scored):
            raise ValueError(f"a chain of {len(self.ids)} ids has {len(self.scored)} marks of what is scored")
        if self.scored and self.scored[0]:
            raise ValueError("the first token of a chain cannot be scored: nothing predicts it; put a prompt before it")

    def xǁScoredChainǁ__post_init____mutmut_1(self) -> None:
        if len(self.ids) == len(self.scored):
            raise ValueError(f"a chain of {len(self.ids)} ids has {len(self.scored)} marks of what is scored")
        if self.scored and self.scored[0]:
            raise ValueError("the first token of a chain cannot be scored: nothing predicts it; put a prompt before it")

    def xǁScoredChainǁ__post_init____mutmut_2(self) -> None:
        if len(self.ids) != len(self.scored):
            raise ValueError(None)
        if self.scored and self.scored[0]:
            raise ValueError("the first token of a chain cannot be scored: nothing predicts it; put a prompt before it")

    def xǁScoredChainǁ__post_init____mutmut_3(self) -> None:
        if len(self.ids) != len(self.scored):
            raise ValueError(f"a chain of {len(self.ids)} ids has {len(self.scored)} marks of what is scored")
        if self.scored or self.scored[0]:
            raise ValueError("the first token of a chain cannot be scored: nothing predicts it; put a prompt before it")

    def xǁScoredChainǁ__post_init____mutmut_4(self) -> None:
        if len(self.ids) != len(self.scored):
            raise ValueError(f"a chain of {len(self.ids)} ids has {len(self.scored)} marks of what is scored")
        if self.scored and self.scored[1]:
            raise ValueError("the first token of a chain cannot be scored: nothing predicts it; put a prompt before it")

    def xǁScoredChainǁ__post_init____mutmut_5(self) -> None:
        if len(self.ids) != len(self.scored):
            raise ValueError(f"a chain of {len(self.ids)} ids has {len(self.scored)} marks of what is scored")
        if self.scored and self.scored[0]:
            raise ValueError(None)

    def xǁScoredChainǁ__post_init____mutmut_6(self) -> None:
        if len(self.ids) != len(self.scored):
            raise ValueError(f"a chain of {len(self.ids)} ids has {len(self.scored)} marks of what is scored")
        if self.scored and self.scored[0]:
            raise ValueError("XXthe first token of a chain cannot be scored: nothing predicts it; put a prompt before itXX")

    def xǁScoredChainǁ__post_init____mutmut_7(self) -> None:
        if len(self.ids) != len(self.scored):
            raise ValueError(f"a chain of {len(self.ids)} ids has {len(self.scored)} marks of what is scored")
        if self.scored and self.scored[0]:
            raise ValueError("THE FIRST TOKEN OF A CHAIN CANNOT BE SCORED: NOTHING PREDICTS IT; PUT A PROMPT BEFORE IT")

    @property
    def length(self) -> int:
        """Number of scored tokens."""
        return sum(self.scored)

mutants_xǁScoredChainǁ__post_init____mutmut['_mutmut_orig'] = ScoredChain.xǁScoredChainǁ__post_init____mutmut_orig # type: ignore # mutmut generated
mutants_xǁScoredChainǁ__post_init____mutmut['xǁScoredChainǁ__post_init____mutmut_1'] = ScoredChain.xǁScoredChainǁ__post_init____mutmut_1 # type: ignore # mutmut generated
mutants_xǁScoredChainǁ__post_init____mutmut['xǁScoredChainǁ__post_init____mutmut_2'] = ScoredChain.xǁScoredChainǁ__post_init____mutmut_2 # type: ignore # mutmut generated
mutants_xǁScoredChainǁ__post_init____mutmut['xǁScoredChainǁ__post_init____mutmut_3'] = ScoredChain.xǁScoredChainǁ__post_init____mutmut_3 # type: ignore # mutmut generated
mutants_xǁScoredChainǁ__post_init____mutmut['xǁScoredChainǁ__post_init____mutmut_4'] = ScoredChain.xǁScoredChainǁ__post_init____mutmut_4 # type: ignore # mutmut generated
mutants_xǁScoredChainǁ__post_init____mutmut['xǁScoredChainǁ__post_init____mutmut_5'] = ScoredChain.xǁScoredChainǁ__post_init____mutmut_5 # type: ignore # mutmut generated
mutants_xǁScoredChainǁ__post_init____mutmut['xǁScoredChainǁ__post_init____mutmut_6'] = ScoredChain.xǁScoredChainǁ__post_init____mutmut_6 # type: ignore # mutmut generated
mutants_xǁScoredChainǁ__post_init____mutmut['xǁScoredChainǁ__post_init____mutmut_7'] = ScoredChain.xǁScoredChainǁ__post_init____mutmut_7 # type: ignore # mutmut generated


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
mutants_x_scored_group__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x_scored_group__mutmut)
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


def x_scored_group__mutmut_orig(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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


def x_scored_group__mutmut_1(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "matched":
            return _of_pairs(group.problem_id, _matched_pairs(group, rule))
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_2(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(group, rule)
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_3(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(group, rule)
        case "matched":
            return _of_pairs(group.problem_id, _matched_pairs(group, rule))


def x_scored_group__mutmut_4(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "XXchainsXX":
            return _whole_chains(group, rule)
        case "matched":
            return _of_pairs(group.problem_id, _matched_pairs(group, rule))
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_5(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "CHAINS":
            return _whole_chains(group, rule)
        case "matched":
            return _of_pairs(group.problem_id, _matched_pairs(group, rule))
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_6(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(None, rule)
        case "matched":
            return _of_pairs(group.problem_id, _matched_pairs(group, rule))
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_7(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(group, None)
        case "matched":
            return _of_pairs(group.problem_id, _matched_pairs(group, rule))
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_8(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(rule)
        case "matched":
            return _of_pairs(group.problem_id, _matched_pairs(group, rule))
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_9(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(group, )
        case "matched":
            return _of_pairs(group.problem_id, _matched_pairs(group, rule))
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_10(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(group, rule)
        case "XXmatchedXX":
            return _of_pairs(group.problem_id, _matched_pairs(group, rule))
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_11(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(group, rule)
        case "MATCHED":
            return _of_pairs(group.problem_id, _matched_pairs(group, rule))
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_12(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(group, rule)
        case "matched":
            return _of_pairs(None, _matched_pairs(group, rule))
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_13(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(group, rule)
        case "matched":
            return _of_pairs(group.problem_id, None)
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_14(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(group, rule)
        case "matched":
            return _of_pairs(_matched_pairs(group, rule))
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_15(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(group, rule)
        case "matched":
            return _of_pairs(group.problem_id, )
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_16(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(group, rule)
        case "matched":
            return _of_pairs(group.problem_id, _matched_pairs(None, rule))
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_17(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(group, rule)
        case "matched":
            return _of_pairs(group.problem_id, _matched_pairs(group, None))
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_18(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(group, rule)
        case "matched":
            return _of_pairs(group.problem_id, _matched_pairs(rule))
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_19(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(group, rule)
        case "matched":
            return _of_pairs(group.problem_id, _matched_pairs(group, ))
        case "steps":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_20(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(group, rule)
        case "matched":
            return _of_pairs(group.problem_id, _matched_pairs(group, rule))
        case "XXstepsXX":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_21(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """The scored form of `group`; None where no pair is left.

    Chains without a scored token are dropped, chains with the same ids and the same scoring merge (their
    multiplicities add). The same token may be scored in one chain and not in another that shares it.
    """
    match group.rule.kind:
        case "chains":
            return _whole_chains(group, rule)
        case "matched":
            return _of_pairs(group.problem_id, _matched_pairs(group, rule))
        case "STEPS":
            return _of_pairs(group.problem_id, _parting_steps(group, rule))


def x_scored_group__mutmut_22(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
            return _of_pairs(None, _parting_steps(group, rule))


def x_scored_group__mutmut_23(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
            return _of_pairs(group.problem_id, None)


def x_scored_group__mutmut_24(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
            return _of_pairs(_parting_steps(group, rule))


def x_scored_group__mutmut_25(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
            return _of_pairs(group.problem_id, )


def x_scored_group__mutmut_26(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
            return _of_pairs(group.problem_id, _parting_steps(None, rule))


def x_scored_group__mutmut_27(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
            return _of_pairs(group.problem_id, _parting_steps(group, None))


def x_scored_group__mutmut_28(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
            return _of_pairs(group.problem_id, _parting_steps(rule))


def x_scored_group__mutmut_29(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
            return _of_pairs(group.problem_id, _parting_steps(group, ))

mutants_x_scored_group__mutmut['_mutmut_orig'] = x_scored_group__mutmut_orig # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_1'] = x_scored_group__mutmut_1 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_2'] = x_scored_group__mutmut_2 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_3'] = x_scored_group__mutmut_3 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_4'] = x_scored_group__mutmut_4 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_5'] = x_scored_group__mutmut_5 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_6'] = x_scored_group__mutmut_6 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_7'] = x_scored_group__mutmut_7 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_8'] = x_scored_group__mutmut_8 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_9'] = x_scored_group__mutmut_9 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_10'] = x_scored_group__mutmut_10 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_11'] = x_scored_group__mutmut_11 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_12'] = x_scored_group__mutmut_12 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_13'] = x_scored_group__mutmut_13 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_14'] = x_scored_group__mutmut_14 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_15'] = x_scored_group__mutmut_15 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_16'] = x_scored_group__mutmut_16 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_17'] = x_scored_group__mutmut_17 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_18'] = x_scored_group__mutmut_18 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_19'] = x_scored_group__mutmut_19 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_20'] = x_scored_group__mutmut_20 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_21'] = x_scored_group__mutmut_21 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_22'] = x_scored_group__mutmut_22 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_23'] = x_scored_group__mutmut_23 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_24'] = x_scored_group__mutmut_24 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_25'] = x_scored_group__mutmut_25 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_26'] = x_scored_group__mutmut_26 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_27'] = x_scored_group__mutmut_27 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_28'] = x_scored_group__mutmut_28 # type: ignore # mutmut generated
mutants_x_scored_group__mutmut['x_scored_group__mutmut_29'] = x_scored_group__mutmut_29 # type: ignore # mutmut generated
mutants_x_scored_groups__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x_scored_groups__mutmut)
def scored_groups(groups: Iterable[PreferenceGroup], rule: ScoreRule) -> Iterator[ScoredGroup]:
    """All groups that have a pair, in order."""
    return (scored for group in groups if (scored := scored_group(group, rule)) is not None)


def x_scored_groups__mutmut_orig(groups: Iterable[PreferenceGroup], rule: ScoreRule) -> Iterator[ScoredGroup]:
    """All groups that have a pair, in order."""
    return (scored for group in groups if (scored := scored_group(group, rule)) is not None)


def x_scored_groups__mutmut_1(groups: Iterable[PreferenceGroup], rule: ScoreRule) -> Iterator[ScoredGroup]:
    """All groups that have a pair, in order."""
    return (scored for group in groups if (scored := scored_group(None, rule)) is not None)


def x_scored_groups__mutmut_2(groups: Iterable[PreferenceGroup], rule: ScoreRule) -> Iterator[ScoredGroup]:
    """All groups that have a pair, in order."""
    return (scored for group in groups if (scored := scored_group(group, None)) is not None)


def x_scored_groups__mutmut_3(groups: Iterable[PreferenceGroup], rule: ScoreRule) -> Iterator[ScoredGroup]:
    """All groups that have a pair, in order."""
    return (scored for group in groups if (scored := scored_group(rule)) is not None)


def x_scored_groups__mutmut_4(groups: Iterable[PreferenceGroup], rule: ScoreRule) -> Iterator[ScoredGroup]:
    """All groups that have a pair, in order."""
    return (scored for group in groups if (scored := scored_group(group, )) is not None)


def x_scored_groups__mutmut_5(groups: Iterable[PreferenceGroup], rule: ScoreRule) -> Iterator[ScoredGroup]:
    """All groups that have a pair, in order."""
    return (scored for group in groups if (scored := scored_group(group, rule)) is None)

mutants_x_scored_groups__mutmut['_mutmut_orig'] = x_scored_groups__mutmut_orig # type: ignore # mutmut generated
mutants_x_scored_groups__mutmut['x_scored_groups__mutmut_1'] = x_scored_groups__mutmut_1 # type: ignore # mutmut generated
mutants_x_scored_groups__mutmut['x_scored_groups__mutmut_2'] = x_scored_groups__mutmut_2 # type: ignore # mutmut generated
mutants_x_scored_groups__mutmut['x_scored_groups__mutmut_3'] = x_scored_groups__mutmut_3 # type: ignore # mutmut generated
mutants_x_scored_groups__mutmut['x_scored_groups__mutmut_4'] = x_scored_groups__mutmut_4 # type: ignore # mutmut generated
mutants_x_scored_groups__mutmut['x_scored_groups__mutmut_5'] = x_scored_groups__mutmut_5 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x__whole_chains__mutmut)
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


def x__whole_chains__mutmut_orig(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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


def x__whole_chains__mutmut_1(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = None
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


def x__whole_chains__mutmut_2(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = None
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = side.get(scored, 0) + chain.multiplicity
    right, wrong = sides
    if not right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_3(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(None, chain, rule)
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = side.get(scored, 0) + chain.multiplicity
    right, wrong = sides
    if not right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_4(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(group.prompt_ids, None, rule)
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = side.get(scored, 0) + chain.multiplicity
    right, wrong = sides
    if not right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_5(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(group.prompt_ids, chain, None)
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = side.get(scored, 0) + chain.multiplicity
    right, wrong = sides
    if not right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_6(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(chain, rule)
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = side.get(scored, 0) + chain.multiplicity
    right, wrong = sides
    if not right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_7(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(group.prompt_ids, rule)
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = side.get(scored, 0) + chain.multiplicity
    right, wrong = sides
    if not right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_8(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(group.prompt_ids, chain, )
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = side.get(scored, 0) + chain.multiplicity
    right, wrong = sides
    if not right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_9(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(group.prompt_ids, chain, rule)
        if scored.length:
            side = None
            side[scored] = side.get(scored, 0) + chain.multiplicity
    right, wrong = sides
    if not right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_10(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(group.prompt_ids, chain, rule)
        if scored.length:
            side = sides[chain.label is Outcome.RIGHT]
            side[scored] = side.get(scored, 0) + chain.multiplicity
    right, wrong = sides
    if not right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_11(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(group.prompt_ids, chain, rule)
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = None
    right, wrong = sides
    if not right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_12(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(group.prompt_ids, chain, rule)
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = side.get(scored, 0) - chain.multiplicity
    right, wrong = sides
    if not right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_13(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(group.prompt_ids, chain, rule)
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = side.get(None, 0) + chain.multiplicity
    right, wrong = sides
    if not right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_14(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(group.prompt_ids, chain, rule)
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = side.get(scored, None) + chain.multiplicity
    right, wrong = sides
    if not right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_15(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(group.prompt_ids, chain, rule)
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = side.get(0) + chain.multiplicity
    right, wrong = sides
    if not right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_16(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(group.prompt_ids, chain, rule)
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = side.get(scored, ) + chain.multiplicity
    right, wrong = sides
    if not right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_17(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(group.prompt_ids, chain, rule)
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = side.get(scored, 1) + chain.multiplicity
    right, wrong = sides
    if not right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_18(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(group.prompt_ids, chain, rule)
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = side.get(scored, 0) + chain.multiplicity
    right, wrong = None
    if not right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_19(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(group.prompt_ids, chain, rule)
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = side.get(scored, 0) + chain.multiplicity
    right, wrong = sides
    if not right and not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_20(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(group.prompt_ids, chain, rule)
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = side.get(scored, 0) + chain.multiplicity
    right, wrong = sides
    if right or not wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_21(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
    """All right chains with all wrong ones."""
    sides: tuple[dict[ScoredChain, int], dict[ScoredChain, int]] = ({}, {})
    for chain in group.chains:
        scored = _scored_chain(group.prompt_ids, chain, rule)
        if scored.length:
            side = sides[chain.label is not Outcome.RIGHT]
            side[scored] = side.get(scored, 0) + chain.multiplicity
    right, wrong = sides
    if not right or wrong:
        return None
    weights = tuple(tuple(float(r * w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_22(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
    weights = None
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_23(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
    weights = tuple(None)
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_24(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
    weights = tuple(tuple(None) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_25(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
    weights = tuple(tuple(float(None) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_26(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
    weights = tuple(tuple(float(r / w) for w in wrong.values()) for r in right.values())
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_27(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
    return ScoredGroup(None, tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_28(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
    return ScoredGroup(group.problem_id, None, tuple(wrong), weights)


def x__whole_chains__mutmut_29(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
    return ScoredGroup(group.problem_id, tuple(right), None, weights)


def x__whole_chains__mutmut_30(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), None)


def x__whole_chains__mutmut_31(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
    return ScoredGroup(tuple(right), tuple(wrong), weights)


def x__whole_chains__mutmut_32(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
    return ScoredGroup(group.problem_id, tuple(wrong), weights)


def x__whole_chains__mutmut_33(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
    return ScoredGroup(group.problem_id, tuple(right), weights)


def x__whole_chains__mutmut_34(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
    return ScoredGroup(group.problem_id, tuple(right), tuple(wrong), )


def x__whole_chains__mutmut_35(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
    return ScoredGroup(group.problem_id, tuple(None), tuple(wrong), weights)


def x__whole_chains__mutmut_36(group: PreferenceGroup, rule: ScoreRule) -> ScoredGroup | None:
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
    return ScoredGroup(group.problem_id, tuple(right), tuple(None), weights)

mutants_x__whole_chains__mutmut['_mutmut_orig'] = x__whole_chains__mutmut_orig # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_1'] = x__whole_chains__mutmut_1 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_2'] = x__whole_chains__mutmut_2 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_3'] = x__whole_chains__mutmut_3 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_4'] = x__whole_chains__mutmut_4 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_5'] = x__whole_chains__mutmut_5 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_6'] = x__whole_chains__mutmut_6 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_7'] = x__whole_chains__mutmut_7 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_8'] = x__whole_chains__mutmut_8 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_9'] = x__whole_chains__mutmut_9 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_10'] = x__whole_chains__mutmut_10 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_11'] = x__whole_chains__mutmut_11 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_12'] = x__whole_chains__mutmut_12 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_13'] = x__whole_chains__mutmut_13 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_14'] = x__whole_chains__mutmut_14 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_15'] = x__whole_chains__mutmut_15 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_16'] = x__whole_chains__mutmut_16 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_17'] = x__whole_chains__mutmut_17 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_18'] = x__whole_chains__mutmut_18 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_19'] = x__whole_chains__mutmut_19 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_20'] = x__whole_chains__mutmut_20 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_21'] = x__whole_chains__mutmut_21 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_22'] = x__whole_chains__mutmut_22 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_23'] = x__whole_chains__mutmut_23 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_24'] = x__whole_chains__mutmut_24 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_25'] = x__whole_chains__mutmut_25 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_26'] = x__whole_chains__mutmut_26 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_27'] = x__whole_chains__mutmut_27 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_28'] = x__whole_chains__mutmut_28 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_29'] = x__whole_chains__mutmut_29 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_30'] = x__whole_chains__mutmut_30 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_31'] = x__whole_chains__mutmut_31 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_32'] = x__whole_chains__mutmut_32 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_33'] = x__whole_chains__mutmut_33 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_34'] = x__whole_chains__mutmut_34 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_35'] = x__whole_chains__mutmut_35 # type: ignore # mutmut generated
mutants_x__whole_chains__mutmut['x__whole_chains__mutmut_36'] = x__whole_chains__mutmut_36 # type: ignore # mutmut generated
mutants_x__matched_pairs__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x__matched_pairs__mutmut)
def _matched_pairs(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.right, group.wrong, strict=False):
        sides = [_scored_chain(group.prompt_ids, chain, rule) for chain in (right, wrong)]
        yield sides[0], sides[1], 1.0


def x__matched_pairs__mutmut_orig(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.right, group.wrong, strict=False):
        sides = [_scored_chain(group.prompt_ids, chain, rule) for chain in (right, wrong)]
        yield sides[0], sides[1], 1.0


def x__matched_pairs__mutmut_1(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(None, group.wrong, strict=False):
        sides = [_scored_chain(group.prompt_ids, chain, rule) for chain in (right, wrong)]
        yield sides[0], sides[1], 1.0


def x__matched_pairs__mutmut_2(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.right, None, strict=False):
        sides = [_scored_chain(group.prompt_ids, chain, rule) for chain in (right, wrong)]
        yield sides[0], sides[1], 1.0


def x__matched_pairs__mutmut_3(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.right, group.wrong, strict=None):
        sides = [_scored_chain(group.prompt_ids, chain, rule) for chain in (right, wrong)]
        yield sides[0], sides[1], 1.0


def x__matched_pairs__mutmut_4(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.wrong, strict=False):
        sides = [_scored_chain(group.prompt_ids, chain, rule) for chain in (right, wrong)]
        yield sides[0], sides[1], 1.0


def x__matched_pairs__mutmut_5(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.right, strict=False):
        sides = [_scored_chain(group.prompt_ids, chain, rule) for chain in (right, wrong)]
        yield sides[0], sides[1], 1.0


def x__matched_pairs__mutmut_6(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.right, group.wrong, ):
        sides = [_scored_chain(group.prompt_ids, chain, rule) for chain in (right, wrong)]
        yield sides[0], sides[1], 1.0


def x__matched_pairs__mutmut_7(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.right, group.wrong, strict=True):
        sides = [_scored_chain(group.prompt_ids, chain, rule) for chain in (right, wrong)]
        yield sides[0], sides[1], 1.0


def x__matched_pairs__mutmut_8(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.right, group.wrong, strict=False):
        sides = None
        yield sides[0], sides[1], 1.0


def x__matched_pairs__mutmut_9(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.right, group.wrong, strict=False):
        sides = [_scored_chain(None, chain, rule) for chain in (right, wrong)]
        yield sides[0], sides[1], 1.0


def x__matched_pairs__mutmut_10(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.right, group.wrong, strict=False):
        sides = [_scored_chain(group.prompt_ids, None, rule) for chain in (right, wrong)]
        yield sides[0], sides[1], 1.0


def x__matched_pairs__mutmut_11(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.right, group.wrong, strict=False):
        sides = [_scored_chain(group.prompt_ids, chain, None) for chain in (right, wrong)]
        yield sides[0], sides[1], 1.0


def x__matched_pairs__mutmut_12(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.right, group.wrong, strict=False):
        sides = [_scored_chain(chain, rule) for chain in (right, wrong)]
        yield sides[0], sides[1], 1.0


def x__matched_pairs__mutmut_13(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.right, group.wrong, strict=False):
        sides = [_scored_chain(group.prompt_ids, rule) for chain in (right, wrong)]
        yield sides[0], sides[1], 1.0


def x__matched_pairs__mutmut_14(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.right, group.wrong, strict=False):
        sides = [_scored_chain(group.prompt_ids, chain, ) for chain in (right, wrong)]
        yield sides[0], sides[1], 1.0


def x__matched_pairs__mutmut_15(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.right, group.wrong, strict=False):
        sides = [_scored_chain(group.prompt_ids, chain, rule) for chain in (right, wrong)]
        yield sides[1], sides[1], 1.0


def x__matched_pairs__mutmut_16(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.right, group.wrong, strict=False):
        sides = [_scored_chain(group.prompt_ids, chain, rule) for chain in (right, wrong)]
        yield sides[0], sides[2], 1.0


def x__matched_pairs__mutmut_17(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """The first right chain with the first wrong one, and so on: as many pairs as the rarer kind has chains."""
    for right, wrong in zip(group.right, group.wrong, strict=False):
        sides = [_scored_chain(group.prompt_ids, chain, rule) for chain in (right, wrong)]
        yield sides[0], sides[1], 2.0

mutants_x__matched_pairs__mutmut['_mutmut_orig'] = x__matched_pairs__mutmut_orig # type: ignore # mutmut generated
mutants_x__matched_pairs__mutmut['x__matched_pairs__mutmut_1'] = x__matched_pairs__mutmut_1 # type: ignore # mutmut generated
mutants_x__matched_pairs__mutmut['x__matched_pairs__mutmut_2'] = x__matched_pairs__mutmut_2 # type: ignore # mutmut generated
mutants_x__matched_pairs__mutmut['x__matched_pairs__mutmut_3'] = x__matched_pairs__mutmut_3 # type: ignore # mutmut generated
mutants_x__matched_pairs__mutmut['x__matched_pairs__mutmut_4'] = x__matched_pairs__mutmut_4 # type: ignore # mutmut generated
mutants_x__matched_pairs__mutmut['x__matched_pairs__mutmut_5'] = x__matched_pairs__mutmut_5 # type: ignore # mutmut generated
mutants_x__matched_pairs__mutmut['x__matched_pairs__mutmut_6'] = x__matched_pairs__mutmut_6 # type: ignore # mutmut generated
mutants_x__matched_pairs__mutmut['x__matched_pairs__mutmut_7'] = x__matched_pairs__mutmut_7 # type: ignore # mutmut generated
mutants_x__matched_pairs__mutmut['x__matched_pairs__mutmut_8'] = x__matched_pairs__mutmut_8 # type: ignore # mutmut generated
mutants_x__matched_pairs__mutmut['x__matched_pairs__mutmut_9'] = x__matched_pairs__mutmut_9 # type: ignore # mutmut generated
mutants_x__matched_pairs__mutmut['x__matched_pairs__mutmut_10'] = x__matched_pairs__mutmut_10 # type: ignore # mutmut generated
mutants_x__matched_pairs__mutmut['x__matched_pairs__mutmut_11'] = x__matched_pairs__mutmut_11 # type: ignore # mutmut generated
mutants_x__matched_pairs__mutmut['x__matched_pairs__mutmut_12'] = x__matched_pairs__mutmut_12 # type: ignore # mutmut generated
mutants_x__matched_pairs__mutmut['x__matched_pairs__mutmut_13'] = x__matched_pairs__mutmut_13 # type: ignore # mutmut generated
mutants_x__matched_pairs__mutmut['x__matched_pairs__mutmut_14'] = x__matched_pairs__mutmut_14 # type: ignore # mutmut generated
mutants_x__matched_pairs__mutmut['x__matched_pairs__mutmut_15'] = x__matched_pairs__mutmut_15 # type: ignore # mutmut generated
mutants_x__matched_pairs__mutmut['x__matched_pairs__mutmut_16'] = x__matched_pairs__mutmut_16 # type: ignore # mutmut generated
mutants_x__matched_pairs__mutmut['x__matched_pairs__mutmut_17'] = x__matched_pairs__mutmut_17 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x__parting_steps__mutmut)
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


def x__parting_steps__mutmut_orig(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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


def x__parting_steps__mutmut_1(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """Every pair scored on the first step where its two chains part, given what they share before it.

    The chains are cut after that step, so equal (prefix, step) items of several chains merge. Pairs that part
    in a tool's result, not in what a model wrote, have no such step and are left out.
    """
    for right in group.right:
        for wrong in group.wrong:
            where = None
            if where is not None:
                sides = []
                for chain in (right, wrong):
                    end = len(chain.step) - chain.step[::-1].index(where)
                    cut = msgspec.structs.replace(chain, token_ids=chain.token_ids[:end], step=chain.step[:end])
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_2(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """Every pair scored on the first step where its two chains part, given what they share before it.

    The chains are cut after that step, so equal (prefix, step) items of several chains merge. Pairs that part
    in a tool's result, not in what a model wrote, have no such step and are left out.
    """
    for right in group.right:
        for wrong in group.wrong:
            where = _parting_step(None, wrong)
            if where is not None:
                sides = []
                for chain in (right, wrong):
                    end = len(chain.step) - chain.step[::-1].index(where)
                    cut = msgspec.structs.replace(chain, token_ids=chain.token_ids[:end], step=chain.step[:end])
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_3(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """Every pair scored on the first step where its two chains part, given what they share before it.

    The chains are cut after that step, so equal (prefix, step) items of several chains merge. Pairs that part
    in a tool's result, not in what a model wrote, have no such step and are left out.
    """
    for right in group.right:
        for wrong in group.wrong:
            where = _parting_step(right, None)
            if where is not None:
                sides = []
                for chain in (right, wrong):
                    end = len(chain.step) - chain.step[::-1].index(where)
                    cut = msgspec.structs.replace(chain, token_ids=chain.token_ids[:end], step=chain.step[:end])
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_4(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """Every pair scored on the first step where its two chains part, given what they share before it.

    The chains are cut after that step, so equal (prefix, step) items of several chains merge. Pairs that part
    in a tool's result, not in what a model wrote, have no such step and are left out.
    """
    for right in group.right:
        for wrong in group.wrong:
            where = _parting_step(wrong)
            if where is not None:
                sides = []
                for chain in (right, wrong):
                    end = len(chain.step) - chain.step[::-1].index(where)
                    cut = msgspec.structs.replace(chain, token_ids=chain.token_ids[:end], step=chain.step[:end])
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_5(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """Every pair scored on the first step where its two chains part, given what they share before it.

    The chains are cut after that step, so equal (prefix, step) items of several chains merge. Pairs that part
    in a tool's result, not in what a model wrote, have no such step and are left out.
    """
    for right in group.right:
        for wrong in group.wrong:
            where = _parting_step(right, )
            if where is not None:
                sides = []
                for chain in (right, wrong):
                    end = len(chain.step) - chain.step[::-1].index(where)
                    cut = msgspec.structs.replace(chain, token_ids=chain.token_ids[:end], step=chain.step[:end])
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_6(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """Every pair scored on the first step where its two chains part, given what they share before it.

    The chains are cut after that step, so equal (prefix, step) items of several chains merge. Pairs that part
    in a tool's result, not in what a model wrote, have no such step and are left out.
    """
    for right in group.right:
        for wrong in group.wrong:
            where = _parting_step(right, wrong)
            if where is None:
                sides = []
                for chain in (right, wrong):
                    end = len(chain.step) - chain.step[::-1].index(where)
                    cut = msgspec.structs.replace(chain, token_ids=chain.token_ids[:end], step=chain.step[:end])
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_7(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
    """Every pair scored on the first step where its two chains part, given what they share before it.

    The chains are cut after that step, so equal (prefix, step) items of several chains merge. Pairs that part
    in a tool's result, not in what a model wrote, have no such step and are left out.
    """
    for right in group.right:
        for wrong in group.wrong:
            where = _parting_step(right, wrong)
            if where is not None:
                sides = None
                for chain in (right, wrong):
                    end = len(chain.step) - chain.step[::-1].index(where)
                    cut = msgspec.structs.replace(chain, token_ids=chain.token_ids[:end], step=chain.step[:end])
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_8(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    end = None
                    cut = msgspec.structs.replace(chain, token_ids=chain.token_ids[:end], step=chain.step[:end])
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_9(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    end = len(chain.step) + chain.step[::-1].index(where)
                    cut = msgspec.structs.replace(chain, token_ids=chain.token_ids[:end], step=chain.step[:end])
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_10(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    end = len(chain.step) - chain.step[::-1].index(None)
                    cut = msgspec.structs.replace(chain, token_ids=chain.token_ids[:end], step=chain.step[:end])
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_11(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    end = len(chain.step) - chain.step[::-1].rindex(where)
                    cut = msgspec.structs.replace(chain, token_ids=chain.token_ids[:end], step=chain.step[:end])
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_12(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    end = len(chain.step) - chain.step[::+1].index(where)
                    cut = msgspec.structs.replace(chain, token_ids=chain.token_ids[:end], step=chain.step[:end])
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_13(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    end = len(chain.step) - chain.step[::-2].index(where)
                    cut = msgspec.structs.replace(chain, token_ids=chain.token_ids[:end], step=chain.step[:end])
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_14(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    cut = None
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_15(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    cut = msgspec.structs.replace(None, token_ids=chain.token_ids[:end], step=chain.step[:end])
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_16(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    cut = msgspec.structs.replace(chain, token_ids=None, step=chain.step[:end])
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_17(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    cut = msgspec.structs.replace(chain, token_ids=chain.token_ids[:end], step=None)
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_18(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    cut = msgspec.structs.replace(token_ids=chain.token_ids[:end], step=chain.step[:end])
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_19(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    cut = msgspec.structs.replace(chain, step=chain.step[:end])
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_20(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    cut = msgspec.structs.replace(chain, token_ids=chain.token_ids[:end], )
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_21(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    sides.append(None)
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_22(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    sides.append(_scored_chain(None, cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_23(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    sides.append(_scored_chain(group.prompt_ids, None, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_24(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    sides.append(_scored_chain(group.prompt_ids, cut, None, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_25(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, None))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_26(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    sides.append(_scored_chain(cut, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_27(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    sides.append(_scored_chain(group.prompt_ids, rule, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_28(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    sides.append(_scored_chain(group.prompt_ids, cut, where))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_29(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                    sides.append(_scored_chain(group.prompt_ids, cut, rule, ))
                yield sides[0], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_30(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                yield sides[1], sides[1], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_31(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                yield sides[0], sides[2], float(right.multiplicity * wrong.multiplicity)


def x__parting_steps__mutmut_32(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                yield sides[0], sides[1], float(None)


def x__parting_steps__mutmut_33(group: PreferenceGroup, rule: ScoreRule) -> Iterator[_Pair]:
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
                yield sides[0], sides[1], float(right.multiplicity / wrong.multiplicity)

mutants_x__parting_steps__mutmut['_mutmut_orig'] = x__parting_steps__mutmut_orig # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_1'] = x__parting_steps__mutmut_1 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_2'] = x__parting_steps__mutmut_2 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_3'] = x__parting_steps__mutmut_3 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_4'] = x__parting_steps__mutmut_4 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_5'] = x__parting_steps__mutmut_5 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_6'] = x__parting_steps__mutmut_6 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_7'] = x__parting_steps__mutmut_7 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_8'] = x__parting_steps__mutmut_8 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_9'] = x__parting_steps__mutmut_9 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_10'] = x__parting_steps__mutmut_10 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_11'] = x__parting_steps__mutmut_11 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_12'] = x__parting_steps__mutmut_12 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_13'] = x__parting_steps__mutmut_13 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_14'] = x__parting_steps__mutmut_14 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_15'] = x__parting_steps__mutmut_15 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_16'] = x__parting_steps__mutmut_16 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_17'] = x__parting_steps__mutmut_17 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_18'] = x__parting_steps__mutmut_18 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_19'] = x__parting_steps__mutmut_19 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_20'] = x__parting_steps__mutmut_20 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_21'] = x__parting_steps__mutmut_21 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_22'] = x__parting_steps__mutmut_22 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_23'] = x__parting_steps__mutmut_23 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_24'] = x__parting_steps__mutmut_24 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_25'] = x__parting_steps__mutmut_25 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_26'] = x__parting_steps__mutmut_26 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_27'] = x__parting_steps__mutmut_27 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_28'] = x__parting_steps__mutmut_28 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_29'] = x__parting_steps__mutmut_29 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_30'] = x__parting_steps__mutmut_30 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_31'] = x__parting_steps__mutmut_31 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_32'] = x__parting_steps__mutmut_32 # type: ignore # mutmut generated
mutants_x__parting_steps__mutmut['x__parting_steps__mutmut_33'] = x__parting_steps__mutmut_33 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x__of_pairs__mutmut)
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


def x__of_pairs__mutmut_orig(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
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


def x__of_pairs__mutmut_1(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = None
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get((right, wrong), 0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_2(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length or wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get((right, wrong), 0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_3(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = None
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get((right, wrong), 0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_4(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) - weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get((right, wrong), 0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_5(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get(None, 0.0) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get((right, wrong), 0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_6(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), None) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get((right, wrong), 0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_7(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get(0.0) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get((right, wrong), 0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_8(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), ) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get((right, wrong), 0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_9(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 1.0) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get((right, wrong), 0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_10(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) + weight
    if cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get((right, wrong), 0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_11(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) + weight
    if not cells:
        return None
    rights = None
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get((right, wrong), 0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_12(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) + weight
    if not cells:
        return None
    rights = tuple(None)
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get((right, wrong), 0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_13(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(None))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get((right, wrong), 0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_14(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = None
    weights = tuple(tuple(cells.get((right, wrong), 0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_15(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(None)
    weights = tuple(tuple(cells.get((right, wrong), 0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_16(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(None))
    weights = tuple(tuple(cells.get((right, wrong), 0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_17(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = None
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_18(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(None)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_19(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(None) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_20(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get(None, 0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_21(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get((right, wrong), None) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_22(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get(0.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_23(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get((right, wrong), ) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_24(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
    """A group of single pairs: equal ones add up, those with a side that has no scored token are left out."""
    cells: dict[tuple[ScoredChain, ScoredChain], float] = {}
    for right, wrong, weight in pairs:
        if right.length and wrong.length:
            cells[right, wrong] = cells.get((right, wrong), 0.0) + weight
    if not cells:
        return None
    rights = tuple(dict.fromkeys(right for right, _ in cells))
    wrongs = tuple(dict.fromkeys(wrong for _, wrong in cells))
    weights = tuple(tuple(cells.get((right, wrong), 1.0) for wrong in wrongs) for right in rights)
    return ScoredGroup(problem_id, rights, wrongs, weights)


def x__of_pairs__mutmut_25(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
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
    return ScoredGroup(None, rights, wrongs, weights)


def x__of_pairs__mutmut_26(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
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
    return ScoredGroup(problem_id, None, wrongs, weights)


def x__of_pairs__mutmut_27(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
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
    return ScoredGroup(problem_id, rights, None, weights)


def x__of_pairs__mutmut_28(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
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
    return ScoredGroup(problem_id, rights, wrongs, None)


def x__of_pairs__mutmut_29(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
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
    return ScoredGroup(rights, wrongs, weights)


def x__of_pairs__mutmut_30(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
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
    return ScoredGroup(problem_id, wrongs, weights)


def x__of_pairs__mutmut_31(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
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
    return ScoredGroup(problem_id, rights, weights)


def x__of_pairs__mutmut_32(problem_id: str, pairs: Iterable[_Pair]) -> ScoredGroup | None:
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
    return ScoredGroup(problem_id, rights, wrongs, )

mutants_x__of_pairs__mutmut['_mutmut_orig'] = x__of_pairs__mutmut_orig # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_1'] = x__of_pairs__mutmut_1 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_2'] = x__of_pairs__mutmut_2 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_3'] = x__of_pairs__mutmut_3 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_4'] = x__of_pairs__mutmut_4 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_5'] = x__of_pairs__mutmut_5 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_6'] = x__of_pairs__mutmut_6 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_7'] = x__of_pairs__mutmut_7 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_8'] = x__of_pairs__mutmut_8 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_9'] = x__of_pairs__mutmut_9 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_10'] = x__of_pairs__mutmut_10 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_11'] = x__of_pairs__mutmut_11 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_12'] = x__of_pairs__mutmut_12 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_13'] = x__of_pairs__mutmut_13 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_14'] = x__of_pairs__mutmut_14 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_15'] = x__of_pairs__mutmut_15 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_16'] = x__of_pairs__mutmut_16 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_17'] = x__of_pairs__mutmut_17 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_18'] = x__of_pairs__mutmut_18 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_19'] = x__of_pairs__mutmut_19 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_20'] = x__of_pairs__mutmut_20 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_21'] = x__of_pairs__mutmut_21 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_22'] = x__of_pairs__mutmut_22 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_23'] = x__of_pairs__mutmut_23 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_24'] = x__of_pairs__mutmut_24 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_25'] = x__of_pairs__mutmut_25 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_26'] = x__of_pairs__mutmut_26 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_27'] = x__of_pairs__mutmut_27 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_28'] = x__of_pairs__mutmut_28 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_29'] = x__of_pairs__mutmut_29 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_30'] = x__of_pairs__mutmut_30 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_31'] = x__of_pairs__mutmut_31 # type: ignore # mutmut generated
mutants_x__of_pairs__mutmut['x__of_pairs__mutmut_32'] = x__of_pairs__mutmut_32 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x__scored_chain__mutmut)
def _scored_chain(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_orig(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_1(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = None
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_2(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if (chain.label is Outcome.RIGHT) and False else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_3(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if (chain.label is Outcome.RIGHT) or True else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_4(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is not Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_5(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = None
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_6(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if (keep_failed) and False else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_7(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if (keep_failed) or True else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_8(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(None)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_9(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = None
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_10(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(None)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_11(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped or (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_12(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 or s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_13(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s > 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_14(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 1 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_15(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_16(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None and s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_17(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is not None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_18(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s != only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_19(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(None, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_20(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, None)


def x__scored_chain__mutmut_21(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain((False,) * len(prompt) + marks)


def x__scored_chain__mutmut_22(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, )


def x__scored_chain__mutmut_23(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) - chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_24(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(None) + chain.token_ids, (False,) * len(prompt) + marks)


def x__scored_chain__mutmut_25(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) * len(prompt) - marks)


def x__scored_chain__mutmut_26(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (False,) / len(prompt) + marks)


def x__scored_chain__mutmut_27(prompt: Sequence[int], chain: Chain, rule: ScoreRule, only_step: int | None = None) -> ScoredChain:
    """A chain after its prompt, scored by the rule; with `only_step`, in that step alone."""
    keep_failed = rule.failed_steps_in_right if chain.label is Outcome.RIGHT else rule.failed_steps_in_wrong
    skipped = frozenset() if keep_failed else frozenset(chain.failed_steps)
    marks = tuple(s >= 0 and s not in skipped and (only_step is None or s == only_step) for s in chain.step)
    return ScoredChain(tuple(prompt) + chain.token_ids, (True,) * len(prompt) + marks)

mutants_x__scored_chain__mutmut['_mutmut_orig'] = x__scored_chain__mutmut_orig # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_1'] = x__scored_chain__mutmut_1 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_2'] = x__scored_chain__mutmut_2 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_3'] = x__scored_chain__mutmut_3 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_4'] = x__scored_chain__mutmut_4 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_5'] = x__scored_chain__mutmut_5 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_6'] = x__scored_chain__mutmut_6 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_7'] = x__scored_chain__mutmut_7 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_8'] = x__scored_chain__mutmut_8 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_9'] = x__scored_chain__mutmut_9 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_10'] = x__scored_chain__mutmut_10 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_11'] = x__scored_chain__mutmut_11 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_12'] = x__scored_chain__mutmut_12 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_13'] = x__scored_chain__mutmut_13 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_14'] = x__scored_chain__mutmut_14 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_15'] = x__scored_chain__mutmut_15 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_16'] = x__scored_chain__mutmut_16 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_17'] = x__scored_chain__mutmut_17 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_18'] = x__scored_chain__mutmut_18 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_19'] = x__scored_chain__mutmut_19 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_20'] = x__scored_chain__mutmut_20 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_21'] = x__scored_chain__mutmut_21 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_22'] = x__scored_chain__mutmut_22 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_23'] = x__scored_chain__mutmut_23 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_24'] = x__scored_chain__mutmut_24 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_25'] = x__scored_chain__mutmut_25 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_26'] = x__scored_chain__mutmut_26 # type: ignore # mutmut generated
mutants_x__scored_chain__mutmut['x__scored_chain__mutmut_27'] = x__scored_chain__mutmut_27 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x__parting_step__mutmut)
def _parting_step(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_orig(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_1(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = None
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_2(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(None)
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_3(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(None, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_4(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, None, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_5(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=None))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_6(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_7(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_8(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, ))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_9(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=True))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_10(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = None
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_11(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(None, len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_12(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), None)
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_13(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_14(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), )
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_15(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = None
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_16(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next(None, shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_17(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), None)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_18(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next(shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_19(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), )
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_20(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a == b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_21(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = None
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_22(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if (at < len(chain.step)) and False else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_23(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if (at < len(chain.step)) or True else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_24(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at <= len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_25(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if (chain.step) and False else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_26(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if (chain.step) or True else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_27(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[+1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_28(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-2] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_29(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else +1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_30(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -2 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_31(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if (steps[0] == steps[1] and steps[0] >= 0) and False else None


def x__parting_step__mutmut_32(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if (steps[0] == steps[1] and steps[0] >= 0) or True else None


def x__parting_step__mutmut_33(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[1] if steps[0] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_34(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] or steps[0] >= 0 else None


def x__parting_step__mutmut_35(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[1] == steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_36(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] != steps[1] and steps[0] >= 0 else None


def x__parting_step__mutmut_37(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[2] and steps[0] >= 0 else None


def x__parting_step__mutmut_38(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[1] >= 0 else None


def x__parting_step__mutmut_39(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] > 0 else None


def x__parting_step__mutmut_40(one: Chain, other: Chain) -> int | None:
    """The step in which two chains first differ; None where they differ in a tool's result."""
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    shortest = min(len(one.token_ids), len(other.token_ids))
    at = next((index for index, (a, b) in pairs if a != b), shortest)
    # Where one chain ends inside a step of the other, that step is where they part: look at its last token.
    steps = [chain.step[at] if at < len(chain.step) else chain.step[-1] if chain.step else -1 for chain in (one, other)]
    return steps[0] if steps[0] == steps[1] and steps[0] >= 1 else None

mutants_x__parting_step__mutmut['_mutmut_orig'] = x__parting_step__mutmut_orig # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_1'] = x__parting_step__mutmut_1 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_2'] = x__parting_step__mutmut_2 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_3'] = x__parting_step__mutmut_3 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_4'] = x__parting_step__mutmut_4 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_5'] = x__parting_step__mutmut_5 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_6'] = x__parting_step__mutmut_6 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_7'] = x__parting_step__mutmut_7 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_8'] = x__parting_step__mutmut_8 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_9'] = x__parting_step__mutmut_9 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_10'] = x__parting_step__mutmut_10 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_11'] = x__parting_step__mutmut_11 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_12'] = x__parting_step__mutmut_12 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_13'] = x__parting_step__mutmut_13 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_14'] = x__parting_step__mutmut_14 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_15'] = x__parting_step__mutmut_15 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_16'] = x__parting_step__mutmut_16 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_17'] = x__parting_step__mutmut_17 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_18'] = x__parting_step__mutmut_18 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_19'] = x__parting_step__mutmut_19 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_20'] = x__parting_step__mutmut_20 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_21'] = x__parting_step__mutmut_21 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_22'] = x__parting_step__mutmut_22 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_23'] = x__parting_step__mutmut_23 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_24'] = x__parting_step__mutmut_24 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_25'] = x__parting_step__mutmut_25 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_26'] = x__parting_step__mutmut_26 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_27'] = x__parting_step__mutmut_27 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_28'] = x__parting_step__mutmut_28 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_29'] = x__parting_step__mutmut_29 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_30'] = x__parting_step__mutmut_30 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_31'] = x__parting_step__mutmut_31 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_32'] = x__parting_step__mutmut_32 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_33'] = x__parting_step__mutmut_33 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_34'] = x__parting_step__mutmut_34 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_35'] = x__parting_step__mutmut_35 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_36'] = x__parting_step__mutmut_36 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_37'] = x__parting_step__mutmut_37 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_38'] = x__parting_step__mutmut_38 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_39'] = x__parting_step__mutmut_39 # type: ignore # mutmut generated
mutants_x__parting_step__mutmut['x__parting_step__mutmut_40'] = x__parting_step__mutmut_40 # type: ignore # mutmut generated

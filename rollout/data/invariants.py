"""What must be true of every stored record, whoever made it. Pure: takes records and yields faults in words."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from rollout.records import Episode, Outcome, PreferenceGroup, StopReason

_STOPS = {
    Outcome.RIGHT: {StopReason.FINISHED},
    Outcome.WRONG: {StopReason.FINISHED, StopReason.FAILED_CALLS},
    Outcome.TRUNCATED: {StopReason.STEP_LIMIT, StopReason.TOKEN_LIMIT, StopReason.WALL_TIME},
    Outcome.INFRASTRUCTURE: {StopReason.INFRASTRUCTURE},
    Outcome.USER: {StopReason.USER},
}
_LEARNED = frozenset({Outcome.RIGHT, Outcome.WRONG, Outcome.TRUNCATED})


def episode_faults(episode: Episode) -> Iterator[str]:
    """Contradictions between an episode's label, its stop reason and its tokens."""
    if episode.stop not in _STOPS[episode.outcome]:
        yield f"{episode.id} is {episode.outcome} and ended by {episode.stop}"
    if episode.outcome is Outcome.RIGHT and (episode.answer is None or episode.error is not None):
        yield f"{episode.id} is right without an answer, or with an error code"
    if episode.outcome in (Outcome.WRONG, Outcome.TRUNCATED) and episode.error is None:
        yield f"{episode.id} is {episode.outcome} without an error code"
    turns = [step.turn for step in episode.steps]
    if turns != sorted(turns) or {*turns} != {*range(len(episode.said) + 1 if turns else 0)}:
        yield f"{episode.id} answers turns {turns}, and the user spoke {len(episode.said)} more times"
    if not all(0 <= share <= 1 for share in episode.credit):
        yield f"{episode.id} has credit {episode.credit}, which is no share"
    if not 0 <= episode.guided <= len(episode.steps):
        yield f"{episode.id} has {episode.guided} steps of the teacher, of {len(episode.steps)}"
    for index, step in enumerate(episode.steps):
        if len(step.token_ids) != len(step.logprobs):
            yield f"{episode.id} step {index} has {len(step.token_ids)} ids, {len(step.logprobs)} logprobs"


Outcomes = Mapping[tuple[str, int], Outcome]
"""(problem, sample) -> outcome."""


_NONE: Outcomes = MappingProxyType({})


def group_faults(
    group: PreferenceGroup, outcomes: Outcomes, taught: Outcomes = _NONE, helped: Outcomes = _NONE
) -> Iterator[str]:
    """Contradictions in a group, or between it and its episodes, of which, where the group is of an arm's rounds,
    `taught` are the teacher's, and `helped` those that the policy made with help."""
    problem = group.problem_id
    if len({(chain.token_ids, chain.label, chain.guided) for chain in group.chains}) != len(group.chains):
        yield f"{problem} holds a chain twice"
    for chain in group.chains:
        if chain.label not in _LEARNED:
            yield f"{problem} holds a chain that is {chain.label}, which nothing may learn from"
        if len(chain.token_ids) != len(chain.step):
            yield f"{problem} has {len(chain.token_ids)} ids and {len(chain.step)} step marks"
        wrote = len(chain.episodes) + len(chain.teacher_episodes) + len(chain.helped_episodes)
        if wrote != chain.multiplicity:
            yield f"{problem}: multiplicity {chain.multiplicity} of {wrote} episodes"
        for whose, samples, known in (
            ("", chain.episodes, outcomes),
            (" of the teacher", chain.teacher_episodes, taught),
            (" with help", chain.helped_episodes, helped),
        ):
            for sample in samples:
                made = known.get((problem, sample))
                if made is not chain.label:
                    there = made or "not there"
                    yield f"{problem}#{sample}{whose} is {chain.label} in the group and {there} as an episode"
        if chain.teacher_episodes and chain.label is not Outcome.RIGHT:
            yield f"{problem} holds a chain of the teacher that is {chain.label}; only its right ones are taken"
        if chain.helped_episodes and chain.label is not Outcome.RIGHT:
            yield f"{problem} holds a chain with help that is {chain.label}; only right ones are taken"
        if any(index >= 0 for index in chain.step) and min(i for i in chain.step if i >= 0) < chain.guided:
            yield f"{problem} holds a chain of which tokens of its {chain.guided} steps of the teacher would be learnt"

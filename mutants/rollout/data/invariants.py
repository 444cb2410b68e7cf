"""What must be true of every stored record, whoever made it. Pure: takes records and yields faults in words."""

from collections.abc import Iterator, Mapping

from rollout.records import Episode, Outcome, PreferenceGroup, StopReason

_STOPS = {
    Outcome.RIGHT: {StopReason.FINISHED},
    Outcome.WRONG: {StopReason.FINISHED, StopReason.FAILED_CALLS},
    Outcome.TRUNCATED: {StopReason.STEP_LIMIT, StopReason.TOKEN_LIMIT, StopReason.WALL_TIME},
    Outcome.INFRASTRUCTURE: {StopReason.INFRASTRUCTURE},
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
    for index, step in enumerate(episode.steps):
        if len(step.token_ids) != len(step.logprobs):
            yield f"{episode.id} step {index} has {len(step.token_ids)} ids, {len(step.logprobs)} logprobs"


def group_faults(group: PreferenceGroup, outcomes: Mapping[tuple[str, int], Outcome]) -> Iterator[str]:
    """Contradictions in a group, or between it and its episodes. `outcomes`: (problem, sample) -> outcome."""
    problem = group.problem_id
    if len({(chain.token_ids, chain.label) for chain in group.chains}) != len(group.chains):
        yield f"{problem} holds a chain twice"
    for chain in group.chains:
        if chain.label not in _LEARNED:
            yield f"{problem} holds a chain that is {chain.label}, which nothing may learn from"
        if len(chain.token_ids) != len(chain.step):
            yield f"{problem} has {len(chain.token_ids)} ids and {len(chain.step)} step marks"
        if len(chain.episodes) != chain.multiplicity:
            yield f"{problem}: multiplicity {chain.multiplicity} of {len(chain.episodes)} episodes"
        for sample in chain.episodes:
            made = outcomes.get((problem, sample))
            if made is not chain.label:
                yield f"{problem}#{sample} is {chain.label} in the group and {made or 'not there'} as an episode"

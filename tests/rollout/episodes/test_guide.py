"""Attempts that begin with turns of a teacher: what is sampled, what is recorded, and what is learnt from."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from benchmarks.virtual_time import VirtualLoop
from cluster.engine.interface import Generation, Sampling
from rollout.config import GroupsConfig
from rollout.data.columns import from_row, to_row
from rollout.data.invariants import episode_faults, group_faults
from rollout.episodes.episode import EpisodeSetting, SampleSpec, run_episode
from rollout.episodes.guide import Guide, replies_of
from rollout.groups import build_group
from rollout.records import Chain, Episode, Outcome, PreferenceGroup
from rollout.rounds import RoundsConfig
from tests.rollout.conversations import ADDITION, RIGHT, chat_template, setting
from training.config import DistillArm
from training.distill.examples import distill_chains

ARM = DistillArm(method="distill", rounds=RoundsConfig())


def play(made: EpisodeSetting, guide: Guide | None = None, sample: int = 0) -> Episode:
    spec = SampleSpec(sample=sample, temperature=1.0, guide=guide)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(run_episode(ADDITION, spec, made))


def grouped(*episodes: Episode) -> PreferenceGroup:
    group = build_group(episodes, "tiny", chat_template(), GroupsConfig(), with_logprobs=True)
    assert group is not None
    return group


@pytest.fixture(scope="module")
def taught() -> PreferenceGroup:
    """A group with a right chain of the teacher's, of two replies."""
    return grouped(play(setting(lambda _, step: RIGHT[step])))


def guide_of(taught: PreferenceGroup, replies: int) -> Guide:
    return Guide(prompt_ids=taught.prompt_ids, replies=replies_of(taught.right[0])[:replies])


def uncertain(made: EpisodeSetting, asked: list[list[int]]) -> EpisodeSetting:
    """The same engine, whose tokens are not certain; `asked` gets the prompts of its requests."""
    generate = made.engine.generate

    async def recorded(prompt: Sequence[int], sampling: Sampling, request_id: str) -> Generation:
        asked.append(list(prompt))
        reply = await generate(prompt, sampling, request_id)
        return msgspec.structs.replace(reply, logprobs=tuple(-1.0 - at for at in range(len(reply.token_ids))))

    made.engine.generate = recorded  # type: ignore[method-assign]
    return made


def test_a_chains_replies_are_what_its_model_wrote(taught: PreferenceGroup) -> None:
    episode = play(setting(lambda _, step: RIGHT[step]))
    assert replies_of(taught.right[0]) == tuple(step.token_ids for step in episode.steps)


def test_the_student_goes_on_from_the_teachers_turns(taught: PreferenceGroup) -> None:
    asked: list[list[int]] = []
    guide = guide_of(taught, 1)
    episode = play(uncertain(setting(lambda _, step: RIGHT[step]), asked), guide)
    first, second = episode.steps
    assert asked == [[*episode.prompt_ids, *guide.replies[0], *first.feedback_ids]], "its first turn was not sampled"
    assert (episode.guided, episode.outcome, first.results[0].content) == (1, Outcome.RIGHT, "7"), "it was executed"
    assert first.logprobs == (0.0,) * len(first.token_ids)
    assert list(episode_faults(episode)) == []
    (chain,) = grouped(episode).chains
    own = len(second.token_ids)
    assert chain.step == (-1,) * (len(chain.token_ids) - own) + (1,) * own
    assert chain.logprobs[-own:] == second.logprobs
    assert from_row(to_row(chain_group := grouped(episode)), PreferenceGroup) == chain_group
    assert from_row(to_row(episode), Episode) == episode


def test_no_loss_has_a_token_of_the_teachers(taught: PreferenceGroup) -> None:
    whole = play(uncertain(setting(lambda _, step: RIGHT[step]), []), sample=0)
    guided = play(uncertain(setting(lambda _, step: RIGHT[step]), []), guide_of(taught, 1), sample=1)
    group = grouped(whole, guided)
    assert [(chain.guided, chain.episodes) for chain in group.chains] == [(0, (0,)), (1, (1,))], "they stay apart"
    assert group.chains[0].token_ids == group.chains[1].token_ids
    chains = distill_chains(group, ARM)
    assert chains is not None
    first, second = whole.steps
    lengths = [len(first.token_ids) + len(second.token_ids), len(second.token_ids)]
    assert [chain.length for chain in chains.chains] == lengths
    assert chains.behaviour == (first.logprobs + second.logprobs, second.logprobs), "no made-up log-probability is used"
    known = {(ADDITION.id, 0): Outcome.RIGHT, (ADDITION.id, 1): Outcome.RIGHT}
    assert list(group_faults(group, known)) == []

    def learnt(chain: Chain) -> Chain:
        return msgspec.structs.replace(chain, step=group.chains[0].step)

    planted = msgspec.structs.replace(group, chains=(group.chains[0], learnt(group.chains[1])))
    assert list(group_faults(planted, known)) == [
        f"{ADDITION.id} holds a chain of which tokens of its 1 steps of the teacher would be learnt"
    ]


def test_turns_of_another_prompt_begin_nothing(taught: PreferenceGroup) -> None:
    other = msgspec.structs.replace(guide_of(taught, 1), prompt_ids=(1, 2, 3))
    asked: list[list[int]] = []
    episode = play(uncertain(setting(lambda _, step: RIGHT[step]), asked), other)
    assert (episode.guided, len(asked)) == (0, 2)


def test_an_attempt_that_ends_within_the_teachers_turns_says_so(taught: PreferenceGroup) -> None:
    asked: list[list[int]] = []
    episode = play(uncertain(setting(lambda _, step: RIGHT[step]), asked), guide_of(taught, 2))
    assert (episode.guided, episode.outcome, asked) == (2, Outcome.RIGHT, [])
    assert distill_chains(grouped(episode), ARM) is None, "the student wrote nothing"
    beyond = msgspec.structs.replace(episode, guided=3)
    assert list(episode_faults(beyond)) == [f"{episode.id} has 3 steps of the teacher, of 2"]

"""Conversations whose user a model plays: a scripted engine here, as the attempting model is."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from cluster.engine.scripted import ScriptedConfig, ScriptedEngine
from cluster.errors import InfrastructureError, RequestError
from rollout.config import EpisodeConfig, GroupsConfig
from rollout.data.invariants import episode_faults
from rollout.data.shards import decode_rows, encode_rows
from rollout.episodes.episode import SampleSpec, run_episode
from rollout.episodes.replay import Repeated, judge_again
from rollout.episodes.users import HANGS_UP, ModelUser
from rollout.formats import load_format
from rollout.formats.limits import CALL_LIMITS
from rollout.groups import build_group
from rollout.hosts.scripted_replies import OraclePolicy
from rollout.prompts.rendering import render_episode
from rollout.records import Episode, Outcome, StopReason
from tests.rollout.conversations import chat_template, setting
from tests.rollout.episodes.test_turns import ADD, DONE, LAST, TWICE
from tests.rollout.episodes.test_worlds import ASSIGN, CLOSE, PROBLEM, call, written

ASKED = msgspec.structs.replace(
    PROBLEM,
    turns=(),
    user="You want ticket 1 given to Ann, and then closed.",
    text="Hello.",
    gold='{"end":{"as_gold":true,"says":["closed"]}}',
    gold_calls=(ASSIGN, CLOSE, call("finish", answer="It is closed.")),
)
GIVE, CLOSE_IT = "Give ticket 1 to Ann.", "She is done. Close it."
REPLIES = (
    *written(call("finish", answer="What can I do?"), ASSIGN, call("finish", answer="Ann has it.")),
    *written(CLOSE, call("finish", answer="It is closed.")),
)
SAYS = (GIVE, CLOSE_IT, f"Thanks. {HANGS_UP}")


def play(
    replies: Sequence[str] = REPLIES,
    says: Sequence[str | int] = SAYS,
    config: EpisodeConfig | None = None,
    asked: list[str] | None = None,
    room: int = 100_000,
    **faults: Any,
) -> Episode:
    """The episode of a model that writes `replies` to a user who says `says`; a number is the length of a message
    without an end."""
    template = chat_template()

    def script(prompt: Sequence[int], request_id: str) -> Sequence[int]:
        if asked is not None:
            asked.append(template.decode_reply(prompt))
        said = says[int(request_id.rsplit(".", 1)[1])]
        return template.encode("x" * said) if isinstance(said, int) else template.encode_reply(said)

    engine = ScriptedEngine(script, ScriptedConfig(**faults))
    user = ModelUser(engine=engine, template=template, max_context=room, max_tokens=200)
    made = replace(setting(lambda _, step: replies[step], episode=config), user=user)
    return asyncio.run(run_episode(ASKED, SampleSpec(sample=0, temperature=1.0), made))


def test_a_played_user_speaks_until_they_hang_up() -> None:
    asked: list[str] = []
    episode = play(asked=asked)
    assert (episode.outcome, episode.stop, episode.answer) == (Outcome.RIGHT, StopReason.FINISHED, '"It is closed."')
    assert episode.said == (GIVE, CLOSE_IT)
    assert [step.turn for step in episode.steps] == [0, 1, 1, 2, 2]
    assert not list(episode_faults(episode))
    assert "You want ticket 1 given to Ann" in asked[0]
    assert "Hello." in asked[0]
    assert "What can I do?" in asked[0]
    # It goes on where it stood, and reads no calls.
    assert asked[2].startswith(asked[1])
    assert GIVE in asked[1]
    assert "Ann has it." in asked[1]
    assert "assign" not in "".join(asked)


def test_what_the_user_says_and_knows_is_never_learnt_from_nor_shown() -> None:
    """The chain holds what they say as tokens that the model did not write, and nothing of what they were told."""
    episode = play()
    template = chat_template()
    chain = render_episode(episode, template)
    text = template.decode_reply(chain.token_ids)
    assert GIVE in text
    assert CLOSE_IT in text
    assert "You want ticket 1" not in text + episode.prompt_text + episode.system
    wrote = [token for token, step in zip(chain.token_ids, chain.step, strict=True) if step >= 0]
    assert wrote == [token for step in episode.steps for token in step.token_ids]
    assert "Close it" not in template.decode_reply(wrote)


@pytest.mark.parametrize(
    ("says", "room"),
    [
        (("",), 100_000),
        ((GIVE, "  \n"), 100_000),
        ((GIVE, 300), 100_000),
        (SAYS, 300),
        (("<think>Hm.</think>",), 100_000),
    ],
)
def test_a_users_faults_are_an_outcome_of_their_own_and_no_label(says: Sequence[str | int], room: int) -> None:
    episode = play(says=says, room=room)
    assert (episode.outcome, episode.stop, episode.error) == (Outcome.USER, StopReason.USER, None)
    assert not episode.outcome.labelled
    assert episode.credit == ()
    assert not list(episode_faults(episode))
    assert build_group([episode], "base", chat_template(), GroupsConfig(truncated_as_wrong=True)) is None
    judged = judge_again(ASKED, episode, load_format("json"), CALL_LIMITS)
    assert (judged.episode.outcome, judged.repeated) == (Outcome.USER, Repeated.SAME)


def test_a_model_that_does_wrong_is_to_blame_whatever_the_user_says() -> None:
    wrong = play((*REPLIES[:3], *written(call("finish", answer="It is closed."))))
    assert wrong.outcome is Outcome.WRONG
    assert "tickets" in wrong.why
    assert play(says=(f"{HANGS_UP}",)).outcome is Outcome.WRONG  # it asked, and did nothing
    limited = play(config=EpisodeConfig(max_steps=3, max_failed_steps=1))
    assert (limited.outcome, limited.stop, limited.said) == (Outcome.TRUNCATED, StopReason.STEP_LIMIT, (GIVE,))


def test_a_user_whose_machine_fails_gives_no_label() -> None:
    with pytest.raises(InfrastructureError):
        play(crash_after=1)
    assert play(abort=0.3, seed=3).outcome is Outcome.RIGHT  # asked again


def test_a_conversation_with_a_played_user_is_stored_and_judged_again() -> None:
    for replies in (REPLIES, (*REPLIES[:3], *written(call("finish", answer="It is closed.")))):
        episode = play(replies)
        (stored,) = decode_rows(Episode, encode_rows(Episode, [episode]).payload, "shard")
        assert stored == episode
        judged = judge_again(ASKED, stored, load_format("json"), CALL_LIMITS)
        assert (judged.episode.outcome, judged.episode.credit) == (episode.outcome, episode.credit)
        assert judged.repeated is Repeated.SAME


def test_a_user_who_is_to_be_played_needs_somebody_who_plays_them() -> None:
    made = setting(lambda _, step: REPLIES[step])
    with pytest.raises(RequestError, match="its user is played by a model, and none is there to play them"):
        asyncio.run(run_episode(ASKED, SampleSpec(sample=0, temperature=1.0), made))


def test_the_oracle_plays_a_user_who_hangs_up() -> None:
    oracle, template = OraclePolicy(0.0, 0), chat_template()
    oracle.learn([ASKED], template, load_format("json"))
    engine = ScriptedEngine(oracle)
    user = ModelUser(engine=engine, template=template, max_context=100_000, max_tokens=200)
    made = replace(setting(lambda _, step: DONE), engine=engine, user=user)
    episode = asyncio.run(run_episode(ASKED, SampleSpec(sample=0, temperature=1.0, label="@suite"), made))
    assert (episode.outcome, episode.said) == (Outcome.RIGHT, ())


def test_problems_of_a_script_are_played_as_before() -> None:
    from tests.rollout.episodes.test_turns import play as scripted

    assert scripted((ADD, DONE, TWICE, DONE, LAST)).said == ("And twice that?", "Say it again.")

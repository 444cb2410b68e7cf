"""Conversations of several user turns as other trainers' messages."""

from typing import Any

import pytest

from pipeline.export.conversations import call_messages, call_steps, sharegpt_messages, text_steps
from rollout.records import Episode, UserTurn
from tests.rollout.episodes.test_turns import ADD, DONE, LAST, TURNS, play_with

ANSWER = [{"from": "gpt", "value": "Done."}, {"from": "human", "value": "And twice that?"}]


def talk(*replies: str, call_format: str = "json") -> Episode:
    return play_with(replies, call_format, 0)


def test_calls_in_text_are_followed_by_what_the_user_says() -> None:
    steps = text_steps(talk(ADD, DONE, f"[{ADD},{DONE}]", LAST), "tool")
    assert [[message["role"] for message in step] for step in steps] == [
        ["assistant", "tool"],
        ["assistant", "user"],
        ["assistant", "user"],
        ["assistant"],
    ]
    assert [step[-1]["content"] for step in steps] == ["7", "And twice that?", "7\nSay it again.", LAST]


@pytest.mark.parametrize("parallel", [True, False])
def test_structured_calls_end_turns_as_templates_and_apis_take_it(parallel: bool) -> None:
    def messages(*replies: str, **how: Any) -> list[list[dict[str, Any]]]:
        steps = call_steps(talk(*replies), parallel)
        return [[message for turn in step for message in call_messages(turn, **how)] for step in steps]

    def roles(step: list[dict[str, Any]]) -> list[str]:
        return [message["role"] for message in step]

    plain = messages(DONE, f"[{ADD},{DONE}]", LAST, arguments_as_text=False)
    assert roles(plain[0]) == ["assistant", "user"]
    both = ["assistant", "tool", "tool"] if parallel else ["assistant", "tool", "assistant"]
    assert roles(plain[1]) == [*both, "user"]
    openai = messages(DONE, f"[{ADD},{DONE}]", LAST, arguments_as_text=True, closed=True)
    assert roles(openai[0]) == ["assistant", "tool", "assistant", "user"]
    assert [message["content"] for message in openai[0][1:]] == ["", "Done.", "And twice that?"]
    assert [message["content"] for message in openai[1] if message["role"] == "tool"] == ["7", ""]
    assert roles(openai[2]) == ["assistant"]


def test_a_text_that_ended_a_turn_is_a_plain_reply() -> None:
    for how in ({"arguments_as_text": False}, {"arguments_as_text": True, "closed": True}):
        (first,), *_ = call_steps(talk("They are 7.", "14", "14", call_format="hermes"))
        assert call_messages(first, **how) == [  # type: ignore[arg-type]
            {"role": "assistant", "content": "They are 7."},
            {"role": "user", "content": "And twice that?"},
        ]
        assert sharegpt_messages(first) == [{"from": "gpt", "value": "They are 7."}, ANSWER[1]]


def test_sharegpt_alternates() -> None:
    (first,), *_ = call_steps(talk(DONE, DONE, LAST))
    assert [message["from"] for message in sharegpt_messages(first)] == ["function_call", "observation", "gpt", "human"]
    assert sharegpt_messages(first)[2:] == ANSWER
    assert TURNS.turns[0] == UserTurn(text="And twice that?")

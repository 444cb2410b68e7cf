"""Episodes as messages, one by one: what each reader's keys, roles, ids and texts are."""

import json
import re
from typing import Any

import pytest

from pipeline.export.conversations import (
    Turn,
    call_messages,
    call_steps,
    sharegpt_messages,
    text_steps,
    without_thoughts,
)
from rollout.records import Call, CallResult, Episode, Step
from tests.rollout.data.rows import episode

ADD, MUL = (Call(name=name, arguments='{"a":1,"b":"é"}') for name in ("add", "mul"))
SUM = ("id-1", ADD)


def attempt(*steps: tuple[str, tuple[Call | None, ...]]) -> Episode:
    """An episode whose steps have these texts and calls; the results are numbered."""
    return episode(
        steps=tuple(
            Step(
                text=text,
                token_ids=(1,),
                logprobs=(0.0,),
                results=tuple(CallResult(call=call, content=f"r{at}") for at, call in enumerate(calls)),
            )
            for text, calls in steps
        )
    )


def test_calls_of_one_reply_are_one_message_or_as_many_as_there_are_calls() -> None:
    made = attempt(("<think>Both.</think>\n{}", (ADD, MUL)), ("{}", (ADD,)))
    ((together,), last) = call_steps(made)
    assert together.text == "<think>Both.</think>"
    assert [call for _, call in together.calls] == [ADD, MUL]
    assert together.results == ("r0", "r1")
    assert (last[0].text, last[0].results) == ("", ()), "nothing comes back at the end"
    (apart, _) = call_steps(made, parallel=False)
    assert [turn.text for turn in apart] == ["<think>Both.</think>", ""]
    assert [turn.calls for turn in apart] == [together.calls[:1], together.calls[1:]]
    assert [turn.results for turn in apart] == [("r0",), ("r1",)]


def test_an_id_is_nine_digits_that_follow_from_the_call_and_its_place() -> None:
    def ids(*steps: tuple[Call, ...]) -> list[str]:
        return [key for step in call_steps(attempt(*(("{}", calls) for calls in steps))) for key, _ in step[0].calls]

    others = [Call(name="add", arguments='{"a":2}'), Call(name="add", arguments=ADD.arguments, id="own"), MUL]
    found = ids((ADD, ADD), (ADD,)) + [key for call in others for key in ids((call,))]
    assert ids((ADD, ADD), (ADD,)) == found[:3]
    assert len(set(found)) == 6
    assert all(re.fullmatch("[0-9a-f]{9}", key) for key in found)


def test_openai_takes_arguments_as_text_and_a_users_message_where_there_was_no_call() -> None:
    assert call_messages(Turn("Why?", (SUM,), ("3",)), arguments_as_text=True) == [
        {
            "role": "assistant",
            "content": "Why?",
            "tool_calls": [{"id": "id-1", "type": "function", "function": {"name": "add", "arguments": ADD.arguments}}],
        },
        {"role": "tool", "tool_call_id": "id-1", "content": "3"},
    ]
    assert "content" not in call_messages(Turn("", (SUM,)), arguments_as_text=True)[0]
    assert call_messages(Turn("Hm.", results=("no call",)), arguments_as_text=True) == [
        {"role": "assistant", "content": "Hm."},
        {"role": "user", "content": "no call"},
    ]


def test_templates_take_arguments_as_an_object_and_results_that_name_their_function() -> None:
    assert call_messages(Turn("", (SUM, ("id-2", MUL)), ("3", "4")), arguments_as_text=False) == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"id": key, "type": "function", "function": {"name": name, "arguments": {"a": 1, "b": "é"}}}
                for key, name in (("id-1", "add"), ("id-2", "mul"))
            ],
        },
        {"role": "tool", "tool_call_id": "id-1", "name": "add", "content": "3"},
        {"role": "tool", "tool_call_id": "id-2", "name": "mul", "content": "4"},
    ]
    reply, told = call_messages(Turn("Hm.", results=("no call",)), arguments_as_text=False)
    assert reply == {"role": "assistant", "content": "Hm."}
    assert re.fullmatch("[0-9a-f]{9}", told.pop("tool_call_id"))
    assert told == {"role": "tool", "name": "none", "content": "no call"}


CALL = {"name": "add", "arguments": {"a": 1, "b": "é"}}


@pytest.mark.parametrize(
    ("turn", "messages"),
    [
        (Turn("Hm."), [{"from": "gpt", "value": "Hm."}]),
        (
            Turn("Hm.", results=("no call",)),
            [{"from": "gpt", "value": "Hm."}, {"from": "observation", "value": "no call"}],
        ),
        (Turn("", (SUM,)), [{"from": "function_call", "value": CALL}]),
        (
            Turn("Both.", (SUM, SUM), ("3", "4")),
            [{"from": "function_call", "value": [CALL, CALL]}, {"from": "observation", "value": "3\n4"}],
        ),
    ],
)
def test_llama_factory_takes_calls_as_json_behind_the_thought(turn: Turn, messages: list[dict[str, Any]]) -> None:
    found = sharegpt_messages(turn)
    if turn.calls:
        thought, _, written = found[0]["value"].rpartition("\n")
        assert thought == turn.text
        assert "é" in written
        found[0]["value"] = json.loads(written)
    assert found == messages


def test_a_thought_is_left_out_where_the_recipe_cuts_it() -> None:
    made = without_thoughts(attempt(("<think>Both.</think>\n{}", (ADD, MUL)), ("{}", (ADD,))))
    assert [step[0]["content"] for step in text_steps(made, "user")] == ["{}", "{}"]
    assert [step[0].text for step in call_steps(made)] == ["", ""]

"""Conversations of several user turns in the dialects of today's models: what the template itself would write, and what
students with another template or tokenizer learn from."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
import pytest

from cluster.engine.scripted import ScriptedEngine
from rollout.episodes.episode import EpisodeSetting, SampleSpec, run_episode
from rollout.formats import load_format
from rollout.prompts.native_template import NativeTemplate
from rollout.prompts.rendering import render_episode
from rollout.records import Call, CallResult, Episode, Outcome, Problem, Producer, StopReason, UserTurn
from rollout.toolboxes import load_toolbox
from tests.rollout.conversations import chat_template
from tests.rollout.episodes.test_dialect_episodes import ALL, CONFIG, ONE_CALL, TEMPLATES, native, tokenizer_for
from tests.rollout.episodes.test_turns import TURNS, play_with

ADD, DONE = Call(name="add", arguments='{"a":3,"b":4}'), Call(name="finish", arguments="{}")
LAST = Call(name="finish", arguments='{"answer":14}')
GROWING = msgspec.structs.replace(
    TURNS, hidden=("mul",), turns=(UserTurn(text="And twice?", appear=("mul",)), *TURNS.turns[1:])
)
STUDENTS = ("qwen3", "glm4moe", "gptoss", "gemma4_v5", "llama3_1")
Reply = Sequence[Call] | str


@lru_cache(maxsize=32)
def template_of(name: str) -> NativeTemplate:
    """GLM's generation_config.json names what its texts end with, since its template writes no end of turn."""
    made = tokenizer_for(name, TEMPLATES[name])
    return NativeTemplate(made, [made.convert_tokens_to_ids("<|user|>")]) if name == "glm4moe" else native(name)


def play(name: str, replies: Sequence[Reply], problem: Problem = TURNS) -> Episode:
    template = template_of(name)

    def script(_: Sequence[int], request_id: str) -> Sequence[int]:
        reply = replies[int(request_id.rsplit(".", 1)[1])]
        if isinstance(reply, str):
            return template.encode_reply(reply, ends_turn=True)
        return template.calls_ids(reply, load_format("json"))

    made = EpisodeSetting(
        engine=ScriptedEngine(script),
        template=template,
        call_format=template.call_format,
        config=CONFIG,
        max_context=100_000,
        producer=Producer(model="teacher", revision="0", licence="CC0-1.0"),
        generation="test",
    )
    return asyncio.run(run_episode(problem, SampleSpec(sample=0, temperature=1.0), made))


def decoded(name: str, ids: Sequence[int]) -> str:
    return str(tokenizer_for(name, TEMPLATES[name]).decode(list(ids)))


@pytest.mark.parametrize("name", ALL)
def test_turns_go_on_as_the_template_itself_writes_them(name: str) -> None:
    episode = play(name, ([ADD], "They are 7.", [DONE], [LAST]))
    assert (episode.outcome, episode.stop, episode.failed_steps) == (Outcome.RIGHT, StopReason.FINISHED, 0)
    assert [step.turn for step in episode.steps] == [0, 0, 1, 2]
    bound = template_of(name).for_toolbox(load_toolbox(TURNS.toolbox), "full")
    asked = {"role": "user", "content": TURNS.text}
    after_text = decoded(name, episode.steps[1].feedback_ids)
    written = bound._rendered([asked, _said("They are 7."), {"role": "user", "content": "And twice that?"}], True)
    # The model has written the end of its turn, which gpt-oss writes in another way in a history.
    end = "<|end|>" if name == "gptoss" else decoded(name, episode.steps[1].token_ids[-1:])
    assert written.rpartition("They are 7.")[2].removeprefix(end) == after_text
    after_call = decoded(name, episode.steps[2].feedback_ids)
    call = bound._form.message([msgspec.structs.replace(DONE, id="prob00001")], lambda value: value)
    result = {"role": "tool", "name": "finish", "tool_call_id": "prob00001", "content": ""}
    between = [result, _said("Done.")] if "Done." in after_call else []
    assert bool(between) == template_of(name).closes_turns == (name in ("glm4moe", "gptoss", "gemma4_v5"))
    written = bound._rendered([asked, call, *between, {"role": "user", "content": "Say it again."}], True)
    assert written.endswith(after_call)


def _said(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def test_functions_that_appear_are_described_in_the_users_message_and_never_in_the_prompt_again() -> None:
    episode = play("qwen3", ("I cannot.", [ADD], [DONE], [LAST]), GROWING)
    assert '"mul"' not in decoded("qwen3", episode.prompt_ids)
    first, *_, asked = episode.said[0].splitlines()
    assert (first, asked) == ("More functions can be called now.", "And twice?")
    assert '"name":"mul"' in episode.said[0]
    assert decoded("qwen3", episode.steps[0].feedback_ids).count(episode.said[0]) == 1
    assert episode.outcome is Outcome.RIGHT


@pytest.mark.parametrize("student", STUDENTS)
@pytest.mark.parametrize("teacher", STUDENTS)
def test_a_student_learns_what_it_would_have_written_itself(teacher: str, student: str) -> None:
    """Its chain has the very ids of its own episode with these replies, user's messages included, and no token of a
    user's message or a result counts as written."""
    replies: list[Reply] = [[ADD], "They are 7.", [DONE], [LAST]]
    rendered = render_episode(play(teacher, replies, GROWING), template_of(student))
    own = play(student, replies, GROWING)
    ids = [*own.prompt_ids, *(i for step in own.steps for i in (*step.token_ids, *step.feedback_ids))]
    assert list(rendered.token_ids) == ids[len(own.prompt_ids) :]
    for number, step in enumerate(own.steps):
        written = [token for token, at in zip(rendered.token_ids, rendered.step, strict=True) if at == number]
        assert written == list(step.token_ids)
    others = decoded(student, [t for t, at in zip(rendered.token_ids, rendered.step, strict=True) if at < 0])
    assert others.count("And twice?") == others.count("Say it again.") == 1


@pytest.mark.parametrize("student", ONE_CALL)
def test_several_calls_of_a_reply_that_ends_a_turn_become_several_messages(student: str) -> None:
    episode = play("qwen3", ([ADD, DONE], [DONE], [LAST]))
    assert [len(step.results) for step in episode.steps] == [2, 1, 1]
    rendered = render_episode(episode, template_of(student))
    own = play(student, ([ADD], [DONE], [DONE], [LAST]))
    ids = [i for step in own.steps for i in (*step.token_ids, *step.feedback_ids)]
    assert list(rendered.token_ids) == ids
    assert [at for at, _ in enumerate(episode.steps) if at in rendered.step] == [0, 1, 2]


def test_a_turn_that_ends_with_several_calls_tells_the_results_of_the_others() -> None:
    feedback = decoded("qwen3", play("qwen3", ([ADD, DONE], [DONE], [LAST])).steps[0].feedback_ids)
    assert "<tool_response>\n7\n</tool_response>\n<tool_response>\n\n</tool_response>" in feedback
    assert feedback.index("7") < feedback.index("And twice that?")


@pytest.mark.parametrize("call_format", ["json", "python", "hermes", "mistral", "mistral_args", "llama"])
def test_a_student_with_another_tokenizer_learns_the_same_conversation(call_format: str) -> None:
    render = load_format(call_format).render
    replies = [render([ADD]), render([DONE]), render([DONE]), render([LAST])]
    teacher, student = (play_with(replies, call_format, first) for first in (0, 7))
    assert teacher.outcome is student.outcome is Outcome.RIGHT
    rendered = render_episode(teacher, chat_template(7))
    assert list(rendered.token_ids) == [i for step in student.steps for i in (*step.token_ids, *step.feedback_ids)]
    assert render_episode(teacher, chat_template()).logprobs != ()


def test_a_template_that_writes_no_end_of_turn() -> None:
    template, told = template_of("glm4moe"), [CallResult(call=None, content="7")]
    said = template.encode_reply("They are 7.", ends_turn=True)
    assert decoded("glm4moe", said[-1:]) == "<|user|>"
    assert template.decode_reply(said).endswith("They are 7.")
    for ended, after in ((said[-1], ""), (template.stop_ids[0], "<|user|>")):
        ids = template.next_turn_ids([*said[:-1], ended], told, "And?", template.call_format)
        assert decoded("glm4moe", ids) == f"{after}\nAnd?<|assistant|>"
    assert decoded("qwen3", native("qwen3").encode_reply("7", ends_turn=True)[-1:]) == "<|im_end|>"

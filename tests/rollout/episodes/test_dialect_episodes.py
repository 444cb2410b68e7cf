"""Whole episodes in the dialects of today's models: what the template itself would write, what groups learn, and every
dialect as teacher of every other."""

import asyncio
import json
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

import pytest
from transformers import PreTrainedTokenizerFast

from benchmarks.templates.__main__ import TODAY, shipped_templates, tokenizer_for
from cluster.engine.scripted import ScriptedEngine
from rollout.config import EpisodeConfig, GroupsConfig
from rollout.episodes.episode import EpisodeSetting, SampleSpec, run_episode
from rollout.formats import load_format
from rollout.formats.native import call_id
from rollout.groups import build_group
from rollout.prompts.native_template import NativeTemplate, tools_of
from rollout.prompts.rendering import render_episode, render_prompt
from rollout.prompts.template import ChatTemplate
from rollout.records import Call, Episode, ErrorCode, Outcome, Producer
from rollout.toolboxes import load_toolbox
from tests.rollout.conversations import ADDITION

TEMPLATES = shipped_templates()
FAMILIES = (
    "qwen3",
    "qwen3_5_think",
    "glm4moe",
    "gptoss",
    "gemma4_v5",
    "nemotron_3_nano",
    "lfm2_2_5_v2",
    "muse_glimmer",
)
ONE_CALL = ("gptoss", "llama3_1")
ALL = (*FAMILIES, "qwen2_5", "llama3_1", "qwen3_5_nothink", "gemma4_v2", "lfm2")
CONFIG = EpisodeConfig(call_format="native", verbosity="full", max_failed_steps=2)
TOOLBOX = load_toolbox("arithmetic")

ADD = Call(name="add", arguments='{"a":3,"b":4}')
MUL = Call(name="mul", arguments='{"a":5,"b":6}')
DIV = Call(name="div", arguments='{"a":1,"b":0}')
FINISH = Call(name="finish", arguments='{"answer":7}')
WRONG = Call(name="finish", arguments='{"answer":8}')
THOUGHT = "Let me see."


@lru_cache(maxsize=32)
def native(name: str) -> NativeTemplate:
    return NativeTemplate(tokenizer_for(name, TEMPLATES[name]))


def play(
    name: str,
    replies: Sequence[Sequence[Call] | str],
    thought: str = "",
    sample: int = 0,
    own_template: NativeTemplate | None = None,
) -> Episode:
    """The episode in which the model writes these replies, each after the thought."""
    template = own_template or native(name)

    def script(_: Sequence[int], request_id: str) -> Sequence[int]:
        reply = replies[int(request_id.split(".")[1])]
        if isinstance(reply, str):
            return template.encode_reply(reply)
        return template.calls_ids(reply, template.call_format, thought)

    setting = EpisodeSetting(
        engine=ScriptedEngine(script),
        template=template,
        call_format=template.call_format,
        config=CONFIG,
        max_context=100_000,
        producer=Producer(model="teacher", revision="0", licence="CC0-1.0"),
        generation="test",
    )
    return asyncio.run(run_episode(ADDITION, SampleSpec(sample=sample, temperature=1.0), setting))


def whole(episode: Episode) -> list[int]:
    return [*episode.prompt_ids, *(i for step in episode.steps for i in (*step.token_ids, *step.feedback_ids))]


def replies_of(name: str) -> list[list[Call]]:
    return [[ADD], [DIV], *([] if name in ONE_CALL else [[ADD, MUL]]), [FINISH]]


def rendered_before_the_last_reply(name: str, episode: Episode, thought: str) -> str:
    """What the template itself writes for the episode's messages but the last."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": episode.prompt_text}]
    for step in episode.steps[:-1]:
        calls = [result.call for result in step.results if result.call is not None]
        made = [
            {
                "type": "function",
                "id": call_id(call, at),
                "function": {"name": call.name, "arguments": json.loads(call.arguments)},
            }
            for at, call in enumerate(calls)
        ]
        thoughts = dict.fromkeys(("reasoning_content", "reasoning", "thinking"), thought) if thought else {}
        messages.append({"role": "assistant", "content": "", "tool_calls": made, **thoughts})
        for at, (call, result) in enumerate(zip(calls, step.results, strict=True)):
            told = {"role": "tool", "name": call.name, "tool_call_id": call_id(call, at), "content": result.content}
            messages.append(told)
    text = tokenizer_for(name, TEMPLATES[name]).apply_chat_template(
        messages,
        tools=tools_of(TOOLBOX),
        tokenize=False,
        add_generation_prompt=True,
        strftime_now=TODAY.strftime,
    )
    return str(text)


@pytest.mark.parametrize("name", FAMILIES)
def test_an_episode_has_the_ids_of_the_template_and_its_group_trains_on_the_replies(name: str) -> None:
    right = play(name, replies_of(name), THOUGHT)
    wrong = play(name, [[ADD], [WRONG]], THOUGHT, sample=1)
    assert (right.outcome, wrong.outcome) == (Outcome.RIGHT, Outcome.WRONG)
    assert [step.failed for step in right.steps] == [False, True, *([] if name in ONE_CALL else [False]), False]
    before = whole(right)[: -len(right.steps[-1].token_ids)]
    made = tokenizer_for(name, TEMPLATES[name])
    assert before == made.encode(rendered_before_the_last_reply(name, right, THOUGHT), add_special_tokens=False)

    group = build_group([right, wrong], "student", native(name), GroupsConfig())
    assert group is not None
    assert group.pairs == 1
    assert group.prompt_ids == right.prompt_ids
    for chain, episode in zip(group.chains, (right, wrong), strict=True):
        assert [*group.prompt_ids, *chain.token_ids] == whole(episode)
        learnt = [
            [token for token, _ in tokens]
            for step, tokens in groupby(zip(chain.token_ids, chain.step, strict=True), key=lambda pair: pair[1])
            if step >= 0
        ]
        assert learnt == [list(step.token_ids) for step in episode.steps]


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("lfm2",)])
def test_a_stored_episode_is_read_again_as_the_calls_that_were_executed(name: str) -> None:
    thought = THOUGHT if native(name).shows_thoughts else ""
    for step in play(name, replies_of(name), thought).steps:
        read = load_format("native").parse(step.text, functions=TOOLBOX.functions)
        assert [(call.name, call.arguments) for call in read] == [
            (result.call.name, result.call.arguments) for result in step.results if result.call is not None
        ]


@pytest.mark.parametrize("student", ALL)
@pytest.mark.parametrize("teacher", ALL)
def test_every_dialect_teaches_every_other(teacher: str, student: str) -> None:
    episode = play(teacher, ["I do not know.", *replies_of(teacher)], THOUGHT)
    assert episode.outcome is Outcome.RIGHT
    assert episode.steps[0].errors == (ErrorCode.NOT_A_CALL,)
    template = native(student).for_toolbox(TOOLBOX, "full")
    rendered = render_episode(episode, template)
    assert render_prompt(episode, template) == play(student, [[FINISH]]).prompt_ids
    assert rendered.failed_steps == (0, 2)
    for number, step in enumerate(episode.steps):
        calls = [result.call for result in step.results if result.call is not None]
        ids = [
            [token for token, _ in tokens]
            for at, tokens in groupby(zip(rendered.token_ids, rendered.step, strict=True), key=lambda pair: pair[1])
            if at == number
        ]
        texts = [template.decode_reply(reply) for reply in ids]
        if not calls:
            assert len(texts) == 1
            assert texts[0].endswith("I do not know.")
            continue
        assert len(texts) == (1 if template.parallel else len(calls))
        read = [call for text in texts for call in template.call_format.parse(text, functions=TOOLBOX.functions)]
        assert [(call.name, call.arguments) for call in read] == [(call.name, call.arguments) for call in calls]


def test_a_thought_is_kept_where_the_students_template_shows_one_and_cut_on_demand() -> None:
    teacher = "qwen3_5_think"
    episode, silent = play(teacher, replies_of(teacher), THOUGHT), play(teacher, replies_of(teacher))
    for student, shown in (("qwen3", 4), ("gemma4_v5", 4), ("glm4moe", 4), ("qwen2_5", 0), ("llama3_1", 0)):
        text = native(student).decode_reply(render_episode(episode, native(student)).token_ids)
        assert text.count(THOUGHT) == shown
        cut = render_episode(episode, native(student), with_thoughts=False)
        assert cut.token_ids == render_episode(silent, native(student)).token_ids
        assert THOUGHT not in native(student).decode_reply(cut.token_ids)
    for kept, expected in ((True, episode), (False, silent)):
        group = build_group([episode], "student", native(teacher), GroupsConfig(), kept)
        assert group is not None
        assert [*group.prompt_ids, *group.chains[0].token_ids] == whole(expected)


@pytest.mark.parametrize("name_of_format", ["json", "python", "hermes"])
def test_formats_in_text_work_where_the_header_opens_a_thought(name_of_format: str) -> None:
    call_format = load_format(name_of_format)
    teacher, student, other = (in_text(name) for name in ("qwen3_5_think", "qwen2_5", "deepseekv3"))
    texts = [f"{THOUGHT}\n</think>\n\n{call_format.render([ADD])}", f"</think>{call_format.render([FINISH])}"]

    def script(_: Sequence[int], request_id: str) -> Sequence[int]:
        text = texts[int(request_id.split(".")[1])]
        return made_of("qwen3_5_think").encode(f"{text}<|im_end|>", add_special_tokens=False)

    setting = EpisodeSetting(
        engine=ScriptedEngine(script),
        template=teacher,
        call_format=call_format,
        config=EpisodeConfig(call_format=name_of_format),
        max_context=100_000,
        producer=Producer(model="teacher", revision="0", licence="CC0-1.0"),
        generation="test",
    )
    episode = asyncio.run(run_episode(ADDITION, SampleSpec(sample=0, temperature=1.0), setting))
    assert [step.errors for step in episode.steps] == [(), ()]
    assert episode.outcome is Outcome.RIGHT
    assert whole(episode)[len(episode.prompt_ids) :] == list(render_episode(episode, teacher).token_ids)
    plain = student.decode_reply(render_episode(episode, student).token_ids)
    assert plain.startswith(call_format.render([ADD]) + "<|im_end|>")
    assert plain.removesuffix("<|im_end|>").endswith(call_format.render([FINISH]))
    shown = other.decode_reply(render_episode(episode, other).token_ids)
    assert shown.startswith(f"{THOUGHT}\n</think>\n\n{call_format.render([ADD])}")
    cut = other.decode_reply(render_episode(episode, other, with_thoughts=False).token_ids)
    assert cut.startswith(f"\n</think>\n\n{call_format.render([ADD])}")


def made_of(name: str) -> PreTrainedTokenizerFast:
    return tokenizer_for(name, TEMPLATES[name])


def in_text(name: str) -> ChatTemplate:
    return ChatTemplate(made_of(name))


@pytest.mark.parametrize("name", ["qwen3", "qwen3_5_think", "gptoss", "gemma4_v5"])
def test_an_episode_counts_the_tokens_of_its_thoughts(name: str) -> None:
    thinking, silent = play(name, replies_of(name), THOUGHT), play(name, replies_of(name))
    for thought, plain in zip(thinking.steps, silent.steps, strict=True):
        lead = len("\n</think>\n\n") - 7 if name == "qwen3_5_think" else 0  # `</think>` is one token
        assert thought.thought_tokens == len(thought.token_ids) - len(plain.token_ids) + lead
        assert plain.thought_tokens == 0
    for student in ("qwen3", "glm4moe", "qwen2_5"):
        rendered = render_episode(thinking, native(student))
        shown = native(student).shows_thoughts
        assert all(bool(count) == shown for count in rendered.thought_tokens)
        assert len(rendered.thought_tokens) == len(thinking.steps)


def test_a_model_that_thinks_where_it_must_not_is_read_and_counted_and_chains_hold_no_thought() -> None:
    forbidden = NativeTemplate(tokenizer_for("qwen3", TEMPLATES["qwen3"]), forbid_thoughts=True)
    thinking = f"<think>\n{THOUGHT}\n</think>\n\n{forbidden.call_format.render([FINISH])}"
    episode = play("qwen3", [[ADD], thinking], own_template=forbidden)
    assert (episode.outcome, [bool(step.thought_tokens) for step in episode.steps]) == (Outcome.RIGHT, [False, True])
    assert forbidden.decode_reply(episode.prompt_ids).endswith("<think>\n\n</think>\n\n")
    assert forbidden.decode_reply(episode.steps[0].feedback_ids).endswith("<think>\n\n</think>\n\n")
    silent = play("qwen3", [[ADD], [FINISH]], own_template=forbidden)
    group = build_group([episode], "student", forbidden, GroupsConfig(), with_thoughts=False)
    assert group is not None
    assert [*group.prompt_ids, *group.chains[0].token_ids] == whole(silent)
    assert group.chains[0].thought_tokens == (0, 0)

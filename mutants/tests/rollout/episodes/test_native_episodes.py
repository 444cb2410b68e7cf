"""Whole episodes in the native formats, and how another student's template renders them."""

import asyncio
import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import pytest

from cluster.engine.interface import Generation, Sampling
from cluster.engine.scripted import ScriptedEngine
from rollout.config import EpisodeConfig, GroupsConfig
from rollout.episodes.episode import EpisodeSetting, SampleSpec, run_episode
from rollout.formats.native import call_id
from rollout.groups import build_group
from rollout.problems import FamilyConfig, generate
from rollout.prompts.native_template import NativeTemplate, tools_of
from rollout.prompts.rendering import render_episode, render_prompt
from rollout.records import Call, Episode, ErrorCode, Outcome, Problem, Producer, canonical_json
from rollout.toolboxes import load_toolbox
from tests.rollout.conversations import ADDITION
from tests.rollout.prompts.native_models import tokenizer

DIALECTS = ("qwen2_5", "qwen3", "llama3_1", "mistral_v2", "mistral_v3", "mistral_v11")
PROBLEMS = generate(FamilyConfig(family="arithmetic", test=3, difficulty=(3, 3)), "test")
CONFIG = EpisodeConfig(call_format="native", verbosity="full", max_failed_steps=0)
OBJECT = '{"name": "add", "arguments": {"a": 1, "b": 2}}'
ADD = Call(name="add", arguments='{"a":3,"b":4}')
FINISH = Call(name="finish", arguments='{"answer":7}')

Reply = str | Sequence[Call]


@lru_cache(maxsize=16)
def native(name: str) -> NativeTemplate:
    return NativeTemplate(tokenizer(name))


class Recorder(ScriptedEngine):
    """A scripted engine that records its prompts."""

    def __init__(self, script: Callable[[Sequence[int], str], Sequence[int]]) -> None:
        super().__init__(script)
        self.prompts: list[list[int]] = []

    async def generate(self, prompt: Sequence[int], sampling: Sampling, request_id: str) -> Generation:
        self.prompts.append(list(prompt))
        return await super().generate(prompt, sampling, request_id)


def play(
    name: str, replies: Sequence[Reply], problem: Problem = ADDITION, config: EpisodeConfig = CONFIG
) -> tuple[Episode, list[list[int]]]:
    """The episode in which the model writes these replies; calls are written as its template writes them."""
    template = native(name)

    def script(_: Sequence[int], request_id: str) -> Sequence[int]:
        reply = replies[int(request_id.split(".")[1])]
        if not isinstance(reply, str):
            return template.calls_ids(reply, template.call_format)
        return [*tokenizer(name).encode(reply, add_special_tokens=False), template.stop_ids[-1]]

    engine = Recorder(script)
    setting = EpisodeSetting(
        engine=engine,
        template=template,
        call_format=template.call_format,
        config=config,
        max_context=100_000,
        producer=Producer(model="teacher", revision="0", licence="CC0-1.0"),
        generation="test",
    )
    return asyncio.run(run_episode(problem, SampleSpec(sample=0, temperature=1.0), setting)), engine.prompts


def whole(episode: Episode) -> list[int]:
    return [*episode.prompt_ids, *(i for step in episode.steps for i in (*step.token_ids, *step.feedback_ids))]


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("problem", PROBLEMS, ids=range(len(PROBLEMS)))
def test_a_gold_chain_is_right_and_reads_as_the_template_writes_it(name: str, problem: Problem) -> None:
    episode, prompts = play(name, [(call,) for call in problem.gold_calls], problem)
    assert (episode.outcome, episode.call_format) == (Outcome.RIGHT, "native")
    assert episode.toolbox == problem.toolbox
    assert episode.prompt_text == problem.text
    for index, step in enumerate(episode.steps[:-1]):
        assert prompts[index + 1] == [*prompts[index], *step.token_ids, *step.feedback_ids]
    messages: list[dict[str, Any]] = [{"role": "user", "content": problem.text}]
    for step in episode.steps:
        (result,) = step.results
        assert result.call is not None
        call, name_ = result.call, result.call.name
        identifier = call_id(call, 0)
        assert len(identifier) == 9
        function = {"name": name_, "arguments": json.loads(call.arguments)}
        messages.append(
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"type": "function", "id": identifier, "function": function}],
            }
        )
        messages.append({"role": "tool", "name": name_, "tool_call_id": identifier, "content": result.content})
    made = tokenizer(name)
    text = made.apply_chat_template(messages[:-1], tools=tools_of(load_toolbox(problem.toolbox)), tokenize=False)
    read = made.decode(whole(episode))
    if name == "qwen3":  # which writes an empty thought into the last reply of a history, here not sampled
        text = text.replace("<think>\n\n</think>\n\n", "")
    assert read == text.rstrip("\n")


@pytest.mark.parametrize(
    ("name", "reply", "code"),
    [
        ("qwen2_5", "I would add.", ErrorCode.NOT_A_CALL),
        ("qwen2_5", '<tool_call>\n{"name": "add", "arguments": {"a": 1}\n</tool_call>', ErrorCode.BAD_SYNTAX),
        ("qwen2_5", [Call(name="plus", arguments="{}")], ErrorCode.UNKNOWN_FUNCTION),
        ("qwen2_5", [Call(name="add", arguments='{"a":1}')], ErrorCode.MISSING_ARGUMENT),
        ("llama3_1", [Call(name="add", arguments='{"a":1,"b":"x"}')], ErrorCode.MISTYPED_ARGUMENT),
        ("llama3_1", '{"name": "add", "parameters": {"a": 1, "b": 2}}; {"name": "add"}', ErrorCode.WRONG_COUNT),
        ("llama3_1", '{"name": "add", "arguments": {"a": 1, "b": 2}}', ErrorCode.WRONG_CALL_SHAPE),
        ("mistral_v3", "Sure: [TOOL_CALLS] [{}]", ErrorCode.PROSE_AROUND_CALL),
        ("mistral_v3", [Call(name="add", arguments='{"a":1,"b":2,"c":3}')], ErrorCode.UNEXPECTED_ARGUMENT),
        (
            "mistral_v2",
            '[TOOL_CALLS] [{"name": "add", "arguments": {"a": 1, "b": 2}}, {"name": "add"}]',
            ErrorCode.WRONG_COUNT,
        ),
        ("mistral_v11", "[TOOL_CALLS]add[ARGS]{", ErrorCode.BAD_SYNTAX),
        ("mistral_v11", [Call(name="div", arguments='{"a":1,"b":0}')], ErrorCode.FUNCTION_RAISED),
    ],
)
def test_a_damaged_reply_has_its_code_and_the_chain_is_wrong(name: str, reply: Reply, code: ErrorCode) -> None:
    episode, _ = play(name, [reply])
    assert (episode.outcome, episode.error, episode.steps[0].errors) == (Outcome.WRONG, code, (code,))
    mended, prompts = play(name, [reply, [ADD], [FINISH]], config=CONFIG.of_suite({"max_failed_steps": 1}))
    assert (mended.outcome, mended.failed_steps) == (Outcome.RIGHT, 1)
    content = mended.steps[0].results[0].content
    shown = tokenizer(name).decode(prompts[1])
    assert content in shown or json.dumps(content, ensure_ascii=False)[1:-1] in shown


@pytest.mark.parametrize("name", ["qwen2_5", "mistral_v3", "mistral_v11"])
def test_parallel_calls_are_answered_each_by_its_own_message(name: str) -> None:
    mul = Call(name="mul", arguments='{"a":5,"b":6}')
    episode, prompts = play(name, [[ADD, mul], [FINISH]])
    assert episode.outcome is Outcome.RIGHT
    assert [result.content for result in episode.steps[0].results] == ["7", "30"]
    read = tokenizer(name).decode(prompts[1])
    for index, call in enumerate((ADD, mul) if name.startswith("mistral") else ()):
        assert read.count(call_id(call, index)) == 2 if name == "mistral_v3" else call_id(call, index) in read


@pytest.mark.parametrize("student", ["qwen2_5", "llama3_1", "mistral_v3", "mistral_v11"])
@pytest.mark.parametrize("teacher", ["qwen3", "llama3_1", "mistral_v3"])
def test_another_student_gets_the_calls_in_its_own_dialect(teacher: str, student: str) -> None:
    replies: list[Reply] = ["[TOOL_CALLS] <tool_call> <|eot_id|> I would", [ADD], [FINISH]]
    episode, _ = play(teacher, replies, config=CONFIG.of_suite({"max_failed_steps": 1}))
    template = native(student)
    rendered = render_episode(episode, template)
    if teacher == student:
        assert [*render_prompt(episode, template), *rendered.token_ids] == whole(episode)
        return
    made = tokenizer(student)
    expected, _ = play(student, [[ADD], [FINISH]])
    assert render_prompt(episode, template) == expected.prompt_ids
    by_step = [[i for i, at in zip(rendered.token_ids, rendered.step, strict=True) if at == step] for step in range(3)]
    assert by_step[1:] == [list(step.token_ids) for step in expected.steps]
    assert rendered.failed_steps == (0,)
    control = template._control
    assert control.among(by_step[0]) == [template.stop_ids[-1]]
    # Mistral's template parts header and text by a blank.
    assert made.decode(by_step[0][:-1]).lstrip(" ") == episode.steps[0].text


def test_several_calls_become_messages_of_one_step_where_the_template_takes_one() -> None:
    mul = Call(name="mul", arguments='{"a":5,"b":6}')
    episode, _ = play("qwen2_5", [[ADD, mul], [FINISH]])
    template = native("llama3_1")
    rendered = render_episode(episode, template)
    one_by_one, _ = play("llama3_1", [[ADD], [mul], [FINISH]])
    assert list(rendered.token_ids) == whole(one_by_one)[len(one_by_one.prompt_ids) :]
    assert list(dict.fromkeys(rendered.step)) == [0, -1, 1]
    group = build_group([episode], "student", template, GroupsConfig())
    assert group is not None
    assert group.prompt_ids == one_by_one.prompt_ids


def test_a_budget_of_tokens_is_kept_by_showing_fewer_functions() -> None:
    problem = generate(FamilyConfig(family="arithmetic", test=1, distractors=1000, seed=7), "test")[0]
    replies = [(call,) for call in problem.gold_calls]
    episode, _ = play("qwen2_5", replies, problem, CONFIG.of_suite({"prompt_tokens": 8_000}))
    more, _ = play("qwen2_5", replies, problem, CONFIG.of_suite({"prompt_tokens": 12_000}))
    assert len(episode.prompt_ids) <= 8_000 < len(more.prompt_ids) <= 12_000
    assert 5 < len(episode.shown) < len(more.shown) < 100
    assert "finish" in episode.shown
    few, _ = play("qwen2_5", replies, problem, CONFIG.of_suite({"retrieve": 2}))
    assert len(few.shown) == 3
    assert len({each.provenance.toolbox_hash for each in (episode, more, few)}) == 3
    none, prompts = play("qwen2_5", replies, problem, CONFIG.of_suite({"prompt_tokens": 10}))
    assert (none.outcome, none.steps, prompts) == (Outcome.TRUNCATED, (), [])


def test_a_function_that_was_not_shown_is_unknown() -> None:
    problem = generate(FamilyConfig(family="arithmetic", test=1, distractors=100, seed=7), "test")[0]
    config = CONFIG.of_suite({"retrieve": 0})
    episode, _ = play("qwen2_5", [[Call(name="add", arguments='{"a":1,"b":2}')]], problem, config)
    assert episode.shown == ("finish",)
    assert episode.error is ErrorCode.UNKNOWN_FUNCTION
    nested = canonical_json({"answer": {"$call": {"name": "add", "arguments": {"a": 1, "b": 2}}}})
    episode, _ = play("qwen2_5", [[Call(name="finish", arguments=nested)]], problem, config)
    assert episode.error is ErrorCode.UNKNOWN_FUNCTION


def test_a_name_or_an_argument_never_becomes_a_control_token() -> None:
    hostile = [Call(name="<|eot_id|>[INST]", arguments=canonical_json({"</s>": "<|im_end|> [/INST]"}), id="abcdefghi")]
    for teacher, student in (("qwen2_5", "mistral_v3"), ("mistral_v3", "llama3_1"), ("llama3_1", "qwen2_5")):
        config = CONFIG.of_suite({"max_failed_steps": 1})
        episode, _ = play(teacher, [hostile, [ADD], [FINISH]], config=config)
        assert episode.steps[0].errors == (ErrorCode.UNKNOWN_FUNCTION,)
        tame, _ = play(
            teacher, [[Call(name="none", arguments='{"k":"v"}', id="abcdefghi")], [ADD], [FINISH]], config=config
        )
        for template in (native(teacher), native(student)):
            one, other = (template._control.among(render_episode(each, template).token_ids) for each in (episode, tame))
            assert one == other

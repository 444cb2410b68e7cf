"""Native call formats: dialects are tested on text, templates with functions on real chat templates."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from transformers import PreTrainedTokenizerFast

from cluster.errors import RequestError
from rollout.episodes.execution import execute_now
from rollout.formats import CallSyntaxError, load_format
from rollout.formats.native import call_id
from rollout.formats.thoughts import without_thought
from rollout.prompts.native_template import NativeTemplate, tools_of
from rollout.records import Call, ErrorCode, Message, Part, Role, canonical_json
from rollout.toolboxes import Toolbox, load_toolbox
from tests.rollout.formats.test_formats import ROOMY, call_lists
from tests.rollout.prompts.native_models import CONTROL, tokenizer

CALL = Call(name="add", arguments='{"a":1,"b":2}')
DIALECTS = ("hermes", "mistral", "mistral_args", "native")
ARITHMETIC = load_toolbox("arithmetic")


@pytest.mark.parametrize("name", DIALECTS)
@given(made=call_lists)
@settings(max_examples=40, deadline=None)
def test_parsing_what_was_rendered_is_the_identity(name: str, made: list[Call]) -> None:
    call_format = load_format(name)
    assert call_format.parse(call_format.render(made), ROOMY) == tuple(made)


@given(made=call_lists)
@settings(max_examples=40, deadline=None)
def test_ids_come_through_where_the_dialect_has_them_and_llama_takes_one_call(made: list[Call]) -> None:
    named = [Call(name=call.name, arguments=call.arguments, id=f"abcdefgh{index}") for index, call in enumerate(made)]
    for name in ("mistral", "mistral_args", "native"):
        call_format = load_format(name)
        assert call_format.parse(call_format.render(named), ROOMY) == tuple(named)
    for name in ("llama", "native"):
        assert load_format(name).parse(load_format("llama").render(made[:1]), ROOMY) == (made[0],)


OBJECT = '{"name": "add", "arguments": {"a": 1, "b": 2}}'
BLOCK = f"<tool_call>\n{OBJECT}\n</tool_call>"
LLAMA = OBJECT.replace("arguments", "parameters")

CASES = [
    ("hermes", "", ErrorCode.EMPTY_REPLY),
    ("hermes", "I would add.", ErrorCode.NOT_A_CALL),
    ("hermes", OBJECT, ErrorCode.NOT_A_CALL),
    ("hermes", "<think>add them</think>", ErrorCode.NOT_A_CALL),
    ("hermes", f"Sure. {BLOCK}", ErrorCode.PROSE_AROUND_CALL),
    ("hermes", f"{BLOCK} Done.", ErrorCode.PROSE_AROUND_CALL),
    ("hermes", f"<think>never closed {BLOCK}", ErrorCode.PROSE_AROUND_CALL),
    ("hermes", BLOCK.removesuffix("</tool_call>"), ErrorCode.BAD_SYNTAX),
    ("hermes", "<tool_call>", ErrorCode.BAD_SYNTAX),
    ("hermes", BLOCK.replace("2", "NaN"), ErrorCode.BAD_VALUE),
    ("hermes", BLOCK.replace("arguments", "parameters"), ErrorCode.WRONG_CALL_SHAPE),
    ("hermes", BLOCK * 17, ErrorCode.WRONG_COUNT),
    ("hermes", BLOCK + "(" * 20_000, ErrorCode.TOO_LARGE),
    ("mistral", OBJECT, ErrorCode.NOT_A_CALL),
    ("mistral", "[TOOL_CALLS] []", ErrorCode.NOT_A_CALL),
    ("mistral", f"[TOOL_CALLS] [{OBJECT}] Done.", ErrorCode.PROSE_AROUND_CALL),
    ("mistral", f"Sure [TOOL_CALLS] [{OBJECT}]", ErrorCode.PROSE_AROUND_CALL),
    ("mistral", f"[TOOL_CALLS] [{OBJECT}", ErrorCode.BAD_SYNTAX),
    ("mistral", "[TOOL_CALLS]", ErrorCode.BAD_SYNTAX),
    ("mistral", f"[TOOL_CALLS] {OBJECT}", ErrorCode.WRONG_CALL_SHAPE),
    ("mistral", f'[TOOL_CALLS] [{OBJECT[:-1]}, "id": "short"}}]', ErrorCode.WRONG_CALL_SHAPE),
    ("mistral", f'[TOOL_CALLS] [{OBJECT[:-1]}, "id": 3}}]', ErrorCode.WRONG_CALL_SHAPE),
    ("mistral_args", "add(1, 2)", ErrorCode.NOT_A_CALL),
    ("mistral_args", "[TOOL_CALLS]add", ErrorCode.BAD_SYNTAX),
    ("mistral_args", '[TOOL_CALLS]add[ARGS]{"a": 1', ErrorCode.BAD_SYNTAX),
    ("mistral_args", '[TOOL_CALLS]add[ARGS]{"a": 1} and', ErrorCode.PROSE_AROUND_CALL),
    ("mistral_args", "[TOOL_CALLS]add[ARGS][1]", ErrorCode.WRONG_CALL_SHAPE),
    ("llama", "I would add.", ErrorCode.NOT_A_CALL),
    ("llama", "<|python_tag|>", ErrorCode.NOT_A_CALL),
    ("llama", f"Sure: {LLAMA}", ErrorCode.PROSE_AROUND_CALL),
    ("llama", LLAMA[:-1], ErrorCode.BAD_SYNTAX),
    ("llama", f"{LLAMA}; {LLAMA}", ErrorCode.WRONG_COUNT),
    ("llama", f"[{LLAMA}, {LLAMA}]", ErrorCode.WRONG_COUNT),
    ("llama", LLAMA[:-1] + ', "type": "tool"}', ErrorCode.WRONG_CALL_SHAPE),
    ("llama", OBJECT, ErrorCode.WRONG_CALL_SHAPE),
    ("native", "I would add.", ErrorCode.NOT_A_CALL),
]


@pytest.mark.parametrize(("name", "text", "code"), CASES, ids=range(len(CASES)))
def test_a_broken_native_reply_has_its_code(name: str, text: str, code: ErrorCode) -> None:
    with pytest.raises(CallSyntaxError) as caught:
        load_format(name).parse(text)
    assert caught.value.code is code


def test_what_models_add_by_habit_is_read() -> None:
    assert load_format("hermes").parse(f"<think>\nadd {{ them\n</think>\n\n{BLOCK}\n") == (CALL,)
    assert load_format("llama").parse(f"<|python_tag|>{LLAMA[:-1]}, " + '"type": "function"}') == (CALL,)


@pytest.mark.parametrize(
    ("template", "dialect", "parallel"),
    [
        ("qwen2_5", "hermes", True),
        ("qwen3", "hermes", True),
        ("llama3_1", "llama", False),
        ("llama3_2", "llama", False),
        ("mistral_v2", "mistral", False),
        ("mistral_v3", "mistral", True),
        ("mistral_v7", "mistral", True),
        ("mistral_v11", "mistral_args", True),
        ("mistral_v13", "mistral_args", True),
    ],
)
def test_a_template_shows_functions_calls_and_results_as_it_would_itself(
    template: str, dialect: str, parallel: bool
) -> None:
    made = tokenizer(template)
    native = NativeTemplate(made).for_toolbox(ARITHMETIC)
    assert (native.dialect, native.parallel) == (dialect, parallel)
    user = {"role": "user", "content": "Add 1 and 2."}
    prompt = native.prompt_ids([message(Role.USER, "Add 1 and 2.")])
    assert made.decode(prompt) == shown(made, [user], True)

    calls = [Call(name="add", arguments='{"a":1,"b":2}', id="abcdefgh1")]
    if parallel:
        calls.append(Call(name="div", arguments='{"a":1,"b":0}', id="abcdefgh2"))
    reply_messages = [user, assistant(calls)]
    written = shown(made, reply_messages, False).removeprefix(shown(made, [user], True)).rstrip()
    reply = made.encode(without_thought(written), add_special_tokens=False)
    assert reply[-1] == made.eos_token_id
    text = native.decode_reply(reply)
    results = execute_now(text, native.call_format, ARITHMETIC.open())
    assert [result.error for result in results] == [None, ErrorCode.FUNCTION_RAISED][: len(calls)]
    feedback = native.results_ids(reply, results, native.call_format)
    for call, result in zip(calls, results, strict=True):
        content = {"role": "tool", "name": call.name, "tool_call_id": call.id, "content": result.content}
        reply_messages.append(content)
    assert made.decode([*prompt, *reply, *feedback]) == shown(made, reply_messages, True)


def shown(made: PreTrainedTokenizerFast, messages: list[dict[str, Any]], header: bool) -> str:
    return str(
        made.apply_chat_template(
            messages,
            tools=tools_of(ARITHMETIC),
            tokenize=False,
            add_generation_prompt=header,
            date_string="26 Jul 2024",
        )
    )


def message(role: Role, text: str) -> Message:
    return Message(role=role, content=(Part(text=text),))


def assistant(calls: list[Call]) -> dict[str, Any]:
    made = [
        {
            "type": "function",
            "id": call.id,
            "function": {"name": call.name, "arguments": json.loads(call.arguments)},
        }
        for call in calls
    ]
    return {"role": "assistant", "content": "", "tool_calls": made}


@pytest.mark.parametrize("template", ["llama3", "phi3", "gemma3"])
def test_a_template_that_does_not_render_functions_is_refused(template: str) -> None:
    with pytest.raises(RequestError, match="use call format json or python"):
        NativeTemplate(tokenizer(template))


@pytest.mark.parametrize("template", ["qwen2_5", "llama3_1", "mistral_v3", "mistral_v11"])
def test_a_reply_without_a_call_is_answered_by_one_tool_message(template: str) -> None:
    made = tokenizer(template)
    native = NativeTemplate(made).for_toolbox(ARITHMETIC)
    reply = [*made.encode("I think 3.", add_special_tokens=False), made.eos_token_id]
    fed = made.decode(native.feedback_ids(reply, "Error: the reply holds no call"))
    assert "Error: the reply holds no call" in fed
    assert "I think" not in fed


@pytest.mark.parametrize("template", ["qwen2_5", "llama3_1", "mistral_v3", "mistral_v13"])
def test_no_content_becomes_a_control_token(template: str) -> None:
    made = tokenizer(template)
    native = NativeTemplate(made).for_toolbox(ARITHMETIC)
    reply = made.encode("no call", add_special_tokens=False)
    hostile = " ".join(CONTROL.split(" "))
    special = set(made.all_special_ids)
    clean_prompt, prompt = (native.prompt_ids([message(Role.USER, text)]) for text in ("x", hostile))
    clean_feedback, feedback = (native.feedback_ids(reply, text) for text in ("x", hostile))
    for clean, dirty in ((clean_prompt, prompt), (clean_feedback, feedback)):
        assert [token for token in dirty if token in special] == [token for token in clean if token in special]


@pytest.mark.parametrize("template", ["qwen2_5", "llama3_1", "mistral_v3", "mistral_v13"])
def test_no_function_brings_a_control_token_into_the_prompt(template: str) -> None:
    def trap(a: int) -> int:
        """Say <|im_end|> or </s> or <|eot_id|>.

        Args:
            a: A [/INST] <|eot_id|> number.
        """
        return a

    def plain(a: int) -> int:
        """Say nothing.

        Args:
            a: A number.
        """
        return a

    made = tokenizer(template)
    special = set(made.all_special_ids)
    boxes = [Toolbox.of_functions("box", [function]) for function in (trap, plain)]
    prompts = [NativeTemplate(made).for_toolbox(box).prompt_ids([message(Role.USER, "x")]) for box in boxes]
    dirty, clean = ([token for token in prompt if token in special] for prompt in prompts)
    assert dirty == clean
    assert "Say <|im_end|> or </s> or <|eot_id|>." in made.decode(prompts[0])


def test_ids_of_calls_are_nine_characters_and_repeat() -> None:
    assert call_id(Call(name="f", arguments="{}", id="abcdefghi"), 0) == "abcdefghi"
    first, second = call_id(CALL, 0), call_id(CALL, 1)
    assert len(first) == 9
    assert first.isalnum()
    assert first != second
    assert first == call_id(Call(name="add", arguments=canonical_json({"b": 2, "a": 1})), 0)

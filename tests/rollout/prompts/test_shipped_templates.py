"""All chat templates that TRL ships: taken or refused for a true reason, and what is taken has the template's own ids.

The oracle is `apply_chat_template` on the whole conversation at once; our ids come turn by turn.
"""

from functools import lru_cache

import pytest
from transformers import PreTrainedTokenizerFast

from benchmarks.templates.__main__ import (
    ARITHMETIC,
    reads_back,
    rendered_at_once,
    rendered_in_turns,
    row,
    shipped_templates,
    tokenizer_for,
)
from cluster.errors import RequestError
from rollout.formats import load_format
from rollout.formats.native import call_id
from rollout.prompts.native_template import NativeTemplate
from rollout.prompts.template import ChatTemplate
from rollout.records import Call, CallResult, Message, Part, Role, canonical_json
from rollout.toolboxes import load_toolbox

TEMPLATES = shipped_templates()
NO_FUNCTIONS = {
    "cohere", "cohere2", "deepseek_r1_distill", "deepseekv3", "gemma", "gemma3", "idefics3", "llama3", "llava_next",
    "phi3", "phi3_5", "qwen2_5_vl", "smolvlm",
}  # fmt: skip
DIALECTS = {
    "diffusion_gemma": "gemma", "gemma4": "gemma", "gemma4_v2": "gemma", "gemma4_v3": "gemma", "gemma4_v4": "gemma",
    "gemma4_v5": "gemma", "glm4moe": "glm", "gptoss": "harmony", "lfm2": "lfm2", "lfm2_2_5": "lfm2",
    "lfm2_2_5_v2": "lfm2", "lfm2_2_5_vl": "lfm2", "lfm2_v2": "lfm2", "llama3_1": "llama", "llama3_2": "llama",
    "muse_glimmer": "atem", "nemotron_3_5_lightning": "qwen_xml", "nemotron_3_nano": "qwen_xml",
    "nemotron_3_super": "qwen_xml", "nemotron_3_ultra": "qwen_xml", "qwen2_5": "hermes", "qwen3": "hermes",
    "qwen3_5_nothink": "qwen_xml", "qwen3_5_think": "qwen_xml", "qwen3_6": "qwen_xml", "qwen3_8": "qwen_xml",
    "qwen3_instruct_2507": "hermes", "qwen3_vl": "hermes",
}  # fmt: skip
ONE_CALL = {"gptoss", "llama3_1", "llama3_2"}
REWRITES = {"nemotron_3_5_lightning", "nemotron_3_nano", "nemotron_3_super", "nemotron_3_ultra"}
"""Their headers open a thought, and their histories write `<think></think>` in place of an empty one."""


@lru_cache(maxsize=64)
def made(name: str) -> PreTrainedTokenizerFast:
    return tokenizer_for(name, TEMPLATES[name])


@lru_cache(maxsize=64)
def native(name: str) -> NativeTemplate:
    return NativeTemplate(made(name)).for_toolbox(ARITHMETIC)


def test_every_template_is_taken_or_renders_no_functions() -> None:
    assert TEMPLATES.keys() == NO_FUNCTIONS | DIALECTS.keys()
    for name in NO_FUNCTIONS:
        with pytest.raises(RequestError, match="does not render functions"):
            NativeTemplate(made(name))
        assert row(name, TEMPLATES[name])["kind"] == "no_functions"


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_a_conversation_has_the_ids_of_the_template_itself_and_reads_back(name: str) -> None:
    template = native(name)
    assert (template.dialect, template.parallel) == (DIALECTS[name], name not in ONE_CALL)
    at_once, in_turns = rendered_at_once(template, made(name), ""), rendered_in_turns(template, "")
    if name == "diffusion_gemma":  # its history begins a turn where its generation prompt goes on with the last one
        at_once = made(name).encode(
            made(name).decode(at_once).replace("<tool_response|><|turn>model\n", "<tool_response|>"),
            add_special_tokens=False,
        )
    if name in REWRITES:
        text = made(name).decode(in_turns)
        assert text.count("<|im_start|>assistant\n<think>\n") == 4
        for written in ("<think>\n</think>", "<think>\n\n</think>"):
            text = text.replace(written, "<think></think>")
        in_turns = made(name).encode(text, add_special_tokens=False)
    assert in_turns == at_once
    assert reads_back(template, "")


@pytest.mark.parametrize("name", sorted(set(DIALECTS) - {"diffusion_gemma"}))
def test_a_conversation_with_thoughts_has_the_ids_of_the_template_itself(name: str) -> None:
    template = native(name)
    thought = "Add <|im_end|> them." if name == "qwen3_5_think" else "First add them."
    in_turns = rendered_in_turns(template, thought)
    if not template.shows_thoughts:
        assert in_turns == rendered_in_turns(template, "")
        return
    if name == "qwen3_5_think":
        special = set(made(name).all_special_ids)
        assert [i for i in in_turns if i in special] == [i for i in rendered_in_turns(template, "x") if i in special]
        in_turns = rendered_in_turns(template, thought := "First add them.")
    assert in_turns == rendered_at_once(template, made(name), thought)
    assert reads_back(template, thought)


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("gptoss", {"<|return|>", "<|call|>"}),
        ("gemma4_v5", {"<turn|>", "<|tool_response>"}),
        ("glm4moe", {"</s>", "<|observation|>"}),
        ("qwen3_5_think", {"<|im_end|>"}),
        ("muse_glimmer", {"<|eot|>"}),
        ("lfm2_2_5_v2", {"<|im_end|>"}),
    ],
)
def test_what_ends_a_reply_is_no_token_that_ends_a_thought(name: str, ends: set[str]) -> None:
    assert {made(name).decode([token]) for token in native(name).stop_ids} == ends
    assert "<|end|>" not in {made("gptoss").decode([token]) for token in ChatTemplate(made("gptoss")).stop_ids}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("gptoss", "I think 3.<|return|><|start|>user<|message|>Error: no call<|end|><|start|>assistant"),
        ("gemma4_v5", "I think 3.<turn|>\n<|turn>user\nError: no call<turn|>\n<|turn>model\n"),
        ("gemma4_v2", "I think 3.<turn|>\n<|turn>tool\nError: no call<turn|>\n<|turn>model\n"),
        ("glm4moe", "I think 3.<|observation|>\n<tool_response>\nError: no call\n</tool_response><|assistant|>"),
        (
            "qwen3_5_think",
            "I think 3.<|im_end|>\n<|im_start|>user\n<tool_response>\nError: no call\n</tool_response><|im_end|>\n"
            "<|im_start|>assistant\n<think>\n",
        ),
    ],
)
def test_a_reply_without_a_call_is_answered_as_its_end_asks(name: str, shown: str) -> None:
    template = native(name)
    reply = template.encode_reply("I think 3.")
    failed = [CallResult(call=None, content="Error: no call")]
    ids = [*reply, *template.results_ids(reply, failed, template.call_format)]
    assert made(name).decode(ids).endswith(shown)


def test_calls_that_end_as_a_text_does_keep_what_results_begin_with() -> None:
    template = native("gemma4_v5")
    call = Call(name="add", arguments='{"a":1,"b":2}')
    reply = [*template.calls_ids([call], template.call_format)[:-1], *made("gemma4_v5").encode("<turn|>")]
    fed = made("gemma4_v5").decode(
        template.results_ids(reply, [CallResult(call=call, content="3")], template.call_format)
    )
    assert fed == '<|tool_response>response:add{value:<|"|>3<|"|>}<tool_response|>'


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_no_text_becomes_a_control_token(name: str) -> None:
    template = native(name)
    special = set(made(name).all_special_ids)
    hostile = " ".join(token.content for token in made(name).added_tokens_decoder.values())

    def controls(text: str, value: str) -> list[int]:
        prompt = template.prompt_ids([Message(role=Role.USER, content=(Part(text=text),))])
        call = Call(name="add", arguments=f'{{"a":1,"b":"{value}"}}', id=call_id(Call(name="a", arguments="{}"), 0))
        reply = template.calls_ids([call], template.call_format, text)
        result = template.results_ids(reply, [CallResult(call=call, content=text)], template.call_format)
        return [token for token in (*prompt, *reply, *result) if token in special]

    assert controls(hostile, hostile.replace('"', '\\"')) == controls("x", "y")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("gptoss", "<|channel|>final<|message|>{}<|return|>"),
        ("qwen3_5_think", "\n</think>\n\n{}<|im_end|>"),
        ("qwen3_5_nothink", "{}<|im_end|>"),
        ("nemotron_3_nano", "\n</think>\n\n{}<|im_end|>"),
        ("deepseekv3", "\n</think>\n\n{}<｜end▁of▁sentence｜>"),
        ("glm4moe", "\n<think></think>\n{}<|observation|>"),
        ("muse_glimmer", " to=user<|message|>{}<|eot|>"),
        ("gemma4_v5", "{}<turn|>"),
    ],
)
@pytest.mark.parametrize("name_of_format", ["json", "python", "hermes"])
def test_formats_in_text_are_written_after_what_the_header_opens_and_read_back(
    name: str, written: str, name_of_format: str
) -> None:
    template, call_format = ChatTemplate(made(name)), load_format(name_of_format)
    call = Call(name="add", arguments='{"a":1,"b":2}')
    ids = template.calls_ids([call], call_format)
    assert made(name).decode(ids) == written.format(call_format.render([call]))
    assert call_format.parse(template.decode_reply(ids)) == (call,)


NOTE = load_toolbox(
    "schemas:"
    + canonical_json(
        [
            {
                "name": "note",
                "parameters": {
                    "type": "object",
                    "properties": {"text": {"type": "string"}, "more": {"type": "object"}, "page-size": {}},
                },
            }
        ]
    )
)
HARD = [
    "'",
    'it\'s "so"',
    "\\",
    "a\\nb",
    "\x00",
    "\na\n",
    " a ",
    "",
    "{}",
    "3",
    "null",
    "[1",
    "a,b:c",
    "<|im_end|>",
    "日本",
]


@pytest.mark.parametrize("name", sorted(set(DIALECTS) - {"diffusion_gemma"}))
def test_texts_that_templates_do_not_escape_are_written_so_that_they_are_read_back(name: str) -> None:
    template = NativeTemplate(made(name)).for_toolbox(NOTE)
    for text in HARD:
        call = Call(name="note", arguments=canonical_json({"text": text, "more": {text: [text]}, "page-size": 3}))
        reply = template.decode_reply(template.calls_ids([call], template.call_format))
        (read,) = template.call_format.parse(reply, functions=NOTE.functions)
        assert (read.name, read.arguments) == (call.name, call.arguments), text

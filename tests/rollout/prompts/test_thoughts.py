"""Thoughts in prompts and replies: forbidden where a template can, counted by their ids, named in the prompt's hash."""

from functools import lru_cache

import pytest

from benchmarks.templates.__main__ import shipped_templates, tokenizer_for
from cluster.errors import RequestError
from rollout.formats import load_format
from rollout.prompts.native_template import NativeTemplate
from rollout.prompts.opening import Opening
from rollout.prompts.template import ChatTemplate
from rollout.records import Call, content_hash
from rollout.toolboxes import load_toolbox

TEMPLATES = shipped_templates()
ADD = Call(name="add", arguments='{"a":3,"b":4}')
ASKED = Opening(text="What is 3 and 4?")
THOUGHT = "Ünd <|im_end|> now 7."
NO_SWITCH = ("gptoss", "lfm2_2_5", "lfm2_2_5_v2", "muse_glimmer")
CLOSED = ("qwen3", "qwen3_5_think", "glm4moe", "nemotron_3_nano")
NEVER_SHOWN = ("qwen2_5", "llama3_1", "lfm2", "qwen3_instruct_2507")


@lru_cache(maxsize=32)
def native(name: str, forbid_thoughts: bool = False) -> NativeTemplate:
    template = NativeTemplate(tokenizer_for(name, TEMPLATES[name]), (), forbid_thoughts)
    return template.for_toolbox(load_toolbox("arithmetic"))


def prompt(template: NativeTemplate) -> str:
    return template.decode_reply(template.opening_ids(ASKED, template.call_format))


@pytest.mark.parametrize("name", CLOSED)
def test_a_template_with_a_switch_closes_the_thought_in_its_header(name: str) -> None:
    allowed, forbidden = native(name), native(name, forbid_thoughts=True)
    assert prompt(forbidden).rstrip().endswith("</think>")
    assert not prompt(allowed).rstrip().endswith("</think>")
    assert allowed.hash != forbidden.hash
    reply = forbidden.calls_ids([ADD], forbidden.call_format, THOUGHT)
    assert forbidden.thought_tokens(reply, forbidden.call_format) == 0
    text = forbidden.decode_reply(reply)
    assert "think" not in text
    assert [(call.name, call.arguments) for call in forbidden.call_format.parse(text)] == [(ADD.name, ADD.arguments)]


@pytest.mark.parametrize("name", [*NO_SWITCH, "deepseekv3", "deepseek_r1_distill"])
@pytest.mark.parametrize("kind", [ChatTemplate, NativeTemplate])
def test_a_template_that_cannot_turn_thoughts_off_is_refused_by_name(name: str, kind: type[ChatTemplate]) -> None:
    with pytest.raises(RequestError, match=f"'{name}' .*; set episodes.thoughts to keep or cut"):
        kind(tokenizer_for(name, TEMPLATES[name]), (), True)
    ChatTemplate(tokenizer_for(name, TEMPLATES[name]))


@pytest.mark.parametrize("name", NEVER_SHOWN)
def test_a_template_without_thoughts_has_the_same_prompt_where_they_are_forbidden(name: str) -> None:
    assert prompt(native(name, forbid_thoughts=True)) == prompt(native(name))


@pytest.mark.parametrize("name", ["qwen3", "qwen3_5_think", "gptoss", "gemma4_v5", "muse_glimmer", "lfm2_2_5_v2"])
def test_the_ids_of_a_thought_are_counted_and_no_others(name: str) -> None:
    template = native(name)
    reply, plain = (template.calls_ids([ADD], template.call_format, thought) for thought in (THOUGHT, ""))
    count = template.thought_tokens(reply, load_format("native"))
    assert THOUGHT in template.decode_reply(reply[:count])
    assert template.decode_reply(reply[count:]) == template.decode_reply(plain).removeprefix("\n</think>\n\n")
    assert template.thought_tokens(plain, load_format("native")) == 0


def test_a_reply_that_ends_within_a_thought_is_a_thought() -> None:
    opened, plain, harmony = native("qwen3_5_think"), native("qwen3"), native("gptoss")
    for template, text in (
        (opened, "First add"),
        (plain, "<think>\nFirst add"),
        (harmony, "<|channel|>analysis<|message|>First"),
        (harmony, "<|channel|>analysis<|message|>A<|end|><|start|>assistant<|channel|>analysis<|message|>B"),
    ):
        ids = template._tokenizer.encode(text, add_special_tokens=False)
        assert template.thought_tokens(ids, template.call_format) == len(ids)
        assert template.thought_tokens([*ids, template.stop_ids[-1]], template.call_format) == len(ids)
    ids = plain._tokenizer.encode("First add", add_special_tokens=False)
    assert plain.thought_tokens(ids, plain.call_format) == 0


def test_a_call_without_the_thought_that_a_header_opens_is_no_thought() -> None:
    template = native("qwen3_5_think")
    for text in ("hello", template.call_format.render([ADD])):
        ids = template.encode(text)
        expected = len(ids) if text == "hello" else 0
        assert template.thought_tokens(ids, template.call_format) == expected


def test_that_a_template_drops_earlier_thoughts_enters_the_prompts_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    drops = {name: native(name).drops_thoughts for name in ("qwen3", "gptoss", "gemma4", "muse_glimmer", "qwen2_5")}
    assert drops == {"qwen3": True, "gptoss": True, "gemma4": True, "muse_glimmer": False, "qwen2_5": False}
    for kind in (ChatTemplate, NativeTemplate):
        hashes = set()
        for kept in (False, True):
            template = kind(tokenizer_for("qwen3", TEMPLATES["qwen3"]))
            monkeypatch.setitem(template.__dict__, "drops_thoughts", kept)
            hashes.add(template.shown_hash(ASKED))
        assert len(hashes) == 2
    # Where it drops none, the hash is the one that older episodes hold.
    assert ChatTemplate(tokenizer_for("llama3", TEMPLATES["llama3"])).shown_hash(ASKED) == content_hash(*ASKED.parts)

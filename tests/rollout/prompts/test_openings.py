"""What stands before the first reply: the system's text, worked conversations, functions, the problem."""

import copy
import json
import re
from typing import Any

import msgspec
import pytest

from cluster.errors import RequestError
from rollout.config import EpisodeConfig
from rollout.formats import CallFormat, load_format
from rollout.problems import FamilyConfig, generate
from rollout.problems.worked import with_examples, work
from rollout.prompts.native_template import NativeTemplate, tools_of
from rollout.prompts.opening import Opening
from rollout.prompts.prompting import make_prompt
from rollout.prompts.template import ChatTemplate
from rollout.records import Call, Example, Problem, UserTurn
from rollout.toolboxes import load_toolbox
from tests.rollout.conversations import chat_template
from tests.rollout.prompts.native_models import TEMPLATES, tokenizer

FAMILY = FamilyConfig(family="arithmetic", difficulty=(2, 2), train=4, test=4)
CONFIG = EpisodeConfig(examples=2, system="You solve problems by calling functions.")
NATIVE = ("qwen2_5", "qwen3", "llama3_1", "llama3_2", "mistral_v3", "mistral_v7", "mistral_v11", "mistral_v13")
LATE_SYSTEM = ("mistral_v2", "mistral_v3")
"""Templates that put the system's message before the last user's: it stands in the first user's message instead."""


TWO_TURNS = Problem(
    id="two-turns",
    family="shop",
    split="train",
    template="t",
    text="What are 3 and 4 together?",
    toolbox="arithmetic#turns",
    gold="14",
    checker="numeric",
    gold_calls=(Call(name="add", arguments='{"a":3,"b":4}'), Call(name="finish", arguments="{}")),
    turns=(
        UserTurn(
            text="And twice that?",
            gold_calls=(Call(name="mul", arguments='{"a":7,"b":2}'), Call(name="finish", arguments='{"answer":14}')),
        ),
        UserTurn(text="And a third of it?", appear=("div",), gold_calls=(Call(name="finish", arguments="{}"),)),
    ),
    hidden=("div",),
)


@pytest.fixture(scope="module", params=["one turn", "two turns"])
def problem(request: pytest.FixtureRequest) -> Problem:
    made = with_examples(generate(FAMILY, "train"), FAMILY, "train", CONFIG)[0]
    if request.param == "one turn":
        return made
    return msgspec.structs.replace(made, toolbox="arithmetic#turns", examples=(work(TWO_TURNS), made.examples[1]))


def test_a_worked_conversation_has_the_turns_before_functions_come() -> None:
    worked = work(TWO_TURNS)
    assert [(turn.call.name, turn.result, turn.said) for turn in worked.turns] == [
        ("add", "7", ""), ("finish", "", "And twice that?"), ("mul", "14", ""), ("finish", "", "")
    ]  # fmt: skip
    broken = msgspec.structs.replace(TWO_TURNS.turns[0], gold_calls=TWO_TURNS.turns[0].gold_calls[:1])
    with pytest.raises(RequestError, match="its calls of turn 2 do not finish; end them with finish"):
        work(msgspec.structs.replace(TWO_TURNS, turns=(broken,)))


def test_what_a_prompt_without_further_turns_shows_keeps_its_hash() -> None:
    made = with_examples(generate(FAMILY, "train"), FAMILY, "train", CONFIG)[0]
    (_, _, shown) = Opening(examples=made.examples, text="asked").parts
    examples = [
        {
            "text": each.text,
            "turns": [{"call": msgspec.to_builtins(turn.call), "result": turn.result} for turn in each.turns],
        }
        for each in made.examples
    ]
    assert shown == json.dumps(examples, separators=(",", ":"), ensure_ascii=False)


def as_text(
    problem: Problem, call_format: CallFormat, system: str, result_role: str, late: bool
) -> list[dict[str, str]]:
    """The conversation of a prompt in plain roles, written down without the code that is tested."""
    messages: list[dict[str, str]] = []
    for example in problem.examples:
        messages.append({"role": "user", "content": example.text})
        for turn in example.turns:
            messages.append({"role": "assistant", "content": call_format.render([turn.call])})
            told = (
                {"role": "user", "content": turn.said} if turn.said else {"role": result_role, "content": turn.result}
            )
            messages.append(told)
        messages.pop()  # nothing follows the finishing call
    messages.append({"role": "user", "content": problem.text})
    if late:
        messages[0]["content"] = f"{system}\n\n{messages[0]['content']}"
        return messages
    return [{"role": "system", "content": system}, *messages]


@pytest.mark.parametrize("name", list(TEMPLATES))
def test_a_prompt_with_worked_conversations_is_what_the_template_itself_writes(name: str, problem: Problem) -> None:
    template, call_format = ChatTemplate(tokenizer(name)), load_format("json")
    prompt = make_prompt(problem, template, call_format, CONFIG)
    instructions = call_format.instructions(load_toolbox(problem.toolbox), CONFIG.verbosity)
    assert template.has_system_role == (name not in LATE_SYSTEM)
    messages = as_text(
        problem, call_format, f"{CONFIG.system}\n{instructions}", template.result_role.value, name in LATE_SYSTEM
    )
    theirs = tokenizer(name).apply_chat_template(
        messages, tokenize=False, add_generation_prompt=True, date_string="26 Jul 2024"
    )
    assert tokenizer(name).decode(prompt.ids) == theirs


@pytest.mark.parametrize("name", NATIVE)
def test_a_native_prompt_has_the_calls_as_the_template_itself_writes_them(name: str, problem: Problem) -> None:
    native = NativeTemplate(tokenizer(name))
    prompt = make_prompt(problem, native, native.call_format, CONFIG)
    messages: list[dict[str, Any]] = []
    for example in problem.examples:
        messages.append({"role": "user", "content": example.text})
        for turn in example.turns:
            function = {"name": turn.call.name, "arguments": json.loads(turn.call.arguments)}
            calls = [{"type": "function", "id": "abcdefgh0", "function": function}]
            messages.append({"role": "assistant", "content": "", "tool_calls": calls})
            if turn.said:
                messages.append({"role": "user", "content": turn.said})
                continue
            messages.append({"role": "tool", "content": turn.result, "tool_call_id": "abcdefgh0", "name": "add"})
        if native.closes_examples:
            messages.append({"role": "assistant", "content": "Done."})
        else:
            messages.pop()
    messages.append({"role": "user", "content": problem.text})
    if native.has_system_role:
        messages.insert(0, {"role": "system", "content": CONFIG.system})
    else:
        messages[0]["content"] = f"{CONFIG.system}\n\n{messages[0]['content']}"
    tools = tools_of(load_toolbox(problem.toolbox), CONFIG.verbosity)
    theirs = tokenizer(name).apply_chat_template(
        messages, tools=tools, tokenize=False, add_generation_prompt=True, date_string="26 Jul 2024"
    )
    ours = tokenizer(name).decode(prompt.ids)
    # Ids of calls are made here from the call and its place: they are the only difference.
    assert _without_ids(ours) == _without_ids(theirs)
    assert not native.closes_examples
    assert prompt.opening.text == problem.text


def _without_ids(text: str) -> str:
    mark = r'"(?:id|call_id)": ?"|\[CALL_ID\]|\[TOOL_RESULTS\] ?'
    return re.sub(rf"({mark})[A-Za-z0-9]{{9}}", r"\1", text)


STRICT = """{%- for message in messages -%}
{%- if message.tool_calls and not loop.last and messages[loop.index].role != "tool" -%}
{{ raise_exception("a result follows every call") }}{%- endif -%}
{%- if message.role == "tool" and not loop.last and messages[loop.index].role == "user" -%}
{{ raise_exception("a reply follows every result") }}{%- endif -%}
{%- endfor -%}"""


def test_a_strict_template_gets_a_result_and_a_reply_at_the_end_of_each_conversation(problem: Problem) -> None:
    made = copy.deepcopy(tokenizer("qwen2_5"))
    made.chat_template = STRICT + TEMPLATES["qwen2_5"]
    native = NativeTemplate(made)
    assert native.closes_examples
    text = made.decode(make_prompt(problem, native, native.call_format, CONFIG).ids)
    end = "<tool_response>\n\n</tool_response><|im_end|>\n<|im_start|>assistant\nDone.<|im_end|>\n<|im_start|>user\n"
    assert text.count(end) == 2 + sum(bool(turn.said) for each in problem.examples for turn in each.turns)
    assert text.endswith(f"{end}{problem.text}<|im_end|>\n<|im_start|>assistant\n")


def test_functions_are_said_once_and_the_problem_comes_last(problem: Problem) -> None:
    template = ChatTemplate(tokenizer("qwen2_5"))
    prompt = make_prompt(problem, template, load_format("json"), CONFIG)
    text = tokenizer("qwen2_5").decode(prompt.ids)
    assert text.count("add(a: int | float") == 1
    assert text.index(CONFIG.system) < text.index("add(a: int | float") < text.index(problem.examples[0].text)
    assert text.index(problem.examples[1].text) < text.index(problem.text)


def test_the_prompts_hash_covers_system_and_examples(problem: Problem) -> None:
    template, call_format = ChatTemplate(tokenizer("qwen2_5")), load_format("json")
    bare = msgspec.structs.replace(problem, examples=())
    other = with_examples([bare], FAMILY, "train", CONFIG.model_copy(update={"examples": 3}))[0]
    hashes = {
        make_prompt(each, template, call_format, config).hash
        for each in (problem, bare, other)
        for config in (CONFIG, CONFIG.model_copy(update={"system": "Another."}))
    }
    assert len(hashes) == 6


def test_functions_that_examples_call_are_shown_whatever_is_retrieved(problem: Problem) -> None:
    template, call_format = ChatTemplate(tokenizer("qwen2_5")), load_format("json")
    config = CONFIG.model_copy(update={"retrieve": 0})
    prompt = make_prompt(problem, template, call_format, config)
    called = {turn.call.name for example in problem.examples for turn in example.turns}
    assert set(prompt.shown) == called
    bare = make_prompt(msgspec.structs.replace(problem, examples=()), template, call_format, config)
    assert bare.shown == ("finish",)


def test_a_prompt_without_system_and_examples_is_one_users_message() -> None:
    (plain, *_) = generate(FAMILY, "train")
    prompt = make_prompt(plain, ChatTemplate(tokenizer("qwen2_5")), load_format("json"), EpisodeConfig())
    assert (prompt.opening.system, prompt.opening.examples) == ("", ())
    assert prompt.opening.text.endswith(f"\n{plain.text}")


def test_an_example_is_a_record_of_its_own() -> None:
    (problem, *_) = with_examples(generate(FAMILY, "train"), FAMILY, "train", CONFIG)
    packed = msgspec.msgpack.encode(problem.examples)
    assert msgspec.msgpack.decode(packed, type=tuple[Example, ...]) == problem.examples


def test_a_problems_own_system_text_stands_behind_the_recipes(problem: Problem) -> None:
    """In the system's message, and the prompt's hash covers it."""
    template, call_format = chat_template(), load_format("json")
    ours = msgspec.structs.replace(problem, system="Cancel nothing without a yes.")
    bare = CONFIG.model_copy(update={"system": ""})
    for config, begins in ((CONFIG, f"{CONFIG.system}\nCancel nothing without a yes.\n"), (bare, "Cancel nothing")):
        prompt = make_prompt(ours, template, call_format, config)
        assert prompt.opening.system.startswith(begins)
        assert "Cancel nothing" not in prompt.opening.text
        assert prompt.hash != make_prompt(problem, template, call_format, config).hash

"""Rows of every form and call format: no side is swapped, calls are structured, and OpenAI's types take them."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from transformers import AutoTokenizer

from cluster.engine.model_source import local_tokenizer
from pipeline.export.conversations import call_messages, call_steps
from pipeline.export.rows import FORMS, Pair, pair_rows
from pipeline.run.folder import Run
from pipeline.run.models import model_source
from rollout.data import layout
from rollout.data.shards import read_rows
from rollout.records import Outcome, PreferenceGroup
from tests.pipeline.export.openai_types import check_conversation, check_row
from tests.pipeline.export.runs import PROSE, scripted_run

RUNS = (
    *((name, "plain") for name in ("json", "python", "hermes", "mistral", "mistral_args", "llama")),
    *(("native", template) for template in ("qwen2_5", "qwen3", "llama3_1", "mistral_v3", "mistral_v13")),
)
WRONG = str(10**6)
"""What only wrong chains answer."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Run]:
    """The run with a call format and a chat template, made once."""
    folder, made = tmp_path_factory.mktemp("runs"), {}

    def run(call_format: str, template: str) -> Run:
        key = (call_format, template)
        if key not in made:
            made[key] = scripted_run(folder / f"{call_format}-{template}", call_format, template)
        return made[key]

    return run


@pytest.mark.parametrize(("call_format", "template"), RUNS)
def test_openai_types_take_every_row(call_format: str, template: str, runs: Callable[[str, str], Run]) -> None:
    pairs = [*pair_rows(runs(call_format, template), "openai", 0)]
    assert pairs
    for pair in pairs:
        check_row(pair.row)
        names = [tool["function"]["name"] for tool in pair.row["input"]["tools"]]
        assert {"add", "sub", "mul", "div", "finish"} <= set(names)
        assert pair.row["input"]["messages"][0]["content"] == pair.problem.text
    history = [message for pair in pairs for message in pair.row["input"]["messages"]]
    assert {"user", "assistant", "tool"} == {message["role"] for message in history}
    sides = [pair.row[side][0] for pair in pairs for side in ("preferred_output", "non_preferred_output")]
    assert any("tool_calls" in message for message in sides)
    parallel = call_format != "llama" and template != "llama3_1"
    assert {pair.row["input"]["parallel_tool_calls"] for pair in pairs} == {parallel}
    assert any(len(message.get("tool_calls", ())) == 2 for message in sides) == parallel


@pytest.mark.parametrize(("call_format", "template"), [("json", "plain"), ("native", "qwen3")])
@pytest.mark.parametrize("form", FORMS)
def test_the_right_chain_is_the_preferred_one(
    form: str, call_format: str, template: str, runs: Callable[[str, str], Run]
) -> None:
    chosen, rejected = ("preferred_output", "non_preferred_output") if form == "openai" else ("chosen", "rejected")
    pairs = [*pair_rows(runs(call_format, template), form, 0)]
    assert not any(WRONG in json.dumps(pair.row[chosen]) for pair in pairs)
    assert any(WRONG in json.dumps(pair.row[rejected]) for pair in pairs)
    for pair in pairs:
        assert (pair.right.outcome, pair.wrong.outcome) == (Outcome.RIGHT, Outcome.WRONG)
        assert pair.right.problem_id == pair.wrong.problem_id == pair.problem.id


@pytest.mark.parametrize(("call_format", "template"), [("json", "plain"), ("native", "qwen3")])
def test_whole_chains_are_whole(call_format: str, template: str, runs: Callable[[str, str], Run]) -> None:
    for pair in pair_rows(runs(call_format, template), "trl", 0):
        for side, episode in (("chosen", pair.right), ("rejected", pair.wrong)):
            replies = [message for message in pair.row[side] if message["role"] == "assistant"]
            assert len(replies) == len(episode.steps)
            # What comes back from the last step is not part of the chain: nothing is written after it.
            assert pair.row[side][-1] == replies[-1]
            told = [message["content"] for message in pair.row[side] if message["role"] != "assistant"]
            came = [result.content for step in episode.steps[:-1] for result in step.results]
            assert "\n".join(told) == "\n".join(came)
        (asked,) = pair.row["prompt"]
        assert asked == {"role": "user", "content": pair.right.prompt_text}


@pytest.mark.parametrize("form", ["openai", "sharegpt"])
def test_a_mistake_is_never_preferred_though_its_chain_was_right(form: str, runs: Callable[[str, str], Run]) -> None:
    side = {"openai": "preferred_output", "sharegpt": "chosen"}[form]
    rows = [pair.row for pair in pair_rows(runs("json", "plain"), form, 0)]
    assert not any(PROSE in json.dumps(row[side]) for row in rows)
    whole = [pair.row for pair in pair_rows(runs("json", "plain"), "trl", 0)]
    assert any(PROSE in json.dumps(row["chosen"]) for row in whole)


def test_a_reply_without_a_call_is_answered_as_each_reader_takes_it(runs: Callable[[str, str], Run]) -> None:
    run = runs("native", "qwen3")
    of_templates = [pair.row["chosen"] for pair in pair_rows(run, "trl", 0)]
    after = [chain[1] for chain in of_templates if chain[0]["content"] == PROSE]
    assert {message["role"] for message in after} == {"tool"}
    assert all(message["content"].startswith("Error: the reply holds no call") for message in after)
    for pair in pair_rows(run, "trl", 0):
        said = [*call_steps(pair.right)]
        if said[0][0].text == PROSE:
            messages = [message for step in said for turn in step for message in call_messages(turn, True)]
            assert [message["role"] for message in messages[:3]] == ["assistant", "user", "assistant"]
            check_conversation([{"role": "user", "content": ""}, *messages])


@pytest.mark.parametrize("form", FORMS)
def test_pairs_follow_the_groups_rule(form: str, tmp_path: Path) -> None:
    all_of, of = {}, {}
    for kind in ("chains", "matched", "steps"):
        run = scripted_run(tmp_path / f"{form}-{kind}", "json", "plain", f"groups.pairs={kind}")
        groups = [*read_rows(PreferenceGroup, run.ledger(layout.groups(run.student)))]
        all_of[kind] = sum(len(group.right) * len(group.wrong) for group in groups)
        of[kind] = [*pair_rows(run, form, 0)]
        capped = [*pair_rows(run, form, 1)]
        assert [pair.row for pair in capped] == [*{pair.problem.id: pair.row for pair in reversed(of[kind])}.values()][
            ::-1
        ]
    fewest = {group.problem_id: min(len(group.right), len(group.wrong)) for group in groups}
    if form == "trl":
        assert len(of["chains"]) == all_of["chains"]
        assert len(of["matched"]) == sum(fewest.values())
        assert all(len(pair.row["chosen"]) == len(pair.row["rejected"]) == 1 for pair in of["steps"])
    assert 0 < len(of["matched"]) < len(of["chains"])
    assert 0 < len(of["steps"]) <= len(of["chains"])


@pytest.mark.parametrize(("call_format", "template"), [("json", "plain"), ("native", "qwen3")])
def test_calls_are_text_where_the_prompt_described_the_functions_and_structured_where_a_template_showed_them(
    call_format: str, template: str, runs: Callable[[str, str], Run]
) -> None:
    native = call_format == "native"
    run = runs(call_format, template)
    for pair in pair_rows(run, "trl", 0):
        assert ("tools" in pair.row) == native
        asked, *history = pair.row["prompt"]
        assert (asked, history) == ({"role": "user", "content": pair.right.prompt_text}, [])
        replies = [one for side in ("chosen", "rejected") for one in pair.row[side] if one["role"] == "assistant"]
        assert native or not any("tool_calls" in reply for reply in replies)
        assert any("tool_calls" in reply for reply in pair.row["rejected"]) == native
    for pair in pair_rows(run, "sharegpt", 0):
        assert ("tools" in pair.row) == native
        asked, *history = pair.row["conversations"]
        assert asked == {"from": "human", "value": pair.right.prompt_text}
        assert {message["from"] for message in history[::2]} <= {"gpt", "function_call"}
        assert {message["from"] for message in history[1::2]} <= {"observation"}
        assert (pair.row["rejected"]["from"] == "function_call") == native
    named = [json.loads(pair.row["tools"]) for pair in pair_rows(run, "sharegpt", 0) if native]
    assert all({"add", "finish"} <= {tool.get("function", tool)["name"] for tool in tools} for tools in named)


@pytest.mark.parametrize(("call_format", "template"), [("json", "plain"), ("native", "qwen3")])
@pytest.mark.parametrize("most", [1, 2])
def test_several_calls_at_once_are_allowed_where_the_run_allowed_them(
    call_format: str, template: str, most: int, tmp_path: Path
) -> None:
    run = scripted_run(tmp_path / "run", call_format, template, f"episodes.calls.max_calls={most}")
    rows = [pair.row for pair in pair_rows(run, "openai", 0)]
    assert {row["input"]["parallel_tool_calls"] for row in rows} == {most == 2}


def broken(row: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """The row with another value at the path, or without it where the value is `...`."""
    whole: dict[str, Any] = copy.deepcopy(row)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    at: Any = whole
    for part in parents:
        at = at[part]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return whole


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("input.messages.2.tool_call_id", ...),
        ("input.messages.2.name", "mul"),
        ("input.messages.1.tool_calls.0.id", ...),
        ("input.messages.1.tool_calls.0.type", "code"),
        ("input.messages.1.tool_calls.0.function.arguments", {"a": 18, "b": 8}),
        ("input.messages.1.tool_calls.0.function.name", None),
        ("input.messages.1.role", "tool"),
        ("input.messages.0.content", ...),
        ("input.tools.0.type", ...),
        ("input.tools", "[]"),
        ("preferred_output.0.role", "user"),
        ("preferred_output.0.tool_calls.0.function.parameters", {}),
        ("non_preferred_output", ...),
        ("chosen", []),
    ],
)
def test_openai_types_refuse_what_is_broken(path: str, value: object, runs: Callable[[str, str], Run]) -> None:
    pairs = pair_rows(runs("native", "qwen3"), "openai", 0)
    row = next(pair.row for pair in pairs if len(pair.row["input"]["messages"]) == 3)
    check_row(row)
    with pytest.raises(ValidationError):
        check_row(broken(row, path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("input.messages.2.tool_call_id", "000000000"),
        ("input.messages.1.tool_calls.0.function.arguments", "[1]"),
        ("preferred_output.0.tool_calls.0.id", "same as in the history"),
    ],
)
def test_what_the_api_alone_would_refuse_is_found(path: str, value: str, runs: Callable[[str, str], Run]) -> None:
    pairs: list[Pair] = [*pair_rows(runs("native", "qwen3"), "openai", 0)]
    row = next(pair.row for pair in pairs if len(pair.row["input"]["messages"]) == 3)
    if value.startswith("same"):
        value = row["input"]["messages"][1]["tool_calls"][0]["id"]
    with pytest.raises(AssertionError):
        check_row(broken(row, path, value))


OPENED = ("episodes.examples=2", "episodes.system=Solve problems with functions.")


@pytest.mark.parametrize(
    ("call_format", "template"), [("json", "plain"), ("native", "qwen3"), ("native", "mistral_v13")]
)
def test_worked_conversations_stand_before_the_problem_in_every_form(
    call_format: str, template: str, tmp_path: Path
) -> None:
    run = scripted_run(tmp_path / "run", call_format, template, *OPENED)
    for form in FORMS:
        pairs = [*pair_rows(run, form, 1)]
        assert pairs
        for pair in pairs:
            row, examples = pair.row, pair.problem.examples
            messages = row["input"]["messages"] if form == "openai" else row.get("prompt") or row["conversations"]
            texts = [message.get("content", message.get("value")) for message in messages]
            assert [texts.index(example.text) for example in examples] == sorted(
                texts.index(example.text) for example in examples
            )
            assert texts.index(examples[-1].text) < max(
                at for at, text in enumerate(texts) if text and text.endswith(pair.problem.text)
            )
            assert texts[0].startswith("Solve problems with functions.")
            if form == "openai":
                check_row(row)
                assert texts[0] == "Solve problems with functions."
                assert messages[0]["role"] == "system"


@pytest.mark.parametrize(("call_format", "template"), [("json", "plain"), ("native", "qwen3")])
def test_trls_prompt_is_rendered_as_the_one_that_the_teacher_read(
    call_format: str, template: str, tmp_path: Path
) -> None:
    run = scripted_run(tmp_path / "run", call_format, template, *OPENED)
    tokenizer = AutoTokenizer.from_pretrained(local_tokenizer(model_source(run, "base")))
    for pair in pair_rows(run, "trl", 1):
        text = tokenizer.apply_chat_template(
            pair.row["prompt"], tools=pair.row.get("tools"), tokenize=False, add_generation_prompt=True
        )
        assert text == tokenizer.decode(pair.right.prompt_ids)

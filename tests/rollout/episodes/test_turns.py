"""Episodes of several user turns: what the model reads, what ends a turn, limits, functions that come and go."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest

from cluster.engine.scripted import ScriptedConfig, ScriptedEngine
from cluster.errors import RequestError
from rollout.config import EpisodeConfig
from rollout.episodes.episode import SampleSpec, run_episode
from rollout.episodes.replay import Repeated, judge_again
from rollout.formats import load_format
from rollout.prompts.prompting import make_prompt
from rollout.prompts.rendering import shown_toolbox
from rollout.records import Call, Episode, ErrorCode, Example, ExampleTurn, Outcome, Problem, StopReason, UserTurn
from tests.rollout.conversations import chat_template, player, setting

TURNS = Problem(
    id="shop-test-1",
    family="shop",
    split="test",
    template="t",
    text="What are 3 and 4 together?",
    toolbox="arithmetic#turns",
    gold="14",
    checker="numeric",
    turns=(UserTurn(text="And twice that?"), UserTurn(text="Say it again.")),
)
DONE = '{"name":"finish","arguments":{}}'
ADD, TWICE = '{"name":"add","arguments":{"a":3,"b":4}}', '{"name":"mul","arguments":{"a":7,"b":2}}'
LAST = '{"name":"finish","arguments":{"answer":14}}'
REPLIES = (ADD, DONE, TWICE, DONE, LAST)


def play(
    replies: Sequence[str],
    problem: Problem = TURNS,
    config: EpisodeConfig | None = None,
    call_format: str = "json",
) -> Episode:
    return play_with(replies, call_format, 0, problem, config or EpisodeConfig(max_failed_steps=1, max_steps=8))


def play_with(
    replies: Sequence[str],
    call_format: str,
    first: int,
    problem: Problem = TURNS,
    config: EpisodeConfig | None = None,
) -> Episode:
    """The episode of a model that writes these replies; `first` is the first id of its tokenizer."""
    template = chat_template(first)
    made = replace(
        setting(lambda _, step: replies[step], episode=config),
        engine=player(lambda _, step: replies[step], template, ScriptedConfig()),
        template=template,
        call_format=load_format(call_format),
    )
    return asyncio.run(run_episode(problem, SampleSpec(sample=0, temperature=1.0), made))


def read(episode: Episode) -> str:
    """All that the model read and wrote, as text."""
    ids = [*episode.prompt_ids, *(i for step in episode.steps for i in (*step.token_ids, *step.feedback_ids))]
    return str(chat_template()._tokenizer.decode(ids))


def test_the_user_speaks_when_the_model_has_ended_its_turn() -> None:
    episode = play(REPLIES)
    assert (episode.outcome, episode.stop, episode.answer) == (Outcome.RIGHT, StopReason.FINISHED, "14")
    assert [step.turn for step in episode.steps] == [0, 0, 1, 1, 2]
    assert episode.said == ("And twice that?", "Say it again.")
    assert episode.steps[1].results[0].content == "null"
    assert read(episode).endswith(
        "What are 3 and 4 together?<|end|><|assistant|>"
        f"{ADD}<|end|><|tool|>7<|end|><|assistant|>{DONE}<|end|><|user|>And twice that?<|end|><|assistant|>"
        f"{TWICE}<|end|><|tool|>14<|end|><|assistant|>{DONE}<|end|><|user|>Say it again.<|end|><|assistant|>"
        f"{LAST}<|end|>"
    )


def test_what_was_called_with_the_end_of_a_turn_is_told_with_the_next_message() -> None:
    both = f"[{ADD},{DONE}]"
    episode = play((both, DONE, LAST))
    assert "<|end|><|user|>7\nAnd twice that?<|end|>" in read(episode)
    refused = play((f"[{DONE},{ADD}]", DONE, LAST))
    assert refused.steps[0].errors == (ErrorCode.WRONG_COUNT,)
    assert "the answer is given already; call nothing more\nAnd twice that?" in read(refused)


@pytest.mark.parametrize(
    ("config", "replies", "stop", "steps"),
    [
        ({"max_steps": 4}, REPLIES, StopReason.STEP_LIMIT, 4),
        ({"max_steps": 9, "max_turn_steps": 2}, (ADD, DONE, TWICE, TWICE), StopReason.STEP_LIMIT, 4),
        ({"max_steps": 9, "max_turn_steps": 2}, REPLIES, StopReason.FINISHED, 5),
        ({"max_steps": 9, "max_failed_steps": 1}, (DONE, "no call", DONE, "no call"), StopReason.FAILED_CALLS, 4),
        ({"max_failed_steps": 0}, (f"[{DONE},{ADD}]",), StopReason.FAILED_CALLS, 1),
    ],
)
def test_limits_hold_in_a_turn_and_in_all(
    config: dict[str, int], replies: Sequence[str], stop: StopReason, steps: int
) -> None:
    episode = play(replies, config=EpisodeConfig.model_validate(config))
    assert (episode.stop, len(episode.steps)) == (stop, steps)
    if stop is not StopReason.FINISHED:
        assert (episode.answer, episode.outcome is Outcome.RIGHT) == (None, False)


def test_an_answer_of_an_earlier_turn_is_no_answer() -> None:
    """The gold answer, given one turn too early by an episode that goes no further, is not right."""
    right_early = (LAST, *["no call"] * 3)
    episode = play(right_early)
    assert (episode.outcome, episode.answer, episode.error) == (Outcome.WRONG, None, ErrorCode.NOT_A_CALL)
    cut_off = play((LAST,), config=EpisodeConfig(max_steps=1))
    assert (cut_off.outcome, cut_off.answer) == (Outcome.TRUNCATED, None)


@pytest.mark.parametrize("call_format", ["hermes", "mistral", "mistral_args", "llama"])
def test_a_text_ends_a_turn_in_the_forms_of_models(call_format: str) -> None:
    episode = play(("They are 7.", "Twice is 14.", "14"), call_format=call_format)
    assert (episode.outcome, episode.answer) == (Outcome.RIGHT, '"14"')
    assert [step.turn for step in episode.steps] == [0, 1, 2]
    assert [step.results[0].content for step in episode.steps] == ['"They are 7."', '"Twice is 14."', '"14"']
    assert episode.failed_steps == 0


@pytest.mark.parametrize("call_format", ["json", "python"])
def test_elsewhere_a_text_is_a_mistake(call_format: str) -> None:
    episode = play(("They are 7.", "Twice is 14."), call_format=call_format)
    assert (episode.stop, episode.error) == (StopReason.FAILED_CALLS, ErrorCode.NOT_A_CALL)
    assert episode.said == ()


@pytest.mark.parametrize("reply", ["", "  ", "<think>They are 7.", "<think>They are 7.</think>", "A <tool_call>{}"])
def test_what_says_nothing_to_the_user_ends_no_turn(reply: str) -> None:
    episode = play((reply, reply), call_format="hermes")
    assert episode.stop is StopReason.FAILED_CALLS
    assert [step.turn for step in episode.steps] == [0, 0]


def test_a_thought_is_no_part_of_what_the_user_reads() -> None:
    episode = play(("<think>3 + 4</think>They are 7.", "a", "14"), call_format="hermes")
    assert episode.steps[0].results[0].content == '"They are 7."'


def test_a_text_ends_nothing_where_the_problem_is_no_conversation() -> None:
    episode = play(("They are 7.",) * 2, msgspec.structs.replace(TURNS, toolbox="arithmetic"), call_format="hermes")
    assert (episode.stop, episode.error) == (StopReason.FAILED_CALLS, ErrorCode.NOT_A_CALL)


def test_stop_ends_a_turn_with_the_last_result_of_this_turn() -> None:
    episode = play(("add(3, 4)", "Stop()", "Stop()", "mul(7, 2)", "Stop()"), call_format="python")
    assert [step.results[0].content for step in episode.steps] == ["7", "7", "null", "14", "14"]
    assert episode.outcome is Outcome.RIGHT


def test_functions_come_and_go_between_turns() -> None:
    later = (
        UserTurn(text="Multiply them.", appear=("mul",)),
        UserTurn(text="", vanish=("mul", "add")),
    )
    problem = msgspec.structs.replace(TURNS, hidden=("mul", "div"), turns=later)
    episode = play((TWICE, DONE, TWICE, DONE, TWICE, LAST), problem, EpisodeConfig(max_failed_steps=3))
    assert [step.errors for step in episode.steps] == [
        (ErrorCode.UNKNOWN_FUNCTION,),
        (),
        (),
        (),
        (ErrorCode.UNKNOWN_FUNCTION,),
        (),
    ]
    assert episode.shown == ("add", "sub", "finish")
    assert "mul(" not in episode.prompt_text
    assert episode.said[0].startswith("More functions can be called now.\n")
    assert "mul(a:" in episode.said[0]
    assert "add(" not in episode.said[0]
    assert episode.said[0].endswith("\nMultiply them.")
    assert episode.said[1] == "These functions can be called no more: mul, add."


def test_retrieval_chooses_among_the_functions_of_the_first_turn() -> None:
    later = (UserTurn(text="Multiply them.", appear=("mul",)),)
    problem = msgspec.structs.replace(TURNS, toolbox="arithmetic#turns+20@3", hidden=("mul", "div"), turns=later)
    config = EpisodeConfig(retrieve=3)
    episode = play((TWICE, DONE, TWICE, LAST), problem, config)
    assert [step.failed for step in episode.steps] == [True, False, False, False]
    assert len(episode.shown) == 4
    assert not {"mul", "div"} & {*episode.shown}
    assert shown_toolbox(episode).hash == episode.provenance.toolbox_hash
    worked = Example(text="2 x 3?", turns=(ExampleTurn(call=Call(name="mul", arguments='{"a":2,"b":3}'), result="6"),))
    shows = play((DONE, LAST), msgspec.structs.replace(problem, examples=(worked,)), config)
    assert "mul" not in shows.shown, "not even where a worked conversation calls it"


def test_the_prompts_hash_covers_later_turns_and_is_the_old_one_without_them() -> None:
    made = setting(lambda _, step: DONE)
    config = EpisodeConfig()

    def hash_of(problem: Problem) -> str:
        return make_prompt(problem, made.template, made.call_format, config).hash

    alone = msgspec.structs.replace(TURNS, turns=())
    assert hash_of(TURNS) != hash_of(alone)
    opening = make_prompt(alone, made.template, made.call_format, config).opening
    assert hash_of(alone) == made.template.shown_hash(opening)


@pytest.mark.parametrize(
    ("problem", "what"),
    [
        ({"hidden": ("nothing",)}, "'nothing' comes or goes in a turn, and is none of its functions"),
        ({"turns": (UserTurn(text="x", appear=("pow",)),)}, "'pow' comes or goes in a turn"),
        ({"turns": (UserTurn(text="x", vanish=("finish",)),)}, "'finish' comes or goes in a turn, and ends turns"),
        ({"turns": (UserTurn(text=""),)}, "in turn 2 nothing is said"),
    ],
)
def test_turns_that_do_not_fit_the_toolbox_are_refused(problem: dict[str, object], what: str) -> None:
    with pytest.raises(RequestError, match=what):
        play((DONE,), msgspec.structs.replace(TURNS, **problem))


def test_turns_survive_storage() -> None:
    assert msgspec.json.decode(msgspec.json.encode(TURNS), type=Problem) == TURNS
    old = json.loads(msgspec.json.encode(msgspec.structs.replace(TURNS, turns=())))
    for field in ("turns", "hidden"):
        del old[field]
    assert msgspec.convert(old, Problem).all_text == TURNS.text


def test_the_engine_is_asked_with_the_very_ids_that_records_hold() -> None:
    seen: list[list[int]] = []
    template = chat_template()

    def script(prompt: Sequence[int], request_id: str) -> Sequence[int]:
        seen.append(list(prompt))
        return template.encode_reply(REPLIES[int(request_id.rsplit(".", 1)[1])])

    made = replace(setting(lambda _, step: DONE), engine=ScriptedEngine(script))
    episode = asyncio.run(run_episode(TURNS, SampleSpec(sample=0, temperature=1.0), made))
    ids = list(episode.prompt_ids)
    for asked, step in zip(seen, episode.steps, strict=True):
        assert asked == ids
        ids += [*step.token_ids, *step.feedback_ids]


@pytest.mark.parametrize("call_format", ["json", "hermes"])
@pytest.mark.parametrize(
    "replies",
    [REPLIES, (DONE, ADD, DONE, LAST), (LAST, *["<tool_call>"] * 3), (TWICE, DONE, "<think>", DONE, TWICE, LAST)],
)
def test_a_stored_conversation_is_judged_as_it_was(replies: Sequence[str], call_format: str) -> None:
    form = load_format(call_format)
    written = [form.render(load_format("json").parse(text)) if text[0] == "{" else text for text in replies]
    later = (UserTurn(text="And twice that?", vanish=("add",)), UserTurn(text="Again.", appear=("div",)))
    problem = msgspec.structs.replace(TURNS, hidden=("div",), turns=later)
    episode = play(written, problem, EpisodeConfig(max_failed_steps=2), call_format)
    judged = judge_again(problem, episode, form, EpisodeConfig().calls)
    assert (judged.repeated, judged.difference, judged.episode) == (Repeated.SAME, "", episode)


def test_an_earlier_turns_answer_is_none_either_when_it_is_given_anew() -> None:
    """Today's toolbox answers otherwise than the stored one did, and the gold answer was given one turn too early."""
    episode = play((LAST,), config=EpisodeConfig(max_steps=1))
    other = msgspec.structs.replace(episode.steps[0].results[0], content="15")
    stored = msgspec.structs.replace(episode, steps=(msgspec.structs.replace(episode.steps[0], results=(other,)),))
    judged = judge_again(TURNS, stored, load_format("json"), EpisodeConfig().calls)
    assert (judged.repeated, judged.episode.outcome) == (Repeated.RESULT, Outcome.INFRASTRUCTURE)
    last = msgspec.structs.replace(TURNS, turns=())
    assert judge_again(last, stored, load_format("json"), EpisodeConfig().calls).episode.outcome is Outcome.RIGHT

"""Help in prompts: what it is made of, where it stands, and that it stays out of what is scored and learnt from."""

import asyncio
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from benchmarks.virtual_time import VirtualLoop
from cluster.errors import CorruptionError, RequestError
from rollout.config import EpisodeConfig, GroupsConfig, HelpConfig
from rollout.episodes.episode import SampleSpec, run_episode
from rollout.formats import load_format
from rollout.groups import build_group, with_taught
from rollout.help import can_help, helped
from rollout.helped_chains import Helped, LeftOut, helped_chains, left_out
from rollout.hosts.work import EpisodeWork, ServedModel
from rollout.problems import generate
from rollout.problems.config import FamilyConfig
from rollout.prompts.prompting import make_prompt
from rollout.records import Call, Episode, Outcome, Problem, Producer
from tests.rollout.conversations import ADDITION, RIGHT, WRONG, chat_template, setting

TRAIN = generate(FamilyConfig(family="arithmetic", train=8, test=0, difficulty=(1, 1)), "train")
GOLD = (Call(name="add", arguments='{"a":3,"b":4}'), Call(name="finish", arguments='{"answer":7}'))
KNOWN = msgspec.structs.replace(ADDITION, gold_calls=GOLD)
ALL = HelpConfig(examples=2, documentation=True, text="Add what is got.", calls="all", answer=True)
NAMES = EpisodeConfig(verbosity="names", max_failed_steps=1, max_steps=6)


def play(problem: Problem, replies: tuple[str, ...], sample: int = 0) -> Episode:
    made = setting(lambda _, step: replies[step], episode=NAMES)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(run_episode(problem, SampleSpec(sample=sample, temperature=1.0), made))


def shown(problem: Problem) -> str:
    template = chat_template()
    prompt = make_prompt(problem, template, load_format("json"), NAMES)
    return template.decode_reply(prompt.ids)


@pytest.mark.parametrize(
    ("config", "kinds", "says"),
    [
        ({"examples": 2}, ("examples",), [TRAIN[0].toolbox]),
        ({"documentation": True}, ("documentation",), ["these are the functions in full", '"description"']),
        ({"text": " Add what is got. "}, ("text",), ["Hint: Add what is got.\n"]),
        ({"calls": "names"}, ("calls",), ["in this order: add."]),
        ({"calls": "all"}, ("calls",), ['in this order: add {"a":3,"b":4}.']),
        ({"answer": True}, ("answer",), ["Hint: the right answer is 7."]),
    ],
)
def test_each_kind_of_help_stands_before_the_problem(
    config: dict[str, Any], kinds: tuple[str, ...], says: list[str]
) -> None:
    plain, aided = shown(KNOWN), helped(KNOWN, HelpConfig(**config), TRAIN)
    assert aided.help is not None
    assert aided.help.kinds == kinds
    text = shown(aided)
    if config.get("examples"):
        assert [example.text in text for example in aided.examples] == [True, True]
        assert all(example.text != KNOWN.text for example in aided.examples)
    else:
        assert all(part in text and part not in plain for part in says)
    assert text.endswith(f"{KNOWN.text}<|end|><|assistant|>"), "it ends as it does without help"
    assert plain.endswith(f"{KNOWN.text}<|end|><|assistant|>")
    assert (aided.id, aided.text, aided.gold) == (KNOWN.id, KNOWN.text, KNOWN.gold)


def test_help_that_nobody_can_give_is_refused() -> None:
    with pytest.raises(ValidationError, match="help shows nothing; set examples"):
        HelpConfig()
    with pytest.raises(RequestError, match=r"help.examples = 20: only 8 other train problems have gold calls"):
        helped(KNOWN, HelpConfig(examples=20), TRAIN)
    unknown = msgspec.structs.replace(ADDITION, gold="", checker="world")
    assert not can_help(unknown, HelpConfig(calls="all", answer=True))
    with pytest.raises(RequestError, match="nothing is known that help"):
        helped(unknown, HelpConfig(calls="all", answer=True), TRAIN)
    assert can_help(unknown, HelpConfig(calls="all", text="t"))


def test_nothing_that_is_scored_shows_help() -> None:
    model = ServedModel(name="m", source="s", producer=Producer(model="m", revision="0", licence="l"))
    problem = helped(KNOWN, HelpConfig(answer=True), TRAIN)
    made: dict[str, Any] = {"unit": "u", "prefix": "scores", "model": model, "samples": (0,), "temperature": 0.0}
    EpisodeWork(problems=(problem,), **made)
    EpisodeWork(problems=(KNOWN,), suite="arithmetic", **made)
    with pytest.raises(ValueError, match=f"an attempt that is scored would have help .{problem.id}."):
        EpisodeWork(problems=(KNOWN, problem), suite="arithmetic", **made)


def test_a_prompt_with_help_is_learnt_on_by_nothing() -> None:
    aided = play(helped(KNOWN, ALL, TRAIN), RIGHT)
    assert aided.help == ("examples", "documentation", "text", "calls", "answer")
    assert "the right answer is 7" in aided.prompt_text
    with pytest.raises(CorruptionError, match=r"its prompt shows help \(examples, documentation"):
        build_group([aided], "tiny", chat_template(), GroupsConfig())
    with pytest.raises(CorruptionError, match="would be learnt from"):
        build_group([play(KNOWN, RIGHT), aided], "tiny", chat_template(), GroupsConfig())


def test_a_chain_with_help_is_learnt_on_the_prompt_without_it() -> None:
    own, aided = play(KNOWN, WRONG), play(helped(KNOWN, ALL, TRAIN), RIGHT, sample=5)
    group = build_group([own], "tiny", chat_template(), GroupsConfig())
    assert group is not None
    chains, became = helped_chains([aided], own, chat_template(), GOLD[:1])
    assert became == Helped(taken=1)
    joined = with_taught(group, chains, "helped")
    assert joined is not None
    assert joined.prompt_ids == own.prompt_ids != aided.prompt_ids
    assert "Hint" not in chat_template().decode_reply(joined.prompt_ids)
    (right,) = joined.right
    steps = aided.steps
    assert right.token_ids == (*steps[0].token_ids, *steps[0].feedback_ids, *steps[1].token_ids)
    assert (right.helped_episodes, right.episodes, right.logprobs) == ((5,), (), ()), "they were another prompt's"
    assert [chain.episodes for chain in joined.wrong] == [(0,)]


def test_wrong_chains_with_help_are_none_of_any_group() -> None:
    own, aided = play(KNOWN, WRONG), play(helped(KNOWN, ALL, TRAIN), WRONG, sample=5)
    assert helped_chains([aided], own, chat_template(), GOLD[:1]) == ([], Helped())


FINISH = '{"name":"finish","arguments":{"answer":7}}'
TELLS = HelpConfig(answer=True)


@pytest.mark.parametrize(
    ("config", "replies", "why"),
    [
        (TELLS, (FINISH,), LeftOut.ANSWER_TOLD),
        (TELLS, ('{"name":"add","arguments":{"a":1,"b":1}}', FINISH), LeftOut.ANSWER_TOLD),
        (TELLS, RIGHT, None),
        (TELLS, ('{"name":"sub","arguments":{"a":9,"b":2}}', FINISH), None),  # its own call came to it
        (HelpConfig(calls="names"), (FINISH,), None),  # it was not told the answer
        (HelpConfig(calls="names"), ("The Hint says add.", *RIGHT), LeftOut.HELP_MENTIONED),
        (HelpConfig(calls="names"), ("hinterland", *RIGHT), None),
    ],
)
def test_what_depends_on_the_help_is_left_out(
    config: HelpConfig, replies: tuple[str, ...], why: LeftOut | None
) -> None:
    aided = play(helped(KNOWN, config, TRAIN), replies)
    assert aided.outcome is Outcome.RIGHT
    assert left_out(aided, play(KNOWN, WRONG), chat_template(), GOLD[:1]) is why


def test_gold_calls_stand_for_an_answer_that_is_no_result() -> None:
    """As in logic, where an answer is yes or no, and results are facts."""
    aided = msgspec.structs.replace(play(helped(KNOWN, TELLS, TRAIN), RIGHT), answer='"yes"')
    own = play(KNOWN, WRONG)
    assert left_out(aided, own, chat_template(), GOLD[:1]) is None
    assert left_out(aided, own, chat_template(), ()) is LeftOut.ANSWER_TOLD
    other = Call(name="add", arguments='{"a":4,"b":4}')
    assert left_out(aided, own, chat_template(), (GOLD[0], other)) is LeftOut.ANSWER_TOLD


def test_chains_that_could_not_stand_without_help_are_left_out() -> None:
    own, aided = play(KNOWN, WRONG), play(helped(KNOWN, HelpConfig(calls="all"), TRAIN), RIGHT)
    fewer = msgspec.structs.replace(own, shown=("sub", "finish"))
    assert left_out(aided, fewer, chat_template(), ()) is LeftOut.FUNCTION_NOT_SHOWN
    assert left_out(aided, msgspec.structs.replace(own, shown=("add", "finish")), chat_template(), ()) is None
    ends = msgspec.structs.replace(aided, prompt_ids=(*aided.prompt_ids[:-1], 7))
    assert left_out(ends, own, chat_template(), ()) is LeftOut.PROMPT_ENDS_OTHERWISE
    room = len(own.prompt_ids) + len(aided.steps[0].token_ids)
    chains, became = helped_chains([aided, aided], own, chat_template(), (), max_tokens=room)
    assert (chains, became) == ([], Helped(left_out={"too_long": 2}))
    assert became + Helped(taken=1, left_out={"too_long": 1}) == Helped(taken=1, left_out={"too_long": 3})

"""Episodes on the scripted engine: labels by execution, limits, and faults that never count as the model's."""

import asyncio
from dataclasses import replace

import pytest

from benchmarks.virtual_time import VirtualLoop
from cluster.engine.interface import Sampling
from cluster.engine.scripted import ScriptedConfig
from cluster.errors import InfrastructureError, InfrastructureKind
from rollout.config import EpisodeConfig
from rollout.episodes.episode import EpisodeSetting, SampleSpec, judge, run_episode
from rollout.hosts.work import toolbox_faults
from rollout.prompts.prompting import make_prompt
from rollout.records import CallResult, Episode, ErrorCode, Outcome, Step, StopReason
from rollout.toolboxes import Function, Toolbox, load_toolbox
from tests.rollout.conversations import ADDITION, RIGHT, WRONG, chat_template, setting


def play(made: EpisodeSetting, sample: int = 0) -> Episode:
    """Run an episode on a virtual clock, so that nothing waits and times are exact."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(run_episode(ADDITION, SampleSpec(sample=sample, temperature=1.0), made))


def test_a_right_chain() -> None:
    episode = play(setting(lambda _, step: RIGHT[step]))
    assert (episode.outcome, episode.stop, episode.error) == (Outcome.RIGHT, StopReason.FINISHED, None)
    assert (episode.answer, episode.reward, len(episode.steps)) == ("7", 1.0, 2)
    assert episode.steps[0].results[0].content == "7"
    template = chat_template()
    assert [template.decode_reply(step.token_ids) for step in episode.steps] == list(RIGHT)


def test_the_engine_sees_the_very_ids_again() -> None:
    seen: list[list[int]] = []
    made = setting(lambda _, step: RIGHT[step])
    generate = made.engine.generate

    async def recorded(prompt, sampling, request_id):  # type: ignore[no-untyped-def]
        seen.append(list(prompt))
        return await generate(prompt, sampling, request_id)

    made.engine.generate = recorded  # type: ignore[method-assign]
    episode = play(made)
    first = episode.steps[0]
    assert seen[0] == list(episode.prompt_ids)
    assert seen[1] == [*episode.prompt_ids, *first.token_ids, *first.feedback_ids]


@pytest.mark.parametrize("seed", [None, 7])
def test_every_step_is_drawn_anew_and_goes_before_the_first_steps_of_others(seed: int | None) -> None:
    """With one seed for all steps a model that repeated its prompt would repeat its reply."""
    asked: list[Sampling] = []
    made = setting(lambda _, step: RIGHT[step])
    generate = made.engine.generate

    async def recorded(prompt, sampling, request_id):  # type: ignore[no-untyped-def]
        asked.append(sampling)
        return await generate(prompt, sampling, request_id)

    made.engine.generate = recorded  # type: ignore[method-assign]
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run_episode(ADDITION, SampleSpec(sample=0, temperature=0.5, top_p=0.9, seed=seed), made))
    assert [one.seed for one in asked] == ([None, None] if seed is None else [7, 8])
    assert asked[1].priority < asked[0].priority, "the engine serves lower numbers first"
    assert {(one.temperature, one.top_p, one.stop_token_ids) for one in asked} == {(0.5, 0.9, chat_template().stop_ids)}


@pytest.mark.parametrize(
    ("replies", "outcome", "stop", "error"),
    [
        (WRONG, Outcome.WRONG, StopReason.FINISHED, ErrorCode.ANSWER_WRONG),
        (("nonsense", "nonsense"), Outcome.WRONG, StopReason.FAILED_CALLS, ErrorCode.NOT_A_CALL),
        (("nonsense", *RIGHT), Outcome.RIGHT, StopReason.FINISHED, None),
        ((RIGHT[0],) * 6, Outcome.TRUNCATED, StopReason.STEP_LIMIT, ErrorCode.NO_ANSWER),
        (("x" * 600,), Outcome.TRUNCATED, StopReason.TOKEN_LIMIT, ErrorCode.REPLY_CUT),
    ],
)
def test_labels_and_stop_reasons(
    replies: tuple[str, ...], outcome: Outcome, stop: StopReason, error: ErrorCode | None
) -> None:
    episode = play(setting(lambda _, step: replies[step]))
    assert (episode.outcome, episode.stop, episode.error) == (outcome, stop, error)
    assert episode.steps[-1].feedback_ids == ()


def test_failed_calls_stay_with_the_message_the_model_got() -> None:
    replies = ('{"name":"add","arguments":{"a":3}}', *RIGHT)
    episode = play(setting(lambda _, step: replies[step]))
    assert episode.outcome is Outcome.RIGHT
    assert episode.failed_steps == 1
    assert episode.steps[0].errors == (ErrorCode.MISSING_ARGUMENT,)
    assert "b" in episode.steps[0].results[0].content


def test_a_prompt_that_leaves_no_room_is_truncated() -> None:
    episode = play(setting(lambda _, step: RIGHT[step], max_context=20))
    assert (episode.outcome, episode.stop, episode.steps) == (Outcome.TRUNCATED, StopReason.TOKEN_LIMIT, ())


def test_an_engine_that_aborts_for_a_moment_costs_time_alone() -> None:
    burst = ScriptedConfig(abort_for_s=5.0)
    assert play(setting(lambda _, step: RIGHT[step], burst)).outcome is Outcome.RIGHT
    hurried = play(setting(lambda _, step: RIGHT[step], burst, EpisodeConfig(max_seconds=4.0)))
    assert (hurried.outcome, hurried.stop) == (Outcome.INFRASTRUCTURE, StopReason.INFRASTRUCTURE)


def test_aborts_of_one_request_are_its_own_and_aborts_of_all_are_the_engines() -> None:
    made = setting(lambda _, step: RIGHT[step])
    generate, tries = made.engine.generate, []

    async def poisoned(prompt, sampling, request_id):  # type: ignore[no-untyped-def]
        tries.append(request_id)
        if len(prompt) > 1:
            raise InfrastructureError(InfrastructureKind.ABORTED, request_id)
        return await generate(prompt, sampling, request_id)

    made.engine.generate = poisoned  # type: ignore[method-assign]
    episode = play(made)
    assert (episode.outcome, episode.stop, episode.error) == (Outcome.INFRASTRUCTURE, StopReason.INFRASTRUCTURE, None)
    assert (episode.reward, episode.steps) == (0.0, ())
    assert len(tries) == len(set(tries)) == 5, "under a name of its own each, and one request that anybody could make"
    with pytest.raises(InfrastructureError, match="every other request") as caught:
        play(setting(lambda _, step: RIGHT[step], ScriptedConfig(abort=1.0)))
    assert caught.value.kind is InfrastructureKind.ABORTED


@pytest.mark.parametrize("max_seconds", [60.0, 599.0, 700.0])
def test_silence_of_the_engine_is_no_wall_time(max_seconds: float) -> None:
    """In the second step the engine is frozen, and its watchdog ends it after 120 s. The episode's own time ends early,
    late, or at the same moment."""
    old = max_seconds > 120
    frozen = ScriptedConfig(median_s=580.0 if old else 1.0, hang_after=1, stall_timeout_s=120.0)
    made = setting(lambda _, step: RIGHT[step], frozen, EpisodeConfig(max_seconds=max_seconds))
    with pytest.raises(InfrastructureError) as caught:
        play(made)
    assert caught.value.kind is InfrastructureKind.ENGINE_STALLED


def test_wall_time_truncates_in_the_middle_of_slow_steps() -> None:
    slow = setting(lambda _, step: RIGHT[0], ScriptedConfig(median_s=250.0), EpisodeConfig(max_seconds=600.0))
    episode = play(slow)
    assert (episode.outcome, episode.stop, len(episode.steps)) == (Outcome.TRUNCATED, StopReason.WALL_TIME, 2)
    assert episode.seconds == 600.0


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (ScriptedConfig(crash_after=1), InfrastructureKind.ENGINE_DEAD),
        (ScriptedConfig(hang_after=1, stall_timeout_s=0.02), InfrastructureKind.ENGINE_STALLED),
    ],
)
def test_a_dead_engine_is_raised_not_labelled(fault: ScriptedConfig, kind: InfrastructureKind) -> None:
    with pytest.raises(InfrastructureError) as caught:
        play(setting(lambda _, step: RIGHT[step], fault))
    assert caught.value.kind is kind


def test_an_episode_says_what_made_it() -> None:
    made = replace(
        setting(lambda _, step: RIGHT[step]), parent="before", engine_name="teacher-0", probe_difference=1e-6
    )
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        episode = runner.run(run_episode(ADDITION, SampleSpec(sample=3, temperature=0.25), made))
    assert (episode.problem_id, episode.family, episode.sample) == (ADDITION.id, "arithmetic", 3)
    assert (episode.call_format, episode.toolbox, episode.verbosity) == ("json", "arithmetic", made.config.verbosity)
    assert (episode.engine, episode.probe_difference, episode.producer) == ("teacher-0", 1e-6, made.producer)
    assert (episode.temperature, episode.reward) == (0.25, 1.0)
    assert made.template.decode_reply(episode.prompt_ids).endswith("<|assistant|>")
    assert ADDITION.text in episode.prompt_text
    found = episode.provenance
    assert (found.generation, found.parent) == ("test", "before")
    assert (found.format_hash, found.template_hash) == (made.call_format.hash, made.template.hash)
    assert found.tokenizer_hash == made.template.tokenizer_hash
    assert found.toolbox_hash == load_toolbox("arithmetic").hash
    assert found.prompt_hash not in ("", found.template_hash)


def test_seconds_are_those_of_the_steps_and_of_all_of_them() -> None:
    episode = play(setting(lambda _, step: RIGHT[step], ScriptedConfig(median_s=2.0, sigma=0.0)))
    assert [step.seconds for step in episode.steps] == [2.0, 2.0]
    assert episode.seconds == 4.0


def test_every_request_has_a_name_of_its_own() -> None:
    names: list[str] = []
    made = setting(lambda _, step: RIGHT[step])
    generate = made.engine.generate

    async def recorded(prompt, sampling, request_id):  # type: ignore[no-untyped-def]
        names.append(request_id)
        return await generate(prompt, sampling, request_id)

    made.engine.generate = recorded  # type: ignore[method-assign]
    for spec in (SampleSpec(sample=0, temperature=1.0), SampleSpec(sample=1, temperature=1.0)):
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(run_episode(ADDITION, spec, made))
    assert [name.split(".")[:2] for name in names] == [
        [f"{ADDITION.id}#{sample}", str(step)] for sample in (0, 1) for step in (0, 1)
    ]


@pytest.mark.parametrize("room", [0, 1])
def test_a_conversation_goes_on_while_there_is_room_for_one_token(room: int) -> None:
    asked: list[int] = []
    made = setting(lambda _, step: RIGHT[step])
    generate = made.engine.generate

    async def recorded(prompt, sampling, request_id):  # type: ignore[no-untyped-def]
        asked.append(sampling.max_tokens)
        return await generate(prompt, sampling, request_id)

    made.engine.generate = recorded  # type: ignore[method-assign]
    whole = play(made)
    before = len(whole.prompt_ids) + len(whole.steps[0].token_ids) + len(whole.steps[0].feedback_ids)
    asked.clear()
    cut = play(replace(made, max_context=before + room))
    assert (cut.outcome, cut.stop) == (Outcome.TRUNCATED, StopReason.TOKEN_LIMIT)
    assert asked[1:] == [1] * room
    assert asked[0] == min(made.config.max_step_tokens, before + room - len(whole.prompt_ids))
    assert cut.error is (ErrorCode.REPLY_CUT if room else ErrorCode.NO_ANSWER)


@pytest.mark.parametrize(("most", "stop"), [(0, StopReason.FAILED_CALLS), (1, StopReason.FAILED_CALLS), (2, None)])
def test_more_failed_steps_than_are_allowed_end_an_episode(most: int, stop: StopReason | None) -> None:
    replies = ("nonsense", "nonsense", *RIGHT)
    episode = play(setting(lambda _, step: replies[step], None, EpisodeConfig(max_failed_steps=most, max_steps=6)))
    assert episode.stop is (stop or StopReason.FINISHED)
    assert len(episode.steps) == (most + 1 if stop else 4)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_episode_has_more_steps_than_it_may(most: int) -> None:
    made = setting(lambda _, step: RIGHT[0], None, EpisodeConfig(max_failed_steps=1, max_steps=most))
    episode = play(made)
    assert (episode.stop, len(episode.steps)) == (StopReason.STEP_LIMIT, most)


def step(*errors: ErrorCode) -> Step:
    results = tuple(CallResult(call=None, content="", error=error) for error in errors)
    return Step(text="", token_ids=(1,), logprobs=(0.0,), results=results)


@pytest.mark.parametrize(
    ("stop", "answer", "steps", "expected"),
    [
        (StopReason.INFRASTRUCTURE, "7", [], (Outcome.INFRASTRUCTURE, None)),
        (StopReason.TOKEN_LIMIT, None, [], (Outcome.TRUNCATED, ErrorCode.NO_ANSWER)),
        (StopReason.TOKEN_LIMIT, None, [step(ErrorCode.REPLY_CUT)], (Outcome.TRUNCATED, ErrorCode.REPLY_CUT)),
        (StopReason.STEP_LIMIT, "7", [step()], (Outcome.TRUNCATED, ErrorCode.NO_ANSWER)),
        (StopReason.WALL_TIME, None, [step(ErrorCode.REPLY_CUT), step()], (Outcome.TRUNCATED, ErrorCode.NO_ANSWER)),
        (StopReason.FAILED_CALLS, None, [], (Outcome.WRONG, ErrorCode.NO_ANSWER)),
        (StopReason.FAILED_CALLS, None, [step(ErrorCode.BAD_VALUE), step()], (Outcome.WRONG, ErrorCode.NO_ANSWER)),
        (
            StopReason.FAILED_CALLS,
            None,
            [step(), step(ErrorCode.BAD_SYNTAX, ErrorCode.BAD_VALUE)],
            (Outcome.WRONG, ErrorCode.BAD_SYNTAX),
        ),
        (StopReason.FINISHED, "7", [step(ErrorCode.BAD_VALUE)], (Outcome.RIGHT, None)),
        (StopReason.FINISHED, "8", [step()], (Outcome.WRONG, ErrorCode.ANSWER_WRONG)),
        (StopReason.FINISHED, '"x"', [step()], (Outcome.WRONG, ErrorCode.ANSWER_MALFORMED)),
    ],
)
def test_a_label_follows_from_why_it_ended_and_what_was_executed(
    stop: StopReason, answer: str | None, steps: list[Step], expected: tuple[Outcome, ErrorCode | None]
) -> None:
    assert judge(ADDITION, stop, answer, steps) == expected


def test_a_toolboxs_fault_ends_the_episode_without_a_label(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same replies are right where the function is sound."""

    def faulty(a: int, b: int) -> object:
        """Add."""
        return object()

    made = Toolbox.of_functions("faulty", [Function.from_callable(faulty, name="add")])
    monkeypatch.setattr("rollout.prompts.prompting.load_toolbox", lambda name: made)
    make_prompt.cache_clear()  # other tests ask for this problem's prompt, too, before and after
    try:
        episode = play(setting(lambda _, step: RIGHT[step]))
    finally:
        make_prompt.cache_clear()
    assert (episode.outcome, episode.stop) == (Outcome.INFRASTRUCTURE, StopReason.INFRASTRUCTURE)
    assert (episode.error, episode.reward) == (ErrorCode.TOOLBOX_FAULT, 0.0)
    fault = (
        "toolbox arithmetic: add: the result is a value of type object, which has no JSON form; return numbers, text, "
    )
    assert toolbox_faults([episode, episode]) == {f"{fault}lists or dicts": 2}

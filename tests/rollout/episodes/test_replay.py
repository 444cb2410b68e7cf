"""Episodes judged again: their label follows the toolbox and the checker of today, and nobody is blamed for theirs."""

from collections.abc import Callable

import msgspec
import pytest

from rollout.episodes import replay
from rollout.episodes.execution import execute_now
from rollout.episodes.replay import Judged, Repeated, judge_again
from rollout.formats import load_format
from rollout.formats.limits import CALL_LIMITS
from rollout.records import (
    CallResult,
    Episode,
    ErrorCode,
    Outcome,
    Problem,
    Producer,
    Provenance,
    Step,
    StopReason,
)
from rollout.toolboxes import Toolbox

PROBLEM = Problem(
    id="p", family="f", split="train", template="t", text="?", toolbox="sums", gold="7", checker="numeric"
)
PROVENANCE = Provenance(
    generation="g",
    parent="",
    toolbox_hash="old",
    format_hash="",
    template_hash="",
    tokenizer_hash="",
    prompt_hash="",
)
JSON = load_format("json")


def adding(wrong_by: int = 0, largest: int = 100) -> Toolbox:
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        if a > largest:
            raise ValueError(f"{a} is above {largest}")
        return a + b + wrong_by

    return Toolbox.of_functions("sums", [add])


def today(monkeypatch: pytest.MonkeyPatch, toolbox: Callable[[], Toolbox]) -> None:
    replay._toolbox.cache_clear()
    monkeypatch.setattr(replay, "load_toolbox", lambda name: toolbox())


def made(toolbox: Toolbox, replies: list[str], stop: StopReason, outcome: Outcome, error: ErrorCode | None) -> Episode:
    """An episode that was made with `toolbox`."""
    session = toolbox.open("null")
    steps = [
        Step(text=text, token_ids=(1,), logprobs=(0.0,), results=execute_now(text, JSON, session)) for text in replies
    ]
    return Episode(
        problem_id="p",
        family="f",
        sample=0,
        call_format="json",
        prompt_text="?",
        prompt_ids=(1,),
        steps=tuple(steps),
        answer=session.answer,
        stop=stop,
        outcome=outcome,
        error=error,
        reward=float(outcome is Outcome.RIGHT),
        producer=Producer(model="teacher", revision="", licence=""),
        provenance=PROVENANCE,
        temperature=1.0,
        seconds=0.0,
    )


def call(name: str, **arguments: int) -> str:
    written = ", ".join(f'"{key}": {value}' for key, value in arguments.items())
    return f'{{"name": "{name}", "arguments": {{{written}}}}}'


RIGHT = [call("add", a=3, b=4), call("finish", answer=7)]
WRONG = [call("add", a=3, b=4), call("finish", answer=8)]


def again(episode: Episode) -> Judged:
    return judge_again(PROBLEM, episode, JSON, CALL_LIMITS)


def test_the_same_toolbox_and_checker_change_the_hash_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    today(monkeypatch, adding)
    for replies, outcome, error in ((RIGHT, Outcome.RIGHT, None), (WRONG, Outcome.WRONG, ErrorCode.ANSWER_WRONG)):
        episode = made(adding(), replies, StopReason.FINISHED, outcome, error)
        judged = again(episode)
        assert (judged.repeated, judged.difference) == (Repeated.SAME, "")
        provenance = msgspec.structs.replace(episode.provenance, toolbox_hash=adding().hash)
        assert judged.episode == msgspec.structs.replace(episode, provenance=provenance)


def test_a_label_that_a_checker_had_wrong_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    today(monkeypatch, adding)
    for replies, outcome, error in ((WRONG, Outcome.RIGHT, None), (RIGHT, Outcome.WRONG, ErrorCode.ANSWER_MALFORMED)):
        judged = again(made(adding(), replies, StopReason.FINISHED, outcome, error)).episode
        right = replies is RIGHT
        assert judged.outcome is (Outcome.RIGHT if right else Outcome.WRONG)
        assert judged.error is (None if right else ErrorCode.ANSWER_WRONG)
        assert judged.reward == float(right)


def test_a_model_that_was_told_otherwise_is_right_or_not_to_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    today(monkeypatch, adding)
    right = again(made(adding(wrong_by=1), RIGHT, StopReason.FINISHED, Outcome.RIGHT, None))
    assert (right.repeated, right.episode.outcome) == (Repeated.RESULT, Outcome.RIGHT)
    assert right.difference == "step 0: add -> '8'; today add -> '7'"
    misled = again(made(adding(wrong_by=1), WRONG, StopReason.FINISHED, Outcome.WRONG, ErrorCode.ANSWER_WRONG))
    assert (misled.episode.outcome, misled.episode.stop) == (Outcome.INFRASTRUCTURE, StopReason.INFRASTRUCTURE)
    assert misled.episode.steps[0].results[0].content == "8"  # what the model read stays
    failed = made(adding(largest=1), RIGHT[:1], StopReason.FAILED_CALLS, Outcome.WRONG, ErrorCode.FUNCTION_RAISED)
    assert again(failed).episode.outcome is Outcome.INFRASTRUCTURE


def test_a_failure_with_another_message_or_code_keeps_its_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    today(monkeypatch, lambda: adding(largest=2))
    failed = made(adding(largest=1), RIGHT[:1], StopReason.FAILED_CALLS, Outcome.WRONG, ErrorCode.FUNCTION_RAISED)
    judged = again(failed)
    assert (judged.repeated, judged.episode.outcome) == (Repeated.MESSAGE, Outcome.WRONG)
    assert "above 1" in judged.episode.steps[0].results[0].content
    other = CallResult(call=None, content="Error: text", error=ErrorCode.PROSE_AROUND_CALL)
    step = msgspec.structs.replace(failed.steps[0], text="No call.", results=(other,))
    judged = again(msgspec.structs.replace(failed, steps=(step,), error=ErrorCode.PROSE_AROUND_CALL))
    assert judged.repeated is Repeated.MESSAGE
    assert judged.episode.error is judged.episode.steps[0].results[0].error is ErrorCode.NOT_A_CALL


def test_a_toolbox_that_answers_by_chance_leaves_the_stored_results(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(range(1000))

    def draw(a: int, b: int) -> int:
        """Draw a number."""
        return next(drawn)

    drawing = Toolbox.of_functions("sums", [draw])
    today(monkeypatch, lambda: drawing)
    replies = [call("draw", a=3, b=4), call("finish", answer=8)]
    judged = again(made(drawing, replies, StopReason.FINISHED, Outcome.WRONG, ErrorCode.ANSWER_WRONG))
    assert (judged.repeated, judged.episode.outcome) == (Repeated.RANDOM, Outcome.WRONG)


def test_truncated_stays_truncated_and_what_machines_ended_is_not_executed(monkeypatch: pytest.MonkeyPatch) -> None:
    today(monkeypatch, adding)
    cut = CallResult(call=None, content="", error=ErrorCode.REPLY_CUT)
    episode = made(adding(), RIGHT[:1], StopReason.TOKEN_LIMIT, Outcome.TRUNCATED, ErrorCode.REPLY_CUT)
    step = Step(text='{"na', token_ids=(1,), logprobs=(0.0,), results=(cut,))
    judged = again(msgspec.structs.replace(episode, steps=(*episode.steps, step)))
    assert (judged.repeated, judged.episode.outcome) == (Repeated.SAME, Outcome.TRUNCATED)
    assert judged.episode.error is ErrorCode.REPLY_CUT
    broken = made(adding(wrong_by=5), RIGHT, StopReason.INFRASTRUCTURE, Outcome.INFRASTRUCTURE, None)
    assert again(broken).repeated is Repeated.SAME

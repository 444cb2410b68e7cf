"""One episode: the model writes a call, it is executed, the result goes back, until it finishes.

A mistake of the model is a result that it reads; a fault of machines is an InfrastructureError, which ends the
episode without a label.
"""

import asyncio
import time
from dataclasses import dataclass

from cluster.errors import InfrastructureError, InfrastructureKind
from cluster.generation import Engine, FinishReason, Generation, Sampling
from rollout.checkers import check
from rollout.config import EpisodeConfig
from rollout.execution import execute
from rollout.formats import CallFormat
from rollout.records import (
    CallResult,
    Episode,
    ErrorCode,
    Message,
    Outcome,
    Part,
    Problem,
    Producer,
    Provenance,
    Role,
    Step,
    StopReason,
    content_hash,
)
from rollout.template import ChatTemplate
from rollout.toolboxes import Session, Toolbox, load_toolbox

_ABORT_RETRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeSetting:
    """What all episodes of one host share."""

    engine: Engine
    template: ChatTemplate
    call_format: CallFormat
    config: EpisodeConfig
    max_context: int
    """Tokens of prompt and reply together that the engine takes."""
    producer: Producer
    generation: str
    parent: str = ""
    engine_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Which attempt at a problem, and how it is sampled."""

    sample: int
    temperature: float
    top_p: float = 1.0
    seed: int | None = None
    label: str = ""
    """Distinguishes request ids of attempts that share problem and sample (greedy and sampled scoring, say)."""


def build_prompt(problem: Problem, toolbox: Toolbox, call_format: CallFormat, config: EpisodeConfig) -> Message:
    """The functions and the problem, as one user message: a role that every chat template has."""
    instructions = call_format.instructions(toolbox, config.verbosity)
    return Message(role=Role.USER, content=(Part(text=f"{instructions}\n{problem.text}"),))


async def run_episode(problem: Problem, attempt: Attempt, setting: EpisodeSetting) -> Episode:
    """Attempt `problem` once. Raises InfrastructureError when the engine is gone; the caller tries elsewhere."""
    started = time.monotonic()
    toolbox = load_toolbox(problem.toolbox)
    prompt = build_prompt(problem, toolbox, setting.call_format, setting.config)
    prompt_ids = setting.template.prompt_ids([prompt])
    session = toolbox.open(problem.state)
    steps, stop = await _converse(problem, attempt, setting, session, list(prompt_ids), started)
    outcome, error = judge(problem, stop, session.answer, steps)
    return Episode(
        problem_id=problem.id,
        family=problem.family,
        sample=attempt.sample,
        call_format=setting.call_format.name,
        prompt_text=prompt.text,
        prompt_ids=tuple(prompt_ids),
        steps=tuple(steps),
        answer=session.answer,
        stop=stop,
        outcome=outcome,
        error=error,
        reward=1.0 if outcome is Outcome.RIGHT else 0.0,
        producer=setting.producer,
        provenance=Provenance(
            generation=setting.generation,
            parent=setting.parent,
            toolbox_hash=toolbox.hash,
            format_hash=setting.call_format.hash,
            template_hash=setting.template.hash,
            tokenizer_hash=setting.template.tokenizer_hash,
            prompt_hash=content_hash(prompt.text),
        ),
        temperature=attempt.temperature,
        seconds=time.monotonic() - started,
        engine=setting.engine_name,
    )


async def _converse(
    problem: Problem,
    attempt: Attempt,
    setting: EpisodeSetting,
    session: Session,
    ids: list[int],
    started: float,
) -> tuple[list[Step], StopReason]:
    """Step after step until something ends the episode. `ids` is the conversation so far; it grows here."""
    config = setting.config
    steps: list[Step] = []
    while True:
        room = setting.max_context - len(ids)
        if room < 1:
            return steps, StopReason.TOKEN_LIMIT
        if time.monotonic() - started > config.max_seconds:
            return steps, StopReason.WALL_TIME
        sampling = Sampling(
            temperature=attempt.temperature,
            top_p=attempt.top_p,
            max_tokens=min(config.max_step_tokens, room),
            stop_token_ids=setting.template.stop_ids,
            seed=None if attempt.seed is None else attempt.seed + len(steps),
        )
        step_started = time.monotonic()
        name = f"{problem.id}#{attempt.sample}{attempt.label}.{len(steps)}"
        try:
            async with asyncio.timeout(config.max_seconds - (step_started - started)):
                reply = await _generate(setting.engine, ids, sampling, name)
        except TimeoutError:
            return steps, StopReason.WALL_TIME
        except InfrastructureError as error:
            if error.kind is InfrastructureKind.ABORTED:  # this request's fault alone; the engine lives
                return steps, StopReason.INFRASTRUCTURE
            raise
        text = setting.template.decode_reply(reply.token_ids)
        cut = reply.finish is FinishReason.LENGTH
        results = _cut_reply() if cut else await execute(text, setting.call_format, session, config.calls)
        stop = _stop_after(session, steps, results, cut, config)
        feedback: tuple[int, ...] = ()
        if stop is None:
            shown = setting.call_format.render_results(results)
            feedback = tuple(setting.template.feedback_ids(reply.token_ids, shown))
            ids.extend(reply.token_ids)
            ids.extend(feedback)
        steps.append(
            Step(
                text=text,
                token_ids=reply.token_ids,
                logprobs=reply.logprobs,
                results=results,
                feedback_ids=feedback,
                seconds=time.monotonic() - step_started,
            )
        )
        if stop is not None:
            return steps, stop


async def _generate(engine: Engine, ids: list[int], sampling: Sampling, name: str) -> Generation:
    """One reply; an aborted request is repeated under another name, a dead engine is the caller's matter."""
    for attempt in range(_ABORT_RETRIES):
        try:
            return await engine.generate(ids, sampling, f"{name}.{attempt}" if attempt else name)
        except InfrastructureError as error:
            if error.kind is not InfrastructureKind.ABORTED or attempt == _ABORT_RETRIES - 1:
                raise
    raise AssertionError("unreachable")


def _cut_reply() -> tuple[CallResult, ...]:
    return (CallResult(call=None, content="", error=ErrorCode.REPLY_CUT),)


def _stop_after(
    session: Session, steps: list[Step], results: tuple[CallResult, ...], cut: bool, config: EpisodeConfig
) -> StopReason | None:
    """Why the episode ends after a step with these results, or None when it goes on. `steps` are those before."""
    if cut:
        return StopReason.TOKEN_LIMIT
    if session.answer is not None:
        return StopReason.FINISHED
    failed = sum(step.failed for step in steps) + any(result.error is not None for result in results)
    if failed > config.max_failed_steps:
        return StopReason.FAILED_CALLS
    if len(steps) + 1 >= config.max_steps:
        return StopReason.STEP_LIMIT
    return None


_TRUNCATIONS = {StopReason.STEP_LIMIT, StopReason.TOKEN_LIMIT, StopReason.WALL_TIME}


def judge(
    problem: Problem, stop: StopReason, answer: str | None, steps: list[Step]
) -> tuple[Outcome, ErrorCode | None]:
    """Label by executed outcome, and the error code that explains a label other than right."""
    if stop is StopReason.INFRASTRUCTURE:
        return Outcome.INFRASTRUCTURE, None
    if stop in _TRUNCATIONS:
        cut = bool(steps) and ErrorCode.REPLY_CUT in steps[-1].errors
        return Outcome.TRUNCATED, ErrorCode.REPLY_CUT if cut else ErrorCode.NO_ANSWER
    if answer is None:
        errors = steps[-1].errors if steps else ()
        return Outcome.WRONG, errors[0] if errors else ErrorCode.NO_ANSWER
    error = check(problem.checker, answer, problem.gold)
    return (Outcome.RIGHT, None) if error is None else (Outcome.WRONG, error)

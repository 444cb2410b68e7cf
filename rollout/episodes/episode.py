"""One episode: the model writes a call, the call is executed, its result goes back, and so on until the model has ended
the turn; then the user says the next thing, until the last turn is ended.

A mistake of the model becomes a result that the model reads. A fault of the toolbox ends the episode without a label,
and so does a fault of machines, which is an InfrastructureError.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from cluster.engine.interface import Engine, FinishReason, Sampling
from cluster.errors import InfrastructureError, InfrastructureKind, RequestError
from rollout.checkers import check
from rollout.checkers.said import as_read
from rollout.checkers.worlds import Verdict, is_world
from rollout.config import EpisodeConfig
from rollout.episodes.execution import execute, is_only_thought
from rollout.episodes.guide import Guide
from rollout.episodes.replies import Replies
from rollout.episodes.users import ModelUser, PlayedUser
from rollout.episodes.worlds import judge_steps, unread
from rollout.formats import CallFormat
from rollout.prompts.native_template import NATIVE
from rollout.prompts.prompting import Prompt, make_prompt
from rollout.prompts.template import ChatTemplate
from rollout.prompts.turns import LaterTurn
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
from rollout.toolboxes import CallRefused, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeSetting:
    """What the episodes of one unit have in common."""

    engine: Engine
    template: ChatTemplate
    call_format: CallFormat
    config: EpisodeConfig
    max_context: int
    """The most tokens of prompt and reply together that the engine takes."""
    producer: Producer
    generation: str
    parent: str = ""
    recipe: int = 0
    engine_name: str = ""
    probe_difference: float | None = None
    user: ModelUser | None = None
    """What plays the users of problems that ask for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSpec:
    """Which sample of a problem an episode is, and how its replies are drawn."""

    sample: int
    temperature: float
    top_p: float = 1.0
    seed: int | None = None
    label: str = ""
    """Tells apart the request ids of attempts with the same problem and sample (greedy and sampled scores, say)."""
    guide: Guide | None = None
    """Turns of a teacher with which it begins."""


_ATTEMPTS_WITH_SERVERS = 3
"""How often an attempt begins whose server was lost, before the fault is the caller's."""


async def run_episode(problem: Problem, spec: SampleSpec, setting: EpisodeSetting) -> Episode:
    """Attempt `problem` once. Raises InfrastructureError if the engine is gone; the caller then tries elsewhere. Raises
    RequestError where the problem's user is to be played and nothing plays them.

    Where a server that executes calls dies or hangs, nothing is kept, and the attempt begins again with another one.
    """
    for _ in range(_ATTEMPTS_WITH_SERVERS - 1):
        try:
            return await _attempt(problem, spec, setting)
        except InfrastructureError as error:
            if error.kind is not InfrastructureKind.SERVER_LOST:
                raise
    return await _attempt(problem, spec, setting)


async def _attempt(problem: Problem, spec: SampleSpec, setting: EpisodeSetting) -> Episode:
    clock = asyncio.get_running_loop().time
    started = clock()
    prompt = make_prompt(problem, setting.template, setting.call_format, setting.config)
    session = prompt.toolbox.open(problem.state)
    replies = Replies(setting.engine, setting.config.max_seconds, session)
    states, said = list[str]() if is_world(problem.checker) else None, list[str]()
    user = _played_user(problem, spec, setting, session) if problem.user else None
    if spec.guide is not None and spec.guide.prompt_ids != prompt.ids:
        spec = replace(spec, guide=None)
    try:
        steps, stop = await _converse(problem, spec, setting, session, prompt, replies, states, said, user)
    finally:
        session.close()
    answer = session.answer if stop is StopReason.FINISHED else None  # an earlier turn's is none
    judged = states is not None and stop not in (StopReason.INFRASTRUCTURE, StopReason.USER)
    # In a thread: the first time the gold calls are executed, and hosts have other episodes to go on with.
    verdict = await asyncio.to_thread(judge_steps, problem, steps, states or ()) if judged else None
    outcome, error = judge(problem, stop, answer, steps, verdict)
    return Episode(
        problem_id=problem.id,
        family=problem.family,
        sample=spec.sample,
        call_format=NATIVE if setting.template.native else setting.call_format.name,
        toolbox=problem.toolbox,
        verbosity=setting.config.verbosity,
        shown=prompt.shown,
        system=prompt.opening.system,
        examples=prompt.opening.examples,
        prompt_text=prompt.opening.text,
        prompt_ids=prompt.ids,
        steps=tuple(steps),
        answer=answer,
        stop=stop,
        outcome=outcome,
        error=error,
        reward=1.0 if outcome is Outcome.RIGHT else 0.0,
        producer=setting.producer,
        provenance=Provenance(
            generation=setting.generation,
            parent=setting.parent,
            toolbox_hash=prompt.toolbox.hash,
            format_hash=setting.call_format.hash,
            template_hash=setting.template.hash,
            tokenizer_hash=setting.template.tokenizer_hash,
            prompt_hash=prompt.hash,
            recipe=setting.recipe,
        ),
        temperature=spec.temperature,
        seconds=clock() - started,
        engine=setting.engine_name,
        probe_difference=setting.probe_difference,
        said=tuple(said[: steps[-1].turn]) if steps else (),
        credit=verdict.credit if verdict is not None else (),
        why=verdict.why if verdict is not None else "",
        help=problem.help.kinds if problem.help is not None else (),
        guided=min(len(steps), len(spec.guide.replies)) if spec.guide is not None else 0,
    )


async def _converse(
    problem: Problem,
    spec: SampleSpec,
    setting: EpisodeSetting,
    session: Session,
    prompt: Prompt,
    replies: Replies,
    states: list[str] | None,
    said: list[str],
    user: PlayedUser | None,
) -> tuple[list[Step], StopReason]:
    """Take step after step until something ends the episode. Returns the steps and the reason why it ended. `states`
    gets the world at the end of each turn (None if nobody looks at it), `said` what the user says after the prompt,
    `user` in place of the problem's turns."""
    config, template = setting.config, prompt.template
    clock = asyncio.get_running_loop().time
    limits = config.calls if template.parallel else config.calls.model_copy(update={"max_calls": 1})
    ids = list(prompt.ids)
    steps: list[Step] = []
    later = list(prompt.later)
    if not prompt.fits:
        return steps, StopReason.TOKEN_LIMIT
    while True:
        left = setting.max_context - len(ids)
        if left < 1:
            return steps, StopReason.TOKEN_LIMIT
        sampling = Sampling(
            temperature=spec.temperature,
            top_p=spec.top_p,
            max_tokens=min(config.max_step_tokens, left),
            stop_token_ids=template.stop_ids,
            seed=None if spec.seed is None else spec.seed + len(steps),
            priority=-len(steps),  # episodes under way come before new ones
        )
        step_started = clock()
        name = f"{problem.id}#{spec.sample}{spec.label}.{len(steps)}"
        given = spec.guide.reply(len(steps)) if spec.guide is not None else None
        reply = given or await replies.next(ids, sampling, name)
        if isinstance(reply, StopReason):
            return steps, reply
        text = template.decode_reply(reply.token_ids)
        thought_tokens = template.thought_tokens(reply.token_ids, setting.call_format)
        results: tuple[CallResult, ...] = (CallResult(call=None, content="", error=ErrorCode.REPLY_CUT),)
        cut = reply.finish is FinishReason.LENGTH
        if not cut:
            only_thought = is_only_thought(reply.token_ids, thought_tokens)
            results = await execute(text, setting.call_format, session, limits, only_thought)
            if states is not None and session.answer is not None:
                try:
                    states.append(await session.state_async())
                except CallRefused as fault:  # the toolbox's
                    results = (*results, unread(fault))
        step = Step(
            text=text,
            token_ids=reply.token_ids,
            logprobs=reply.logprobs,
            results=results,
            seconds=clock() - step_started,
            thought_tokens=thought_tokens,
            turn=len(said),
        )
        steps.append(step)
        if user is not None and session.answer is not None and ErrorCode.TOOLBOX_FAULT not in step.errors:
            asked = clock()
            heard = await user.says(as_read(session.answer))
            step_started += clock() - asked  # which is not the model's time
            if isinstance(heard, StopReason):
                return steps, heard
            later = [] if heard is None else [LaterTurn(heard, session.toolbox)]
        stop = StopReason.TOKEN_LIMIT if cut else _stop_after(session, steps, config, is_last_turn=not later)
        if stop is not None:
            return steps, stop
        if session.answer is None:
            feedback = template.results_ids(reply.token_ids, results, setting.call_format)
        else:
            turn = later.pop(0)
            said.append(turn.text)
            feedback = template.next_turn_ids(reply.token_ids, results, turn.text, setting.call_format)
            session.next_turn(turn.toolbox)
        steps[-1] = msgspec.structs.replace(step, feedback_ids=tuple(feedback), seconds=clock() - step_started)
        ids += (*reply.token_ids, *feedback)


def _played_user(problem: Problem, spec: SampleSpec, setting: EpisodeSetting, session: Session) -> PlayedUser:
    if setting.user is None:
        raise RequestError(f"problem {problem.id}: its user is played by a model, and none is there to play them")
    name = f"{problem.id}#{spec.sample}{spec.label}"
    seconds = setting.config.max_seconds
    return PlayedUser(setting.user, problem, setting.call_format, name, seconds, session, spec.seed)


def _stop_after(
    session: Session, steps: Sequence[Step], config: EpisodeConfig, is_last_turn: bool
) -> StopReason | None:
    """Why the episode ends after the last of these steps; None if it goes on."""
    last = steps[-1]
    if ErrorCode.TOOLBOX_FAULT in last.errors:
        return StopReason.INFRASTRUCTURE
    if session.answer is not None and is_last_turn:
        return StopReason.FINISHED
    if sum(step.failed for step in steps) > config.max_failed_steps:
        return StopReason.FAILED_CALLS
    of_turn = sum(step.turn == last.turn for step in steps)
    spent = session.answer is None and config.max_turn_steps is not None and of_turn >= config.max_turn_steps
    if len(steps) >= config.max_steps or spent:
        return StopReason.STEP_LIMIT
    return None


_TRUNCATIONS = {StopReason.STEP_LIMIT, StopReason.TOKEN_LIMIT, StopReason.WALL_TIME}


def judge(
    problem: Problem, stop: StopReason, answer: str | None, steps: list[Step], verdict: Verdict | None = None
) -> tuple[Outcome, ErrorCode | None]:
    """The label that follows from the executed calls, and the error code that explains a label other than right.
    `verdict`: what a checker of worlds says; without it the answer is checked."""
    if stop is StopReason.INFRASTRUCTURE:
        faulty = bool(steps) and ErrorCode.TOOLBOX_FAULT in steps[-1].errors
        return Outcome.INFRASTRUCTURE, ErrorCode.TOOLBOX_FAULT if faulty else None
    if stop is StopReason.USER:
        return Outcome.USER, None
    if stop in _TRUNCATIONS:
        cut = bool(steps) and ErrorCode.REPLY_CUT in steps[-1].errors
        return Outcome.TRUNCATED, ErrorCode.REPLY_CUT if cut else ErrorCode.NO_ANSWER
    if answer is None:
        errors = steps[-1].errors if steps else ()
        return Outcome.WRONG, errors[0] if errors else ErrorCode.NO_ANSWER
    error = check(problem.checker, answer, problem.gold) if verdict is None else verdict.error
    return (Outcome.RIGHT, None) if error is None else (Outcome.WRONG, error)

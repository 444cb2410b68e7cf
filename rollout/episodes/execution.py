"""Executes a reply: parses it, validates its calls and makes them. Nothing that a model wrote is ever evaluated."""

from collections.abc import Sequence

import msgspec

from rollout.formats import CallFormat, CallSyntaxError, text_ends_turn
from rollout.formats.limits import CALL_LIMITS, CallLimits
from rollout.formats.thoughts import split_thought
from rollout.records import Call, CallResult, ErrorCode, canonical_json
from rollout.toolboxes import Session


async def execute(
    reply: str,
    call_format: CallFormat,
    session: Session,
    limits: CallLimits = CALL_LIMITS,
    only_thought: bool = False,
) -> tuple[CallResult, ...]:
    """The results of the calls in `reply`, in order; at least one.

    A reply that does not parse gives one result without a call. In a conversation that is no error where the format
    takes the reply for what the model says to the user, which ends its turn; not so if it is `only_thought`. Never
    raises because of what the model wrote.
    """
    calls = _parsed(reply, call_format, session, limits, only_thought)
    if isinstance(calls, CallResult):
        return (calls,)
    built_ins, deadline = call_format.built_ins, limits.deadline
    return tuple([_capped(await session.call_async(call, built_ins, deadline), session, limits) for call in calls])


def execute_now(
    reply: str,
    call_format: CallFormat,
    session: Session,
    limits: CallLimits = CALL_LIMITS,
    only_thought: bool = False,
) -> tuple[CallResult, ...]:
    """As `execute`, but blocking. For checks and tests."""
    calls = _parsed(reply, call_format, session, limits, only_thought)
    if isinstance(calls, CallResult):
        return (calls,)
    built_ins, deadline = call_format.built_ins, limits.deadline
    return tuple(_capped(session.call(call, built_ins, deadline), session, limits) for call in calls)


def is_only_thought(token_ids: Sequence[int], thought_tokens: int) -> bool:
    """Whether a reply of these ids, the stop token among them, says nothing after its thought."""
    return 0 < len(token_ids) - 1 <= thought_tokens


def _parsed(
    reply: str, call_format: CallFormat, session: Session, limits: CallLimits, only_thought: bool
) -> tuple[Call, ...] | CallResult:
    try:
        return call_format.parse(reply, limits, session.toolbox.functions)
    except CallSyntaxError as error:
        says = session.toolbox.turns and text_ends_turn(call_format) and not only_thought
        if says and error.code is ErrorCode.NOT_A_CALL:
            session.answer = canonical_json(split_thought(reply)[1].strip())
            return CallResult(call=None, content=session.answer)
        return CallResult(call=None, content=f"Error: {error.message}", error=error.code)


def _capped(result: CallResult, session: Session, limits: CallLimits) -> CallResult:
    """`result`, or an error if it is too long. The result that gives the answer may be long: the reply bounds it."""
    if len(result.content) <= limits.max_result_chars or session.answer is not None:
        return result
    name = result.call.name if result.call else ""
    message = f"Error: {name}: the result has {len(result.content)} characters, at most {limits.max_result_chars} fit"
    return msgspec.structs.replace(result, content=message, error=ErrorCode.OUTPUT_TOO_LARGE)

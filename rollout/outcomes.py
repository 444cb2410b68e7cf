"""How episodes and their steps come out: closed sets, which records hold. Import them from `rollout.records`."""

from enum import StrEnum


class Outcome(StrEnum):
    """The outcome of an episode."""

    RIGHT = "right"
    """It finished and the checker accepted its answer."""
    WRONG = "wrong"
    """The model ended it, or made too many mistakes, without an accepted answer."""
    TRUNCATED = "truncated"
    """A limit of tokens, steps or time ended it. Its chain is never chosen, and rejected only if the recipe says so."""
    INFRASTRUCTURE = "infrastructure"
    """Machines failed. It is never labelled and never learned from."""
    USER = "user"
    """The model that plays the user failed. It is never labelled and never learned from."""

    @property
    def labelled(self) -> bool:
        """Whether it says something about the model that made the attempt."""
        return self not in (Outcome.INFRASTRUCTURE, Outcome.USER)


class StopReason(StrEnum):
    """Why an episode ended."""

    FINISHED = "finished"
    """The model ended the last turn: it called the finishing function, or wrote a text where that ends a turn. Where a
    model plays the user, that is the turn after which they hang up."""
    FAILED_CALLS = "failed_calls"
    """It had more failed steps than the recipe allows."""
    STEP_LIMIT = "step_limit"
    """It had as many steps as the recipe allows, in a turn or in all, without an answer."""
    TOKEN_LIMIT = "token_limit"
    """A step reached its token limit, or the next one would not fit the context."""
    WALL_TIME = "wall_time"
    """The episode's own deadline passed."""
    INFRASTRUCTURE = "infrastructure"
    """An engine or a host failed, also when the request was repeated."""
    USER = "user"
    """The model that plays the user said nothing, came to no end, or has no room for more."""


class ErrorCode(StrEnum):
    """Everything that can be wrong in a step. The set is closed; docs/error-codes.md explains each code."""

    NOT_A_CALL = "not_a_call"
    """The reply holds no call in the call format."""
    EMPTY_REPLY = "empty_reply"
    """The reply is empty or white space."""
    PROSE_AROUND_CALL = "prose_around_call"
    """There is a call, with text before or after it."""
    BAD_SYNTAX = "bad_syntax"
    """The call is broken: JSON that does not parse, a Python call with a bracket missing, a duplicate key."""
    BAD_VALUE = "bad_value"
    """A literal is refused: NaN, infinity, a lone surrogate, too many digits."""
    NOT_LITERAL = "not_literal"
    """An argument is a variable or an expression where only literals are allowed."""
    WRONG_CALL_SHAPE = "wrong_call_shape"
    """The reply parses but is no call: it has other keys than the format's, or arguments that are no object."""
    UNKNOWN_FUNCTION = "unknown_function"
    """The function is not in the toolbox."""
    MISSING_ARGUMENT = "missing_argument"
    """A required argument is absent."""
    UNEXPECTED_ARGUMENT = "unexpected_argument"
    """The function has no such argument."""
    MISTYPED_ARGUMENT = "mistyped_argument"
    """An argument's type is wrong."""
    OUT_OF_RANGE = "out_of_range"
    """An argument's value is outside what the schema allows."""
    WRONG_COUNT = "wrong_count"
    """There are more calls in one step than the format or the recipe allows."""
    TOO_LARGE = "too_large"
    """The reply exceeds a limit of size or depth."""
    FUNCTION_RAISED = "function_raised"
    """The function refused these arguments (division by zero, a rule that does not apply)."""
    FUNCTION_TIMEOUT = "function_timeout"
    """The function took longer than its deadline."""
    OUTPUT_TOO_LARGE = "output_too_large"
    """The function returned more than a result may hold."""
    NO_ANSWER = "no_answer"
    """The episode ended without an answer."""
    ANSWER_WRONG = "answer_wrong"
    """There is an answer, and it is not the gold answer."""
    STATE_WRONG = "state_wrong"
    """The calls left the world as it should not be: something is missing, or was done that must not be."""
    ANSWER_MALFORMED = "answer_malformed"
    """There is an answer in a form that the checker cannot read."""
    REPLY_CUT = "reply_cut"
    """The reply reached its token limit before it ended."""
    TOOLBOX_FAULT = "toolbox_fault"
    """The function did what is forbidden to it, or gave back what has no JSON form or breaks what its MCP server
    promised. No mistake of the model: its episode ends without a label."""

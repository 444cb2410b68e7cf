"""For each error code: what it means, what the model reads, and the nearest `error_type` of BFCL.

`docs/error-codes.md` shows this table; a test holds the two together.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from rollout.records import ErrorCode


class Explained(NamedTuple):
    """The row of an error code in the table."""

    meaning: str
    message: str
    """An example of the message that the model gets; empty if the episode ends without one."""
    bfcl: str
    """The nearest `error_type` of BFCL."""


_DECODER_FAILED = "ast_decoder:decoder_failed"

ERROR_CODES: Mapping[ErrorCode, Explained] = MappingProxyType(
    {
        ErrorCode.NOT_A_CALL: Explained(
            "The reply holds no call in the call format.",
            'Error: the reply holds no call; write {"name": ..., "arguments": {...}}',
            _DECODER_FAILED,
        ),
        ErrorCode.EMPTY_REPLY: Explained(
            "The reply is empty or white space.",
            "Error: the reply is empty; write a call",
            "multi_turn:empty_turn_model_response",
        ),
        ErrorCode.PROSE_AROUND_CALL: Explained(
            "There is a call, and text or a code fence before or after it. Nothing is executed.",
            "Error: there is text around the call; write only the call",
            _DECODER_FAILED,
        ),
        ErrorCode.BAD_SYNTAX: Explained(
            "The call is broken: a bracket or quote missing, a duplicate key, several objects without a list.",
            "Error: the key a stands twice in one object; write it once",
            _DECODER_FAILED,
        ),
        ErrorCode.BAD_VALUE: Explained(
            "A literal that is refused: NaN, infinity, half of a surrogate pair, too many digits.",
            "Error: NaN is no JSON number; write a finite number",
            "value_error:others",
        ),
        ErrorCode.NOT_LITERAL: Explained(
            "An argument is a variable or an expression where only literals and calls are allowed (`python`).",
            "Error: x is a variable; write values only, text in quotes",
            _DECODER_FAILED,
        ),
        ErrorCode.WRONG_CALL_SHAPE: Explained(
            "It parses, and is no call: other keys than the format's, arguments that are no object.",
            'Error: the call has no "arguments"; write {"name": ..., "arguments": {...}}',
            "ast_decoder:decoder_wrong_output_format",
        ),
        ErrorCode.UNKNOWN_FUNCTION: Explained(
            "The function is not in the toolbox.",
            "Error: unknown function ad; use one of add, sub, mul, div, finish",
            "simple_function_checker:wrong_func_name",
        ),
        ErrorCode.MISSING_ARGUMENT: Explained(
            "A required argument is absent. Reported before an unexpected one.",
            "Error: add: argument b is missing; use add(a: int | float, b: int | float)",
            "simple_function_checker:missing_required",
        ),
        ErrorCode.UNEXPECTED_ARGUMENT: Explained(
            "An argument that the function does not have, too many by position, or one given twice.",
            "Error: add: there is no argument c; use add(a: int | float, b: int | float)",
            "simple_function_checker:unexpected_param",
        ),
        ErrorCode.MISTYPED_ARGUMENT: Explained(
            "An argument's type is wrong: text for a number, a fraction for an integer, a member of a list.",
            "Error: add: argument b has the wrong type; use add(a: int | float, b: int | float)",
            "type_error:simple",
        ),
        ErrorCode.OUT_OF_RANGE: Explained(
            "The type is right and the schema does not allow the value: a bound, a pattern, a set of choices.",
            "Error: price: argument item: input should be 'apple' or 'pear'; use price(item: 'apple' | 'pear')",
            "value_error:others",
        ),
        ErrorCode.WRONG_COUNT: Explained(
            "More calls in one reply than the limit, or a call after the one that gave the answer.",
            "Error: 17 calls in one reply, at most 16 are executed; write fewer",
            "simple_function_checker:wrong_count",
        ),
        ErrorCode.TOO_LARGE: Explained(
            "A reply beyond the limits of size or depth. Refused before anything parses it.",
            "Error: brackets stand more than 16 deep; nest less",
            _DECODER_FAILED,
        ),
        ErrorCode.FUNCTION_RAISED: Explained(
            "The function refused these arguments, ran out of memory or ended its process.",
            "Error: div: division by 0",
            "multi_turn:execution_response_mismatch",
        ),
        ErrorCode.FUNCTION_TIMEOUT: Explained(
            "A user's function took longer than its deadline; its process was ended.",
            "Error: search: took longer than 5 s",
            "multi_turn:inference_error",
        ),
        ErrorCode.OUTPUT_TOO_LARGE: Explained(
            "The function returned more than a result may hold.",
            "Error: search: the result has 5002 characters, at most 4096 fit",
            "multi_turn:execution_response_mismatch",
        ),
        ErrorCode.NO_ANSWER: Explained(
            "The episode ended without an answer; also `Stop()` before any result.",
            "Error: Stop: there is no result yet that could be the answer; call a function",
            "multi_turn:force_terminated",
        ),
        ErrorCode.ANSWER_WRONG: Explained(
            "The answer was given and is not the gold answer.", "", "multi_turn:instance_state_mismatch"
        ),
        ErrorCode.ANSWER_MALFORMED: Explained(
            "The answer was given in a form that the checker cannot read.", "", "multi_turn:instance_state_mismatch"
        ),
        ErrorCode.REPLY_CUT: Explained(
            "The reply reached its token limit before it ended. Not parsed.", "", "multi_turn:force_terminated"
        ),
    }
)


def bfcl_error_type(code: ErrorCode) -> str:
    """The `error_type` of BFCL that is nearest to `code`."""
    return ERROR_CODES[code].bfcl


def as_markdown() -> str:
    """The table of `docs/error-codes.md`."""
    lines = ["| code | meaning | the model reads, for example | BFCL `error_type` |", "|---|---|---|---|"]
    for code, row in ERROR_CODES.items():
        shown = "`" + row.message.replace("|", "\\|") + "`" if row.message else "(the episode has ended)"
        lines.append(f"| `{code.value}` | {row.meaning} | {shown} | `{row.bfcl}` |")
    return "\n".join(lines)

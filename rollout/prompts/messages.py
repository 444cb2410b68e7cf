"""What single messages of a conversation hold, in the form that chat templates take."""

from collections.abc import Sequence

from rollout.records import CallResult

MARK = "QzContent{}zQ"
"""What stands in place of a content while a template is found out about."""
THOUGHT = "QzThoughtzQ"
REFUSALS = (TypeError, ValueError, KeyError, AttributeError)
"""What a template raises if it refuses a conversation."""


def before_end(results: Sequence[CallResult]) -> list[CallResult]:
    """The results of a reply that ended a turn without that of what ended it, which nobody is told."""
    ended = next((at for at in reversed(range(len(results))) if results[at].error is None), -1)
    return [result for at, result in enumerate(results) if at != ended]


def thought_fields(thought: str) -> dict[str, str]:
    """A reply's thought under each of the names that templates read."""
    return dict.fromkeys(("reasoning_content", "reasoning", "thinking"), thought) if thought else {}

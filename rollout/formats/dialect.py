"""What the forms have in common in which models were trained to write calls."""

import re

from rollout.formats.json_format import WithJsonArguments
from rollout.formats.limits import CallSyntaxError, prose_around_call
from rollout.records import ErrorCode

_BLANK = re.compile(r"\s*+")


class Dialect(WithJsonArguments):
    """A form that belongs to some family of models."""

    files = (*WithJsonArguments.files, __file__)
    mark: re.Pattern[str]
    """What only a call of this dialect begins with."""

    def broken(self, text: str) -> CallSyntaxError:
        """The error of a text that does not begin as a call."""
        found = self.mark.search(text)
        if found is None:
            return self.no_call()
        if text[: found.start()].strip():
            return prose_around_call()
        return CallSyntaxError(ErrorCode.BAD_SYNTAX, f"the call is broken; write {self.shape}")


def after_blank(text: str, position: int) -> int:
    """Where the first character at or after `position` stands that is no blank."""
    match = _BLANK.match(text, position)
    assert match is not None
    return match.end()

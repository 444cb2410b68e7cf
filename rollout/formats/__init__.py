"""Call formats: how a model writes calls, and how its replies are read."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from cluster.errors import RequestError
from rollout.formats.dialect import Dialect
from rollout.formats.json_format import JsonFormat
from rollout.formats.limits import NO_FUNCTIONS, REPLY_LIMITS, CallSyntaxError, Functions, ReplyLimits
from rollout.formats.native import HermesFormat, LlamaFormat, MistralArgsFormat, MistralFormat
from rollout.formats.native_format import NativeFormat
from rollout.formats.python_format import PythonFormat
from rollout.records import Call, CallResult
from rollout.toolboxes.function import Function
from rollout.toolboxes.toolbox import Toolbox


class CallFormat(Protocol):
    """A way to write calls. To parse rendered calls gives the same calls."""

    def __hash__(self) -> int: ...

    @property
    def name(self) -> str: ...

    @property
    def hash(self) -> str:
        """Hash of everything that shapes prompts and parsing: 32 hex digits."""
        ...

    @property
    def built_ins(self) -> Mapping[str, Function]:
        """Functions that the format adds to every toolbox (`Reasoning`, `Stop`); most formats add none."""
        ...

    def instructions(self, toolbox: Toolbox, verbosity: str) -> str:
        """What the prompt says about the functions. `verbosity` is `names`, `signatures` or `full`."""
        ...

    def render(self, calls: Sequence[Call]) -> str:
        """The text of a reply that makes these calls."""
        ...

    def parse(
        self, text: str, limits: ReplyLimits = REPLY_LIMITS, functions: Functions = NO_FUNCTIONS
    ) -> tuple[Call, ...]:
        """The calls in a reply, at least one, after a thought or without one. `functions` says of what type arguments
        are where the format does not. Raises CallSyntaxError. Executes and evaluates nothing."""
        ...

    def render_results(self, results: Sequence[CallResult]) -> str:
        """The text of the message that brings the results back."""
        ...


FORMATS: Mapping[str, Callable[[], CallFormat]] = {
    "json": JsonFormat,
    "python": PythonFormat,
    "hermes": HermesFormat,
    "mistral": MistralFormat,
    "mistral_args": MistralArgsFormat,
    "llama": LlamaFormat,
    "native": NativeFormat,
}


def text_ends_turn(call_format: CallFormat) -> bool:
    """Whether a reply without a call is what the model says to the user, and ends its turn: in the forms that models
    were trained to write, in which a mark tells calls from texts. In the others only a call of `finish` does."""
    return isinstance(call_format, Dialect)


@lru_cache(maxsize=16)
def load_format(name: str) -> CallFormat:
    """The call format of that name. Raises RequestError if there is none."""
    try:
        return FORMATS[name]()
    except KeyError:
        raise RequestError(f"call format {name!r}: no such format; known: {', '.join(sorted(FORMATS))}") from None


__all__ = ["FORMATS", "CallFormat", "CallSyntaxError", "ReplyLimits", "load_format", "text_ends_turn"]

"""The dialects that a model's own chat template may write, and call format `native`, which reads all of them."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from rollout.formats.dialect import Dialect
from rollout.formats.limits import Functions, ReplyLimits
from rollout.formats.native import HermesFormat, LlamaFormat, MistralArgsFormat, MistralFormat
from rollout.formats.structured import GemmaFormat, HarmonyFormat, Lfm2Format
from rollout.formats.tagged import AtemFormat, GlmFormat, QwenXmlFormat
from rollout.records import Call
from rollout.toolboxes.toolbox import Toolbox

DIALECTS: Mapping[str, Callable[[], Dialect]] = {
    made.name: made
    for made in (
        HermesFormat,
        QwenXmlFormat,
        GlmFormat,
        AtemFormat,
        GemmaFormat,
        HarmonyFormat,
        Lfm2Format,
        MistralFormat,
        MistralArgsFormat,
        LlamaFormat,
    )
}


@lru_cache(maxsize=16)
def load_dialect(name: str) -> Dialect:
    """The dialect of that name, a key of DIALECTS."""
    return DIALECTS[name]()


class NativeFormat(Dialect):
    """The `native` call format: the dialect that the reply is in."""

    name = "native"
    shape = HermesFormat.shape
    mark = HermesFormat.mark
    files = tuple(dict.fromkeys((*(file for made in DIALECTS for file in DIALECTS[made]().files), __file__)))

    def instructions(self, toolbox: Toolbox, verbosity: str) -> str:
        """Empty, because the chat template shows the functions."""
        return ""

    def render(self, calls: Sequence[Call]) -> str:
        return load_dialect("mistral" if any(call.id for call in calls) else "hermes").render(calls)

    def read(self, text: str, limits: ReplyLimits, functions: Functions) -> tuple[Call, ...]:
        return self._dialect(text[: limits.max_reply_chars]).read(text, limits, functions)

    def _dialect(self, text: str) -> Dialect:
        """The dialect whose mark comes first; of several at one place, the one whose mark is longest."""
        marks = [
            (found.start(), -len(found[0]), name)
            for name in DIALECTS
            if (found := load_dialect(name).mark.search(text)) is not None
        ]
        return load_dialect(min(marks)[2] if marks else "hermes")

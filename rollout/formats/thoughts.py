"""Thoughts that stand before the calls of a reply, in the forms in which models write them.

| form | whose |
|---|---|
| `<think>...</think>`, also without the `<think>` that a chat template has written | Qwen, GLM, Nemotron, LFM2 |
| `<|channel>thought\\n...<channel|>` | Gemma 4 |
| `<|channel|>analysis<|message|>...<|end|><|start|>assistant` | gpt-oss |
| ` to=self<|message|>...<|eom|><|start|>assistant` | Muse |
"""

import re
from collections.abc import Callable

from rollout.formats.limits import CallSyntaxError
from rollout.records import Call

_CHANNELS = (
    re.compile(r"\s*+<\|channel>thought\b(.*?)<channel\|>", re.DOTALL),
    re.compile(r"\s*+<\|channel\|>analysis<\|message\|>(.*?)<\|end\|>(?:<\|start\|>assistant)?", re.DOTALL),
    re.compile(r"\s*+to=self<\|message\|>(.*?)<\|eom\|>(?:<\|start\|>assistant)?", re.DOTALL),
)
"""Forms that may come several times."""
_THINK = re.compile(r"\s*+(?:<think>|(?!<tool_call>))(.*?)</think>\s*", re.DOTALL)
_OPEN = re.compile(r"\s*+(?:<think>|<\|channel>thought\b|<\|channel\|>analysis<\|message\|>|to=self<\|message\|>)")
"""What only the beginning of a thought has."""
_ANSWER = re.compile(
    r"\s*+(?:<\|channel\|>final\s*+(?:<\|constrain\|>\s*+\w{1,20}\s*+)?<\|message\|>|to=user<\|message\|>)"
)
"""Where a text to the user begins, with models that write to several recipients."""


def split_thought(text: str) -> tuple[str, str]:
    """The thought at the beginning of a reply and the rest, both without marks; "" and the text if there is none."""
    thought, rest = _split(text)
    answer = _ANSWER.match(rest)
    return thought, rest[answer.end() :] if answer else rest


def _split(text: str) -> tuple[str, str]:
    for form in _CHANNELS:
        thoughts, end = [], 0
        while found := form.match(text, end):
            thoughts.append(found[1].strip())
            end = found.end()
        if thoughts:
            return "\n".join(thoughts), text[end:]
    found = _THINK.match(text)
    return (found[1].strip(), text[found.end() :]) if found else ("", text)


def thought_end(text: str, parse: Callable[[str], object], opened: bool = False) -> int:
    """How many characters at the beginning of a reply are a thought and its marks, as `parse` reads it: 0 if there is
    none or an empty one, all if the reply ends within one. `opened`: the chat template has written the first mark."""
    thought, rest = _split(text)
    if thought and split_reply(text, parse)[0]:
        return len(text) if _OPEN.match(rest) else len(text) - len(rest)
    unclosed = rest == text and (opened or _OPEN.match(text)) and bool(text.strip())
    return len(text) if unclosed and not _reads(text, parse) else 0


def without_thought(text: str) -> str:
    """`text` without the thought that it may begin with."""
    return split_thought(text)[1]


def split_reply(text: str, parse: Callable[[str], object]) -> tuple[str, str]:
    """The thought at the beginning of a reply and the rest, as `parse` reads it: a mark inside a call, which only the
    whole text is, ends no thought."""
    thought, rest = split_thought(text)
    if rest == text or (not _reads(rest, parse) and _reads(text, parse)):
        return "", text
    return thought, rest


def _reads(text: str, parse: Callable[[str], object]) -> bool:
    try:
        parse(text)
    except CallSyntaxError:
        return False
    return True


def read_after_thought(text: str, read: Callable[[str], tuple[Call, ...]]) -> tuple[Call, ...]:
    """The calls that `read` finds in all of `text`, or in what follows its thought. Raises CallSyntaxError."""
    try:
        return read(text)
    except CallSyntaxError:
        rest = without_thought(text)
        if rest == text or not rest.strip():
            raise
    return read(rest)

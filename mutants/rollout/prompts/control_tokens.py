"""Keeps text that looks like a control token from becoming one.

Control tokens are a tokenizer's added tokens, special or not, and whatever else a chat template marks turns with:
`[INST]` is plain text for some tokenizers.
"""

import json
import re
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase

_MARKER = re.compile(r"</?s>|<</?SYS>>|\[/?[A-Z_]{2,24}\]|<\|[^|<>\s]{1,40}\|>|<(?:start|end)_of_turn>")
_MASK = "QzControl{}zQ"
_MASKED = re.compile(r"QzControl(\d+)zQ")
_RESERVED = r"Qz\w{1,40}zQ"
"""The form of stand-ins, and of the marks that templates are rendered with."""


class ControlTokens:
    """The control tokens of one tokenizer and of the chat template that writes `frames`."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", frames: Iterable[str]) -> None:
        self._backend: Tokenizer = tokenizer.backend_tokenizer
        # Some tokenizers have runs of blanks among their added tokens. They are ordinary text.
        added = {
            token.content: index
            for index, token in tokenizer.added_tokens_decoder.items()
            if token.special or token.content.strip(" \t\n\r▁")
        }
        self.ids = frozenset(added.values())
        self._markers = frozenset(mark for frame in frames for mark in _MARKER.findall(frame)) - added.keys()
        longest_first = sorted((re.escape(text) for text in added.keys() | self._markers), key=len, reverse=True)
        spellings = "|".join([*longest_first, _RESERVED])
        # A look-ahead, so that thousands of alternatives are tried only where one of them can begin.
        first = "".join(sorted({text[0] for text in added.keys() | self._markers} | {_MASK[0]}))
        self._pattern = re.compile(f"(?=[{re.escape(first)}])(?:{spellings})")
        self._spelled: dict[str, int] = {}

    def among(self, ids: Iterable[int]) -> list[int]:
        """The ids that are control tokens, in order."""
        return [token for token in ids if token in self.ids]

    def spelled_in(self, text: str) -> bool:
        """Whether `text` spells a control token."""
        return self._pattern.search(text) is not None

    def text_ids(self, text: str) -> list[int]:
        """Ids of `text`, none of which is a control token."""
        if not self.spelled_in(text):
            ids = self._encoded(self._backend, text)
            if self.ids.isdisjoint(ids):
                return ids
        # Markers that are text to the tokenizer are cut into characters, so that they differ from a template's own.
        pieces, end = [], 0
        for match in self._pattern.finditer(text):
            if match[0] in self._markers:
                pieces += [text[end : match.start()], *match[0]]
                end = match.end()
        ids = [token for piece in [*pieces, text[end:]] if piece for token in self._encoded(self._textual, piece)]
        if self.ids.isdisjoint(ids):
            return ids
        # A normaliser, or a vocabulary that has the token as a word, made one after all.
        ids = [token for character in text for token in self._encoded(self._textual, character)]
        return [token for token in ids if token not in self.ids]

    def mask(self, value: Any) -> Any:
        """A JSON value in which stand-ins replace all spellings of control tokens, in keys, too."""
        if isinstance(value, str):
            masked = self._pattern.sub(lambda match: self._stand_in(match[0]), value)
            if masked.isascii() or self.ids.isdisjoint(self._encoded(self._backend, masked)):
                return masked
            # A normaliser finds a control token in what spells none: a stand-in takes the place of the whole text.
            return self._stand_in(json.dumps(value, ensure_ascii=False)[1:-1])
        if isinstance(value, dict):
            return {self.mask(key): self.mask(item) for key, item in value.items()}
        return [self.mask(item) for item in value] if isinstance(value, list | tuple) else value

    def frame_ids(self, frame: str) -> list[int]:
        """Ids of what a template wrote, with its control tokens. Stand-ins become the text that they stand for."""
        ids: list[int] = []
        spelled = list(self._spelled)
        for index, piece in enumerate(_MASKED.split(frame)):
            if index % 2:
                ids += self.text_ids(spelled[int(piece)])
            else:
                ids += self._encoded(self._backend, piece)
        return ids

    def _stand_in(self, text: str) -> str:
        return _MASK.format(self._spelled.setdefault(text, len(self._spelled)))

    @cached_property
    def _textual(self) -> "Tokenizer":
        """The tokenizer without its control tokens."""
        from tokenizers import Tokenizer

        table = json.loads(self._backend.to_str())
        table["added_tokens"] = [token for token in table["added_tokens"] if token["id"] not in self.ids]
        return Tokenizer.from_str(json.dumps(table))

    @staticmethod
    def _encoded(backend: "Tokenizer", text: str) -> list[int]:
        return list(backend.encode(text, add_special_tokens=False).ids)

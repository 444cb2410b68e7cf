"""Conversations to token ids, by the chat template of a model's own tokenizer.

Token in, token out: sampled ids stay as they are; only prompts and tool results are tokenised. A template is
rendered once per sequence of roles with a mark in place of each content; what stands between the marks is
encoded with control tokens, the contents without any. So nothing that a problem, a function or a model wrote
can become a control token, and a longer conversation's ids always begin with the shorter one's.
"""

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import TemplateError

from cluster.errors import RequestError
from rollout.records import Message, Role, content_hash

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_MARK = "QzContent{}zQ"


class ChatTemplate:
    """Prompts and feedback as ids. Raises RequestError for a tokenizer without a usable chat template."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise RequestError(f"tokenizer of {tokenizer.name_or_path!r} is not a fast one; convert it first")
        if not tokenizer.chat_template:
            raise RequestError(f"tokenizer of {tokenizer.name_or_path!r} has no chat template; use an instruct model")
        self._tokenizer = tokenizer
        self._backend = tokenizer.backend_tokenizer
        self._control = {token.content: index for index, token in tokenizer.added_tokens_decoder.items()}
        longest_first = sorted((re.escape(text) for text in self._control), key=len, reverse=True)
        self._control_pattern = re.compile("|".join(longest_first)) if longest_first else None
        self._skeleton = lru_cache(maxsize=64)(self._render_skeleton)

    @classmethod
    def from_model(cls, model_dir: str | Path) -> "ChatTemplate":
        from transformers import AutoTokenizer

        return cls(AutoTokenizer.from_pretrained(str(model_dir), trust_remote_code=False))

    @cached_property
    def tokenizer_hash(self) -> str:
        return content_hash(self._backend.to_str())

    @cached_property
    def hash(self) -> str:
        return content_hash(str(self._tokenizer.chat_template))

    @cached_property
    def stop_ids(self) -> tuple[int, ...]:
        """What ends a reply: the tokenizer's end of sequence and, where it differs, the template's end of turn."""
        after_reply = self._skeleton((Role.USER, Role.ASSISTANT, self.result_role), True)[2]
        ends = [self._tokenizer.eos_token_id]
        if after_reply and after_reply[0] in self._control.values():
            ends.append(after_reply[0])
        return tuple(dict.fromkeys(end for end in ends if end is not None))

    @cached_property
    def pad_id(self) -> int:
        pad = self._tokenizer.pad_token_id
        return int(pad if pad is not None else self._tokenizer.eos_token_id)

    @cached_property
    def result_role(self) -> Role:
        """`tool` where the template shows a tool's message as it is, `user` elsewhere (no role for it, or quoted)."""
        try:
            text = self._render((Role.USER, Role.ASSISTANT, Role.TOOL), True)
        except (TemplateError, TypeError, ValueError, KeyError):
            return Role.USER
        mark = _MARK.format(2)
        return Role.TOOL if mark in text and f'"{mark}"' not in text else Role.USER

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """The conversation so far and the header of the next reply."""
        skeleton = self._skeleton(tuple(message.role for message in messages), True)
        ids = list(skeleton[0])
        for message, between in zip(messages, skeleton[1:], strict=True):
            ids += self.encode(message.text)
            ids += between
        return ids

    def feedback_ids(self, reply_ids: Sequence[int], results_text: str) -> list[int]:
        """What stands between a reply, as sampled, and the next one: end of turn where the reply lacks it, the
        results, the header of the next reply."""
        skeleton = self._skeleton((Role.USER, Role.ASSISTANT, self.result_role), True)
        after_reply = list(skeleton[2])
        if reply_ids and after_reply and reply_ids[-1] == after_reply[0]:
            after_reply = after_reply[1:]
        return after_reply + self.encode(results_text) + list(skeleton[3])

    def encode(self, text: str) -> list[int]:
        """Ids of a content: never a control token, whatever the text says."""
        ids: list[int] = []
        for piece in self._without_control(text):
            ids += self._backend.encode(piece, add_special_tokens=False).ids
        if not self._control_ids.isdisjoint(ids):
            # A normaliser can make a control token out of what did not look like one.
            ids = [i for character in text for i in self._backend.encode(character, add_special_tokens=False).ids]
            ids = [i for i in ids if i not in self._control_ids]
        return ids

    def encode_reply(self, text: str) -> list[int]:
        """Ids of a reply written as text, with the end of turn that a model would have sampled."""
        return [*self.encode(text), self.stop_ids[-1]]

    def decode_reply(self, token_ids: Sequence[int]) -> str:
        """The text of a sampled reply, without the stop token. Other control tokens stay visible."""
        end = len(token_ids) - (1 if token_ids and token_ids[-1] in self.stop_ids else 0)
        return str(self._backend.decode(list(token_ids[:end]), skip_special_tokens=False))

    @cached_property
    def _control_ids(self) -> frozenset[int]:
        return frozenset(self._control.values())

    def _without_control(self, text: str) -> list[str]:
        """`text` cut inside every spelling of a control token, after its first character."""
        if self._control_pattern is None:
            return [text]
        cuts = [match.start() + 1 for match in self._control_pattern.finditer(text)]
        return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) if a < b]

    def _render(self, roles: tuple[Role, ...], header: bool) -> str:
        messages = [{"role": role.value, "content": _MARK.format(index)} for index, role in enumerate(roles)]
        return str(self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=header))

    def _render_skeleton(self, roles: tuple[Role, ...], header: bool) -> tuple[tuple[int, ...], ...]:
        """The ids before, between and after the contents of messages with these roles."""
        try:
            rest = self._render(roles, header)
        except (TemplateError, TypeError, ValueError, KeyError) as error:
            shown = ", ".join(role.value for role in roles)
            raise RequestError(f"chat template of {self._tokenizer.name_or_path!r} refuses {shown}: {error}") from error
        pieces = []
        for index in range(len(roles)):
            before, mark, rest = rest.partition(_MARK.format(index))
            if not mark:
                shown = f"message {index + 1} ({roles[index].value})"
                raise RequestError(f"chat template of {self._tokenizer.name_or_path!r} leaves out {shown}")
            pieces.append(before)
        pieces.append(rest)
        return tuple(tuple(self._backend.encode(piece, add_special_tokens=False).ids) for piece in pieces)

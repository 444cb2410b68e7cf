"""Conversations to token ids, by the chat template of a model's own tokenizer.

Token in, token out: sampled ids stay as they are; only prompts and tool results are tokenised. A template is
rendered once per sequence of roles with a mark in place of each content; what stands between the marks is a frame.
Frames and contents are tokenised as one text, as the model saw it in training, where the control tokens that come
out are those of the frames; else one by one, and a content's then stay text. So nothing that a problem, a function
or a model wrote can become a control token, and a longer conversation's ids always begin with the shorter one's.
"""

import datetime
import json
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from cluster.errors import RequestError
from rollout.formats import CallFormat
from rollout.prompts.control_tokens import ControlTokens
from rollout.records import Call, CallResult, Message, Role, content_hash
from rollout.toolboxes import Toolbox

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MARK = "QzContent{}zQ"
REFUSALS = (TemplateError, TypeError, ValueError, KeyError, AttributeError)
"""What a template raises for a conversation that it does not take."""
_TODAY = datetime.date(2024, 7, 26)
"""The date in prompts of templates that write one: a prompt is the same whenever it is rendered."""


class ChatTemplate:
    """Prompts and feedback as ids. Raises RequestError for a tokenizer without a usable chat template."""

    native = False
    """Whether the template itself shows the functions."""
    parallel = True
    """Whether a reply may hold several calls."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", more_ends: Sequence[int] = ()) -> None:
        """`more_ends`: ids that end a reply of this model, beside the tokenizer's and the template's own."""
        if not getattr(tokenizer, "is_fast", False):
            raise RequestError(f"tokenizer of {tokenizer.name_or_path!r} is not a fast one; convert it first")
        if not tokenizer.chat_template:
            raise RequestError(f"tokenizer of {tokenizer.name_or_path!r} has no chat template; use an instruct model")
        self._tokenizer = tokenizer
        self._more_ends = tuple(more_ends)
        self._clear()

    def _clear(self) -> None:
        self._skeleton = lru_cache(maxsize=64)(self._render_skeleton)
        self._frame_ids = lru_cache(maxsize=64)(lambda frame: tuple(self._control.frame_ids(frame)))

    @classmethod
    def from_model(cls, model_dir: str | Path) -> "ChatTemplate":
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(str(model_dir), trust_remote_code=False)
        return cls(tokenizer, _ends_of_model(Path(model_dir)))

    @cached_property
    def tokenizer_hash(self) -> str:
        return content_hash(self._tokenizer.backend_tokenizer.to_str())

    @cached_property
    def hash(self) -> str:
        return content_hash(str(self._tokenizer.chat_template))

    @cached_property
    def stop_ids(self) -> tuple[int, ...]:
        """What ends a reply: the tokenizer's end of sequence, the model's further ones, and last the template's end
        of turn, where it has one."""
        ends = [self._tokenizer.eos_token_id, *self._more_ends]
        end = self._control.among(self._frame_ids(self._after_reply))[:1]
        if end and self._ends_turn(self._after_reply):
            ends = [*(each for each in ends if each not in end), *end]
        return tuple(dict.fromkeys(each for each in ends if each is not None))

    @cached_property
    def pad_id(self) -> int:
        pad = self._tokenizer.pad_token_id
        return int(pad if pad is not None else self._tokenizer.eos_token_id)

    @cached_property
    def result_role(self) -> Role:
        """`tool` where the template shows a tool's message as it is, `user` elsewhere (no role for it, or quoted)."""
        try:
            text = self._render((Role.USER, Role.ASSISTANT, Role.TOOL), True)
        except REFUSALS:
            return Role.USER
        mark = MARK.format(2)
        return Role.TOOL if mark in text and f'"{mark}"' not in text else Role.USER

    def for_toolbox(self, toolbox: Toolbox, verbosity: str = "full") -> "ChatTemplate":
        """The template for prompts with these functions: itself, since they stand in the message."""
        return self

    def shown_hash(self, text: str) -> str:
        """Hash of all that a prompt with this text shows of problem and functions."""
        return content_hash(text)

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """The conversation so far and the header of the next reply."""
        frames = self._skeleton(tuple(message.role for message in messages), True)
        return self._join(frames, [message.text for message in messages])

    def feedback_ids(self, reply_ids: Sequence[int], results_text: str) -> list[int]:
        """What stands between a reply, as sampled, and the next one: end of turn where the reply lacks it, the
        results, the header of the next reply."""
        frames = self._skeleton((Role.USER, Role.ASSISTANT, self.result_role), True)[2:]
        return self._after(reply_ids, frames, [results_text])

    def results_ids(
        self, reply_ids: Sequence[int], results: Sequence[CallResult], call_format: CallFormat
    ) -> list[int]:
        """As `feedback_ids`, for the results of the calls in a reply."""
        return self.feedback_ids(reply_ids, call_format.render_results(results))

    def encode(self, text: str) -> list[int]:
        """Ids of a content: never a control token, whatever the text says."""
        return self._control.text_ids(text)

    def calls_ids(self, calls: Sequence[Call], call_format: CallFormat) -> list[int]:
        """Ids of a reply that makes these calls, with its end of turn."""
        return self.encode_reply(call_format.render(calls))

    def encode_reply(self, text: str) -> list[int]:
        """Ids of a reply written as text, with the end of turn that a model would have sampled."""
        shown = self._skeleton((Role.USER, Role.ASSISTANT, self.result_role), True)[1]
        # Some templates part header and reply by a blank that they leave to the model.
        blank = shown.startswith(self._header) and not shown[len(self._header) :].strip()
        return [*self._after_header(shown if blank else self._header, ("", ""), [text]), self.stop_ids[-1]]

    def decode_reply(self, token_ids: Sequence[int]) -> str:
        """The text of a sampled reply, without the stop token. Other control tokens stay visible."""
        end = len(token_ids) - (1 if token_ids and token_ids[-1] in self.stop_ids else 0)
        backend = self._tokenizer.backend_tokenizer
        return str(backend.decode(list(token_ids[:end]), skip_special_tokens=False))

    @cached_property
    def _control(self) -> ControlTokens:
        return ControlTokens(self._tokenizer, self._skeleton((Role.USER, Role.ASSISTANT, self.result_role), True))

    @property
    def _header(self) -> str:
        """The frame between a user's message and the reply."""
        return self._skeleton((Role.USER,), True)[1]

    @property
    def _after_reply(self) -> str:
        """The frame that begins where a reply ends."""
        return self._skeleton((Role.USER, Role.ASSISTANT, self.result_role), True)[2]

    def _ends_turn(self, frame: str) -> bool:
        """Whether a frame begins with a control token, blanks aside."""
        first = self._control.among(self._frame_ids(frame))[:1]
        return bool(first) and frame.strip().startswith(self._spelling(first[0]))

    def _spelling(self, token: int) -> str:
        return str(self._tokenizer.added_tokens_decoder[token].content).strip()

    def _after(self, reply_ids: Sequence[int], frames: Sequence[str], contents: Sequence[str]) -> list[int]:
        """Frames and contents behind a reply, without the end of turn where the reply has one."""
        ids = self._join(frames, contents)
        if reply_ids and reply_ids[-1] in self.stop_ids and self._ends_turn(frames[0]):
            return ids[next(index for index, token in enumerate(ids) if token in self._control.ids) + 1 :]
        return ids

    def _after_header(self, lead: str, frames: Sequence[str], contents: Sequence[str]) -> list[int]:
        """Ids of what a model writes, tokenised as what follows the header of its turn; `lead` begins with that."""
        start = list(self._frame_ids(self._header))
        ids = self._join([lead + frames[0], *frames[1:]], contents)
        if ids[: len(start)] == start:
            return ids[len(start) :]
        return self._join(frames, contents)

    def _join(self, frames: Sequence[str], contents: Sequence[str]) -> list[int]:
        """Ids of frames with contents between them, `len(frames) == len(contents) + 1`."""
        single = [self._frame_ids(frame) for frame in frames]
        control = self._control
        if not any(map(control.spelled_in, contents)):
            pieces = [*(piece for pair in zip(frames, contents, strict=False) for piece in pair), frames[-1]]
            ids = control.frame_ids("".join(pieces))
            if control.among(ids) == [token for ids_of in single for token in control.among(ids_of)]:
                return ids
        ids = list(single[0])
        for content, frame in zip(contents, single[1:], strict=True):
            ids += self.encode(content)
            ids += frame
        return ids

    def _render(self, roles: tuple[Role, ...], header: bool) -> str:
        return self._rendered(
            [{"role": role.value, "content": MARK.format(at)} for at, role in enumerate(roles)], header
        )

    def _rendered(self, messages: list[dict[str, Any]], header: bool, **more: Any) -> str:
        text = self._tokenizer.apply_chat_template(
            messages,
            tokenize=False,
            add_generation_prompt=header,
            date_string=_TODAY.strftime("%d %b %Y"),
            strftime_now=_TODAY.strftime,
            **more,
        )
        return str(text)

    def _render_skeleton(self, roles: tuple[Role, ...], header: bool) -> tuple[str, ...]:
        """The frames before, between and after the contents of messages with these roles."""
        name = self._tokenizer.name_or_path
        try:
            rest = self._render(roles, header)
        except REFUSALS as error:
            shown = ", ".join(role.value for role in roles)
            raise RequestError(f"chat template of {name!r} refuses {shown}: {error}") from error
        frames = []
        for index in range(len(roles)):
            before, mark, rest = rest.partition(MARK.format(index))
            if not mark:
                raise RequestError(f"chat template of {name!r} leaves out message {index + 1} ({roles[index].value})")
            frames.append(before)
        return (*frames, rest)


def _ends_of_model(folder: Path) -> tuple[int, ...]:
    """The ids in generation_config.json that end a reply; none where there is no such file."""
    try:
        ends = json.loads((folder / "generation_config.json").read_text()).get("eos_token_id")
    except (OSError, ValueError):
        return ()
    return tuple(ends) if isinstance(ends, list) else () if ends is None else (int(ends),)

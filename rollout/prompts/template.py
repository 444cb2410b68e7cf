"""Turns conversations into token ids by the chat template of a model's own tokenizer.

Sampled ids stay as they are; only prompts and tool results are tokenised. A template is rendered once for each sequence
of roles, with a mark in place of every content. What stands between the marks is called a frame. Frames and contents
are tokenised together as one text, as in the model's training. If control tokens come out that are not those of the
frames, they are tokenised one by one, and the contents stay text. So nothing that a problem, a function or a model
wrote becomes a control token, and the ids of a longer conversation always begin with those of the shorter one.
"""

import datetime
import json
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cluster.errors import RequestError, first_line
from rollout.formats import CallFormat
from rollout.formats.thoughts import thought_end
from rollout.prompts.control_tokens import ControlTokens
from rollout.prompts.messages import MARK, REFUSALS, THOUGHT, before_end, thought_fields
from rollout.prompts.opening import Opening
from rollout.prompts.renderer import RENDERER
from rollout.records import Call, CallResult, Message, Part, Role, content_hash
from rollout.toolboxes import Toolbox

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

THINKING = ("enable_thinking", "thinking")
"""Names under which templates take whether the model is to think."""
_TODAY = datetime.date(2024, 7, 26)
"""The date that templates write into prompts. It is fixed, so that a prompt never depends on the day."""


class ChatTemplate:
    """Makes the ids of prompts and of feedback. Raises RequestError for a tokenizer without a usable chat template."""

    native = False
    """Whether the template itself shows the functions."""
    parallel = True
    """Whether a reply may hold several calls."""

    def __init__(
        self, tokenizer: "PreTrainedTokenizerBase", more_ends: Sequence[int] = (), forbid_thoughts: bool = False
    ) -> None:
        """`more_ends` are ids that end a reply of this model besides the tokenizer's and the template's own.

        With `forbid_thoughts` the template is told that the model is not to think. Raises RequestError for one that
        takes no such switch, though it shows thoughts, or that opens a thought all the same.
        """
        if not getattr(tokenizer, "is_fast", False):
            raise RequestError(f"tokenizer of {tokenizer.name_or_path!r} is not a fast one; convert it first")
        if not tokenizer.chat_template:
            raise RequestError(f"tokenizer of {tokenizer.name_or_path!r} has no chat template; use an instruct model")
        self._tokenizer = tokenizer
        self._more_ends = tuple(more_ends)
        self._switches: dict[str, bool] = dict.fromkeys(THINKING, False) if forbid_thoughts else {}
        self._clear()
        if forbid_thoughts:
            self._refuse_thoughts()

    def _clear(self) -> None:
        self._skeleton = lru_cache(maxsize=64)(self._render_skeleton)
        self._frame_ids = lru_cache(maxsize=64)(lambda frame: tuple(self._control.frame_ids(frame)))

    @classmethod
    def from_model(cls, model_dir: str | Path, forbid_thoughts: bool = False) -> Self:
        """The template of the model in a folder, whose generation_config.json may name further ends of a reply."""
        from transformers import AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(str(model_dir), trust_remote_code=False)
        except Exception as error:  # the tokenizers library raises plain ones for broken files
            raise RequestError(f"tokenizer of {str(model_dir)!r} does not load: {first_line(error)}") from None
        try:
            ends = json.loads((Path(model_dir) / "generation_config.json").read_text())["eos_token_id"]
        except (OSError, ValueError, LookupError, TypeError):
            ends = []
        named = [end for end in (ends if isinstance(ends, list) else [ends]) if isinstance(end, int)]
        return cls(tokenizer, named, forbid_thoughts)

    @cached_property
    def tokenizer_hash(self) -> str:
        return content_hash(self._tokenizer.backend_tokenizer.to_str())

    @cached_property
    def hash(self) -> str:
        return content_hash(str(self._tokenizer.chat_template), *self._switches)

    @cached_property
    def stop_ids(self) -> tuple[int, ...]:
        """The ids that end a reply: the tokenizer's end of sequence, the model's further ones, and last the template's
        end of turn, if it has one."""
        return self._text_stops

    @cached_property
    def _text_stops(self) -> tuple[int, ...]:
        """The ids that end a reply which is text."""
        ends = [self._tokenizer.eos_token_id, *self._more_ends]
        history_end, end = self._turn_end(self._exchange[2]), self._last_end
        if end is None:
            end = history_end
        elif end != history_end:
            # In a history another token takes its place, which a model may write within a reply (gpt-oss).
            ends = [each for each in ends if each != history_end]
        if end is not None:
            ends = [*(each for each in ends if each != end), end]
        found = tuple(dict.fromkeys(each for each in ends if each is not None))
        if not found:
            raise RequestError(f"tokenizer of {self._name!r} names no token that ends a reply; set its eos_token")
        return found

    @cached_property
    def _last_end(self) -> int | None:
        """The control token that follows the last reply of a conversation; None if the template writes none."""
        return self._turn_end(self._render((Role.USER, Role.ASSISTANT), header=False).rpartition(MARK.format(1))[2])

    @cached_property
    def _openers(self) -> frozenset[int]:
        """What ends a reply only because what follows begins with it."""
        return self._text_openers

    @cached_property
    def _text_openers(self) -> frozenset[int]:
        """Such control tokens of replies that are text (GLM's `<|observation|>`)."""
        end = self._turn_end(self._exchange[2])
        return frozenset() if end is None or self._last_end is not None else frozenset({end})

    @cached_property
    def pad_id(self) -> int:
        pad = self._tokenizer.pad_token_id
        return int(pad if pad is not None else self._tokenizer.eos_token_id)

    @cached_property
    def result_role(self) -> Role:
        """`tool` if the template shows a tool's message unchanged; `user` if it lacks the role or quotes the text."""
        try:
            text = self._render((Role.USER, Role.ASSISTANT, Role.TOOL))
        except REFUSALS:
            return Role.USER
        mark = MARK.format(2)
        return Role.TOOL if mark in text and f'"{mark}"' not in text else Role.USER

    def for_toolbox(self, toolbox: Toolbox, verbosity: str = "full") -> "ChatTemplate":
        """The template for prompts with these functions: this one, since the message describes them."""
        return self

    def shown_hash(self, opening: Opening) -> str:
        """Hash of everything that a prompt with this opening shows, and of whether the template would write the history
        that follows it in another way than as it was sampled."""
        return content_hash(*opening.parts, *self._history_parts)

    @property
    def _history_parts(self) -> tuple[str, ...]:
        # Only where it is so: the hashes of the other templates' prompts are those that older episodes hold.
        return ("drops thoughts",) if self.drops_thoughts else ()

    @cached_property
    def drops_thoughts(self) -> bool:
        """Whether the template leaves out thoughts of earlier replies, once the user has written again. Episodes keep
        them, since the ids that were sampled stay."""
        return self._shows_thought(()) and not self._shows_thought(({"role": Role.USER.value, "content": "QzUserzQ"},))

    def _shows_thought(self, following: Sequence[dict[str, Any]]) -> bool:
        """Whether the template shows the thought of a reply that these messages follow. False if it refuses them."""
        reply = {"role": Role.ASSISTANT.value, "content": "QzReplyzQ", **thought_fields(THOUGHT)}
        messages = [{"role": Role.USER.value, "content": "QzUserzQ"}, reply, *following]
        try:
            return THOUGHT in self._rendered(messages, header=bool(following))
        except REFUSALS:
            return False

    def _refuse_thoughts(self) -> None:
        """Raise RequestError where the template cannot keep its model from thinking."""
        remedy = "set episodes.thoughts to keep or cut, or use a model that need not think"
        if self._opens_thought:
            raise RequestError(f"chat template of {self._name!r} opens a thought in every reply; {remedy}")
        asked: list[dict[str, Any]] = [{"role": Role.USER.value, "content": "QzUserzQ"}]
        without = self._rendered(asked, header=True)
        self._switches = dict.fromkeys(THINKING, True)
        knows = self._rendered(asked, header=True) != without
        self._switches = dict.fromkeys(THINKING, False)
        if not knows and self._shows_thought(()):
            raise RequestError(f"chat template of {self._name!r} has no switch that turns thoughts off; {remedy}")

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """Ids of the conversation so far and of the header of the next reply."""
        frames = self._skeleton(tuple(message.role for message in messages))
        return self._join(frames, [message.text for message in messages])

    @cached_property
    def has_system_role(self) -> bool:
        """Whether the template shows a system's message, and shows it first: older templates of Mistral's put it before
        the last user's message, wherever that is."""
        try:
            self._skeleton((Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.USER))
        except RequestError:
            return False
        return True

    def opening_ids(self, opening: Opening, call_format: CallFormat) -> list[int]:
        """Ids of everything before the first reply: the system's message, worked conversations, the problem."""
        return self.prompt_ids(
            [
                Message(role=role, content=(Part(text=text),))
                for role, text in opening.turns(call_format, self.result_role, self.has_system_role)
            ]
        )

    def feedback_ids(self, reply_ids: Sequence[int], results_text: str) -> list[int]:
        """Ids of what stands between a sampled reply and the next one: the end of turn if the reply lacks it, the
        results, the header of the next reply."""
        return self._after(reply_ids, self._exchange[2:], [results_text])

    def results_ids(
        self, reply_ids: Sequence[int], results: Sequence[CallResult], call_format: CallFormat
    ) -> list[int]:
        """Like `feedback_ids`, for the results of the calls in a reply."""
        return self.feedback_ids(reply_ids, call_format.render_results(results))

    def next_turn_ids(
        self, reply_ids: Sequence[int], results: Sequence[CallResult], text: str, call_format: CallFormat
    ) -> list[int]:
        """Ids of what stands between a reply that ended a turn and the next one: the end of turn if the reply lacks it,
        the user's text, behind the results of what the reply did before it ended the turn, the header of the next
        reply."""
        told = call_format.render_results(before_end(results))
        frames = self._skeleton((Role.USER, Role.ASSISTANT, Role.USER))[2:]
        content = f"{told}\n{text}" if told else text
        return self._after(reply_ids, frames, [content], begins_turn=self._last_end is None)

    def encode(self, text: str) -> list[int]:
        """Ids of a content. None of them is a control token, whatever the text says."""
        return self._control.text_ids(text)

    def calls_ids(self, calls: Sequence[Call], call_format: CallFormat, thought: str = "") -> list[int]:
        """Ids of a reply that makes these calls, after a thought if there is one, with its end of turn."""
        return self.encode_reply(call_format.render(calls), thought)

    def encode_reply(self, text: str, thought: str = "", ends_turn: bool = False) -> list[int]:
        """Ids of a reply written as text, with the end of turn that a model would have sampled; `ends_turn`: before a
        user's message. A thought before it is left out where the template shows none."""
        if thought and self._around_thought is not None:
            before, after = self._around_thought
            ids = self._after_header(self._header + before, ("", after, ""), [thought, text])
        else:
            ids = self._after_header(self._header + self._lead, ("", ""), [text])
        return [*ids, self._said_end if ends_turn else self._text_stops[-1]]

    @cached_property
    def _said_end(self) -> int:
        """What ends a text to the user: where the template writes no end, what a user's message begins with (GLM)."""
        opener = self._turn_end(self._skeleton((Role.USER, Role.ASSISTANT, Role.USER))[2])
        return self._text_stops[-1] if opener is None or self._last_end is not None else opener

    @cached_property
    def _lead(self) -> str:
        """What a model writes between the header of its turn and a text: a blank, an empty thought, a channel."""
        shown, header = self._exchange[1], self._header
        if shown.startswith(header):
            return shown[len(header) :]
        return "\n</think>\n\n" if self._opens_thought else ""

    @cached_property
    def _around_thought(self) -> tuple[str, str] | None:
        """What the template writes before and after a thought that stands before a text; None if it shows none."""
        reply = {"role": Role.ASSISTANT.value, "content": MARK.format(0), **thought_fields(THOUGHT)}
        text = self._rendered([{"role": Role.USER.value, "content": MARK.format(1)}, reply], header=False)
        turn = text.rpartition(MARK.format(1))[2].partition(MARK.format(0))[0]
        if turn.startswith(self._header) and turn.count(THOUGHT) == 1:
            before, _, after = turn[len(self._header) :].partition(THOUGHT)
            return before, after
        return ("", self._lead) if self._opens_thought else None

    @property
    def _opens_thought(self) -> bool:
        """Whether the header of a reply begins a thought."""
        return self._header.endswith(("<think>", "<think>\n"))

    def thought_tokens(self, token_ids: Sequence[int], call_format: CallFormat) -> int:
        """How many of a reply's ids, from its beginning, are a thought with its marks. An id that holds characters of
        both is none of them. All are, up to the stop token, if the reply ends within a thought."""
        text = self.decode_reply(token_ids)
        end = thought_end(text, call_format.parse, self._opens_thought)
        if not end:
            return 0
        decode = self._tokenizer.backend_tokenizer.decode
        ids, counts = list(token_ids), range(len(token_ids) + 1)
        return bisect_right(counts, end, key=lambda count: len(decode(ids[:count], skip_special_tokens=False))) - 1

    def decode_reply(self, token_ids: Sequence[int]) -> str:
        """The text of a sampled reply without the stop token. Other control tokens stay visible."""
        end = len(token_ids) - (1 if token_ids and token_ids[-1] in self.stop_ids else 0)
        backend = self._tokenizer.backend_tokenizer
        return str(backend.decode(list(token_ids[:end]), skip_special_tokens=False))

    @cached_property
    def _control(self) -> ControlTokens:
        return ControlTokens(self._tokenizer, self._exchange)

    @property
    def _exchange(self) -> tuple[str, ...]:
        """The frames around a user's message, a reply and its results; the third one begins where the reply ends."""
        return self._skeleton((Role.USER, Role.ASSISTANT, self.result_role))

    @property
    def _header(self) -> str:
        """The frame between a user's message and the reply."""
        return self._skeleton((Role.USER,))[1]

    def _turn_end(self, frame: str) -> int | None:
        """The control token with which a frame begins, apart from blanks; None if it begins otherwise."""
        first = next(iter(self._control.among(self._frame_ids(frame))), None)
        if first is None:
            return None
        spelling = str(self._tokenizer.added_tokens_decoder[first].content).strip()
        return first if frame.strip().startswith(spelling) else None

    def _after(
        self,
        reply_ids: Sequence[int],
        frames: Sequence[str],
        contents: Sequence[str],
        begins_turn: bool | None = None,
    ) -> list[int]:
        """Ids of frames and contents after a reply, without the end of turn if the reply has one. `begins_turn`:
        whether the control token with which the frames begin is the next turn's; None for what is known of results."""
        ids, end = self._join(frames, contents), self._turn_end(frames[0])
        written = reply_ids[-1] if reply_ids else None
        opens = end in self._openers if begins_turn is None else begins_turn
        if end is not None and (written == end or (written in self.stop_ids and not opens)):
            return ids[next(index for index, token in enumerate(ids) if token in self._control.ids) + 1 :]
        return ids

    def _after_header(self, lead: str, frames: Sequence[str], contents: Sequence[str]) -> list[int]:
        """Ids of what a model writes, tokenised as what follows the header of its turn, with which `lead` begins."""
        start = list(self._frame_ids(self._header))
        ids = self._join([lead + frames[0], *frames[1:]], contents)
        if ids[: len(start)] == start:
            return ids[len(start) :]
        return self._join(frames, contents)

    def _join(self, frames: Sequence[str], contents: Sequence[str]) -> list[int]:
        """Ids of frames with contents between them; `len(frames) == len(contents) + 1`."""
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

    def _render(self, roles: tuple[Role, ...], header: bool = True) -> str:
        messages = [{"role": role.value, "content": MARK.format(at)} for at, role in enumerate(roles)]
        return self._rendered(messages, header)

    def _rendered(self, messages: list[dict[str, Any]], header: bool, tools: list[dict[str, Any]] | None = None) -> str:
        """What the template writes; as the tokenizer's `apply_chat_template`, in a process with limits. Raises
        REFUSALS, and TemplateLimitError for a template without an end."""
        request = {
            "template": self._tokenizer.get_chat_template(None, tools),
            "messages": messages,
            "tools": tools,
            "header": header,
            "tokens": self._tokenizer.special_tokens_map,
            "switches": self._switches,
            "today": _TODAY.isoformat(),
        }
        return RENDERER.render(request, self._name)

    def _render_skeleton(self, roles: tuple[Role, ...]) -> tuple[str, ...]:
        """The frames before, between and after the contents of messages with these roles."""
        try:
            text = self._render(roles)
        except REFUSALS as error:
            shown = ", ".join(role.value for role in roles)
            raise RequestError(f"chat template of {self._name!r} refuses {shown}: {error}") from error
        return self._frames(text, [f"message {number} ({role.value})" for number, role in enumerate(roles, start=1)])

    def _frames(self, text: str, contents: Sequence[str]) -> tuple[str, ...]:
        """`text` cut at its marks. `contents` names what the marks stand for, for the message if one is missing."""
        frames = []
        for index, content in enumerate(contents):
            before, mark, text = text.partition(MARK.format(index))
            if not mark:
                raise RequestError(f"chat template of {self._name!r} leaves out {content}")
            frames.append(before)
        return (*frames, text)

    @property
    def _name(self) -> str:
        return str(self._tokenizer.name_or_path)

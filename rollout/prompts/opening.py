"""What a conversation says before the model's first reply: the system's message, worked conversations, the problem."""

from collections.abc import Iterator
from typing import Protocol

import msgspec

from rollout.records import Call, CallResult, Example, Role


class _Writes(Protocol):
    def render(self, calls: tuple[Call, ...]) -> str: ...

    def render_results(self, results: tuple[CallResult, ...]) -> str: ...


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a prompt that is text; functions that a chat template shows itself are not in it."""

    system: str = ""
    """The system's message; "" for none."""
    examples: tuple[Example, ...] = ()
    text: str
    """The user's message that asks for the first reply."""

    @property
    def parts(self) -> tuple[str, ...]:
        """What its hash covers; of an opening with text alone, the text."""
        if not self.system and not self.examples:
            return (self.text,)
        # What nobody says is left out, so that prompts of one turn have the hashes of runs before there were others.
        examples = msgspec.json.encode(self.examples).decode().replace(',"said":""}', "}")
        return (self.text, self.system, examples)

    def user_texts(self, has_system_role: bool) -> tuple[str, ...]:
        """The user's messages: the examples' and the problem's. The first one begins with the system's text where the
        template has no message for it."""
        first, *others = [*(example.text for example in self.examples), self.text]
        if self.system and not has_system_role:
            first = f"{self.system}\n\n{first}"
        return (first, *others)

    def turns(self, call_format: _Writes, result_role: Role, has_system_role: bool) -> Iterator[tuple[Role, str]]:
        """The messages as roles and texts, with calls and results as `call_format` writes them."""
        if self.system and has_system_role:
            yield Role.SYSTEM, self.system
        *asked, problem = self.user_texts(has_system_role)
        for text, example in zip(asked, self.examples, strict=True):
            yield Role.USER, text
            for turn in example.turns:
                yield Role.ASSISTANT, call_format.render((turn.call,))
                if turn.said:
                    yield Role.USER, turn.said
                elif turn is not example.turns[-1]:
                    yield result_role, call_format.render_results((CallResult(call=turn.call, content=turn.result),))
        yield Role.USER, problem

    def texts(self, call_format: _Writes) -> tuple[str, ...]:
        """The texts of all messages, in order."""
        return tuple(text for _, text in self.turns(call_format, Role.USER, True))

"""What OpenAI's own types accept, and what its preference format says beside them."""

import json
from collections.abc import Iterable
from typing import Any

from openai.types.chat import (
    ChatCompletionAssistantMessageParam,
    ChatCompletionFunctionToolParam,
    ChatCompletionMessageParam,
)
from pydantic import ConfigDict, TypeAdapter
from typing_extensions import TypedDict


class Input(TypedDict):
    """`input` of a row in the format of preference fine-tuning."""

    messages: list[ChatCompletionMessageParam]
    tools: list[ChatCompletionFunctionToolParam]
    parallel_tool_calls: bool


class PreferenceRow(TypedDict):
    """A row. Each side holds assistant messages alone."""

    input: Input
    preferred_output: list[ChatCompletionAssistantMessageParam]
    non_preferred_output: list[ChatCompletionAssistantMessageParam]


_ROWS = TypeAdapter(list[PreferenceRow], config=ConfigDict(extra="forbid", strict=True))


def check_row(row: dict[str, Any]) -> None:
    """Raise ValidationError for a row that the types refuse, AssertionError for one that the API would."""
    # Iterables are checked while they are read, and `tool_calls` is one.
    assert read(_ROWS.validate_python([row])) == [row]
    messages = row["input"]["messages"]
    assert messages[messages[0]["role"] == "system"]["role"] == "user"
    assert messages[-1]["role"] != "assistant"
    for side in ("preferred_output", "non_preferred_output"):
        assert len(row[side]) == 1
        check_conversation([*messages, *row[side]])
    assert row["preferred_output"] != row["non_preferred_output"]


def check_conversation(messages: list[dict[str, Any]]) -> None:
    """Every call but those of the last message is answered at once and in order, no id stands for two calls, and
    arguments are objects in JSON."""
    seen: set[str] = set()
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            assert message["tool_call_id"] == waiting.pop(0)
            continue
        assert waiting == []
        for call in message.get("tool_calls", ()):
            assert isinstance(json.loads(call["function"]["arguments"]), dict)
            assert call["id"] not in seen
            seen.add(call["id"])
            waiting.append(call["id"])


def read(value: Any) -> Any:
    """The value with every iterable read to its end."""
    if isinstance(value, dict):
        return {key: read(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [read(item) for item in value]
    return value

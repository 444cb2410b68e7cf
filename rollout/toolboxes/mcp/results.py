"""What a tool gave back, as JSON that a model reads: data, of a bounded size, whatever is in it.

Structured content comes first, then text; a text that is a JSON object or list is that. Of an image, a sound or a file
only what it is goes to the model: its kind, its size and a hash, so that two of them can be told apart.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rollout.records import ErrorCode
from rollout.toolboxes.mistakes import CallRefused, NotJson, TooLarge, one_line
from rollout.toolboxes.values import as_json

if TYPE_CHECKING:
    from mcp.types import CallToolResult, ContentBlock, Tool

_WRAPPED = "result"
"""The key under which the SDK's servers put a result that is no object."""


def json_of(result: "CallToolResult", tool: "Tool") -> str:
    """The value of a call that had success, as canonical JSON. Raises CallRefused for one that has no such form.

    A text whose JSON is none of ours (two keys that are one when broken characters are replaced) stays a text: what
    stands in it may be the model's own words, given back.
    """
    try:
        try:
            return as_json(_value_of(result, tool, _read))
        except NotJson:
            return as_json(_value_of(result, tool, str))
    except TooLarge as error:
        raise CallRefused(ErrorCode.OUTPUT_TOO_LARGE, f"{tool.name}: {error}") from None
    except NotJson as error:
        raise CallRefused(ErrorCode.TOOLBOX_FAULT, f"{tool.name}: {one_line(str(error))}") from None


def _value_of(result: "CallToolResult", tool: "Tool", read: Callable[[str], Any]) -> Any:
    if result.structured_content is not None:
        structured = result.structured_content
        properties = (tool.output_schema or {}).get("properties")
        wraps = isinstance(properties, Mapping) and properties.keys() == {_WRAPPED}
        if wraps and isinstance(structured, dict) and structured.keys() == {_WRAPPED}:
            return structured[_WRAPPED]
        return structured
    parts = [_part(block, read) for block in result.content]
    return parts[0] if len(parts) == 1 else parts or None


def error_text(result: "CallToolResult") -> str:
    """What a call that failed says of it: its text, or where it has none its structured content."""
    text = " ".join(block.text for block in result.content if block.type == "text")
    if text.strip() or result.structured_content is None:
        return text
    try:
        return as_json(result.structured_content)
    except (NotJson, TooLarge):
        return ""


def _part(block: "ContentBlock", read: Callable[[str], Any]) -> Any:
    if block.type == "text":
        return read(block.text)
    if block.type == "resource_link":
        return {"link": str(block.uri), "name": block.name}
    if block.type == "resource":
        held = block.resource
        text = getattr(held, "text", None)
        shown = read(text) if isinstance(text, str) else _described(getattr(held, "blob", ""), held.mime_type)
        return {"resource": str(held.uri), "content": shown}
    return _described(block.data, block.mime_type)


def _read(text: str) -> Any:
    """A text, or the object or list whose JSON it is."""
    if text[:1] in ("{", "["):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return text
        return value if isinstance(value, dict | list) else text
    return text


def _described(data: str, kind: str | None) -> dict[str, Any]:
    try:
        held = base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error):
        held = data.encode("utf-8", "replace")
    return {"data": kind or "unknown", "bytes": len(held), "sha256": hashlib.sha256(held).hexdigest()[:16]}

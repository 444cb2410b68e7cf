"""Conversations of other people's data sets: what the user asks first, and which calls answer it.

Two forms are read: `messages` of OpenAI (roles, `tool_calls`), and Hermes' `conversations` (`from`, `value`, calls in
`<tool_call>` blocks as JSON or as Python's literals). Of several turns of the user only the first is taken.
"""

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from cluster.errors import RequestError
from rollout.json_text import parse_json, short
from rollout.problems.imported.rows import LeftOut
from rollout.problems.imported.values import json_value

_OPENAI = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool"}
_OPENAI |= {"function": "tool"}
_HERMES = {"system": "system", "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant"}
_HERMES |= dict.fromkeys(("tool", "function", "function_response", "observation"), "tool")
_BEGIN, _END = "<tool_call>", "</tool_call>"
_TOOLS = re.compile(r"<tools>((?:(?!<tools>).)*?)</tools>", re.DOTALL)
_THOUGHT = re.compile(r"\s*+<(think(?:ing)?|thought|reasoning|scratch_?pad)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_OF_THOUGHT = re.compile(r"</?(?:think(?:ing)?|thought|reasoning|scratch_?pad)>", re.IGNORECASE)
_OF_CALLS = re.compile(r"call|tool|function", re.IGNORECASE)
"""Keys of a message that may hold calls."""
_WRITTEN = re.compile(
    r"</?tool_?(?:call|code)|</?function|\[TOOL_CALLS\]|<[|｜](?:tool|python_tag)|[\"']tool_calls[\"']"
    r"|\A(?=.*[\"'](?:name|function|tool|action)[\"']\s*+:)(?=.*[\"'](?:arguments|parameters|args|action_input)[\"']\s*+:)"
    r"|\A\W*+(?:(?:python|py|tool_code)\s++)?[A-Za-z_][\w.]*\(|^[ \t]*+Action(?: Input)?:",
    re.DOTALL | re.MULTILINE,
)
"""Signs of a call that stands in a reply's text, which is read from other places: `<tool_call>`, an object with a name
and arguments, a text that begins as `f(...)`, `Action: f`."""
_OBJECT = re.compile(r"\s*+(?:```\w*+\s*+)?\{.*\}\s*+(?:```)?\s*+", re.DOTALL)
"""An object that is all of a text."""
_ESCAPES = re.compile(r"\\(?:[\\'\"nrtbf]|u[0-9a-fA-F]{4})")
"""Escapes that Python reads as JSON does, and that of its own quote."""
_QUOTED = re.compile(r"'(?:\\.|[^'\\])*+'|\"(?:\\.|[^\"\\])*+\"", re.DOTALL)
_SIDE_BY_SIDE = re.compile(r"''\s*+[A-Za-z]?''")
"""Two texts without a sign between them, which Python joins."""
_TEXTS = (None, "text", "input_text", "output_text")
"""Types of a message's parts that are text."""
TURNS = "the first user's turn is not answered by calls at once"
UNREADABLE = "what stands in them does not read"


class Turn(NamedTuple):
    """One message: `role` is system, user, assistant or tool; `calls` stand as they are written, name and arguments."""

    role: str
    text: str
    calls: tuple[Mapping[str, Any], ...] = ()


class Asked(NamedTuple):
    """What a row asks: a text, the functions as they stand, the gold calls as they stand, and the reply's text."""

    text: str
    tools: Any
    calls: Sequence[Any]
    reply: str = ""


def first_exchange(turns: Sequence[Turn], where: str) -> tuple[str, Turn]:
    """The text of system and user before the first reply, and that reply, without calls where a text is all that
    answers the user. Raises LeftOut where the first user's turn is not answered so."""
    told = list(takewhile(lambda turn: turn.role == "system", turns))
    asked = list(takewhile(lambda turn: turn.role == "user", turns[len(told) :]))
    after = turns[len(told) + len(asked) :]
    if not any(turn.text for turn in asked):
        raise LeftOut(where, TURNS, "it does not begin with a text of the user")
    if not after or after[0].role != "assistant":
        raise LeftOut(where, TURNS, "nobody replies to the first user's turn")
    reply, then = after[0], list(takewhile(lambda turn: turn.role != "user", after[1:]))
    if any(turn.calls for turn in then):
        fault = "further calls follow on the results of the first ones, and functions of schemas alone have no results"
        raise LeftOut(where, TURNS, fault if reply.calls else "its first reply makes no call, and a later one does")
    text = "\n\n".join(turn.text for turn in (*told, *asked) if turn.text)
    if reply.calls:
        return text, reply
    if len(then) < len(after) - 1:
        raise LeftOut(where, TURNS, "the first user's turn is answered without a call, and the conversation goes on")
    if any(turn.role == "tool" for turn in then):
        raise LeftOut(where, UNREADABLE, "its first reply makes no call, and a result follows")
    said = "\n".join(turn.text for turn in (reply, *then) if turn.role == "assistant")
    if not reply.text or _WRITTEN.search(said):
        fault = "writes a call into its text" if reply.text else "is empty"
        raise LeftOut(where, UNREADABLE, f"the reply {fault}: {short(said)}")
    return text, reply._replace(text=said)


def calls_in_words(text: str, functions: Mapping[str, Collection[str]]) -> bool:
    """Whether a reply's text calls one of `functions` (name -> its arguments' names) in a form of its own: it is
    an object or a function's name, or has `f(1`, `"f":`, `<f>`, `/f` or `Tool: f` as a line; or it names a function and
    gives one of its arguments (`city=`, `"city":`, `<city>`, `--city`)."""
    if _OBJECT.fullmatch(text):
        return True
    text = text.replace("\\_", "_")  # as Markdown has it
    for name, arguments in functions.items():
        if name not in text:
            continue
        plain = re.escape(name)
        forms = (
            rf"(?<![\w.\\])(?:[\w.]+\.)?{plain}\(" + r"(?!\))" * bool(arguments),
            rf"[\"']{plain}[\"']\s*+:|[\"']\s*+:\s*+[\"']{plain}[\"']|=[\"']?(?:functions\.)?{plain}\b",
            rf"</?{plain}>|^[/!]{plain}\b|\A\W*(?:functions\.)?{plain}\W*\Z",
            rf"^\W{{0,9}}(?i:tool|function|api|name|action|call)\b\W{{0,9}}:\W{{0,9}}{plain}\W{{0,3}}$",
        )
        if re.search("|".join(forms), text, re.MULTILINE):
            return True
        given = "|".join(map(re.escape, arguments))
        is_named = re.search(rf"(?<![\w\\]){plain}(?!\w)", text)
        if given and is_named and re.search(rf"(?<!\w)(?:--(?:{given})\b|(?:{given})[\"'`*]{{0,3}}\s*+[=:>])", text):
            return True
    return False


def has_later_turns(conversation: Any) -> bool:
    """Whether a user speaks again after a reply."""
    turns = conversation if isinstance(conversation, list) else []
    roles = [each.get("role", each.get("from")) for each in turns if isinstance(each, Mapping)]
    users = [number for number, role in enumerate(roles) if role in ("user", "human")]
    replies = [number for number, role in enumerate(roles) if role in ("assistant", "gpt")]
    return bool(users and replies) and users[-1] > replies[0]


def openai_turns(messages: Any, where: str) -> list[Turn]:
    """The turns of a list of OpenAI's messages. Raises RequestError for what is none."""
    return [_openai_turn(each, f"{where}: message {number}") for number, each in enumerate(_listed(messages, where))]


def _openai_turn(message: Mapping[str, Any], where: str) -> Turn:
    role = _role(message.get("role"), _OPENAI, where)
    if role == "assistant":
        _refuse_unread(message, ("tool_calls", "function_call"), where)
    calls = []
    made = message.get("tool_calls") or []
    if not isinstance(made, list):
        raise RequestError(f"{where}: {short(made)} is no list of calls")
    for call in made:
        if not isinstance(call, Mapping) or not isinstance(call.get("function"), Mapping):
            raise RequestError(f"{where}: {short(call)} is no call of a function")
        calls.append(call["function"])
    older = message.get("function_call")
    if isinstance(older, Mapping) and all(value is None for value in older.values()):
        older = None  # structs have the keys of other rows
    if older is not None and _meant(older) not in map(_meant, calls):  # some rows say one call both ways
        calls.append(older)
    if calls and role != "assistant":
        raise RequestError(f"{where}: a message of {role!r} makes calls; only an assistant's may")
    if role == "assistant" and message.get("weight") == 0:
        raise RequestError(f"{where}: its weight is 0, so it is no reply to learn from")
    text = _text(message.get("content"), where)
    return Turn(role, _after_thought(text, where) if role == "assistant" else text, tuple(calls))


def _refuse_unread(message: Mapping[str, Any], known: Collection[str], where: str) -> None:
    """Raise RequestError for a key that may hold calls and is not read."""
    for key, value in message.items():
        if value and key not in known and _OF_CALLS.search(key):
            raise RequestError(f"{where}: {key!r} is {short(value)}, which is not read; write calls as 'tool_calls'")


def _meant(call: Any) -> Any:
    """A call's name and its arguments as they read, however their JSON is spaced; what is no call, as it stands."""
    if not isinstance(call, Mapping) or not isinstance(call.get("arguments"), str):
        return (call.get("name"), call.get("arguments")) if isinstance(call, Mapping) else call
    try:
        return call.get("name"), parse_json(call["arguments"], "")
    except RequestError:  # which is said where the call is read
        return call.get("name"), call["arguments"]


def _text(content: Any, where: str) -> str:
    """A message's text, of one text or of parts. Raises RequestError for parts of other kinds."""
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}] if content is not None else []
    texts = []
    for part in parts:
        kind = part.get("type") if isinstance(part, Mapping) else ""
        if kind not in _TEXTS or not isinstance(part.get("text"), str):
            raise RequestError(f"{where}: {short(part)} is no text")
        texts.append(part["text"])
    return "".join(texts).strip()


def hermes_turns(conversation: Any, where: str) -> list[Turn]:
    """The turns of one of Hermes' conversations. A system's turn that names the functions says how calls are written
    there, and is not among them. Raises RequestError for what is none."""
    turns = []
    for number, each in enumerate(_listed(conversation, where)):
        place = f"{where}: turn {number}"
        role, text = _role(each.get("from"), _HERMES, place), _text(each.get("value"), place)
        calls: tuple[Mapping[str, Any], ...] = ()
        if role == "assistant":
            _refuse_unread(each, (), place)
            text = _after_thought(text, place)
            calls = tuple(_hermes_calls(text, place))
        if not (role == "system" and _TOOLS.search(text)):
            turns.append(Turn(role, text, calls))
    return turns


def hermes_tools(conversation: Any, where: str) -> Any:
    """The functions that the first turn names in a `<tools>` block: a list, or one a line. The text may name the tags
    themselves before (`within <tools></tools>`). None where it has no block. Raises RequestError."""
    first = next(iter(conversation), None) if isinstance(conversation, list) else None
    value = first.get("value") if isinstance(first, Mapping) and first.get("from") == "system" else None
    blocks = [block.strip() for block in _TOOLS.findall(value)] if isinstance(value, str) else []
    block = next((block for block in blocks if block.startswith(("[", "{"))), next(filter(None, blocks), ""))
    if not block:
        return None
    try:
        return _value(block, f"{where}: <tools>")
    except RequestError:
        if not all(line.startswith("{") for line in block.splitlines()):
            raise
        return [_value(line, f"{where}: <tools>") for line in block.splitlines()]


def _after_thought(text: str, where: str) -> str:
    """A reply without the thoughts that it begins with: a call that stands in one was not made. Raises RequestError."""
    end = 0
    while found := _THOUGHT.match(text, end):
        end = found.end()
    text = text[end:].strip()
    if (tag := _OF_THOUGHT.search(text)) is not None:
        fault = "has no end" if tag.start() == 0 and not tag[0].startswith("</") else "stands inside it"
        raise RequestError(f"{where}: its thought {fault}: {short(text)}")
    return text


def _hermes_calls(text: str, where: str) -> Iterator[Mapping[str, Any]]:
    # By cuts: a pattern would read the rest of a text once for each begin that has no end.
    before, *parts = text.split(_BEGIN)
    if _END in before or any(part.count(_END) != 1 for part in parts):
        raise RequestError(f"{where}: a {_BEGIN} has no end, or stands inside another one")
    for part in parts:
        value = _value(part.partition(_END)[0], f"{where}: {_BEGIN}")
        yield from value if isinstance(value, list) else [value]


def _value(text: str, where: str) -> Any:
    """What a text holds, as JSON or as Python writes its literals. Raises RequestError."""
    text = text.strip()
    try:
        return parse_json(text, where)
    except RequestError as error:
        if "\\" in _ESCAPES.sub("", text) or _SIDE_BY_SIDE.search(_QUOTED.sub("''", text)):
            raise  # broken JSON, which Python would read as something else
        try:
            tree = ast.parse(text, mode="eval")
            for node in ast.walk(tree):
                keys = [ast.literal_eval(key) for key in node.keys if key] if isinstance(node, ast.Dict) else []
                if len(set(keys)) < len(keys):
                    raise error
            return json_value(ast.literal_eval(tree), where)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):  # a dict as a key is a TypeError
            raise error from None


def _listed(turns: Any, where: str) -> list[Mapping[str, Any]]:
    if not isinstance(turns, list) or not all(isinstance(each, Mapping) for each in turns):
        raise RequestError(f"{where}: {short(turns)} is no list of messages")
    return turns


def _role(role: Any, known: Mapping[str, str], where: str) -> str:
    if not isinstance(role, str) or role not in known:
        raise RequestError(f"{where}: {short(role)} is no role; there are {', '.join(known)}")
    return known[role]

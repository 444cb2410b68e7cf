"""Families `xlam`, `hermes` and `openai`: rows of other people's data sets that bring their functions and gold calls.

The functions are schemas alone: a call is held to its schema and not executed, and checker `calls` compares all calls
with the row's. A row that does not give a problem whose gold calls come to the gold answer is left out, named and
counted: nobody mends other people's 60,000 rows by hand.
"""

from collections.abc import Callable, Mapping
from typing import Any

from cluster.errors import RequestError
from rollout.checkers.calls import CALLS
from rollout.formats import load_format
from rollout.json_text import parse_json, short
from rollout.problems.config import HERMES, OPENAI, XLAM, FamilyConfig
from rollout.problems.contracts import gold_fault
from rollout.problems.imported.chats import (
    UNREADABLE,
    Asked,
    calls_in_words,
    first_exchange,
    hermes_tools,
    hermes_turns,
    openai_turns,
)
from rollout.problems.imported.files import Imported, import_all
from rollout.problems.imported.rows import LeftOut, Row
from rollout.problems.imported.values import json_value
from rollout.problems.story import Draft, call
from rollout.problems.tokens import skeleton
from rollout.records import Call, canonical_json, content_hash
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.mistakes import CallRefused, shortened
from rollout.toolboxes.schemas.reading import read_schemas
from rollout.toolboxes.schemas.toolbox import INLINE, SchemaFunction

NO_FUNCTIONS = "they bring no functions"
BAD_SCHEMA = "a schema of theirs does not read"
UNFIT = "their gold calls do not fit their functions"
_KEPT = ("name", "description", "parameters")
_OF_CALL = ("name", "arguments", "id", "type", "index")


def imported(config: FamilyConfig) -> Imported:
    """All problems of the family, whatever its counts. Raises RequestError for a file that does not read, and where no
    row gives a problem."""
    return import_all(config, convert)


def convert(row: Row, config: FamilyConfig) -> Draft:
    """A row as a draft. Raises LeftOut with the reason for which it gives no problem."""
    try:
        asked = _READERS[config.family](row)
        calls = [_written_call(each, row.where) for each in asked.calls]
        tools = asked.tools if asked.tools not in (None, "") else []
        canonical_json([asked.text, tools, calls])
        return _draft(row.where, asked.text, _toolbox(tools, row.where), calls, asked.reply)
    except LeftOut:
        raise
    except (RequestError, ValueError, RecursionError) as error:  # half of a surrogate pair is a ValueError
        reason = str(error) or "it is nested too deep"
        raise LeftOut(row.where, UNREADABLE, reason.removeprefix(f"{row.where}: ")) from None


def _draft(where: str, text: str, toolbox: str, written: list[tuple[str, dict[str, Any]]], reply: str) -> Draft:
    """The problem of a text, functions and gold calls, which are held to each other; where there are none, a `reply`
    may write none either. Raises LeftOut."""
    try:
        loaded = load_toolbox(toolbox)
    except RequestError as error:
        raise LeftOut(where, BAD_SCHEMA, str(error)) from None
    functions = {each.written: each for each in loaded.functions.values() if isinstance(each, SchemaFunction)}
    arguments_of = {name: tuple(function.parameters["properties"]) for name, function in functions.items()}
    if not written and calls_in_words(reply, arguments_of):
        raise LeftOut(where, UNREADABLE, f"the reply writes a call into its text: {short(reply)}")
    calls, defaults = list[Call](), dict[str, dict[str, Any]]()
    for name, arguments in written:
        if (function := functions.get(name)) is None:
            raise LeftOut(where, UNFIT, f"it calls {name!r}, which is none of its functions: {', '.join(functions)}")
        calls.append(Call(name=function.name, arguments=canonical_json(arguments)))
        try:
            function.validate(calls[-1].arguments)
        except CallRefused as refused:
            raise LeftOut(where, UNFIT, refused.message.partition("; use ")[0]) from None
        if found := function.defaults:
            defaults[name] = found
    draft = Draft(
        text=text,
        gold=canonical_json([{"name": name, "arguments": arguments} for name, arguments in written]),
        gold_calls=(*calls, call(loaded.finish, answer="done")),
        toolbox=toolbox,
        checker=f"{CALLS}:{canonical_json(defaults)}" if defaults else CALLS,
        template=content_hash(skeleton(text))[:12],
        difficulty=max(1, len(calls)),
        nothing_to_do=not calls,
    )
    if (fault := gold_fault(draft, load_format("json"))) is not None:
        raise LeftOut(where, UNFIT, shortened(fault.partition(" fails: ")[2] or fault))  # without the call itself
    return draft


def _toolbox(tools: Any, where: str) -> str:
    """The toolbox of a row's functions, each of which stands in it once. Raises LeftOut."""
    try:
        schemas = [{key: each[key] for key in _KEPT if key in each} for each in read_schemas(tools, "its functions")]
    except RequestError as error:
        raise LeftOut(where, BAD_SCHEMA, str(error)) from None
    if not schemas:
        raise LeftOut(where, NO_FUNCTIONS, "it has no functions")
    return INLINE + canonical_json([each for number, each in enumerate(schemas) if each not in schemas[:number]])


def _written_call(written: Any, where: str) -> tuple[str, dict[str, Any]]:
    """Name and arguments of a call as a row has it; the arguments may be JSON text. Raises RequestError."""
    if not isinstance(written, Mapping) or not isinstance(written.get("name"), str) or not written["name"].strip():
        raise RequestError(f"{where}: {short(written)} is no call with a name")
    name, arguments = written["name"].strip(), written.get("arguments")
    if other := [key for key in written if key not in _OF_CALL and written[key] is not None]:
        raise RequestError(f"{where}: {other[0]!r} stands beside name and arguments of {name!r}; write it into them")
    if isinstance(arguments, str):
        arguments = parse_json(arguments, f"{where}: the arguments of {name!r}")
    if not isinstance(arguments, Mapping):
        raise RequestError(f"{where}: the arguments of {name!r} are {short(arguments)}, no object")
    return name, dict(json_value(arguments, f"{where}: {name!r}"))


def asked_by_xlam(row: Row) -> Asked:
    """What a row of xLAM asks. Raises RequestError."""
    calls = _nested(row, "answers")
    if not isinstance(calls, list):
        raise RequestError(f"{row.where}: 'answers' is {short(calls)}, no list of calls")
    return Asked(row.text("query"), _nested(row, "tools"), calls)


def asked_by_hermes(row: Row) -> Asked:
    """What a row of Hermes asks. Raises RequestError, and LeftOut where its turns give no problem."""
    conversation = _nested(row, "conversations")
    text, reply = first_exchange(hermes_turns(conversation, row.where), row.where)
    return Asked(text, _nested(row, "tools", "") or hermes_tools(conversation, row.where), reply.calls, reply.text)


def asked_by_openai(row: Row) -> Asked:
    """What a row of OpenAI asks. Raises RequestError, and LeftOut where its turns give no problem."""
    text, reply = first_exchange(openai_turns(_nested(row, "messages"), row.where), row.where)
    functions = _nested(row, "functions", "") if row.values.get("tools") is None else _nested(row, "tools")
    return Asked(text, functions, reply.calls, reply.text)


_READERS: Mapping[str, Callable[[Row], Asked]] = {XLAM: asked_by_xlam, HERMES: asked_by_hermes, OPENAI: asked_by_openai}


def _nested(row: Row, column: str, absent: Any = None) -> Any:
    """What stands in a column, or is written there as JSON text; `absent` where nothing does and that may be. Raises
    RequestError."""
    value = row.values.get(column) if absent is not None else row.value(column)
    if value is None:
        return absent
    if isinstance(value, str):
        return parse_json(value, f"{row.where}: {column!r}") if value.strip() else absent
    return json_value(value, f"{row.where}: {column!r}")

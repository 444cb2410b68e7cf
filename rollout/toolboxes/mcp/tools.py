"""A server's tools as functions, and what a recipe asks of them."""

import difflib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cluster.errors import RequestError
from rollout.records import canonical_json
from rollout.toolboxes.mcp.naming import ServerSpec
from rollout.toolboxes.mistakes import shortened
from rollout.toolboxes.schemas.toolbox import SchemaFunction, function_of_schema

if TYPE_CHECKING:
    from mcp.types import Tool


class Offered(NamedTuple):
    """What a server's tools are used for."""

    functions: dict[str, SchemaFunction]
    """Those that models may call, by the functions' names."""
    tools: "dict[str, Tool]"
    """All that are used, by their own names."""
    reset: SchemaFunction | None
    definitions: str
    """What a model reads of them and what is known of their use, as canonical JSON."""


def offered(spec: ServerSpec, tools: "Sequence[Tool]") -> Offered:
    """The functions of a server's tools. Raises RequestError for tools that cannot be used as the recipe asks."""
    where, options = f"toolbox {spec.name!r}", spec.options
    if not tools:
        raise RequestError(
            f"{where}: the server lists no tools; correct its command or address, or name another server"
        )
    twice = [name for name, count in Counter(tool.name for tool in tools).items() if count > 1]
    if twice:
        raise RequestError(f"{where}: the server lists two tools called {twice[0]!r}; rename one in the server")
    by_name = {tool.name: tool for tool in tools}
    own = [name for name in (options.state_tool, options.reset_tool) if name]
    for key, names in (("tools", options.tools), ("state_tool, reset_tool", own)):
        for name in names:
            if name not in by_name:
                near = difflib.get_close_matches(name, by_name, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"it has {shortened(', '.join(sorted(by_name)))}"
                raise RequestError(f"{where}: {key}: the server has no tool {name!r}; {hint}")
    # By name: a server may list them in another order each time, and prompts show them in this one.
    chosen = [
        tool for name, tool in sorted(by_name.items()) if (name in options.tools if options.tools else name not in own)
    ]
    if not chosen:
        raise RequestError(f"{where}: no tool is left for models to call; name some with tools = [...]")
    if spec.shared and not options.reset_tool:
        require_reading_only(where, chosen)
    functions = dict[str, SchemaFunction]()
    for tool in chosen:
        function = _function(where, tool)
        if function.name in functions:
            other = functions[function.name].written
            raise RequestError(
                f"{where}: the tools {other!r} and {tool.name!r} are both called {function.name} by models; leave one "
                "out with tools = [...], or rename it in the server"
            )
        functions[function.name] = function
    used = {tool.name: tool for tool in (*chosen, *(by_name[name] for name in own))}
    # Its arguments are no model's: what its schema leaves open is open.
    reset = _function(where, by_name[options.reset_tool], takes_others=True) if options.reset_tool else None
    return Offered(functions, used, reset, definitions_of(used.values()))


def difference(before: str, after: str) -> str:
    """The first tool that two definitions disagree about, in words."""
    old, new = ({each["name"]: each for each in json.loads(text)} for text in (before, after))
    for name in sorted(old.keys() | new.keys()):
        if name not in new or name not in old:
            return f"{name!r} is {'gone' if name not in new else 'new'}"
        for key, value in old[name].items():
            if new[name][key] != value:
                return f"the {key} of {name!r} is another one"
    return "they stand in another order"


def require_reading_only(where: str, tools: "Iterable[Tool]") -> None:
    """Raise RequestError for a tool that does not say that it only reads."""
    for tool in tools:
        if tool.annotations is None or tool.annotations.read_only_hint is not True:
            raise RequestError(
                f"{where}: the server is shared by episodes, and its tool {tool.name!r} does not say that it only "
                "reads (readOnlyHint); name a reset_tool, leave the tool out with tools = [...], or take shared away"
            )


def _function(where: str, tool: "Tool", takes_others: bool = False) -> SchemaFunction:
    if not tool.name or tool.name != tool.name.strip():
        raise RequestError(
            f"{where}: the server lists a tool called {tool.name!r}, a name that is empty or has blanks around it; "
            "rename it in the server, or leave the tool out with tools = [...]"
        )
    schema = {**tool.input_schema, "type": "object"}  # it is, or the SDK would have refused it
    described = {"name": tool.name, "description": tool.description or "", "parameters": schema}
    try:
        return function_of_schema(json.dumps(described), takes_others)
    except RequestError as error:
        raise RequestError(f"{where}: tool {error}; or leave the tool out with tools = [...]") from None


def definitions_of(tools: "Iterable[Tool]") -> str:
    return canonical_json(
        [
            {
                "name": tool.name,
                "description": tool.description,
                "input schema": tool.input_schema,
                "output schema": tool.output_schema,
                "claim to only read": tool.annotations is not None and tool.annotations.read_only_hint is True,
            }
            for tool in sorted(tools, key=lambda each: each.name)
        ]
    )

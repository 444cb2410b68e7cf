"""A toolbox with state of functions that schemas describe, and one object behind all of them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from rollout.records import content_hash
from rollout.toolboxes.function import Function
from rollout.toolboxes.schemas.toolbox import SchemaFunction, of_schemas
from rollout.toolboxes.source import hash_of_files
from rollout.toolboxes.toolbox import Toolbox


class World(Protocol):
    """What is made of a problem's state, decoded, for each episode."""

    def __init__(self, state: Any) -> None: ...

    def call(self, function: str, arguments: dict[str, Any]) -> Any:
        """What a function gives back for arguments that fit its schema. Raises CallRefused, and what it raises."""

    def _state(self) -> Any:
        """The world, as JSON."""


def described_toolbox(name: str, schemas: Sequence[Any], world: type[World], sources: Iterable[str]) -> Toolbox:
    """The toolbox whose functions these schemas describe, and whose calls a `world` executes; `sources` are the files
    of its code, which are a part of the toolbox's hash. Raises RequestError for a schema that does not read."""
    read = of_schemas(name, json.dumps(schemas), f"toolbox {name}").functions.values()
    functions = [_called_by_name(each) for each in read if isinstance(each, SchemaFunction)]
    toolbox = Toolbox.of_functions(name, functions, world)
    return toolbox.replaced(name, toolbox.functions, content_hash(toolbox.hash, hash_of_files(*sources)))


def _called_by_name(function: SchemaFunction) -> Function:
    def implementation(world: World, /, **arguments: Any) -> Any:
        return world.call(function.written, arguments)

    return replace(function, implementation=implementation, method=True)

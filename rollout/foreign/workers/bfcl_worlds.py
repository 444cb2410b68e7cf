"""Worlds of BFCL's multi-turn categories, of the package's own classes: what runs in their workers.

A state is `{"CLASS": INITIAL CONFIG, ...}`, of every class that takes part, each config an object or, where the order
of its keys says something, its JSON as text; and `"long_context": true` where the package's long files and lists are
wanted. A result that says `error`, as the classes have it, is a call that failed.
"""

import importlib
import inspect
import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import mpmath

from rollout.foreign.bfcl_classes import DOCUMENTS, documents
from rollout.foreign.described import described_toolbox
from rollout.records import ErrorCode, canonical_json
from rollout.toolboxes.mistakes import CallRefused, one_line
from rollout.toolboxes.toolbox import Toolbox

LONG_CONTEXT = "long_context"
_CODE = "bfcl_eval.eval_checker.multi_turn_eval.func_source_code"
_MODULES = {name: importlib.import_module(f"{_CODE}.{file}") for name, file in DOCUMENTS.items()}
_TREES = (_MODULES["GorillaFileSystem"].File, _MODULES["GorillaFileSystem"].Directory)
_OWNERS = {each["name"]: name for name, found in documents().items() for each in found}


class BfclWorld:
    """Instances of the classes that a state names."""

    def __init__(self, state: dict[str, Any]) -> None:
        long_context = bool(state.get(LONG_CONTEXT, False))
        self.instances: dict[str, Any] = {}
        for name, config in state.items():
            if name == LONG_CONTEXT:
                continue
            if name not in _MODULES:
                raise ValueError(f"there is no class {name!r}; name some of {', '.join(_MODULES)}")
            instance = getattr(_MODULES[name], name)()
            if hasattr(instance, "_load_scenario"):
                scenario = json.loads(config) if isinstance(config, str) else deepcopy(config)
                instance._load_scenario(scenario, long_context=long_context)
            self.instances[name] = instance

    def call(self, function: str, arguments: dict[str, Any]) -> Any:
        """What a function's own instance gives back. Raises CallRefused for what it calls an error."""
        owner = _OWNERS[function]
        if owner not in self.instances:
            raise CallRefused(ErrorCode.TOOLBOX_FAULT, f"{function}: the state has no {owner}; add it, {{}} if empty")
        found = plain(getattr(self.instances[owner], function)(**arguments))
        if isinstance(found, dict) and "error" in found:
            says = one_line(str(found["error"]))
            said = says if says.startswith(f"{function}:") else f"{function}: {says}"
            raise CallRefused(ErrorCode.FUNCTION_RAISED, said)
        return found

    def _state(self) -> dict[str, Any]:
        """Of each instance its public attributes, which are what BFCL compares: files without their dates, not the
        folder that is open, nor what random numbers come next."""
        return {
            name: {key: plain(value, "#") for key, value in vars(instance).items() if not key.startswith("_")}
            for name, instance in self.instances.items()
        }


def plain(value: Any, mark: str = "") -> Any:
    """A value of the classes' as JSON has it. `mark` stands before keys that are no texts, which Python tells from
    texts; folders are told from mappings by what they hold; high-precision numbers are floats."""
    if isinstance(value, Mapping):
        return {
            key if isinstance(key, str) else f"{mark}{canonical_json(key)}": plain(each, mark)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [plain(each, mark) for each in value]
    if isinstance(value, _TREES):
        held = {"content": value.content} if hasattr(value, "content") else {"contents": plain(value.contents, mark)}
        return {"name": value.name, **held}
    if value is ...:  # which stands for more in a list of the package's
        return "..."
    return float(value) if isinstance(value, mpmath.mpf) else value


def toolbox(name: str) -> Toolbox:
    """All functions of all classes."""
    schemas = [each for found in documents().values() for each in found]
    return described_toolbox(name, schemas, BfclWorld, map(inspect.getfile, _MODULES.values()))

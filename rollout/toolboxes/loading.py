"""A toolbox by its name.

`arithmetic`             one of this package's own: a module `rollout.toolboxes.NAME`
`path/to/file.py`        a user's file of typed functions, or `path/to/file.py:NAME` for one object in it
`package.module:NAME`    the same, by import

A built-in module defines `TOOLBOX`, or `FUNCTIONS`, a tuple of typed functions.
"""

import importlib
import importlib.util
import re
from functools import lru_cache

from cluster.errors import RequestError
from rollout.toolboxes.toolbox import Toolbox

_BUILT_IN = re.compile(r"^[a-z][a-z0-9_]*$")


@lru_cache(maxsize=256)
def load_toolbox(name: str) -> Toolbox:
    """The toolbox of that name, made once a process. Raises RequestError when there is none."""
    if not _BUILT_IN.match(name):
        raise RequestError(f"toolbox {name!r}: no such toolbox")
    return _built_in(name)


def _built_in(name: str) -> Toolbox:
    module_name = f"rollout.toolboxes.{name}"
    if importlib.util.find_spec(module_name) is None:
        raise RequestError(f"toolbox {name!r}: no such toolbox; name a built-in one, FILE.py or MODULE:NAME")
    module = importlib.import_module(module_name)
    if isinstance(toolbox := getattr(module, "TOOLBOX", None), Toolbox):
        return toolbox
    functions = getattr(module, "FUNCTIONS", None)
    if functions is None:
        raise RequestError(f"toolbox {name!r}: {module_name} defines neither TOOLBOX nor FUNCTIONS")
    return Toolbox.of_functions(name, functions)

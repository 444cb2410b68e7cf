"""Imports of users' files, as their authors expect them: of modules beside the file, of `typing.TypedDict`, and inside
functions.

What imports inside functions name is imported when the toolbox is loaded, before its process gives up rights. So they
work when the functions are called, take their memory and time once, and what is missing is known at once.
"""

import ast
import contextlib
import importlib
import os
import sys
import sysconfig
import types
import typing
from collections.abc import Iterator
from pathlib import Path

import typing_extensions

from cluster.errors import RequestError
from rollout.toolboxes.mistakes import one_line


def import_what_functions_import(name: str, module: types.ModuleType) -> None:
    """Import what functions of `module`, and of modules in its folder, import when they are called.

    Raises RequestError, with file and line, where that fails; but for imports in a `try`, which are allowed to.
    """
    folder, done, waiting = Path(str(getattr(module, "__file__", None))).parent, set[str](), [module]
    while waiting:
        current = waiting.pop()
        file = Path(str(getattr(current, "__file__", None)))
        if file.parent != folder or str(file) in done or file.suffix != ".py":
            continue
        done.add(str(file))
        for node, optional in _inside_functions(ast.parse(file.read_text())):
            _import(name, f"{file.name}:{node.lineno}", node, current.__package__ or "", optional)
        waiting += [
            each for each in list(sys.modules.values()) if Path(str(getattr(each, "__file__", None))).parent == folder
        ]


Import = ast.Import | ast.ImportFrom


def _inside_functions(tree: ast.AST, inside: bool = False, optional: bool = False) -> Iterator[tuple[Import, bool]]:
    """The imports in functions, and whether they stand in a `try`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            if inside:
                yield node, optional
        else:
            function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _inside_functions(node, inside or function, optional or isinstance(node, ast.Try))


def _import(name: str, where: str, node: Import, package: str, optional: bool) -> None:
    try:
        if isinstance(node, ast.Import):
            for alias in node.names:
                importlib.import_module(alias.name)
            return
        module = importlib.import_module("." * node.level + (node.module or ""), package or None)
        for alias in node.names:
            if alias.name != "*" and not hasattr(module, alias.name):
                importlib.import_module(f"{module.__name__}.{alias.name}")
    except BaseException as error:
        if not optional:
            says = one_line(str(error), paths=True) or type(error).__name__
            raise RequestError(f"toolbox {name!r}: {where}: {says}; install it, or leave the import out") from None


def see_modules_beside(folder: Path) -> None:
    """Let a file import its neighbours, as a script does; behind Python's own modules, which none may hide."""
    if str(folder) not in sys.path:
        own = {sysconfig.get_path(key) for key in ("stdlib", "platstdlib")}
        own |= {os.path.join(sysconfig.get_path("platstdlib"), "lib-dynload")}
        behind = max((index for index, each in enumerate(sys.path) if each in own), default=-1) + 1
        sys.path.insert(behind, str(folder))


@contextlib.contextmanager
def readable_typed_dicts() -> Iterator[None]:
    """Give `from typing import TypedDict` the class of typing_extensions, whose types pydantic can read before Python
    3.12."""
    before = typing.TypedDict
    typing.TypedDict = typing_extensions.TypedDict
    try:
        yield
    finally:
        typing.TypedDict = before

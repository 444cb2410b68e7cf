"""Hashes of source code: what it computes, not how it is laid out, commented, documented or where it lies."""

import ast
import inspect
import sys
import types
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from rollout.records import content_hash


def hash_of_code(thing: Any) -> str:
    """Hash of the module that defines `thing` (a function or a class), and of those of its folder that it imports.

    Where there is no module's source (a function made in a session), the hash is of its bytecode.
    """
    module = inspect.getmodule(thing)
    file = getattr(module, "__file__", None)
    if module is not None and file is not None and module.__name__ != __name__ and Path(file).is_file():
        return hash_of_files(*_with_neighbours(module, Path(file)))
    code = getattr(thing, "__code__", None)
    return content_hash(code.co_code) if isinstance(code, types.CodeType) else content_hash(repr(thing))


def hash_of_files(*files: str) -> str:
    """Hash of the code in Python files, in any order."""
    return content_hash(*sorted(_hash_of_file(file) for file in files))


def _with_neighbours(module: types.ModuleType, file: Path) -> Iterator[str]:
    """The file of a module, and those of the modules in its folder that it imports, and so on."""
    seen = {str(file)}
    waiting = [module]
    while waiting:
        for name in _imported(waiting.pop()):
            found = sys.modules.get(name)
            path = getattr(found, "__file__", None)
            if found is not None and path and Path(path).parent == file.parent and path not in seen:
                seen.add(path)
                waiting.append(found)
    return iter(seen)


def _imported(module: types.ModuleType) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@lru_cache(maxsize=256)
def _hash_of_file(file: str) -> str:
    tree = ast.parse(Path(file).read_text())
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            statements = getattr(node, field, None)
            if isinstance(statements, list):
                kept = [each for each in statements if not _computes_nothing(each)]
                setattr(node, field, kept)
    return content_hash(ast.dump(tree))


def _computes_nothing(node: ast.stmt) -> bool:
    """Whether a statement is an import (which says where things lie) or text that stands alone (a docstring)."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)

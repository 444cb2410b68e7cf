"""Hashes of source code: of what it computes, not of its layout, comments, docstrings, imports or file names."""

import ast
import importlib.util
import inspect
import sys
import types
from functools import lru_cache
from pathlib import Path
from typing import Any

from rollout.records import content_hash
from rollout.toolboxes.values import stable_text


def hash_of_code(thing: Any) -> str:
    """Hash of the module that defines `thing` (a function or a class), and of those of its folder that it imports.

    Where no file holds the source (a function made in a session), the hash is of its bytecode and constants.
    """
    module = inspect.getmodule(thing)
    if module is not None and Path(getattr(module, "__file__", None) or "").is_file():
        return _hash_of_module(module)
    code = getattr(thing, "__code__", None)
    if not isinstance(code, types.CodeType):
        # Not its `repr`, which may hold an address.
        return content_hash(type(thing).__module__, getattr(thing, "__qualname__", type(thing).__qualname__))
    constants = [each for each in code.co_consts if not isinstance(each, types.CodeType) and each != thing.__doc__]
    return content_hash(code.co_code, stable_text(constants), repr(code.co_names))


def hash_of_files(*files: str) -> str:
    """Hash of the code in Python files, in any order."""
    hashes = []
    for file in files:
        tree = ast.parse(Path(file).read_text())
        for node in ast.walk(tree):
            for field in ("body", "orelse", "finalbody"):
                if isinstance(statements := getattr(node, field, None), list):
                    setattr(node, field, [each for each in statements if _computes(each)])
        hashes.append(content_hash(ast.dump(tree)))
    return content_hash(*sorted(hashes))


def _computes(node: ast.stmt) -> bool:
    """Whether a statement is neither an import, which says where things lie, nor text that stands alone."""
    alone = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return not alone and not isinstance(node, ast.Import | ast.ImportFrom)


@lru_cache(maxsize=256)
def _hash_of_module(module: types.ModuleType) -> str:
    folder = Path(str(module.__file__)).parent
    files, waiting = {str(module.__file__)}, [module]
    while waiting:
        current = waiting.pop()
        names: set[str] = set()
        for node in ast.walk(ast.parse(Path(str(current.__file__)).read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = importlib.util.resolve_name("." * node.level + (node.module or ""), current.__package__)
                names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
        for found in filter(None, map(sys.modules.get, sorted(names))):
            file = getattr(found, "__file__", None)
            if file and Path(file).parent == folder and file not in files:
                files.add(file)
                waiting.append(found)
    return hash_of_files(*files)

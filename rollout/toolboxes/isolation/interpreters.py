"""Which interpreter runs a toolbox: this one, or that of `.venv-NAME`, which `requirements/install NAME` makes from a
lock, for functions whose dependencies clash with this project's.

The recipe says so (`python` of a family), or the user's file itself, by a line `python = "NAME"`.
"""

import ast
import importlib.util
import os
import re
import sys
from pathlib import Path

from cluster.errors import RequestError

ROOT = Path(__file__).resolve().parents[3]
"""The folder in which this project's packages lie."""
PYDANTIC = ("pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection")
"""What reads types; another interpreter has all of it, or takes all of it from this one."""
NEEDED = (*PYDANTIC, "msgspec", "docstring_parser")
"""What a worker needs beside the standard library."""
_NAME = re.compile(r"^[A-Za-z0-9][\w.-]*$", re.ASCII)


def interpreter(python: str) -> str:
    """The path of the interpreter that `python` names: `.venv-NAME` here or beside the project's packages, or a path.

    Raises RequestError where there is none.
    """
    if not python:
        return sys.executable
    if _NAME.match(python):
        places = [folder / f".venv-{python}" / "bin" / "python" for folder in (Path(), ROOT)]
        hint = f"write its lock in requirements, and make it by `requirements/install {python}`"
    else:
        places, hint = [Path(python)], "name .venv-NAME by its NAME, or an interpreter by its path"
    for place in places:
        if place.is_file() and os.access(place, os.X_OK):
            return os.path.abspath(place)  # not resolved: a venv's python is a link
    raise RequestError(f"python = {python!r}: there is no {places[0]}; {hint}")


def interpreter_of_file(file: Path) -> str:
    """What the line `python = "NAME"` of a user's file says, "" without one. The file is read, not imported."""
    try:
        statements = ast.parse(file.read_text()).body
    except (OSError, SyntaxError, ValueError):
        return ""  # the worker says what is wrong with it
    for statement in statements:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
            if {"python", "PYTHON"} & set(names) and isinstance(statement.value.value, str):
                return statement.value.value
    return ""


def folders_of_packages() -> dict[str, str]:
    """Package -> the folder in which it lies here, for what a worker needs beside the standard library."""
    found = {name: importlib.util.find_spec(name) for name in NEEDED}
    places = {name: Path(str(spec.origin)) for name, spec in found.items() if spec is not None}
    return {
        name: str(place.parent.parent if place.name == "__init__.py" else place.parent)
        for name, place in places.items()
    }

"""A user's own functions as a toolbox, in the process that runs them.

`path/to/file.py` and `package.module` stand for `TOOLBOX` or `FUNCTIONS` there, else for all public typed functions
with a docstring, and all microchain functions, that the module itself defines. `...:NAME` stands for one object: a
Toolbox, a sequence of functions, or a class (a toolbox with state).
"""

import importlib
import importlib.util
import inspect
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cluster.errors import RequestError
from rollout.records import content_hash
from rollout.toolboxes.function import Function
from rollout.toolboxes.toolbox import Toolbox


def load_users(name: str) -> Toolbox:
    """The toolbox that `name` stands for. Imports the user's module. Raises RequestError."""
    place, _, attribute = name.rpartition(":") if ":" in name else (name, "", "")
    module = _module(name, place)
    if not attribute:
        attribute = next((each for each in ("TOOLBOX", "FUNCTIONS") if hasattr(module, each)), "")
    if attribute:
        found = getattr(module, attribute, None)
    else:
        own = [value for key, value in vars(module).items() if not key.startswith("_")]
        own = [value for value in own if getattr(value, "__module__", None) == module.__name__]
        found = [value for value in own if isinstance(value, types.FunctionType) or is_microchain(value)]
    if found is None:
        raise RequestError(f"toolbox {name!r}: {place} defines no {attribute}")
    if isinstance(found, Toolbox):
        return found
    if isinstance(found, type) and not is_microchain(found):
        return Toolbox.of_class(name, found)
    members = list(found) if isinstance(found, Sequence) else [found]
    if members and all(is_microchain(member) for member in members):
        return of_microchain(name, members)
    if not members or not all(callable(member) or isinstance(member, Function) for member in members):
        raise RequestError(f"toolbox {name!r}: name functions, a class or a Toolbox")
    return Toolbox.of_functions(name, members)


def file_of_functions(place: str) -> Path:
    """The file that a toolbox's name begins with: relative to the current folder, else to a folder of `sys.path`, where
    the files of a submitted job lie."""
    folders = (Path(), *map(Path, sys.path))
    return next((path for folder in folders if (path := folder / place).is_file()), Path(place)).resolve()


def _module(name: str, place: str) -> types.ModuleType:
    try:
        if not place.endswith(".py"):
            return importlib.import_module(place)
        path = file_of_functions(place)
        module_name = f"users_toolbox_{content_hash(str(path))[:8]}"
        spec = importlib.util.spec_from_file_location(module_name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module  # types written as text are looked up here
        spec.loader.exec_module(module)
        return module
    except FileNotFoundError:
        raise RequestError(f"toolbox {name!r}: no file {place}") from None
    except Exception as error:
        raise RequestError(f"toolbox {name!r}: importing {place} raised {type(error).__name__}: {error}") from None


def is_microchain(value: Any) -> bool:
    """Whether `value` is a class like microchain's Function, or an instance: by its attributes, not by its base."""
    kind = value if isinstance(value, type) else type(value)
    return (
        not issubclass(kind, types.FunctionType | Function | Toolbox)
        and all(hasattr(kind, attribute) for attribute in ("description", "example_args"))
        and inspect.isfunction(inspect.getattr_static(kind, "__call__", None))
    )


def of_microchain(name: str, members: Sequence[Any]) -> Toolbox:
    """A toolbox of microchain functions (classes or instances); its own `Reasoning` and `Stop` are left out.

    Each session has instances of its own, whose `state` is the problem's state if that is an object, else `{}`.
    """
    kinds = [member if isinstance(member, type) else type(member) for member in members]
    kinds = [kind for kind in kinds if kind.__name__ not in ("Reasoning", "Stop")]

    class MicrochainState:
        def __init__(self, state: Any) -> None:
            shared = state if isinstance(state, dict) else {}
            self.instances = {kind.__name__: kind() for kind in kinds}
            for instance in self.instances.values():
                instance.state = shared

    functions = [_from_microchain(kind) for kind in kinds]
    return Toolbox.of_functions(name, functions, MicrochainState)


def _from_microchain(kind: type) -> Function:
    name = kind.__name__
    shown = kind()
    arguments = ", ".join(repr(argument) for argument in shown.example_args)

    def implementation(instance: Any, **arguments: Any) -> Any:
        return instance.instances[name](**arguments)

    written: Callable[..., Any] = vars(kind).get("__call__", kind.__call__)
    implementation.__signature__ = inspect.signature(written)  # type: ignore[attr-defined]
    implementation.__annotations__ = dict(written.__annotations__)
    implementation.__module__ = kind.__module__
    return Function.from_callable(
        implementation, name=name, method=True, description=str(shown.description), examples=(f"{name}({arguments})",)
    )

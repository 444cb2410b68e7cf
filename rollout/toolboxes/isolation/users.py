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
from rollout.toolboxes.function import Function, place
from rollout.toolboxes.isolation.users_imports import (
    import_what_functions_import,
    readable_typed_dicts,
    see_modules_beside,
)
from rollout.toolboxes.mistakes import one_line
from rollout.toolboxes.toolbox import FINISH, Toolbox, is_function


def load_users(name: str) -> Toolbox:
    """The toolbox that `name` stands for. Imports the user's module, and what its functions import. Raises
    RequestError."""
    place_, _, attribute = name.rpartition(":") if ":" in name else (name, "", "")
    module = _module(name, place_)
    import_what_functions_import(name, module)
    if not attribute:
        attribute = next((each for each in ("TOOLBOX", "FUNCTIONS") if hasattr(module, each)), "")
    if not attribute:
        return _of_module(name, module)
    found = getattr(module, attribute, None)
    if found is None:
        raise RequestError(f"toolbox {name!r}: {place_} defines no {attribute}")
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


def _of_module(name: str, module: types.ModuleType) -> Toolbox:
    """All functions that the module itself defines and describes. What has no docstring is no tool."""
    own = {
        key: value
        for key, value in vars(module).items()
        if not key.startswith("_") and getattr(value, "__module__", None) == module.__name__
    }
    chains = [value for value in own.values() if is_microchain(value)]
    if chains and all(is_microchain(value) or not is_function(value) for value in own.values()):
        return of_microchain(name, chains)
    functions, seen = list[Function](), set[int]()
    for key, value in own.items():
        if not is_function(value) or id(value) in seen:
            continue
        seen.add(id(value))
        if "<locals>" in value.__qualname__ and not value.__doc__ and not hasattr(value, "__wrapped__"):
            maker = value.__qualname__.partition(".")[0]
            raise RequestError(
                f"{place(key, value)}: is made by {maker}, which keeps neither its types nor its docstring; let "
                f"{maker} use functools.wraps, or begin the function's name with _ if it is no tool"
            )
        if value.__doc__ or key == FINISH:
            functions.append(Function.from_callable(value, name=key))
    if not functions:
        classes = [key for key, value in own.items() if isinstance(value, type)]
        hint = f"; or name a class: {', '.join(f'{name}:{key}' for key in classes[:5])}" if classes else ""
        raise RequestError(f"toolbox {name!r}: it has no public function with a docstring; write one{hint}")
    return Toolbox.of_functions(name, functions)


def file_of_functions(place: str) -> Path:
    """The file that a toolbox's name begins with: relative to the current folder, else to a folder of `sys.path`, where
    the files of a submitted job lie."""
    folders = (Path(), *map(Path, sys.path))
    return next((path for folder in folders if (path := folder / place).is_file()), Path(place)).resolve()


def _module(name: str, place: str) -> types.ModuleType:
    is_file, path = place.endswith(".py"), file_of_functions(place)
    if is_file and not path.is_file():
        raise RequestError(f"toolbox {name!r}: no file {place}; name one, relative to the current folder")
    try:
        with readable_typed_dicts():
            if not is_file:
                return importlib.import_module(place)
            see_modules_beside(path.parent)
            module_name = f"users_toolbox_{content_hash(path.name)[:8]}"
            spec = importlib.util.spec_from_file_location(module_name, path)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[module_name] = module  # types written as text are looked up here
            spec.loader.exec_module(module)
            return module
    except BaseException as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) and not is_file else None
        if missing and f"{place}.".startswith(f"{missing}."):
            raise RequestError(f"toolbox {name!r}: no module {missing}; name an importable one, or FILE.py") from None
        says = f"{type(error).__name__}: {one_line(str(error), paths=True)}"
        raise RequestError(f"toolbox {name!r}: importing {place} raised {says}") from None


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

    MicrochainState.__module__ = kinds[0].__module__ if kinds else __name__  # whose code the toolbox's hash is of
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

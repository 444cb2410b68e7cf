"""The same toolbox with its functions under other names: does a model know the functions, or the words?"""

from collections.abc import Mapping
from dataclasses import replace

from rollout.toolboxes.function import Function
from rollout.toolboxes.toolbox import Toolbox


def renamed(toolbox: Toolbox, name: str, new_names: Mapping[str, str]) -> Toolbox:
    """`toolbox` as toolbox `name`, each function called what `new_names` says (all of them, the finish included)."""
    functions = [_renamed(function, new_names[function.name]) for function in toolbox.functions.values()]
    return Toolbox.of(name, functions, toolbox.state_type, new_names[toolbox.finish])


def _renamed(function: Function, name: str) -> Function:
    old, new = f"{function.name}(", f"{name}("
    examples = tuple(example.replace(old, new) for example in function.examples)
    return replace(function, name=name, signature=function.signature.replace(old, new, 1), examples=examples)

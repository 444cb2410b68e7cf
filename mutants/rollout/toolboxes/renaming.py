"""The same toolbox with its functions under other names, which tests whether a model knows more than the words."""

from collections.abc import Mapping
from dataclasses import replace

from rollout.toolboxes.toolbox import Toolbox


def renamed(toolbox: Toolbox, name: str, new_names: Mapping[str, str]) -> Toolbox:
    """`toolbox` as toolbox `name`; `new_names` gives every function, the finishing one included, its other name."""
    functions = []
    for old, function in toolbox.functions.items():
        new = new_names[old]
        examples = tuple(example.replace(f"{old}(", f"{new}(") for example in function.examples)
        signature = function.signature.replace(f"{old}(", f"{new}(", 1)
        functions.append(replace(function, name=new, signature=signature, examples=examples))
    return Toolbox.of_functions(name, functions, toolbox.state_type, new_names[toolbox.finish])

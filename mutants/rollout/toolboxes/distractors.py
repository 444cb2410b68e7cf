"""Distractors: typed, described, callable functions that no problem needs. They measure how a model finds the needed
ones among many."""

import inspect
import random
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from cluster.config import Section, load_toml, parse
from cluster.errors import RequestError
from rollout.records import canonical_json, content_hash
from rollout.toolboxes.function import Function
from rollout.toolboxes.toolbox import Toolbox


class _Parameter(Section):
    """A parameter that some distractors have."""

    name: str
    type: Literal["int", "str", "bool", "float"]
    meaning: str


class _Vocabulary(Section):
    """`distractors.toml`: what distractors are made of."""

    verbs: tuple[str, ...]
    objects: tuple[str, ...]
    parameters: tuple[_Parameter, ...]


def with_distractors(toolbox: Toolbox, count: int, seed: int) -> Toolbox:
    """`toolbox` with `count` distractors; `seed` draws them and the order of all functions, but `finish` stays last.

    The result's name, `NAME+COUNT@SEED`, is one that `load_toolbox` knows. Raises RequestError when there are not
    so many distinct names.
    """
    words = _vocabulary()
    pairs = (f"{verb}_{thing}" for verb in words.verbs for thing in words.objects)
    names = [name for name in pairs if name not in toolbox.functions]
    if count > len(names):
        raise RequestError(
            f"toolbox {toolbox.name}: {count} distractor functions asked for, at most {len(names)} exist"
        )
    drawn = random.Random(f"{seed}:{count}")
    added = [_distractor(name, drawn) for name in drawn.sample(names, count)]
    mixed = [function for name, function in toolbox.functions.items() if name != toolbox.finish] + added
    drawn.shuffle(mixed)
    name = f"{toolbox.name}+{count}@{seed}"
    functions = {function.name: function for function in [*mixed, toolbox.functions[toolbox.finish]]}
    return toolbox.replaced(name, functions, content_hash(toolbox.hash, name, *functions))


@lru_cache(maxsize=1)
def _vocabulary() -> _Vocabulary:
    path = Path(__file__).with_suffix(".toml")
    return parse(_Vocabulary, load_toml(path, "list of words"), str(path))


def _distractor(name: str, drawn: random.Random) -> Function:
    verb, thing = name.split("_", 1)
    described = _taking(tuple(drawn.sample(_vocabulary().parameters, drawn.randint(1, 3))))

    def useless(**arguments: Any) -> str:
        return f"{name} done, reference {content_hash(name, canonical_json(arguments))[:6]}"

    return replace(
        described,
        name=name,
        description=f"{verb.capitalize()} a {thing} by its details.",
        signature=described.signature.replace("useless(", f"{name}(", 1),
        implementation=useless,
    )


@lru_cache(maxsize=1024)
def _taking(parameters: tuple[_Parameter, ...]) -> Function:
    """A function of these parameters; cached, because building a validator is what takes time."""

    def useless(**arguments: Any) -> None:
        """Do nothing."""

    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    useless.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(each.name, positional) for each in parameters]
    )
    useless.__annotations__ = {each.name: each.type for each in parameters}
    described = [f"    {each.name}: {each.meaning}" for each in parameters]
    useless.__doc__ = "\n".join(["Do nothing.", "", "Args:", *described])
    return Function.from_callable(useless, examples=())

"""Distractors: typed, described, callable functions that no problem needs. They measure how a model finds the needed
ones among many."""

import inspect
import random
from dataclasses import replace
from functools import lru_cache
from typing import Any

from cluster.errors import RequestError
from rollout.records import canonical_json, content_hash
from rollout.toolboxes.function import Function
from rollout.toolboxes.toolbox import Toolbox

_VERBS = (
    "book cancel check compare convert count create delete describe download estimate export fetch filter find format "
    "forward import inspect label list lock measure merge monitor move open order print publish queue rate register "
    "remove rename rent reserve restore review schedule send share sort start stop subscribe summarize tag track "
    "translate unlock update upload validate verify"
)
_OBJECTS = (
    "account address album appointment article badge bicycle calendar camera cart channel comment contact contract "
    "coupon course currency dashboard device document driver email event flight folder garden guest holiday hotel "
    "image invoice journal key lamp lease library meal meeting menu message movie note order package parcel passport "
    "password patient payment permit photo playlist podcast policy poll profile project receipt recipe refund report "
    "review room route sensor server shelf shipment song station survey taxi team tenant thermostat ticket token "
    "tournament train tutor vehicle video visa wallet warehouse weather website workshop"
)
_PARAMETERS: tuple[tuple[str, type, str], ...] = (
    ("identifier", int, "Its number."),
    ("city", str, "The city it is in."),
    ("owner", str, "Who it belongs to."),
    ("limit", int, "The most to give back."),
    ("language", str, "The language to use."),
    ("notify", bool, "Whether to send a notice."),
    ("weight", float, "Its weight in kilograms."),
    ("day", str, "The day, as YYYY-MM-DD."),
)


def with_distractors(toolbox: Toolbox, count: int, seed: int) -> Toolbox:
    """`toolbox` with `count` distractors; `seed` draws them and the order of all functions, but `finish` stays last.

    The result's name, `NAME+COUNT@SEED`, is one that `load_toolbox` knows. Raises RequestError when there are not
    so many distinct names.
    """
    pairs = (f"{verb}_{thing}" for verb in _VERBS.split() for thing in _OBJECTS.split())
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


def _distractor(name: str, drawn: random.Random) -> Function:
    verb, thing = name.split("_", 1)
    described = _taking(tuple(drawn.sample(_PARAMETERS, drawn.randint(1, 3))))

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
def _taking(parameters: tuple[tuple[str, type, str], ...]) -> Function:
    """A function of these parameters; cached, because building a validator is what takes time."""

    def useless(**arguments: Any) -> None:
        """Do nothing."""

    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    kept = [inspect.Parameter(key, positional, annotation=kind) for key, kind, _ in parameters]
    useless.__signature__ = inspect.Signature(kept)  # type: ignore[attr-defined]
    useless.__annotations__ = {key: kind for key, kind, _ in parameters}
    useless.__doc__ = "\n".join(["Do nothing.", "", "Args:", *(f"    {key}: {text}" for key, _, text in parameters)])
    return Function.from_callable(useless, examples=())

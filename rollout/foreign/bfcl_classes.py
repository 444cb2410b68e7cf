"""The classes of BFCL's multi-turn categories, by what the package bfcl-eval writes of their functions."""

import difflib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cluster.errors import RequestError
from rollout.foreign.packages import folder_of

PACKAGE = "bfcl_eval"
BASE, LONG = "multi_turn_base", "multi_turn_long_context"
MULTI_TURN = (BASE, "multi_turn_miss_func", "multi_turn_miss_param", LONG)
"""The categories, which have the same tasks under the same numbers."""
DOCUMENTS: Mapping[str, str] = {
    "GorillaFileSystem": "gorilla_file_system",
    "MathAPI": "math_api",
    "MessageAPI": "message_api",
    "TicketAPI": "ticket_api",
    "TradingBot": "trading_bot",
    "TravelAPI": "travel_booking",
    "TwitterAPI": "posting_api",
    "VehicleControlAPI": "vehicle_control",
}
"""Class -> the file of `multi_turn_func_doc` that describes it, and the module of its code. No two functions share a
name."""

_WIDER = {("close_ticket", "ticket_id"): ["integer", "string"]}
"""Function and argument -> the types that its gold calls give it, where the package's own description has another one:
tickets of task 173 are numbered by texts."""


@lru_cache(maxsize=1)
def documents() -> Mapping[str, tuple[dict[str, Any], ...]]:
    """Class -> its functions' schemas. Raises RequestError where the package is absent."""
    folder = folder_of(PACKAGE) / "data" / "multi_turn_func_doc"
    found = {
        name: tuple(json.loads(line) for line in (folder / f"{file}.json").read_text(encoding="utf-8").splitlines())
        for name, file in DOCUMENTS.items()
    }
    for each in (each for functions in found.values() for each in functions):
        for argument, schema in each["parameters"]["properties"].items():
            schema["type"] = _WIDER.get((each["name"], argument), schema["type"])
    return found


def classes_of(part: str) -> tuple[str, ...]:
    """The classes that `CLASS,CLASS` names. Raises RequestError for one that there is not."""
    names = tuple(part.split(","))
    for name in names:
        if name not in DOCUMENTS:
            near = difflib.get_close_matches(name, DOCUMENTS, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(DOCUMENTS)}"
            raise RequestError(f"toolbox 'bfcl:{part}': BFCL has no class {name!r}; {hint}")
    return names


def functions_of(classes: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the functions of these classes."""
    return tuple(each["name"] for name in classes for each in documents()[name])


def left_out(part: str) -> frozenset[str]:
    """The functions of all other classes than those that `CLASS,CLASS` names. Raises RequestError."""
    return frozenset(functions_of(tuple(DOCUMENTS))) - frozenset(functions_of(classes_of(part)))

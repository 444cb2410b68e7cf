"""Functions of users that decide what is right, or what a chain is worth."""

import importlib
from collections.abc import Callable
from typing import Any, cast

from cluster.errors import RequestError, WorkError


def users_function(what: str, name: str) -> Callable[..., Any]:
    """The function of a user that is named MODULE:FUNCTION. `what` it is stands in errors. Raises RequestError."""
    module, _, function = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise RequestError(f"{what} {name!r}: {error}; name an importable MODULE:FUNCTION") from None
    except Exception as error:
        said = f"importing {module} raised {type(error).__name__}: {error}"
        raise RequestError(f"{what} {name!r}: {said}; mend it, or name another MODULE:FUNCTION") from error
    if not callable(found):
        raise RequestError(f"{what} {name!r}: {function} is no function")
    return cast(Callable[..., Any], found)


def call_users(checker: str, function: Callable[..., Any], found: Any, gold: Any) -> Any:
    """What a checker's function says of what was found, beside the gold answer. Raises WorkError where it raises."""
    try:
        return function(found, gold)
    except Exception as error:
        shown = f"answer {found!r}"[:2000]
        raise WorkError(f"checker {checker} raised {type(error).__name__}: {error} for {shown}") from error

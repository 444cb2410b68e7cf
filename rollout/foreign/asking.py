"""Asks a worker that has another package: a function by its name, with arguments, for a JSON value."""

import json
from pathlib import Path
from typing import Any

from cluster.errors import RequestError, WorkError
from rollout.foreign.packages import folder_of
from rollout.records import Call, ErrorCode, canonical_json
from rollout.toolboxes.loading import load_toolbox


class TooLong(Exception):
    """The worker did not answer within the deadline, or its process ended, which is what much memory comes to."""


def ask(package: str, function: str, deadline: float, **arguments: Any) -> Any:
    """What `function` of the worker for `package` gives back, in at most `deadline` seconds.

    Raises RequestError where the package is absent and for what the function refuses with a ValueError,
    TooLong, and WorkError where the worker is at fault.
    """
    session = load_toolbox(worker_of(package)).open()
    result = session.call(Call(name=function, arguments=canonical_json(arguments)), deadline=deadline)
    says = result.content.removeprefix("Error: ").removeprefix(f"{function}: ")
    if result.error is None:
        return json.loads(result.content)
    if result.error is ErrorCode.FUNCTION_TIMEOUT or says == "ended its process":
        raise TooLong(f"{package}: {says}")
    if result.error is ErrorCode.FUNCTION_RAISED:
        raise RequestError(f"{package}: {says}")
    raise WorkError(f"{package}: {function} with {arguments}: {says}")


def worker_of(package: str) -> str:
    """The worker's name as a toolbox. Raises RequestError where the package is absent."""
    folder_of(package)
    return str(Path(__file__).parent / "workers" / f"{package}_worker.py")

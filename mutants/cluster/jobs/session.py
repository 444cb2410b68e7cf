"""A Ray session for one command: on a cluster that is running, or on one that is started here and ended after use."""

import contextlib
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import AuthenticationError, RayError, RayTaskError

from cluster.errors import ChainprefError, RequestError, WorkError, first_line

_OBJECT_STORE_BYTES = 200 << 20
_QUIET = {
    "RAY_DEDUP_LOGS": "0",
    "RAY_TRAIN_V2_ENABLED": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "TOKENIZERS_PARALLELISM": "false",
}


@contextlib.contextmanager
def ray_session(
    address: str, local_cpus: int, logs: Path, verbose: bool, namespace: str = "chainpref"
) -> Iterator[None]:
    """Connect to the cluster at `address` ("" and no RAY_ADDRESS: start one here), and leave it at the end.

    Ray and its workers log to their own files; those of a local session are copied to `logs`. `namespace`: of the names
    of actors and placement groups; each run has its own, because runs may share a cluster.
    Raises RequestError when there is no cluster at `address`, WorkError when Ray cannot start here.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    target = address or os.environ.get("RAY_ADDRESS", "")
    options: dict[str, Any] = {
        "namespace": namespace,
        "log_to_driver": verbose,
        "logging_level": logging.INFO if verbose else logging.ERROR,
    }
    if not target:
        # Never "auto": a stale address file would join somebody else's cluster.
        options |= {"address": "local", "include_dashboard": False, "num_cpus": local_cpus}
        options |= {"object_store_memory": _OBJECT_STORE_BYTES}
    _connect(target, options)
    node = None if target else ray._private.worker.global_worker.node
    session = Path(node.get_session_dir_path()) if node is not None else None
    try:
        yield
    finally:
        ray.shutdown()
        if session is not None:
            with contextlib.suppress(OSError):
                (logs / "ray").mkdir(parents=True, exist_ok=True)
                for path in (session / "logs").iterdir():
                    if path.is_file() and path.stat().st_size:  # many are empty
                        shutil.copyfile(path, logs / "ray" / path.name)


def _connect(target: str, options: dict[str, Any]) -> None:
    try:
        ray.init(**({"address": target} if target else {}), **options)
    # Ray raises a plain Exception when its own processes take too long to start, among a dozen other types.
    except Exception as error:
        ray.shutdown()
        line = first_line(error)
        if isinstance(error, AuthenticationError):
            raise RequestError(f"the Ray cluster let us not in ({line}); set RAY_AUTH_TOKEN to its token") from error
        if not target:
            raise WorkError(f"Ray did not start: {line}") from error
        where = f"cluster.address = {target!r}"
        if isinstance(error, ConnectionError | ValueError):
            raise RequestError(f"{where}: no Ray cluster answers there ({line})") from error
        raise WorkError(f"{where}: connecting to the Ray cluster failed: {line}") from error


def results(references: Sequence[Any]) -> list[Any]:
    """The results of Ray tasks. Raises a task's ChainprefError as it was, and WorkError for any other failure."""
    try:
        return list(ray.get(list(references)))
    except RayTaskError as error:
        if isinstance(error.cause, ChainprefError):
            raise error.cause from error
        raise WorkError(f"a task failed: {type(error.cause).__name__}: {first_line(error.cause)}") from error
    except RayError as error:
        raise WorkError(f"a task was lost: {first_line(error)}") from error

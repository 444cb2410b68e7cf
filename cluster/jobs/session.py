"""Ray for the time of one command: a cluster that is there, or one started on this machine and ended after use."""

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

    What Ray and its workers say goes to their own files; those of a local session are copied to `logs`.
    `namespace`: where names of actors and placement groups hold; one a run, because runs may share a cluster.
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
    session = None if target else _session_folder()
    try:
        yield
    finally:
        ray.shutdown()
        if session is not None:
            _keep_logs(session / "logs", logs / "ray")


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
    """The results of Ray tasks. Raises what a task raised on purpose as it was, and WorkError for anything else."""
    try:
        return list(ray.get(list(references)))
    except RayTaskError as error:
        if isinstance(error.cause, ChainprefError):
            raise error.cause from error
        raise WorkError(f"a task failed: {type(error.cause).__name__}: {first_line(error.cause)}") from error
    except RayError as error:
        raise WorkError(f"a task was lost: {first_line(error)}") from error


def _session_folder() -> Path | None:
    node = ray._private.worker.global_worker.node
    return Path(node.get_session_dir_path()) if node is not None else None


def _keep_logs(source: Path, target: Path) -> None:
    """Copy the session's logs under the run; those that say nothing are left out."""
    with contextlib.suppress(OSError):
        target.mkdir(parents=True, exist_ok=True)
        for path in source.iterdir():
            if path.is_file() and path.stat().st_size:
                shutil.copyfile(path, target / path.name)

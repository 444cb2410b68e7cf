"""The training of arms as a Ray Train job: it starts the ranks, tells failures apart, and resumes."""

import logging
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster.errors import InfrastructureError, InfrastructureKind, WorkError
from training.ranks.checkpoints import newest_verified
from training.ranks.request import ArmRequest
from training.ranks.zero import environment

if TYPE_CHECKING:
    from ray.train.v2.api.exceptions import TrainingFailedError

_log = logging.getLogger(__name__)
_LOST = re.compile(
    r"connection (closed|reset|refused)|gloo|nccl|dist(backend|network|store)error|timed out"
    r"|dataloader worker \(pid.*(killed by signal|exited unexpectedly)",
    re.I,
)
"""What the error of a rank says when another rank is lost, or the process that packs its rows."""


def train_arms(requests: Sequence[ArmRequest]) -> None:
    """Train arms of which none starts from another, one after the other, with ranks that stay up between them.

    All requests have the same `training`; an arm whose model is published already is left out. The caller initialises
    Ray. Lost ranks are started again and resume from the newest verified checkpoint of their arm, at most
    `training.max_failures` times for each arm; ranks that left a draining node, as often as that happens. An error of
    the training itself is not retried. Raises WorkError, which names the log, when an arm cannot be trained.
    """
    failures = 0
    left = _left(requests)
    while left:
        for request in left:
            request.checkpoint_dir.mkdir(parents=True, exist_ok=True)
            request.log_path.parent.mkdir(parents=True, exist_ok=True)
            # Raises before any rank starts where checkpoints exist and none of them can be used.
            newest_verified(request.checkpoint_dir, request.fingerprint)
        lost = _fit(left)
        before, left = left, _left(requests)
        if lost is None and left:
            raise WorkError(f"arm {left[0].name}: training ended without a model; see {left[0].log_path}.rank0")
        if lost is not None and lost.drained:
            _log.warning("%s; the ranks start again on other nodes", lost.what)
        elif lost is not None and left:
            failures = failures + 1 if left[0] is before[0] else 1
            most = left[0].training.max_failures
            if failures > most:
                raise WorkError(f"arm {left[0].name}: {lost.what}, {failures} times; see {left[0].log_path}.rank0")
            _log.warning("arm %s: %s; failure %d of %d", left[0].name, lost.what, failures, most)


def _left(requests: Sequence[ArmRequest]) -> list[ArmRequest]:
    return [request for request in requests if not request.model_dir.is_dir()]


@dataclass(frozen=True, slots=True)
class _Interruption:
    """Why ranks ended before their work did. `retry`: starting them again can help. `drained`: they left a draining
    node, which is no failure."""

    what: str
    retry: bool
    drained: bool = False


def _fit(requests: Sequence[ArmRequest]) -> _Interruption | None:
    """Start the ranks and wait. Returns None when they are done, and why they ended where they may be started again.

    Raises WorkError for an error that another start would repeat.
    """
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer
    from ray.train.v2.api.config import LoggingConfig
    from ray.train.v2.api.exceptions import TrainingFailedError

    from training.ranks.loopback import LoopbackTorchConfig
    from training.ranks.worker import train_rank

    first, training = requests[0], requests[0].training
    on_gpu = training.gpus_per_rank > 0
    trainer = TorchTrainer(
        train_rank,
        train_loop_config={"requests": list(requests)},
        torch_config=LoopbackTorchConfig(backend="nccl" if on_gpu else "gloo"),
        scaling_config=ScalingConfig(
            num_workers=training.ranks, use_gpu=on_gpu, resources_per_worker=training.bundle.resources()
        ),
        run_config=RunConfig(
            # A fresh name for each attempt: a half-written snapshot of Ray's own would make a name unusable for good.
            # It holds nothing of ours; our checkpoints are verified by our own manifests.
            name=f"{first.name}-{uuid.uuid4().hex[:8]}",
            storage_path=str(first.checkpoint_dir / "ray"),
            # The loop in `train_arms` retries, because it can tell a lost rank from an error that would come again.
            failure_config=FailureConfig(max_failures=0),
            worker_runtime_env={"env_vars": environment(training)},
            logging_config=LoggingConfig(log_level="CRITICAL"),
        ),
    )
    try:
        trainer.fit()
    except TrainingFailedError as error:
        found = _explained(error)
        if not found.retry:
            at = (_left(requests) or requests)[0]
            raise WorkError(f"arm {at.name}: {found.what}; see {at.log_path}.rank0") from error
        return found
    return None


def _explained(error: "TrainingFailedError") -> _Interruption:
    """Why Ray Train gave up."""
    from ray.exceptions import RayError
    from ray.train.v2._internal.exceptions import RayTrainError

    # What the ranks raised, as they raised it; Ray's own errors where they raised nothing.
    failures: dict[int, Exception] = getattr(error, "worker_failures", {})
    if not failures:
        return _Interruption(f"Ray Train failed: {_last_line(error)}", retry=True)
    for failure in failures.values():
        if isinstance(failure, InfrastructureError) and failure.kind is InfrastructureKind.DRAINED:
            return _Interruption(failure.detail, retry=True, drained=True)
    lost = [rank for rank, failure in failures.items() if isinstance(failure, RayError | RayTrainError)]
    if lost:
        return _Interruption(f"rank {', '.join(map(str, sorted(lost)))} was lost", retry=True)
    rank, first = min(failures.items())
    line = f"{type(first).__name__}: {_last_line(first)}"
    return _Interruption(f"rank {rank} failed: {line}", retry=bool(_LOST.search(line)))


def _last_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__

"""What the stages need of the cluster: refused at once where Ray is started on this machine and it cannot give it, and
waited for in plain sight on a cluster, where nodes join later or the autoscaler brings them."""

import os
import time
from collections.abc import Iterable, Sequence

from cluster.pool.needs import Need
from cluster.pool.placement import EnginePlacement, NodeResources, describe, place_engine
from pipeline.decisions.standing import Standing, ranks_placement, standing
from pipeline.plan.models import served_on_gpus
from pipeline.recipe import HostKind, Recipe
from pipeline.run.folder import Run
from training.config import TrainingConfig

SECTIONS = TEACHER, STUDENT, TRAINING = "engines.teacher", "engines.student", "training"
"""Sections of a recipe whose processes ask Ray for resources."""
_KINDS: dict[str, HostKind] = {TEACHER: "teacher", STUDENT: "student"}
_SOON_S, _SOON_EVERY_S, _LATER_EVERY_S = 60.0, 5.0, 30.0
"""In its first minute a wait is spoken of every few seconds; an hour of that would hide what else is said."""
_LOOK_EVERY_S = 1.0
_GRANT_S = 2.0
"""What is free is granted within that."""


def need_of(recipe: Recipe, section: str, nodes: Sequence[NodeResources]) -> Need:
    """What the section's processes ask for on a cluster that has these nodes, and may get more."""
    if section == TRAINING:
        return _need_of_ranks(recipe.training)
    kind = _KINDS[section]
    config = recipe.hosts(kind)
    # A cluster that autoscales may have no GPU yet, so the size of the model decides as well, and a type that is named.
    large = served_on_gpus(recipe, kind)
    auto = large or bool(config.gpu) or any(node.gpus for node in nodes)
    gpus = config.device == "gpu" or (config.device == "auto" and auto)
    engine = config.engine
    return Need(
        section=section,
        what="host",
        count=config.count,
        placement=place_engine(
            engine.tensor_parallel, engine.pipeline_parallel, config.cpus, nodes, gpus, config.gpu if gpus else ""
        ),
        smaller=f"{section}.count, {section}.cpus or {section}.engine.tensor_parallel",
        without_gpus=f"{section}.gpu=''" if config.device == "auto" and not large else f"{section}.device='cpu'",
    )


def refuse_unmet(recipe: Recipe, sections: Iterable[str]) -> None:
    """Raise RequestError where Ray is, or would be, started on this machine and it can never hold what is asked for."""
    sections = [section for section in sections if section != TRAINING or recipe.arms]
    if not sections or not _starts_here(recipe):
        return
    import ray

    from cluster.pool.reservation import cluster_nodes, nodes_here

    nodes = cluster_nodes() if ray.is_initialized() else nodes_here(recipe.cluster.local_cpus)
    for section in sections:
        need = need_of(recipe, section, nodes)
        if not need.met_by(nodes):
            more = "" if need.placement.bundles[0].gpus else "raise cluster.local_cpus or "
            raise need.refused(nodes, "this machine", f"{more}name a Ray cluster in cluster.address")
    if TRAINING in sections and any(arm.rounds is not None for arm in recipe.arms.values()):
        standing_on(recipe, nodes)  # which refuses what is asked for and cannot be


def note_unmet(run: Run, sections: Iterable[str]) -> None:
    """Say of a cluster, at the beginning, what will be asked for and is not there yet. Needs Ray."""
    if _starts_here(run.recipe):
        return
    from cluster.pool.reservation import cluster_nodes

    nodes = cluster_nodes()
    for section in sections:
        need = need_of(run.recipe, section, nodes)
        if not need.met_by(nodes):
            run.console.out(f"  note: {need}; the cluster has {describe(nodes)} now, and the stage will wait for more")


class Wait:
    """A wait for resources: says every few seconds what is waited for and what the cluster has, and ends where its
    nodes cannot hold it for longer than `cluster.grow_s`. Needs Ray."""

    def __init__(self, run: Run, need: Need, at_least: int = 0) -> None:
        """`at_least`: how many of what is needed the nodes must be able to hold; 0 for all."""
        self._run, self._need, self._at_least = run, need, at_least
        self._began: float | None = None
        self._possible = time.monotonic()
        self._next = 0.0

    def short(self) -> bool:
        """Whether the nodes, empty, cannot hold what is waited for. Raises RequestError when that lasts for too long,
        and prints what there is where it is time to."""
        from cluster.pool.reservation import cluster_nodes

        nodes = cluster_nodes()
        if self._need.met_by(nodes, self._at_least):
            self._possible = time.monotonic()
            return False
        patience = self._run.recipe.cluster.grow_s
        if time.monotonic() - self._possible >= patience:
            raise self._need.refused(nodes, "the cluster", f"add nodes; none came in {patience:g} s (cluster.grow_s)")
        self.say("nodes")
        return True

    def say(self, what: str) -> None:
        """Print a line, where it is time to."""
        now = time.monotonic()
        if now >= self._next:
            self._began = now if self._began is None else self._began
            self._next = now + spoken_every_s(now - self._began)
            self._run.console.out(waiting_line(what, self._need))


def waiting_line(what: str, need: Need) -> str:
    """What is waited for, what is needed, and what the cluster has. Needs Ray."""
    from cluster.pool.reservation import cluster_nodes, free_resources

    return f"  waiting for {what}: {need}; the cluster has {describe(cluster_nodes())}, of it free {free_resources()}"


def spoken_every_s(waited_s: float) -> float:
    """Seconds until the next line of a wait that has lasted `waited_s`."""
    return _SOON_EVERY_S if waited_s < _SOON_S else _LATER_EVERY_S


def await_ranks(run: Run, ranks: int) -> None:
    """Wait until the resources of so many ranks are free. They are asked for, so that an autoscaler brings them, and
    given back: Ray Train and Ray's tasks, which would wait without a word, take them. Raises RequestError as `Wait`."""
    from cluster.pool.reservation import Reservation

    bundle = run.recipe.training.bundle
    reservation = Reservation(
        EnginePlacement(bundles=(bundle,) * ranks, strategy="PACK", executor="ray", actor_gpus=0.0)
    )
    wait, patience = Wait(run, need_of(run.recipe, TRAINING, ()), ranks), time.monotonic() + _GRANT_S
    try:
        while not reservation.granted:
            if time.monotonic() < patience:
                time.sleep(_GRANT_S / 20)
                continue
            if not wait.short():
                wait.say("resources")
            time.sleep(_LOOK_EVERY_S)
    finally:
        reservation.release()


def standing_on(recipe: Recipe, nodes: Sequence[NodeResources]) -> Standing:
    """Whether ranks stand beside the student's hosts between rounds, on a cluster that has these nodes. Raises
    RequestError as `standing`."""
    return standing(recipe, lambda kind: need_of(recipe, f"engines.{kind}", nodes).placement, nodes)


def _need_of_ranks(training: TrainingConfig) -> Need:
    return Need(
        section=TRAINING,
        what="rank",
        count=training.ranks,
        placement=ranks_placement(training),
        smaller="training.ranks or training.cpus_per_rank",
        without_gpus="training.gpus_per_rank=0",
    )


def _starts_here(recipe: Recipe) -> bool:
    """Whether Ray is started on this machine for the run."""
    return not (recipe.cluster.address or os.environ.get("RAY_ADDRESS"))

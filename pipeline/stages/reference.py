"""Stage `reference`: log-probabilities of every distinct chain under the models that DPO arms start from.

Base comes first; an arm's own model can only be asked once it is trained, which the train stage sees to. What
`ReferenceStream` scored while rollouts went on is not scored again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cluster import telemetry
from cluster.pool.placement import type_resource
from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from pipeline.run.folder import Run
from pipeline.run.models import model_source
from pipeline.stages import groups
from rollout.data import layout
from rollout.records import PreferenceGroup
from training.config import DpoArm, TrainingConfig
from training.ranks.zero import precision


def complete(run: Run) -> bool:
    """Whether every DPO arm that starts from base is trained, or has all its chains scored."""
    if not groups.complete(run):
        return False
    waiting = [arm for name, arm in _arms_from_base(run) if not run.model(name).is_dir()]
    return all(_missing(run, arm) == 0 for arm in waiting)


def work(run: Run) -> None:
    ensure_references(run, [arm for _, arm in _arms_from_base(run)])


def ensure_references(run: Run, arms: Sequence[DpoArm]) -> None:
    """Score what is missing of the chains that `arms` take, for arms that take the same once."""
    for arm in _distinct(arms):
        _ensure(run, arm)


def waiting_arms(run: Run) -> list[DpoArm]:
    """The arms from base that are not trained, one of those that take the same chains."""
    return _distinct(arm for name, arm in _arms_from_base(run) if not run.model(name).is_dir())


def start_shares(run: Run, arm: DpoArm, tasks: int, units: Sequence[str] = ()) -> list[Any]:
    """Start so many tasks, each of which owns what a rank owns, on all group units or on these. Returns Ray's
    references to the number of chains that each one scored."""
    import ray

    training = run.recipe.training
    bundle = training.bundle
    score = ray.remote(_score_share).options(
        num_cpus=bundle.cpus, num_gpus=bundle.gpus, resources=type_resource(bundle.gpu), max_retries=3
    )
    share = _Share(
        run_uri=run.store.uri,
        student=run.student,
        prefix=layout.reference(run.student),
        source=model_source(run, arm.start),
        arm=arm,
        training=training,
        units=tuple(units),
        tasks=tasks,
    )
    return [score.remote(share, rank) for rank in range(tasks)]


def _distinct(arms: Iterable[DpoArm]) -> list[DpoArm]:
    return list({(arm.start, arm.scored, arm.pairs, arm.max_right, arm.max_wrong): arm for arm in arms}.values())


def _ensure(run: Run, arm: DpoArm) -> None:
    """Score what is missing under the model that `arm` starts from, shared out over as many tasks as ranks train."""
    from cluster.jobs.session import results

    scored = sum(results(start_shares(run, arm, run.recipe.training.ranks)))
    run.events.add("reference", start=arm.start, scored=scored)
    if scored:  # not of an arm whose chains an earlier one needed too
        run.console.print(f"  {scored:,} chains scored under {arm.start}", highlight=False)


@dataclass(frozen=True, kw_only=True)
class _Share:
    """What a number of tasks score together."""

    run_uri: str
    student: str
    prefix: str
    """Where log-probabilities go in the run's store."""
    source: str
    arm: DpoArm
    training: TrainingConfig
    units: tuple[str, ...]
    """Group units; all that are committed, where it names none."""
    tasks: int


def _score_share(share: _Share, rank: int) -> int:
    """Every `tasks`-th group, from `rank` on. Runs on a worker, which alone knows how far it is: the stage's units are
    chains."""
    from training.reference import ReferenceStore, compute_reference
    from training.selection import arm_groups

    store = open_store(share.run_uri)
    on_gpu = share.training.gpus_per_rank > 0
    telemetry.reset()  # a worker may have had another share before
    telemetry.report_units(share.prefix, "reference", 0, 0)
    scored = compute_reference(
        share.source,
        arm_groups(_groups(Ledger(store, layout.groups(share.student)), share.units), share.arm),
        ReferenceStore(Ledger(store, share.prefix)),
        rule=share.arm.scored,
        tokens_per_micro_step=share.training.tokens_per_micro_step,
        precision=precision(share.training),
        device="cuda" if on_gpu else "cpu",
        rank=rank,
        world=share.tasks,
        progress=lambda done, planned: telemetry.report_units(share.prefix, "reference", done, planned),
    )
    telemetry.reset()
    return scored


def _groups(ledger: Ledger, units: Sequence[str]) -> Iterator[PreferenceGroup]:
    from rollout.data.shards import decode_rows, read_rows

    if not units:
        yield from read_rows(PreferenceGroup, ledger)
    for commit in filter(None, map(ledger.find, units)):
        yield from list(decode_rows(PreferenceGroup, ledger.read(commit)))


def _missing(run: Run, arm: DpoArm) -> int:
    """Chains without a score. Reads the groups; loads no model."""
    from rollout.data.shards import read_rows
    from training.chains import scored_groups
    from training.reference import ReferenceStore, chain_key, reference_name
    from training.selection import arm_groups

    known = ReferenceStore(run.ledger(layout.reference(run.student))).scores()
    name = reference_name(model_source(run, arm.start), precision(run.recipe.training))
    stored = arm_groups(read_rows(PreferenceGroup, run.ledger(layout.groups(run.student))), arm)
    chains = (chain for group in scored_groups(stored, arm.scored) for chain in group.chains)
    return sum(chain_key(name, chain) not in known for chain in chains)


def _arms_from_base(run: Run) -> Iterator[tuple[str, DpoArm]]:
    for name, arm in run.recipe.arms_in_order():
        if isinstance(arm, DpoArm) and arm.start == "base":
            yield name, arm

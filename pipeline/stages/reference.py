"""Stage `reference`: log-probabilities of every distinct chain under the models that DPO arms start from.

This stage scores under base. An arm's own model exists only once it is trained, so the train stage scores under it.
Chains that `ReferenceStream` scored during rollouts are not scored again.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

from cluster import telemetry
from cluster.pool.placement import type_resource
from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from pipeline.decisions.values import decided_recipe
from pipeline.run.arms import arm_units
from pipeline.run.folder import Run
from pipeline.run.models import model_source
from pipeline.stages import groups
from pipeline.stages.arms.spent import Spent
from pipeline.stages.needs import await_ranks
from rollout.data import layout
from rollout.data.group_rows import read_groups
from training.config import DpoArm, TrainingConfig, decided
from training.ranks.zero import precision

Use = tuple[DpoArm, tuple[str, ...]]
"""An arm, and the group units that it is trained on; () for all that count."""


def complete(run: Run) -> bool:
    """Whether every DPO arm that starts from base is trained, or has all its chains scored."""
    return groups.complete(run) and not any(_missing(run, use) for use in waiting_uses(run))


def work(run: Run) -> None:
    """Score what is missing for the arms that start from base."""
    ensure_references(run, _waiting(run))


def ensure_references(run: Run, arms: Iterable[str], spent: Spent | None = None) -> None:
    """Score what is missing of the chains that these arms use, on as many tasks as ranks train. In `spent`, what
    scoring takes belongs to the arms that use it."""
    from cluster.jobs.session import results

    uses = _distinct(run, arms)
    if uses:
        await_ranks(run, 1)
    for (arm, units), users in uses:
        with spent.own(*users) if spent is not None else nullcontext():
            scored = sum(results(start_shares(run, arm, run.recipe.training.ranks, units)))
        run.events.add("reference", start=arm.start, scored=scored)
        if scored:  # an earlier arm may have needed the same chains
            run.console.out(f"  {scored:,} chains scored under {arm.start}")


def waiting_uses(run: Run) -> list[Use]:
    """What the arms from base that are not trained yet use; once what several use."""
    return [use for use, _ in _distinct(run, _waiting(run))]


def start_shares(
    run: Run, arm: DpoArm, tasks: int, units: Sequence[str] = (), groups: str = "", source: str = ""
) -> list[Any]:
    """Start `tasks` Ray tasks, each with the resources of a rank, on these group units or on all that count. Returns
    Ray's references to the number of chains that each task scored.

    `groups`: prefix of the ledger of the groups; "" for the student's. `source`: the model that scores; "" for the one
    that the arm starts from.
    """
    import ray

    training = decided_recipe(run).training
    bundle = training.bundle
    score = ray.remote(_score_share).options(
        num_cpus=bundle.cpus, num_gpus=bundle.gpus, resources=type_resource(bundle.gpu), max_retries=3
    )
    groups, source = groups or layout.groups(run.student), source or model_source(run, arm.start)
    share = (run.store.uri, groups, layout.reference(run.student), source, arm, training, tuple(units))
    return [score.remote(*share, rank, tasks) for rank in range(tasks)]


def _score_share(
    run_uri: str,
    groups: str,
    prefix: str,
    source: str,
    arm: DpoArm,
    training: TrainingConfig,
    units: Sequence[str],
    rank: int,
    tasks: int,
) -> int:
    """Score every `tasks`-th group, starting at `rank`, on a worker. It reports the stage's units, which are chains."""
    from training.fused_kernels import uses_fused_kernels
    from training.heap import give_back
    from training.reference import ReferenceStore, compute_reference
    from training.selection import arm_groups

    store = open_store(run_uri)
    stored = read_groups(Ledger(store, groups), units)
    telemetry.reset()  # the worker process may have scored another share before
    telemetry.report_units(prefix, "reference", 0, 0)
    scored = compute_reference(
        source,
        arm_groups(stored, arm),
        ReferenceStore(Ledger(store, prefix)),
        rule=arm.scored,
        tokens_per_micro_step=decided(training.tokens_per_micro_step),
        precision=precision(training),
        fused_kernels=uses_fused_kernels(training),
        device="cuda" if training.gpus_per_rank > 0 else "cpu",
        rank=rank,
        world=tasks,
        progress=lambda done, planned: telemetry.report_units(prefix, "reference", done, planned),
    )
    give_back()  # the worker stays
    telemetry.reset()
    return scored


def _missing(run: Run, use: Use) -> int:
    """Chains without a score. Reads the groups; loads no model."""
    from training.chains import scored_groups
    from training.fused_kernels import uses_fused_kernels
    from training.reference import ReferenceStore, chain_key, reference_name
    from training.selection import arm_groups

    arm, units = use
    known = ReferenceStore(run.ledger(layout.reference(run.student))).scores()
    training = decided_recipe(run).training
    name = reference_name(model_source(run, arm.start), precision(training), uses_fused_kernels(training))
    stored = arm_groups(read_groups(run.ledger(layout.groups(run.student)), units), arm)
    chains = (chain for group in scored_groups(stored, arm.scored) for chain in group.chains)
    return sum(chain_key(name, chain) not in known for chain in chains)


def _waiting(run: Run) -> Iterator[str]:
    """The DPO arms from base that are not trained yet."""
    for name, arm in run.recipe.arms_in_order():
        from_base = isinstance(arm, DpoArm) and arm.start == "base" and arm.rounds is None
        if from_base and not run.model(name).is_dir():
            yield name


def _distinct(run: Run, names: Iterable[str]) -> list[tuple[Use, list[str]]]:
    """What these arms use, once what several use, and the names of those that use it."""
    found: dict[Any, tuple[Use, list[str]]] = {}
    for name in names:
        arm, units = run.recipe.arms[name], arm_units(run, name)
        if isinstance(arm, DpoArm):
            taken = (arm.pairs, arm.max_right, arm.max_wrong, arm.balanced, arm.train_on_thoughts)
            found.setdefault((arm.start, arm.scored, taken, units), ((arm, units), []))[1].append(name)
    return list(found.values())

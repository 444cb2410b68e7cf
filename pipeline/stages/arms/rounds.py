"""Arms that learn in rounds: a policy attempts train problems, outcomes label its chains, one update makes the next
policy. The arms of a recipe go through their rounds together, so that they share the student's hosts, and ranks that
start once a round for all; a teacher that is asked starts for each arm that asks it.

Each part resumes after a kill: attempts by their ledger's commits, groups by theirs, training by its checkpoints, and
rounds by their records. Which policy attempts which round follows from the recipe alone, so that the end does not
depend on when what was done.
"""

import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cluster import telemetry
from cluster.pool.busy import idle_share
from cluster.store.atomic import atomic_folder
from cluster.store.lines import write_lines
from pipeline.decisions.standing import Standing
from pipeline.run.folder import Run
from pipeline.stages.arms.attempts import Attempts
from pipeline.stages.arms.behaviour import behaviour_difference
from pipeline.stages.arms.policies import ArmRounds, RoundRecord
from pipeline.stages.arms.round import Round
from pipeline.stages.arms.spent import Spent, interruption_recorded
from pipeline.stages.arms.targets import ensure_targets
from pipeline.stages.arms.watching import train_watched
from pipeline.stages.groups import idle_problems, without
from pipeline.stages.needs import await_ranks, standing_on
from pipeline.stages.reference import start_shares
from rollout.data import layout
from training.config import ArmConfig, DistillArm, DpoArm, SftArm, TrainingConfig
from training.ranks.metrics import read_metrics

if TYPE_CHECKING:
    from cluster.engine.probe import ProbeText
    from rollout.group_units import GroupWork
    from training.ranks.request import ArmRequest


def train_in_rounds(
    run: Run, arms: Mapping[str, ArmConfig], training: TrainingConfig, probe: "ProbeText | None"
) -> dict[str, str]:
    """Take these arms, whose start models are there, through the rounds that are missing, and publish their models.

    Returns why there is none of an arm that had nothing to learn from in any round.
    """
    every = [ArmRounds(run, name, arm) for name, arm in arms.items()]
    going = _going(every)
    if going:
        with Attempts(run, _standing(run, going), ahead=any(arm.config.max_staleness for arm in going)) as attempts:
            while going:
                with interruption_recorded(run, [arm.name for arm in going]) as spent:
                    _go_through(run, going, attempts, training, probe, spent)
                going = _going(going)
    context = run.recipe.hosts("student").engine.max_context
    without = {
        arm.name: nothing_learnt(arm.name, arm.arm.method, arm.records(), context)
        for arm in every
        if not arm.final(arm.records())
    }
    for arm in every:
        if arm.name not in without:
            publish(arm)
    return without


def _going(arms: Sequence[ArmRounds]) -> list[ArmRounds]:
    """Those that have a round to come."""
    return [arm for arm in arms if not arm.ended(arm.records())]


def _standing(run: Run, arms: Sequence[ArmRounds]) -> Standing:
    """Whether ranks stand beside the student's hosts, and say so. Raises RequestError."""
    from cluster.pool.reservation import cluster_nodes

    stands = standing_on(run.recipe, cluster_nodes())
    stale = [arm.name for arm in arms if arm.config.max_staleness]
    in_vain = f"; max_staleness of {', '.join(stale)} saves no time then" if stale and not stands.beside else ""
    run.console.out(f"  {stands}{in_vain}")
    run.events.add("rounds", beside=stands.beside, reason=stands.reason)
    return stands


def _go_through(
    run: Run,
    arms: Sequence[ArmRounds],
    attempts: Attempts,
    training: TrainingConfig,
    probe: "ProbeText | None",
    spent: Spent,
) -> None:
    """One round of each of these arms, which have one to come."""
    started, busy = time.monotonic(), attempts.busy_s
    rounds = [Round(arm, arm.records()) for arm in arms]
    attempts.begin([*rounds, *(coming for each in rounds for coming in each.coming())])
    attempts.finish(rounds)
    _build_groups(run, rounds)
    found: dict[str, RoundRecord] = {}
    for each in rounds:
        each.refuse_others()
        record = each.record()
        found[each.name] = msgspec.structs.replace(record, best=each.rounds.best([*each.rounds.records(), record]))
    learning = [each for each in rounds if found[each.name].best < 0 and each.can_learn()]
    of_older = _score(run, learning, spent)
    trained = 0.0
    for name, counts in _train(run, learning, training, probe, spent).items():
        found[name] = _with_update(run, name, found[name], counts, of_older.get(name))
        trained += counts["trained_seconds"]
    seconds = time.monotonic() - started
    hosts = idle_share(attempts.busy_s - busy, run.recipe.hosts("student").count, seconds)
    ranks = idle_share(trained, 1, seconds)  # all ranks train the same steps
    for part, share in (("hosts", hosts), ("ranks", ranks)):
        telemetry.IDLE_SHARE.set(share, part=part)
    for each in rounds:
        _end(each, msgspec.structs.replace(found[each.name], hosts_idle=hosts, ranks_idle=ranks), spent)


def _build_groups(run: Run, rounds: Sequence[Round]) -> None:
    """The missing groups of all these rounds, a Ray task for each block."""
    import ray

    from cluster.jobs.session import results
    from rollout.group_units import build_group_unit

    build = ray.remote(build_group_unit).options(num_cpus=0.5, max_retries=3)
    results([build.remote(work) for work in group_works(run, rounds)])


def group_works(run: Run, rounds: Sequence[Round]) -> "list[GroupWork]":
    """The group work of all these rounds that is not committed.

    Pairs and SFT leave out problems in which doing nothing is right, where the recipe does not say otherwise; a reward,
    and a teacher's distribution, say as much of these as of others.
    """
    works = [(each, work) for each in rounds for work in each.group_works()]
    idle = idle_problems(run) if works else set()
    return [without(work, idle if isinstance(each.arm, DpoArm | SftArm) else ()) for each, work in works]


def _score(run: Run, rounds: Sequence[Round], spent: Spent) -> dict[str, float | None]:
    """Score the chains of DPO arms under their references, and have the teacher say what distillation needs. Returns
    for arms that were attempted by an older policy how far its sampler was from it."""
    from cluster.jobs.session import results

    of_older: dict[str, float | None] = {}
    for each in rounds:
        with spent.own(each.name):
            if isinstance(each.arm, DpoArm):
                await_ranks(run, 1)
                ranks = run.recipe.training.ranks
                scored = sum(results(start_shares(run, each.arm, ranks, (), each.groups, each.reference)))
                run.events.add("reference", start=each.title, scored=scored)
            elif isinstance(each.arm, DistillArm):
                ensure_targets(run, each.arm, each.title, each.groups)
            if each.age:
                of_older[each.name] = behaviour_difference(each)
    return of_older


def _train(
    run: Run, rounds: Sequence[Round], training: TrainingConfig, probe: "ProbeText | None", spent: Spent
) -> dict[str, dict[str, float]]:
    """One update of every policy, in the same processes one after the other. Returns arm -> its counts."""
    counted: dict[str, dict[str, float]] = {}

    def ended(request: "ArmRequest", counts: dict[str, float]) -> None:
        counted[request.name] = counts

    if rounds:
        train_watched(run, [each.request(training, probe) for each in rounds], spent, ended)
    return counted


def _with_update(
    run: Run, arm: str, record: RoundRecord, counts: Mapping[str, float], of_older: float | None
) -> RoundRecord:
    """The record with what the round's update came to. `counts`: as its trainer counted; `of_older`: how far the
    sampler was from the policy that wrote the chains, where that was an older one."""
    rows = read_metrics(run.folder / layout.round_checkpoints(arm, record.number) / layout.METRICS)
    # Before the first step it is the policy that the update began with that is compared.
    begun_with = rows[0].get("logp_difference") if rows else None
    return msgspec.structs.replace(
        record,
        steps=int(counts["steps"]),
        trained_tokens=counts.get("tokens", 0.0),
        policy=layout.round_model(arm, record.number),
        logp_difference=of_older if record.age else begun_with,
        drift=begun_with if record.age else None,
    )


def _end(each: Round, record: RoundRecord, spent: Spent) -> None:
    """Write down what came of the round. `spent`: by all arms that went through it together."""
    record = msgspec.structs.replace(record, seconds=spent.seconds(each.name))
    each.rounds.keep(record)
    spent.end(each.name)
    details = {name: value for name, value in msgspec.to_builtins(record).items() if name != "number"}
    each.run.events.add("round", arm=each.name, round=each.number, **details)
    learnt = f"{record.steps} steps" if record.policy else "nothing learnt"
    why = each.rounds.stopped(each.rounds.records())
    stopped = f"; the rounds stop, {why}" if why else ""
    right = f"{record.outcomes.get('right', 0):,} of {record.attempts:,} right ({100 * record.share_right:.1f} %)"
    means = "".join(f", {name} {mean:.3f}" for name, mean in record.rewards.items())
    right += f", {record.said_of_help}" if record.said_of_help else ""
    each.run.console.out(
        f"  {each.title}: {right}, {record.groups:,} groups with right and wrong chains{means}, {learnt}{stopped}"
    )


def nothing_learnt(arm: str, method: str, records: Sequence[RoundRecord], max_context: int) -> str:
    """Why the rounds of an arm made no policy, and what to do. `max_context`: tokens, of the student's engines."""
    if sum(record.helped_attempts for record in records) and not sum(record.helped_tokens for record in records):
        return (
            f"no attempt with help, or begun by the teacher, had room for a reply in the {max_context:,} tokens of "
            "engines.student.engine.max_context; "
            f"take arms.{arm} out of the recipe, or put an arm of another name in its place that gives less help"
        )
    return (
        f"in no round was there a chain or a pair that method = {method!r} learns from; take arms.{arm} out of the "
        "recipe, or put an arm of another name in its place, with more rounds.samples or another start"
    )


def publish(arm: ArmRounds) -> None:
    """Make the policy that is kept the arm's model, and its metrics those of all rounds."""
    run, records = arm.run, arm.records()
    source = arm.final(records)
    rows: list[bytes] = []
    before = 0
    for record in records:
        path = run.folder / layout.round_checkpoints(arm.name, record.number) / layout.METRICS
        for row in read_metrics(path) if record.policy else ():
            rows.append(msgspec.json.encode({**row, **{key: row[key] + before for key in ("step", "steps")}}))
        before += record.steps
    write_lines(run.folder / layout.checkpoints(arm.name) / layout.METRICS, rows)
    run.events.add(
        "arm trained",
        arm=arm.name,
        steps=sum(record.steps for record in records),
        seconds=0.0,  # those of the rounds stand with them
        tokens=sum(record.trained_tokens for record in records),
    )
    with atomic_folder(run.model(arm.name)) as temporary:
        for file in Path(source).iterdir():
            shutil.copy2(file, temporary / file.name)

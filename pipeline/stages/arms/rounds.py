"""Arms that learn in rounds: a policy attempts train problems, outcomes label its chains, one update makes the next
policy. The arms of a recipe go through their rounds together, so that the student's hosts and the ranks start once a
round for all; a teacher that is asked starts for each arm that asks it.

Each part resumes after a kill: attempts by their ledger's commits, groups by theirs, training by its checkpoints, and
rounds by their records. Hosts and ranks take turns on the cluster's resources.
"""

import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cluster.errors import WorkError
from cluster.store.atomic import atomic_folder
from cluster.store.lines import write_lines
from pipeline.run.folder import Run
from pipeline.run.models import served_from
from pipeline.run.progress import progress_bar
from pipeline.run.workload import train_problems
from pipeline.stages.arms.policies import ArmRounds, RoundRecord
from pipeline.stages.arms.round import Round
from pipeline.stages.arms.targets import ensure_targets
from pipeline.stages.arms.watching import train_watched
from pipeline.stages.groups import idle_problems, without
from pipeline.stages.hosts import open_pool
from pipeline.stages.needs import await_ranks
from pipeline.stages.probes import proven
from pipeline.stages.reference import start_shares
from pipeline.stages.watch import Watch
from rollout.data import layout
from training.config import ArmConfig, DistillArm, DpoArm, TrainingConfig
from training.ranks.metrics import read_metrics

if TYPE_CHECKING:
    from cluster.engine.probe import ProbeText
    from training.ranks.request import ArmRequest


def train_in_rounds(
    run: Run, arms: Mapping[str, ArmConfig], training: TrainingConfig, probe: "ProbeText | None"
) -> None:
    """Take these arms, whose start models are there, through the rounds that are missing, and publish their models.

    Raises WorkError for an arm that had nothing to learn from in any round.
    """
    every = [ArmRounds(run, name, arm) for name, arm in arms.items()]
    while going := [arm for arm in every if not arm.ended(arm.records())]:
        rounds = [Round(arm, arm.records()) for arm in going]
        _roll_out(run, rounds)
        _build_groups(run, rounds)
        found = {each.name: _measured(each) for each in rounds}
        learning = [each for each in rounds if found[each.name].best < 0 and each.can_learn(found[each.name])]
        _score(run, learning)
        for name, counts in _train(run, learning, training, probe).items():
            found[name] = _with_update(run, name, found[name], counts)
        for each in rounds:
            _end(each, found[each.name], shared_by=len(rounds))
    for arm in every:
        _publish(arm)


def _roll_out(run: Run, rounds: Sequence[Round]) -> None:
    """The missing episodes of all these rounds, on the student's hosts."""
    waiting = [each for each in rounds if each.missing()]
    if not waiting:
        return
    problems = {problem.id: problem for problem in train_problems(run)}
    models = {each.title: proven(run, "student", served_from(run, each.title, each.policy)) for each in waiting}
    works = [work for each in waiting for work in each.episode_works(models[each.title], problems)]
    with (
        open_pool(run, "student", works[0].model) as pool,
        progress_bar(run.console, f"episodes of {', '.join(models)}", sum(work.size for work in works)) as bar,
        Watch(run, "train", pool, bar) as watch,
    ):
        for chunk_result in pool.run(works, watch.tick):
            watch.chunk_result(chunk_result)


def _build_groups(run: Run, rounds: Sequence[Round]) -> None:
    """The missing groups of all these rounds, a Ray task for each block."""
    import ray

    from cluster.jobs.session import results
    from rollout.group_units import build_group_unit

    works = [work for each in rounds for work in each.group_works()]
    idle = idle_problems(run) if works else set()
    build = ray.remote(build_group_unit).options(num_cpus=0.5, max_retries=3)
    results([build.remote(without(work, idle)) for work in works])


def _measured(each: Round) -> RoundRecord:
    """What the round's episodes and groups are, and whether the rounds stop here."""
    record = each.record()
    shares = [one.share_right for one in (*each.rounds.records(), record)]
    return msgspec.structs.replace(record, best=each.rounds.best(shares))


def _score(run: Run, rounds: Sequence[Round]) -> None:
    """Score the chains of DPO arms under their references, and have the teacher say what distillation needs."""
    from cluster.jobs.session import results

    for each in rounds:
        if isinstance(each.arm, DpoArm):
            await_ranks(run, 1)
            ranks = run.recipe.training.ranks
            scored = sum(results(start_shares(run, each.arm, ranks, (), each.groups, each.reference)))
            run.events.add("reference", start=each.title, scored=scored)
        elif isinstance(each.arm, DistillArm):
            ensure_targets(run, each.arm, each.title, each.groups)


def _train(
    run: Run, rounds: Sequence[Round], training: TrainingConfig, probe: "ProbeText | None"
) -> dict[str, dict[str, float]]:
    """One update of every policy, in the same processes one after the other. Returns arm -> its counts."""
    counted: dict[str, dict[str, float]] = {}

    def ended(request: "ArmRequest", counts: dict[str, float]) -> None:
        counted[request.name] = counts

    if rounds:
        train_watched(run, [each.request(training, probe) for each in rounds], ended)
    return counted


def _with_update(run: Run, arm: str, record: RoundRecord, counts: Mapping[str, float]) -> RoundRecord:
    """The record with what the round's update came to. `counts`: as its trainer counted."""
    rows = read_metrics(run.folder / layout.round_checkpoints(arm, record.number) / layout.METRICS)
    return msgspec.structs.replace(
        record,
        steps=int(counts["steps"]),
        trained_tokens=counts.get("tokens", 0.0),
        policy=layout.round_model(arm, record.number),
        # Before the first step the policy that is trained is the one that was sampled.
        logp_difference=rows[0].get("logp_difference") if rows else None,
    )


def _end(each: Round, record: RoundRecord, shared_by: int) -> None:
    """Write down what came of the round. Its time is shared by so many arms, which went through it together."""
    each.rounds.keep(record)
    seconds = round((time.monotonic() - each.started) / shared_by, 3)
    details = {name: value for name, value in msgspec.to_builtins(record).items() if name != "number"}
    each.run.events.add("round", arm=each.name, round=each.number, seconds=seconds, **details)
    learnt = f"{record.steps} steps" if record.policy else "nothing learnt"
    stopped = f"; the rounds stop, the best policy began round {record.best}" if record.best >= 0 else ""
    right = f"{record.outcomes.get('right', 0):,} of {record.attempts:,} right ({100 * record.share_right:.1f} %)"
    means = "".join(f", {name} {mean:.3f}" for name, mean in record.rewards.items())
    each.run.console.out(
        f"  {each.title}: {right}, {record.groups:,} groups with right and wrong chains{means}, {learnt}{stopped}"
    )


def _publish(arm: ArmRounds) -> None:
    """Make the policy that is kept the arm's model, and its metrics those of all rounds."""
    run, records = arm.run, arm.records()
    source = arm.final(records)
    if not source:
        raise WorkError(
            f"arm {arm.name}: in no round was there a chain or a pair that method = {arm.arm.method!r} learns from; "
            f"raise arms.{arm.name}.rounds.samples, or choose problems nearer to what the policy can do"
        )
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

"""Arms that have gone through rounds, without Ray and models: their policies' episodes are those of a stored run of the
scripted engine."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from cluster.engine.model_source import model_revision
from cluster.store.digests import write_sums
from pipeline.run.folder import Run, read_run
from pipeline.run.models import served_from
from pipeline.run.rollouts import Rollouts
from pipeline.run.workload import train_problems
from pipeline.stages.arms.policies import ArmRounds, RoundRecord
from pipeline.stages.arms.round import Round
from rollout.config import HelpConfig
from rollout.data import layout
from rollout.data.group_rows import live_units
from rollout.group_units import GroupWork, build_group_unit
from rollout.hosts.work import EpisodeWork, chunk_result_of
from rollout.records import Episode, Problem
from rollout.rewards import FallingReward, RewardsConfig
from rollout.rounds import GuideConfig, RoundsConfig
from tests.repository import DATA
from training.config import ArmConfig, DistillArm, DpoArm, GrpoArm
from training.ranks.request import MadeFrom

ROUNDS = RoundsConfig(rounds=3, problems=3, samples=4)
RULES = RewardsConfig(format=0.5, length=FallingReward(weight=0.1, target=10, limit=90))
ARMS: dict[str, ArmConfig] = {
    "plain": DpoArm(method="dpo", rounds=ROUNDS),
    "taught": DpoArm(method="dpo", rounds=ROUNDS, chosen_from="teacher"),
    "ruled": GrpoArm(method="grpo", rounds=ROUNDS, rewards=RULES),
    "helped": DpoArm(method="dpo", rounds=ROUNDS, chosen_from="helped", help=HelpConfig(calls="names", samples=2)),
    "guided": DistillArm(method="distill", rounds=ROUNDS, guide=GuideConfig(share=0.5)),
}
STALE: dict[str, ArmConfig] = {
    "stale": GrpoArm(method="grpo", rounds=ROUNDS.model_copy(update={"max_staleness": 1})),
}


def same(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Damage:
    """What is wrong with a round: its rows, the works on its groups, its record, or what its policy was made from."""

    rows: Callable[[list[Episode]], list[Episode]] = same
    works: Callable[[list[GroupWork]], Sequence[GroupWork]] = same
    record: Callable[[RoundRecord], RoundRecord] = same
    made: Callable[[MadeFrom], MadeFrom] = same


def stored(run: Run, problem: str, sample: int) -> Episode:
    """An attempt of the teacher's; of those that the quota left out another one."""
    attempts = list(Rollouts(run).of(problem).values())
    return attempts[sample % len(attempts)]


def attempt(row: Episode, work: EpisodeWork, problem: Problem) -> Episode:
    """The row as if it had been made with the help that the work gives."""
    guided = (problem.id, row.sample) in work.guides
    kinds = problem.help.kinds if problem.help is not None else ()
    prompt = (row.prompt_ids[0], *row.prompt_ids) if kinds else row.prompt_ids
    return msgspec.structs.replace(row, help=kinds, prompt_ids=prompt, guided=int(guided))


def go_through(rounds: ArmRounds, damage: Damage = Damage()) -> None:
    """The arm's next round."""
    run, each = rounds.run, Round(rounds, rounds.records())
    make_attempts(each, damage)
    for group_work in damage.works(each.group_works()):
        build_group_unit(group_work)
    path = layout.round_model(rounds.name, each.number)
    units = tuple(commit.unit for commit in live_units(run.ledger(each.groups)))
    start = model_revision(each.start)
    made = MadeFrom(arm=rounds.name, settings={}, start=start, precision="float32", groups=units)
    folder = run.folder / path
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(f"{rounds.name} {each.number}".encode())
    (folder / "config.json").write_text("{}")
    (folder / layout.MADE_FROM).write_bytes(msgspec.json.encode(damage.made(made)))
    write_sums(folder)
    rounds.keep(damage.record(msgspec.structs.replace(each.record(), steps=2, policy=path)))


def make_attempts(each: Round, damage: Damage) -> None:
    """The attempts of a round that are missing."""
    run, model = each.run, served_from(each.run, each.title, each.policy)
    for work in each.episode_works(model, {problem.id: problem for problem in train_problems(run)}):
        rows = [
            attempt(
                msgspec.structs.replace(
                    stored(run, problem.id, sample), sample=sample, producer=model.producer, temperature=1.0
                ),
                work,
                problem,
            )
            for problem, sample in work.attempts(0, work.size)
        ]
        chunk_result_of(run.store, work, damage.rows(rows), True, "host", 0.0)


def with_arms(folder: Path, arms: dict[str, ArmConfig] = ARMS) -> Run:
    run = read_run(folder, Console(quiet=True))
    student = run.recipe.models.student.model_copy(update={"source": str(DATA / "student")})
    models = run.recipe.models.model_copy(update={"student": student})
    return replace(run, recipe=run.recipe.model_copy(update={"arms": arms, "models": models}))


def begin(folder: Path, arms: dict[str, ArmConfig] = ARMS) -> Path:
    """A finished run that was planned before there were arms in rounds, in which each of these has gone through one."""
    shutil.copytree(DATA / "run-f013669", folder)
    for name, arm in arms.items():
        go_through(ArmRounds(with_arms(folder, arms), name, arm))
    return folder

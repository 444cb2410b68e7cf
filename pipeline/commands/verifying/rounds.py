"""What is wrong with arms that learn in rounds: each round against its plan, its ledgers, its record and its policy.

Every attempt of a round is committed once and by the policy whose turn it was, groups hold its own episodes alone, a
policy is there where its update is recorded, and nothing is there of a round before it may begin.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import msgspec

from cluster.engine.model_source import model_revision
from cluster.store.digests import read_sums
from cluster.store.ledger import Commit
from pipeline.commands.verifying.units import Attempt, built_faults, unit_faults, unplanned
from pipeline.run.folder import Run
from pipeline.run.inventory import names_in, stores
from pipeline.run.rollouts import Rollouts
from pipeline.stages.arms.policies import ArmRounds, RoundRecord
from pipeline.stages.arms.round import Round
from rollout.data import layout
from rollout.data.group_rows import live_units
from rollout.data.shards import shard_rows
from rollout.data.unit_rows import UnitRows
from rollout.hosts.episode_units import EpisodeUnit, block_name
from rollout.records import Episode, Outcome, PreferenceGroup
from rollout.rewards import rule_rewards
from training.config import DistillArm, GrpoArm
from training.ranks.request import MadeFrom

_NAME = "([^/]+)"
_OF_ROUND = re.compile(
    "|".join(
        rf"{prefix}/{_NAME}/r(\d+)(?:/.+|\.json)"
        for prefix in (layout.EPISODES, layout.groups("[^/]+"), layout.ROUNDS, layout.checkpoints("")[:-1])
    )
)
_SUMMED = (
    *("outcomes", "tokens", "age", "helped", "helped_tokens", "taken", "left_out"),
    *("rewards", "unequal", "groups", "chains", "right"),
)
"""What a round's record says of its ledgers."""


def round_faults(run: Run) -> Iterator[str]:
    """Every invariant of the run's arms in rounds that does not hold, one line each. Raises CorruptionError."""
    there: dict[str, set[int]] = {}
    for name in {name for store in stores(run) for name in names_in(store)}:
        if match := _OF_ROUND.fullmatch(name):
            arm, number = filter(None, match.groups())
            there.setdefault(arm, set()).add(int(number))
    for name, numbers in sorted(there.items()):
        arm = run.recipe.arms.get(name) or run.all_arms.get(name)  # one that was taken out leaves its rounds
        if arm is None or arm.rounds is None:
            yield f"rounds of {name}: are there, and the recipe has no such arm that learns in rounds"
        elif not (run.folder / layout.round_plan(name)).exists():
            yield f"rounds of {name}: are there, and their plan is not; restore {layout.round_plan(name)}"
        else:
            yield from _arm_faults(ArmRounds(run, name, arm), numbers)


def _arm_faults(rounds: ArmRounds, numbers: set[int]) -> Iterator[str]:
    """Faults of an arm of which there are files of these rounds."""
    records, planned, what = rounds.records(), len(rounds.plan().rounds), f"rounds of {rounds.name}:"
    ended = rounds.ended(records)
    # Attempts of so many rounds may have begun before the one that is learnt from has ended, or was the last one.
    may_be = min(planned, len(records) + (not ended) + rounds.config.max_staleness)
    why = "the rounds have ended" if ended else f"round {len(records)} has not ended"
    yield from (
        f"{what} there are files of round {number}, and {why}" for number in sorted(numbers) if number >= may_be
    )
    for at, record in enumerate(records):
        if record.number != at or (record.best >= 0 and record is not records[-1]):
            yield f"{what} the record of round {at} is of round {record.number}, or ends the rounds before the last one"
    for at in sorted(numbers & set(range(may_be))):
        each = Round(rounds, records[:at], at)
        faulty = [*_ledger_faults(each, ended=at < len(records))]
        faulty += _record_faults(each, records[at]) if at < len(records) else ()
        yield from (f"{what} round {at}: {fault}" for fault in faulty)
    model, kept = rounds.run.model(rounds.name), rounds.final(records) if ended else ""
    if model.is_dir() and not (kept and read_sums(model) == read_sums(Path(kept))):
        yield f"{what} the arm's model is not the policy that they keep ({kept or 'they have not ended with one'})"


def _ledger_faults(each: Round, ended: bool) -> Iterator[str]:
    """Faults of a round's episodes and groups, block by block; a round has one unit of episodes a block, and where
    there is help one of attempts with it."""
    run, groups = each.run, each.run.ledger(each.groups)
    alone = _Attempts(each, each.episodes, each.units, aided=False)
    aided = _Attempts(each, each.helped, each.helped_units, aided=True)
    yield from (*alone.unplanned(), *aided.unplanned())
    teachers = Rollouts(run)
    built: dict[str, list[Commit]] = {}
    for commit in groups.commits().values():
        built.setdefault(commit.unit.partition("-")[0], []).append(commit)
    further = {unit.block: unit for unit in each.helped_units}
    for unit in sorted(each.units, key=lambda unit: unit.name):
        made, faulty = alone.read(unit, ended)
        with_help, more = aided.read(further[unit.block], ended) if unit.block in further else ([], [])
        yield from (*faulty, *more)
        block = block_name(unit.block)
        own = built.pop(block, [])
        if len(own) > 1 or (ended and not own):
            yield f"has {len(own)} units of groups of block {block}, which takes one"
        outcomes, helped = _outcomes(made), _outcomes(with_help)
        if each.chosen_from == "policy":  # the attempts that the teacher began are the policy's, too
            made, outcomes, helped = [*made, *with_help], outcomes | helped, {}
        taught: dict[Attempt, Outcome] = {}
        for name in unit.problem_ids if each.chosen_from in ("teacher", "both") and own else ():
            taught |= {(name, sample): episode.outcome for sample, episode in teachers.of(name).items()}
        yield from built_faults(groups, own, outcomes, taught, helped)
        yield from _chain_faults(each, own, made)
    yield from (f"groups: unit {commit.unit} is of no planned block" for some in built.values() for commit in some)


class _Attempts:
    """The attempts of a round in one ledger: those that the policy made alone, or those with help."""

    def __init__(self, each: Round, prefix: str, planned: tuple[EpisodeUnit, ...], *, aided: bool) -> None:
        ledger = each.run.ledger(prefix)
        self._each, self._planned, self._aided = each, planned, aided
        self._commits, self._rows = ledger.history(), UnitRows(Episode, ledger)

    def unplanned(self) -> Iterator[str]:
        """Units that the round has not planned."""
        what = "episodes with help" if self._aided else "episodes"
        return unplanned(what, self._commits, {unit.name for unit in self._planned})

    def read(self, unit: EpisodeUnit, ended: bool) -> tuple[list[Episode], list[str]]:
        """The attempts of a unit, and what is wrong with them."""
        if unit.name not in self._rows:
            return [], [f"has ended without the attempts of unit {unit.name}"] if ended else []
        each, made = self._each, self._rows.read(unit.name)
        attempts = set(itertools.product(unit.problem_ids, range(unit.sample_start, unit.sample_stop)))
        faulty = unit_faults(self._commits[unit.name], attempts, made, each.run.store, "", aided=self._aided)
        return made, [f"unit {unit.name} {fault}" for fault in (*faulty, *_sampler_faults(each, made))]


def _outcomes(made: list[Episode]) -> dict[Attempt, Outcome]:
    return {(row.problem_id, row.sample): row.outcome for row in made}


def _sampler_faults(each: Round, made: list[Episode]) -> Iterator[str]:
    """Attempts of another model than the policy whose turn it was, or sampled otherwise than it is."""
    inside = Path(each.policy).is_relative_to(each.run.folder)  # a model of elsewhere may be gone by now
    revision = model_revision(each.policy) if inside else None
    for (model, found, temperature), count in Counter(
        (row.producer.model, row.producer.revision, row.temperature) for row in made
    ).items():
        if (model, temperature) != (each.title, 1.0) or revision not in (None, found):
            yield f"holds {count} attempts of {model} ({found}) at temperature {temperature:g}"


def _chain_faults(each: Round, commits: list[Commit], made: list[Episode]) -> Iterator[str]:
    """Chains that are not of whom the arm takes them, or lack what it learns from. Functions of users are not asked."""
    rules = each.rewards and each.rewards.model_copy(update={"function": None})
    arm = each.arm
    needed = isinstance(arm, GrpoArm) or (isinstance(arm, DistillArm) and arm.compare == "sampled")
    said = {
        (row.problem_id, row.sample): [one for step in row.steps[row.guided :] for one in step.logprobs] for row in made
    }
    prompts = {(row.problem_id, row.prompt_ids) for row in made if not row.help}
    given = {(row.problem_id, row.sample): rule_rewards(row, rules) for row in made if rules and row.steps}
    ledger = each.run.ledger(each.groups)
    for group in itertools.chain.from_iterable(shard_rows(PreferenceGroup, ledger, commit) for commit in commits):
        if (group.problem_id, group.prompt_ids) not in prompts:
            yield f"groups: {group.problem_id}: its prompt is none that the policy answered without help"
        for chain in group.chains:
            who = f"groups: {group.problem_id}: a chain of samples {chain.episodes}"
            places = [(group.problem_id, sample) for sample in chain.episodes]
            sampled = [one for one, step in zip(chain.logprobs, chain.step, strict=False) if step >= 0]
            if (places and chain.logprobs and sampled not in map(said.get, places)) or (needed and not chain.logprobs):
                yield f"{who} has other log-probabilities than their sampler recorded"
            own_right = places and chain.label is Outcome.RIGHT
            if own_right if each.chosen_from == "teacher" else chain.teacher_episodes and each.chosen_from != "both":
                yield f"{who} and {chain.teacher_episodes} of the teacher's is none that the arm takes"
            if own_right if each.chosen_from == "helped" else chain.helped_episodes:
                yield f"{who} and {chain.helped_episodes} with help is none that the arm takes"
            values = [given[place] for place in places if place in given]
            wanted = tuple(map(fmean, zip(*values, strict=True)))
            if values and chain.rewards[: len(wanted)] != wanted:
                yield f"{who} has the rewards {chain.rewards}, and its episodes {wanted}"


def _record_faults(each: Round, record: RoundRecord) -> Iterator[str]:
    """What a round's record says otherwise than its ledgers and its policy."""
    now = each.record()
    for name in (*_SUMMED, *(["probe_difference"] if record.probe_difference is not None else [])):
        if (said := getattr(record, name)) != (found := getattr(now, name)):
            yield f"its record says {name} = {said}, and its ledgers hold {found}"
    path = layout.round_model(each.name, each.number)
    folder = each.run.folder / path
    if record.policy not in ("", path) or bool(record.steps) != bool(record.policy):
        yield f"its record names the policy {record.policy!r} after {record.steps} steps"
    if folder.is_dir() != bool(record.policy):
        there = "is there, and its record knows of none" if folder.is_dir() else "is recorded and not there"
        yield f"its policy {path} {there}"
    elif folder.is_dir():
        made = msgspec.json.decode((folder / layout.MADE_FROM).read_bytes(), type=MadeFrom)
        units = {commit.unit for commit in live_units(each.run.ledger(each.groups))}
        if made.arm != each.name or set(made.groups) != units:
            yield f"its policy was made for arm {made.arm} of the groups {sorted(made.groups)}, and not of its own"
        if Path(each.start).is_relative_to(each.run.folder) and made.start != model_revision(each.start):
            yield "its policy was made from another model than the policy before it"

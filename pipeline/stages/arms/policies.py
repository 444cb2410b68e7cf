"""How far an arm that learns in rounds has come: its plan, the record of each round, and its policy.

Both are files of the run's folder, written once: the plan when the arm begins, a record when its round has ended. What
a round that is under way has done lies in its ledgers and checkpoints.
"""

import random
from collections.abc import Container, Mapping, Sequence
from typing import TypeVar

import msgspec

from cluster.errors import CorruptionError
from cluster.store.digests import checked, sealed
from cluster.store.storage import LocalStore
from pipeline.run.folder import Run
from pipeline.run.models import model_source
from pipeline.run.workload import train_problems
from pipeline.stages.arms.helping import helpable, spans, takes_of_teacher
from rollout.data import layout
from rollout.data.group_rows import live_units
from rollout.hosts.episode_units import EpisodeUnit, behind, beside, plan_units
from rollout.records import Outcome
from rollout.rounds import RoundsConfig
from training.config import ArmConfig

T = TypeVar("T")


class RoundsPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What an arm's policies attempt, round by round."""

    rounds: tuple[tuple[EpisodeUnit, ...], ...]
    taught: tuple[str, ...] = ()
    """Names of the group units that counted when the arm began, where it takes the teacher's right chains."""
    helped: tuple[tuple[EpisodeUnit, ...], ...] = ()
    """For each round the attempts with help, or begun by the teacher, at those of its problems for which there is any;
    () for an arm without such attempts."""


class RoundRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a round."""

    number: int
    outcomes: dict[str, int]
    """Outcome -> attempts of the round, by one policy."""
    tokens: int
    """Tokens that it wrote."""
    age: int = 0
    """Updates that this policy was older than the one that the round's update began with."""
    helped: dict[str, int] = {}
    """Outcome -> its attempts with help, or begun by the teacher, which are not among the others; of arms that make
    such attempts alone."""
    helped_tokens: int = 0
    """Tokens that it wrote in them."""
    taken: int = 0
    """Right attempts with help that the groups hold."""
    left_out: dict[str, int] = {}
    """Why -> right attempts with help that they do not hold (`rollout.helped_chains`)."""
    probe_difference: float | None = None
    """The largest difference, in mean nats a token, of the engines that wrote them from the policy's probe; None from
    scripted engines, and in records that are older than this field."""
    rewards: dict[str, float] = {}
    """`label` or a rule -> the mean of what it gave, over the episodes of the groups; of arms with rules alone."""
    unequal: int = 0
    """Groups in which chains are worth more and less; of arms with rules alone."""
    groups: int = 0
    """Groups with right and wrong chains."""
    chains: int = 0
    right: int = 0
    """Those of the chains that are right."""
    steps: int = 0
    """Optimizer steps; 0 where nothing could be learnt, or the rounds stopped."""
    trained_tokens: float = 0.0
    logp_difference: float | None = None
    """Mean absolute difference, in nats a token, between what the trainer's side says of the tokens under the policy
    that sampled them and what the sampler recorded; None from arms that do not learn by their ratio: all but
    `grpo`, and `distill` with `compare = "sampled"`."""
    drift: float | None = None
    """The same between the policy that the update began with and what the sampler recorded, where that was an older
    one."""
    policy: str = ""
    """The folder, below the run's, of the policy that the round made; "" where it is the one that began it."""
    best: int = -1
    """The round whose attempts were by the best policy, if the rounds stop here; -1 while they go on."""
    hosts_idle: float | None = None
    """Share of the round's time in which the student's hosts had no attempts to make, over all hosts, from 0 to 1. Arms
    that go through a round together have equal ones. None in records that are older than this field."""
    ranks_idle: float | None = None
    """Share in which the ranks trained no step."""
    seconds: float | None = None
    """The arm's, of the session that ended the round: those of its update and of what was scored for it, with an equal
    part of what the arms of the round did together. None in records that are older than this field; then the event
    `round` has them, and they are an equal part of all."""

    @property
    def share_right(self) -> float:
        """Of the attempts that have a label."""
        return self.outcomes.get("right", 0) / max(1, self.attempts)

    @property
    def attempts(self) -> int:
        """Attempts that no machine and no played user failed."""
        return _attempts(self.outcomes)

    @property
    def helped_attempts(self) -> int:
        """Those with help."""
        return _attempts(self.helped)

    @property
    def said_of_best(self) -> str:
        """Which policy is kept where the rounds stop here, in words. With `max_staleness` it is not the one that began
        the update of that round."""
        return f"the best policy attempted round {self.best}"

    @property
    def said_of_help(self) -> str:
        """What came of the attempts with help, in words; "" where there were none."""
        if not self.helped_attempts:
            return ""
        right = self.helped.get("right", 0)
        said = f"{right:,} of {self.helped_attempts:,} right with help ({100 * right / self.helped_attempts:.1f} %)"
        lost = ", ".join(f"{count:,} {why}" for why, count in sorted(self.left_out.items()))
        return f"{said}, left out: {lost}" if lost else said


def _attempts(outcomes: Mapping[str, int]) -> int:
    return sum(count for outcome, count in outcomes.items() if Outcome(outcome).labelled)


def stale_share(records: Sequence[RoundRecord]) -> float:
    """The share of the attempts of these rounds that an older policy made than the one that learnt from them."""
    every = sum(record.attempts for record in records)
    return sum(record.attempts for record in records if record.age) / max(1, every)


def plan_rounds(
    problem_ids: list[str],
    config: RoundsConfig,
    seed: int,
    generation: str,
    block: int,
    spans: Sequence[tuple[int, int]] = (),
    helped: Container[str] = (),
) -> RoundsPlan:
    """Draw the problems of every round, by `seed`; a block has at most `block` of them.

    Where they are fresh, no problem comes again before all have come. `spans`: for each round how many attempts a
    problem that is among `helped` gets without help and then with it; the others, and all of them where this is (), get
    `config.samples` without.
    """
    generator = random.Random(seed)
    order: list[str] = []
    members: list[str] = []
    rounds, further = [], []
    size = min(config.problems, len(problem_ids))
    for number in range(config.rounds):
        if config.fresh or not number:
            while len(order) < size:
                again = sorted(problem_ids)
                generator.shuffle(again)
                # Those that are still to come from the time before come last, so that no round has one twice.
                order += sorted(again, key=order.__contains__)
            members, order = order[:size], order[size:]
        name = f"{generation}/{layout.round_name(number)}"
        own, more = spans[number] if spans else (config.samples, 0)
        units = _alone(members, own, config.samples, block, name, helped)
        of_unit = [(unit, tuple(each for each in unit.problem_ids if each in helped)) for unit in units if more]
        rounds.append(tuple(units))
        further.append(tuple(beside(unit, some, own, own + more, f"{name}/helped") for unit, some in of_unit if some))
    return RoundsPlan(rounds=tuple(rounds), helped=tuple(further) if spans else ())


def _alone(
    members: Sequence[str], own: int, samples: int, block: int, name: str, helped: Container[str]
) -> list[EpisodeUnit]:
    """The attempts of a round without help: `own` at each problem among `helped`, `samples` at the others. Where
    these are more, the others have blocks of their own."""
    if own >= samples:
        return plan_units(members, own, block, own, name)
    aided = [each for each in members if each in helped]
    others = [each for each in members if each not in helped]
    return behind(plan_units(aided, own, block, own, name), plan_units(others, samples, block, samples, name))


class ArmRounds:
    """The rounds of one arm of a run. Cheap to make; reads its files when it is asked."""

    def __init__(self, run: Run, name: str, arm: ArmConfig) -> None:
        assert arm.rounds is not None, f"arm {name} learns in rounds"
        self.run, self.name, self.arm, self.config = run, name, arm, arm.rounds

    def plan(self) -> RoundsPlan:
        """The arm's plan; drawn and written where there is none. Raises CorruptionError."""
        path = layout.round_plan(self.name)
        if not (self.run.folder / path).exists():
            problems = train_problems(self.run)
            taught = self._taught()
            drawn = plan_rounds(
                [problem.id for problem in problems],
                self.config,
                self.arm.seed,
                f"{self.run.id}/{self.name}",
                self.run.recipe.rollout.problems_per_block,
                spans(self.arm),
                helpable(self.run, self.arm, problems, taught),
            )
            drawn = msgspec.structs.replace(drawn, taught=taught)
            LocalStore(self.run.folder).create(path, sealed(msgspec.json.encode(drawn), "json"))
        return self._read(path, RoundsPlan)

    def records(self) -> list[RoundRecord]:
        """What came of the rounds that have ended, in order. Raises CorruptionError."""
        found: list[RoundRecord] = []
        while (self.run.folder / (path := layout.round_record(self.name, len(found)))).exists():
            found.append(self._read(path, RoundRecord))
        return found

    def keep(self, record: RoundRecord) -> None:
        """Write down what came of a round."""
        path = layout.round_record(self.name, record.number)
        LocalStore(self.run.folder).create(path, sealed(msgspec.json.encode(record), "json"))

    def ended(self, records: list[RoundRecord]) -> bool:
        """Whether no further round is to come."""
        return len(records) == self.config.rounds or bool(self.stopped(records))

    def stopped(self, records: Sequence[RoundRecord]) -> str:
        """Why the rounds end before the last one that was asked for, in words; "" where they do not."""
        if records and records[-1].best >= 0:
            return records[-1].said_of_best
        if len(records) == self.config.rounds:
            return ""
        tokens = sum(record.tokens + record.helped_tokens for record in records)
        if (most := self.config.max_own_tokens) is not None and tokens >= most:
            return f"{tokens:,} tokens are written (max_own_tokens = {most:,})"
        seconds = sum(record.seconds or 0.0 for record in records)
        if (longest := self.config.max_seconds) is not None and seconds >= longest:
            return f"they took {seconds:,.0f} s (max_seconds = {longest:g})"
        return ""

    def age(self, records: Sequence[RoundRecord], number: int) -> int:
        """How many updates older than the policy after `number` rounds the one is that attempts round `number`."""
        return sum(bool(record.policy) for record in records[self.config.updates_before(number) : number])

    def policy(self, records: Sequence[RoundRecord]) -> str:
        """Where the files of the policy lie that these rounds have made: a folder, or the source of the model that the
        arm starts from."""
        made = next((record.policy for record in reversed(records) if record.policy), "")
        return str(self.run.folder / made) if made else model_source(self.run, self.arm.start)

    def best(self, records: Sequence[RoundRecord]) -> int:
        """The round whose policy is kept if the rounds stop now; -1 if they go on. `records`: of each round, of which
        the newest one has learnt nothing yet.

        The model that the arm starts from is no candidate: it has learnt nothing in rounds.
        """
        best = self._best_attempted(records) if self.config.patience else -1
        return best if best >= 0 and len(records) - 1 - best >= self.config.patience else -1

    def final(self, records: Sequence[RoundRecord]) -> str:
        """The policy to publish, "" where nothing was ever learnt: the last one; with `patience`, the best one that
        attempted a round, but the last one where the best one attempted the last round."""
        best = self._best_attempted(records) if self.config.patience else -1
        stop = self.config.updates_before(best) if 0 <= best < len(records) - 1 else len(records)
        return self.policy(records[:stop]) if any(record.policy for record in records[:stop]) else ""

    def _best_attempted(self, records: Sequence[RoundRecord]) -> int:
        """The round of the greatest share right, the first of equal ones, among those that a policy attempted which an
        update of the arm made; -1 where there is none. A round that learnt nothing makes no policy."""
        made = next((at for at, record in enumerate(records) if record.policy), len(records))
        learnt = [at for at in range(len(records)) if self.config.updates_before(at) > made]
        return max(learnt, key=lambda at: records[at].share_right, default=-1)

    def _taught(self) -> tuple[str, ...]:
        """Names of the group units that count now, where the arm takes chains of the teacher."""
        if not takes_of_teacher(self.arm):
            return ()
        groups = live_units(self.run.ledger(layout.groups(self.run.student)))
        return tuple(commit.unit for commit in groups)

    def _read(self, path: str, kind: type[T]) -> T:
        where = self.run.folder / path
        try:
            return msgspec.json.decode(checked(where.read_bytes(), str(where), "restore it"), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise CorruptionError(f"{where} is broken ({error}); restore it") from None

"""The round that an arm is in: what its policy attempts, what it learns from that, and where all of it lies."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from cluster.engine.model_source import model_revision
from cluster.errors import CorruptionError
from pipeline.run.models import model_source
from pipeline.run.workload import read_workload, train_problems
from pipeline.stages.arms.helping import guides, with_help
from pipeline.stages.arms.learnable import learns_from
from pipeline.stages.arms.policies import ArmRounds, RoundRecord
from rollout.config import ChosenFrom, GroupsConfig
from rollout.data import layout
from rollout.data.group_rows import live_units, read_groups
from rollout.data.shards import column_values
from rollout.group_units import GroupWork, group_unit, needed_memory, tokenizer_fingerprint
from rollout.help import needed_calls
from rollout.helped_chains import Helped
from rollout.hosts.episode_units import EpisodeUnit, block_name
from rollout.hosts.work import EpisodeWork, committed_outcomes
from rollout.records import Call, Problem
from rollout.rewards import Rewarded, RewardsConfig, joined
from training.config import DistillArm, DpoArm, GrpoArm, TrainingConfig

if TYPE_CHECKING:
    from cluster.engine.probe import ProbeText
    from rollout.hosts.work import ServedModel
    from training.ranks.request import ArmRequest


class Round:
    """The next round of an arm, given the `records` of those that have ended; or a round after it, by its `number`,
    whose attempts may begin before."""

    def __init__(self, rounds: ArmRounds, records: Sequence[RoundRecord], number: int | None = None) -> None:
        self.rounds, self.run, self.arm, self.name = rounds, rounds.run, rounds.arm, rounds.name
        self.number = len(records) if number is None else number
        updates = rounds.config.updates_before(self.number)
        assert updates <= len(records), f"the policy that attempts round {self.number} of {self.name} is not there yet"
        self.policy = rounds.policy(records[:updates])
        """The one that attempts the problems."""
        self.age = rounds.age(records, self.number)
        self._records = tuple(records[: self.number])
        plan = rounds.plan()
        self.units: tuple[EpisodeUnit, ...] = plan.rounds[self.number]
        self.helped_units: tuple[EpisodeUnit, ...] = plan.helped[self.number] if plan.helped else ()
        """Its attempts with help, or begun by the teacher."""
        self.episodes = layout.round_episodes(self.name, self.number)
        self.helped = layout.round_helped(self.name, self.number)
        self.groups = layout.round_groups(self.run.student, self.name, self.number)

    @property
    def start(self) -> str:
        """The policy that the update begins with: the last one."""
        assert len(self._records) == self.number, f"round {self.number} of {self.name} cannot be learnt from yet"
        return self.rounds.policy(self._records)

    def coming(self) -> "list[Round]":
        """The rounds after it whose attempts may begin by now."""
        last = min(self.number + self.rounds.config.max_staleness, len(self.rounds.plan().rounds) - 1)
        return [Round(self.rounds, self._records, number) for number in range(self.number + 1, last + 1)]

    @property
    def title(self) -> str:
        """As it is shown, and as the policy that writes its episodes is named."""
        return f"{self.name}.{layout.round_name(self.number)}"

    @property
    def chosen_from(self) -> ChosenFrom:
        """Whose right chains it learns from."""
        return self.arm.chosen_from if isinstance(self.arm, DpoArm) else "policy"

    def taught(self) -> dict[str, str]:
        """Problem -> the group unit from which it takes the teacher's right chains of it; {} where it takes none."""
        names = self.rounds.plan().taught if self.chosen_from != "policy" else ()
        unit_of = {name.partition("-")[0]: name for name in names}
        planned = [
            (unit, block_name(unit.block)) for unit in (read_workload(self.run).episode_units if unit_of else ())
        ]
        return {name: unit_of[block] for unit, block in planned if block in unit_of for name in unit.problem_ids}

    @property
    def rewards(self) -> RewardsConfig | None:
        """The rules of an arm that has some."""
        return self.arm.rewards if isinstance(self.arm, GrpoArm) else None

    @property
    def max_tokens(self) -> int:
        """Tokens with the prompt above which a chain is in its group's mean and in no loss; 0 where there is no such
        limit, or where the groups hold no longer chain."""
        return self.run.recipe.groups.max_tokens if isinstance(self.arm, GrpoArm) else 0

    @property
    def reference(self) -> str:
        """The model that a DPO arm is measured against."""
        return self.start if self.rounds.config.reference == "last" else model_source(self.run, self.arm.start)

    @property
    def _prefixes(self) -> tuple[str, ...]:
        """Of the ledgers of its episodes: those without help, and where there are any those with it."""
        return (self.episodes, self.helped) if self.helped_units else (self.episodes,)

    def missing(self) -> list[EpisodeUnit]:
        """Units of episodes without a commit, those with help behind the others."""
        done = {name for prefix in self._prefixes for name in self.run.ledger(prefix).history()}
        return [unit for unit in (*self.units, *self.helped_units) if unit.name not in done]

    def episode_works(self, model: "ServedModel", problems: Mapping[str, Problem]) -> list[EpisodeWork]:
        """Its missing episodes, as hosts take them. The policy is sampled as it is, so that the log-probabilities
        that are recorded are those of what it writes. Raises RequestError where they could not be rewarded, or where
        there is not the help that the arm asks for."""
        if self.rewards is not None:
            self.rewards.require_function()

        def work(unit: EpisodeUnit, prefix: str, shown: Mapping[str, Problem]) -> EpisodeWork:
            return EpisodeWork(
                unit=unit.name,
                prefix=prefix,
                model=model,
                problems=tuple(shown[name] for name in unit.problem_ids),
                samples=tuple(range(unit.sample_start, unit.sample_stop)),
                temperature=1.0,
                affinity=self.title,
            )

        missing, helped = self.missing(), {unit.name for unit in self.helped_units}
        works = [work(unit, self.episodes, problems) for unit in missing if unit.name not in helped]
        if aided := [unit for unit in missing if unit.name in helped]:
            shown = with_help(self.arm, problems)
            begun = guides(self.run, self.arm, aided, self.rounds.plan().taught)
            for one in (work(unit, self.helped, shown) for unit in aided):
                own = {at: begun[at] for at in ((p.id, s) for p, s in one.attempts(0, one.size)) if at in begun}
                works.append(msgspec.structs.replace(one, guides=own))
        return works

    def group_works(self) -> list[GroupWork]:
        """Its missing groups, once all episodes are there. They hold all chains: the arm chooses among them."""
        run = self.run
        source, thoughts = model_source(run, "base"), run.recipe.episodes.thoughts
        update: dict[str, int | bool] = {"max_right": 0, "max_wrong": 0}
        if isinstance(self.arm, GrpoArm | DistillArm):  # a truncated chain has no reward, as a wrong one
            update["truncated_as_wrong"] = True
        if isinstance(self.arm, GrpoArm):  # a group's mean is of all; those that are too long are in no loss
            update["max_tokens"] = 0
        groups: GroupsConfig = run.recipe.groups.model_copy(update=update)
        episodes, done = run.ledger(self.episodes).history(), run.ledger(self.groups).history()
        helped = run.ledger(self.helped).history() if self.helped_units else {}
        gold = self._gold_calls()
        fingerprint, teachers, works = tokenizer_fingerprint(source), self.taught(), []
        for unit in self.units:
            commit = episodes[unit.name]
            taught = tuple(sorted({teachers[name] for name in unit.problem_ids if name in teachers}))
            aided = [helped[other.name] for other in self.helped_units if other.block == unit.block]
            works.append(
                GroupWork(
                    unit=group_unit(
                        unit.block,
                        run.student,
                        [commit, *aided],
                        groups,
                        fingerprint,
                        thoughts,
                        self.rewards,
                        () if self.chosen_from == "policy" else (self.chosen_from, *taught),
                    ),
                    run_uri=run.store.uri,
                    episode_units=(unit.name,),
                    problems=unit.problem_ids,
                    memory=needed_memory(sum(one.bytes for one in (commit, *aided)), len(unit.problem_ids)),
                    student=run.student,
                    student_source=source,
                    groups=groups,
                    thoughts=thoughts,
                    episodes=self.episodes,
                    ledger=self.groups,
                    with_logprobs=True,
                    rewards=self.rewards,
                    chosen_from=self.chosen_from,
                    taught=taught,
                    helped=self.helped if aided else "",
                    helped_units=tuple(one.unit for one in aided),
                    gold_calls={name: gold[name] for name in unit.problem_ids if name in gold},
                )
            )
        return [work for work in works if work.unit not in done]

    def refuse_others(self) -> None:
        """Raise CorruptionError where an attempt is not by the policy that the plan has attempt the round."""
        policy = model_revision(self.policy)
        for prefix in self._prefixes:
            found = {made["revision"] for made in column_values(self.run.ledger(prefix), "producer")}
            if others := sorted(found - {policy}):
                raise CorruptionError(
                    f"{self.title}: attempts of revision {others[0]} are among those of its policy, {policy}; "
                    f"remove {prefix} and run again"
                )

    def _gold_calls(self) -> dict[str, tuple[Call, ...]]:
        """Problem -> its gold calls that end no turn, for an arm whose attempts with help are told the answer."""
        if not isinstance(self.arm, DpoArm) or self.arm.help is None or not self.arm.help.answer:
            return {}
        return {problem.id: needed_calls(problem) for problem in train_problems(self.run) if problem.gold_calls}

    def record(self) -> RoundRecord:
        """What its episodes and groups are."""
        ledgers = [self.run.ledger(prefix) for prefix in self._prefixes]
        commits = [list(ledger.history().values()) for ledger in ledgers]
        outcomes = [sum((Counter(committed_outcomes(one)) for one in some), Counter[str]()) for some in commits]
        tokens = [sum(one.count("tokens") for one in some) for some in commits]
        differences = [one for ledger in ledgers for one in column_values(ledger, "probe_difference")]
        built = live_units(self.run.ledger(self.groups))
        became = sum((commit.decoded("helped", Helped, Helped()) for commit in built), Helped())
        given = joined(commit.decoded("rewards", Rewarded, Rewarded()) for commit in built)
        return RoundRecord(
            number=self.number,
            outcomes=dict(outcomes[0]),
            tokens=tokens[0],
            helped=dict(outcomes[1]) if self.helped_units else {},
            helped_tokens=sum(tokens[1:]),
            taken=became.taken,
            left_out=became.left_out,
            age=self.age,
            probe_difference=max((one for one in differences if one is not None), default=None),
            rewards=given.means,
            unequal=given.unequal,
            groups=sum(commit.count("groups") for commit in built),
            chains=sum(commit.count("chains") for commit in built),
            right=sum(commit.count("right") for commit in built),
        )

    def can_learn(self) -> bool:
        """Whether its groups hold an example of the arm; where they hold none, the round changes nothing."""
        return learns_from(read_groups(self.run.ledger(self.groups)), self.arm, self.max_tokens)

    def request(self, training: TrainingConfig, probe: "ProbeText | None") -> "ArmRequest":
        """The update that makes the next policy."""
        from training.ranks.request import ArmRequest

        folder = self.run.folder
        return ArmRequest(
            name=self.name,
            title=f"{self.title} ({self.arm.method})",
            arm=self.arm,
            training=training,
            start_model=self.start,
            run=self.run.store.uri,
            groups=self.groups,
            model_dir=folder / layout.round_model(self.name, self.number),
            checkpoint_dir=folder / layout.round_checkpoints(self.name, self.number),
            log_path=folder / layout.training_log(self.title),
            reference=layout.reference(self.run.student),
            reference_model=self.reference,
            targets=layout.targets(self.run.student),
            teacher=model_source(self.run, "teacher"),
            probe=probe,
            max_tokens=self.max_tokens,
        )

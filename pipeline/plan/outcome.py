"""What comes of a plan: time of every stage, money, storage and ports."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from cluster.engine.gguf_file import is_gguf
from pipeline.estimates import speed
from pipeline.estimates.amounts import Amount
from pipeline.estimates.speed import NO_DEMAND, Demand, Time
from pipeline.plan.make import Plan
from pipeline.plan.memory import storage_of
from pipeline.plan.ranks import groups_of, splits_groups, steps_of, tokens_per_step
from pipeline.recipe import GIVEN_MODELS
from rollout.rounds import RoundsConfig
from training.config import ArmConfig, DistillArm, DpoArm
from training.ranks.zero import uses_bf16

_REPORT_ATTEMPT = 0.017
"""Statistics and page for one attempt, in calibration units of plain Python (`CpuRates.python_s`)."""

_TOGETHER = ("ranks' start", "engine start", "engine end", "scripted hosts' start")
"""Parts of the time that arms have in common which are trained together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTime:
    """Seconds of one stage, and what they cost."""

    name: str
    time: Time
    money: float

    @property
    def seconds(self) -> float:
        return sum(seconds for _, seconds in self.time)


def stage_times(plan: Plan, done: frozenset[str] = frozenset()) -> tuple[StageTime, ...]:
    """All stages in order, then Ray's start and end; none where something cannot even load.

    `done`: what earlier runs of a sweep leave to this one, of Ray, teacher, base, episodes and groups.
    """
    if not plan.can_run:
        return ()
    rates, demands = plan.rates, plan.demands
    attempts = demands.teacher.attempts + demands.student.attempts
    report = rates.process_s + attempts * _REPORT_ATTEMPT * rates.python_s if attempts else 0.0
    scores = "base" in plan.recipe.reference_starts and "groups" not in done
    found: dict[str, Time] = {
        "models": _models(plan, done),
        "rollout": _engine_time(plan, "teacher", NO_DEMAND if "episodes" in done else demands.rollout),
        "groups": (("built while rollouts go on", 0.0),),
        "reference": _reference(plan, True) if scores else (),
        "train": _train(plan),
        "evaluate": _engine_time(plan, "teacher", demands.teacher) + _engine_time(plan, "student", demands.student),
        "report": (("statistics and page", report),),
        "Ray's start and end": (("processes", 0.0 if "Ray" in done else 1.5 * speed.RAY_START * rates.process_s),),
    }
    price = plan.machines.price_hour / 3600
    return tuple(
        StageTime(name=name, time=time, money=sum(seconds for _, seconds in time) * price)
        for name, time in found.items()
    )


def money(times: Iterable[StageTime]) -> float:
    return sum(stage.money for stage in times)


def storage(plan: Plan) -> tuple[Amount, ...]:
    """What a run leaves on disk, and the weights that it reads."""
    return storage_of(plan.recipe, plan.shapes, plan.demands)


def ports(plan: Plan) -> tuple[str, ...]:
    """Which ports are listened on, by whom; ranges are Ray's defaults."""
    if not plan.recipe.cluster.address and plan.machines.source == "this machine":
        return ("a local Ray takes free ports on this machine, and has no dashboard",)
    return (
        "6379: Ray's control store, on the head node, for all nodes",
        "8265: Ray's dashboard and job server, on the head node; for `submit`; token, see docs/security.md",
        "10001: Ray's client server, on the head node; not used here, close it",
        "10002-19999: Ray's workers, on every node, for all nodes",
        "free ports above 32767: torch's rendezvous, NCCL and gloo, on nodes with ranks, between them",
        "loopback only: vLLM's engine processes",
    )


def _models(plan: Plan, done: frozenset[str]) -> Time:
    """Making models, apart from those that are `done`: a GGUF file is converted once; tiny models are made side by
    side, and together take as long as the longest; warm starts follow one after the other."""
    sections = {name: plan.recipe.model(name) for name in GIVEN_MODELS if name not in done}
    files = {section.source: name for name, section in sections.items() if is_gguf(section.source)}
    time: list[tuple[str, float]] = [
        (f"{name} from GGUF", 3 * plan.rates.process_s + plan.shapes[name].parameters * speed.CONVERTED_S)
        for name in files.values()
    ]
    together: list[tuple[str, float]] = []
    tiny = sum(section.tiny is not None for section in sections.values())
    for name, section in sections.items():
        if (learns := section.learns) is not None:
            tokens, at_a_time = plan.demands.learnt_tokens[name], tiny if section.tiny is not None else 1
            seconds = speed.tiny_model_s(plan.shapes[name], learns.steps, tokens, at_a_time, plan.rates)
            (time if section.tiny is None else together).append((f"making {name}", seconds))
    if together:
        time.append(max(together, key=lambda part: part[1]))
    first = ("the corpus's problems and the tokenizer", 3 * plan.rates.process_s)
    return (first, *time) if time else (("models are there", 0.0),)


def _engine_time(plan: Plan, role: str, demand: Demand) -> Time:
    """Time of the engines of the `teacher` or the `student` for this demand."""
    engines = plan.engines_of(role)
    if engines is None or not demand.attempts:
        return ()
    hosts = engines.memory.request.hosts
    if (script := hosts.scripted) is not None:
        # Hosts that play known solutions: replies come when the script says.
        at_a_time = hosts.count * min(script.slots, hosts.live_episodes)
        replies = demand.requests * script.median_s * (1 + script.slow * (script.slow_factor - 1)) / at_a_time
        start = script.load_s + plan.rates.process_s
        return (("scripted hosts' start", start), ("scripted replies", replies))
    if engines.gpu is None:
        return speed.engines_on_cpu(demand, engines.memory, plan.rates)
    return speed.engines_on_gpus(demand, engines.memory, engines.gpu, engines.node, engines.per_node)


def _reference(plan: Plan, fresh: bool, model: str = "base") -> Time:
    """Scoring every distinct chain once by a model; `fresh`: the tasks' processes have to start first."""
    scoring = plan.scoring
    if scoring is None:
        return ()
    tokens = plan.demands.groups.groups * plan.demands.groups.tree
    shape, tasks = plan.shapes[model], len(scoring.placed.nodes)
    if scoring.gpu is None:
        return speed.scoring_on_cpu(shape, tokens, tasks, plan.rates, fresh)
    bf16 = uses_bf16(plan.recipe.training)
    return speed.scoring_on_gpus(shape, tokens, tasks, scoring.gpu, scoring.node, bf16=bf16)


def _train(plan: Plan) -> Time:
    """Every arm, one after another; before a DPO arm that starts from another arm, the scoring under that arm.

    Arms whose start models are there at the same time are trained together: in one group of processes those without
    rounds, then the others, round by round. What these start in common counts with the first of them.
    """
    scored, waves = {"base"}, {"base": 0}
    for name, each in plan.recipe.arms_in_order():
        waves[name] = waves[each.start] + 1
    counted = defaultdict[tuple[int, bool], Counter[str]](Counter)
    time: Time = ()
    for ranks in plan.ranks:
        arm, request = plan.recipe.arms[ranks.name], ranks.memory.request
        groups, rounds = groups_of(plan.recipe, arm, plan.demands), arm.rounds
        often, common = (rounds.rounds if rounds else 1), counted[waves[ranks.name], rounds is None]
        if rounds is not None:
            once = plan.stands is not None and plan.stands.beside
            made = _times(_attempts(plan, arm, rounds), often, 1 if once else often, common)
            time += _labelled(f"{ranks.name}, attempts", made)
            # Of all rounds together as many groups are scored as the teacher's, by assumption.
            time += _labelled(f"{ranks.name}, reference", _reference(plan, True) if isinstance(arm, DpoArm) else ())
        if isinstance(arm, DistillArm):
            time += _labelled(f"{ranks.name}, teacher", _asked(plan, arm))
        elif isinstance(arm, DpoArm) and rounds is None and arm.start not in scored:
            scored.add(arm.start)
            time += _labelled(f"reference under {arm.start}", _reference(plan, False))
        steps, tokens = steps_of(arm, groups), tokens_per_step(arm, groups)
        if ranks.gpu is None:
            own = speed.training_on_cpu(request.shape, steps, tokens, request.training.ranks, plan.rates)
        else:
            split = splits_groups(arm, groups, request.tokens)
            own = speed.training_on_gpus(request, steps, tokens, ranks.gpu, ranks.node, ranks.per_node, split=split)
        time += _labelled(ranks.name, _times(own, often, often, common))
    return time


def _times(parts: Time, often: int, starts: int, counted: Counter[str]) -> Time:
    """The parts so often; those that arms have in common `starts` times, less what is `counted` of arms before."""
    found = []
    for what, seconds in parts:
        times = max(0, starts - counted[what]) if what in _TOGETHER else often
        counted[what] += times
        found += [(what, seconds * times)] if times else []
    return tuple(found)


def _attempts(plan: Plan, arm: ArmConfig, rounds: RoundsConfig) -> Time:
    """The student's engines in a round of an arm. Attempts with help count as others."""
    problems = sum(family.train for family in plan.recipe.problems.values())
    helped = arm.help.samples or rounds.samples if isinstance(arm, DpoArm) and arm.help is not None else 0
    attempts = (rounds.samples + helped) * min(rounds.problems, problems)
    teacher = plan.demands.rollout
    return _engine_time(plan, "student", teacher.scaled(attempts / max(1, teacher.attempts)))


def _asked(plan: Plan, arm: DistillArm) -> Time:
    """What the teacher says of an arm's chains: of all rounds as many as the teacher's own, by assumption."""
    if arm.compare == "vocabulary":
        return _reference(plan, True, "teacher")
    groups, starts = plan.demands.groups, arm.rounds.rounds if arm.rounds is not None else 1
    chains = groups.groups * groups.chains
    length = groups.prompt + groups.chain
    each = Demand(attempts=round(chains), requests=chains, written=chains, prefill=chains * length, context=length)
    time = _engine_time(plan, "teacher", each.scaled(1 / starts))
    return tuple((what, seconds * starts) for what, seconds in time)


def _labelled(label: str, time: Iterable[tuple[str, float]]) -> Time:
    return tuple((f"{label}: {what}", seconds) for what, seconds in time)

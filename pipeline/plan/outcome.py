"""Time of every stage, storage and money of a plan."""

from dataclasses import dataclass, replace

from pipeline.estimates import speed
from pipeline.estimates.amounts import Amount
from pipeline.estimates.speed import EngineLoad, Time
from pipeline.plan.make import Plan
from pipeline.plan.parts import EnginePlan, RankPlan
from pipeline.plan.ranks import steps_of, tokens_a_step
from pipeline.plan.storage import storage_of
from pipeline.plan.tokens import Load
from pipeline.recipe import GIVEN_MODELS
from training.config import DpoArm

_REPORT_ATTEMPT = 0.017
"""Statistics and page, for one attempt, in pieces of interpreted work."""
_NOTHING = Time(parts=())


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTime:
    """One stage's seconds, and what they cost."""

    name: str
    time: Time
    money: float

    @property
    def seconds(self) -> float:
        return self.time.seconds


def stage_times(plan: Plan) -> tuple[StageTime, ...]:
    """All stages in order, and what comes before and after them; none where something cannot even load."""
    if not plan.can_run:
        return ()
    rates, attempts = plan.rates, plan.loads.teacher.attempts + plan.loads.student.attempts
    report = rates.process_s + attempts * _REPORT_ATTEMPT * rates.python_s
    found = {
        "models": _models(plan),
        "rollout": _engine_time(plan, "teacher", plan.loads.rollout),
        "groups": Time(parts=(("built while rollouts go on", 0.0),)),
        "reference": _reference(plan, "base", True) if "base" in plan.recipe.reference_starts else _NOTHING,
        "train": _train(plan),
        "evaluate": _both(
            _engine_time(plan, "teacher", plan.loads.teacher), _engine_time(plan, "student", plan.loads.student)
        ),
        "report": Time(parts=(("statistics and page", report if attempts else 0.0),)),
        "Ray's start and end": Time(parts=(("processes", 1.5 * speed.RAY_START * rates.process_s),)),
    }
    price = plan.machines.price_hour / 3600
    return tuple(StageTime(name=name, time=time, money=time.seconds * price) for name, time in found.items())


def storage(plan: Plan) -> tuple[Amount, ...]:
    """What a run leaves on disk, and the weights that it reads."""
    return storage_of(plan.recipe, plan.shapes, plan.loads)


def ports(plan: Plan) -> tuple[str, ...]:
    """Who listens where; ranges are Ray's defaults."""
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


def money(times: tuple[StageTime, ...]) -> float:
    return sum(stage.money for stage in times)


def _models(plan: Plan) -> Time:
    recipe = plan.recipe
    making = {name: tiny for name in GIVEN_MODELS if (tiny := recipe.model(name).tiny) is not None}
    parts = [
        (
            f"making {name}",
            speed.tiny_model_s(plan.shapes[name], config.steps, plan.loads.tiny_tokens[name], len(making), plan.rates),
        )
        for name, config in making.items()
    ]
    # Side by side: the stage takes as long as the longest of them.
    longest = max(parts, key=lambda part: part[1], default=("models are given", 0.0))
    first = ("the corpus's problems and the tokenizer", 3 * plan.rates.process_s) if parts else ("", 0.0)
    return Time(parts=(first, longest))


def _engine_time(plan: Plan, kind: str, load: Load) -> Time:
    engines = plan.engines_of(kind)
    if engines is None or not load.attempts:
        return _NOTHING
    if engines.scripted:
        return _scripted(plan, engines, load)
    work = EngineLoad(requests=load.requests, prefill=load.prefill, written=load.written, context=load.context * 0.6)
    if engines.gpu is None:
        return speed.engines_on_cpu(work, engines.memory, plan.rates)
    return speed.engines_on_gpus(work, engines.memory, engines.gpu, engines.node, engines.a_node)


def _scripted(plan: Plan, engines: EnginePlan, load: Load) -> Time:
    """Hosts that play known solutions: replies come when the script says."""
    hosts = plan.recipe.hosts(engines.kind)
    script = hosts.scripted
    assert script is not None
    at_a_time = hosts.count * min(script.slots, hosts.live_episodes)
    replies = load.requests * script.median_s * (1 + script.slow * (script.slow_factor - 1)) / at_a_time
    return Time(parts=(("scripted hosts' start", script.load_s + plan.rates.process_s), ("scripted replies", replies)))


def _reference(plan: Plan, start: str, fresh: bool) -> Time:
    """Every distinct chain once under the model that DPO arms start from."""
    scoring = plan.scoring
    if scoring is None:
        return _NOTHING
    tokens = plan.loads.groups.groups * plan.loads.groups.tree
    shape, tasks = plan.shapes["base"], len(scoring.placed.nodes)
    if scoring.gpu is None:
        return speed.scoring_on_cpu(shape, tokens, tasks, plan.rates, fresh)
    return speed.scoring_on_gpus(shape, tokens, tasks, scoring.gpu, scoring.node)


def _train(plan: Plan) -> Time:
    time, scored = _NOTHING, {"base"}
    for rank in plan.ranks:
        arm = plan.recipe.arms[rank.arm]
        if isinstance(arm, DpoArm) and arm.start not in scored:
            scored.add(arm.start)
            time = _both(time, _labelled(f"reference under {arm.start}", _reference(plan, arm.start, False)))
        time = _both(time, _labelled(rank.arm, _arm(plan, rank)))
    return time


def _arm(plan: Plan, rank: RankPlan) -> Time:
    arm, groups, request = plan.recipe.arms[rank.arm], plan.loads.groups, rank.memory.request
    steps, tokens = steps_of(arm, groups), tokens_a_step(arm, groups)
    if rank.gpu is None:
        return speed.training_on_cpu(request.shape, steps, tokens, request.ranks, plan.rates)
    return speed.training_on_gpus(
        request.shape,
        steps,
        tokens,
        request.tokens,
        request.ranks,
        rank.gpu,
        rank.node,
        rank.a_node,
        request.checkpointing,
        request.offload_optimizer,
        request.bf16,
    )


def _labelled(label: str, time: Time) -> Time:
    return replace(time, parts=tuple((f"{label}: {what}", seconds) for what, seconds in time.parts))


def _both(one: Time, other: Time) -> Time:
    return Time(parts=one.parts + other.parts)

"""`chainpref plan --explain`: the whole derivation of a plan on the terminal, each figure with its source."""

import math
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from cluster.gpus import GpuType
from pipeline.estimates.amounts import Amount, count, duration, size
from pipeline.estimates.packing import PlacedGroup
from pipeline.estimates.rank_memory import state_bytes_each
from pipeline.estimates.roofline import row_parts
from pipeline.estimates.speed import assumed_rates
from pipeline.plan.make import Plan
from pipeline.plan.outcome import StageTime, money, ports, stage_times, storage
from pipeline.plan.parts import Engines, Ranks, ScoringTasks
from pipeline.plan.pods import worker_groups

Row = tuple[str, str, str]
"""What, how much, and how or from where."""


def explain(plan: Plan, console: Console) -> None:
    """Print how each figure of a plan comes about."""
    distinct: dict[float, Ranks] = {}  # arms whose ranks need the same are shown once
    for ranks in plan.ranks:
        distinct.setdefault(ranks.memory.used, ranks)
    scoring: list[Row] = []
    if plan.scoring:
        beside = "beside the teacher's engines too, on GPUs that they leave free"
        when = beside if plan.scoring.memory.request.meanwhile else "a stage of its own"
        scoring = [
            *_process(plan.scoring, f"sum; {when}"),
            _bundles(plan.scoring.placed, "tasks", "one by one"),
        ]
    stages = [
        (stage.stage, size(stage.bytes), ", ".join(f"{part.what} {size(part.bytes)}" for part in stage.parts))
        for stage in plan.stages
    ]
    if plan.peak:
        stages.append(("peak", size(plan.peak.bytes), f"stage {plan.peak.stage}; all processes, PSS"))
    pods = []
    for group in worker_groups(plan) if not plan.faults else ():
        asked = ", ".join(f"{amount} {what}" for what, amount in group.requests.items())
        pods.append((group.name, f"{group.pods} x ({asked})", "the most of any stage"))
    for title, rows in (
        ("machines", _machines(plan)),
        ("models", _models(plan)),
        *((f"engines of the {engines.name}", _engines(engines)) for engines in plan.engines),
        *((f"training {ranks.name}", _ranks(ranks)) for ranks in distinct.values()),
        ("reference scoring", scoring),
        ("memory of this machine, at each stage's peak", stages),
        ("host memory of the fullest node", _amounts(plan.host_memory)),
        ("shared memory of the fullest node", _amounts(plan.shared_memory)),
        ("what there is to do", _work(plan)),
        ("time", _times(plan, stage_times(plan))),
        ("storage", _amounts(storage(plan))),
        ("pods on Kubernetes, beside the head", pods),
        ("ports", [("", port, "") for port in ports(plan)]),
    ):
        if rows:
            table = Table.grid(padding=(0, 2))
            for ratio in (3, 4, 7):
                table.add_column(ratio=ratio, overflow="fold")
            for row in rows:
                table.add_row(*row)
            console.out(title, style="bold")
            console.print(table, highlight=False, markup=False)
    console.out("assumed", style="bold")
    for line in (*plan.demands.assumptions, *assumed_rates(plan.machines), f"rates of a core: {plan.rates.source}"):
        console.out(f"  {line}")


def _machines(plan: Plan) -> list[Row]:
    rows = []
    for kind, node in {node.kind: node for node in plan.machines.nodes}.items():
        many = sum(other.kind == kind for other in plan.machines.nodes)
        gpus = f"{node.gpus} x {node.gpu.name}, " if node.gpu else ""
        price = f", {node.price_hour:g} {plan.machines.currency}/h" if node.price_hour else ""
        value = f"{many} x ({gpus}{node.cpus:g} CPUs, {size(node.memory)}{price})"
        rows.append((kind, value, node.gpu.source if node.gpu else plan.machines.source))
    return rows


def _models(plan: Plan) -> list[Row]:
    rows = []
    each, kind = (2, "bf16") if plan.machines.gpus else (4, "float32")
    for name, shape in plan.shapes.items():
        weights = shape.weight_bytes(each)
        cache = f"2 x {shape.layers} layers x {shape.kv_heads} KV heads x {shape.head_dim} x {each} bytes"
        rows += [
            (f"{name}: {shape.name}", f"{count(shape.parameters)} parameters", shape.source),
            (
                f"  {kind} weights",
                f"{weights / 1e9:,.1f} GB" if plan.machines.gpus else size(weights),
                f"{count(shape.parameters)} parameters x {each} bytes",
            ),
            ("  KV cache a token", f"{shape.kv_bytes_per_token(each) / 1024:,.0f} KiB", cache),
        ]
    return rows


def _engines(engines: Engines) -> list[Row]:
    memory, request, on = engines.memory, engines.memory.request, _on(engines.gpu)
    rows = _amounts(memory.parts, f"{on}: ")
    placement = (
        "placement groups",
        f"{engines.placed.request.count} engine(s), each {engines.placement}, {engines.placement.strategy}",
        _nodes(engines.placed),
    )
    if engines.scripted:
        return [*rows, placement]
    running = f"{memory.running:,} of mean length, {memory.full_sequences:,} of full length"
    lengths = f"mean {request.mean_context:,.0f} tokens, full {request.engine.max_context:,}"
    rows += [
        (f"{on}: KV cache", size(memory.kv_cache.bytes), memory.kv_cache.how),
        ("in all", f"{size(memory.used)}{_of_capacity(memory.capacity)}", "sum"),
        (
            "KV tokens of an engine",
            f"{memory.kv_tokens:,}",
            f"{memory.kv_bytes_per_token:,.0f} bytes a token on each device",
        ),
        ("conversations at a time", running, f"{lengths}, max_running {request.engine.max_running}"),
    ]
    if engines.sizes:
        shown = ", ".join(f"{tp}x{pp}" for tp, pp in engines.sizes[:8])
        rows.append(("TP x PP that fit", shown, f"{request.shape.heads} heads divide by TP; weights and KV fit"))
    return [*rows, placement]


def _ranks(ranks: Ranks) -> list[Row]:
    request = ranks.memory.request
    each = state_bytes_each(request.bf16)
    states = ", ".join(f"{name} {value:g}" for name, value in each.items())
    tokens = request.tokens
    return [
        (
            "model states",
            f"{sum(each.values()):g} bytes a parameter",
            f"Adam, {states}; ZeRO-{request.stage} splits",
        ),
        *_process(ranks, "sum"),
        ("longest chain", f"{request.longest_chain:,} tokens", f"a row holds {tokens:,}"),
        *_row(ranks),
        _bundles(ranks.placed, "ranks", "one group, PACK"),
    ]


def _row(ranks: Ranks) -> list[Row]:
    """Where the time of an average row goes on a GPU, each part with its least time."""
    if ranks.gpu is None:
        return []
    request, parts = ranks.memory.request, row_parts(ranks.memory.request, ranks.gpu)
    seconds = sum(part.seconds for part in parts)
    said = [
        (
            f"row: {part.what}",
            f"{1e3 * part.seconds:,.1f} ms, {part.seconds / seconds:.0%}",
            f"at best {1e3 * part.limit_s:,.1f} ms: {part.how}",
        )
        for part in parts
    ]
    return [
        *said,
        (
            f"row of {request.typical_tokens:,.0f} tokens",
            f"{1e3 * seconds:,.0f} ms",
            "without the host's, DeepSpeed's and the network's time",
        ),
    ]


def _process(placed: Ranks | ScoringTasks, how: str) -> list[Row]:
    """The memory of a rank or of a scoring task."""
    memory = placed.memory
    return [
        *_amounts(memory.on_device, f"{_on(placed.gpu)}: "),
        ("in all", f"{size(memory.used)}{_of_capacity(memory.capacity)}", how),
        *_amounts(memory.on_host, "on the host: "),
    ]


def _bundles(placed: PlacedGroup, what: str, how: str) -> Row:
    bundles = placed.request.bundles
    return (what, f"{len(bundles)} x ({bundles[0]}), {how}" if bundles else "none", _nodes(placed))


def _nodes(placed: PlacedGroup) -> str:
    """Bundles by node."""
    return ", ".join(f"{name}: {placed.nodes.count(name)}" for name in dict.fromkeys(placed.nodes)) or "nowhere"


def _work(plan: Plan) -> list[Row]:
    demands, groups = plan.demands, plan.demands.groups
    rows = [
        (
            name,
            f"{demand.attempts:,} episodes, {count(demand.written)} tokens written",
            f"{count(demand.requests)} requests, {count(demand.prefill)} tokens of prompt read",
        )
        for name, demand in (
            ("rollout", demands.rollout),
            ("scores, teacher", demands.teacher),
            ("scores, students", demands.student),
        )
        if demand.attempts
    ]
    if plan.ranks:
        value = f"{groups.groups:,} with a pair, {groups.right:.1f} x {groups.wrong:.1f} chains"
        rows.append(("groups", value, f"{count(groups.pairs)} pairs; a tree of {groups.tree:,.0f} tokens each"))
    return rows


def _times(plan: Plan, times: Sequence[StageTime]) -> list[Row]:
    if not times:
        return []
    paid = bool(plan.machines.price_hour)
    currency = plan.machines.currency
    rows = [
        (
            stage.name,
            duration(stage.seconds) + (f", {stage.money:,.2f} {currency}" if paid else ""),
            ", ".join(f"{what} {duration(seconds)}" for what, seconds in stage.time if what and seconds >= 0.05),
        )
        for stage in times
        if stage.seconds
    ]
    whole = duration(sum(stage.seconds for stage in times))
    return [*rows, ("all", whole + (f", {money(times):,.2f} {currency}" if paid else ""), "one stage after another")]


def _amounts(amounts: Iterable[Amount], before: str = "") -> list[Row]:
    return [
        (f"{before}{each.what}", size(each.bytes), "; ".join(filter(None, (each.how, each.source)))) for each in amounts
    ]


def _on(gpu: GpuType | None) -> str:
    return f"each {gpu.name}" if gpu is not None else "on the CPU"


def _of_capacity(capacity: float) -> str:
    return f" of {size(capacity)}" if math.isfinite(capacity) else ""

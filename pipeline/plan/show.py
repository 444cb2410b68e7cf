"""A plan on the terminal and as JSON. Every figure says where it comes from."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.estimates.amounts import Amount, count, duration, gigabytes, size
from pipeline.estimates.hardware import GpuType
from pipeline.estimates.packing import PlacedGroup
from pipeline.estimates.rank_memory import state_bytes_each
from pipeline.estimates.speed import assumed_rates
from pipeline.plan.make import Plan
from pipeline.plan.outcome import money, ports, stage_times, storage
from pipeline.plan.parts import EnginePlan, RankPlan, ScoringPlan
from pipeline.plan.pods import worker_groups
from pipeline.plan.remedies import Remedies, remedies

Row = tuple[str, str, str]


def show(plan: Plan, console: Console) -> None:
    """Print everything; what it comes to is said first, what does not fit last."""
    _line(console, headline(plan), "")
    for title, rows in (
        ("machines", _machines(plan)),
        ("models", _models(plan)),
        *((f"engines of the {engine.kind}", _engines(engine)) for engine in plan.engines),
        *((f"training {rank.arm}", _ranks(rank)) for rank in _distinct(plan.ranks)),
        *([("reference scoring", _scoring(plan.scoring))] if plan.scoring else []),
        ("memory of this machine, at each stage's peak", _stages(plan)),
        ("host memory of the fullest node", _amounts(plan.host_memory)),
        ("shared memory of the fullest node", _amounts(plan.shared_memory)),
        ("what there is to do", _tokens(plan)),
        ("time", _times(plan)),
        ("storage", _amounts(storage(plan))),
        ("pods on Kubernetes, beside the head", _pods(plan)),
        ("ports", [("", port, "") for port in ports(plan)]),
    ):
        _print(title, rows, console)
    console.print("[bold]assumed[/bold]")
    for line in (*plan.loads.assumptions, *assumed_rates(plan.machines), f"rates of a core: {plan.rates.source}"):
        _line(console, line)
    for line in plan.notes:
        _line(console, f"note: {line}")
    mark = {True: "licence", False: "[bold red]licence forbids[/bold red]", None: "[yellow]licence[/yellow]"}
    console.print(f"{mark[plan.licence.allowed]}:", end=" ")
    _line(console, plan.licence.line, "")
    for fault in plan.faults:
        console.print("[bold red]does not fit[/bold red]", end=" ")
        _line(console, str(fault), "")
    for line in _remedied(remedies(plan)):
        _line(console, line)
    if not plan.faults:
        console.print("[green]it fits[/green]")


def headline(plan: Plan) -> str:
    """The plan in a line. Without time and money where something cannot even load."""
    times = stage_times(plan)
    faults = "1 fault" if len(plan.faults) == 1 else f"{len(plan.faults)} faults"
    fits = "fits" if not plan.faults else f"does not fit ({faults}, below)"
    peak = f", {size(plan.peak.bytes)} of memory in stage {plan.peak.stage}" if plan.peak else ""
    paid = f", {money(times):,.0f} {plan.machines.currency}" if times and plan.machines.price_hour else ""
    taken = f"; {duration(sum(stage.seconds for stage in times))}" if times else ""
    return f"{plan.recipe.run.name} on {plan.machines.source}: {fits}{taken}{peak}{paid}"


def _remedied(found: Remedies) -> Iterator[str]:
    """A line for each area, and what they come to together."""
    for remedy in found.each:
        yield f"smallest change for {remedy.area}: {_set(remedy.settings) or remedy.else_}"
    if found.together:
        still = f"it still does not fit: {found.left[0]}" if found.left else "it fits"
        yield f"with {_set(found.together)} {still}"


def _set(settings: Sequence[str]) -> str:
    return " ".join(f"--set {_shell(setting)}" for setting in settings)


def _machines(plan: Plan) -> list[Row]:
    rows = []
    kinds = {node.kind: node for node in plan.machines.nodes}
    for kind, node in kinds.items():
        many = sum(other.kind == kind for other in plan.machines.nodes)
        gpus = f"{node.gpus} x {node.gpu.name}, " if node.gpu else ""
        price = f", {node.price_hour:g} {plan.machines.currency}/h" if node.price_hour else ""
        value = f"{many} x ({gpus}{node.cpus:g} CPUs, {size(node.memory)}{price})"
        rows.append((kind, value, node.gpu.source if node.gpu else plan.machines.source))
    return rows


def _models(plan: Plan) -> list[Row]:
    rows = []
    for name, shape in plan.shapes.items():
        each = 2 if plan.machines.gpus else 4
        kind = "float32" if each == 4 else "bf16"
        weights = gigabytes(shape.weight_bytes(each)) if each == 2 else size(shape.weight_bytes(each))
        per = f"{count(shape.parameters)} parameters x {each} bytes"
        cache = f"2 x {shape.layers} layers x {shape.kv_heads} KV heads x {shape.head_dim} x {each} bytes"
        rows += [
            (f"{name}: {shape.name}", f"{count(shape.parameters)} parameters", shape.source),
            (f"  {kind} weights", weights, per),
            ("  KV cache a token", f"{shape.kv_bytes_a_token(each) / 1024:,.0f} KiB", cache),
        ]
    return rows


def _engines(plan: EnginePlan) -> list[Row]:
    memory, request, each = plan.memory, plan.memory.request, _each(plan.gpu)
    rows = _amounts(memory.parts, f"{each}: ")
    placement = (
        "placement groups",
        f"{plan.placed.request.count} engine(s), each {plan.placement}, {plan.placement.strategy}",
        _where(plan.placed),
    )
    if plan.scripted:
        return [*rows, placement]
    room = f" of {size(memory.capacity)}" if math.isfinite(memory.capacity) else ""
    rows += [
        (f"{each}: KV cache", size(memory.kv_cache.bytes), memory.kv_cache.how),
        ("in all", f"{size(memory.used)}{room}", "sum"),
        (
            "KV tokens of an engine",
            f"{memory.kv_tokens:,}",
            f"{memory.kv_bytes_per_token:,.0f} bytes a token on each device",
        ),
        (
            "conversations at a time",
            f"{memory.running:,} of mean length, {memory.full_sequences:,} of full length",
            f"mean {request.mean_context:,.0f} tokens, full {request.max_context:,}, max_running {request.max_running}",
        ),
    ]
    if plan.sizes:
        shown = ", ".join(f"{tp}x{pp}" for tp, pp in plan.sizes[:8])
        rows.append(("TP x PP that fit", shown, f"{request.shape.heads} heads divide by TP; weights and KV fit"))
    return [*rows, placement]


def _ranks(plan: RankPlan) -> list[Row]:
    request = plan.memory.request
    each = state_bytes_each(request.bf16)
    states = ", ".join(f"{name} {value:g}" for name, value in each.items())
    room = f" of {size(plan.memory.capacity)}" if math.isfinite(plan.memory.capacity) else ""
    return [
        (
            "model states",
            f"{sum(each.values()):g} bytes a parameter",
            f"Adam, {states}; ZeRO-{request.zero_stage} splits",
        ),
        *_amounts(plan.memory.on_device, f"{_each(plan.gpu)}: "),
        ("in all", f"{size(plan.memory.used)}{room}", "sum"),
        *_amounts(plan.memory.on_host, "off the GPU: "),
        ("longest chain", f"{request.longest_chain:,} tokens", f"a row holds {request.tokens:,}"),
        _placement(plan.placed, "ranks"),
    ]


def _scoring(plan: ScoringPlan) -> list[Row]:
    memory = plan.memory
    room = f" of {size(memory.capacity)}" if math.isfinite(memory.capacity) else ""
    when = "beside the teacher's engines too, on what they leave free" if plan.meanwhile else "a stage of its own"
    return [
        *_amounts(memory.on_device, f"{_each(plan.gpu)}: "),
        ("in all", f"{size(memory.used)}{room}", f"sum; {when}"),
        *_amounts(memory.on_host, "host: "),
        _placement(plan.placed, "tasks"),
    ]


def _each(gpu: GpuType | None) -> str:
    return f"each {gpu.name}" if gpu is not None else "on the CPU"


def _distinct(ranks: Sequence[RankPlan]) -> list[RankPlan]:
    """Arms whose ranks need the same are shown once."""
    found: dict[float, RankPlan] = {}
    for rank in ranks:
        found.setdefault(rank.memory.used, rank)
    return list(found.values())


def _placement(placed: PlacedGroup, what: str) -> Row:
    bundles = placed.request.bundles
    how = ", one group, PACK" if what == "ranks" else ", one by one"
    return (what, f"{len(bundles)} x ({bundles[0]}){how}" if bundles else "none", _where(placed))


def _where(placed: PlacedGroup) -> str:
    """Bundles by node."""
    return ", ".join(f"{name}: {placed.nodes.count(name)}" for name in dict.fromkeys(placed.nodes)) or "nowhere"


def _stages(plan: Plan) -> list[Row]:
    rows = [
        (stage.stage, size(stage.bytes), ", ".join(f"{part.what} {size(part.bytes)}" for part in stage.parts))
        for stage in plan.stages
    ]
    return (
        [*rows, ("peak", size(plan.peak.bytes), f"stage {plan.peak.stage}; all processes, PSS")] if plan.peak else rows
    )


def _tokens(plan: Plan) -> list[Row]:
    loads, groups = plan.loads, plan.loads.groups
    rows = [
        (
            name,
            f"{load.attempts:,} episodes, {count(load.written)} tokens written",
            f"{count(load.requests)} requests, {count(load.prefill)} tokens of prompt read",
        )
        for name, load in (
            ("rollout", loads.rollout),
            ("scores, teacher", loads.teacher),
            ("scores, students", loads.student),
        )
        if load.attempts
    ]
    if plan.ranks:
        value = f"{groups.groups:,} with a pair, {groups.right:.1f} x {groups.wrong:.1f} chains"
        rows.append(("groups", value, f"{count(groups.pairs)} pairs; a tree of {groups.tree:,.0f} tokens each"))
    return rows


def _times(plan: Plan) -> list[Row]:
    times = stage_times(plan)
    if not times:
        return []
    currency = plan.machines.currency
    paid = bool(plan.machines.price_hour)
    rows = [
        (
            stage.name,
            duration(stage.seconds) + (f", {stage.money:,.2f} {currency}" if paid else ""),
            ", ".join(f"{what} {duration(seconds)}" for what, seconds in stage.time.parts if what and seconds >= 0.05),
        )
        for stage in times
        if stage.seconds
    ]
    whole = duration(sum(stage.seconds for stage in times))
    return [*rows, ("all", whole + (f", {money(times):,.2f} {currency}" if paid else ""), "one stage after another")]


def _pods(plan: Plan) -> list[Row]:
    """What `chainpref k8s render` asks for."""
    groups = worker_groups(plan) if not plan.faults else ()
    return [(group.name, f"{group.pods} x ({_asked(group.requests)})", "the most of any stage") for group in groups]


def _asked(requests: dict[str, Any]) -> str:
    return ", ".join(f"{amount} {what}" for what, amount in requests.items())


def _amounts(amounts: Iterable[Amount], before: str = "") -> list[Row]:
    listed = list(amounts)
    return [
        (
            f"{before}{amount.what}",
            size(amount.bytes),
            f"{amount.how}; {amount.source}" if amount.source else amount.how,
        )
        for amount in listed
    ]


def _print(title: str, rows: Sequence[Row], console: Console) -> None:
    if not rows:
        return
    console.print(f"[bold]{title}[/bold]")
    table = Table.grid(padding=(0, 2))
    for ratio in (3, 4, 7):
        table.add_column(ratio=ratio, overflow="fold")
    for row in rows:
        table.add_row(*(cell.replace("[", "\\[") for cell in row))
    console.print(table, highlight=False)


def _line(console: Console, text: str, indent: str = "  ") -> None:
    console.print(f"{indent}{text}", highlight=False, markup=False, soft_wrap=True)


def _shell(setting: str) -> str:
    return f'"{setting}"' if "'" in setting else f"'{setting}'" if '"' in setting else setting

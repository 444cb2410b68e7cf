"""`chainpref plan`: a plan, or those of a sweep, on one screen of 80 columns.

It says for which machines, whether it fits, what does not and the one change that mends it; time and cost of every
stage; memory of each device. `explain` prints how the figures come about.
"""

import math
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.estimates.amounts import Amount, duration, total
from pipeline.estimates.hardware import GIB, THIS_MACHINE, Machines
from pipeline.plan.make import Plan
from pipeline.plan.outcome import StageTime, money, storage
from pipeline.plan.remedies import remedies

_SHOWN = 6
"""Faults, and notes, that are shown; the rest is counted."""


def show(name: str, plans: Mapping[str, Plan], times: Sequence[StageTime], console: Console) -> None:
    """Print the plans of a recipe's one run, or of a sweep's runs by their names, whose stages take `times` in all."""
    first = next(iter(plans.values()))
    _print(console, f"Planned for {machines_line(first.machines)}")
    _print(console, headline(name, plans, times))
    if times:
        _print_stages(first.machines, times, console)
    _print_memory(plans, console)
    unfit = {run: plan for run, plan in plans.items() if plan.faults}
    for run, plan in list(unfit.items())[:1]:
        others = f" and {len(unfit) - 1} more" if len(unfit) > 1 else ""
        where = f" in run {run}{others}" if len(plans) > 1 else ""
        console.print(Text.assemble("\n", ("does not fit", "bold red"), where))
        _print_faults(plan, console)
    console.print()
    notes = list(dict.fromkeys(note for plan in plans.values() for note in plan.notes))
    if len(notes) > _SHOWN:
        notes[_SHOWN:] = [f"and {len(notes) - _SHOWN} more, see --json"]
    for note in notes:
        _print(console, f"note: {note}")
    for line in dict.fromkeys(plan.decided for plan in plans.values() if plan.decided):
        _print(console, line)
    for golds in dict.fromkeys(plan.findings.golds.said for plan in plans.values()):
        _print(console, f"problems: {golds}")
    for allowed, text in dict.fromkeys((plan.licence.allowed, plan.licence.line) for plan in plans.values()):
        _print(console, f"{'licence forbids' if allowed is False else 'licence'}: {text}")
    _print(console, "How each figure comes about: --explain. As values: --json.")


def headline(name: str, plans: Mapping[str, Plan], times: Sequence[StageTime]) -> str:
    """Whether it fits, with time and money where everything can load."""
    first = next(iter(plans.values()))
    arms = sum(len(plan.recipe.arms) for plan in plans.values())
    runs = f" ({arms} arms in {len(plans)} run{'s' * (len(plans) > 1)})" if list(plans) != [""] else ""
    faults = sum(len(plan.faults) for plan in plans.values())
    fits = f"does not fit ({faults} fault{'s' * (faults > 1)}, below)" if faults else "fits"
    paid = f", {money(times):,.0f} {first.machines.currency}" if times and first.machines.price_hour else ""
    taken = f"; {duration(sum(stage.seconds for stage in times))}" if times else ""
    return f"{name}{runs}: {fits}{taken}{paid}"


def machines_line(machines: Machines) -> str:
    """Where the machines are known from, and kinds of nodes with what they have. This machine's CPUs are those that Ray
    is told of, which need not be cores."""
    cpus_are = "CPUs for Ray (cluster.local_cpus)" if machines.source == THIS_MACHINE else "CPUs"
    counted = Counter((node.gpus, node.gpu.name if node.gpu else "", node.cpus, node.memory) for node in machines.nodes)
    kinds = []
    for (gpus, gpu, cpus, memory), nodes in counted.items():
        having = f"{gpus} x {gpu}, " if gpu else ""
        kinds.append(f"{nodes} node{'s' * (nodes > 1)} of {having}{cpus:g} {cpus_are}, {memory / GIB:,.0f} GiB")
    return f"{machines.source}: {'; '.join(kinds)}"


def change(settings: Sequence[str], width: int) -> str:
    """Settings as a shell takes them, in lines of at most `width` characters, of which all but the last end in a
    backslash."""
    lines = ["    change:"]
    for setting in settings:
        quoted = f'"{setting}"' if "'" in setting else f"'{setting}'" if '"' in setting else setting
        if len(lines[-1]) + len(quoted) + 9 > width and lines[-1].strip():
            lines[-1] += " \\"
            lines.append("   ")
        lines[-1] += f" --set {quoted}"
    return "\n".join(lines)


def _print_stages(machines: Machines, times: Sequence[StageTime], console: Console) -> None:
    paid = bool(machines.price_hour)
    rows = []
    for stage in times:
        spent: dict[str, float] = {}
        for what, seconds in stage.time:
            spent[what] = spent.get(what, 0.0) + seconds
        if stage.seconds:
            what, seconds = max(spent.items(), key=lambda part: part[1])
            most = f"{what} {duration(seconds)}"
            rows.append((stage.name, duration(stage.seconds), f"{stage.money:,.2f}" if paid else "", most))
    _print_table(console, ("stage", "time", machines.currency if paid else "", "largest part"), rows)


def _print_memory(plans: Mapping[str, Plan], console: Console) -> None:
    """The most that any run takes, of each kind of process, of a node and of a disk."""
    largest: dict[str, _Need] = {}
    for plan in plans.values():
        for what, need in _needs(plan):
            largest[what] = max(need, largest.get(what, need), key=lambda one: one.needed)
    rows = []
    for what, need in largest.items():
        most = max(need.parts, key=lambda amount: amount.bytes)
        has = _gib(need.has) if 0 < need.has < math.inf else ""
        rows.append((what, need.count, _gib(need.needed), has, f"{most.what} {_gib(most.bytes)}"))
    _print_table(console, ("memory of each", "GPUs", "needs", "has", "largest part"), rows)


@dataclass(frozen=True, slots=True)
class _Need:
    """Bytes that one process, node or disk needs and has (0 or infinite: not known)."""

    count: str
    """How many there are, and the GPUs of each."""
    needed: float
    has: float
    parts: Sequence[Amount]


def _needs(plan: Plan) -> Iterator[tuple[str, _Need]]:
    for engines in plan.engines:
        engine = engines.memory
        gpus = f"{engine.request.hosts.count} x {engine.request.gpus} {engines.gpu.name}" if engines.gpu else ""
        parts = (*engine.parts, engine.kv_cache)
        yield f"{engines.name} engine", _Need(gpus, engine.used, engine.capacity, parts)
    for what, processes in (*(("training rank", ranks) for ranks in plan.ranks), ("scoring task", plan.scoring)):
        if processes is not None:
            memory = processes.memory
            gpus = f"{memory.request.training.ranks} x 1 {processes.gpu.name}" if processes.gpu else ""
            yield what, _Need(gpus, memory.used, memory.capacity, memory.on_device)
    nodes = plan.machines.nodes
    if plan.peak:
        yield "this machine", _Need("", plan.peak.bytes, nodes[0].memory, plan.peak.parts)
    for node in plan.memories[:1]:
        yield f"host {node.node.name}", _Need("", node.used, node.node.memory, node.stages)
    stored = storage(plan)
    yield "disk", _Need("", total(stored), nodes[0].disk if len(nodes) == 1 else 0.0, stored)


def _print_faults(plan: Plan, console: Console) -> None:
    """Each fault and the change that mends it; then what all changes come to together."""
    found = remedies(plan)
    for remedy in found.each[:_SHOWN]:
        _print(console, f"  {remedy.fault}")
        if remedy.settings:
            text = change(remedy.settings, console.width)
            console.out(text)
        else:
            _print(console, f"    {remedy.otherwise}")
    if len(found.each) > _SHOWN:
        _print(console, f"  and {len(found.each) - _SHOWN} more, see --json")
    if found.together:
        these = "this change" if len(found.each) == 1 else "these changes"
        left = f"{len(found.left)} of the faults remain{'s' * (len(found.left) == 1)}" if found.left else "it fits"
        _print(console, f"  With {these} {left}.")


def _print_table(console: Console, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table whose columns between the first and the last are numbers; columns without a word are left out."""
    kept = [index for index in range(len(heads)) if any(row[index] for row in rows)]
    table = Table.grid(padding=(0, 2))
    for index in kept:
        number = 0 < index < len(heads) - 1
        table.add_column(justify="right" if number else "left", no_wrap=index < len(heads) - 1)
    table.add_row(*(heads[index] for index in kept), style="bold")
    for row in rows:
        table.add_row(*(row[index] for index in kept))
    console.print()
    console.print(table, highlight=False, markup=False)


def _gib(value: float) -> str:
    return f"{value / GIB:,.1f} GiB"


def _print(console: Console, text: str) -> None:
    """A paragraph in lines of the console's width, of which all but the first are indented further."""
    indent = " " * (len(text) - len(text.lstrip()))
    lines = textwrap.wrap(
        text.lstrip(),
        console.width,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    console.out("\n".join(lines))

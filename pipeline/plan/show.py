"""`chainpref plan`: a plan, or those of a sweep, on one screen of 80 columns.

It says for which machines, whether it fits, what does not and the one change that mends it; time and cost of every
stage; memory of each device. `explain` prints how the figures come about.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from pipeline.estimates.amounts import Amount, duration, size, total
from pipeline.estimates.hardware import GIB, Machines
from pipeline.plan.make import Plan
from pipeline.plan.outcome import StageTime, money, storage
from pipeline.plan.remedies import Remedy, remedies

_SHOWN = 6
"""Faults, and notes, that are shown; the rest is counted."""


def show(name: str, plans: Mapping[str, Plan], times: Sequence[StageTime], console: Console) -> None:
    """Print the plans of a recipe's one run, or of a sweep's runs by their names, whose stages take `times` in all."""
    first = next(iter(plans.values()))
    unfit = {run: plan for run, plan in plans.items() if plan.faults}
    _line(console, f"Planned for {machines_line(first.machines)}")
    _line(console, headline(name, plans, times))
    if times:
        _stages(first, times, console)
    _memory(plans, console)
    if unfit:
        run, plan = next(iter(unfit.items()))
        of_run = f" in run {run}" + (f" and {len(unfit) - 1} more of its runs" if unfit else "")
        console.print(f"\n[bold red]does not fit[/bold red]{of_run if len(plans) > 1 else ''}", highlight=False)
        for line in _faults(plan):
            _line(console, line)
    console.print()
    notes = list(dict.fromkeys(note for plan in plans.values() for note in plan.notes))
    for note in notes[:_SHOWN]:
        _line(console, f"note: {note}")
    if len(notes) > _SHOWN:
        _line(console, f"and {len(notes) - _SHOWN} notes more, see --explain")
    for allowed, text in dict.fromkeys((plan.licence.allowed, plan.licence.line) for plan in plans.values()):
        _line(console, f"{'licence forbids' if allowed is False else 'licence'}: {text}")
    _line(console, "How each figure comes about: --explain. As values: --json.")


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
    """Kinds of nodes with what they have, and where that is known from."""
    counted = Counter((node.gpus, node.gpu.name if node.gpu else "", node.cpus, node.memory) for node in machines.nodes)
    kinds = []
    for (gpus, gpu, cpus, memory), nodes in counted.items():
        having = f"{gpus} x {gpu}, " if gpu else ""
        kinds.append(f"{nodes} x ({having}{cpus:g} CPUs, {memory / GIB:,.0f} GiB)")
    return f"{' and '.join(kinds)}: {machines.source}"


def remedy_lines(remedy: Remedy) -> Iterator[str]:
    """What to set, each line of at most 80 characters where the settings allow it; or what else to do."""
    if not remedy.settings:
        yield f"    {remedy.otherwise}"
        return
    line = "    change:"
    for setting in remedy.settings:
        quoted = f'"{setting}"' if "'" in setting else f"'{setting}'" if '"' in setting else setting
        if len(line) + len(quoted) > 70 and line.strip():
            yield f"{line} \\"
            line = "   "
        line += f" --set {quoted}"
    yield line


def _stages(plan: Plan, times: Sequence[StageTime], console: Console) -> None:
    paid = bool(plan.machines.price_hour)
    table = _table(console, ["stage", "time", plan.machines.currency if paid else "", "most of it"])
    for stage in times:
        parts = sorted(stage.time.parts, key=lambda part: -part[1])
        if stage.seconds:
            largest = f"{parts[0][0]} {duration(parts[0][1])}" if len(parts) > 1 else parts[0][0]
            table.add_row(stage.name, duration(stage.seconds), f"{stage.money:,.2f}" if paid else "", largest)
    console.print(table, highlight=False, markup=False)


def _memory(plans: Mapping[str, Plan], console: Console) -> None:
    """The most that any run takes, of each kind of process and of a node."""
    rows: dict[str, tuple[float, float, str]] = {}
    for plan in plans.values():
        for what, needed, there, how in _needs(plan):
            if needed >= rows.get(what, (-1.0, 0.0, ""))[0]:
                rows[what] = (needed, there, how)
    table = _table(console, ["memory of each", "needs", "has", "most of it"])
    for what, (needed, there, how) in rows.items():
        table.add_row(what, size(needed), size(there) if 0 < there < math.inf else "", how)
    console.print(table, highlight=False, markup=False)


def _needs(plan: Plan) -> Iterator[tuple[str, float, float, str]]:
    """What, bytes that it needs, bytes that there are (0 or infinite: not known), and what takes most of them."""
    for engines in plan.engines:
        memory, on = engines.memory, f", each {engines.gpu.name}" if engines.gpu else ""
        gpus = f" x {memory.request.gpus} GPUs" if engines.gpu else ""
        many = f"{memory.request.hosts.count} engines{gpus}; "
        yield f"{engines.name} engine{on}", memory.used, memory.capacity, many + _most((*memory.parts, memory.kv_cache))
    for ranks in plan.ranks:
        rank, on = ranks.memory, f", each {ranks.gpu.name}" if ranks.gpu else ""
        many = f"{rank.request.training.ranks} ranks; "
        yield f"training rank{on}", rank.used, rank.capacity, many + _most(rank.on_device)
    if plan.scoring:
        task, on = plan.scoring.memory, f", each {plan.scoring.gpu.name}" if plan.scoring.gpu else ""
        many = f"{task.request.training.ranks} tasks; "
        yield f"scoring task{on}", task.used, task.capacity, many + _most(task.on_device)
    if plan.peak:
        yield "this machine", plan.peak.bytes, plan.machines.nodes[0].memory, f"at its peak in stage {plan.peak.stage}"
    for node in plan.memories[:1]:
        yield f"host of {node.node.name}", node.used, node.node.memory, _most(node.stages)
    stored = storage(plan)
    disk = plan.machines.nodes[0].disk if len(plan.machines.nodes) == 1 else 0.0
    yield "disk", total(stored), disk, _most(stored)


def _most(amounts: Sequence[Amount]) -> str:
    """The largest of the amounts."""
    largest = max(amounts, key=lambda amount: amount.bytes)
    return f"{largest.what} {size(largest.bytes)}"


def _faults(plan: Plan) -> Iterator[str]:
    """Each fault and the change that mends it; then what all changes come to together."""
    found = remedies(plan)
    for remedy in found.each[:_SHOWN]:
        yield f"  {remedy.fault}"
        yield from remedy_lines(remedy)
    if len(found.each) > _SHOWN:
        yield f"  and {len(found.each) - _SHOWN} faults more, see --json"
    if found.together:
        still = f"it still does not fit: {found.left[0]}" if found.left else "it fits"
        yield f"  With {'this change' if len(found.each) == 1 else 'all of these changes'} {still}."


def _table(console: Console, heads: Sequence[str]) -> Table:
    console.print()
    table = Table.grid(padding=(0, 2))
    for head in heads:
        number = head not in (heads[0], heads[-1])
        table.add_column(justify="right" if number else "left", no_wrap=head != heads[-1])
    table.add_row(*heads, style="bold")
    return table


def _line(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False)

"""What a relabelling flipped, from what to what, with chains to look at: from the records of the commits alone."""

import shlex
from collections import defaultdict

from rich.console import Console
from rich.table import Table

from cluster.store.ledger import Commit
from pipeline.run.folder import Run
from pipeline.stages.evaluate import planned_units
from pipeline.stages.groups import group_figures
from rollout.data import layout
from rollout.episodes.replay import Repeated
from rollout.relabel_units import Flips, read_flips

_EXAMPLES = 3
_REPEATED = {
    Repeated.SAME: "gave the same results",
    Repeated.MESSAGE: "failed with another message or code, as calls that failed before",
    Repeated.RESULT: "gave other results; they are right if their answer is, else nobody's fault and not learnt from",
    Repeated.RANDOM: "gave other results each time; the stored ones count",
}


def show_table(run: Run, console: Console) -> None:
    """Print the flips of episodes and of scores, each kind with some of them, and what the groups come to."""
    episodes = read_flips(run.ledger(layout.EPISODES).history().values(), _EXAMPLES)
    _show("episodes", episodes, console)
    folder, recipe = (shlex.quote(str(path)) for path in (run.folder, run.folder / layout.RECIPE))
    console.out(f"  look at one: chainpref inspect {folder} rollouts --problem ID; before: the same in the parent")
    scores: dict[str, list[Commit]] = defaultdict(list)
    models = {unit.name: unit.model for unit in planned_units(run)}
    for prefix in (layout.SCORES, layout.PARENT_SCORES):
        for name, commit in run.ledger(prefix).history().items():
            scores[models.get(name, name)].append(commit)
    for model, commits in scores.items():
        _show(f"scores of {model}", read_flips(commits, _EXAMPLES), console)
    figures = group_figures(run)
    counted = ", ".join(f"{figures.get(name, 0):,} {name}" for name in ("groups", "chains", "pairs"))
    console.out(f"  {counted}; go on with: chainpref run {recipe} --run {folder}")


def _show(what: str, flips: Flips, console: Console) -> None:
    if not flips.episodes:
        return
    before, after = flips.right
    flipped = sum(flips.flipped.values())
    console.out(f"{what}: {flipped:,} of {flips.episodes:,} flipped; right {before:,} -> {after:,}", style="bold")
    for how in Repeated:
        if how is not Repeated.SAME and (count := flips.repeated.get(how.value, 0)):
            console.out(f"  the calls of {count:,} {_REPEATED[how]}")
    table = Table.grid(padding=(0, 2))
    for kind, count in sorted(flips.flipped.items(), key=lambda item: -item[1]):
        table.add_row(f"  {count:,}", kind)
        for example in flips.examples.get(kind, ()):
            told = f"; {example.difference}" if example.difference else ""
            table.add_row("", f"  {example.episode}: answer {example.answer}, gold {example.gold}{told}")
    for repeated in (Repeated.RESULT, Repeated.RANDOM):
        for example in flips.examples.get(repeated.value, ()):
            table.add_row("", f"  {example.episode}: {example.difference}")
    if table.row_count:
        console.print(table, highlight=False, markup=False)

"""`chainpref sweep RECIPE`: runs all runs of a sweep, resuming, and makes one table of their results."""

import contextlib
from collections import Counter
from itertools import product
from pathlib import Path

import msgspec
from rich.console import Console

from cluster.errors import FullDiskError, WorkError
from cluster.store.storage import LocalStore
from evaluation.measures.tally import Tally
from evaluation.summary import to_json
from evaluation.sweep import Question, RowSource, read_sweep_summary, summarise_sweep
from pipeline.recipe import GIVEN_MODELS, Recipe
from pipeline.run.folder import open_run, read_run
from pipeline.stages import STAGES
from pipeline.stages.execute import ray_up, run_all
from pipeline.stages.needs import SECTIONS, refuse_unmet
from pipeline.stages.report import stored_summary
from pipeline.sweep.points import SweepPlan, row_of
from pipeline.sweep.sharing import take_over
from rollout.data import layout
from rollout.records import Score


def sweep_folder(plan: SweepPlan, given: Path | None) -> Path:
    """The folder of the sweep: the one that the command line gives, else the recipe's."""
    return (given or Path(plan.directory) / plan.name).absolute()


def run_sweep(plan: SweepPlan, folder: Path, source: Path | None, console: Console, verbose: bool) -> bool:
    """Run every run that is not complete, then make the table. Returns whether there was anything to do.

    `source`: a finished run from which equal models, episodes and groups are taken over. A run whose work fails, as one
    whose arm learnt nothing, holds up no other. Raises WorkError at the end where there are such runs, and at once for
    a full disk.
    """
    sources = [read_run(source, console)] if source is not None else []
    done = 0
    failed: dict[str, WorkError] = {}
    for name, planned in plan.runs.items():  # before the first one works for hours
        if not (folder / layout.sweep_run(name) / layout.SUMMARY).exists():
            refuse_unmet(planned.recipe, SECTIONS)
    with contextlib.ExitStack() as session:
        for number, (name, planned) in enumerate(plan.runs.items(), start=1):
            recipe = placed(planned.recipe, name, folder)
            with open_run(recipe, folder / layout.sweep_run(name), console, verbose) as run:
                if not all(stage.complete(run) for stage in STAGES):
                    arms = f"{len(recipe.arms)} arms"
                    console.out(f"run {number} of {len(plan.runs)}: {name}, {arms}", style="bold")
                    take_over(run, sources)
                    session.enter_context(ray_up(run))
                    try:
                        done += run_all(run)
                    except FullDiskError:
                        raise
                    except WorkError as error:
                        failed[name] = error
                        console.out(f"run {name} failed, the others go on: {error}", style="red")
            sources.append(run)
    if failed:
        raise WorkError("; ".join(f"run {name}: {error}" for name, error in failed.items()))
    store = LocalStore(folder)
    if done or not store.exists(layout.SUMMARY):
        _report(plan, folder, console)
        done += 1
    return bool(done)


def show_sweep(folder: Path, console: Console) -> None:
    """The tables and the findings on the terminal."""
    from evaluation.report.sweep_table import SweepTable

    console.print(SweepTable(read_sweep_summary((folder / layout.SUMMARY).read_bytes(), str(folder / layout.SUMMARY))))
    console.out(f"report: {folder / layout.PAGE}")


def placed(recipe: Recipe, name: str, sweep: Path) -> Recipe:
    """The recipe of a run in a sweep: tiny models are kept beside the sweep, and in a bucket it has its own prefix."""
    models = recipe.models.model_copy(update={"cache": recipe.models.cache or str(sweep.parent / ".models")})
    store = f"{recipe.run.store}/{name}" if recipe.run.store else ""
    return recipe.model_copy(update={"models": models, "run": recipe.run.model_copy(update={"store": store})})


def _report(plan: SweepPlan, folder: Path, console: Console) -> None:
    from evaluation.report.pages import write_page
    from evaluation.report.sweep import render_sweep
    from rollout.data.shards import read_rows

    runs = {name: read_run(folder / layout.sweep_run(name), console) for name in plan.runs}
    # Teacher and base of every run first, then the arms as planned: one source for each replicate and seed.
    rows: dict[str, list[RowSource]] = {}
    for (name, planned), model in product(plan.runs.items(), GIVEN_MODELS):
        rows.setdefault(row_of(model, planned.place), []).append(RowSource(name, model, planned.replicate))
    for cell in plan.cells:
        rows.setdefault(cell.row, []).append(RowSource(cell.run, cell.arm, plan.runs[cell.run].replicate))
    spent: Counter[str] = Counter()
    for run in runs.values():
        spent.update(run.events.seconds())
    summary = summarise_sweep(
        plan.name,
        rows,
        questions_of(plan),
        {name: Tally(read_rows(Score, run.ledger(layout.SCORES))) for name, run in runs.items()},
        {name: stored_summary(run) for name, run in runs.items()},
        next(iter(plan.runs.values())).recipe.evaluation,
    )
    summary = msgspec.structs.replace(
        summary,
        command=plan.command,
        axes={key: list(values) for key, values in plan.axes.items()},
        variants=plan.section.variants,
        replicates=plan.section.replicates,
        seeds=tuple(plan.section.seeds),
        runs={name: layout.sweep_run(name) for name in plan.runs},
        seconds={stage: round(seconds, 3) for stage, seconds in spent.items()},
    )
    write_page(folder / layout.PAGE, render_sweep(summary))
    LocalStore(folder).replace(layout.SUMMARY, to_json(summary))


def questions_of(plan: SweepPlan) -> list[Question]:
    """What the sweep asks; every row against base where it asks nothing."""
    asked = [Question(name, contrast.plus, contrast.minus) for name, contrast in plan.section.compare.items()]
    if asked:
        return asked
    against = {cell.row: row_of("base", plan.runs[cell.run].place) for cell in plan.cells}
    return [Question(f"{row} against {base}", (row,), (base,)) for row, base in against.items()]

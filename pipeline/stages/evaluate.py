"""Stage `evaluate`: teacher, base and every arm attempt the same held-out problems, on the same kind of hosts."""

from cluster.telemetry import Units
from evaluation.job import ScoreUnit, plan_scores
from pipeline.recipe import GIVEN_MODELS, HostKind
from pipeline.run.folder import Run
from pipeline.run.progress import progress_bar
from pipeline.run.suites import suite_episodes, suite_models
from pipeline.run.workload import scored_parts, suite_problems
from pipeline.stages.hosts import open_pool
from pipeline.stages.probes import proven_models
from pipeline.stages.watch import Watch
from rollout.data import layout


def complete(run: Run) -> bool:
    """Whether every score unit of every model is committed."""
    return run.planned and not missing_units(run)


def planned_units(run: Run, generation: str = "") -> list[ScoreUnit]:
    """Units of the teacher, of base and of the arms in the recipe's order, at the suites that they attempt; their names
    are those of another `generation` than the run's, where it is given."""
    models, attempted = [*GIVEN_MODELS, *run.recipe.arms], suite_models(run.recipe)
    parts, temperature = scored_parts(run), run.recipe.evaluation.temperature
    units = plan_scores(models, suite_problems(run), parts, temperature, generation or run.id)
    return [unit for unit in units if unit.model in attempted[unit.suite]]


def missing_units(run: Run) -> list[ScoreUnit]:
    """Planned units without a commit."""
    done = run.ledger(layout.SCORES).history()
    return [unit for unit in planned_units(run) if unit.name not in done]


def work(run: Run) -> None:
    """Score the teacher on its hosts, then base and arms on the student's hosts, which switch from model to model."""
    from rollout.hosts.work import EpisodeWork

    planned, missing = planned_units(run), missing_units(run)
    done = Units(str(run.folder), "evaluate", len(planned), len(planned) - len(missing))
    problems = {problem.id: problem for suite in suite_problems(run).values() for problem in suite}
    asked = suite_episodes(run.recipe)
    kinds: tuple[HostKind, ...] = ("teacher", "student")
    for kind in kinds:
        units = [unit for unit in missing if (unit.model == "teacher") == (kind == "teacher")]
        if not units:
            continue
        models = proven_models(run, kind, dict.fromkeys(unit.model for unit in units))
        work_units = [
            EpisodeWork(
                unit=unit.name,
                prefix=layout.SCORES,
                model=models[unit.model],
                problems=tuple(problems[name] for name in unit.problem_ids),
                samples=tuple(unit.sample_numbers),
                temperature=unit.temperature,
                suite=unit.suite,
                episodes=asked[unit.suite],
                affinity=unit.model,
            )
            for unit in units
        ]
        title = f"scores of {', '.join(models) if len(models) <= 5 else f'{len(models)} models'}"
        with (
            open_pool(run, kind, models[units[0].model]) as pool,
            progress_bar(run.console, title, sum(unit.attempts for unit in units)) as bar,
            Watch(run, "evaluate", pool, bar) as watch,
        ):
            for chunk_result in pool.run(work_units, watch.tick):
                watch.chunk_result(chunk_result)
                done.ended()

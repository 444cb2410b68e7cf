"""Stage `rollout`: the teacher's episodes, unit by unit; groups of finished blocks are built meanwhile."""

from cluster.ledger import Ledger
from pipeline.hosts import Watch, open_pool, served_model
from pipeline.progress import progress_bar
from pipeline.run_folder import Run
from pipeline.stages.groups import EPISODES, GroupStream
from pipeline.workload import read_workload, train_problems
from rollout.units import EpisodeUnit, block_name


def complete(run: Run) -> bool:
    """Whether every planned unit is committed or waived."""
    return run.store.exists("plan.json") and not missing_units(run)


def missing_units(run: Run) -> list[EpisodeUnit]:
    """Planned units without a commit, in the plan's order."""
    done = Ledger(run.store, EPISODES).history()
    return [unit for unit in read_workload(run).episode_units if unit.name not in done]


def work(run: Run) -> None:
    """Run the missing units on the teacher's hosts, and keep building groups as blocks become complete."""
    from rollout.host import Work

    problems = {problem.id: problem for problem in train_problems(run)}
    model = served_model(run, "teacher")
    rollout = run.recipe.rollout
    missing = missing_units(run)
    units = [
        Work(
            unit=unit.name,
            prefix=EPISODES,
            model=model,
            problems=tuple(problems[name] for name in unit.problem_ids),
            samples=tuple(range(unit.sample_start, unit.sample_stop)),
            temperature=rollout.temperature,
            top_p=rollout.top_p,
            affinity=block_name(unit.block),
        )
        for unit in missing
    ]
    episodes = sum(unit.episodes for unit in missing)
    groups = GroupStream(run)
    with open_pool(run, "teacher", "teacher") as pool, progress_bar(run.console, "episodes", episodes) as bar:
        watch = Watch(run, "rollout", pool, bar)
        for receipt in pool.run(units, watch.tick):
            watch.receipt(receipt)
            groups.start_ready()
        watch.tick()
    groups.finish()

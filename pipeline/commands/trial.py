"""`chainpref try TOOLBOX --problems FILE`: own functions and own problems, attempted without any model.

The scripted engine plays gold chains and mistakes on a host in this process, through the same episodes, labels, shards
and groups as a run's. So what it makes is a run, which other commands can look at.
"""

import asyncio
import json
import shlex
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from rich.console import Console

from cluster.config import apply_settings, parse
from cluster.engine.scripted import Mistake
from cluster.errors import RequestError
from cluster.store.digests import write_sums
from evaluation.report.chains import chains_view
from pipeline.export.rows import pair_rows
from pipeline.recipe import Recipe
from pipeline.run.folder import Run, open_run
from pipeline.run.inventory import close
from pipeline.run.models import served_model
from pipeline.run.quiet import libraries_to
from pipeline.run.rollouts import Rollouts, some_groups
from pipeline.run.workload import train_problems
from pipeline.stages import models
from pipeline.stages.groups import idle_problems, publish, wanted_groups, without
from pipeline.stages.hosts import host_spec
from pipeline.stages.rollout import episode_work, missing_units
from rollout.data import layout
from rollout.data.compaction import compact
from rollout.group_units import build_group_unit
from rollout.problems import everything
from rollout.problems.config import TOOL_ROWS, FamilyConfig
from rollout.records import Outcome

SECTION = "mine"
"""The section of the recipe that holds the problems: `--set problems.mine.KEY=VALUE`."""
MOST_PROBLEMS = 200
_SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet"}
_VOCABULARY = 1000


def try_toolbox(
    toolbox: str,
    file: Path,
    columns: dict[str, str],
    *,
    samples: int,
    shown: int,
    run: Path | None,
    settings: Sequence[str],
    console: Console,
) -> None:
    """Roll out the problems of `file` with a scripted engine, group the chains, and show `shown` problems and a pair.

    `toolbox` may be a family whose rows bring their functions. `columns`: keys of a section of problems that name
    columns, or the checker. `run`: where to keep it; None keeps nothing. Raises RequestError for what a run would
    refuse, WorkError where there is no pair.
    """
    suffixes = [*_SUFFIXES, *([".json"] if toolbox in TOOL_ROWS else [])]
    if file.suffix not in suffixes:
        raise RequestError(f"--problems {file}: name a file that ends in {', '.join(suffixes)}")
    with tempfile.TemporaryDirectory(prefix="chainpref-try-") as scratch:
        folder = (run or Path(scratch) / "run").absolute()
        recipe = trial_recipe(toolbox, file, columns, samples, folder, settings)
        with open_run(recipe, folder, console, verbose=False) as opened:
            attempt(opened)
            show_trial(opened, shown)
            close(opened)
    named = shlex.quote(str(run))
    kept = f"kept in {run}: chainpref inspect {named} rollouts; chainpref export {named} --out pairs.jsonl"
    console.out(kept if run else "nothing is kept; --run DIR keeps it as a run, to inspect and to export")


def trial_recipe(
    toolbox: str, file: Path, columns: dict[str, str], samples: int, folder: Path, settings: Sequence[str]
) -> Recipe:
    """The recipe of the trial, with as many train and test problems as the file gives."""
    section = {"name": SECTION, "path": str(file), **columns}
    section |= {"family": toolbox} if toolbox in TOOL_ROWS else {"family": _SUFFIXES[file.suffix], "toolbox": toolbox}
    # Nothing is computed from the context: any prompt fits.
    script: dict[str, Any] = {
        "scripted": {"mistakes": list(get_args(Mistake))},
        "engine": {"max_context": 1 << 17},
    }
    model = {"source": str(folder / layout.model("teacher"))}
    table: dict[str, Any] = {
        "run": {"name": "try"},
        "models": {"teacher": model, "student": model},
        "problems": {SECTION: section},
        "engines": {"teacher": script, "student": script},
        "rollout": {"samples": samples, "samples_per_unit": samples},
    }
    table = apply_settings(table, settings)
    config = parse(FamilyConfig, table["problems"][SECTION], f"problems.{SECTION}")
    found = everything(config).splits
    if not found["train"]:
        total = sum(map(len, found.values()))
        raise RequestError(
            f"{file}: none of its {total} problems is a train problem, because a hash of their wording divides them; "
            "add some, or name test problems of their own with --set problems.mine.test_path=FILE"
        )
    table["problems"][SECTION] |= {"train": min(len(found["train"]), MOST_PROBLEMS), "test": len(found["test"])}
    return parse(Recipe, table, "try")


def stand_in_model(run: Run) -> None:
    """A folder that stands for the models: a tokenizer of the problems' own texts, and no weights."""
    from training.tiny.model import make_tokenizer

    folder, problems = run.model("teacher"), everything(run.recipe.problems[SECTION]).splits["train"]
    texts = [problem.all_text for problem in problems]
    texts += [f"{call.name} {call.arguments}" for problem in problems for call in problem.all_gold_calls]
    if not folder.exists():
        make_tokenizer(texts, folder, _VOCABULARY)
        (folder / "config.json").write_text("{}", encoding="utf-8")
        write_sums(folder)


def attempt(run: Run) -> None:
    """The stages `models`, `rollout` and `groups`, in this process. What is there already is not done again."""
    with run.events.stage("models"):
        stand_in_model(run)
        models.work(run)
    with run.events.stage("rollout"), libraries_to(run.folder / layout.DRIVER_LOG):
        asyncio.run(roll_out(run))
        compact(run.ledger(layout.EPISODES))
    with run.events.stage("groups"):
        done, idle = run.ledger(layout.groups(run.student)).history(), idle_problems(run)
        for work in wanted_groups(run):
            if work.unit not in done:
                build_group_unit(without(work, idle))


async def roll_out(run: Run) -> None:
    from rollout.hosts.host import RolloutHost

    model = served_model(run, "teacher")
    problems = {problem.id: problem for problem in train_problems(run)}
    host = RolloutHost(host_spec(run, run.recipe.engines.teacher, "scripted", model))
    await host.start()
    for unit in missing_units(run):
        work = episode_work(run, unit, model, problems)
        await host.run(work, 0, work.size)
    await host.close()


def show_trial(run: Run, shown: int) -> None:
    """What became of the attempts, some problems with their chains, and a pair."""
    problems, rollouts, console = {one.id: one for one in train_problems(run)}, Rollouts(run), run.console
    attempts = {name: list(rollouts.of(name).values()) for name in rollouts.block_of}
    counts = Counter(one.error or one.outcome for episodes in attempts.values() for one in episodes)
    console.out(f"{counts.total():,} rollouts: " + ", ".join(f"{n:,} {what}" for what, n in counts.most_common()))
    if not any(problem.gold_calls for problem in problems.values()):
        console.out("no gold chains are known: right attempts give the gold answer at once; --calls names their column")
    unsolved = [name for name, found in attempts.items() if not any(one.outcome is Outcome.RIGHT for one in found)]
    if unsolved:
        console.out(
            f"{len(unsolved)} problems have no right chain, such as {problems[unsolved[0]].source}: raise --samples, "
            f"or look: --run DIR, then `chainpref inspect DIR rollouts --problem {unsolved[0]}`"
        )
    publish(run)
    for chains in some_groups(run, shown):
        console.print(chains_view(chains, console.width))
    pair = next(pair_rows(run, "trl", 1))
    console.out("a pair, as `chainpref export` writes it:")
    console.out(json.dumps(pair.row, ensure_ascii=False, indent=1))

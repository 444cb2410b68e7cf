"""The commands `try` and `problems`, which need no run. Each imports what it needs when it runs."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from pipeline.options import Settings
from pipeline.terminal import terminal


def try_command(
    toolbox: Annotated[
        str,
        typer.Argument(
            metavar="TOOLBOX",
            help="FILE.py, FILE.py:CLASS, a built-in one, or xlam, hermes or openai, whose rows bring it.",
        ),
    ],
    file: Annotated[Path, Option("--problems", metavar="FILE", help="Problems, a .csv, .jsonl or .parquet file.")],
    text: Annotated[str, Option(metavar="COLUMN", help="Column with the problem's text.")] = "text",
    answer: Annotated[str, Option(metavar="COLUMN", help="Column with the gold answer.")] = "answer",
    calls: Annotated[str, Option(metavar="COLUMN", help="Column with the gold chain of calls, if there is one.")] = "",
    state: Annotated[str, Option(metavar="COLUMN", help="Column with the state that a class starts from.")] = "",
    checker: Annotated[str, Option(metavar="NAME", help="What judges answers; docs/checkers.md.")] = "exact",
    samples: Annotated[int, Option(metavar="N", min=2, help="Attempts at each problem.")] = 8,
    show: Annotated[int, Option(metavar="N", min=0, help="Problems whose chains are shown.")] = 2,
    run: Annotated[Path | None, Option("--run", metavar="DIR", help="Keep it as a run in this folder.")] = None,
    settings: Settings = [],  # noqa: B006
) -> None:
    """Try own functions and problems, without any model.

    A scripted engine plays gold chains and mistakes; the rest is as in a run: rollouts, labels, groups and pairs. Other
    keys of the problems are set as --set problems.mine.KEY=VALUE.
    """
    from pipeline.commands.trial import try_toolbox

    columns = {"text": text, "answer": answer, "calls_column": calls, "state_column": state, "checker": checker}
    try_toolbox(toolbox, file, columns, samples=samples, shown=show, run=run, settings=settings, console=terminal())


def problems(
    family: Annotated[str, typer.Argument(metavar="FAMILY", help="A problem family, `all`, or a recipe with some.")],
    show: Annotated[
        int | None, Option(metavar="N", min=1, help="Problems to show. Default: 5, or 0 with --check.")
    ] = None,
    check: Annotated[
        int, Option(metavar="[N]", min=-1, help="Problems to check per family; without N all that a recipe asks for.")
    ] = 0,
    split: Annotated[
        str, Option(metavar="NAME", help="train, validation, test or variant-KIND. Default: train; all with --check.")
    ] = "",
    seed: Annotated[int, Option(metavar="N", help="Seed of the problem generator.")] = 0,
    difficulty: Annotated[
        tuple[int, int] | None, Option(metavar="LOW HIGH", help="From 1 to 8. Default: 1 2, or 1 8 with --check.")
    ] = None,
    path: Annotated[str, Option(metavar="FILE", help="File with the rows of an imported family, such as gsm8k.")] = "",
    task: Annotated[str, Option(metavar="NAME", help="Task of reasoning_gym, category of bfcl.")] = "",
) -> None:
    """Show problems of a family, or check many of them.

    A shown problem comes with its gold chain, executed. --check finds every gold answer again by a
    cross-check, and executes every gold chain in every call format.
    """
    from pipeline.commands.problems import problems_command

    problems_command(
        family,
        show=show,
        check=check,
        split=split,
        seed=seed,
        difficulty=difficulty,
        path=path,
        task=task,
        console=terminal(),
    )

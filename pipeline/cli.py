"""The command line. Each command imports what it needs when it runs, so that `--help` appears at once.

Exit status: 0 done; 1 the work failed; 2 the request was wrong; 3 `verify` found no fault, and files that have no hash
or are not finished; 130 interrupted, resumable.
"""

import errno
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from cluster.errors import ChainprefError
from pipeline.commands.of_problems import problems, try_command
from pipeline.examples import add_examples
from pipeline.k8s.command import k8s_app
from pipeline.options import Address, ExistingRun, NodesPath, RecipePath, RunPath, Settings, Verbose
from pipeline.remote.command import jobs_app
from pipeline.terminal import fail, show_traceback, terminal

_INTERRUPTED = 130
_PATHS_FAULT = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOENT}
)
"""What a path that a user named may be at fault with."""

app = typer.Typer(
    name="chainpref",
    help="Make preference data from a teacher's executed function calls, and train a student on it.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command("run")
def run_command(
    recipe: RecipePath,
    settings: Settings = [],  # noqa: B006
    run: RunPath = None,
    wait: Annotated[float, Option(metavar="SECONDS", min=0, help="Wait while another command works on the run.")] = 0,
    verbose: Verbose = False,
) -> None:
    """Run all stages, resuming where the run stopped."""
    from pipeline.recipe import load_recipe
    from pipeline.run.folder import open_run, run_folder
    from pipeline.stages.execute import run_all
    from pipeline.stages.report import show

    console = terminal()
    loaded = load_recipe(recipe, settings)
    with open_run(loaded, run_folder(loaded, run), console, verbose, wait) as opened:
        if not run_all(opened):
            console.out("the run is complete; nothing to do")
        show(opened)


def _stage_command(name: str, text: str) -> None:
    def command(recipe: RecipePath, settings: Settings = [], run: RunPath = None, verbose: Verbose = False) -> None:  # noqa: B006
        from pipeline.recipe import load_recipe
        from pipeline.run.folder import open_run, run_folder
        from pipeline.stages.execute import run_one

        console = terminal()
        loaded = load_recipe(recipe, settings)
        with open_run(loaded, run_folder(loaded, run), console, verbose) as opened:
            if not run_one(opened, name):
                console.out(f"stage {name} is complete; nothing to do")

    app.command(name, help=text)(command)


for _name, _text in (
    ("models", "Stage 1: draw the problems and make the tiny models."),
    ("rollout", "Stage 2: let the teacher attempt every problem many times."),
    ("groups", "Stage 3: build preference groups from the episodes."),
    ("reference", "Stage 4: compute the chains' reference log-probabilities."),
    ("train", "Stage 5: train every arm."),
    ("evaluate", "Stage 6: score teacher, base and arms on held-out problems."),
    ("report", "Stage 7: write report/index.html and report/summary.json."),
):
    _stage_command(_name, _text)


@app.command()
def status(run: ExistingRun) -> None:
    """Show how far a run is. It may be running in another shell."""
    from pipeline.commands.status import show_status

    show_status(run, terminal())


@app.command()
def verify(
    run: ExistingRun,
    every: Annotated[
        bool, Option("--all", help="List every fault; without it 20, and how many more there are.")
    ] = False,
) -> None:
    """Check every file and every invariant of a run.

    Exit status 3: nothing is wrong, but some files have no hash or are not finished.
    """
    from pipeline.commands.verify import verify_run

    verify_run(run, terminal(), every)


@app.command("relabel")
def relabel_command(
    run: ExistingRun,
    out: Annotated[Path, Option(metavar="RUN2", help="Folder of the new run.")],
) -> None:
    """Judge stored episodes again, with the checkers of today.

    Toolboxes execute the calls again, and scores are judged, too. No engine starts. The labels of RUN stay; RUN2 is a
    run, which `chainpref run` goes on with.
    """
    from pipeline.relabel.work import relabel

    relabel(run, out, terminal())


@app.command("inspect")
def inspect_command(
    run: ExistingRun,
    what: Annotated[
        str,
        typer.Argument(metavar="[WHAT]", help="rollouts, groups, rounds or scores; default: the last that there are."),
    ] = "",
    family: Annotated[str, typer.Option(help="Show only problems of this family.")] = "",
    suite: Annotated[str, typer.Option(help="Show only scores of this suite.")] = "",
    arm: Annotated[str, typer.Option(help="Apply the other filters to this arm's attempts alone.")] = "",
    problem: Annotated[str, typer.Option(help="Show only the problem with this id.")] = "",
    outcome: Annotated[
        str, typer.Option(help="Keep problems with an attempt that is right, wrong, truncated, infrastructure or user.")
    ] = "",
    code: Annotated[
        str, typer.Option(help="Keep problems with an attempt that has this error code, such as answer_wrong.")
    ] = "",
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="Greatest number of problems to show.")] = 5,
) -> None:
    """Show problems with their chains side by side.

    The chains are the teacher's rollouts, those of preference groups, or every arm's scored attempts. `rounds` shows
    what came of each round of the arms that learn in rounds, and the attempts of their last one. The first difference
    to the first chain is underlined.
    """
    from pipeline.commands.inspection import inspect_run

    options = {"outcome": outcome, "code": code, "family": family, "suite": suite, "arm": arm, "problem": problem}
    inspect_run(run, what, options, limit, terminal())


@app.command("diff")
def diff_command(
    before: Annotated[Path, typer.Argument(metavar="RUN_A", help="The folder of the earlier run.")],
    after: Annotated[Path, typer.Argument(metavar="RUN_B", help="The folder of the later run.")],
) -> None:
    """Show what changed between two runs: data, scores and problems."""
    from pipeline.commands.inspection import diff

    diff(before, after, terminal())


@app.command()
def export(
    run: ExistingRun,
    out: Annotated[
        Path | None, Option(metavar="PATH", help="A new file that ends in .jsonl, or a new folder: rows and card.")
    ] = None,
    form: Annotated[str, Option("--format", metavar="NAME", help="Form of the rows: trl, openai or sharegpt.")] = "trl",
    max_pairs: Annotated[int, Option(metavar="N", min=0, help="Most pairs per problem. 0 writes all.")] = 0,
    push: Annotated[
        str, Option(metavar="OWNER/NAME", help="Send rows and card to the Hub, as a private data set. Needs HF_TOKEN.")
    ] = "",
    public: Annotated[bool, Option("--public", help="With --push: everybody may read the data set.")] = False,
) -> None:
    """Write the preference pairs for other trainers or the Hub."""
    from pipeline.commands.export import export_pairs

    export_pairs(run, out, form, max_pairs, terminal(), push, public)


app.command("try")(try_command)
app.command("problems")(problems)


@app.command("sweep")
def sweep_command(
    recipe: RecipePath,
    settings: Settings = [],  # noqa: B006
    folder: Annotated[Path | None, Option("--run", metavar="DIR", help="Folder of the sweep.")] = None,
    source: Annotated[
        Path | None, Option("--from", metavar="RUN", help="A finished run whose models, episodes and groups are used.")
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Run a recipe that has a [sweep], resuming, and print one table."""
    from pipeline.sweep.points import load_sweep
    from pipeline.sweep.run import run_sweep, show_sweep, sweep_folder

    console = terminal()
    plan = load_sweep(recipe, settings)
    where = sweep_folder(plan, folder)
    if not run_sweep(plan, where, source, console, verbose):
        console.out("the sweep is complete; nothing to do")
    show_sweep(where, console)


@app.command("plan")
def plan_recipe(
    recipe: RecipePath,
    settings: Settings = [],  # noqa: B006
    cluster: NodesPath = None,
    address: Annotated[
        str, typer.Option(metavar="ADDRESS", help="A running Ray cluster, to plan for the nodes that it has.")
    ] = "",
    price: Annotated[
        float | None, typer.Option(min=0, help="Price of a GPU for an hour; of a node, where there are no GPUs.")
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A TOML file of prices by type of GPU and kind of node.")
    ] = None,
    probe: Annotated[bool, typer.Option("--probe", help="Measure this machine first, in about ten seconds.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show how each figure comes about, with its source.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: bytes, seconds, tokens.")] = False,
) -> None:
    """Show whether a recipe or a sweep fits its machines.

    It shows memory, time and cost as well, and starts nothing.
    """
    from pipeline.commands.plan import plan_command

    plan_command(
        recipe,
        terminal(),
        settings=settings,
        cluster=cluster,
        address=address,
        price=price,
        prices=prices,
        probed=probe,
        explained=explain,
        json=as_json,
    )


@app.command("submit")
def submit_run(
    recipe: RecipePath,
    settings: Settings = [],  # noqa: B006
    run: Annotated[Path | None, Option("--run", metavar="DIR", help="Needed: the run's folder on all nodes.")] = None,
    address: Address = "",
    name: Annotated[
        str, Option("--id", metavar="NAME", help="Submission id. Default: made from the run's name, recipe and folder.")
    ] = "",
    working_dir: Annotated[Path, Option(metavar="DIR", help="Folder whose files are sent with the job.")] = Path("."),
    python: Annotated[str, Option(metavar="PATH", help="The Python to start on the cluster.")] = "python",
    follow: Annotated[bool, Option(help="Show the job's output until it ends.")] = True,
    verbose: Verbose = False,
) -> None:
    """Submit a run as a job to a Ray cluster, and follow it.

    Submitting the same run again follows the job that is there; one that was stopped is resumed.
    """
    from pipeline.recipe import load_recipe
    from pipeline.remote.submit import make_job, submit_job

    job = make_job(
        load_recipe(recipe, settings), run=run, working_dir=working_dir, id=name, python=python, verbose=verbose
    )
    submit_job(job, address, follow, terminal())


@app.command()
def doctor() -> None:
    """Check this machine: versions, devices, memory, disk and ports."""
    from pipeline.commands.doctor import examine

    examine(terminal())


app.add_typer(jobs_app, name="jobs")
app.add_typer(k8s_app, name="k8s")
add_examples(app)


def _with_numbers(arguments: list[str]) -> list[str]:
    """The arguments with `--check -1` for a bare `--check`: Typer knows no option that may have a value."""
    spelled: list[str] = []
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=False):
        spelled.append(argument)
        if argument == "--check" and not following.lstrip("-").isdigit():
            spelled.append("-1")
    return spelled


def main() -> None:
    """The console script. Ends the process with the command's exit status; without arguments it prints the help."""
    sys.excepthook = show_traceback
    try:
        # Typer turns Ctrl-C into a return value.
        arguments = _with_numbers(sys.argv[1:]) or ["--help"]
        if (
            app(
                [*arguments, "--help"] if arguments in (["k8s"], ["jobs"]) else arguments,
                prog_name="chainpref",
                standalone_mode=False,
            )
            == _INTERRUPTED
        ):
            raise KeyboardInterrupt
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None
    except ChainprefError as error:
        fail(str(error), error.exit_status)
    except (KeyboardInterrupt, typer.Abort):
        fail("interrupted; the same command goes on from here", _INTERRUPTED)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            fail(f"{error.strerror}: {error.filename or 'the run'}; make room and run again", 1)
        if error.errno not in _PATHS_FAULT or error.filename is None:
            raise
        fail(f"{error.filename}: {error.strerror}; name another path, or mend this one", 2)
    except Exception as error:
        # A usage error. Typer has its own copy of click's exception types, so it is known by its method.
        usage = getattr(error, "format_message", None)
        if usage is None:
            raise
        command = getattr(getattr(error, "ctx", None), "command_path", "chainpref")
        fail(f"{usage().rstrip('.')}; see {command} --help", 2)

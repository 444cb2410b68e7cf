"""The command line. Thin: what a command needs it imports when it runs, so that `--help` comes at once.

Exit status: 0 done; 1 the work failed; 2 the request was wrong; 130 interrupted, resumable.
"""

import errno
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cluster.errors import ChainprefError

_INTERRUPTED = 130

app = typer.Typer(
    name="chainpref",
    help="Function-calling preference data from a large teacher's executed chains, and a small student trained on it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

RecipePath = Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML recipe; recipes/ holds examples.")]
Settings = Annotated[list[str], typer.Option("--set", metavar="KEY=VALUE", help="Override section.key=value.")]
RunPath = Annotated[Path | None, typer.Option("--run", metavar="DIR", help="The run's folder.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show what Ray, vLLM, DeepSpeed and TRL say.")]
ExistingRun = Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")]


@app.command("run")
def run_command(
    recipe: RecipePath,
    settings: Settings = [],  # noqa: B006
    run: RunPath = None,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for another command on the run.")] = 0,
    verbose: Verbose = False,
) -> None:
    """All stages, going on where the run was left."""
    from pipeline.recipe import load_recipe
    from pipeline.run.folder import open_run, run_folder
    from pipeline.stages.execute import run_all
    from pipeline.stages.report import show

    console = _terminal()
    loaded = load_recipe(recipe, settings)
    with open_run(loaded, run_folder(loaded, run), console, verbose, wait) as opened:
        if not run_all(opened):
            console.print("the run is complete; nothing to do", highlight=False)
        show(opened)


def _stage_command(name: str, text: str) -> None:
    def command(recipe: RecipePath, settings: Settings = [], run: RunPath = None, verbose: Verbose = False) -> None:  # noqa: B006
        from pipeline.recipe import load_recipe
        from pipeline.run.folder import open_run, run_folder
        from pipeline.stages.execute import run_one

        console = _terminal()
        loaded = load_recipe(recipe, settings)
        with open_run(loaded, run_folder(loaded, run), console, verbose) as opened:
            if not run_one(opened, name):
                console.print(f"stage {name} is complete; nothing to do", highlight=False)

    app.command(name, help=text)(command)


for _name, _text in (
    ("models", "Plan the problems and make the tiny models that the recipe asks for."),
    ("rollout", "The teacher's episodes; groups are built meanwhile."),
    ("groups", "Preference groups of all finished blocks."),
    ("reference", "Reference log-probabilities, once per distinct chain."),
    ("train", "Every arm."),
    ("evaluate", "Teacher, base and every arm on the held-out problems."),
    ("report", "report/index.html and report/summary.json."),
):
    _stage_command(_name, _text)


@app.command()
def status(run: ExistingRun) -> None:
    """How far a run is, from another shell."""
    from pipeline.commands.status import show_status

    show_status(run, _terminal())


@app.command()
def verify(run: ExistingRun) -> None:
    """Every hash and every invariant of a run."""
    from pipeline.commands.verify import verify_run

    verify_run(run, _terminal())


@app.command("inspect")
def inspect_command(
    run: ExistingRun,
    family: Annotated[str, typer.Option(help="Only problems of this family.")] = "",
    suite: Annotated[str, typer.Option(help="Only this suite.")] = "",
    arm: Annotated[str, typer.Option(help="Only where this arm's attempt passes the filter.")] = "",
    problem: Annotated[str, typer.Option(help="Only this problem's id.")] = "",
    outcome: Annotated[str, typer.Option(help="right, wrong, truncated or infrastructure.")] = "",
    code: Annotated[str, typer.Option(help="An error code, as answer_wrong.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Problems shown at most.")] = 5,
) -> None:
    """Problems with the chains of all arms side by side, the first difference marked."""
    from pipeline.commands.inspection import chain_filter, inspect_run

    wanted = chain_filter(outcome=outcome, code=code, family=family, suite=suite, arm=arm, problem=problem)
    inspect_run(run, wanted, limit, _terminal())


@app.command("diff")
def diff_command(
    before: Annotated[Path, typer.Argument(metavar="RUN_A", help="A run's folder.")],
    after: Annotated[Path, typer.Argument(metavar="RUN_B", help="Another run's folder.")],
) -> None:
    """What changed between two runs: data, accuracies, problems that flipped."""
    from pipeline.commands.inspection import diff

    diff(before, after, _terminal())


@app.command()
def export(
    run: ExistingRun,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write; it must not be there yet.")],
    form: Annotated[str, typer.Option("--format", metavar="NAME", help="trl, sharegpt or openai.")] = "trl",
    max_pairs: Annotated[int, typer.Option(min=0, help="Pairs of a problem at most; 0: all.")] = 0,
) -> None:
    """Materialised pairs for other trainers, as JSON lines."""
    from pipeline.commands.export import export_pairs

    export_pairs(run, out, form, max_pairs, _terminal())


@app.command()
def problems(
    family: Annotated[str, typer.Argument(metavar="FAMILY", help="A family, all of them (all), or a recipe's .toml.")],
    show: Annotated[int | None, typer.Option(min=1, help="How many to print; 5, or none with --check.")] = None,
    check: Annotated[int, typer.Option(min=0, help="Verify so many of each family instead.")] = 0,
    split: Annotated[str, typer.Option(help="train (printed unless given), validation, test or variant-KIND.")] = "",
    seed: Annotated[int, typer.Option(help="Of the generator.")] = 0,
    difficulty: Annotated[tuple[int, int], typer.Option(help="Least and greatest; 1 2, or 1 8 with --check.")] = (0, 0),
    path: Annotated[str, typer.Option(metavar="FILE", help="Rows of an imported family, as gsm8k.")] = "",
) -> None:
    """Show problems of a family, each with its gold chain executed; or check many: gold answers in a cross-check, gold
    chains in every call format."""
    from pipeline.commands.problems import check_families, checked_split, chosen_families, show_problems

    console, split = _terminal(), checked_split(split)
    given = difficulty if difficulty != (0, 0) else (1, 8) if check else (1, 2)
    families = chosen_families(family, path, seed, given)
    if show or not check:
        show_problems(families, split or "train", show or 5, console)
    if check:
        check_families(families, split, check, console)


@app.command("sweep")
def sweep_command(
    recipe: RecipePath,
    settings: Settings = [],  # noqa: B006
    folder: Annotated[Path | None, typer.Option("--run", metavar="DIR", help="The sweep's folder.")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="RUN", help="A run to take models, episodes and groups over from.")
    ] = None,
    verbose: Verbose = False,
) -> None:
    """A recipe with a [sweep]: many arms in few runs, going on where it was left, and one table."""
    from pipeline.sweep.points import load_sweep
    from pipeline.sweep.run import run_sweep, show_sweep, sweep_folder

    console = _terminal()
    plan = load_sweep(recipe, settings)
    where = sweep_folder(plan, folder)
    if not run_sweep(plan, where, source, console, verbose):
        console.print("the sweep is complete; nothing to do", highlight=False)
    show_sweep(where, console)


@app.command("plan")
def plan_recipe(
    recipe: RecipePath,
    settings: Settings = [],  # noqa: B006
    cluster: Annotated[Path | None, typer.Option("--cluster", metavar="FILE", help="The nodes, as TOML.")] = None,
    address: Annotated[str, typer.Option(metavar="ADDRESS", help="A Ray cluster to ask for its nodes.")] = "",
    price: Annotated[float | None, typer.Option(min=0, help="Of a GPU (of a node without any) for an hour.")] = None,
    prices: Annotated[Path | None, typer.Option(metavar="FILE", help="Prices by GPU type and kind of node.")] = None,
    probe: Annotated[bool, typer.Option("--probe", help="Measure this machine first, for some seconds.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON: bytes, seconds, tokens.")] = False,
) -> None:
    """What a recipe would place where: memory, time, storage, money, and what does not fit. Starts nothing."""
    from pipeline.commands.plan import Asked, plan_command

    asked = Asked(
        recipe=recipe,
        settings=settings,
        cluster=cluster,
        address=address,
        price=price,
        prices=prices,
        probe=probe,
        json=as_json,
    )
    plan_command(asked, _terminal())


@app.command("submit")
def submit_run(
    recipe: RecipePath,
    settings: Settings = [],  # noqa: B006
    run: Annotated[
        Path | None, typer.Option("--run", metavar="DIR", help="The run's folder, as all nodes see it.")
    ] = None,
    address: Annotated[
        str,
        typer.Option(metavar="URL", help="The job server, as http://HOST:8265; default: RAY_ADDRESS, this machine."),
    ] = "",
    name: Annotated[
        str, typer.Option("--id", metavar="NAME", help="Submission id; default: of the run's name, recipe and folder.")
    ] = "",
    working_dir: Annotated[
        Path, typer.Option("--working-dir", metavar="DIR", help="The folder whose files are sent along.")
    ] = Path("."),
    python: Annotated[str, typer.Option(metavar="PATH", help="Python on the cluster.")] = "python",
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Show what the job prints until it ends.")
    ] = True,
    verbose: Verbose = False,
) -> None:
    """A run as a job of a Ray cluster; the same submission twice runs once, and one that was stopped goes on."""
    from pipeline.remote.submit import Asked, submit_command

    asked = Asked(
        address=address,
        id=name,
        run=run,
        working_dir=working_dir,
        python=python,
        follow=follow,
        verbose=verbose,
    )
    submit_command(recipe, settings, asked, _terminal())


@app.command()
def doctor() -> None:
    """Is this machine fit: versions, devices, memory, disk, ports."""
    from pipeline.commands.doctor import examine

    examine(_terminal())


k8s_app = typer.Typer(help="Manifests for Kubernetes.")
app.add_typer(k8s_app, name="k8s")


@k8s_app.command("render")
def k8s_render(
    recipe: RecipePath,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A folder that is not there yet, or empty.")],
    cluster: Annotated[Path | None, typer.Option(metavar="FILE", help="The nodes; see recipes/clusters.")] = None,
    overlays: Annotated[
        list[str], typer.Option("--overlay", metavar="NAME", help="interactive, keep-failed, kueue or monitoring.")
    ] = [],  # noqa: B006
    image: Annotated[str, typer.Option(help="With a tag or a digest; default: as k8s/image/build names it.")] = "",
    namespace: Annotated[str, typer.Option(help="Kubernetes namespace.")] = "chainpref",
    storage_class: Annotated[str, typer.Option(help="Of the claim; default: the cluster's.")] = "",
    settings: Settings = [],  # noqa: B006
) -> None:
    """Manifests of a run, sized by its plan; then `kubectl apply -k DIR`."""
    from pipeline.k8s.render import render_planned
    from pipeline.k8s.request import Rendering

    wanted = Rendering(out=out, image=image, namespace=namespace, overlays=overlays, storage_class=storage_class)
    render_planned(recipe, settings, cluster, wanted, _terminal())


def _terminal() -> Console:
    """The command's own console, on a descriptor of its own: libraries' output is redirected while stages work."""
    return Console(file=os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8"))


def main() -> None:
    """Entry point of the console script; ends the process with the exit status of the command."""
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        # Typer turns Ctrl-C into a return value, which nobody would look at.
        if app(standalone_mode=False) == _INTERRUPTED:
            _interrupted(errors)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _leave(141)
    except ChainprefError as error:
        errors.print(f"chainpref: {error}", markup=False)
        _leave(error.exit_status)
    except (KeyboardInterrupt, typer.Abort):
        _interrupted(errors)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        errors.print(
            f"chainpref: {error.strerror}: {error.filename or 'the run'}; make room and run again", markup=False
        )
        _leave(1)
    except Exception as error:
        # Typer brings its own copy of click's exceptions; that they say a usage error is what tells them.
        usage = getattr(error, "format_message", None)
        if usage is None:
            raise
        errors.print(f"chainpref: {usage()}; see chainpref --help", markup=False)
        _leave(2)


def _interrupted(errors: Console) -> None:
    errors.print("chainpref: interrupted; the same command goes on from here", markup=False)
    _leave(_INTERRUPTED)


def _leave(status: int) -> None:
    sys.stdout.flush()
    raise SystemExit(status)

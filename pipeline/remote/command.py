"""The command group `chainpref jobs`. Each command imports what it needs when it runs."""

from typing import Annotated

import typer
from typer import Option

from pipeline.options import Address
from pipeline.terminal import terminal

jobs_app = typer.Typer(help="List, follow and stop the jobs of `chainpref submit`.")
JobId = Annotated[str, typer.Argument(metavar="ID", help="Id of a job: its newest attempt. Or of a later attempt.")]


@jobs_app.command("list")
def jobs_list(address: Address = "") -> None:
    """List the jobs of a Ray cluster, the newest last."""
    from pipeline.remote.jobs import list_jobs, server_at

    list_jobs(server_at(address), terminal())


@jobs_app.command("status")
def jobs_status(job: JobId, address: Address = "") -> None:
    """Show how a job is, and the commands that go on with it."""
    from pipeline.remote.jobs import server_at, show_job

    show_job(server_at(address), job, terminal())


@jobs_app.command("logs")
def jobs_logs(
    job: JobId,
    address: Address = "",
    follow: Annotated[bool, Option("--follow", help="Go on until the job ends; exit status 1 where it fails.")] = False,
) -> None:
    """Show what a job has printed."""
    from pipeline.remote.jobs import server_at, show_log

    show_log(server_at(address), job, follow, terminal())


@jobs_app.command("stop")
def jobs_stop(job: JobId, address: Address = "") -> None:
    """Stop a job, and wait until it has ended.

    What is committed stays, and the same `chainpref submit` goes on.
    """
    from pipeline.remote.jobs import server_at, stop_job

    stop_job(server_at(address), job, terminal())

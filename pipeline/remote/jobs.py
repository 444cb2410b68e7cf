"""`chainpref jobs`: what became of submitted runs, their logs, and their end, through the client that submits them."""

import time

from rich.console import Console

from cluster.errors import RequestError, WorkError
from cluster.jobs.submission import JobAttempt, JobServer, address_of, send_token
from pipeline.remote.submit import STOP_S, check_success, following

_ENDING_S = STOP_S + 30
"""How long a stopped job may take to be over: Ray ends it by force after `STOP_S`."""


def server_at(address: str) -> JobServer:
    """The job server at `address`, or where the environment says, asked with the token that lies at hand."""
    send_token()
    return JobServer(address_of(address))


def list_jobs(server: JobServer, console: Console) -> None:
    """A line for each attempt, the newest last."""
    jobs = server.attempts()
    if not jobs:
        console.out(f"no jobs on {server.address}")
        return
    rows = [("id", "status", "started", "took", "run")]
    rows += [(job.id, job.status, _clock(job.began_s), _took(job), job.folder or "-") for job in jobs]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:  # no table: an id is copied whole, however narrow the terminal is
        console.out("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def show_job(server: JobServer, name: str, console: Console) -> None:
    """How the newest attempt of a job is, and what to do about it."""
    job = known_job(server, name)
    where = f"; its run is {job.folder}" if job.folder else ""
    console.out(f"job {job.id} is {job.status}, started {_clock(job.began_s)}, took {_took(job)}{where}")
    if not job.over:
        console.out(*following(server, job), sep="\n")
        return
    try:
        check_success(job)
    except WorkError as error:
        console.out(str(error))


def show_log(server: JobServer, name: str, follow: bool, console: Console) -> None:
    """What the newest attempt of a job has printed, and with `follow` what it prints until it is over. Raises WorkError
    when it was followed and has not succeeded."""
    job = known_job(server, name)
    if not follow:
        console.out(server.log(job.id), end="")
        return
    check_success(server.follow(job.id, lambda text: console.out(text, end="")))
    console.out(f"job {job.id} succeeded")


def stop_job(server: JobServer, name: str, console: Console) -> None:
    """Stop the newest attempt of a job, and wait for its end. Raises WorkError when it does not end."""
    job = known_job(server, name)
    if job.over:
        console.out(f"job {job.id} is {job.status} already; nothing to stop")
        return
    console.out(f"stopping job {job.id}: its driver has {STOP_S} seconds")
    server.stop(job.id)
    until = time.monotonic() + _ENDING_S
    while not (job := server.attempt(job.id)).over:
        if time.monotonic() > until:
            raise WorkError(
                f"job {job.id} is {job.status} still, {_ENDING_S} s after it was asked to stop; stop it again"
            )
        time.sleep(0.5)
    console.out(
        f"job {job.id} is {job.status}; what is committed stays, and the same `chainpref submit` goes on from it"
    )


def known_job(server: JobServer, name: str) -> JobAttempt:
    """The newest attempt of the job `name`, or the attempt that has exactly that id and is a later one. Raises
    RequestError where there is neither."""
    jobs = server.attempts()
    of_job = [job for job in jobs if job.job == name]
    exact = [job for job in jobs if job.id == name]
    if not of_job and not exact:
        newest = ", ".join(job.id for job in jobs[-3:])
        there = f"the last ones are {newest}; see `chainpref jobs list`" if newest else "it has none at all"
        raise RequestError(f"job {name!r}: {server.address} has no job of that id; {there}")
    return max(of_job, key=lambda job: job.number) if of_job else exact[0]


def _clock(began_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(began_s)) if began_s else "not yet"


def _took(job: JobAttempt) -> str:
    """Whole seconds from start to end, or to now, in words."""
    if not job.began_s:
        return "-"
    seconds = int(max(0.0, (job.ended_s or time.time()) - job.began_s))
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}"

"""`chainpref submit`: submits a run as a job to a Ray cluster, once, and follows it; resumes it after a stop."""

import os
import re
import shlex
from pathlib import Path

import tomli_w
from rich.console import Console

from cluster.errors import RequestError, WorkError
from cluster.jobs.submission import FOLDER, Job, JobAttempt, JobServer, address_of, next_id, send_token
from cluster.jobs.upload import archive, files_to_send
from cluster.shown import one_line
from pipeline.recipe import Recipe
from pipeline.remote.portable import moved, named_files, refuse_unsent_interpreters
from pipeline.run.folder import run_folder
from rollout.records import canonical_json, content_hash

PACKAGES = ("cluster", "rollout", "training", "evaluation", "pipeline")
CODE = Path(__file__).resolve().parents[2]
RECIPE = ".chainpref/recipe.toml"
"""The recipe among the files that are sent with the job."""
STOP_S = 60
"""Seconds between SIGTERM and SIGKILL of a stopped job. Ray's default of 3 is too short for engines to end."""
_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,127}", re.ASCII)
_SHOWN = 20
"""Links that stay here and are named."""
_WAIT_S = 300
"""Seconds that the job waits for the run's lock: an earlier attempt may still be ending."""


def make_job(
    recipe: Recipe,
    *,
    run: Path | None = None,
    working_dir: Path = Path(),
    id: str = "",
    python: str = "python",
    verbose: bool = False,
) -> Job:
    """The job of a run; the same for the same recipe, folder and files.

    `run`: the run's folder. `id`: submission id; "" makes one. Raises RequestError, also without a folder: that of
    the recipe is one of this machine.
    """
    if run is None:
        raise RequestError(
            "--run is missing: name the run's folder on storage that all nodes see under one path, as "
            f"--run /shared/runs/{recipe.run.name}"
        )
    if id and not _ID.fullmatch(id):
        raise RequestError(f"--id {id!r}: use at most 128 letters, digits, dots, dashes or underscores")
    folder = Path(os.path.normpath(run_folder(recipe, run)))
    files, left_out = files_to_send(working_dir)
    for key, path in named_files(recipe, working_dir):
        if not path.startswith("/") and os.path.normpath(path) not in files:
            why = "is left out of what is sent" if (working_dir / path).is_file() else "no such file"
            raise RequestError(
                f"{key} = {path!r}: {why} from --working-dir {working_dir.absolute()}; put it there, or name it by an "
                "absolute path that all nodes see"
            )
    refuse_unsent_interpreters(recipe, working_dir)
    if "pipeline/cli.py" not in files:  # not a checkout: the installed code is sent along
        files |= files_to_send(CODE, PACKAGES).files
    table = moved(recipe, folder.parent)
    content = content_hash(canonical_json({**table, "cluster": {}}), str(folder))[:12]
    command = [python, "-P", "-m", "pipeline.in_job", "run", RECIPE, "--run", str(folder), "--wait", str(_WAIT_S)]
    return Job(
        id=id or f"chainpref-{recipe.run.name}-{content}",
        content=content,
        command=shlex.join([*command, *(["--verbose"] if verbose else [])]),
        package=archive(files, {RECIPE: tomli_w.dumps(table).encode()}),
        environment={"RAY_JOB_STOP_WAIT_TIME_S": str(STOP_S)},
        metadata={"chainpref.run": recipe.run.name, FOLDER: str(folder)},
        left_out=left_out,
    )


def submit_job(job: Job, address: str, follow: bool, console: Console) -> None:
    """Submit the job unless it is there already, and follow it. Raises WorkError when it does not succeed."""
    for line in job.left_out[:_SHOWN]:
        console.out(f"not sent: {one_line(line)}")
    if len(job.left_out) > _SHOWN:
        console.out(f"not sent: {len(job.left_out) - _SHOWN} more links")
    send_token()
    server = JobServer(address_of(address))
    attempt = submit(server, job, console)
    hints = following(server, attempt)
    if attempt.over:
        check_success(attempt)
    elif not follow:
        console.out(*hints, sep="\n")
    else:
        try:
            ended = server.follow(attempt.id, lambda text: console.out(text, end=""))
        except KeyboardInterrupt:
            console.out(f"\nnot followed any more; job {attempt.id} goes on", *hints, sep="\n")
            raise
        check_success(ended)
        console.out(f"job {attempt.id} succeeded")


def submit(server: JobServer, job: Job, console: Console) -> JobAttempt:
    """The attempt at `job` that is pending, running or successful; a new one where there is none."""
    while True:
        last = server.last_attempt(job)
        new = next_id(job, last)
        if new is None:
            assert last is not None, "where there is no attempt one is made"
            done = "has succeeded; nothing to do" if last.over else f"is {last.status} already; not started again"
            console.out(f"job {last.id} {done}")
            return last
        if server.start(job, new):
            again = f", goes on after {last.id}, which was {last.status}" if last is not None else ""
            console.out(f"job {new} submitted to {server.address} ({len(job.package) / 1e6:.1f} MB){again}")
            return JobAttempt(id=new, status="PENDING")


def following(server: JobServer, attempt: JobAttempt) -> list[str]:
    """The commands that follow an attempt, and stop it."""
    at = f"--address {server.address} {attempt.id}"
    return [
        f"follow: chainpref jobs logs --follow {at} (or the same `chainpref submit` again)",
        f"stop:   chainpref jobs stop {at}",
    ]


def check_success(attempt: JobAttempt) -> None:
    """Raise WorkError when the job has not succeeded: what it ended with, and how it goes on."""
    if attempt.status == "SUCCEEDED":
        return
    what = "was stopped" if attempt.status == "STOPPED" else "failed"
    lines = [line.strip() for line in attempt.message.splitlines() if line.strip()] or [""]
    missing = "; no such program on the cluster: see --python" if "exit code 127" in lines[0] else ""
    again = "submitting it again goes on from what is committed"
    if re.search(r"exit code 2\b", lines[0]):  # a wrong request is as wrong the next time
        again = f"mend the cause first ({lines[-1] if len(lines) > 1 else 'its last line'}); {again}"
    raise WorkError(f"job {attempt.id} {what} ({lines[0]}{missing}); {again}")

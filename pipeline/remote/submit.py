"""`chainpref submit`: a run as a job of a Ray cluster, submitted once, followed, gone on with after a stop."""

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tomli_w
from rich.console import Console

from cluster.errors import RequestError, WorkError
from cluster.jobs.submission import Job, JobAttempt, JobServer, address_of, next_id, send_token
from cluster.jobs.upload import archive, files_to_send
from pipeline.recipe import Recipe, load_recipe
from pipeline.remote.portable import moved, named_files
from pipeline.run.folder import run_folder
from rollout.records import canonical_json, content_hash

PACKAGES = ("cluster", "rollout", "training", "evaluation", "pipeline")
CODE = Path(__file__).resolve().parents[2]
RECIPE = ".chainpref/recipe.toml"
"""Where the job finds its recipe, among the files that are sent along."""
STOP_S = 60
"""Seconds between SIGTERM and SIGKILL of a stopped job; Ray's own 3 are few for engines to end in."""
_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,127}", re.ASCII)
_WAIT_S = 300
"""For another command on the run: an attempt before may still be ending."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line says beside the recipe."""

    address: str = ""
    id: str = ""
    run: Path | None = None
    working_dir: Path = Path()
    python: str = "python"
    follow: bool = True
    verbose: bool = False


def submit_command(path: Path, settings: Sequence[str], asked: Asked, console: Console) -> None:
    """Check everything here, submit unless it is there already, and follow. Raises WorkError when the job did not
    succeed, RequestError before anything is sent when the request is wrong."""
    send_token()
    recipe = load_recipe(path, settings)
    address, job = address_of(asked.address), make_job(recipe, asked)
    server = JobServer(address)
    attempt = submit(server, job, console)
    if attempt.over:
        _ended(attempt)
    elif not asked.follow:
        _say(console, *_hints(server, attempt))
    else:
        try:
            ended = server.follow(attempt.id, lambda text: _print(console, text))
        except KeyboardInterrupt:
            _say(console, "", f"not followed any more; job {attempt.id} goes on", *_hints(server, attempt))
            raise
        _ended(ended)
        _say(console, f"job {attempt.id} succeeded")


def submit(server: JobServer, job: Job, console: Console) -> JobAttempt:
    """The attempt of `job` that counts: one that is there, or a new one."""
    while True:
        last = server.last_attempt(job)
        new = next_id(job, last)
        if new is None:
            assert last is not None, "where there is no attempt one is made"
            done = "has succeeded; nothing to do" if last.over else f"is {last.status} already; not started again"
            _say(console, f"job {last.id} {done}")
            return last
        if server.start(job, new):
            again = f", goes on after {last.id}, which was {last.status}" if last is not None else ""
            _say(console, f"job {new} submitted to {server.address} ({len(job.package) / 1e6:.1f} MB){again}")
            return JobAttempt(id=new, status="PENDING")


def make_job(recipe: Recipe, asked: Asked) -> Job:
    """The job of a run; the same for the same recipe, folder and files. Raises RequestError."""
    if asked.id and not _ID.fullmatch(asked.id):
        raise RequestError(f"--id {asked.id!r}: use at most 128 letters, digits, dots, dashes or underscores")
    folder = Path(os.path.normpath(run_folder(recipe, asked.run)))
    files = files_to_send(asked.working_dir)
    _refuse_absent(recipe, files, asked.working_dir)
    if "pipeline/cli.py" not in files:  # elsewhere than in a checkout the code travels beside the files
        files |= files_to_send(CODE, PACKAGES)
    table = moved(recipe, folder.parent)
    content = content_hash(canonical_json({**table, "cluster": {}}), str(folder))[:12]
    command = [asked.python, "-P", "-m", "pipeline.in_job", "run", RECIPE, "--run", str(folder), "--wait", str(_WAIT_S)]
    return Job(
        id=asked.id or f"chainpref-{recipe.run.name}-{content}",
        content=content,
        command=shlex.join([*command, *(["--verbose"] if asked.verbose else [])]),
        package=archive(files, {RECIPE: tomli_w.dumps(table).encode()}),
        environment={"RAY_JOB_STOP_WAIT_TIME_S": str(STOP_S)},
        metadata={"chainpref.run": recipe.run.name, "chainpref.folder": str(folder)},
    )


def _refuse_absent(recipe: Recipe, files: Mapping[str, Path], working_dir: Path) -> None:
    """Raise RequestError where the recipe names a file, seen from the working directory, that is not sent."""
    for key, name in named_files(recipe):
        if not name.startswith("/") and os.path.normpath(name) not in files:
            why = "is left out of what is sent" if (working_dir / name).is_file() else "no such file"
            raise RequestError(
                f"{key} = {name!r}: {why} from --working-dir {working_dir.absolute()}; put it there, or name it by an "
                "absolute path that all nodes see"
            )


def _ended(attempt: JobAttempt) -> None:
    """Raise WorkError for whatever is no success."""
    if attempt.status == "SUCCEEDED":
        return
    what = "was stopped" if attempt.status == "STOPPED" else "failed"
    first = next((line.strip() for line in attempt.message.splitlines() if line.strip()), "")
    missing = "; no such program on the cluster: see --python" if "exit code 127" in first else ""
    raise WorkError(f"job {attempt.id} {what} ({first}{missing}); submitting it again goes on from what is committed")


def _hints(server: JobServer, attempt: JobAttempt) -> tuple[str, ...]:
    return (
        f"follow: ray job logs --follow --address {server.address} {attempt.id} (or the same command again)",
        f"stop:   ray job stop --address {server.address} {attempt.id}",
    )


def _say(console: Console, *lines: str) -> None:
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _print(console: Console, text: str) -> None:
    console.out(text, end="", highlight=False)

"""`chainpref export RUN`: writes the preference pairs as JSON lines, for other trainers, and sends them to the Hub."""

import json
import tempfile
from pathlib import Path
from typing import BinaryIO

from rich.console import Console

from cluster.errors import RequestError
from cluster.store.atomic import atomic_file, atomic_folder
from pipeline.export.card import CARD, FILE, Counts, card
from pipeline.export.hub import checked_name, push
from pipeline.export.rows import FORMS, pair_rows
from pipeline.licences import judge_model, licence_of
from pipeline.run.folder import Run, read_run

SUFFIX = ".jsonl"


def export_pairs(
    folder: Path,
    out: Path | None,
    form: str,
    max_pairs: int,
    console: Console,
    to_hub: str = "",
    public: bool = False,
) -> None:
    """Write the pairs, whole or not at all: `out` is a file that ends in .jsonl, or a folder with the card beside
    them. `to_hub`: OWNER/NAME of the data set on the Hub that gets the folder. Raises RequestError for what cannot be
    written, and WorkError from the Hub."""
    if form not in FORMS:
        raise RequestError(f"--format {form}: unknown; there are {', '.join(FORMS)}")
    if out is None and not to_hub:
        raise RequestError(f"--out: name a file that ends in {SUFFIX}, or a folder; or --push OWNER/NAME")
    if out is not None and out.suffix == SUFFIX and to_hub:
        raise RequestError(f"--out {out}: is a file's name, and --push sends a folder; name one, or leave --out out")
    if out is not None and out.exists():
        raise RequestError(f"--out {out}: is there already; name a new file or folder")
    if out is not None and not out.parent.is_dir():
        raise RequestError(f"--out {out}: the folder {out.parent} is not there; make it first")
    run = read_run(folder, console)
    teacher, student = run.recipe.models.teacher, run.recipe.models.student
    judgement = judge_model(teacher.licence, teacher.source, student.source or "the student")
    if to_hub:
        checked_name(to_hub)
        if judgement.allowed is False:
            raise RequestError(f"--push {to_hub}: not sent, the teacher's licence forbids it: {judgement.line}")
    if out is None:
        with tempfile.TemporaryDirectory(prefix="chainpref-export-") as scratch:
            counts = _write_folder(run, Path(scratch), form, max_pairs)
            address = push(Path(scratch), to_hub, public)
    elif out.suffix == SUFFIX:
        with atomic_file(out, replace=False) as file:
            counts = _write(run, file, form, max_pairs)
    else:
        with atomic_folder(out, exist_ok=False) as made:
            counts = _write_folder(run, made, form, max_pairs)
        address = push(out, to_hub, public) if to_hub else ""
    console.out(f"{counts.rows:,} pairs to {out or address}")
    if to_hub and out:
        console.out(f"sent as {address}")
    for name in sorted(counts.changed):
        console.out(f"note: toolbox {name} changed since the run: `tools` shows its functions as they are today")
    forbidden = "FORBIDDEN: " if judgement.allowed is False else ""
    licence = licence_of(teacher.licence, teacher.source)
    console.out(
        f"the teacher's outputs are under {licence!r}. {forbidden}{judgement.line}",
        style="bold red" if forbidden else None,
    )


def _write_folder(run: Run, folder: Path, form: str, max_pairs: int) -> Counts:
    with (folder / FILE).open("wb") as file:
        counts = _write(run, file, form, max_pairs)
    (folder / CARD).write_text(card(run, form, counts), encoding="utf-8")
    return counts


def _write(run: Run, file: BinaryIO, form: str, max_pairs: int) -> Counts:
    counts = Counts()
    for pair in pair_rows(run, form, max_pairs):
        file.write(json.dumps(pair.row, ensure_ascii=False).encode() + b"\n")
        counts.add(pair)
    if not counts.rows:
        raise RequestError(f"run {run.folder}: has no pairs yet; `chainpref groups` makes them")
    return counts

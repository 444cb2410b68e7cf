"""The card of an exported data set: README.md, with the front matter that `datasets` and the Hub read."""

import importlib.metadata
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.export.rows import Pair
from pipeline.export.shown import has_changed
from pipeline.licences import judge_model, licence_of
from pipeline.run.folder import Run
from rollout.prompts.native_template import NATIVE

FILE, CARD = "train.jsonl", "README.md"
_HUB_LICENCES = re.compile(
    r"apache-2\.0|mit|bsd(-[23]-clause)?|isc|unlicense|cc0-1\.0|cc-by-[234]\.0|cc-by-(sa|nc|nc-sa)-[34]\.0|cc-by-nd-4\.0|"
    r"cc-by-nc-nd-4\.0|gpl-3\.0|mpl-2\.0|odc-by|odbl|openrail|llama(2|3|3\.[123]|4)|gemma|unknown"
)
"""The Hub's own names of licences, as far as teachers and problems are likely to have them."""
_COLUMNS = {
    "prompt": "the problem as a user's message; with pairs of steps, also what both chains share",
    "chosen": "what the right chain goes on with: all of its messages, or one reply where a row compares replies",
    "rejected": "what the wrong chain goes on with",
    "tools": "the functions that could be called, as JSON schemas",
    "input": "`messages` (the problem and the steps that both chains share), `tools` and `parallel_tool_calls`",
    "preferred_output": "the assistant message with which the right chain goes on",
    "non_preferred_output": "the one with which the wrong chain goes on",
    "conversations": "the problem and the steps that both chains share",
}

_TEXT = """\
---
{front}
---

# {name}: preference pairs of function-calling chains

A teacher attempted each problem many times by calling functions, which were executed. The outcome labelled each chain
right or wrong; a row prefers what a right chain did over what a wrong one did.

## How it was made

{made}

## What it holds

{rows:,} rows of {problems:,} problems.

{families}

{errors}

## Columns

{columns}

## Licence

The chains are outputs of the teacher, which is under {licence}: {terms}.

The problems are under {of_problems}.
"""


@dataclass
class Counts:
    """What a data set holds, counted while it is written."""

    rows: int = 0
    problems: set[str] = field(default_factory=set)
    families: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    licences: set[str] = field(default_factory=set)
    """Of the problems."""
    native: bool = False
    columns: tuple[str, ...] = ()
    revisions: set[str] = field(default_factory=set)
    """Of the models that wrote the chains."""

    changed: set[str] = field(default_factory=set)
    """Toolboxes whose functions are not those any more that the chains were made with."""

    def add(self, pair: Pair) -> None:
        self.rows += 1
        self.problems.add(pair.problem.id)
        self.families[pair.problem.family] += 1
        self.errors[pair.wrong.error.value if pair.wrong.error else "none"] += 1
        self.licences.add(pair.problem.licence)
        self.native |= pair.right.call_format == NATIVE
        self.columns = tuple(dict.fromkeys([*self.columns, *pair.row]))
        if "input" in pair.row and has_changed(pair.right, pair.problem):
            self.changed.add(pair.problem.toolbox)
        self.revisions |= {pair.right.producer.revision, pair.wrong.producer.revision}


def card(run: Run, form: str, counts: Counts) -> str:
    """README.md: licence, how the data was made, counts and columns."""
    from huggingface_hub import DatasetCardData

    recipe = run.recipe
    teacher, student = recipe.models.teacher, recipe.models.student
    licence = licence_of(teacher.licence, teacher.source)
    of_hub = hub_licence(licence)
    front = DatasetCardData(
        license=of_hub,
        license_name=_slug(licence) if of_hub == "other" else None,
        language=["en"],
        task_categories=["text-generation"],
        tags=["preference", "dpo", "function-calling", "chainpref", *(["trl"] if form == "trl" else [])],
        size_categories=[size_category(counts.rows)],
        pretty_name=f"{recipe.run.name}: chains of function calls",
        configs=[{"config_name": "default", "data_files": [{"split": "train", "path": FILE}]}],
        dataset_info={"features": features(form, counts)},
    )
    whole = form == "trl" and recipe.groups.pairs != "steps"
    made = {
        "run": run.id,
        "teacher": _name(teacher.source),
        "its revision": ", ".join(sorted(counts.revisions)),
        "student that the chains were rendered for": recipe.models.student_name,
        "call format": recipe.episodes.call_format,
        "attempts at a problem": f"{recipe.rollout.samples}, temperature {recipe.rollout.temperature:g}",
        "a row compares": "two whole chains" if whole else "two replies, at the first step where two chains part",
        "pairs": recipe.groups.pairs,
        "functions": f"{', '.join(sorted(counts.changed))}: as they are today, not as the chains were made with"
        if counts.changed
        else "as the chains were made with",
        "made with": f"chainpref {importlib.metadata.version('chainpref')}, form `{form}`",
    }
    return _TEXT.format(
        front=front.to_yaml().strip(),
        name=recipe.run.name,
        made=_table("what", "value", made),
        rows=counts.rows,
        problems=len(counts.problems),
        families=_table("family", "rows", dict(sorted(counts.families.items()))),
        errors=_table("why the rejected chain went wrong", "rows", dict(counts.errors.most_common())),
        columns=_table("column", "what it holds", {f"`{name}`": _COLUMNS[name] for name in counts.columns}),
        licence=licence,
        terms=judge_model(teacher.licence, teacher.source, student.source or "the student").line,
        of_problems=", ".join(sorted(counts.licences)),
    )


def hub_licence(licence: str) -> str:
    """The Hub's name of a licence; `other` for one that it has no name for, `unknown` where nobody said one."""
    slug = _slug(licence)
    return slug if _HUB_LICENCES.fullmatch(slug) else "other"


def size_category(rows: int) -> str:
    """The Hub's name of a number of rows."""
    marks = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")
    for power, mark in enumerate(marks, start=3):
        if rows < 10**power:
            return f"{marks[power - 4]}<n<{mark}" if power > 3 else f"n<{mark}"
    return "n>1T"


def features(form: str, counts: Counts) -> list[dict[str, Any]]:
    """The columns' types as `datasets` writes them. Objects with keys of their own (arguments, schemas) are JSON:
    Arrow would otherwise give every row the keys of all, or refuse them."""
    if form == "openai":
        return [
            {"name": "input", "dtype": "json"},
            {"name": "preferred_output", "list": "json"},
            {"name": "non_preferred_output", "list": "json"},
        ]
    if form == "sharegpt":
        tools = [{"name": "tools", "dtype": "string"}] if "tools" in counts.columns else []
        sides = [{"name": side, "struct": _texts("from", "value")} for side in ("chosen", "rejected")]
        return [{"name": "conversations", "list": _texts("from", "value")}, *sides, *tools]
    if counts.native:
        return [{"name": name, "list": "json"} for name in ("prompt", "chosen", "rejected", "tools")]
    return [{"name": name, "list": _texts("role", "content")} for name in ("prompt", "chosen", "rejected")]


def _texts(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "dtype": "string"} for name in names]


def _name(source: str) -> str:
    """A model's name for others: of a folder only its last part, which names nothing of this machine."""
    return source.removeprefix("hub:") if source.startswith("hub:") else Path(source).name or "a tiny model of the run"


def _slug(licence: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", licence.lower()).strip("-") or "unknown"


def _table(one: str, other: str, rows: Mapping[str, str | int]) -> str:
    lines = [f"| {one} | {other} |", "|---|---|"]
    for key, value in rows.items():
        cell = f"{value:,}" if isinstance(value, int) else value.replace("|", "\\|").replace("\n", " ")
        lines.append(f"| {key} | {cell} |")
    return "\n".join(lines)

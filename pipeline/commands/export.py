"""`chainpref export RUN`: the pairs, materialised, for trainers that want them so.

`trl` takes whole chains as conversations. `openai` and `sharegpt` have room for one assistant message a side, so a
pair is given there at the first step where its chains part, with what they share as its history; pairs that become
the same are written once.
"""

import json
from collections.abc import Callable, Iterator
from itertools import islice, product
from pathlib import Path
from typing import Any

from rich.console import Console

from cluster.engine.model_source import local_tokenizer
from cluster.errors import RequestError
from cluster.store.atomic import atomic_file
from pipeline.licences import judge_model, licence_of
from pipeline.run.folder import Run, read_run
from pipeline.run.models import model_source
from pipeline.run.workload import read_workload
from rollout.data import layout
from rollout.data.shards import decode_rows, read_rows
from rollout.formats import load_format
from rollout.hosts.episode_units import block_name
from rollout.prompts.native_template import NATIVE, tools_of
from rollout.prompts.rendering import shown_toolbox
from rollout.prompts.template import ChatTemplate
from rollout.records import Episode, PreferenceGroup

Row = dict[str, Any]
Messages = list[dict[str, str]]


def export_pairs(folder: Path, out: Path, form: str, max_pairs: int, console: Console) -> None:
    """Write the pairs as JSON lines, whole or not at all. Raises RequestError for what cannot be written."""
    if form not in _FORMS:
        raise RequestError(f"--format {form}: unknown; there are {', '.join(_FORMS)}")
    if out.exists():
        raise RequestError(f"--out {out}: is there already; name a new file")
    if not out.parent.is_dir():
        raise RequestError(f"--out {out}: the folder {out.parent} is not there; make it first")
    run = read_run(folder, console)
    written = 0
    with atomic_file(out, replace=False) as file:
        for row in _rows(run, _FORMS[form], max_pairs):
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            written += 1
        if not written:
            raise RequestError(f"run {folder}: has no pairs yet; `chainpref groups` makes them")
    console.print(f"{written:,} pairs to {out}", highlight=False, soft_wrap=True)
    models = run.recipe.models
    teacher = models.teacher
    judgement = judge_model(teacher.licence, teacher.source, models.student.source or "the student")
    forbidden = "FORBIDDEN: " if judgement.allowed is False else ""
    console.print(
        f"the teacher's outputs are under {licence_of(teacher.licence, teacher.source)!r}. {forbidden}{judgement.line}",
        highlight=False,
        markup=False,
        soft_wrap=True,
        style="bold red" if forbidden else None,
    )


def _rows(run: Run, form: Callable[[Messages, Messages, Messages], Row], max_pairs: int) -> Iterator[Row]:
    role = ChatTemplate.from_model(local_tokenizer(model_source(run, "base"))).result_role.value
    episodes = _EpisodesOfBlocks(run)
    for group in read_rows(PreferenceGroup, run.ledger(layout.groups(run.student))):
        prompt = [{"role": "user", "content": group.prompt_text}]
        seen: set[str] = set()
        pairs = product(group.right, group.wrong)
        for right, wrong in islice(pairs, max_pairs or None):
            best = episodes.find(group, right.episodes[0])
            chosen = _messages(best, role)
            rejected = _messages(episodes.find(group, wrong.episodes[0]), role)
            row = _with_functions(form(prompt, chosen, rejected), best)
            key = json.dumps(row, sort_keys=True)
            if row and key not in seen:
                seen.add(key)
                yield row


def _with_functions(row: Row, episode: Episode) -> Row:
    """The row with the functions that were offered, where they do not stand in the prompt's text."""
    if episode.call_format != NATIVE or not row:
        return row
    tools = tools_of(shown_toolbox(episode), episode.verbosity)
    if "input" in row:
        return {**row, "input": {**row["input"], "tools": tools}}
    return {**row, "tools": json.dumps(tools, ensure_ascii=False) if "conversations" in row else tools}


def _trl(prompt: Messages, chosen: Messages, rejected: Messages) -> Row:
    return {"prompt": prompt, "chosen": chosen, "rejected": rejected}


def _openai(prompt: Messages, chosen: Messages, rejected: Messages) -> Row:
    shared, one, other = _parting(chosen, rejected)
    if one is None or other is None:
        return {}
    return {"input": {"messages": prompt + shared}, "preferred_output": [one], "non_preferred_output": [other]}


def _sharegpt(prompt: Messages, chosen: Messages, rejected: Messages) -> Row:
    shared, one, other = _parting(chosen, rejected)
    if one is None or other is None:
        return {}
    names = {"user": "human", "assistant": "gpt", "tool": "observation"}
    return {
        "conversations": [{"from": names[m["role"]], "value": m["content"]} for m in prompt + shared],
        "chosen": {"from": "gpt", "value": one["content"]},
        "rejected": {"from": "gpt", "value": other["content"]},
    }


_FORMS: dict[str, Callable[[Messages, Messages, Messages], Row]] = {
    "trl": _trl,
    "openai": _openai,
    "sharegpt": _sharegpt,
}


def _parting(one: Messages, other: Messages) -> tuple[Messages, dict[str, str] | None, dict[str, str] | None]:
    """What two chains share, and the first messages that differ; None where they do not part in a reply."""
    shared = 0
    while shared < min(len(one), len(other)) and one[shared] == other[shared]:
        shared += 1
    if shared >= min(len(one), len(other)) or one[shared]["role"] != "assistant":
        return one[:shared], None, None
    return one[:shared], one[shared], other[shared]


def _messages(episode: Episode, result_role: str) -> Messages:
    """Replies and results of an episode; the last reply has no results after it."""
    call_format = load_format(episode.call_format)
    messages: Messages = []
    for index, step in enumerate(episode.steps):
        messages.append({"role": "assistant", "content": step.text})
        if index < len(episode.steps) - 1:
            messages.append({"role": result_role, "content": call_format.render_results(step.results)})
    return messages


class _EpisodesOfBlocks:
    """Episodes by problem and sample, one block in memory at a time: groups come in blocks too."""

    def __init__(self, run: Run) -> None:
        self._ledger = run.ledger(layout.EPISODES)
        self._block_of = {name: unit.block for unit in read_workload(run).episode_units for name in unit.problem_ids}
        self._block = -1
        self._episodes: dict[tuple[str, int], Episode] = {}

    def find(self, group: PreferenceGroup, sample: int) -> Episode:
        block = self._block_of[group.problem_id]
        if block != self._block:
            self._block = block
            self._episodes = {
                (episode.problem_id, episode.sample): episode
                for name, commit in self._ledger.history().items()
                if name.startswith(block_name(block)) and not commit.skipped
                for episode in list(decode_rows(Episode, self._ledger.read(commit)))
            }
        return self._episodes[group.problem_id, sample]

"""`chainpref export RUN`: writes the preference pairs as JSON lines, for other trainers.

`trl` takes whole chains as conversations. `openai` and `sharegpt` hold one assistant message a side: a pair is written
at the first step where its chains differ, with the steps before it as history. Pairs that become equal by this are
written once.
"""

import json
from collections.abc import Iterator
from itertools import islice, product, takewhile
from pathlib import Path
from typing import Any

from rich.console import Console

from cluster.engine.model_source import local_tokenizer
from cluster.errors import RequestError
from cluster.store.atomic import atomic_file
from pipeline.licences import judge_model, licence_of
from pipeline.run.folder import Run, read_run
from pipeline.run.models import model_source
from pipeline.run.rollouts import Rollouts
from rollout.data import layout
from rollout.data.shards import read_rows
from rollout.formats import load_format
from rollout.prompts.native_template import NATIVE, tools_of
from rollout.prompts.rendering import shown_toolbox
from rollout.prompts.template import ChatTemplate
from rollout.records import Episode, PreferenceGroup

FORMS = ("trl", "openai", "sharegpt")
Row = dict[str, Any]
Messages = list[dict[str, str]]
_SHAREGPT_ROLES = {"user": "human", "assistant": "gpt", "tool": "observation"}


def export_pairs(folder: Path, out: Path, form: str, max_pairs: int, console: Console) -> None:
    """Write the pairs as JSON lines, whole or not at all. Raises RequestError for what cannot be written."""
    if form not in FORMS:
        raise RequestError(f"--format {form}: unknown; there are {', '.join(FORMS)}")
    if out.exists():
        raise RequestError(f"--out {out}: is there already; name a new file")
    if not out.parent.is_dir():
        raise RequestError(f"--out {out}: the folder {out.parent} is not there; make it first")
    run = read_run(folder, console)
    written = 0
    with atomic_file(out, replace=False) as file:
        for row in _rows(run, form, max_pairs):
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            written += 1
        if not written:
            raise RequestError(f"run {folder}: has no pairs yet; `chainpref groups` makes them")
    console.out(f"{written:,} pairs to {out}")
    teacher, student = run.recipe.models.teacher, run.recipe.models.student
    judgement = judge_model(teacher.licence, teacher.source, student.source or "the student")
    forbidden = "FORBIDDEN: " if judgement.allowed is False else ""
    licence = licence_of(teacher.licence, teacher.source)
    console.out(
        f"the teacher's outputs are under {licence!r}. {forbidden}{judgement.line}",
        style="bold red" if forbidden else None,
    )


def _rows(run: Run, form: str, max_pairs: int) -> Iterator[Row]:
    role = ChatTemplate.from_model(local_tokenizer(model_source(run, "base"))).result_role.value
    rollouts = Rollouts(run)
    for group in read_rows(PreferenceGroup, run.ledger(layout.groups(run.student))):
        prompt = [{"role": "user", "content": group.prompt_text}]
        episodes = rollouts.of(group.problem_id)
        seen: set[str] = set()
        for right, wrong in islice(product(group.right, group.wrong), max_pairs or None):
            best, other = episodes[right.episodes[0]], episodes[wrong.episodes[0]]
            # Native templates show functions apart from the prompt's text, so the row has to name them.
            native = best.call_format == NATIVE
            tools = tools_of(shown_toolbox(best), best.verbosity) if native else None
            row = _row(form, prompt, _messages(best, role), _messages(other, role), tools)
            key = json.dumps(row, sort_keys=True)
            if row and key not in seen:
                seen.add(key)
                yield row


def _row(form: str, prompt: Messages, chosen: Messages, rejected: Messages, tools: Any) -> Row:
    """A pair as a row of the form; empty where the form has one message a side and the chains part elsewhere."""
    offered = {} if tools is None else {"tools": tools}
    if form == "trl":
        return {"prompt": prompt, "chosen": chosen, "rejected": rejected, **offered}
    shared = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(chosen, rejected, strict=False))))
    if shared >= min(len(chosen), len(rejected)) or chosen[shared]["role"] != "assistant":
        return {}
    history, one, other = prompt + chosen[:shared], chosen[shared], rejected[shared]
    if form == "openai":
        return {
            "input": {"messages": history, **offered},
            "preferred_output": [one],
            "non_preferred_output": [other],
        }
    return {
        "conversations": [{"from": _SHAREGPT_ROLES[m["role"]], "value": m["content"]} for m in history],
        "chosen": {"from": "gpt", "value": one["content"]},
        "rejected": {"from": "gpt", "value": other["content"]},
        **({} if tools is None else {"tools": json.dumps(tools, ensure_ascii=False)}),
    }


def _messages(episode: Episode, result_role: str) -> Messages:
    """The assistant messages and results of an episode. The last message has no results."""
    call_format = load_format(episode.call_format)
    messages: Messages = []
    for index, step in enumerate(episode.steps):
        messages.append({"role": "assistant", "content": step.text})
        if index < len(episode.steps) - 1:
            messages.append({"role": result_role, "content": call_format.render_results(step.results)})
    return messages

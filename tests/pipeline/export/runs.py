"""A run up to its groups, made in this process by a script: what its chains hold is known."""

import asyncio
import json
import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from cluster.engine.scripted import ScriptedEngine
from pipeline.recipe import load_recipe
from pipeline.run.folder import Run, open_run
from pipeline.run.workload import make_workload, train_problems
from rollout.data import layout
from rollout.data.shards import ShardWriter
from rollout.episodes.episode import EpisodeSetting, SampleSpec, run_episode
from rollout.formats import CallFormat
from rollout.group_units import GroupWork, build_group_unit
from rollout.prompts.native_template import open_template
from rollout.prompts.template import ChatTemplate
from rollout.records import Call, Episode, Outcome, Problem, Producer
from tests.repository import DATA
from tests.rollout.conversations import tokenizer as plain_tokenizer
from tests.rollout.prompts.native_models import tokenizer

PROSE, THOUGHT = "I do not know.", "<think>What was asked?</think>\n"
SAMPLES = 6
"""0: right. 1: prose, then right. 2: a wrong answer at once. 3: the same call twice, then a wrong answer. 4: a function
that is not there. 5: right, with several calls in the first reply where the format takes them."""


def scripted_run(folder: Path, call_format: str, template: str = "qwen3", *settings: str) -> Run:
    """A run in `folder` whose models have the chat template of that name. Its groups hold right and wrong chains."""
    model = folder.parent / f"{folder.name}-model"
    (tokenizer(template) if template != "plain" else plain_tokenizer()).save_pretrained(str(model))
    (model / "config.json").write_text("{}")
    text = (DATA / "scripted.toml").read_text().replace("MODEL", str(model))
    text = text.replace("samples = 40", f"samples = {SAMPLES}").replace("samples_per_unit = 4", "samples_per_unit = 6")
    recipe = folder.parent / f"{folder.name}.toml"
    recipe.write_text(text)
    changes = [f"episodes.call_format={call_format}", "episodes.max_failed_steps=2", "episodes.verbosity=full"]
    with open_run(load_recipe(recipe, [*changes, *settings]), folder, Console(), False) as run:
        _fill(run, str(model))
    return run


def _fill(run: Run, model: str) -> None:
    workload = make_workload(run)
    problems = {problem.id: problem for problem in train_problems(run)}
    template, call_format = open_template(model, run.recipe.episodes.call_format)
    setting = EpisodeSetting(
        engine=ScriptedEngine(_Script(problems, template, call_format)),
        template=template,
        call_format=call_format,
        config=run.recipe.episodes,
        max_context=65_536,
        producer=Producer(model="teacher", revision="r0", licence="Apache-2.0"),
        generation=run.id,
    )

    async def attempts(names: Sequence[str], samples: range) -> list[Episode]:
        return [
            await run_episode(problems[name], SampleSpec(sample=sample, temperature=1.0), setting)
            for name in names
            for sample in samples
        ]

    for unit in workload.episode_units:
        writer = ShardWriter(Episode)
        made = asyncio.run(attempts(unit.problem_ids, range(unit.sample_start, unit.sample_stop)))
        for episode in made:
            writer.add(episode)
        assert {Outcome.RIGHT, Outcome.WRONG} <= {episode.outcome for episode in made}
        encoded = writer.finish()
        run.ledger(layout.EPISODES).publish(unit.name, encoded.payload, encoded.rows)
        work = GroupWork(
            unit=unit.name,
            run_uri=run.store.uri,
            episode_units=(unit.name,),
            problems=unit.problem_ids,
            student=run.student,
            student_source=model,
            groups=run.recipe.groups,
        )
        build_group_unit(work)


class _Script:
    """What the model replies, by problem, sample and step."""

    def __init__(self, problems: dict[str, Problem], template: ChatTemplate, call_format: CallFormat) -> None:
        self._problems, self._template, self._format = problems, template, call_format

    def __call__(self, prompt: Sequence[int], request_id: str) -> Sequence[int]:
        asked = re.fullmatch(r"(.*)#(\d+)@?.*?\.(\d+)(?:\.\d+)?", request_id)
        assert asked is not None
        gold, sample, step = self._problems[asked[1]].gold_calls, int(asked[2]), int(asked[3])
        wrong = Call(name="finish", arguments=json.dumps({"answer": 10**6}))
        if sample == 1 and step == 0:
            return self._template.encode_reply(PROSE)
        if sample == 2:
            return self._calls([wrong])
        if sample == 3:
            return self._calls([gold[0] if step < 2 else wrong])
        if sample == 4:
            return self._calls([Call(name="guess", arguments="{}") if step == 0 else wrong])
        if sample == 5 and self._template.parallel and self._format.name != "llama" and len(gold) > 1:
            return self._calls([gold[0], gold[0]] if step == 0 else gold[step : step + 1])
        return self._calls(gold[step - (sample == 1) :][:1])

    def _calls(self, calls: Sequence[Call]) -> Sequence[int]:
        return self._template.calls_ids(calls, self._format)

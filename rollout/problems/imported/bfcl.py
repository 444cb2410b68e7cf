"""Family `bfcl`: a category of BFCL v4. The single-turn ones are test problems alone, judged by BFCL's own checker;
those of several turns are in `bfcl_turns`.

Problems whose gold answer contradicts the functions' own schemas are left out: no call is right there.
"""

import json

from cluster.errors import RequestError
from rollout.foreign.bfcl import CATEGORIES, KIND, Question, questions
from rollout.foreign.bfcl_classes import MULTI_TURN
from rollout.problems.config import FamilyConfig
from rollout.problems.drawing import finished
from rollout.problems.imported import bfcl_turns
from rollout.problems.story import Draft, call
from rollout.records import Call, Problem, canonical_json, content_hash
from rollout.toolboxes.loading import load_toolbox
from rollout.toolboxes.schemas.reading import identifier
from rollout.toolboxes.schemas.toolbox import INLINE

LICENCE = "Apache-2.0"


def collect(config: FamilyConfig, split: str) -> list[Problem]:
    """As many test problems of the category as `config` asks for, in an order drawn from its seed. Raises RequestError
    for another split, an unknown category, and more problems than it has."""
    if config.task in MULTI_TURN:
        return bfcl_turns.collect(config, split)
    if split != "test":
        if config.count(split) or split.startswith("variant-"):
            raise RequestError(f"bfcl: no split {split!r}: it is a benchmark, and all of it is test")
        return []
    if not config.task:
        raise RequestError(
            f"family 'bfcl': task is missing; name a category, one of {', '.join((*CATEGORIES, *MULTI_TURN))}"
        )
    found = [each for each in questions(config.task) if not each.fault]
    if config.test > len(found):
        raise RequestError(f"bfcl {config.task}: test = {config.test}, but only {len(found)} problems can be solved")
    chosen = sorted(found, key=lambda each: content_hash(str(config.seed), each.id))[: config.test]
    return [problem_of(each, config) for each in chosen]


def problem_of(question: Question, config: FamilyConfig) -> Problem:
    """A question with its schemas as the toolbox and BFCL's verdict as the checker."""
    toolbox = INLINE + canonical_json(question.schemas)
    finish = load_toolbox(toolbox).finish
    calls = (
        *(Call(name=identifier(each.name), arguments=each.arguments) for each in question.gold),
        call(finish, answer="done"),
    )
    return finished(
        Draft(
            text=question.text,
            gold=canonical_json(
                [{"name": each.name, "arguments": json.loads(each.arguments)} for each in question.gold]
            ),
            gold_calls=calls,
            toolbox=toolbox,
            checker=f"{KIND}:{config.task}:{question.id}",
            template=content_hash(question.id)[:12],
            difficulty=max(1, len(question.gold)),
            nothing_to_do=not question.gold,
        ),
        config.name or f"{KIND}_{config.task}",
        "test",
        source=question.id,
        licence=LICENCE,
    )

"""Our verdicts on attempts at tasks of tau2-bench, through the whole loop, and why they differ from the package's.

`RULES` are what the package does otherwise. A disagreement is explained where the part in which the verdicts differ,
the database or what was said, comes out as the package's under rules that are named.
"""

import asyncio
import itertools
import json
import re
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import lru_cache
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from benchmarks.worlds.tau2.attempts import Attempt
from cluster.engine.scripted import ScriptedEngine
from rollout.checkers.said import contains
from rollout.config import EpisodeConfig
from rollout.episodes.episode import EpisodeSetting, SampleSpec, run_episode
from rollout.formats import load_format
from rollout.problems.imported.tau2 import problem_of
from rollout.prompts.template import ChatTemplate
from rollout.records import Call, Episode, ErrorCode, Outcome, Producer, canonical_json
from rollout.toolboxes.toolbox import FINISH

RULES = {
    "schema": "a call that does not fit its function's schema is executed all the same",
    "inside": "what has to be said counts inside a longer word or number, too",
    "commas": "every comma of an answer is dropped, not only those among thousands",
    "spaces": "white space counts as it stands",
    "spelling": "a number that has to be said counts in its own spelling alone, not as 481.50 for 481.5",
}
Judge = Callable[[dict[str, Any]], dict[str, Any]]
"""The package's verdict on an attempt."""
_REFUSED = {
    ErrorCode.UNEXPECTED_ARGUMENT,
    ErrorCode.MISSING_ARGUMENT,
    ErrorCode.MISTYPED_ARGUMENT,
    ErrorCode.OUT_OF_RANGE,
}
_TEMPLATE = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def played(attempt: Attempt) -> Episode:
    """The attempt as an episode of a model that makes one call a reply."""
    form, template, replies = load_format("json"), _template(), list[str]()
    for turn, calls in enumerate(attempt.calls):
        replies += [form.render((call,)) for call in calls]
        if turn == len(attempt.answers):
            break
        replies.append(form.render((Call(name=FINISH, arguments=canonical_json({"answer": attempt.answers[turn]})),)))
    written = [tuple(template.encode_reply(reply)) for reply in replies or ["Let me see."]]
    setting = EpisodeSetting(
        engine=ScriptedEngine(lambda _, request: written[int(request.rpartition(".")[2])]),
        template=template,
        call_format=form,
        config=EpisodeConfig(max_steps=len(written), max_failed_steps=len(written), max_step_tokens=100_000),
        max_context=10_000_000,
        producer=Producer(model="scripted", revision="", licence="CC0-1.0"),
        generation="benchmark",
    )
    problem = problem_of(attempt.task, attempt.domain, "test")
    return asyncio.run(run_episode(problem, SampleSpec(sample=0, temperature=0.0), setting))


def is_right(episode: Episode) -> bool:
    return episode.outcome is Outcome.RIGHT


def plain(attempt: Attempt) -> dict[str, Any]:
    """The attempt as `side` reads it."""
    return {
        "domain": attempt.domain,
        "task": attempt.task.id,
        "turns": [
            [{"name": call.name, "arguments": json.loads(call.arguments)} for call in calls] for calls in attempt.calls
        ],
        "answers": [each if isinstance(each, str) else canonical_json(each) for each in attempt.answers],
        "ended": attempt.ended,
        "whole": attempt.kind == "gold",
    }


def explanation(attempt: Attempt, episode: Episode, theirs: dict[str, Any], judge: Judge) -> tuple[str, ...] | None:
    """The fewest rules under which our verdict is theirs; None where there are none. `judge` asks for another verdict
    of theirs."""
    named = list[str]()
    world_is_right = episode.error is not ErrorCode.STATE_WRONG
    if world_is_right != theirs["db"]:
        accepted = _accepted(attempt, episode)
        if accepted == attempt or judge(plain(accepted))["db"] != world_is_right:
            return None
        named.append("schema")
    told = [
        rules
        for rules in _WORDS
        if all(_says(attempt, each, rules) for each in attempt.task.tells) == theirs["communicate"]
    ]
    return (*named, *told[0]) if told else None


def _accepted(attempt: Attempt, episode: Episode) -> Attempt:
    """The attempt without the calls that our session refused for their schemas."""
    results = iter([result for step in episode.steps for result in step.results])
    kept = list[tuple[Call, ...]]()
    for turn, calls in enumerate(attempt.calls):
        made = [(call, next(results, None)) for call in calls]
        kept.append(tuple(call for call, result in made if result is None or result.error not in _REFUSED))
        if turn < len(attempt.answers):
            next(results, None)
    return replace(attempt, calls=tuple(kept))


def _says(attempt: Attempt, told: str, rules: Collection[str]) -> bool:
    """Whether the answers say a text, with some of the package's rules in place of ours."""
    answer = "\n".join(each if isinstance(each, str) else canonical_json(each) for each in attempt.answers)
    if not rules:
        return contains(answer, told)
    answer, told = answer.lower(), told.lower()
    answer = answer.replace(",", "") if "commas" in rules else re.sub(r"(?<=\d),(?=\d{3})", "", answer)
    if "spaces" not in rules:
        answer, told = (" ".join(each.split()) for each in (answer, told))
    return ("inside" in rules and told in answer) or (
        contains(answer, told) if "spelling" not in rules else re.search(_alone(told), answer) is not None
    )


def _alone(told: str) -> str:
    return rf"(?<![\w.]){re.escape(told)}(?!\w|\.\d)"


_WORDS = [
    rules
    for count in range(len(RULES))
    for rules in itertools.combinations([rule for rule in RULES if rule != "schema"], count)
]


@lru_cache(maxsize=1)
def _template() -> ChatTemplate:
    """A chat template over single bytes."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE(vocab={letter: id for id, letter in enumerate(alphabet)}, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(["<|end|>", *(f"<|{role}|>" for role in ("system", "user", "assistant", "tool"))])
    return ChatTemplate(PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|end|>", chat_template=_TEMPLATE))

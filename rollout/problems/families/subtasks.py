"""Granite's seven subtasks, and abstention: derived from `arithmetic` problems and their gold chains.

`subtask_chaining`    call after call, as it is
`subtask_nested`      the same, the last three calls inside the finish
`subtask_parallel`    two problems at once; the answer is a list
`subtask_names`       which functions are needed? the answer is a list of names
`subtask_parameters`  the arguments of the first call
`subtask_next`        after some calls, the name of the next function
`subtask_response`    after all calls, the answer
`abstention`          a third each: solvable, a number is missing, no function helps

Splits and variant suites are those of `arithmetic`: a derived problem stands where its original stands.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from rollout.episodes.checkers import EITHER_ORDER
from rollout.problems.config import FamilyConfig
from rollout.problems.drawing import Draft, agree, call, finished
from rollout.problems.families import arithmetic
from rollout.records import Call, Problem, content_hash
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.builtin.arithmetic import NEW_NAMES
from rollout.toolboxes.nesting import nested

DEEPEST = 3
"""Calls inside the finish of `subtask_nested`; with more, a reply's brackets stand deeper than its limits allow."""

OTHER_QUESTIONS = (
    "What colour are they?",
    "Where is {n} now?",
    "How old is {n}?",
    "Who made them?",
    "What is the weather like?",
    "When does {n} sleep?",
)


def subtask(kind: str) -> Callable[[FamilyConfig, str], list[Problem]]:
    """The family's `problems` function for one of SUBTASKS, or "abstention"."""

    def problems(config: FamilyConfig, split: str) -> list[Problem]:
        family = "abstention" if kind == "abstention" else f"subtask_{kind}"
        if kind == "parallel":
            doubled = {name: 2 * getattr(config, name) for name in ("train", "validation", "test")}
            originals = arithmetic.problems(config.model_copy(update=doubled), split)
            drafts = [(_parallel(*pair), pair[0]) for pair in zip(originals[::2], originals[1::2], strict=True)]
        else:
            drafts = [(KINDS[kind](problem), problem) for problem in arithmetic.problems(config, split)]
        return [finished(draft, family, split, source=f"from {original.id}") for draft, original in drafts]

    return problems


def _draft(problem: Problem, text: str, gold: Any, calls: tuple[Call, ...], toolbox: str, checker: str) -> Draft:
    return Draft(
        text=text,
        gold=gold,
        calls=calls,
        toolbox=problem.toolbox.replace("arithmetic", toolbox),
        checker=checker,
        template=problem.template,
        difficulty=problem.difficulty,
    )


def _chaining(problem: Problem) -> Draft:
    return _draft(problem, problem.text, json.loads(problem.gold), problem.gold_calls, "arithmetic", "numeric")


def _nested(problem: Problem) -> Draft:
    """The gold chain with its end in one call. An argument that is a result becomes the call that gave it."""
    made: dict[Any, Any] = {}
    before = max(0, len(problem.gold_calls) - 1 - DEEPEST)
    for each, result in list(zip(problem.gold_calls[:-1], _results(problem), strict=True))[before:]:
        arguments = {key: made.pop(value, value) for key, value in json.loads(each.arguments).items()}
        made[result] = nested(each.name, arguments)
    gold, text = json.loads(problem.gold), f"{problem.text} Put calls into calls."
    calls = (*problem.gold_calls[:before], call(problem.gold_calls[-1].name, answer=made.get(gold, gold)))
    return _draft(problem, text, gold, calls, "arithmetic", "numeric")


def _parallel(first: Problem, second: Problem) -> Draft:
    gold = [json.loads(first.gold), json.loads(second.gold)]
    calls = (*first.gold_calls[:-1], *second.gold_calls[:-1], call(first.gold_calls[-1].name, answer=gold))
    draft = _draft(first, f"A: {first.text} B: {second.text}", gold, calls, "subtasks", "exact")
    return replace(draft, template=f"{first.template} & {second.template}")


def _names(problem: Problem) -> Draft:
    gold = sorted({each.name for each in problem.gold_calls[:-1]})
    return _asked(problem, f"{problem.text} Which functions are needed?", gold, "set")


def _parameters(problem: Problem) -> Draft:
    first = problem.gold_calls[0]
    text = f"{problem.text} Which arguments has the first call, {first.name}?"
    # The sum and the product of two numbers are the same in either order.
    either = first.name in ("add", "mul", NEW_NAMES["add"], NEW_NAMES["mul"])
    checker = EITHER_ORDER if either else "exact"
    return _asked(problem, text, json.loads(first.arguments), checker)


def _next(problem: Problem) -> Draft:
    done = int(content_hash(problem.id), 16) % len(problem.gold_calls)
    text = f"{problem.text} {_told(problem, done)}Which function is next in the text?"
    return _asked(problem, text, problem.gold_calls[done].name, "exact")


def _response(problem: Problem) -> Draft:
    text = f"{problem.text} {_told(problem, len(problem.gold_calls) - 1)}Give the answer."
    return _draft(problem, text, json.loads(problem.gold), problem.gold_calls[-1:], "arithmetic", "numeric")


def _abstention(problem: Problem) -> Draft:
    kind = int(content_hash(problem.id), 16) % 3
    text, gold, calls = problem.text, json.loads(problem.gold), problem.gold_calls
    if kind == 1:
        numbers = list(re.finditer(r"\d+", text))
        gone = numbers[int(content_hash(problem.id, "gone"), 16) % len(numbers)]
        text, gold = f"{text[: gone.start()]}some{text[gone.end() :]}", "missing"
    elif kind == 2:
        sentences = re.findall(r"[^.?]+[.?]", text)
        (question,) = (sentence for sentence in sentences if not re.search(r"\d", sentence))
        name = re.findall(r"\b[A-Z][a-z]+\b", " ".join(sentence for sentence in sentences if sentence != question))
        other = OTHER_QUESTIONS[int(content_hash(problem.id, "other"), 16) % len(OTHER_QUESTIONS)]
        text, gold = text.replace(question.strip(), other.format(n=name[-1])), "no function"
    if kind:
        agree(False, text == problem.text, text)
        calls = (call(calls[-1].name, answer=gold),)
    return _draft(problem, text, gold, calls, "abstention", "exact")


def _asked(problem: Problem, text: str, gold: Any, checker: str) -> Draft:
    calls = (call(problem.gold_calls[-1].name, answer=gold),)
    return _draft(problem, text, gold, calls, "subtasks", checker)


def _told(problem: Problem, count: int) -> str:
    """The first `count` gold calls with their results, in words that no call format uses."""
    pairs = zip(problem.gold_calls[:count], _results(problem)[:count], strict=True)
    told = (f"{each.name} of {' and '.join(map(str, json.loads(each.arguments).values()))} is {r}" for each, r in pairs)
    return f"Done: {', '.join(told)}. " if count else ""


def _results(problem: Problem) -> list[Any]:
    """What each gold call but the last gives, by executing it."""
    session = load_toolbox(problem.toolbox).open(problem.state)
    return [json.loads(session.call(each).content) for each in problem.gold_calls[:-1]]


SUBTASKS = ("nested", "chaining", "parallel", "names", "parameters", "next", "response")

KINDS: Mapping[str, Callable[[Problem], Draft]] = {
    "chaining": _chaining,
    "nested": _nested,
    "names": _names,
    "parameters": _parameters,
    "next": _next,
    "response": _response,
    "abstention": _abstention,
}

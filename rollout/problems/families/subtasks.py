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
from typing import Any

import msgspec

from rollout.checkers import EITHER_ORDER
from rollout.problems.config import FamilyConfig
from rollout.problems.drawing import collect, finished
from rollout.problems.families import arithmetic
from rollout.problems.story import Draft, agree, call
from rollout.records import Call, Problem, canonical_json, content_hash
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.builtin.arithmetic import NEW_NAMES
from rollout.toolboxes.nesting import nested

SUBTASKS = ("nested", "chaining", "parallel", "names", "parameters", "next", "response")

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


def derived(config: FamilyConfig, split: str, base: str = "") -> list[Problem]:
    """The problems of a family `subtask_KIND`, or of `abstention`, in `split`."""
    kind = config.family.removeprefix("subtask_")
    each = 2 if kind == "parallel" else 1
    counts = {name: each * getattr(config, name) for name in ("train", "validation", "test")}
    originals = collect(config.model_copy(update=counts), split, "arithmetic", arithmetic.draw, base)
    groups = zip(originals[::each], originals[each - 1 :: each], strict=True)
    return [
        finished(_derived(kind, first, last), config.family, split, source=f"from {first.id}") for first, last in groups
    ]


def _derived(kind: str, problem: Problem, second: Problem) -> Draft:
    """The subtask `kind` of an arithmetic problem; `second` is the other one that `parallel` asks for."""
    text, gold, calls = problem.text, json.loads(problem.gold), problem.gold_calls
    match kind:
        case "chaining":
            return _draft(problem, text, gold, calls, "arithmetic", "numeric")
        case "nested":
            return _draft(problem, f"{text} Put calls into calls.", gold, _nested(problem), "arithmetic", "numeric")
        case "parallel":
            gold = [gold, json.loads(second.gold)]
            calls = (*calls[:-1], *second.gold_calls[:-1], call(calls[-1].name, answer=gold))
            draft = _draft(problem, f"A: {text} B: {second.text}", gold, calls, "subtasks", "exact")
            return msgspec.structs.replace(draft, template=f"{problem.template} & {second.template}")
        case "names":
            needed = sorted({each.name for each in calls[:-1]})
            draft = _question(problem, "Which functions are needed?", needed, "set")
            return msgspec.structs.replace(draft, nothing_to_do=not needed)  # of one step, in variant `removed`
        case "parameters":
            # The sum and the product of two numbers are the same in either order.
            either = calls[0].name in ("add", "mul", NEW_NAMES["add"], NEW_NAMES["mul"])
            question = f"Which arguments has the first call, {calls[0].name}?"
            return _question(problem, question, json.loads(calls[0].arguments), EITHER_ORDER if either else "exact")
        case "next":
            done = int(content_hash(problem.id), 16) % len(calls)
            question = f"{_done(problem, done)}Which function is next in the text?"
            return _question(problem, question, calls[done].name, "exact")
        case "response":
            text = f"{text} {_done(problem, len(calls) - 1)}Give the answer."
            return _draft(problem, text, gold, calls[-1:], "arithmetic", "numeric")
        case _:
            return _abstention(problem)


def _draft(problem: Problem, text: str, gold: Any, calls: tuple[Call, ...], toolbox: str, checker: str) -> Draft:
    return Draft(
        text=text,
        gold=canonical_json(gold),
        gold_calls=calls,
        toolbox=problem.toolbox.replace("arithmetic", toolbox),
        checker=checker,
        template=problem.template,
        difficulty=problem.difficulty,
    )


def _question(problem: Problem, question: str, gold: Any, checker: str) -> Draft:
    """A question about the calls that solve the problem, which takes no call but the finish."""
    calls = (call(problem.gold_calls[-1].name, answer=gold),)
    return _draft(problem, f"{problem.text} {question}", gold, calls, "subtasks", checker)


def _nested(problem: Problem) -> tuple[Call, ...]:
    """The gold chain with its end in one call. An argument that is a result becomes the call that gave it."""
    made: dict[Any, Any] = {}
    before = max(0, len(problem.gold_calls) - 1 - DEEPEST)
    for each, result in list(zip(problem.gold_calls[:-1], _results(problem), strict=True))[before:]:
        arguments = {key: made.pop(value, value) for key, value in json.loads(each.arguments).items()}
        made[result] = nested(each.name, arguments)
    gold = json.loads(problem.gold)
    return (*problem.gold_calls[:before], call(problem.gold_calls[-1].name, answer=made.get(gold, gold)))


def _abstention(problem: Problem) -> Draft:
    """The problem as it is, or without one of its numbers, or with a question that no function helps to answer."""
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
    return msgspec.structs.replace(_draft(problem, text, gold, calls, "abstention", "exact"), nothing_to_do=bool(kind))


def _done(problem: Problem, count: int) -> str:
    """The first `count` gold calls with their results, in words that no call format uses."""
    pairs = zip(problem.gold_calls[:count], _results(problem)[:count], strict=True)
    done = (f"{each.name} of {' and '.join(map(str, json.loads(each.arguments).values()))} is {r}" for each, r in pairs)
    return f"Done: {', '.join(done)}. " if count else ""


def _results(problem: Problem) -> list[Any]:
    """What each gold call but the last gives, by executing it."""
    session = load_toolbox(problem.toolbox).open(problem.state)
    return [json.loads(session.call(each).content) for each in problem.gold_calls[:-1]]

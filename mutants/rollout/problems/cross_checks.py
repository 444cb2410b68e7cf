"""Cross-checks: the gold answers of finished problems, found in another way than the one that made them.

Nothing that a family's generator computed is used: the text is read back, or what the problem states is given to z3.
So a problem that was stored, or changed, can be checked like a fresh one. docs/problems.md names each family's check.
"""

import json
import operator
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from cluster.errors import WorkError
from rollout.problems.families import coins, dates, knights, letters, lists, units, zebra
from rollout.problems.families.reading import Read, read_sentence, read_steps, read_story, sentences_of
from rollout.problems.proving import proved
from rollout.records import Problem, canonical_json
from rollout.toolboxes.builtin.arithmetic import NEW_NAMES
from rollout.toolboxes.builtin.formulas import Fact, read_formula

_QUESTION = re.compile(
    r" (?:Done: [^.?]+\. )?(?:Put calls into calls\.|Which functions are needed\?|Give the answer\."
    r"|Which arguments has the first call, \w+\?|Which function is next in the text\?)$"
)
"""What a subtask adds to the text of an arithmetic problem."""


_OPERATIONS = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv}


def has_cross_check(problem: Problem) -> bool:
    """Whether the gold answer of `problem` can be found in another way; that of an imported problem cannot."""
    return problem.family in _CROSS_CHECKS and (problem.family != "gsm8k" or bool(problem.gold_calls))


def cross_checked_gold(problem: Problem) -> str:
    """The gold answer by the cross-check, canonical JSON. Raises WorkError when the text cannot be read."""
    return canonical_json(_CROSS_CHECKS[problem.family](problem))


def _arithmetic(problem: Problem) -> int | float:
    return _number(_read(problem).answer)


def _read(problem: Problem) -> Read:
    return read_steps(_QUESTION.sub("", problem.text))


def _number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def _functions(problem: Problem) -> list[str]:
    """The functions that the text asks for, in its order, the finishing one included."""
    names = [*(name for name, _, _ in _read(problem).steps), "finish"]
    return [NEW_NAMES[name] for name in names] if problem.toolbox.partition("+")[0].endswith("_renamed") else names


def _parameters(problem: Problem) -> dict[str, int | float]:
    """The arguments of the first call."""
    read = _read(problem)
    if not read.steps:
        return {"answer": _number(read.answer)}
    _, left, right = read.steps[0]
    return {"a": _number(left), "b": _number(right)}


def _next(problem: Problem) -> str:
    """The function after as many calls as the text says are done."""
    done = re.search(r" Done: ([^.?]+)\. ", problem.text)
    return _functions(problem)[done[1].count(",") + 1 if done else 0]


def _abstention(problem: Problem) -> Any:
    if re.search(r"\bsome\b", problem.text):
        return "missing"
    try:
        return _arithmetic(problem)
    except WorkError:
        for sentence in sentences_of(problem.text):
            if re.search(r"\d", sentence):
                read_sentence(sentence)
        return "no function"


def _gsm8k(problem: Problem) -> int | float:
    """The last step of the annotations, in exact fractions, without the toolbox."""
    call = problem.gold_calls[-2]
    left, right = (Fraction(str(json.loads(call.arguments)[key])) for key in ("a", "b"))
    return _number(_OPERATIONS[call.name](left, right))


def _fol(problem: Problem) -> str:
    """The verdict of z3, with quantifiers as they are."""
    state = json.loads(problem.state)
    goal = read_formula(state["goal"])
    assert isinstance(goal, Fact)
    return proved([read_formula(line) for line in state["lines"]], goal, quantifiers=True)


def _only(answers: list[Any]) -> Any:
    """The one answer that z3 allows; all of them where that is not just one, which no checker accepts."""
    return answers[0] if len(answers) == 1 else answers


_CROSS_CHECKS: Mapping[str, Callable[[Problem], Any]] = {
    **dict.fromkeys(("arithmetic", "subtask_nested", "subtask_chaining", "subtask_response"), _arithmetic),
    "fol": _fol,
    "gsm8k": _gsm8k,
    "zebra": lambda problem: _only(zebra.holders(json.loads(problem.state))),
    "knights": lambda problem: _only(knights.solutions(json.loads(problem.state))),
    "letters": lambda problem: letters.read_back(problem.text),
    "lists": lambda problem: lists.read_back(problem.text),
    "coins": lambda problem: coins.read_back(problem.text),
    "dates": lambda problem: dates.read_back(problem.text),
    "units": lambda problem: _number(units.read_back(problem.text)),
    "subtask_parallel": lambda problem: [
        _number(read_story(text)) for text in problem.text.removeprefix("A: ").split(" B: ")
    ],
    "subtask_names": lambda problem: sorted(set(_functions(problem)[:-1])),
    "subtask_parameters": _parameters,
    "subtask_next": _next,
    "abstention": _abstention,
}

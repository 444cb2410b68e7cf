"""Gold answers of finished problems, once more and in another way than the one that made them.

What a family's generator computed is left aside: the text is read back, or what the problem states is given to z3. So
a problem that was stored, or changed, can be checked like a fresh one. docs/problems.md names both ways of a family.
"""

import json
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from cluster.errors import WorkError
from rollout.problems.families import coins, dates, knights, letters, lists, units, zebra
from rollout.problems.families.reading import Read, read_sentence, read_steps, sentences_of
from rollout.problems.proving import proved
from rollout.records import Problem, canonical_json
from rollout.toolboxes.builtin.arithmetic import NEW_NAMES
from rollout.toolboxes.builtin.formulas import Fact, read_formula

_ASKED = re.compile(
    r" (?:Done: [^.?]+\. )?(?:Put calls into calls\.|Which functions are needed\?|Give the answer\."
    r"|Which arguments has the first call, \w+\?|Which function is next in the text\?)$"
)
"""What a subtask adds to the text of an arithmetic problem."""


def has_cross_check(problem: Problem) -> bool:
    """Whether there is another way to `problem`'s gold answer; there is none to an imported one."""
    return problem.family in _WAYS and (problem.family != "gsm8k" or bool(problem.gold_calls))


def cross_checked_gold(problem: Problem) -> str:
    """The gold answer by the second way, canonical JSON. Raises WorkError when the problem does not read."""
    return canonical_json(_WAYS[problem.family](problem))


def _arithmetic(problem: Problem) -> int | float:
    return _number(_read(problem).answer)


def _read(problem: Problem) -> Read:
    return read_steps(_ASKED.sub("", problem.text))


def _number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def _steps(problem: Problem) -> list[str]:
    """The functions that the text asks for, in its order, the finishing one included."""
    names = [*(name for name, _, _ in _read(problem).steps), "finish"]
    return [NEW_NAMES[name] for name in names] if problem.toolbox.partition("+")[0].endswith("_renamed") else names


def _parallel(problem: Problem) -> list[int | float]:
    first, second = problem.text.removeprefix("A: ").split(" B: ")
    return [_number(read_steps(text).answer) for text in (first, second)]


def _names(problem: Problem) -> list[str]:
    return sorted(set(_steps(problem)[:-1]))


def _parameters(problem: Problem) -> dict[str, int | float]:
    read = _read(problem)
    if not read.steps:
        return {"answer": _number(read.answer)}
    _, left, right = read.steps[0]
    return {"a": _number(left), "b": _number(right)}


def _next(problem: Problem) -> str:
    done = re.search(r" Done: ([^.?]+)\. ", problem.text)
    return _steps(problem)[done[1].count(",") + 1 if done else 0]


def _abstention(problem: Problem) -> Any:
    if re.search(r"\bsome\b", problem.text):
        return "missing"
    try:
        return _arithmetic(problem)
    except WorkError:
        told = [sentence for sentence in sentences_of(problem.text) if re.search(r"\d", sentence)]
        for sentence in told:
            read_sentence(sentence)
        return "no function"


def _gsm8k(problem: Problem) -> int | float:
    """The last step of the annotations, in exact fractions, without the toolbox."""
    call = problem.gold_calls[-2]
    left, right = (Fraction(str(json.loads(call.arguments)[key])) for key in ("a", "b"))
    if call.name == "div":
        return _number(left / right)
    return _number({"add": left + right, "sub": left - right, "mul": left * right}[call.name])


def _fol(problem: Problem) -> str:
    """z3, with quantifiers as they are."""
    state = json.loads(problem.state)
    goal = read_formula(state["goal"])
    assert isinstance(goal, Fact)
    return proved([read_formula(line) for line in state["lines"]], goal, quantifiers=True)


def _zebra(problem: Problem) -> Any:
    """z3; everyone whom the clues allow, where that is not just one."""
    state = json.loads(problem.state)
    people, pets = (tuple(group) for group in state["groups"])
    clues = tuple((kind, one, other) for kind, one, other in state["clues"])
    found = zebra.holders(people, pets, clues, state["goal"])
    return found[0] if len(found) == 1 else found


def _knights(problem: Problem) -> Any:
    """z3; all ways, where there is not just one."""
    state = json.loads(problem.state)
    found = knights.solutions(state["people"], tuple((one, kind, other) for one, kind, other in state["says"]))
    return found[0] if len(found) == 1 else found


_WAYS: Mapping[str, Callable[[Problem], Any]] = {
    "arithmetic": _arithmetic,
    "fol": _fol,
    "gsm8k": _gsm8k,
    "zebra": _zebra,
    "knights": _knights,
    "letters": lambda problem: letters.read_back(problem.text),
    "lists": lambda problem: lists.read_back(problem.text),
    "coins": lambda problem: coins.read_back(problem.text),
    "dates": lambda problem: dates.read_back(problem.text),
    "units": lambda problem: _number(units.read_back(problem.text)),
    "subtask_nested": _arithmetic,
    "subtask_chaining": _arithmetic,
    "subtask_parallel": _parallel,
    "subtask_names": _names,
    "subtask_parameters": _parameters,
    "subtask_next": _next,
    "subtask_response": _arithmetic,
    "abstention": _abstention,
}

"""What runs beside the package reasoning_gym, in its interpreter: problems of a task, and the task's own verdicts.

While a verdict is found nothing is evaluated but texts of the problem itself: an audit hook refuses to compile any
other, and says so even where `score_answer` swallows its exception.
"""

import difflib
import os
import random
import sys
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy
from reasoning_gym.factory import DATASETS, create_dataset

CHUNK = 500
"""Problems of one data set; the next ones are those of another seed."""
PROBED = 12
"""Problems by which a task is judged before it gives any."""
HOPELESS = 40
"""Problems in a row that cannot be used, after which a task is said to give no more."""
SAYS_NOTHING = ("", " ", "null", "[]", "{}", "\0", "no such answer", '{"no such key":null}', '[["no such member"]]')
"""Answers that are right for no question."""
PLAIN = ("1 + 1", "[1, 2]", "x", "7")
"""Answers that show whether a text is evaluated that is not the problem's."""


class Unusable(ValueError):
    """A problem or a task that cannot be used, and why."""


def draw(task: str, seed: int, start: int, count: int, options: list[str]) -> dict[str, Any]:
    """Draw the usable ones of `count` problems of a task, from number `start` of `seed` on.

    Returns the problems, each with its place (seed and index of the data set), and what was wrong with the others.
    """
    refuse(task, tuple(options))
    problems, left_out = list[dict[str, Any]](), dict[str, int]()
    for number in range(start, start + count):
        own_seed, index = (seed + number // CHUNK) % 2**32, number % CHUNK
        try:
            problems.append(usable(task, own_seed, index, tuple(options)))
        except Unusable as reason:
            left_out[str(reason)] = left_out.get(str(reason), 0) + 1
    return {"problems": problems, "left_out": left_out}


def score(task: str, seed: int, index: int, options: list[str], gold: str, answer: str) -> float | None:
    """Score an answer by the task's own `score_answer`: 1.0 is right; null where it cannot read the answer.

    Refuses a gold answer that is not this problem's: another version of the package draws other problems.
    """
    made = entry(task, seed, index, tuple(options))
    if made["answer"] != gold:
        raise ValueError(
            f"problem {index} of seed {seed} of {task} has the gold answer {made['answer']!r} now, not {gold!r}: "
            f"reasoning-gym is another version; install the one that drew it"
        )
    try:
        return verdict(task, tuple(options), made, answer)
    except Unusable:
        return None


def tasks() -> list[str]:
    """List the names of all tasks, the refused ones included."""
    return sorted(DATASETS)


FUNCTIONS = (draw, score, tasks)


def refuse(task: str, options: tuple[str, ...]) -> None:
    """Raise Unusable for a task that does not exist or cannot be used."""
    if task not in DATASETS:
        near = difflib.get_close_matches(task, DATASETS, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(sorted(DATASETS))}"
        raise Unusable(f"task {task!r}: there is none of that name; {hint}")
    if reason := why_not(task, options):
        raise Unusable(f"task {task!r} is not taken: {reason}")


@lru_cache(maxsize=256)
def why_not(task: str, options: tuple[str, ...]) -> str:
    """Why a task cannot be used, by its first problems; "" where it can."""
    reasons = dict[str, int]()
    try:
        dataset(task, 0, options)
        for index in range(PROBED):
            try:
                usable(task, 0, index, options)
            except Unusable as error:
                reasons[str(error)] = reasons.get(str(error), 0) + 1
    except Exception as error:  # whatever a data set raises over its options, or while it draws
        return f"{type(error).__name__}: {error}"
    if EVALUATES in reasons:  # one answer that is evaluated is too many
        return EVALUATES
    return max(reasons, key=lambda reason: reasons[reason]) if sum(reasons.values()) > PROBED // 2 else ""


EVALUATES = "its score_answer evaluates the answer as code"


def usable(task: str, seed: int, index: int, options: tuple[str, ...]) -> dict[str, Any]:
    """A problem with a gold answer that its own checker accepts, and that is no answer to everything. Raises
    Unusable."""
    made = entry(task, seed, index, options)
    gold, question = made["answer"], made["question"]
    if gold is None:
        raise Unusable("its problems have no gold answers (null)")
    if not isinstance(gold, str) or not isinstance(question, str) or not question.strip():
        raise Unusable(f"its gold answers are of type {type(gold).__name__}, not text")
    if not gold.strip():
        raise Unusable("a gold answer is empty")
    for answer in PLAIN:
        verdict(task, options, made, answer)
    if verdict(task, options, made, gold) != 1.0:
        raise Unusable("its score_answer does not accept its own gold answer")
    if any(verdict(task, options, made, answer) == 1.0 for answer in SAYS_NOTHING):
        raise Unusable("its score_answer accepts an answer that says nothing")
    return {"seed": seed, "index": index, "text": question, "gold": gold, "template": template(task, seed, index)}


def template(task: str, seed: int, index: int) -> str:
    """What the problem is an instance of: of GSM-Symbolic the number of its generator, else ""."""
    return str(dataset(task, seed, ()).task_indices[index]) if task == "gsm_symbolic" else ""


@lru_cache(maxsize=16)
def dataset(task: str, seed: int, options: tuple[str, ...]) -> Any:
    """A data set of `CHUNK` problems. Raises Unusable for options that it does not have."""
    kind = DATASETS[task][1]
    settings = dict(_setting(option) for option in options)
    known = set(kind.__dataclass_fields__) - {"seed", "size"}
    for name in settings.keys() - known:
        raise Unusable(f"option {name!r}: there is none; it has {', '.join(sorted(known))}")
    return create_dataset(task, seed=seed, size=CHUNK, **settings)


def _setting(option: str) -> tuple[str, Any]:
    name, _, text = option.partition("=")
    try:
        return name.strip(), tomllib.loads(f"value = {text.strip()}")["value"]
    except ValueError:
        return name.strip(), text.strip()


@lru_cache(maxsize=512)
def entry(task: str, seed: int, index: int, options: tuple[str, ...]) -> Any:
    """One problem as the package makes it. Some draw from Python's and NumPy's shared generators."""
    made = dataset(task, seed, options)
    random.seed(f"{task}:{seed}:{index}")
    numpy.random.seed(index)
    return made[index]


def verdict(task: str, options: tuple[str, ...], made: Any, answer: str) -> float | None:
    """The score of an answer; None where `score_answer` raised. Raises Unusable where it evaluates the answer."""
    scorer = dataset(task, 0, options)
    with _Watched(frozenset(_texts(made))) as watched:
        try:
            found = float(scorer.score_answer(answer, made))
        except (Exception, SystemExit):
            found = None
    if watched.refused and answer != made["answer"]:
        raise Unusable(EVALUATES)
    return found


class _Watched:
    """While it is entered, Python code is compiled from `allowed` texts only."""

    current: "_Watched | None" = None

    def __init__(self, allowed: frozenset[str]) -> None:
        self.allowed = allowed
        self.refused = False

    def __enter__(self) -> "_Watched":
        _Watched.current = self
        return self

    def __exit__(self, *_: object) -> None:
        _Watched.current = None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    watched = _Watched.current
    if watched is None or event != "compile":
        return
    source = arguments[0]
    text = source.decode(errors="replace") if isinstance(source, bytes) else source
    # The file of a module that is imported only now is no text of an answer.
    of_file = os.fsdecode(arguments[1] or "").startswith(os.sep)
    if not of_file and text not in watched.allowed:
        watched.refused = True
        raise Unusable(EVALUATES)


sys.addaudithook(_hook)


def _texts(value: Any) -> Iterator[str]:
    """All texts of a problem: the question, and what the checker knows of it."""
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from _texts(each)

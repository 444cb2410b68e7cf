"""The tasks: sums, and what may be wrong with a task."""

import random
from dataclasses import dataclass
from typing import Any


@dataclass
class Config:
    seed: int = 0
    size: int = 500
    largest: int = 9999
    crash: bool = False

    def validate(self) -> None:
        assert self.largest > 1, "largest must be greater than 1"


class Sums:
    """a + b, drawn from Python's shared generator, as some tasks are."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def __getitem__(self, index: int) -> dict[str, Any]:
        left, right = random.randint(1, self.config.largest), random.Random(self.config.seed + index).randint(1, 99)
        return {"question": f"What is {left} + {right}?", "answer": self.gold(left + right), "metadata": {}}

    def gold(self, value: int) -> Any:
        return str(value)

    def score_answer(self, answer: str, entry: dict[str, Any]) -> float:
        if answer == "crash":
            raise ValueError
        if answer == "exit":
            raise SystemExit
        return float(answer == entry["answer"])


class Nulls(Sums):
    def gold(self, value: int) -> Any:
        return None


class Numbers(Sums):
    def gold(self, value: int) -> Any:
        return value


class Anything(Sums):
    def score_answer(self, answer: str, entry: dict[str, Any]) -> float:
        return float(bool(answer))


class Nothing(Sums):
    def score_answer(self, answer: str, entry: dict[str, Any]) -> float:
        return 0.99


class Evaluating(Sums):
    """It evaluates what is not the gold answer, and swallows what comes of it."""

    def score_answer(self, answer: str, entry: dict[str, Any]) -> float:
        if answer == entry["answer"]:
            return 1.0
        try:
            return float(eval(answer) == entry["answer"])
        except Exception:
            return 0.0


class Rarely(Sums):
    """It evaluates an answer that nobody thinks of beforehand, under the name of a file."""

    def score_answer(self, answer: str, entry: dict[str, Any]) -> float:
        if answer.startswith("rare:"):
            return float(eval(compile(answer.removeprefix("rare:"), "answer", "eval")))
        return float(answer == entry["answer"])


class Itself(Sums):
    """It evaluates its own question."""

    def score_answer(self, answer: str, entry: dict[str, Any]) -> float:
        return float(answer == str(eval(entry["metadata"]["sum"])))

    def __getitem__(self, index: int) -> dict[str, Any]:
        made = super().__getitem__(index)
        return {**made, "metadata": {"sum": made["question"][8:-1]}}


class Sparse(Sums):
    """One gold answer in three is empty."""

    def gold(self, value: int) -> Any:
        return "" if value % 3 == 0 else str(value)


class Few(Sums):
    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"question": f"Which of the {index % 7} letters?", "answer": "b", "metadata": {}}


TASKS = (Sums, Nulls, Numbers, Anything, Nothing, Evaluating, Rarely, Itself, Sparse, Few)
DATASETS = {each.__name__.lower(): (each, Config) for each in TASKS}


def create_dataset(name: str, **settings: Any) -> Sums:
    config = Config(**settings)
    config.validate()
    return DATASETS[name][0](config)

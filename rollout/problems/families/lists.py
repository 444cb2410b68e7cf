"""Family `lists`, out of domain: operations on a list of numbers. Difficulty: operations before the question."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from rollout.problems.config import FamilyConfig
from rollout.problems.drawing import Draft, agree, collect
from rollout.problems.families.paraphrase import Paraphrase, ToldStory, masked
from rollout.problems.families.phrases import NAMES, NEW_NAMES
from rollout.records import Call, Problem, canonical_json
from rollout.toolboxes.builtin import lists as box

STARTS = {
    False: ("{n} writes {l}.", "{n} has the numbers {l}.", "The list of {n} is {l}.", "{n} starts with {l}."),
    True: ("On the paper of {n} stand {l}.",),
}
STEPS: Mapping[bool, Mapping[str, tuple[str, ...]]] = {
    False: {
        "sort": ("They are sorted.", "{n} sorts them."),
        "reverse": ("They are turned round.", "{n} reverses them."),
        "append": ("{k} comes to the end.", "{n} adds {k} at the end."),
        "drop": ("The first one is dropped.", "{n} drops the first."),
        "drop end": ("The last one is dropped.", "{n} drops the last."),
    },
    True: {
        "sort": ("{n} puts them in growing order.",),
        "reverse": ("{n} writes them backwards.",),
        "append": ("{n} writes {k} behind them.",),
        "drop": ("{n} strikes out the one in front.",),
        "drop end": ("{n} strikes out the one behind.",),
    },
}
ASKS: Mapping[bool, Mapping[str, tuple[str, ...]]] = {
    False: {
        "list": ("Which list is it now?", "What is left?"),
        "total": ("What is the sum?", "How much are they together?"),
        "largest": ("Which is the largest?", "Find the greatest number."),
    },
    True: {
        "list": ("Say how the list reads.",),
        "total": ("Add all up.",),
        "largest": ("Say which one none exceeds.",),
    },
}
KINDS = ("sort", "reverse", "append", "drop", "drop end")


@dataclass(frozen=True)
class Numbers(ToldStory):
    """A list, what is done to it, and what is asked."""

    name: str
    items: tuple[int, ...]
    steps: tuple[tuple[str, int], ...]
    """Operation, and the number for `append` (0 otherwise)."""
    ask: str

    @property
    def text(self) -> str:
        paraphrase = self.paraphrase
        sentences = [paraphrase.pick(STARTS).format(n=self.name, l=", ".join(map(str, self.items)))]
        for kind, number in self.steps:
            table = {flag: STEPS[flag][kind] for flag in (False, True)}
            sentences.append(paraphrase.pick(table, 1).format(n=self.name, k=number))
        return paraphrase.arrange(sentences, paraphrase.pick({flag: ASKS[flag][self.ask] for flag in (False, True)}, 2))

    @property
    def template(self) -> str:
        return masked(self.text, {*NAMES, *NEW_NAMES})

    @property
    def core(self) -> str:
        return f"lists: {self.items} {self.steps} {self.ask}"

    def write(self) -> Draft:
        items, calls = list(self.items), list[Call]()
        for kind, number in self.steps:
            arguments = {"items": items, **({"item": number} if kind == "append" else {})}
            arguments |= {"end": True} if kind == "drop end" else {}
            calls.append(self._call(kind.split()[0], **arguments))
            items = getattr(box, kind.split()[0])(**arguments)
        answer: int | list[int] = items
        if self.ask != "list":
            calls.append(self._call(self.ask, items=items))
            answer = box.total(items) if self.ask == "total" else box.largest(items)
        agree(answer, read_back(self.text), self.text)
        return Draft(
            text=self.text,
            gold=answer,
            calls=(*calls, self._call("finish", answer=answer)),
            toolbox=self.paraphrase.toolbox("lists"),
            checker="exact",
            template=self.template,
            difficulty=len(self.steps),
        )

    def _call(self, function: str, /, **arguments: object) -> Call:
        name = self.paraphrase.function(function, box.NEW_NAMES)
        return Call(name=name, arguments=canonical_json(arguments))

    def with_new_names(self, rng: random.Random) -> "Numbers":
        return replace(self, name=rng.choice(NEW_NAMES))

    def shorter(self, rng: random.Random) -> "Numbers":
        return replace(self, steps=self.steps[:-1])

    def longer(self, rng: random.Random) -> "Numbers":
        return replace(self, steps=(*self.steps, ("append", rng.randint(1, 99))))


def problems(config: FamilyConfig, split: str) -> list[Problem]:
    """Problems of the family; see `rollout.problems.generate`."""
    return collect(config, split, "lists", draw)


def draw(rng: random.Random, difficulty: int) -> Numbers:
    """A story of `difficulty` operations."""
    ask = rng.choice(("list", "total", "largest"))
    items = [rng.randint(1, 99) for _ in range(rng.randint(3, 5))]
    steps: list[tuple[str, int]] = []
    length = len(items)
    for _ in range(difficulty):
        kind = rng.choice(KINDS if length > 2 else ("sort", "reverse", "append"))
        length += {"append": 1, "drop": -1, "drop end": -1}.get(kind, 0)
        steps.append((kind, rng.randint(1, 99) if kind == "append" else 0))
    return Numbers(Paraphrase.drawn(rng), rng.choice(NAMES), tuple(items), tuple(steps), ask)


def read_back(text: str) -> int | list[int]:
    """The second way: sentence by sentence through the text, with other means than the toolbox's."""
    items: list[int] = []
    ask = "list"
    for sentence in re.findall(r"[^.?]+[.?]", text):
        numbers = [int(number) for number in re.findall(r"\d+", sentence)]
        kind = _kind(sentence.strip())
        if kind == "start":
            items = numbers
        elif kind == "sort":
            ordered: list[int] = []
            for item in items:
                ordered.insert(sum(other <= item for other in ordered), item)
            items = ordered
        elif kind == "reverse":
            items = [items[-1 - index] for index in range(len(items))]
        elif kind == "append":
            items = items + numbers
        elif kind.startswith("drop"):
            dropped = 0 if kind == "drop" else len(items) - 1
            items = [item for index, item in enumerate(items) if index != dropped]
        else:
            ask = kind
    if ask == "list":
        return items
    return sum(items) if ask == "total" else sorted(items)[-1]


def _kind(sentence: str) -> str:
    """What a sentence tells: an operation, the question, or else the start."""
    return _kinds().get(_plain(sentence), "start")


@cache
def _kinds() -> Mapping[str, str]:
    tables = (*STEPS.values(), *ASKS.values())
    told = ((kind, option) for table in tables for kind, options in table.items() for option in options)
    return {_plain(option.format(n="Tom", k=0)): kind for kind, option in told}


def _plain(sentence: str) -> str:
    return re.sub(r"\b[A-Z][a-z]+\b", "_", re.sub(r"\d+", "0", sentence))

"""Family `lists`, out of domain: operations on a list of numbers. Difficulty: operations before the question."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from rollout.problems.families.phrases import NAMES, NEW_PEOPLE, PEOPLE
from rollout.problems.story import Draft, Paraphrase, Story, agree
from rollout.records import Call
from rollout.toolboxes.builtin import lists as box

STARTS = {
    False: ("{n} writes {l}.", "{n} has the numbers {l}.", "The list of {n} is {l}.", "{n} starts with {l}."),
    True: ("On the paper of {n} stand {l}.",),
}
STEPS = {
    "sort": {False: ("They are sorted.", "{n} sorts them."), True: ("{n} puts them in growing order.",)},
    "reverse": {False: ("They are turned round.", "{n} reverses them."), True: ("{n} writes them backwards.",)},
    "append": {False: ("{k} comes to the end.", "{n} adds {k} at the end."), True: ("{n} writes {k} behind them.",)},
    "drop": {
        False: ("The first one is dropped.", "{n} drops the first."),
        True: ("{n} strikes out the one in front.",),
    },
    "drop end": {
        False: ("The last one is dropped.", "{n} drops the last."),
        True: ("{n} strikes out the one behind.",),
    },
}
ASKS = {
    "list": {False: ("Which list is it now?", "What is left?"), True: ("Say how the list reads.",)},
    "total": {False: ("What is the sum?", "How much are they together?"), True: ("Add all up.",)},
    "largest": {False: ("Which is the largest?", "Find the greatest number."), True: ("Say which one none exceeds.",)},
}


@dataclass(frozen=True)
class Numbers(Story[Paraphrase]):
    """A list, what is done to it, and what is asked."""

    name: str
    items: tuple[int, ...]
    steps: tuple[tuple[str, int], ...]
    """Operation, and the number for `append` (0 otherwise)."""
    ask: str

    toolbox = "lists"
    new_functions = box.NEW_NAMES
    masked = PEOPLE

    @property
    def text(self) -> str:
        sentences = [self.wording.pick(STARTS).format(n=self.name, l=", ".join(map(str, self.items)))]
        sentences += [self.wording.pick(STEPS[kind], 1).format(n=self.name, k=number) for kind, number in self.steps]
        return self.wording.arrange(sentences, self.wording.pick(ASKS[self.ask], 2))

    @property
    def core(self) -> str:
        return f"lists: {self.items} {self.steps} {self.ask}"

    def write(self) -> Draft:
        items, calls = list(self.items), list[Call]()
        for kind, number in self.steps:
            function = kind.removesuffix(" end")
            arguments = {"items": items, **({"item": number} if kind == "append" else {})}
            arguments |= {"end": True} if kind == "drop end" else {}
            calls.append(self.call(function, **arguments))
            items = getattr(box, function)(**arguments)
        answer: int | list[int] = items
        if self.ask != "list":
            calls.append(self.call(self.ask, items=items))
            answer = getattr(box, self.ask)(items)
        agree(answer, read_back(self.text), self.text)
        return self.draft(answer, calls, difficulty=len(self.steps))

    def with_new_names(self, rng: random.Random) -> "Numbers":
        return replace(self, name=rng.choice(NEW_PEOPLE))

    def shorter(self, rng: random.Random) -> "Numbers":
        return replace(self, steps=self.steps[:-1])

    def longer(self, rng: random.Random) -> "Numbers":
        return replace(self, steps=(*self.steps, ("append", rng.randint(1, 99))))


def draw(rng: random.Random, difficulty: int) -> Numbers:
    """A story of `difficulty` operations."""
    ask = rng.choice(("list", "total", "largest"))
    items = [rng.randint(1, 99) for _ in range(rng.randint(3, 5))]
    steps: list[tuple[str, int]] = []
    length = len(items)
    for _ in range(difficulty):
        kind = rng.choice((*STEPS,) if length > 2 else ("sort", "reverse", "append"))
        length += {"append": 1, "drop": -1, "drop end": -1}.get(kind, 0)
        steps.append((kind, rng.randint(1, 99) if kind == "append" else 0))
    return Numbers(Paraphrase.drawn(rng), rng.choice(NAMES), tuple(items), tuple(steps), ask)


def read_back(text: str) -> int | list[int]:
    """The cross-check: sentence by sentence through the text, with other means than the toolbox's."""
    items: list[int] = []
    ask = "list"
    for sentence in re.findall(r"[^.?]+[.?]", text):
        numbers = [int(number) for number in re.findall(r"\d+", sentence)]
        kind = _kinds().get(_plain(sentence.strip()), "start")
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


@cache
def _kinds() -> Mapping[str, str]:
    """What each sentence but the start says: an operation, or what is asked."""
    sentences = [(kind, text) for kind, texts in (STEPS | ASKS).items() for text in (*texts[False], *texts[True])]
    return {_plain(text.format(n="Tom", k=0)): kind for kind, text in sentences}


def _plain(sentence: str) -> str:
    return re.sub(r"\b[A-Z][a-z]+\b", "_", re.sub(r"\d+", "0", sentence))

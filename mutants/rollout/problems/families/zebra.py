"""Family `zebra`, out of domain: who lives where with what? Difficulty: three houses from 1, four from 4, five from 7.

Clues that are true of a hidden street are added until elimination settles the goal; then those that are not needed are
left out. Gold by construction, with what the toolbox eliminates; cross-check: z3, which proves that nobody else can
have the goal.
"""

import contextlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from rollout.problems.families.phrases import NAMES, NEW_PEOPLE, PEOPLE
from rollout.problems.story import Draft, Paraphrase, Story, agree
from rollout.toolboxes.builtin.zebra import HOLDS, NEW_NAMES, Street

PETS = ("cat", "dog", "cow", "hen", "pig", "owl", "fox", "ram")
NEW_PETS = ("zebra", "lemur", "otter", "gecko", "heron", "moose", "tapir", "llama")

CLUES = {
    "at": {False: ("{a} lives in house {b}.", "House {b} is where {a} lives."), True: ("One finds {a} in house {b}.",)},
    "not_at": {
        False: ("{a} does not live in house {b}.", "House {b} is not where {a} lives."),
        True: ("One never finds {a} in house {b}.",),
    },
    "with": {False: ("{a} lives with {b}.", "In one house are {a} and {b}."), True: ("{a} and {b} share a house.",)},
    "not_with": {
        False: ("{a} does not live with {b}.", "In two houses are {a} and {b}."),
        True: ("{a} and {b} share no house.",),
    },
    "next_left": {
        False: ("{a} lives just left of {b}.", "Right next after {a} comes {b}."),
        True: ("From {a} the next door to the right is that of {b}.",),
    },
    "left": {
        False: ("{a} lives left of {b}.", "Somewhere after {a} comes {b}."),
        True: ("From {a} one has to go right to find {b}.",),
    },
}
ASKS = {
    False: ("Who has {g}?", "With whom lives {g}?", "Whose is {g}?"),
    True: ("To whom belongs {g}?",),
}
Clue = tuple[str, str, str | int]


@dataclass(frozen=True)
class Houses(Story[Paraphrase]):
    """Who and which pet lives in each house, left to right, the clues, and the pet that is asked for."""

    people: tuple[str, ...]
    pets: tuple[str, ...]
    goal: str
    given: tuple[Clue, ...]
    """Clues that come first; more are added where they do not settle the goal."""
    seed: int

    toolbox = "zebra"
    new_functions = NEW_NAMES
    masked = PEOPLE | {*PETS, *NEW_PETS}

    @property
    def clues(self) -> tuple[Clue, ...]:
        """Just enough clues. Found only when they are asked for: most streets that are drawn are not kept."""
        return _clues(self.people, self.pets, self.goal, self.given, self.seed)

    @property
    def text(self) -> str:
        sentences = [f"There are houses 1 to {len(self.people)}."]
        for number, (kind, one, other) in enumerate(self.clues, 1):
            sentence = self.wording.pick(CLUES[kind]).format(a=self._the(one), b=self._the(other))
            sentences.append(f"{number}. {sentence[0].upper()}{sentence[1:]}")
        return self.wording.arrange(sentences, self.wording.pick(ASKS, 1).format(g=self._the(self.goal)))

    @property
    def core(self) -> str:
        return f"zebra: {self.people} {self.pets}"

    def write(self) -> Draft:
        answer = self.people[self.pets.index(self.goal)]
        # In the order of the alphabet, so that the state does not give the street away.
        state = {
            "groups": [sorted(self.people), sorted(self.pets)],
            "clues": [list(clue) for clue in self.clues],
            "goal": self.goal,
        }
        agree([answer], holders(state), self.text)
        used = _settling(state, answer)
        agree(True, used is not None, self.text)
        calls = [self.call("use", clue=number) for number in used or ()]
        return self.draft(answer, calls, difficulty=len(calls), state=state)

    def with_new_names(self, rng: random.Random) -> "Houses":
        new: dict[str | int, str] = dict(zip(self.people, rng.sample(NEW_PEOPLE, len(self.people)), strict=True))
        new |= dict(zip(self.pets, rng.sample(NEW_PETS, len(self.pets)), strict=True))
        return replace(
            self,
            people=tuple(new[name] for name in self.people),
            pets=tuple(new[pet] for pet in self.pets),
            goal=new[self.goal],
            given=tuple((kind, new[one], new.get(other, other)) for kind, one, other in self.clues),
        )

    def shorter(self, rng: random.Random) -> "Houses":
        """Without the last house and the clues of who lives there, and with new ones where too few are left."""
        gone = (self.people[-1], self.pets[-1], len(self.people))
        clues = tuple(clue for clue in self.clues if not {clue[1], clue[2]} & set(gone))
        pets = self.pets[:-1]
        goal = self.goal if self.goal in pets else pets[0]
        return replace(self, people=self.people[:-1], pets=pets, goal=goal, given=clues)

    def longer(self, rng: random.Random) -> "Houses":
        """With one more house."""
        person = rng.choice([name for name in NAMES if name not in self.people])
        pet = rng.choice([pet for pet in PETS if pet not in self.pets])
        return replace(self, people=(*self.people, person), pets=(*self.pets, pet), given=self.clues)

    def _the(self, item: str | int) -> str:
        return f"the {item}" if item in self.pets else str(item)


def draw(rng: random.Random, difficulty: int) -> Houses:
    """A street with just enough clues."""
    count = 3 + (difficulty - 1) // 3
    people, pets = tuple(rng.sample(NAMES, count)), tuple(rng.sample(PETS, count))
    return Houses(Paraphrase.drawn(rng), people, pets, rng.choice(pets), (), rng.randrange(2**32))


@lru_cache(maxsize=512)
def _clues(
    people: tuple[str, ...], pets: tuple[str, ...], goal: str, given: tuple[Clue, ...], seed: int
) -> tuple[Clue, ...]:
    """`given` and true clues added until elimination settles the goal, without those that are not needed."""
    rng, clues, answer = random.Random(seed), given, people[pets.index(goal)]
    state: dict[str, Any] = {"groups": [sorted(people), sorted(pets)], "goal": goal}

    def settles(clues: tuple[Clue, ...]) -> bool:
        return _settling({**state, "clues": clues}, answer) is not None

    while not settles(clues):
        clue = _clue(rng, people, pets)
        if clue not in clues and {clue[1], clue[2]} != {answer, goal}:
            clues = (*clues, clue)
    for clue in clues:
        rest = tuple(other for other in clues if other != clue)
        if settles(rest):
            clues = rest
    return clues


def _clue(rng: random.Random, people: tuple[str, ...], pets: tuple[str, ...]) -> Clue:
    """A clue that is true of the street."""
    where = {item: house for group in (people, pets) for house, item in enumerate(group, 1)}
    while True:
        kind = rng.choice(("at", "not_at", "with", "not_with", "next_left", "left", "left"))
        one = rng.choice(sorted(where))
        if kind in ("at", "not_at"):
            house = rng.randint(1, len(people))
            if HOLDS[kind](where[one], house):
                return kind, one, house
            continue
        other = rng.choice(sorted(where))
        mixed = (one in people) != (other in people)
        if one != other and (mixed or "with" not in kind) and HOLDS[kind](where[one], where[other]):
            return kind, one, other


def _settling(state: dict[str, Any], answer: str) -> list[int] | None:
    """Numbers of clues whose use settles the goal, in order; None when all of them, again and again, do not."""
    street, used = Street(state), list[int]()
    while True:
        before = len(used)
        for number in range(1, len(state["clues"]) + 1):
            if street.use(number) != "no news":
                used.append(number)
                with contextlib.suppress(ValueError):
                    street.finish(answer)
                    return used
        if len(used) == before:
            return None


def holders(state: Mapping[str, Any]) -> list[str]:
    """The cross-check: everyone who has the goal in some street that z3 finds to fit the clues of a toolbox's state."""
    import z3

    people, pets = state["groups"]
    house: dict[str, Any] = {item: z3.Int(item) for item in (*people, *pets)}
    solver = z3.SimpleSolver()
    solver.add(*(z3.And(each >= 1, each <= len(people)) for each in house.values()))
    solver.add(*(z3.Distinct(*(house[item] for item in group)) for group in (people, pets)))
    for kind, one, other in state["clues"]:
        left, right = house[one], other if isinstance(other, int) else house[other]
        # "with" says of an item's house what "at" says of a house's number.
        claims = {"at": left == right, "not_at": left != right, "next_left": left + 1 == right, "left": left < right}
        solver.add(claims[kind.replace("with", "at")])
    return [person for person in people if solver.check(house[person] == house[state["goal"]]) == z3.sat]

"""Family `coins`, out of domain: three coins, some of which are turned over. Difficulty: the number of flips."""

import random
import re
from dataclasses import dataclass, replace

from rollout.problems.families.phrases import NAMES, NEW_PEOPLE, PEOPLE
from rollout.problems.story import Draft, Paraphrase, Story, agree
from rollout.toolboxes.builtin.coins import NEW_NAMES

COINS = ("red", "blue", "gold", "gray")
NEW_COINS = ("pink", "lilac", "amber", "teal")
LIES = {
    False: ("The {c} coin shows {s}.", "The {c} coin lies {s} up.", "A {c} coin has {s} on top."),
    True: ("What one sees of the {c} coin is {s}.",),
}
FLIPS = {
    False: ("{n} flips the {c} coin.", "{n} turns the {c} coin over.", "The {c} coin is flipped by {n}."),
    True: ("{n} gives the {c} coin half a turn.",),
}
STAYS = {
    False: ("{n} looks at the {c} coin.", "{n} does not touch the {c} coin.", "The {c} coin is seen by {n}."),
    True: ("{n} would like to have the {c} coin.",),
}
ASKS = {
    False: ("How do the coins lie now?", "What do the coins show?", "Name the side of each coin."),
    True: ("In the end, what is on top, coin by coin?",),
}


@dataclass(frozen=True)
class Table(Story[Paraphrase]):
    """Coins with their sides, and what happens: person, coin, and whether it is flipped."""

    sides: tuple[tuple[str, str], ...]
    events: tuple[tuple[str, str, bool], ...]

    toolbox = "coins"
    new_functions = NEW_NAMES
    masked = PEOPLE | {*COINS, *NEW_COINS, "heads", "tails"}

    @property
    def text(self) -> str:
        sentences = [self.wording.pick(LIES).format(c=coin, s=side) for coin, side in self.sides]
        for person, coin, flips in self.events:
            sentences.append(self.wording.pick(FLIPS if flips else STAYS, 1).format(n=person, c=coin))
        return self.wording.arrange(sentences, self.wording.pick(ASKS, 2))

    @property
    def core(self) -> str:
        return f"coins: {self.sides} {[(coin, flips) for _, coin, flips in self.events]}"

    def write(self) -> Draft:
        sides = dict(self.sides)
        flipped = [coin for _, coin, flips in self.events if flips]
        for coin in flipped:
            sides[coin] = "tails" if sides[coin] == "heads" else "heads"
        answer = list(sides.values())
        agree(answer, read_back(self.text), self.text)
        calls = [self.call("flip", coin=coin) for coin in flipped]
        return self.draft(answer, calls, difficulty=len(calls), state=[list(pair) for pair in self.sides])

    def with_new_names(self, rng: random.Random) -> "Table":
        people, coins = dict(zip(NAMES, NEW_PEOPLE * 2, strict=True)), dict(zip(COINS, NEW_COINS, strict=True))
        return replace(
            self,
            sides=tuple((coins[coin], side) for coin, side in self.sides),
            events=tuple((people[person], coins[coin], flips) for person, coin, flips in self.events),
        )

    def shorter(self, rng: random.Random) -> "Table":
        last = max(index for index, (_, _, flips) in enumerate(self.events) if flips)
        return replace(self, events=self.events[:last] + self.events[last + 1 :])

    def longer(self, rng: random.Random) -> "Table":
        return replace(self, events=(*self.events, (rng.choice(NAMES), rng.choice(self.sides)[0], True)))


def draw(rng: random.Random, difficulty: int) -> Table:
    """A table of three coins and `difficulty` flips."""
    coins = rng.sample(COINS, 3)
    flips = [True] * difficulty + [False] * rng.randint(0, 2)
    rng.shuffle(flips)
    sides = tuple((coin, rng.choice(("heads", "tails"))) for coin in coins)
    return Table(Paraphrase.drawn(rng), sides, tuple((rng.choice(NAMES), rng.choice(coins), flip) for flip in flips))


def read_back(text: str) -> list[str]:
    """The cross-check: count each coin's flips in the text; an odd count ends on the other side."""
    sides, turns = dict[str, int](), dict[str, int]()
    for sentence in re.findall(r"[^.?]+[.?]", text):
        named = [word for word in re.findall(r"[a-z]+", sentence) if word in COINS or word in NEW_COINS]
        if not named:
            continue
        if "heads" in sentence or "tails" in sentence:
            sides[named[0]] = int("tails" in sentence)
        elif any(word in sentence for word in ("flip", "turn")):
            turns[named[0]] = turns.get(named[0], 0) + 1
    return [("heads", "tails")[(side + turns.get(coin, 0)) % 2] for coin, side in sides.items()]

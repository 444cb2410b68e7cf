"""Family `letters`, out of domain: first and last letters of words, put together. Difficulty: words less one."""

import random
from dataclasses import dataclass, replace

from rollout.problems.families.theories import NEW_WORDS, WORDS
from rollout.problems.story import Draft, Paraphrase, Story, agree
from rollout.toolboxes.builtin.letters import NEW_NAMES, first, join, last

TAKES = {
    False: (
        "Take the {which} letter of {word}.",
        "Note the {which} letter of the word {word}.",
        "From {word} comes the {which} letter.",
        "Of {word} use the {which} letter.",
    ),
    True: ("{word} gives its {which} letter.",),
}
ASKS = {
    False: ("Which text do they make?", "What do they spell?", "Join them.", "What is it in one word?"),
    True: ("Say what can be read then.",),
}


@dataclass(frozen=True)
class Letters(Story[Paraphrase]):
    """Words, each with whether its last letter is taken."""

    words: tuple[tuple[str, bool], ...]

    toolbox = "letters"
    new_functions = NEW_NAMES
    masked = frozenset((*WORDS, *NEW_WORDS))

    @property
    def text(self) -> str:
        take = self.wording.pick(TAKES)
        sentences = [take.format(word=word, which="last" if at_end else "first") for word, at_end in self.words]
        return self.wording.arrange(sentences, self.wording.pick(ASKS, 1))

    @property
    def core(self) -> str:
        *others, end = [f"{word} {at_end}" for word, at_end in self.words]
        return f"letters: {', '.join(others)} and {end}"

    def write(self) -> Draft:
        taken = [(last if at_end else first)(word) for word, at_end in self.words]
        answer = join(taken)
        agree(answer, read_back(self.text), self.text)
        calls = [self.call("last" if at_end else "first", word=word) for word, at_end in self.words]
        calls += [self.call("join", parts=taken)] if len(taken) > 1 else []
        return self.draft(answer, calls, difficulty=len(self.words) - 1)

    def with_new_names(self, rng: random.Random) -> "Letters":
        fresh = rng.choices(NEW_WORDS, k=len(self.words))
        return replace(self, words=tuple((word, at_end) for word, (_, at_end) in zip(fresh, self.words, strict=True)))

    def shorter(self, rng: random.Random) -> "Letters":
        return replace(self, words=self.words[:-1])

    def longer(self, rng: random.Random) -> "Letters":
        return replace(self, words=(*self.words, (rng.choice(WORDS), rng.random() < 0.5)))


def draw(rng: random.Random, difficulty: int) -> Letters:
    """A story of `difficulty` + 1 words."""
    words = rng.choices(WORDS, k=difficulty + 1)
    return Letters(Paraphrase.drawn(rng), tuple((word, rng.random() < 0.5) for word in words))


def read_back(text: str) -> str:
    """The cross-check: word by word through the text, remembering which letter is spoken of."""
    letters: list[str] = []
    for sentence in text.split("."):
        words = sentence.split()
        named = [word for word in words if word in WORDS or word in NEW_WORDS]
        if named:
            letters.append(named[0][-1 if "last" in words else 0])
    return "".join(letters)

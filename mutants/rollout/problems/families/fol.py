"""Family `fol`: does it follow? Facts, rules, quantifiers and negation; difficulty is the number of inferences, 1 to 8.

A theory is a chain of links from a start to the goal, with premises that lead nowhere mixed in. From difficulty 3 on
links may negate, run backwards (tollens) or need a second fact, the start may be about someone, and a link may be
missing, so that the answer is "unknown"; up to difficulty 2 half of the answers are "yes" and half "no". Toolbox `fol`
takes no answer without its proof. Gold: by construction and chaining; cross-check: z3, on what the text says.
"""

import random
from dataclasses import dataclass, replace
from typing import Literal as OneOf

from rollout.problems.families.phrases import NAMES, NEW_PEOPLE, PEOPLE
from rollout.problems.families.theories import NEW_WORDS, WORDS, TheoryWording
from rollout.problems.proving import chained, proved
from rollout.problems.story import Draft, Story, agree
from rollout.records import Call
from rollout.toolboxes.builtin.fol import NEW_NAMES, Fol
from rollout.toolboxes.builtin.formulas import SOMEONE, Fact, Formula, Literal, Rule


@dataclass(frozen=True, slots=True)
class Link:
    """How one more property follows."""

    kind: str
    """`apply` or `tollens`."""
    result: Literal
    other: Literal | None = None
    """A second property that the rule asks for, given as a fact of its own."""


@dataclass(frozen=True)
class Theory(Story[TheoryWording]):
    """A drawn theory and its goal."""

    name: str
    """Whom it is about: a name, or SOMEONE."""
    start: Literal
    links: tuple[Link, ...]
    extras: tuple[Formula, ...]
    """Premises that lead nowhere."""
    missing: int | None
    """The link whose rule is not given."""
    shuffle: int
    """Seed of the order of the premises."""

    toolbox = "fol"
    new_functions = NEW_NAMES

    @property
    def end(self) -> Literal:
        """What the chain of links comes to."""
        return self.links[-1].result if self.links else self.start

    @property
    def goal(self) -> Fact:
        # Of someone the goal is what the chain ends in: that nobody has a property takes another kind of proof.
        return Fact(self.name, (self.end if self.name == SOMEONE else Literal(self.end.word),))

    @property
    def answer(self) -> OneOf["yes", "no", "unknown"]:
        if self.missing is not None:
            return "unknown"
        return "yes" if self.goal.literals[0] == self.end else "no"

    @property
    def lines(self) -> tuple[Formula, ...]:
        """The premises, in the order in which the text gives them."""
        lines: list[Formula] = [Fact(self.name, (self.start,))]
        before = self.start
        for index, link in enumerate(self.links):
            lines += [_rule(before, link)] * (index != self.missing)
            lines += [Fact(self.name, (link.other,))] if link.other else []
            before = link.result
        lines += self.extras
        random.Random(self.shuffle).shuffle(lines)
        return tuple(lines)

    @property
    def text(self) -> str:
        return self.wording.text(self.lines, self.goal)

    @property
    def template(self) -> str:
        names: dict[str, str] = {}
        shape = [str(line) for line in (*self.lines, self.goal)]
        for word in " ".join(shape).split():
            if word in WORDS or word in NEW_WORDS:
                names.setdefault(word, f"p{len(names)}")
            elif word in PEOPLE:
                names.setdefault(word, f"N{len(names)}")
        wording = self.wording
        flags = "q" * wording.question_first + "h" * wording.held_out
        masked = ";".join(" ".join(names.get(word, word) for word in line.split()) for line in shape)
        return f"{masked}/{wording.fact}{wording.rule}{wording.ask}{flags}"

    @property
    def core(self) -> str:
        return ". ".join([*sorted(map(str, self.lines)), str(self.goal)])

    def write(self) -> Draft:
        lines, goal, text = self.lines, self.goal, self.text
        read, question = self.wording.read(text)
        agree(list(lines), read, text)
        agree(True, goal.literals[0].word in question and goal.name.lower() in question.lower(), text)
        agree(self.answer, chained(lines, goal), text)
        agree(self.answer, proved(read, goal), text)
        sentences = self.wording.sentences(lines)
        state = {"lines": [str(line) for line in lines], "told": sentences, "goal": str(goal)}
        calls = self._proof(Fol(state), dict(zip(lines, sentences, strict=True)))
        return self.draft(self.answer, calls, difficulty=len(self.links) + 2 * (self.name == SOMEONE), state=state)

    def _proof(self, session: Fol, sentences: dict[Formula, str]) -> list[Call]:
        """The calls of the proof, each one executed; `sentences` say each line in the problem's words."""
        calls: list[Call] = []

        def infer(function: str, /, **arguments: str) -> str:
            calls.append(self.call(function, **arguments))
            return str(getattr(session, function)(**arguments))

        name, before = self.name, self.start
        if name == SOMEONE:
            name = infer("witness", fact=sentences[Fact(SOMEONE, (before,))]).partition(" ")[0]
        for link in self.links[: self.missing]:
            infer(link.kind, rule=sentences[_rule(before, link)])
            before = link.result
        if self.name == SOMEONE and self.missing is None:
            infer("someone", fact=str(Fact(name, (before,))))
        session.finish(self.answer)
        return calls

    def with_held_out_phrases(self, rng: random.Random) -> "Theory":
        return replace(self, wording=TheoryWording.drawn(rng, held_out=True))

    def shorter(self, rng: random.Random) -> "Theory":
        missing = None if self.missing == len(self.links) - 1 else self.missing
        return replace(self, links=self.links[:-1], missing=missing)

    def longer(self, rng: random.Random) -> "Theory":
        used = {word for line in self.lines for word in str(line).split()} | {self.goal.literals[0].word}
        fresh = rng.choice([word for word in WORDS if word not in used])
        return replace(self, links=(*self.links, Link("apply", Literal(fresh, rng.random() < 0.5))))

    def with_new_names(self, rng: random.Random) -> "Theory":
        words = dict(zip(WORDS, rng.sample(NEW_WORDS, len(WORDS)), strict=True))
        # Two draws whose results nothing uses: without them the names below would be others than they always were.
        rng.sample(NAMES, len(NAMES))
        rng.choices(NEW_PEOPLE, k=len(NAMES))
        extras = [line.name for line in self.extras if isinstance(line, Fact)]
        people = dict(zip([self.name, *extras], rng.sample(NEW_PEOPLE, 1 + len(extras)), strict=True))
        if self.name == SOMEONE:
            people[SOMEONE] = SOMEONE

        def new(literal: Literal) -> Literal:
            return literal._replace(word=words[literal.word])

        def renamed(line: Formula) -> Formula:
            if isinstance(line, Fact):
                return Fact(people[line.name], tuple(map(new, line.literals)))
            return Rule(tuple(map(new, line.body)), new(line.head))

        return replace(
            self,
            name=people[self.name],
            start=new(self.start),
            links=tuple(replace(x, result=new(x.result), other=new(x.other) if x.other else None) for x in self.links),
            extras=tuple(map(renamed, self.extras)),
        )


def _rule(before: Literal, link: Link) -> Rule:
    """The rule by which a link's result follows from the property before it."""
    if link.kind == "tollens":
        return Rule((link.result.negated,), before.negated)
    return Rule((before, link.other) if link.other else (before,), link.result)


def draw(rng: random.Random, difficulty: int) -> Theory:
    """A theory whose goal, if it is decided, takes `difficulty` inferences."""
    deep = difficulty >= 3
    # Few words where theories are small: a tiny model has to learn to copy each of them.
    words = rng.sample(WORDS, len(WORDS) if deep else len(WORDS) // 2)
    people = rng.sample(NAMES, 4)
    someone = difficulty >= 4 and rng.random() < 0.2
    unknown = deep and rng.random() < 1 / 3
    positive = someone or rng.random() < 0.5
    start = Literal(words.pop(), not deep or rng.random() < 0.7)
    links: list[Link] = []
    left = difficulty - 2 * someone
    while left:
        kind = rng.choice(["apply"] * 4 + ["tollens"] * deep)
        two = deep and kind == "apply" and not someone and rng.random() < 0.25
        other = Literal(words.pop(), rng.random() < 0.7) if two else None
        left -= 1
        sign = rng.random() < 0.7 if deep else True
        links.append(Link(kind, Literal(words.pop(), sign if left else positive), other))
    theory = Theory(
        name=SOMEONE if someone else people[0],
        start=start,
        links=tuple(links),
        extras=(),
        missing=rng.randrange(len(links)) if unknown else None,
        shuffle=rng.randrange(2**32),
        wording=TheoryWording.drawn(rng),
    )
    chain = [start, *(link.result for link in links[:-1])]
    count = rng.randint(1, 2) if deep else rng.randint(0, 1)
    extras = [_extra(rng, chain, words, person, someone) for person in people[1 : 1 + count]]
    return replace(theory, extras=tuple(extras))


def _extra(rng: random.Random, chain: list[Literal], words: list[str], person: str, someone: bool) -> Formula:
    """A premise that decides nothing: its rule ends in a word that no other line holds, its fact is of someone else."""
    if len(words) > 2 and rng.random() < 0.5:
        body = rng.choice(chain) if rng.random() < 0.5 else Literal(words.pop())
        return Rule((body,), Literal(words.pop()))
    return Fact(person, (Literal(words.pop()) if someone else rng.choice(chain),))

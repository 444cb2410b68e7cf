"""Family `dates`, out of domain: days after days, and days of the week. Difficulty: the number of stays."""

import random
import re
from dataclasses import dataclass, replace
from datetime import date, timedelta

from rollout.problems.families.phrases import NAMES, NEW_PEOPLE, PEOPLE
from rollout.problems.story import Draft, Paraphrase, Story, agree
from rollout.toolboxes.builtin.dates import NEW_NAMES, WEEKDAYS, days_between

STARTS = {
    False: ("{n} leaves on {d}.", "The trip of {n} starts on {d}.", "{n} is off on {d}.", "On {d} {n} goes away."),
    True: ("{d} is the day that sees {n} depart.",),
}
LATER = {
    False: ("{k} days later {n} moves on.", "After {k} days {n} goes further.", "{n} stays {k} days."),
    True: ("{k} days pass, and {n} packs again.",),
}
ASKS = {
    "date": {False: ("Which date is it then?", "What is the date at the end?"), True: ("Say the date.",)},
    "weekday": {
        False: ("Which day of the week is it then?", "What weekday is the end?"),
        True: ("Say what weekday it has become.",),
    },
    "days": {False: ("How many days did it all take?", "How many days are that?"), True: ("Count the days.",)},
}


@dataclass(frozen=True)
class Trip(Story[Paraphrase]):
    """A start, stays of some days, and what is asked at the end."""

    person: str
    start: date
    stays: tuple[int, ...]
    ask: str

    toolbox = "dates"
    new_functions = NEW_NAMES
    masked = PEOPLE

    @property
    def text(self) -> str:
        sentences = [self.wording.pick(STARTS).format(n=self.person, d=self.start.isoformat())]
        sentences += [self.wording.pick(LATER, 1).format(n=self.person, k=days) for days in self.stays]
        return self.wording.arrange(sentences, self.wording.pick(ASKS[self.ask], 2))

    @property
    def core(self) -> str:
        return f"dates: {self.start} {self.stays} {self.ask}"

    def write(self) -> Draft:
        day, calls = self.start, []
        for days in self.stays:
            calls.append(self.call("add_days", day=day.isoformat(), days=days))
            day += timedelta(days=days)
        answer: str | int = day.isoformat()
        if self.ask == "weekday":
            calls.append(self.call("weekday", day=answer))
            answer = WEEKDAYS[day.weekday()]
        elif self.ask == "days":
            calls.append(self.call("days_between", start=self.start.isoformat(), end=answer))
            answer = days_between(self.start.isoformat(), day.isoformat())
        agree(answer, read_back(self.text), self.text)
        return self.draft(answer, calls, difficulty=len(self.stays))

    def with_new_names(self, rng: random.Random) -> "Trip":
        return replace(self, person=rng.choice(NEW_PEOPLE))

    def shorter(self, rng: random.Random) -> "Trip":
        return replace(self, stays=self.stays[:-1])

    def longer(self, rng: random.Random) -> "Trip":
        return replace(self, stays=(*self.stays, rng.randint(2, 99)))


def draw(rng: random.Random, difficulty: int) -> Trip:
    """A trip of `difficulty` stays."""
    ask = rng.choice(("date", "weekday", "days"))
    start = date(1970, 1, 1) + timedelta(days=rng.randrange(30_000))
    stays = tuple(rng.randint(2, 99) for _ in range(difficulty))
    return Trip(Paraphrase.drawn(rng), rng.choice(NAMES), start, stays, ask)


def read_back(text: str) -> str | int:
    """The cross-check: day numbers by Gauss's rule for leap years, counted from the text alone."""
    ask = next(kind for kind, asks in ASKS.items() if any(each in text for each in (*asks[False], *asks[True])))
    found = re.search(r"(\d{4})-(\d\d)-(\d\d)", text)
    assert found is not None
    days = sum(int(number) for number in re.findall(r"\d+", text.replace(found[0], "")))
    number = _day_number(int(found[1]), int(found[2]), int(found[3])) + days
    if ask == "days":
        return days
    if ask == "weekday":
        # Day 1, 1 January of year 1, was a Monday.
        return WEEKDAYS[(number - 1) % 7]
    year = next(year for year in range(number // 366 + 1, number // 365 + 2) if _day_number(year + 1, 1, 1) > number)
    month = next(month for month in range(12, 0, -1) if _day_number(year, month, 1) <= number)
    return f"{year:04}-{month:02}-{number - _day_number(year, month, 1) + 1:02}"


def _day_number(year: int, month: int, day: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 + sum(lengths[: month - 1]) + day

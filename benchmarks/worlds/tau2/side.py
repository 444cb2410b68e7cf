"""The package's own evaluators: a program of its own, which reads an attempt a line and writes a verdict a line.

An attempt is `{"domain", "task", "turns": [[{"name", "arguments"}, ...], ...], "answers": [TEXT, ...], "ended",
"whole"}`, its verdict `{"db", "communicate", "right", "failed": [whether each call failed]}`. The package evaluates
what stands in `calculate`, so it is given our own attempts only.
"""

import contextlib
import gc
import json
import sys
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from rollout.foreign.workers import tau2_worlds  # replaces what the package would import

# isort: split
from tau2.data_model.message import AssistantMessage, Message, ToolCall
from tau2.data_model.tasks import Task
from tau2.domains.airline import environment as airline
from tau2.domains.retail import environment as retail
from tau2.environment.db import DB
from tau2.environment.environment import Environment
from tau2.evaluator.evaluator_communicate import CommunicateEvaluator
from tau2.evaluator.evaluator_env import EnvironmentEvaluator
from tau2.utils import get_dict_hash, get_pydantic_hash

DOMAINS: dict[str, Any] = {"retail": (retail, retail.RetailDB), "airline": (airline, airline.FlightDB)}
assert tau2_worlds


@lru_cache(maxsize=2)
def tasks_of(domain: str) -> dict[str, Task]:
    return {task.id: task for task in DOMAINS[domain][0].get_tasks(None)}


@lru_cache(maxsize=2)
def first(domain: str) -> DB:
    """The database as it is at the beginning."""
    return database(domain)


@lru_cache(maxsize=2)
def _text(domain: str) -> str:
    return Path(getattr(DOMAINS[domain][0], f"{domain.upper()}_DB_PATH")).read_text(encoding="utf-8")


def database(domain: str) -> DB:
    found: DB = DOMAINS[domain][1].model_validate_json(_text(domain))
    return found


def shared(domain: str) -> DB:
    """A database that copies the records of the first one that are asked for."""
    kind = DOMAINS[domain][1]
    tables = {name: tau2_worlds.Table(getattr(first(domain), name)) for name in kind.model_fields}
    found: DB = kind.model_construct(**tables)
    return found


def environment(domain: str, db: DB | None = None, solo_mode: bool = False) -> Environment:
    return DOMAINS[domain][0].get_environment(db=db or database(domain))


def hash_of(made: Environment) -> str:
    """The package's hash of the hashes of those records that are not as they were at the beginning."""
    changed = {}
    for name in type(made.tools.db).model_fields:
        table = getattr(made.tools.db, name)
        own = {key: each for key, each in table.items() if each is not table.first.get(key)}
        hashes = {key: get_pydantic_hash(each) for key, each in own.items()}
        changed[name] = {
            key: each
            for key, each in hashes.items()
            if key not in table.first or each != get_pydantic_hash(table.first[key])
        } | dict.fromkeys(table.first.keys() - table.keys())
    return str(get_dict_hash(changed))


@lru_cache(maxsize=256)
def gold_hash(domain: str, task: str) -> str:
    """The hash of the records that a task's gold actions change."""
    made = environment(domain, shared(domain))
    for action in tasks_of(domain)[task].evaluation_criteria.actions:
        with contextlib.suppress(Exception):
            made.make_tool_call(tool_name=action.name, requestor=action.requestor, **action.arguments)
    return hash_of(made)


def judged(attempt: dict[str, Any]) -> dict[str, Any]:
    """The verdict of the package: the product of its rewards for database and communication, 0 for what broke off.

    `whole` asks `EnvironmentEvaluator` itself, which reads the database twice and hashes all of it; else the hashes of
    what was changed are compared, which is some hundred times faster, and for whole ones the same.
    """
    domain, task = attempt["domain"], tasks_of(attempt["domain"])[attempt["task"]]
    played, messages, failed = environment(domain, shared(domain)), list[Message](), list[bool]()
    for turn, calls in enumerate(attempt["turns"]):
        for number, call in enumerate(calls):
            made = ToolCall(id=f"{turn}.{number}", name=call["name"], arguments=call["arguments"])
            messages.append(AssistantMessage(role="assistant", content=None, tool_calls=[made]))
            messages.append(played.get_response(made))
            failed.append(messages[-1].error)
        if turn < len(attempt["answers"]):
            messages.append(AssistantMessage(role="assistant", content=attempt["answers"][turn] or "-"))
    db = hash_of(played) == gold_hash(domain, task.id)
    if attempt["whole"]:
        found = EnvironmentEvaluator.calculate_reward(partial(environment, domain), task, messages)
        assert (found.reward == 1.0) == db, "the records that were changed decide"
    communicate = CommunicateEvaluator.calculate_reward(task, messages).reward == 1.0
    return {"db": db, "communicate": communicate, "right": db and communicate and attempt["ended"], "failed": failed}


if __name__ == "__main__":
    gc.disable()  # a database is some 100,000 objects, which it would look through again and again
    for line in sys.stdin:
        print(json.dumps(judged(json.loads(line))), flush=True)

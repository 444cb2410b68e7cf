"""BFCL's multi-turn tasks through our loop, and the same calls before bfcl-eval's own `multi_turn_checker`.

A disagreement is explained by a rule if it goes away when what the rule names is done for both sides alike.
"""

import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.worlds.damage import Turns, damaged
from rollout.checkers.worlds import Verdict
from rollout.episodes.execution import execute_now
from rollout.episodes.worlds import judge_steps
from rollout.foreign.asking import TooLong
from rollout.foreign.bfcl import verdict_on_turns
from rollout.foreign.bfcl_classes import MULTI_TURN
from rollout.foreign.bfcl_tasks import Task, tasks
from rollout.formats import load_format
from rollout.formats.limits import CallLimits
from rollout.problems import FamilyConfig
from rollout.problems.imported.bfcl_turns import problem_of
from rollout.prompts.turns import turn_toolboxes
from rollout.records import Call, ErrorCode, Problem, Step
from rollout.toolboxes import load_toolbox

LIMITS = CallLimits(deadline=120.0, max_result_chars=1_000_000, max_reply_chars=1_000_000)
RULES = {
    "not there": "BFCL executes functions that the task leaves out, or that come with a later turn",
    "schema": "BFCL executes calls whose arguments do not fit the function's own description, as far as Python does",
}
_REFUSALS = {
    "not there": frozenset({ErrorCode.UNKNOWN_FUNCTION}),
    "schema": frozenset(
        {
            ErrorCode.MISSING_ARGUMENT,
            ErrorCode.UNEXPECTED_ARGUMENT,
            ErrorCode.MISTYPED_ARGUMENT,
            ErrorCode.OUT_OF_RANGE,
        }
    ),
}
_REFUSED = {"name": "refused", "arguments": {}}
"""A call that fails for BFCL, too."""


class Ours(NamedTuple):
    """What our loop makes of a trajectory."""

    verdict: Verdict
    refused: Mapping[str, frozenset[tuple[int, int]]]
    """Rule -> turn and number of the calls that were not executed, and that BFCL executes by that rule."""


def ours(problem: Problem, turns: Turns, call_format: str = "json") -> Ours:
    """Calls of each turn, written as replies, one a reply, read, validated, executed and judged."""
    written = load_format(call_format)
    toolboxes = turn_toolboxes(problem, load_toolbox(problem.toolbox))
    session, steps, states = toolboxes[0].open(problem.state), list[Step](), list[str]()
    refused = {rule: set[tuple[int, int]]() for rule in _REFUSALS}
    done = Call(name=toolboxes[0].finish, arguments="{}")
    for turn, toolbox in enumerate(toolboxes):
        if turn:
            session.next_turn(toolbox)
        for at, call in enumerate((*turns[turn], done)):
            reply = written.render((call,))
            results = execute_now(reply, written, session, LIMITS)
            steps.append(Step(text=reply, token_ids=(), logprobs=(), results=results, turn=turn))
            for rule, codes in _REFUSALS.items():
                if results[0].error in codes:
                    refused[rule].add((turn, at))
        states.append(session.state())
    return Ours(judge_steps(problem, steps, states), {rule: frozenset(places) for rule, places in refused.items()})


def theirs(task: Task, turns: Turns, without: frozenset[tuple[int, int]] = frozenset()) -> dict[str, Any]:
    """BFCL's verdict on the same calls, one a step; those at `without` fail."""
    steps = [
        [
            [_REFUSED if (turn, at) in without else {"name": call.name, "arguments": json.loads(call.arguments)}]
            for at, call in enumerate(calls)
        ]
        for turn, calls in enumerate(turns)
    ]
    try:
        return verdict_on_turns(task.id.rpartition("_")[0], task.id, steps)
    except TooLong as error:
        return {"valid": False, "error": str(error)}


def explanation(task: Task, turns: Turns, mine: Ours) -> tuple[str, ...] | None:
    """The fewest rules under which BFCL's verdict is ours; None where there are none."""
    chosen: Sequence[tuple[str, ...]] = [("not there",), ("schema",), ("not there", "schema")]
    for rules in chosen:
        places = frozenset[tuple[int, int]]().union(*(mine.refused[rule] for rule in rules))
        if places and theirs(task, turns, places)["valid"] is (mine.verdict.error is None):
            return rules
    return None


def everything(cases: int, seed: int) -> dict[str, Any]:
    """Gold calls of all tasks, and damaged ones."""
    shares, agreed, faults = dict[str, float](), 0, list[Any]()
    whole = list[tuple[Task, Problem]]()
    for name in MULTI_TURN:
        right, config = 0, FamilyConfig(family="bfcl", task=name)
        for task in tasks(name):
            problem, gold = problem_of(task, config, "test"), [list(calls) for calls in task.gold]
            whole.append((task, problem))
            mine, bfcl = ours(problem, gold), theirs(task, gold)
            right += mine.verdict.error is None
            agreed += (mine.verdict.error is None) is bfcl["valid"]
            if mine.verdict.error or not bfcl["valid"]:
                faults.append({"id": task.id, "ours": mine.verdict.why, "bfcl": bfcl["error"]})
        shares[name] = right / len(tasks(name))
        print(f"{name}: {right} of {len(tasks(name))} golds right", *faults[:2], flush=True)
    found = compare(whole, cases, seed)
    return {
        "package": "bfcl-eval 2026.3.23",
        "gold": sum(shares.values()) / len(shares),
        "gold_by_category": shares,
        "gold_agree": agreed,
        "gold_cases": len(whole),
        "gold_faults": faults,
        **found,
        "rules": RULES,
    }


def compare(pool: Sequence[tuple[Task, Problem]], cases: int, seed: int) -> dict[str, Any]:
    """Our verdict and BFCL's on damaged gold calls."""
    rng = random.Random(seed)
    kinds, agreed, explained = Counter[str](), Counter[str](), Counter[str]()
    unexplained, examples = list[Any](), dict[str, Any]()
    for number in range(cases):
        task, problem = rng.choice(pool)
        kind, turns = damaged(task, rng)
        kinds[kind] += 1
        mine, bfcl = ours(problem, turns), theirs(task, turns)
        right = mine.verdict.error is None
        if number % 200 == 199:
            print(f"{number + 1} damaged, {len(unexplained)} unexplained", flush=True)
        if right is bfcl["valid"]:
            agreed["right" if right else "wrong"] += 1
            continue
        case = {
            "id": task.id,
            "kind": kind,
            "calls": [[f"{call.name}({call.arguments})" for call in calls] for calls in turns],
            "ours": mine.verdict.why or "right",
            "bfcl": bfcl["error"] or "right",
        }
        rules = explanation(task, turns, mine)
        if rules is None:
            unexplained.append(case)
            continue
        name = f"{' + '.join(rules)}: {'ours' if right else 'theirs'} alone says right"
        explained[name] += 1
        examples.setdefault(name, case)
    return {
        "damaged": cases,
        "damaged_kinds": dict(sorted(kinds.items())),
        "agreed": dict(agreed),
        "explained": dict(explained.most_common()),
        "explained_examples": examples,
        "unexplained": len(unexplained),
        "unexplained_cases": unexplained,
    }

"""The multi-turn categories of family `bfcl`: several turns of a user, in worlds of BFCL's own classes.

A problem's label follows BFCL's rule: of each turn that has gold calls, something is called, the world is the one to
which the gold calls come, and what they gave back came back, in this turn or an earlier one.
"""

import random

from cluster.errors import RequestError
from rollout.foreign.bfcl_classes import functions_of
from rollout.foreign.bfcl_tasks import Task, tasks
from rollout.problems.config import SPLITS, FamilyConfig
from rollout.problems.drawing import finished, split_of
from rollout.problems.story import Draft
from rollout.records import Call, Problem, UserTurn, canonical_json, content_hash
from rollout.toolboxes.loading import with_turns
from rollout.toolboxes.toolbox import FINISH

LICENCE = "Apache-2.0"
JUDGED = {"acts": True, "as_gold": True, "told_as_gold": True}
"""What has to hold of a turn that has gold calls."""
_DONE = Call(name=FINISH, arguments="{}")


def collect(config: FamilyConfig, split: str) -> list[Problem]:
    """As many problems of `split` as `config` asks for, in an order drawn from its seed: the same tasks in all
    categories. Raises RequestError for an unknown split, and for more problems than it has."""
    if split not in SPLITS:
        raise RequestError(f"bfcl {config.task}: no split {split!r}; its problems have {', '.join(SPLITS)}")
    found, wanted = _of_split(config.task, split), config.count(split)
    if wanted > len(found):
        raise RequestError(
            f"bfcl {config.task}: {split} = {wanted}, but of its 200 tasks only {len(found)} are of that split"
        )
    found.sort(key=lambda each: content_hash(str(config.seed), str(each.number)))
    return [problem_of(each, config, split) for each in found[:wanted]]


def how_many(task: str, split: str) -> int:
    """How many tasks of a category a split has."""
    return len(_of_split(task, split))


def _of_split(task: str, split: str) -> list[Task]:
    return [each for each in tasks(task) if split_of(f"bfcl multi_turn:{each.group}") == split]


def problem_of(task: Task, config: FamilyConfig, split: str) -> Problem:
    """The first turns of a task, as many as `config` takes, with the functions that it shows."""
    count = min(len(task.texts), config.max_turns or len(task.texts))
    kept = shown_functions(task, config, count)
    everything = functions_of(task.classes)
    gold = [(*calls, _DONE) for calls in task.gold[:count]]
    appear = [tuple(name for name in names if name in kept) for names in task.appear[:count]]
    return finished(
        Draft(
            text=task.texts[0],
            gold=canonical_json({"turns": [JUDGED if calls else {} for calls in task.gold[:count]]}),
            gold_calls=gold[0],
            toolbox=with_turns(f"bfcl:{','.join(task.classes)}"),
            checker="world",
            template=task.group,
            state=task.state,
            difficulty=max(1, sum(map(len, task.gold[:count]))),
            nothing_to_do=not any(task.gold[:count]),
            turns=tuple(
                UserTurn(text=task.texts[at], gold_calls=gold[at], appear=appear[at]) for at in range(1, count)
            ),
            hidden=tuple(name for name in everything if name not in kept or name in task.hidden),
        ),
        config.name or f"bfcl_{config.task}",
        split,
        source=task.id,
        licence=LICENCE,
    )


def shown_functions(task: Task, config: FamilyConfig, turns: int) -> frozenset[str]:
    """The functions that a problem shows, at once or in a later turn: all, or those of the gold calls of so many turns
    and `class_distractors` others of the same classes, which are drawn by the seed and the task's number."""
    late = {name for names in task.appear for name in names}
    there = [name for name in functions_of(task.classes) if name not in {*task.hidden} - late]
    if config.class_distractors is None:
        return frozenset(there)
    used = {call.name for calls in task.gold[:turns] for call in calls}
    used |= {name for names in task.appear[:turns] for name in names}
    others = sorted({*there} - used - late)
    drawn = random.Random(f"{config.seed}:{task.number}:{config.class_distractors}")
    return frozenset(used) | frozenset(drawn.sample(others, min(config.class_distractors, len(others))))

"""Family `tau2`: the tasks of a domain of tau2-bench, judged by the database that is left and by what was said.

The customer is scripted: they tell all that the task tells them, and then confirm. Or a model plays them. The test
problems are the package's. Train and validation problems are those of its train tasks in which no customer of a test
task calls.
"""

from collections.abc import Sequence
from functools import lru_cache

from cluster.errors import InfrastructureError, InfrastructureKind, RequestError
from rollout.foreign.tau2 import DOMAINS, KIND, Task, policy, tasks, toolbox_of
from rollout.problems.config import SPLITS, FamilyConfig
from rollout.problems.drawing import finished
from rollout.problems.story import Draft
from rollout.records import Call, ErrorCode, Problem, UserTurn, canonical_json, content_hash
from rollout.toolboxes.loading import load_toolbox

LICENCE = "Apache-2.0 AND MIT"
FINISH = "finish"
_VALIDATION = 8
"""One in so many customers of the train tasks is validation's."""
_GOLD_S = 60.0
_GREETING = 'Hello, I need your help. Here is the note that I made for this call; "you" in it is me.'
_PARTS = {
    "reason_for_call": "Why I call",
    "known_info": "What I know",
    "unknown_info": "What I do not know",
    "task_instructions": "How to go about it",
}
_OPENS = "Hello, I need your help."
_CONFIRMS = (
    "Yes, I confirm. Please do all of it now that the note asks for and your policy allows; where there is a choice, "
    "the note says which. Then tell me what I asked to know."
)


def collect(config: FamilyConfig, split: str) -> list[Problem]:
    """As many problems of the domain as `config` asks for, in an order drawn from its seed. Raises RequestError for
    another split or domain, and for more problems than it has."""
    if split not in SPLITS:
        raise RequestError(f"tau2: no split {split!r}; its problems have {', '.join(SPLITS)}")
    if not config.count(split):
        return []
    if not config.task:
        raise RequestError(f"family {KIND!r}: task is missing; name a domain, one of {', '.join(DOMAINS)}")
    found, wanted = _of_split(config.task, split), config.count(split)
    if wanted > len(found):
        raise RequestError(f"tau2 {config.task}: {split} = {wanted}, but there are {len(found)} problems")
    found.sort(key=lambda each: content_hash(str(config.seed), each.id))
    write = played_problem_of if config.user == "model" else problem_of
    return [write(each, config.task, split, config.name) for each in found[:wanted]]


def how_many(domain: str, split: str) -> int:
    """How many problems of a domain a split has."""
    return len(_of_split(domain, split))


def _of_split(domain: str, split: str) -> list[Task]:
    everyone = tasks(domain)
    return [each for each in everyone if split_of_task(each, everyone) == split]


def split_of_task(task: Task, others: Sequence[Task]) -> str:
    """A task's split; "" for a train task with a customer of a test task, who would be known from it."""
    if task.split == "test":
        return "test"
    if any(other.split == "test" and other.customer == task.customer for other in others):
        return ""
    return "validation" if int(content_hash(KIND, task.customer)[:8], 16) % _VALIDATION == 0 else "train"


def problem_of(task: Task, domain: str, split: str, name: str = "") -> Problem:
    """A task as a problem: the note, a confirmation, and conditions on the world that is left and on what was said.

    The gold calls before the first that changes something answer the note, the others the confirmation. Those that the
    domain's own functions refuse, and that change nothing, are left out.
    """
    looks, writes = _played(domain, task.actions)
    draft = Draft(
        system=policy(domain),
        text=_note(task, _GREETING),
        turns=(UserTurn(text=_CONFIRMS, gold_calls=(*writes, _end(_answer(task)))),),
        gold=canonical_json({"end": {"as_gold": True, "says": task.tells}}),
        gold_calls=(*looks, _end("Shall I go on?")),
        toolbox=toolbox_of(domain),
        checker="world",
        template=content_hash(KIND, domain, task.customer)[:12],
        difficulty=max(1, len(task.actions)),
        nothing_to_do=not writes,
    )
    source = f"{KIND}:{domain}:{task.id}"
    return finished(draft, name or f"{KIND}_{domain}", split, source=source, licence=LICENCE)


def played_problem_of(task: Task, domain: str, split: str, name: str = "") -> Problem:
    """The task as a problem whose customer a model plays: they begin with a greeting, and know the note."""
    scripted = problem_of(task, domain, split, name)
    looks, writes = _played(domain, task.actions)
    taken = ("gold", "toolbox", "checker", "template", "difficulty", "nothing_to_do", "system")
    draft = Draft(
        text=_OPENS,
        user=_note(task, 'What the customer knows and wants; "you" in it is the customer.'),
        gold_calls=(*looks, *writes, _end(_answer(task))),
        **{key: getattr(scripted, key) for key in taken},
    )
    return finished(draft, scripted.family, split, source=scripted.source, licence=LICENCE)


def _note(task: Task, begins: str) -> str:
    told = [f"{title}: {task.instructions[key]}" for key, title in _PARTS.items() if key in task.instructions]
    return "\n\n".join([begins, *told])


def _answer(task: Task) -> str:
    return "; ".join(task.tells) or "This is done, or cannot be done."


@lru_cache(maxsize=512)
def _played(domain: str, actions: tuple[Call, ...]) -> tuple[tuple[Call, ...], tuple[Call, ...]]:
    """Of these calls those before the first one that changes the database, and the others; without those that fail and
    change nothing."""
    session = load_toolbox(toolbox_of(domain)).open()
    parts: tuple[list[Call], list[Call]] = ([], [])
    state = session.state()
    for action in actions:
        result, before = session.call(action, deadline=_GOLD_S), state
        if result.error is ErrorCode.FUNCTION_TIMEOUT:  # it must not be taken for one that is refused
            what = f"a gold call of {domain} took longer than {_GOLD_S:.0f} s: {action.name}"
            raise InfrastructureError(InfrastructureKind.HOST_TIMEOUT, f"toolbox {toolbox_of(domain)}: {what}")
        state = session.state()
        if state != before or result.error is None:
            parts[state != before or bool(parts[1])].append(action)
    return tuple(parts[0]), tuple(parts[1])


def _end(answer: str) -> Call:
    return Call(name=FINISH, arguments=canonical_json({"answer": answer}))

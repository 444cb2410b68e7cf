"""Help: what a prompt shows beside its problem, so that a policy writes right chains that it would not write alone.

An arm that learns from help attempts each problem without and with it, and is trained on the prompt without it
(`rollout.helped_chains`). Here is what help is made of. It is given to train problems alone, and is marked in the
problem and in each episode that was made with it.
"""

import random
from collections.abc import Sequence

import msgspec

from cluster.errors import RequestError
from rollout.checkers.worlds import is_world
from rollout.config import HelpConfig
from rollout.problems.worked import others_like, worked
from rollout.records import Call, Help, Problem
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.schemas.toolbox import is_schemas

ANSWER = "answer"
"""The kind of help that tells the gold answer: a policy that is given it need not work it out."""


def can_help(problem: Problem, config: HelpConfig) -> bool:
    """Whether there is any of this help for the problem."""
    return bool(config.examples or _help(problem, config).kinds)


def helped(problem: Problem, config: HelpConfig, train: Sequence[Problem]) -> Problem:
    """The problem with its help; worked conversations are of the problems `train`.

    Raises RequestError where fewer of these have its functions, and where there is no help for it.
    """
    help_ = _help(problem, config)
    if config.examples:
        fitting = others_like(problem, [each for each in train if each.gold_calls])
        if len(fitting) < config.examples:
            raise RequestError(
                f"help.examples = {config.examples}: only {len(fitting)} other train problems have gold calls with the "
                f"functions of {problem.toolbox!r} for problem {problem.id}; ask for fewer"
            )
        drawn = random.Random(f"help:{problem.id}").sample(fitting, config.examples)
        examples = (*problem.examples, *map(worked, drawn))
        problem = msgspec.structs.replace(problem, examples=examples)
        help_ = msgspec.structs.replace(help_, kinds=("examples", *help_.kinds))
    if not help_.kinds:
        raise RequestError(f"problem {problem.id}: nothing is known that help = {{ {_said(config)} }} would show")
    return msgspec.structs.replace(problem, help=help_)


def needed_calls(problem: Problem) -> tuple[Call, ...]:
    """The gold calls of a problem that do not end a turn."""
    finish = load_toolbox(problem.toolbox).finish
    return tuple(call for call in problem.all_gold_calls if call.name != finish)


def _help(problem: Problem, config: HelpConfig) -> Help:
    """The help for a problem without worked conversations."""
    kinds, lines = [], []
    if config.documentation:
        kinds.append("documentation")
    if config.text.strip():
        kinds.append("text")
        lines.append(f"Hint: {config.text.strip()}")
    calls = needed_calls(problem) if config.calls != "none" else ()
    if calls:
        kinds.append("calls")
        shown = [call.name if config.calls == "names" else f"{call.name} {call.arguments}" for call in calls]
        lines.append(f"Hint: it is solved by these calls, in this order: {', '.join(shown)}.")
    if config.answer and _has_answer(problem):
        kinds.append(ANSWER)
        lines.append(f"Hint: the right answer is {problem.gold}.")
    return Help(kinds=tuple(kinds), text="\n".join(lines), documentation=config.documentation)


def _has_answer(problem: Problem) -> bool:
    """Whether its gold is an answer: not a state of a world, nor calls of schemas alone."""
    return not is_world(problem.checker) and not is_schemas(problem.toolbox) and problem.gold not in ("", "null")


def _said(config: HelpConfig) -> str:
    return ", ".join(f"{name} = {value!r}" for name, value in config.model_dump(exclude_defaults=True).items())

"""Family `reasoning_gym`: problems of one task of the package of that name, judged by the task's own `score_answer`.

The split of a problem is a hash of what it is an instance of: of GSM-Symbolic the generator, of other tasks the whole
text, numbers included. It depends on no seed and no count.
"""

from cluster.errors import RequestError
from rollout.foreign.reasoning_gym import problems
from rollout.problems.config import SPLITS, FamilyConfig
from rollout.problems.drawing import finished, split_of
from rollout.problems.story import Draft
from rollout.problems.tokens import same_text
from rollout.records import Problem, content_hash
from rollout.toolboxes.loading import with_interpreter

TOOLBOX = "general"
LICENCE = "Apache-2.0"
_FRUITLESS = 2000
"""Problems without a new one of the split after which the task counts as exhausted."""


def collect(config: FamilyConfig, split: str) -> list[Problem]:
    """As many different problems of `split` as `config` asks for; the first n are the same for every count.

    Raises RequestError for an unknown split or task, and where the task has too few different problems.
    """
    task = config.task
    if split not in SPLITS:
        raise RequestError(f"reasoning_gym {task}: no split {split!r}; its problems have {', '.join(SPLITS)}")
    if not task:
        raise RequestError("family 'reasoning_gym': task is missing; name one, such as task = \"gsm_symbolic\"")
    family = config.name or task
    wanted, kept, seen, fruitless = config.count(split), list[Problem](), set[str](), 0
    if not wanted:
        return []
    seed = int(content_hash("reasoning_gym", task, str(config.seed), split)[:8], 16)
    for batch in problems(task, seed, config.options):
        for found in batch:
            fruitless += 1
            text = same_text(found.text)
            template = content_hash(found.template or text)[:12]
            if text in seen or split_of(f"{task}:{template}") != split:
                continue
            seen.add(text)
            draft = Draft(
                text=found.text,
                gold=found.gold,
                gold_calls=(),
                toolbox=config.toolbox_name if config.toolbox else with_interpreter(TOOLBOX, config.python),
                checker=found.checker if config.checker == "exact" else config.checker,
                template=template,
                difficulty=1,
            )
            kept.append(finished(draft, family, split, source=found.checker, licence=LICENCE))
            fruitless = 0
            if len(kept) == wanted:
                return kept
        if fruitless > _FRUITLESS:
            raise RequestError(
                f"reasoning_gym {task}: only {len(kept)} different {split} problems; ask for fewer than {wanted}, or "
                "set options that give more"
            )
    return kept

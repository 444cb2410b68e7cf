"""Problems: families of generated and of imported ones, their splits and variant suites.

Generated families draw stories (`story.py`, `drawing.py`) or derive problems from arithmetic ones (`subtasks.py`);
imported families read rows of a file or of a Hub data set; `reasoning_gym` and `bfcl` ask a package. See
docs/problems.md.
"""

from collections.abc import Callable, Mapping

import msgspec

from cluster.errors import RequestError
from rollout.problems.config import (
    BFCL,
    IMPORTED,
    REASONING_GYM,
    SPLITS,
    TAU2,
    TOOL_ROWS,
    VARIANTS,
    WITH_TASKS,
    FamilyConfig,
)
from rollout.problems.drawing import Draw, collect
from rollout.problems.families import arithmetic, coins, dates, fol, knights, letters, lists, subtasks, units, zebra
from rollout.problems.imported import bfcl, bfcl_turns, files, gsm8k, reasoning_gym, tau2, tool_rows
from rollout.records import Problem

__all__ = ["FAMILIES", "SPLITS", "VARIANTS", "FamilyConfig", "everything", "generate", "is_imported", "spare"]

_DRAWN: Mapping[str, Draw] = {
    "arithmetic": arithmetic.draw,
    "fol": fol.draw,
    "zebra": zebra.draw,
    "knights": knights.draw,
    "letters": letters.draw,
    "lists": lists.draw,
    "coins": coins.draw,
    "dates": dates.draw,
    "units": units.draw,
}
_IMPORTED: Mapping[str, Callable[[FamilyConfig], files.Imported]] = {
    **dict.fromkeys(IMPORTED, files.imported),
    "gsm8k": gsm8k.imported,
    **dict.fromkeys(TOOL_ROWS, tool_rows.imported),
}

FAMILIES = (*_DRAWN, *(f"subtask_{kind}" for kind in subtasks.SUBTASKS), "abstention", *_IMPORTED, *WITH_TASKS)


def generate(config: FamilyConfig, split: str, base: str = "") -> list[Problem]:
    """The problems of `split` ("train", "validation", "test" or "variant-KIND") that `config` asks for. A generated
    family's variants are those of its test problems, or of its problems of another split, `base`.

    Deterministic: a function of `config` and `split` alone. No problem and no template stands in two of train,
    validation and test. Raises RequestError for an unknown family or split, a broken row of an imported file, and
    for more problems than a family holds.
    """
    family = config.family
    if family not in FAMILIES:
        raise RequestError(f"family {family!r}: unknown; there are {', '.join(FAMILIES)}")
    if family in _DRAWN:
        problems = collect(config, split, family, _DRAWN[family], base)
    elif family in _IMPORTED:
        problems = files.chosen(config, split, _IMPORTED[family])
    elif family == REASONING_GYM:
        problems = reasoning_gym.collect(config, split)
    elif family == BFCL:
        problems = bfcl.collect(config, split)
    elif family == TAU2:
        problems = tau2.collect(config, split)
    else:
        problems = subtasks.derived(config, split, base)
    if not config.distractors:
        return problems
    suffix = f"+{config.distractors}@{abs(config.seed)}"
    return [msgspec.structs.replace(p, id=f"{p.id}{suffix}", toolbox=f"{p.toolbox}{suffix}") for p in problems]


def spare(config: FamilyConfig) -> list[Problem]:
    """Train problems with gold chains, of a family that is not generated, which a run does not attempt: those behind
    the first `train`. Raises RequestError as `generate` does, and where none is left."""
    if config.family == TAU2:
        there = tau2.how_many(config.task, "train")
    elif config.family == BFCL:
        there = bfcl_turns.how_many(config.task, "train")
    else:
        there = len(everything(config).splits["train"])
    everyone = generate(config.model_copy(update={"train": max(there, config.train)}), "train")
    left = [problem for problem in everyone[config.train :] if problem.gold_calls]
    if not left:
        raise RequestError(
            f"{config.name or config.task or config.family}: pretrain = {config.pretrain} takes gold chains of train "
            f"problems that the run does not attempt, and behind the first {config.train} of {there} there are none; "
            "lower train, or leave pretrain out"
        )
    return left


def is_imported(config: FamilyConfig) -> bool:
    """Whether the family's problems are rows of a file or of a Hub data set."""
    return config.family in _IMPORTED


def everything(config: FamilyConfig) -> files.Imported:
    """All problems of an imported family, by split, whatever the counts, and the duplicates that were dropped. Raises
    RequestError for a broken row."""
    return _IMPORTED[config.family](config)

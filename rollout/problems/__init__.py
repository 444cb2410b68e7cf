"""Problems: families of generated and imported ones, their splits and variant suites.

A family is a module with a function `problems(config, split)` and an entry in `FAMILIES`. Generated families draw
stories (`drawing.py`); imported ones read rows (`importing.py`). See docs/problems.md.
"""

from collections.abc import Callable, Mapping

import msgspec

from cluster.errors import RequestError
from rollout.problems.config import SPLITS, VARIANTS, FamilyConfig
from rollout.problems.duplicates import DuplicateReport, deduplicate
from rollout.problems.families import arithmetic, coins, dates, fol, knights, letters, lists, subtasks, units, zebra
from rollout.problems.imported import files as importing
from rollout.problems.imported import gsm8k
from rollout.records import Problem

__all__ = [
    "FAMILIES",
    "SPLITS",
    "VARIANTS",
    "DuplicateReport",
    "FamilyConfig",
    "deduplicate",
    "everything",
    "generate",
    "is_imported",
]

FAMILIES: Mapping[str, Callable[[FamilyConfig, str], list[Problem]]] = {
    "arithmetic": arithmetic.problems,
    "fol": fol.problems,
    "zebra": zebra.problems,
    "knights": knights.problems,
    "letters": letters.problems,
    "lists": lists.problems,
    "coins": coins.problems,
    "dates": dates.problems,
    "units": units.problems,
    "gsm8k": gsm8k.problems,
    **{f"subtask_{kind}": subtasks.subtask(kind) for kind in subtasks.SUBTASKS},
    "abstention": subtasks.subtask("abstention"),
    "jsonl": importing.user_problems,
    "csv": importing.user_problems,
    "parquet": importing.user_problems,
    "hub": importing.user_problems,
}

_IMPORTERS: Mapping[str, Callable[[FamilyConfig], importing.Imported]] = {
    "gsm8k": gsm8k.imported,
    **dict.fromkeys(("jsonl", "csv", "parquet", "hub"), importing.imported),
}


def generate(config: FamilyConfig, split: str) -> list[Problem]:
    """The problems of `split` ("train", "validation", "test" or "variant-KIND") that `config` asks for.

    Deterministic: a function of `config` and `split` alone. No problem and no template stands in two of train,
    validation and test. Raises RequestError for an unknown family or split, a broken row of an imported file, and
    for more problems than a family holds.
    """
    if config.family not in FAMILIES:
        raise RequestError(f"family {config.family!r}: unknown; there are {', '.join(FAMILIES)}")
    problems = FAMILIES[config.family](config, split)
    return [_among_distractors(problem, config) for problem in problems] if config.distractors else problems


def is_imported(config: FamilyConfig) -> bool:
    """Whether the family's problems are rows of a file or of a Hub data set."""
    return config.family in _IMPORTERS


def everything(config: FamilyConfig) -> Mapping[str, tuple[Problem, ...]]:
    """All problems of an imported family, by split, whatever the counts. Raises RequestError for a broken row."""
    return _IMPORTERS[config.family](config).splits


def _among_distractors(problem: Problem, config: FamilyConfig) -> Problem:
    suffix = f"+{config.distractors}@{abs(config.seed)}"
    return msgspec.structs.replace(problem, id=f"{problem.id}{suffix}", toolbox=f"{problem.toolbox}{suffix}")

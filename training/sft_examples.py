"""The examples of SFT on the tree: the rows of `training.sft`, a group's together."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rollout.records import PreferenceGroup
from training.chains import ScoredChain
from training.config import SftArm
from training.sft import IGNORED, group_rows
from training.stored import Stored, chain_columns, chains_row, row_chains, write_stored
from training.trainers.sft import ChainExample


def chain_examples(groups: Iterable[PreferenceGroup], arm: SftArm) -> Iterator[ChainExample]:
    """Each group that gives a row, in order: the very rows that TRL's trainer would get."""
    for group in groups:
        rows = group_rows(group, arm)
        if rows:
            marks = (tuple(label != IGNORED for label in row["labels"]) for row in rows)
            chains = tuple(ScoredChain(tuple(row["input_ids"]), own) for row, own in zip(rows, marks, strict=True))
            yield ChainExample(group.problem_id, chains)


class StoredChains(Stored[ChainExample]):
    """The examples of a folder that `write_chains` made. Raises CorruptionError when it is not what was written."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, chain_columns(), _example)


def write_chains(examples: Iterable[ChainExample], arm: SftArm, directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays. Raises RequestError."""
    without_any = f"the groups hold no chain for chains = {arm.chains!r}; sample more, or train on the other kind"
    rows = (chains_row(example.problem_id, example.chains) for example in examples)
    write_stored(rows, chain_columns(), directory, without_any)


def _example(row: dict[str, Any]) -> ChainExample:
    return ChainExample(row["problem_id"], row_chains(row))

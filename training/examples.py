"""The examples of DPO: groups with their pairs and the reference's log-probabilities."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from training.chains import ScoredGroup
from training.stored import Stored, chain_columns, chains_row, row_chains, write_stored
from training.tree.batches import PreferenceExample

_NUMBERS = pa.list_(pa.float64())
_SCHEMA = chain_columns(right=pa.int32(), reference=_NUMBERS, pair_weights=pa.list_(_NUMBERS))


class StoredExamples(Stored[PreferenceExample]):
    """The examples of a folder that `write_examples` made, in the order in which they were written.

    Raises CorruptionError when the folder is not what was written.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, _SCHEMA, _example)


def write_examples(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    without_any = "no group has a pair: no problem has both a right and a wrong chain; sample more"
    write_stored(map(_row, examples), _SCHEMA, directory, without_any)


def _example(row: dict[str, Any]) -> PreferenceExample:
    chains = row_chains(row)
    n, reference = row["right"], tuple(row["reference"])
    group = ScoredGroup(row["problem_id"], chains[:n], chains[n:], tuple(map(tuple, row["pair_weights"])))
    return PreferenceExample(group, reference[:n], reference[n:])


def _row(example: PreferenceExample) -> dict[str, Any]:
    return chains_row(
        example.group.problem_id,
        example.chains,
        right=len(example.group.right),
        reference=example.reference_right + example.reference_wrong,
        pair_weights=example.group.pair_weights,
    )

"""Imported problems: rows of a file or of a Hub data set become problems and are divided among the splits.

Without a `test_path` the rows are divided by a hash of their surface template (numbers aside): 70% train, 10%
validation, 20% test, the same whatever the seed. With one, `test_path` is the test split, and `path` gives train
and validation. Duplicates between splits are dropped: from train those of validation and test, from validation
those of test.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from cluster.errors import RequestError
from rollout.problems.config import SPLITS, FamilyConfig
from rollout.problems.drawing import finished, split_of
from rollout.problems.duplicates import DuplicateReport, deduplicate, skeleton
from rollout.problems.imported.rows import Row, read_hub, read_rows
from rollout.problems.story import Draft
from rollout.records import Call, Problem, canonical_json, content_hash

Convert = Callable[[Row, FamilyConfig], Draft]


class Imported(NamedTuple):
    """All problems of a source by split, and for each split the duplicates that were dropped."""

    splits: Mapping[str, tuple[Problem, ...]]
    reports: Mapping[str, DuplicateReport]


def imported(config: FamilyConfig) -> Imported:
    """All problems of the families `jsonl`, `csv`, `parquet` and `hub`, whatever the counts. Raises RequestError."""
    return import_all(config, convert)


def convert(row: Row, config: FamilyConfig) -> Draft:
    """A row as a draft, by the column names of `config`. Raises RequestError with the row's place."""
    toolbox = row.text(config.toolbox_column) if config.toolbox_column else config.toolbox
    if not toolbox:
        raise RequestError(f"{row.where}: no toolbox; set `toolbox` or `toolbox_column` of family {config.family!r}")
    text, calls = row.text(config.text), tuple[Call, ...]()
    if config.calls_column:
        listed = row.value(config.calls_column)
        try:
            calls = tuple(
                Call(name=str(each["name"]), arguments=canonical_json(dict(each["arguments"].items())))
                for each in listed
            )
        except (TypeError, KeyError, ValueError, AttributeError):
            raise RequestError(
                f'{row.where}: the calls do not read; write a list of {{"name": ..., "arguments": {{...}}}}'
            ) from None
    return Draft(
        text=text,
        gold=_json(row, config.answer),
        gold_calls=calls,
        toolbox=toolbox,
        checker=row.text(config.checker_column) if config.checker_column else config.checker,
        template=content_hash(skeleton(text))[:12],
        state=_json(row, config.state_column) if config.state_column else "null",
        difficulty=max(1, len(calls) - 1),
    )


def chosen(config: FamilyConfig, split: str, imported: Callable[[FamilyConfig], Imported]) -> list[Problem]:
    """As many problems of `split` as `config` asks for, in an order drawn from its seed. Raises RequestError."""
    if split not in SPLITS:
        raise RequestError(f"{config.name or config.family}: no split {split!r}; imported problems have {SPLITS}")
    wanted, available = config.count(split), imported(config).splits[split]
    if wanted > len(available):
        raise RequestError(
            f"{config.name or config.family}: only {len(available)} {split} problems, duplicates dropped; "
            f"ask for fewer than {wanted}"
        )
    return sorted(available, key=lambda problem: content_hash(str(config.seed), problem.id))[:wanted]


def import_all(config: FamilyConfig, convert: Convert) -> Imported:
    """Every problem of the source. Raises RequestError for its first broken row."""
    return _import_all(config, convert, _stamp(config.path), _stamp(config.test_path))


@lru_cache(maxsize=8)
def _import_all(config: FamilyConfig, convert: Convert, *_stamps: object) -> Imported:
    family = config.name or config.family
    splits: dict[str, list[Problem]] = {split: [] for split in SPLITS}
    for row in _rows(config, test=False):
        draft = convert(row, config)
        split = split_of(f"{family}:{draft.template}")
        if config.test_path and split == "test":
            split = "train"
        splits[split].append(finished(draft, family, split, source=row.where, licence=config.licence))
    for row in _rows(config, test=True) if config.test_path else ():
        draft = convert(row, config)
        splits["test"].append(finished(draft, family, "test", source=row.where, licence=config.licence))
    test, in_test = deduplicate(splits["test"], [])
    validation, in_validation = deduplicate(splits["validation"], test)
    train, in_train = deduplicate(splits["train"], [*test, *validation])
    return Imported(
        splits={"train": tuple(train), "validation": tuple(validation), "test": tuple(test)},
        reports={"train": in_train, "validation": in_validation, "test": in_test},
    )


def _rows(config: FamilyConfig, test: bool) -> Iterator[Row]:
    if not config.path:
        raise RequestError(f"family {config.family!r}: path is missing; name the file or the Hub's data set")
    if config.on_hub:
        return read_hub(config.path, config.subset, config.test_path if test else config.hub_split, config.revision)
    kind = config.family if config.family in ("jsonl", "csv", "parquet") else ""
    return read_rows(config.test_path if test else config.path, kind)


def _json(row: Row, column: str) -> str:
    """What stands in `column`, as canonical JSON. Raises RequestError."""
    value = row.value(column)
    try:
        return canonical_json(value)
    except (ValueError, TypeError) as error:
        raise RequestError(f"{row.where}: {column!r} is no JSON value: {error}; write text or a number") from None


def _stamp(path: str) -> tuple[int, int] | None:
    """A file's time of change and size, so that a changed file is read again; None where there is no file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size

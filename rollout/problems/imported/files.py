"""Imported problems: rows of a file or of a Hub data set become problems and are divided among the splits.

Without a `test_path` the rows are divided by a hash of their surface template (numbers aside): 70% train, 10%
validation, 20% test, the same whatever the seed. With one, `test_path` is the test split, and `path` gives train
and validation. Duplicates between splits are dropped (`duplicates.py`): from train those of validation and test, from
validation those of test.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from cluster.errors import RequestError
from rollout.checkers import is_users
from rollout.checkers.worlds import is_world
from rollout.json_text import parse_json, short
from rollout.problems.config import HERMES, OPENAI, SPLITS, TOOL_ROWS, FamilyConfig
from rollout.problems.drawing import finished, split_of
from rollout.problems.duplicates import DuplicateReport, HeldOut, deduplicate
from rollout.problems.imported.chats import has_later_turns
from rollout.problems.imported.rows import (
    LeftOut,
    Row,
    Table,
    read_hub,
    read_rows,
    require_whole_characters,
)
from rollout.problems.imported.values import put_into_structs, read_column
from rollout.problems.story import Draft
from rollout.problems.tokens import skeleton
from rollout.records import Call, Problem, UserTurn, canonical_json, content_hash
from rollout.toolboxes.loading import with_interpreter, with_turns
from rollout.toolboxes.mcp.naming import is_server

_TURN = ("text", "calls", "appear", "vanish")
"""The keys of an object that is a turn."""
Convert = Callable[[Row, FamilyConfig], Draft]


class Imported(NamedTuple):
    """All problems of a source by split, for each split the duplicates that were dropped, and notes."""

    splits: Mapping[str, tuple[Problem, ...]]
    reports: Mapping[str, DuplicateReport]
    notes: tuple[str, ...]
    """What was read otherwise than it stands in the source, and how many rows were left out for which reason."""
    left_out: tuple[LeftOut, ...] = ()
    """Every row that gives no problem, with the reason; families of rows with functions only."""


def imported(config: FamilyConfig) -> Imported:
    """All problems of the families `jsonl`, `csv`, `parquet` and `hub`, whatever the counts. Raises RequestError."""
    return import_all(config, convert)


def convert(row: Row, config: FamilyConfig) -> Draft:
    """A row as a draft, by the column names of `config`. Raises RequestError with the row's place."""
    toolbox = row.text(config.toolbox_column) if config.toolbox_column else config.toolbox
    if is_server(toolbox) and toolbox != config.toolbox:
        raise RequestError(
            f"{row.where}: {config.toolbox_column!r} is {toolbox!r}: rows alone start no server; set toolbox to it in "
            "the section"
        )
    if not toolbox:
        raise RequestError(f"{row.where}: no toolbox; set `toolbox` or `toolbox_column` of family {config.family!r}")
    text, calls = row.text(config.text), tuple[Call, ...]()
    if config.calls_column:
        calls = _calls(row.value(config.calls_column), row.where, config.calls_column)
    turns = _turns(row, config.turns_column) if config.turns_column else ()
    hidden = _names(row.value(config.hidden_column), row.where, config.hidden_column) if config.hidden_column else ()
    toolbox = config.toolbox_name if toolbox == config.toolbox else with_interpreter(toolbox, config.python)
    checker = _checker(row, config)
    said = " ".join((text, *(turn.text for turn in turns)))
    return Draft(
        text=text,
        gold=_json(row, config.answer),
        gold_calls=calls,
        turns=turns,
        hidden=hidden,
        toolbox=with_turns(toolbox) if turns or is_world(checker) else toolbox,
        checker=checker,
        template=content_hash(skeleton(said))[:12],
        state=_json(row, config.state_column) if config.state_column else "null",
        difficulty=max(1, len(calls) - 1),
        nothing_to_do=_truth(row, config.nothing_to_do_column) if config.nothing_to_do_column else config.nothing_to_do,
    )


def chosen(config: FamilyConfig, split: str, imported: Callable[[FamilyConfig], Imported]) -> list[Problem]:
    """As many problems of `split` as `config` asks for, in an order drawn from its seed. Raises RequestError."""
    if split not in SPLITS:
        raise RequestError(f"{config.name or config.family}: no split {split!r}; imported problems have {SPLITS}")
    wanted, found = config.count(split), imported(config)
    available = found.splits[split]
    if wanted > len(available):
        dropped = found.reports[split].said or "no duplicates dropped"
        if found.left_out:
            dropped += f"; {len(found.left_out):,} rows left out"
        divided = (
            ""
            if config.test_path
            else ", or divide the rows yourself with test_path (else a hash of their templates does)"
        )
        raise RequestError(
            f"{config.name or config.family}: {split} = {wanted}, but {config.path} gives only {len(available)} "
            f"{split} problems ({dropped}); ask for at most {len(available)}{divided}"
        )
    return sorted(available, key=lambda problem: content_hash(str(config.seed), problem.id))[:wanted]


def import_all(config: FamilyConfig, convert: Convert) -> Imported:
    """Every problem of the source. Raises RequestError for its first broken row."""
    return _import_all(config, convert, _stamp(config.path), _stamp(config.test_path))


@lru_cache(maxsize=8)
def _import_all(config: FamilyConfig, convert: Convert, *_stamps: object) -> Imported:
    family = config.name or config.family
    splits: dict[str, list[Problem]] = {split: [] for split in SPLITS}
    read, notes = _read(config, test=False)
    left_out = list[LeftOut]()
    for row in read:
        if (draft := _converted(row, config, convert, left_out)) is None:
            continue
        split = split_of(f"{family}:{draft.template}")
        if config.test_path and split == "test":
            split = "train"
        splits[split].append(finished(draft, family, split, source=row.where, licence=config.licence))
    read_for_test, more = _read(config, test=True) if config.test_path else ([], ())
    for row in read_for_test:
        if (draft := _converted(row, config, convert, left_out)) is not None:
            splits["test"].append(finished(draft, family, "test", source=row.where, licence=config.licence))
    everyone = [*read, *read_for_test]
    if left_out and len(left_out) == len(everyone):
        raise RequestError(f"{left_out[0]}; none of the {len(everyone):,} rows gives a problem of {config.family!r}")
    notes = (*notes, *_on_rows(config, everyone, left_out))
    test, in_test = deduplicate(splits["test"], HeldOut())
    validation, in_validation = deduplicate(splits["validation"], HeldOut(test), config.duplicates)
    train, in_train = deduplicate(splits["train"], HeldOut([*test, *validation]), config.duplicates)
    again = [each for report in (in_test, in_validation, in_train) for each in report.dropped if each.contradicts]
    for each in again[:1]:
        notes = (
            *notes,
            f"{len(again):,} dropped problems have the text and state of another one and another gold answer, such as "
            f"{each.source} and {each.like}: one of the two is wrong",
        )
    return Imported(
        splits={"train": tuple(train), "validation": tuple(validation), "test": tuple(test)},
        reports={"train": in_train, "validation": in_validation, "test": in_test},
        notes=(*notes, *more),
        left_out=tuple(left_out),
    )


def _converted(row: Row, config: FamilyConfig, convert: Convert, left_out: list[LeftOut]) -> Draft | None:
    """The draft of a row; None where it gives none, which `left_out` then holds."""
    try:
        return convert(row, config)
    except LeftOut as error:
        left_out.append(error)
        return None


def _on_rows(config: FamilyConfig, rows: Sequence[Row], left_out: Sequence[LeftOut]) -> Iterator[str]:
    """How many rows were left out for each kind of reason, with the first row of each, and how many of those that were
    taken go on after what is taken of them."""
    for kind, number in Counter(each.kind for each in left_out).most_common():
        example = next(each for each in left_out if each.kind == kind)
        yield f"{number:,} of {len(rows):,} rows are left out because {kind}, such as {example}"
    column = {HERMES: "conversations", OPENAI: "messages"}.get(config.family, "")
    without = {each.where for each in left_out}
    later = [row.where for row in rows if row.where not in without and has_later_turns(row.values.get(column))]
    if later:
        yield f"{len(later):,} rows have later turns of the user, such as {later[0]}: only the first is taken"


def _read(config: FamilyConfig, test: bool) -> tuple[list[Row], tuple[str, ...]]:
    """The rows with the values that were put into them, and notes on what was taken for absent."""
    table = _table(config, test)
    rows, notes = list(table.rows), []
    if not rows:
        raise RequestError(
            f"{config.test_path if test else config.path}: there is no row in it; name one that has some"
        )
    if config.family in TOOL_ROWS:
        if table.kind != "typed":
            return rows, ()
        put_in = [put_into_structs(row.values, config.nulls) for row in rows]
        lost = [(row.where, number) for row, (_, number) in zip(rows, put_in, strict=True) if number]
        rows = [Row(row.where, values) for row, (values, _) in zip(rows, put_in, strict=True)]
        return rows, (_on_nulls(sum(number for _, number in lost), "dicts", lost[0][0]),) if lost else ()
    as_json = (config.calls_column, config.turns_column, config.hidden_column)
    columns = () if config.family == "gsm8k" else (config.answer, config.state_column, *as_json)
    for column in dict.fromkeys(filter(None, columns)):
        texts = (column,) if column in as_json else config.json_columns
        found = read_column(table, column, config.nulls, texts)
        rows = [Row(row.where, {**row.values, column: value}) for row, value in zip(rows, found.values, strict=True)]
        if found.dropped:
            notes.append(_on_nulls(found.dropped, repr(column), found.example))
    return rows, tuple(notes)


def _on_nulls(dropped: int, within: str, example: str) -> str:
    return f'{dropped:,} nulls inside {within} are read as absent keys, such as in {example}; nulls = "null" keeps them'


def _table(config: FamilyConfig, test: bool) -> Table:
    if not config.path:
        raise RequestError(f"family {config.family!r}: path is missing; name the file or the Hub's data set")
    if config.on_hub:
        return read_hub(config.path, config.subset, config.test_path if test else config.hub_split, config.revision)
    kind = config.family if config.family in ("jsonl", "csv", "parquet") else ""
    return read_rows(config.test_path if test else config.path, kind)


def _calls(value: Any, where: str, column: str) -> tuple[Call, ...]:
    """A gold chain: a list of calls, each an object with a name and arguments, or the JSON text of one."""
    try:
        calls = []
        for each in value:
            call = parse_json(each, f"{where}: {column!r}") if isinstance(each, str) else each
            arguments = call["arguments"]
            if isinstance(arguments, str):
                arguments = parse_json(arguments, f"{where}: 'arguments' in {column!r}")
            name, arguments = call["name"].strip(), dict(arguments.items())
            require_whole_characters([name, arguments], where, column)
            calls.append(Call(name=name, arguments=canonical_json(arguments)))
        return tuple(calls)
    except (TypeError, KeyError, AttributeError):
        raise RequestError(
            f'{where}: the calls do not read; write a list of {{"name": ..., "arguments": {{...}}}}'
        ) from None


def _turns(row: Row, column: str) -> tuple[UserTurn, ...]:
    """What the user says after the text. Raises RequestError for what is no list of turns."""
    form = f'{row.where}: {column!r} is no list of turns; write texts, or {{"text": ..., "calls": [...]}}'
    value, turns = row.value(column), list[UserTurn]()
    require_whole_characters(value, row.where, column)
    if not isinstance(value, list):
        raise RequestError(f"{form}: {short(value)}")
    for number, each in enumerate(value, start=2):
        turn = {"text": each} if isinstance(each, str) else each
        if not isinstance(turn, dict) or turn.keys() - _TURN or not isinstance(turn.get("text", ""), str):
            raise RequestError(f"{form}, with {', '.join(_TURN[2:])} where functions change: {short(each)}")
        appear, vanish = (_names(turn.get(key) or [], row.where, f"{key} in {column}") for key in _TURN[2:])
        if both := {*appear} & {*vanish}:
            fault = f"{min(both)!r} appears and vanishes in one turn; leave one of the two out"
            raise RequestError(f"{row.where}: {column!r}: {fault}")
        text, calls = turn.get("text", "").strip(), _calls(turn.get("calls") or (), row.where, column)
        if not (text or appear or vanish):
            raise RequestError(f"{row.where}: {column!r}: in turn {number} nothing is said; write its text, or drop it")
        turns.append(UserTurn(text=text, gold_calls=calls, appear=appear, vanish=vanish))
    return tuple(turns)


def _names(value: Any, where: str, column: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise RequestError(f"{where}: {column!r} is {short(value)}; write a list of functions' names")
    require_whole_characters(value, where, column)
    return tuple(value)


def _json(row: Row, column: str) -> str:
    """What stands in `column`, as canonical JSON. Raises RequestError."""
    try:
        return canonical_json(row.value(column))
    except ValueError as error:  # half of a surrogate pair
        raise RequestError(f"{row.where}: {column!r} is no JSON value: {error}; write text or a number") from None


def _checker(row: Row, config: FamilyConfig) -> str:
    """The checker of a row. Raises RequestError where the row names a function that the recipe does not name: it would
    run in this process, on what a model wrote."""
    name = row.text(config.checker_column) if config.checker_column else config.checker
    try:
        theirs = is_users(name)
    except RequestError:  # the contracts say what is wrong with the name
        theirs = False
    if theirs and name != config.checker:
        raise RequestError(
            f"{row.where}: {config.checker_column!r} is {name!r}, a function that rows alone may not have run; set "
            f"checker = {name!r} in the section to allow it, or name one of docs/checkers.md"
        )
    return name


def _truth(row: Row, column: str) -> bool:
    """The truth value in `column`, which CSV spells true or false. Raises RequestError."""
    value = row.value(column)
    truth = {"true": True, "false": False}.get(str(value).strip().lower())
    if truth is None:
        raise RequestError(f"{row.where}: {column!r} is {value!r}; write true or false")
    return truth


def _stamp(path: str) -> tuple[int, int] | None:
    """A file's time of change and size, so that a changed file is read again; None where there is no file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size

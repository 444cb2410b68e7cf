"""What users' functions return and raise, and what the model sees of it."""

import json
from pathlib import Path

import pytest

from rollout.records import ErrorCode
from rollout.toolboxes import Toolbox
from rollout.toolboxes.isolation.isolated import IsolatedToolbox
from rollout.toolboxes.isolation.users import load_users
from rollout.toolboxes.values import as_json
from tests.rollout.toolboxes.users_files import CASES, called, written

RETURNED = {
    "nan": '"NaN"',
    "inf_inside": '{"a":[1.0,"Infinity"]}',
    "bytes": '"abc"',
    "bytes_bad": '"//4="',
    "datetime": '"2024-02-29T01:02:03"',
    "timedelta": '"P1DT5S"',
    "decimal": '"1.10"',
    "decimal_nan": '"NaN"',
    "fraction": '"1/3"',
    "complex": '"1+2j"',
    "np_int": "3",
    "np_float": "0.1",
    "np_bool": "true",
    "np_array": "[0,1,2]",
    "np_inside": '{"mean":2.5,"n":4}',
    "np_nan": '"NaN"',
    "set": "[1,2,3]",
    "set_mixed": '[1,"a"]',
    "set_inside": '{"a":[1,2,3]}',
    "frozenset_of_str": '{"tags":["a","b","c","d","e"]}',
    "tuple": '[1,"a"]',
    "dict_int_keys": '{"1":"a","2":"b"}',
    "dict_tuple_keys": '{"[1,2]":"a"}',
    "dict_mixed_keys": '{"1":"a","b":2}',
    "counter": '{"a":2,"b":1,"c":1}',
    "deque": "[1,2]",
    "enum": "1",
    "point": '{"x":1,"y":2.0}',
    "person": '{"born":"2000-01-02","name":"Ann"}',
    "map": '["1","2"]',
    "range": "[0,1,2]",
    "none": "null",
    "big_int": str(2**70),
    "neg_zero": "-0.0",
    "long_text": json.dumps("x" * 100_000),
    "surrogate": '"\ufffd"',
    "null_byte": '"a\\u0000b"',
    "unknown": '"unknown"',
}
NO_RESULT = {
    "type": (ErrorCode.TOOLBOX_FAULT, "the class int, which has no JSON form"),
    "lambda": (ErrorCode.TOOLBOX_FAULT, "a value of type function"),
    "exception": (ErrorCode.TOOLBOX_FAULT, "a value of type ValueError"),
    "cycle": (ErrorCode.OUTPUT_TOO_LARGE, "more than 100 levels"),
    "deep": (ErrorCode.OUTPUT_TOO_LARGE, "more than 100 levels"),
    "infinite": (ErrorCode.OUTPUT_TOO_LARGE, "more than 100,000 values"),
}


@pytest.fixture(scope="module")
def returns() -> Toolbox:
    return load_users(str(CASES / "returns.py"))


@pytest.mark.parametrize(("what", "content"), RETURNED.items())
def test_what_functions_return_is_json(returns: Toolbox, what: str, content: str) -> None:
    result = called(returns, "give", what=what)
    assert (result.error, result.content) == (None, content)


@pytest.mark.parametrize(("what", "code", "says"), [(what, *expected) for what, expected in NO_RESULT.items()])
def test_what_has_no_json_form_is_refused_by_name(returns: Toolbox, what: str, code: ErrorCode, says: str) -> None:
    result = called(returns, "give", what=what)
    assert result.error is code
    assert result.content.startswith("Error: give: the result")
    assert says in result.content


MORE = """
import array, datetime, decimal, enum, ipaddress, pathlib, types, uuid
from collections import OrderedDict, defaultdict, namedtuple

import attr
import numpy as np
import pandas as pd
from pydantic import BaseModel


class Level(enum.IntEnum):
    HIGH = 2


class Flag(enum.Flag):
    A = 1
    B = 2


@attr.s(auto_attribs=True)
class Attrs:
    a: int
    tags: frozenset


class Model(BaseModel):
    model_config = {"extra": "allow"}
    level: Level
    tags: frozenset[str]
    at: datetime.time
    inner: list["Model"] = []


Named = namedtuple("Named", "x y")
frame = pd.DataFrame({"a": [1, 2], "b": [0.5, float("nan")], "c": pd.to_datetime(["2024-01-01", None])})
VALUES = {
    "int enum": Level.HIGH,
    "flag": Flag.A | Flag.B,
    "enum key": {Level.HIGH: 1, datetime.date(2024, 1, 1): 2, None: 3, True: 4, 1.5: 5},
    "attrs": Attrs(1, frozenset("ba")),
    "model": Model(level=2, tags={"b", "a"}, at=datetime.time(1, 2), more={3, 1}),
    "named tuple": Named(1, (2,)),
    "default dict": defaultdict(list, a=[1]),
    "ordered": OrderedDict(b=1, a=2),
    "proxy": types.MappingProxyType({"a": 1}),
    "keys": {"b": 1, "a": 2}.keys(),
    "values": {"b": 1}.values(),
    "uuid": uuid.UUID(int=1),
    "path": pathlib.PurePosixPath("a/b"),
    "address": ipaddress.ip_address("127.0.0.1"),
    "array": array.array("d", [1.5]),
    "set of tuples": {(2, "b"), (1, "a")},
    "nested sets": {frozenset({2, 1}), frozenset({3})},
    "numbers and text": {"b", 2, "a", 10, 1.5},
    "naive and aware": [datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC), datetime.date(2024, 1, 1)],
    "negative duration": datetime.timedelta(hours=-1),
    "bytearray": bytearray(b"a"),
    "matrix": np.eye(2, dtype=np.float32),
    "scalar array": np.array(3),
    "np text": np.array(["a", "b"]),
    "np bool": np.array([True, False]),
    "np date": np.datetime64("2024-01-02"),
    "np nat": np.datetime64("NaT"),
    "np inf": np.array([np.inf, -np.inf, np.nan]),
    "np half": np.float16(0.1),
    "np complex": np.complex128(1 + 2j),
    "np long": np.longdouble(0.5),
    "np object": np.array([{1, 2}, None], dtype=object),
    "np key": {np.int64(3): np.str_("x")},
    "frame": frame,
    "grouped frame": frame.groupby("a").sum(numeric_only=True),
    "series": pd.Series([1, 2]),
    "series with an index": pd.Series([1, 2], index=["x", "y"]),
    "missing": [pd.NaT, pd.NA, pd.Timestamp("2024-01-01"), pd.Timedelta("1h")],
    "period": pd.Period("2024-01"),
    "category": pd.Series(["a", "b"], dtype="category"),
    "generator": (n * n for n in range(3)),
    "zip": zip("ab", [1, 2]),
}


def give(what: str) -> object:
    '''Give a value.'''
    return VALUES[what]
"""
EXPECTED = {
    "int enum": 2,
    "flag": 3,
    "enum key": {"2": 1, "2024-01-01": 2, "null": 3, "true": 4, "1.5": 5},
    "attrs": {"a": 1, "tags": ["a", "b"]},
    "model": {"level": 2, "tags": ["a", "b"], "at": "01:02:00", "inner": [], "more": [1, 3]},
    "named tuple": [1, [2]],
    "default dict": {"a": [1]},
    "ordered": {"a": 2, "b": 1},
    "proxy": {"a": 1},
    "keys": ["b", "a"],
    "values": [1],
    "uuid": "00000000-0000-0000-0000-000000000001",
    "path": "a/b",
    "address": "127.0.0.1",
    "array": [1.5],
    "set of tuples": [[1, "a"], [2, "b"]],
    "nested sets": [[1, 2], [3]],
    "numbers and text": [1.5, 2, 10, "a", "b"],
    "naive and aware": ["2024-01-01T00:00:00+00:00", "2024-01-01"],
    "negative duration": "-PT1H",
    "bytearray": "a",
    "matrix": [[1.0, 0.0], [0.0, 1.0]],
    "scalar array": 3,
    "np text": ["a", "b"],
    "np bool": [True, False],
    "np date": "2024-01-02",
    "np nat": None,
    "np inf": ["Infinity", "-Infinity", "NaN"],
    "np half": 0.1,
    "np complex": "1+2j",
    "np long": 0.5,
    "np object": [[1, 2], None],
    "np key": {"3": "x"},
    "frame": [{"a": 1, "b": 0.5, "c": "2024-01-01T00:00:00"}, {"a": 2, "b": "NaN", "c": None}],
    "grouped frame": [{"a": 1, "b": 0.5}, {"a": 2, "b": 0.0}],
    "series": [1, 2],
    "series with an index": {"x": 1, "y": 2},
    "missing": [None, None, "2024-01-01T00:00:00", "PT1H"],
    "period": "2024-01",
    "category": ["a", "b"],
    "generator": [0, 1, 4],
    "zip": [["a", 1], ["b", 2]],
}


@pytest.fixture(scope="module")
def more(tmp_path_factory: pytest.TempPathFactory) -> Toolbox:
    return load_users(written(tmp_path_factory.mktemp("more"), MORE, "more_values.py"))


@pytest.mark.parametrize(("what", "value"), EXPECTED.items())
def test_more_kinds_of_results(more: Toolbox, what: str, value: object) -> None:
    result = called(more, "give", what=what)
    assert result.error is None, result.content
    assert json.loads(result.content) == value


def test_two_keys_that_are_one_in_json_are_no_result() -> None:
    with pytest.raises(Exception, match="two keys that are '1'"):
        as_json({1: "a", "1": "b"})


RAISED = {
    "huge": "no such thing: xxx",
    "lines": "first second third",
    "no_message": "ValueError",
    "keyerror": "'missing key'",
    "assert": "must be equal",
    "exit": "it ended itself (SystemExit: 3)",
    "keyboard": "KeyboardInterrupt",
    "group": "several (2 sub-exceptions)",
    "bad_str": "Bad",
    "recursion": "maximum recursion depth exceeded",
    "stopiteration": "3",
    "base": "beyond",
    "abort": "ended its process",
    "segfault": "ended its process",
    "memory": "MemoryError",
    "unicode": "Zürich – 5 € ≠ 6 £ \ufffd",
}


def test_whatever_a_function_raises_the_next_call_is_served() -> None:
    toolbox = IsolatedToolbox.start(str(CASES / "returns.py"), workers=1)
    try:
        for how, says in RAISED.items():
            result = called(toolbox, "fail", how=how)
            assert result.error is ErrorCode.FUNCTION_RAISED, (how, result)
            assert says in result.content, (how, result)
            assert len(result.content) < 250
            assert called(toolbox, "fail", how="nothing").content == '"unknown"'
        assert called(toolbox, "ask").error is ErrorCode.TOOLBOX_FAULT
        assert called(toolbox, "say", text="é").content == "1"
    finally:
        toolbox.stop()


@pytest.mark.parametrize(
    ("body", "own"),
    [
        ('raise ValueError("no")', False),
        ('raise PermissionError("only the owner may do that")', False),
        ("return missing_name", True),
        ("import no_such_module_here", True),
        ('raise PermissionError(13, "denied")', True),
        (
            "try:\n        open('/etc/x', 'w')\n    except OSError:\n        raise ValueError('no') from None",
            True,
        ),
    ],
)
def test_what_is_the_toolboxs_own_fault(tmp_path: Path, body: str, own: bool) -> None:
    name = "import importlib\n" if "import no_such" in body else ""
    body = body.replace("import no_such_module_here", "importlib.import_module('no_such_module_here')")
    toolbox = IsolatedToolbox.start(
        written(tmp_path, f'{name}def f() -> int:\n    """Do it."""\n    {body}\n'), workers=1
    )
    try:
        code = ErrorCode.TOOLBOX_FAULT if own else ErrorCode.FUNCTION_RAISED
        assert called(toolbox, "f").error is code
    finally:
        toolbox.stop()

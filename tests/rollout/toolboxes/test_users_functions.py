"""Users' functions as people write them: classes, decorators, docstrings, types, results, exceptions."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import RequestError
from rollout.records import Call, CallResult, ErrorCode, canonical_json
from rollout.toolboxes import Toolbox
from rollout.toolboxes.isolation.isolated import IsolatedToolbox
from rollout.toolboxes.isolation.users import load_users
from rollout.toolboxes.values import as_json
from tests.repository import ROOT

CASES = ROOT / "tests" / "data" / "toolboxes"


def written(folder: Path, text: str, name: str = "tools.py") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def called(toolbox: Toolbox, name: str, state: str = "null", **arguments: Any) -> CallResult:
    return toolbox.open(state).call(Call(name=name, arguments=canonical_json(arguments)))


# Results ------------------------------------------------------------------------------------------------------------

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


# Exceptions ---------------------------------------------------------------------------------------------------------

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


# Functions, classes, decorators -------------------------------------------------------------------------------------

REFUSED = {
    "args_first.py": "args_first.py:4: function args_first: no description before its first section",
    "callable_parameter.py": r"callable_parameter.py:7: function logged: parameter function: Callable\[..., Any\] is a "
    "function, which no model can write; begin the function's name with _",
    "decorated.py": "decorated.py:6: function logged: parameter function",
    "bank.py": "no public function with a docstring; write one; or name a class: .*bank.py:Account",
    "defaults.py": "defaults.py:8: function by_sentinel: the default of limit is <object object at 0x...>",
}


@pytest.mark.parametrize(("file", "says"), REFUSED.items())
def test_files_that_are_no_toolbox_are_refused_in_one_line(file: str, says: str) -> None:
    with pytest.raises(RequestError, match=says) as caught:
        load_users(str(CASES / file))
    assert "\n" not in str(caught.value)


CLASSES = {
    "Account": (["pay", "tax", "currency", "history", "balance"], '{"money":5}', "balance", {}, "5.0"),
    "Notes": (["add"], "null", "add", {"note": "a"}, "1"),
    "NoState": (["ping"], "null", "ping", {}, '"pong"'),
    "Finishing": (["work"], "null", "work", {}, "1"),
}


@pytest.mark.parametrize(("kind", "expected"), CLASSES.items())
def test_classes_as_people_write_them(kind: str, expected: tuple[list[str], str, str, dict[str, Any], str]) -> None:
    names, state, name, arguments, content = expected
    toolbox = load_users(f"{CASES / 'bank.py'}:{kind}")
    assert list(toolbox.functions) == [*names, "finish"]
    assert called(toolbox, name, state, **arguments).content == content


def test_static_and_class_methods_are_functions_and_a_refusal_of_finish_counts() -> None:
    account = load_users(f"{CASES / 'bank.py'}:Account").open('{"money":5}')
    for name, arguments, content in (("tax", '{"amount":10}', "2.0"), ("currency", "{}", '"EUR"')):
        assert account.call(Call(name=name, arguments=arguments)).content == content
    finishing = load_users(f"{CASES / 'bank.py'}:Finishing").open()
    assert finishing.call(Call(name="finish", arguments='{"answer":1}')).error is ErrorCode.FUNCTION_RAISED


@pytest.mark.parametrize(
    ("made", "state", "content"),
    [
        ("def __init__(self): self.x = 1", "null", "1"),
        ("def __init__(self, state): self.x = state['x']", '{"x":2}', "2"),
        ("def __init__(self, state=None): self.x = state", "null", "null"),
        ("def __init__(self, state=7): self.x = state", "null", "7"),
        ("def __init__(self, x, y): self.x = x + y", '{"x":2,"y":3}', "5"),
        ("def __init__(self, x=1, y=2): self.x = x + y", '{"y":5}', "6"),
        ("def __init__(self, state, verbose=False): self.x = state['x']", '{"x":3}', "3"),
        ("def __init__(self, *, x): self.x = x", '{"x":3}', "3"),
        ("def __init__(self, *args): self.x = list(args)", "[1]", "[[1]]"),
        ("x = 9", "null", "9"),
    ],
)
def test_instances_are_made_as_their_signature_says(tmp_path: Path, made: str, state: str, content: str) -> None:
    text = f'class Box:\n    {made}\n    def get(self) -> object:\n        """Get it."""\n        return self.x\n'
    assert called(load_users(f"{written(tmp_path, text)}:Box"), "get", state).content == content


def test_a_state_for_a_class_that_takes_none_does_not_fit() -> None:
    with pytest.raises(RequestError, match="does not fit: TypeError: NoState takes none"):
        load_users(f"{CASES / 'bank.py'}:NoState").open('{"a":1}')


SHAPES = '''
import dataclasses
import functools
import math
import threading
from typing import Callable


def logged(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper


@logged
def wrapped(a: int) -> int:
    """Double it."""
    return 2 * a


@functools.lru_cache
def cached(a: int) -> int:
    """Square it."""
    return a * a


def positional(a: int, b: int = 2, /, c: int = 3) -> list[int]:
    """List them."""
    return [a, b, c]


def keywords(*, a: int, b: int = 2) -> list[int]:
    """List them."""
    return [a, b]


def undocumented(x, *rest):
    return x


alias = wrapped
nothing = lambda x: x
rounding = math.floor


class Mixin(threading.Thread):
    def mixed(self) -> int:
        """Mixed in."""
        return 1

    def helper(self) -> int:
        return 2


class Box(Mixin):
    def __init__(self, state):
        self.state = state

    @property
    def size(self) -> int:
        """No function."""
        return 1

    @functools.cached_property
    def width(self) -> int:
        """No function either."""
        return 1

    @functools.lru_cache
    def slow(self, a: int) -> int:
        """Cached."""
        return a

    @logged
    def decorated(self, a: int = None, /) -> object:
        """Decorated."""
        return a

    class Inner:
        """No function."""

    async def later(self) -> int:
        """Later."""
        return 3
'''


def test_decorated_and_cached_functions_are_tools_and_helpers_are_none(tmp_path: Path) -> None:
    toolbox = load_users(written(tmp_path, SHAPES))
    assert list(toolbox.functions) == ["wrapped", "cached", "positional", "keywords", "finish"]
    assert called(toolbox, "wrapped", a=2).content == "4"
    assert called(toolbox, "cached", a=3).content == "9"
    assert called(toolbox, "positional", a=1).content == "[1,2,3]"
    assert called(toolbox, "positional", a=1, c=5).content == "[1,2,5]"
    assert called(toolbox, "keywords", a=1).content == "[1,2]"


def test_methods_of_all_kinds(tmp_path: Path) -> None:
    toolbox = load_users(f"{written(tmp_path, SHAPES)}:Box")
    assert list(toolbox.functions) == ["slow", "decorated", "later", "mixed", "finish"]
    for name, arguments, content in (("slow", {"a": 2}, "2"), ("decorated", {"a": None}, "null"), ("later", {}, "3")):
        assert called(toolbox, name, **arguments).content == content
    assert called(toolbox, "decorated").content == "null"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('def f(*many: int) -> int:\n    """Do it."""', r"parameter \*many: int cannot be given by name"),
        ('def f(**many: int) -> int:\n    """Do it."""', r"parameter \*\*many: int cannot be given by name"),
        ('def f(a) -> int:\n    """Do it."""', "tools.py:1: function f: parameter a has no type; add one"),
        ('def f(a: "Nope") -> int:\n    """Do it."""', "its types do not resolve"),
        ('import io\ndef f(a: io.StringIO) -> int:\n    """Do it."""', "parameter a: StringIO has no JSON schema"),
        ('def f(a=print) -> int:\n    """Do it."""', "has no type"),
        ('def f(a: int = lambda: 1) -> int:\n    """Do it."""', "the default of a is <function <lambda> at 0x...>"),
        ('def f(a: list = [object()]) -> int:\n    """Do it."""', "the default of a is <object object at 0x...>"),
        ("def f(a: int) -> int:\n    return a", "no public function with a docstring"),
        ("class Box:\n    def f(self, a: int) -> int:\n        return a\nTOOLBOX = Box", "has no public method"),
        ("raise SystemExit(3)", "importing .* raised SystemExit: 3"),
        ("raise ValueError('\\ud800')", "importing .* raised ValueError: \ufffd"),
        ("def f(:", "SyntaxError"),
        (
            'def f() -> int:\n    """Do it."""\n    import nope_nope',
            "tools.py:3: No module named 'nope_nope'; install it",
        ),
        ('def f() -> int:\n    """Do it."""\n    from json import nope', "tools.py:3: No module named 'json.nope'"),
        (
            "def bare(f):\n    def inner(*a):\n        return f(*a)\n    return inner\n"
            '@bare\ndef f(a: int) -> int:\n    """Do it."""',
            "function f: is made by bare, which keeps neither its types nor its docstring; let bare use functools.w",
        ),
    ],
)
def test_a_function_that_cannot_be_a_tool_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(RequestError, match=says) as caught:
        load_users(written(tmp_path, text + "\n"))
    assert "\n" not in str(caught.value)


def test_an_import_that_may_fail_may_fail(tmp_path: Path) -> None:
    text = 'def f() -> int:\n    """Do it."""\n    try:\n        import nope_nope\n'
    text += "    except ImportError:\n        return 1\n"
    assert called(load_users(written(tmp_path, text)), "f").content == "1"


# Docstrings ---------------------------------------------------------------------------------------------------------


def test_docstrings_of_all_styles_give_descriptions_and_examples() -> None:
    functions = load_users(str(CASES / "docstrings.py")).functions
    texts = {
        name: [each.get("description") for each in function.parameters["properties"].values()]
        for name, function in functions.items()
    }
    assert {function.description for name, function in functions.items() if name != "finish"} == {
        "Forecast the weather."
    }
    assert texts["google"] == ["The city: its name, in English.", "How many days. Defaults to 1."]
    assert texts["numpy_style"] == texts["sphinx_style"] == ["The city's name.", "How many days."]
    assert texts["epydoc"] == texts["google_without_blank_line"] == ["The city's name."]
    assert texts["star_args"] == ["One of - Oslo: in Norway - Bern: in Switzerland"]
    assert texts["wrong_name"] == [None]
    assert functions["google"].examples == ('google("Oslo")',)
    assert functions["numpy_style"].examples == ('numpy_style("Oslo")',)
    assert all(not functions[name].examples for name in ("sphinx_style", "epydoc", "star_args"))


@pytest.mark.parametrize(
    ("doc", "description", "examples"),
    [
        ("Add.\n\n>>> f(1, 2)\n3\n>>> f(\n...     2,\n...     3)\n5", "Add.", ("f(1, 2)", "f(2, 3)")),
        ("Add.\n>>> f(1)\n1", "Add.", ("f(1)",)),
        ("Add.\n\nExamples:\n    f(1)\n    f(2)  # two\n    prose here\n    g(1)", "Add.", ("f(1)", "f(2)")),
        ("Add.\n\nExample::\n\n    >>> x = 3\n    >>> f(x)\n    3\n    >>> print(f(x))\n    3", "Add.", ("f(x)",)),
        ("Add.\n\nExamples\n--------\n>>> box.f(1)\n1\n\nNotes\n-----\nf(9)", "Add.", ("f(1)",)),
        ("Add two\nnumbers.\n\nMore: text.\n", "Add two numbers.", ()),
        ("Add.\n\n:param a: The first,\n    a number.\n:returns: f(3)", "Add.", ()),
        ("Add.\n\n>>> f(1\n3", "Add.", ()),
    ],
)
def test_examples_are_calls_and_never_their_output(
    tmp_path: Path, doc: str, description: str, examples: tuple[str, ...]
) -> None:
    text = f"def f(a: int, b: int = 1) -> int:\n    return a + b\nf.__doc__ = {doc!r}\n"
    function = load_users(written(tmp_path, text)).functions["f"]
    assert (function.description, function.examples) == (description, examples)


# Types --------------------------------------------------------------------------------------------------------------

SHAPED: list[tuple[str, dict[str, Any], str]] = [
    ("with_enum", {"mood": "calm"}, '"CALM/<Level.LOW: 1>"'),
    ("with_dataclass", {"point": {"x": 3, "y": 4}}, "5.0"),
    ("with_dataclass_default", {}, "5.0"),
    ("with_model", {"person": {"name": "A", "age": 4, "friends": [{"name": "B", "age": 5}]}}, '"A 4 1"'),
    ("with_typed_dict", {"trip": {"start": "x"}}, "\"[('start', 'x')]\""),
    ("with_named_tuple", {"pair": [1, 2]}, "3"),
    ("with_optional", {"c": [1]}, '"None 3 [1]"'),
    ("with_optional", {"a": None, "b": "x"}, "\"None 'x' None\""),
    ("with_nested", {"rows": [[1]], "table": {"a": [{"b": 1.5}]}}, "2.5"),
    ("with_none_default", {"a": None}, '"None"'),
    ("with_none_default", {}, '"None"'),
    ("with_tuple_set", {"pair": [1, "a"], "many": [1], "several": [1, 1]}, "\"(1, 'a') (1,) {1}\""),
    ("with_bytes", {"a": "abc"}, "3"),
    ("with_path", {"a": "x/y"}, '"x/y"'),
    ("keyword_only", {"a": 1}, "3"),
    ("with_literal_mix", {"a": None}, '"None"'),
    ("with_intdict", {"a": {"1": "x"}}, "\"{1: 'x'}\""),
    ("list", {"of": 3}, "3"),
    ("class_", {"self": 1, "cls": 2}, '"1 2 1 j s"'),
    ("asynchronous", {"a": 1}, "2"),
    ("generator", {"n": 3}, "[0,1,2]"),
    ("async_generator", {"n": 3}, "[0,1,2]"),
]


@pytest.fixture(scope="module")
def shapes() -> Toolbox:
    return load_users(str(CASES / "shapes.py"))


@pytest.mark.parametrize(("name", "arguments", "content"), SHAPED)
def test_parameters_of_every_kind(shapes: Toolbox, name: str, arguments: dict[str, Any], content: str) -> None:
    result = called(shapes, name, **arguments)
    assert (result.error, result.content) == (None, content)


def test_signatures_say_what_may_be_written(shapes: Toolbox) -> None:
    signatures = [function.signature for function in shapes.functions.values()]
    assert "with_none_default(a: int | None = None)" in signatures
    assert "with_enum(mood: Mood, level: Level = 1)" in signatures
    assert shapes.functions["with_enum"].parameters["properties"]["level"]["default"] == 1


STRICT = '''
from dataclasses import dataclass
from typing import NamedTuple, TypedDict, Union

from pydantic import BaseModel


class Line(BaseModel):
    count: int
    name: str = ""


class Loose(BaseModel):
    model_config = {"extra": "allow", "strict": False}
    count: int


@dataclass
class Data:
    count: int
    name: str = ""


class Typed(TypedDict, total=False):
    count: int
    name: str


@dataclass
class Deep:
    line: Line
    typed: Typed


class Nest(BaseModel):
    lines: list[Line] = []
    by_name: dict[str, Typed] = {}
    either: Union[Line, Data, None] = None
    data: Data | None = None


def line(x: Line) -> int:
    """Take it."""
    return 1


def loose(x: Loose) -> int:
    """Take it."""
    return 1


def data(x: Data) -> int:
    """Take it."""
    return 1


def typed(x: Typed) -> int:
    """Take it."""
    return 1


def lines(x: list[Line]) -> int:
    """Take it."""
    return 1


def values(x: dict[str, Line]) -> int:
    """Take it."""
    return 1


def union(x: Line | list[Data] | None) -> int:
    """Take it."""
    return 1


def deep(x: Deep) -> int:
    """Take it."""
    return 1


def nest(x: Nest) -> int:
    """Take it."""
    return 1
'''
RIGHT, TEXT, EXTRA = {"count": 4}, {"count": "4"}, {"count": 4, "colour": "red"}
PLACES: dict[str, list[Any]] = {
    "line": ["{}"],
    "loose": ["{}"],
    "data": ["{}"],
    "typed": ["{}"],
    "lines": ["[{}]"],
    "values": ['{{"a":{}}}'],
    "union": ["{}", "[{}]"],
    "deep": ['{{"line":{},"typed":{{}}}}', '{{"line":{{"count":1}},"typed":{}}}'],
    "nest": ['{{"lines":[{}]}}', '{{"by_name":{{"a":{}}}}}', '{{"either":{}}}', '{{"data":{}}}'],
}


@pytest.mark.parametrize(("name", "place"), [(name, place) for name, places in PLACES.items() for place in places])
def test_strict_all_the_way_down(tmp_path: Path, name: str, place: str) -> None:
    toolbox = load_users(written(tmp_path, STRICT))
    assert called(toolbox, name, x=json.loads(place.format(json.dumps(RIGHT)))).error is None
    for wrong in (TEXT, EXTRA, {"count": 4.0}, {"count": True}):
        result = called(toolbox, name, x=json.loads(place.format(json.dumps(wrong))))
        assert result.error in (ErrorCode.MISTYPED_ARGUMENT, ErrorCode.UNEXPECTED_ARGUMENT), (wrong, result)


# Imports, files, modules beside the file ------------------------------------------------------------------------------

LAZY = {
    "numpy": "2.0",
    "pandas": "3",
    "sympy": '"2*x"',
    "scipy": "0.5",
    "json file": '{"apple":0.5,"pear":0.75}',
    "sqlite": "[[0.75]]",
    "sqlite memory": "[[3]]",
    "uuid": '"00000000-0000-0000-0000-000000000003"',
    "zone": '"2024-07-01T00:00:00+02:00"',
    "threads": '["1","2"]',
    "asyncio": "3",
    "locale": '"1234567"',
    "signal": "1",
    "dataclass": '"X(a=1)"',
    "cwd": "true",
    "ctypes": "4",
    "multiproc queue": "1",
}
FORBIDDEN = ("subprocess", "urllib", "logging", "processes")


def test_functions_import_and_read_what_lies_beside_them_when_they_are_called(tmp_path: Path) -> None:
    shutil.copytree(CASES / "shopdir", tmp_path / "shop")
    beside = IsolatedToolbox.start(str(tmp_path / "shop" / "beside.py"), workers=1)
    lazy = IsolatedToolbox.start(str(tmp_path / "shop" / "lazy.py"), workers=1)
    try:
        assert called(beside, "price", item="apple").content == "0.5"
        for what, content in LAZY.items():
            result = called(lazy, "lazily", what=what)
            assert (result.error, result.content) == (None, content), what
        for what in FORBIDDEN:
            assert called(lazy, "lazily", what=what).error is ErrorCode.TOOLBOX_FAULT, what
        result = called(lazy, "lazily", what="tempfile")
        assert result.error is None
        assert not Path(json.loads(result.content)).exists()
    finally:
        beside.stop()
        lazy.stop()


def test_async_functions_are_awaited() -> None:
    for name, call, arguments, content in (
        ("async_one.py", "asynchronous", {"a": 1}, "2"),
        ("bank.py:AsyncTools", "wait", {"seconds": 1}, "1.0"),
    ):
        toolbox = IsolatedToolbox.start(str(CASES / name), workers=1)
        try:
            assert called(toolbox, call, **arguments).content == content
        finally:
            toolbox.stop()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("absent.py", "no file absent.py; name one"),
        ("no.such.module", "no module no; name an importable one, or FILE.py"),
        ("users_package.no_such", "no module users_package.no_such; name an importable one"),
        ("users_package.reads", "importing users_package.reads raised FileNotFoundError: [Errno 2] No such file"),
        ("users_package.reads", "'/no/such/folder/prices.csv'"),
        (
            "users_package/reads.py",
            "importing users_package/reads.py raised FileNotFoundError: [Errno 2]",
        ),
        ("users_package/reads.py", "'/no/such/folder/prices.csv'"),
        (
            "users_package.needs",
            "importing users_package.needs raised ModuleNotFoundError: No module",
        ),
    ],
)
def test_what_does_not_load_is_named_with_the_file_that_it_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str
) -> None:
    """A module that opens a missing file is not a missing module, and people are told which file."""
    package = tmp_path / "users_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "reads.py").write_text('open("/no/such/folder/prices.csv")\n')
    (package / "needs.py").write_text("import no_such_package\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(RequestError) as refused:
        load_users(name)
    assert says in str(refused.value)

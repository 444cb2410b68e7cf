"""Users' functions as people write them: classes, decorators, docstrings."""

from pathlib import Path
from typing import Any

import pytest

from cluster.errors import RequestError
from rollout.records import Call, ErrorCode
from rollout.toolboxes.isolation.users import load_users
from tests.rollout.toolboxes.users_files import CASES, called, written

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
        ("def __init__(self, state, verbose=False): self.x = state['x']", '{"x":3,"verbose":true}', "3"),
        ("def __init__(self, *, x): self.x = x", '{"x":3}', "3"),
        ("def __init__(self, *args): self.x = list(args)", "[1]", "[[1]]"),
        ("x = 9", "null", "9"),
    ],
)
def test_instances_are_made_as_their_signature_says(tmp_path: Path, made: str, state: str, content: str) -> None:
    text = f'class Box:\n    {made}\n    def get(self) -> object:\n        """Get it."""\n        return self.x\n'
    assert called(load_users(f"{written(tmp_path, text)}:Box"), "get", state).content == content


@pytest.mark.parametrize("made", ["self, x, y=2", "self, x=1, y=2", "self, *, x"])
def test_a_state_with_an_unknown_key_beside_the_right_ones_does_not_fit(tmp_path: Path, made: str) -> None:
    text = f'class Box:\n    def __init__({made}): self.x = x\n    def get(self) -> object:\n        """Get it."""\n'
    text += "        return self.x\n"
    with pytest.raises(RequestError, match=r"does not fit: TypeError: .*unexpected keyword argument 'z'"):
        load_users(f"{written(tmp_path, text)}:Box").open('{"x":3,"z":1}')


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

"""Toolboxes: functions from typed Python, sessions, users' modules, distractors, retrieval."""

import enum
import sys
import types
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, TypeAdapter

from benchmarks.retrieval import called, measure, recall
from cluster.errors import RequestError
from docs.examples import chain
from rollout.records import Call, ErrorCode, canonical_json
from rollout.toolboxes import Function, Session, Toolbox, load_toolbox, retrieve, with_distractors
from rollout.toolboxes.isolation.users import load_users
from rollout.toolboxes.mistakes import CallRefused, one_line
from rollout.toolboxes.nesting import nested


def call(name: str, **arguments: Any) -> Call:
    return Call(name=name, arguments=canonical_json(arguments))


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


def paint(
    part: Literal["wall", "door"],
    coats: Annotated[int, Field(ge=1, le=3)],
    colours: list[Colour],
    width: float = 1.0,
    note: str | None = None,
) -> str:
    """Paint a part
    of the house.

    More on it.

    Args:
        part: What to paint.
        coats: How many layers,
            at most three.

    Examples:
        paint(part="wall", coats=2, colours=["red"])
    """
    return f"{part} {coats} {'+'.join(colour.value for colour in colours)} {width} {note}"


PAINT = Function.from_callable(paint)
BOX = Toolbox.of_functions("house", [paint])


def test_a_function_is_described_by_its_docstring_and_types() -> None:
    assert PAINT.description == "Paint a part of the house."
    assert PAINT.examples == ('paint(part="wall", coats=2, colours=["red"])',)
    assert PAINT.signature.startswith(
        "paint(part: 'wall' | 'door', coats: int, colours: list[Colour], width: float = 1.0"
    )
    properties = PAINT.parameters["properties"]
    assert properties["coats"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 3,
        "description": "How many layers, at most three.",
    }
    assert properties["width"]["default"] == 1.0
    assert PAINT.parameters["required"] == ["part", "coats", "colours"]
    assert PAINT.parameters["additionalProperties"] is False


GOOD: dict[str, Any] = {"part": "wall", "coats": 1, "colours": ["red", "blue"]}


def test_a_valid_call_gives_typed_arguments_and_defaults_stay_the_functions_own() -> None:
    result = BOX.open().call(call("paint", **GOOD, width=2))
    assert (result.content, result.error) == ('"wall 1 red+blue 2.0 None"', None)


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"coats": None}, ErrorCode.MISTYPED_ARGUMENT, "argument coats has the wrong type"),
        ({"coats": "1"}, ErrorCode.MISTYPED_ARGUMENT, "coats"),
        ({"coats": True}, ErrorCode.MISTYPED_ARGUMENT, "coats"),
        ({"coats": 1.0}, ErrorCode.MISTYPED_ARGUMENT, "coats"),
        ({"coats": 4}, ErrorCode.OUT_OF_RANGE, "less than or equal to 3"),
        ({"part": "roof"}, ErrorCode.OUT_OF_RANGE, "'wall' or 'door'"),
        ({"part": 3}, ErrorCode.OUT_OF_RANGE, "part"),
        ({"colours": ["green"]}, ErrorCode.OUT_OF_RANGE, "colours"),
        ({"colours": "red"}, ErrorCode.MISTYPED_ARGUMENT, "colours"),
        ({"note": 3}, ErrorCode.MISTYPED_ARGUMENT, "note"),
        ({"wide": 3}, ErrorCode.UNEXPECTED_ARGUMENT, "no argument wide"),
        ({"width": 10**400}, ErrorCode.OUT_OF_RANGE, "width"),
    ],
)
def test_a_wrong_argument_has_its_code_and_a_message_that_shows_the_signature(
    change: dict[str, Any], code: ErrorCode, says: str
) -> None:
    result = BOX.open().call(call("paint", **{**GOOD, **change}))
    assert result.error is code
    assert says in result.content
    assert result.content.endswith(PAINT.signature)


def test_a_missing_argument_comes_before_an_unexpected_one() -> None:
    result = BOX.open().call(call("paint", part="wall", coats=1, colors=["red"]))
    assert result.error is ErrorCode.MISSING_ARGUMENT
    assert "argument colours is missing" in result.content


def test_functions_that_cannot_be_shown_are_refused_with_what_to_do() -> None:
    def undocumented(a: int) -> int:
        return a

    def untyped(a) -> int:  # type: ignore[no-untyped-def]
        """Do it."""
        return int(a)

    def variadic(*many: int) -> int:
        """Do it."""
        return sum(many)

    def odd(a: Session) -> int:
        """Do it."""
        return 0

    refused: list[tuple[Callable[..., Any], str]] = [
        (undocumented, "no docstring"),
        (untyped, "add one"),
        (variadic, "by name"),
        (odd, "no JSON schema"),
    ]
    for function, says in refused:
        with pytest.raises(RequestError, match=says):
            Function.from_callable(function)


def test_finish_gives_the_answer_once_and_nothing_is_called_after_it() -> None:
    session = load_toolbox("arithmetic").open()
    assert session.answer is None
    assert session.call(call("finish", answer=3.5)).error is None
    assert session.answer == "3.5"
    assert session.call(call("add", a=1, b=2)).error is ErrorCode.WRONG_COUNT
    assert session.answer == "3.5"


def test_a_toolbox_without_finish_gets_one_and_a_bad_one_is_refused() -> None:
    assert list(BOX.functions) == ["paint", "finish"]

    def finish(answer: int, sure: bool) -> int:
        """Finish."""
        return answer

    with pytest.raises(RequestError, match="exactly one parameter"):
        Toolbox.of_functions("x", [paint, finish])
    with pytest.raises(RequestError, match="share a name"):
        Toolbox.of_functions("x", [paint, paint])


def test_nested_calls_are_evaluated_first_and_their_fault_is_the_calls() -> None:
    session = load_toolbox("arithmetic").open()
    inner = nested("mul", {"a": 2, "b": nested("add", {"$args": [1, 2]})})
    result = session.call(Call(name="add", arguments=canonical_json({"$args": [inner], "b": 4})))
    assert result.content == "10"
    assert result.call is not None
    by_name = nested("mul", {"a": 2, "b": nested("add", {"a": 1, "b": 2})})
    assert result.call.arguments == canonical_json({"a": by_name, "b": 4})
    fault = session.call(call("add", a=nested("div", {"a": 1, "b": 0}), b=4))
    assert (fault.error, fault.content) == (ErrorCode.FUNCTION_RAISED, "Error: div: division by 0")
    assert session.call(call("add", a=nested("nil", {}), b=1)).error is ErrorCode.UNKNOWN_FUNCTION
    assert session.call(call("add", a=nested("finish", {"answer": 1}), b=1)).error is ErrorCode.WRONG_CALL_SHAPE
    many = [nested("add", {"a": 1, "b": 1})] * 40
    assert session.call(call("add", a=many, b=1)).error is ErrorCode.TOO_LARGE
    assert session.answer is None
    assert session.call(call("finish", answer=inner)).content == "6"


def test_whatever_a_function_raises_or_returns_the_session_lives() -> None:
    def fail(how: str) -> Any:
        """Fail."""
        match how:
            case "path":
                raise OSError("no file /home/someone/secret/data.txt here\nTraceback: x")
            case "bare":
                raise KeyError
            case "long":
                raise ValueError("x" * 10_000)
            case "deep":
                return fail(how)
            case "nan":
                return float("nan")
            case "object":
                return object()
            case "surrogate":
                return "\ud800"
            case "set":
                return {2, 1}
            case _:
                return 10**5000

    session = Toolbox.of_functions("x", [fail]).open()
    codes = {
        **dict.fromkeys(("path", "bare", "long", "deep"), ErrorCode.FUNCTION_RAISED),
        "object": ErrorCode.TOOLBOX_FAULT,
        "huge": ErrorCode.OUTPUT_TOO_LARGE,
    }
    for how, code in codes.items():
        result = session.call(call("fail", how=how))
        assert result.error is code
        assert len(result.content) < 250
        assert "/home" not in result.content
        assert "\n" not in result.content
    for how, content in (("set", "[1,2]"), ("nan", '"NaN"'), ("surrogate", '"\ufffd"')):
        assert session.call(call("fail", how=how)).content == content


def test_paths_are_taken_out_of_messages() -> None:
    assert one_line("bad '/usr/lib/x.py'\nand C:\\a\\b.txt") == "bad '(path)' and (path)"
    assert one_line("6/2 is 3, a/b") == "6/2 is 3, a/b"


def test_state_is_each_sessions_own() -> None:
    toolbox = load_users("docs/examples/cart.py:Cart")
    one, two = toolbox.open('{"items":{"apple":2}}'), toolbox.open('{"items":{}}')
    assert one.call(call("put", item="apple")).content == "3"
    assert two.call(call("content")).content == "{}"
    for state in ("[]", '{"itemz":1}'):
        with pytest.raises(RequestError, match="state does not fit"):
            toolbox.open(state)
    with pytest.raises(RequestError, match=r"Cart is made from a state, and the problem has none .*`state_column`"):
        toolbox.open("null")


def test_a_files_functions_are_a_toolbox() -> None:
    toolbox = load_users("docs/examples/shop.py")
    assert list(toolbox.functions) == ["price", "total", "finish"]
    assert toolbox.open().call(call("total", prices=[0.5, 0.75], discount=0.2)).content == "1.0"


def test_microchain_functions_are_a_toolbox(monkeypatch: pytest.MonkeyPatch) -> None:
    toolbox = load_users("docs/examples/chain.py")
    assert toolbox.functions["Sum"].examples == ("Sum(2, 2)",)
    assert toolbox.functions["Sum"].signature == "Sum(a: float, b: float)"
    session = toolbox.open("null")
    assert session.call(call("Sum", a=1, b=2)).content == "3.0"
    assert session.call(call("Sum", a="1", b=2)).error is ErrorCode.MISTYPED_ARGUMENT
    assert session.call(call("Remember", key="a", value="b")).content == "1"
    assert toolbox.open("null").call(call("Remember", key="c", value="d")).content == "1"
    # A list with microchain's own functions in it, as an engine registers them.
    module = types.ModuleType("users_chain")
    reasoning = type("Reasoning", (chain.Sum,), {})
    monkeypatch.setattr(module, "ALL", [chain.Sum, reasoning()], raising=False)
    monkeypatch.setitem(sys.modules, "users_chain", module)
    assert list(load_users("users_chain:ALL").functions) == ["Sum", "finish"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nothing_here", "no such toolbox"),
        ("formulas", "neither TOOLBOX nor FUNCTIONS"),
        ("docs/examples/none.py", "no file"),
        ("docs/examples/shop.py:NONE", "defines no NONE"),
        ("docs/examples/shop.py:PRICES", "name functions"),
        ("no.such.module", "no module no; name an importable one"),
        ("arithmetic+99999", "at most"),
        ("", "is empty"),
    ],
)
def test_a_toolbox_that_is_not_there_is_a_wrong_request(name: str, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        load_toolbox(name)


def test_toolboxes_hash_alike_when_they_are_loaded_again() -> None:
    toolbox = load_toolbox("arithmetic+5@2")
    assert toolbox.hash != load_toolbox("arithmetic").hash
    assert load_users("docs/examples/shop.py").hash == load_users("docs/examples/shop.py").hash


def test_distractors_are_callable_useless_and_the_same_for_the_same_seed() -> None:
    arithmetic = load_toolbox("arithmetic")
    one, two = with_distractors(arithmetic, 50, 1), with_distractors(arithmetic, 50, 1)
    assert list(one.functions) == list(two.functions) != list(with_distractors(arithmetic, 50, 2).functions)
    assert (one.hash, one.name, len(one.functions)) == (two.hash, "arithmetic+50@1", 55)
    assert list(one.functions)[-1] == "finish"
    session = one.open()
    values = {"integer": 3, "string": "x", "number": 1.5, "boolean": True}
    for name in one.functions.keys() - arithmetic.functions.keys():
        properties = one.functions[name].parameters["properties"]
        result = session.call(call(name, **{key: values[schema["type"]] for key, schema in properties.items()}))
        assert result.error is None
    assert session.call(call("add", a=1, b=2)).content == "3"
    assert session.call(call("ad", a=1, b=2)).content == "Error: unknown function ad; did you mean add?"


def test_a_thousand_distractors_fit_a_budget_through_retrieval() -> None:
    toolbox = load_toolbox("arithmetic+1000@7")
    assert len(toolbox.functions) == 1005
    needed = [call("mul", a=1, b=2), call("add", a=1, b=2)]
    found = retrieve(toolbox, "Multiply 3 by 4 and add two numbers", 16)
    assert len(found.functions) == 17
    assert recall(needed, found) == 1.0
    assert recall([*needed, call("div", a=1, b=2), call("gone")], toolbox.subset(["add"])) == 0.25
    assert recall([], found) == 1.0
    assert retrieve(toolbox, "multiply", 2000) is toolbox
    assert list(retrieve(toolbox, "???", 3).functions) == [*list(toolbox.functions)[:3], "finish"]
    assert found.open().call(call("mul", a=6, b=7)).content == "42"


@pytest.mark.parametrize("family", ["arithmetic", "fol"])
def test_a_problems_own_words_find_the_functions_it_needs(family: str) -> None:
    found = measure(family, "test", 30, 1000)["16"]
    assert found["recall"] >= 0.95
    assert found["prompt_chars"] < 8_000


def test_recall_counts_calls_inside_calls_and_words_are_found_however_they_are_written() -> None:
    inner = call("finish", answer=nested("mul", {"a": nested("add", {"a": 1, "b": 2}), "b": 4}))
    assert called(inner) == {"finish", "mul", "add"}
    toolbox = load_toolbox("arithmetic")
    assert recall([inner], toolbox.subset(["add"])) == 0.5

    def getHttpWeather(city: str) -> str:
        """Say what it is like outside."""
        return city

    def other_thing(city: str) -> str:
        """Do nothing."""
        return city

    box = Toolbox.of_functions("box", [other_thing, getHttpWeather])
    for query in ("How is the weather?", "weathers", "Cities and WEATHER", "outside?"):
        assert list(retrieve(box, query, 1).functions) == ["getHttpWeather", "finish"]


def test_refusals_stay_whole() -> None:
    refusal = CallRefused(ErrorCode.NO_ANSWER, "x")
    assert (refusal.code, refusal.message) == (ErrorCode.NO_ANSWER, "x")


def test_a_functions_schema_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what takes longest in making a function."""
    made = list[object]()
    original = TypeAdapter.json_schema

    def counted(adapter: TypeAdapter[object]) -> dict[str, object]:
        made.append(adapter)
        return original(adapter)

    monkeypatch.setattr(TypeAdapter, "json_schema", counted)

    def f(a: int, b: list[str] | None = None) -> int:
        """Do it."""
        return a

    assert Function.from_callable(f).parameters["required"] == ["a"]
    assert len(made) == 1

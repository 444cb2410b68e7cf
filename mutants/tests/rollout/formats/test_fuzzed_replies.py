"""Replies that no model should write: none crashes, evaluates anything, runs an unlisted function or takes long."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.calls import FORMATS, FRAGMENTS, SLOW, fuzz, fuzzed_replies
from rollout.episodes.execution import execute_now
from rollout.formats import CallFormat, load_format
from rollout.formats.limits import CALL_LIMITS
from rollout.formats.python_format import REPLY
from rollout.records import Call, ErrorCode
from rollout.toolboxes import Session, Toolbox, load_toolbox

RAN: list[str] = []


def spied() -> Toolbox:
    """Functions that record that they ran."""

    def add(a: float, b: float) -> float:
        """Add."""
        RAN.append("add")
        return a + b

    def sub(a: float, b: float) -> float:
        """Subtract."""
        RAN.append("sub")
        return a - b

    def note(text: str, tags: list[Any] | None = None) -> str:
        """Note."""
        RAN.append("note")
        return text

    def finish(answer: float) -> float:
        """Finish."""
        RAN.append("finish")
        return answer

    return Toolbox.of_functions("spied", [add, sub, note, finish])


SPIED = spied()
UNLISTED = ("exec", "eval", "open", "__import__", "print", "spied", "RAN", "_bounded", "add.__globals__", "call")
WATCHED: list[str] = []
_watching = False
_FORBIDDEN = ("exec", "import", "open", "os.", "subprocess.", "socket.", "shutil.", "ctypes.", "code.", "marshal.")


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    # Python's parser looks for a file of the reply's name to quote a broken line from; there is none.
    if _watching and event.startswith(_FORBIDDEN) and (event, arguments[0]) != ("open", REPLY):
        WATCHED.append(f"{event} {arguments!r}"[:200])


sys.addaudithook(_hook)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Record what Python's audit hooks say is executed, imported or opened in the meantime."""
    global _watching
    WATCHED.clear()
    _watching = True
    try:
        yield WATCHED
    finally:
        _watching = False


def try_reply(call_format: CallFormat, reply: str) -> None:
    """Execute one reply. Check that results are within bounds and that only listed and called functions ran."""
    RAN.clear()
    results = execute_now(reply, call_format, SPIED.open())
    assert 1 <= len(results) <= CALL_LIMITS.max_calls
    asked = 0
    for result in results:
        assert len(result.content) <= CALL_LIMITS.max_result_chars
        result.content.encode()
        if result.error is not None:
            assert isinstance(result.error, ErrorCode)
            assert result.content.startswith("Error: ")
        if result.call is not None:
            asked += 1 + result.call.arguments.count("$call")
            known = result.call.name in SPIED.functions or result.call.name in call_format.built_ins
            assert known or result.error in (ErrorCode.UNKNOWN_FUNCTION, ErrorCode.WRONG_COUNT)
    assert len(RAN) <= asked
    assert set(RAN) <= SPIED.functions.keys()


@pytest.mark.parametrize("name", FORMATS)
def test_two_thousand_replies_crash_nothing_and_execute_nothing_unlisted(name: str) -> None:
    call_format = load_format(name)
    execute_now("add(1, 2)\nad()", call_format, SPIED.open())  # imports what is imported late
    with watched() as seen:
        for reply in fuzzed_replies(call_format, 2_000, seed=1):
            try_reply(call_format, reply)
    assert seen == []


@pytest.mark.faults
@pytest.mark.parametrize("name", FORMATS)
def test_twenty_thousand_replies(name: str) -> None:
    call_format = load_format(name)
    with watched() as seen:
        for reply in fuzzed_replies(call_format, 20_000, seed=2):
            try_reply(call_format, reply)
    assert seen == []
    report = fuzz(call_format, 20_000, seed=3)
    sys.stdout.write(f"{name}: slowest {report['slowest_seconds'] * 1000:.1f} ms, {report['slowest_reply']}\n")
    assert report["slowest_seconds"] < 0.5


pieces = st.sampled_from(FRAGMENTS + SLOW) | st.text(max_size=8) | st.integers().map(str) | st.floats().map(repr)
replies = (
    st.lists(pieces, max_size=16).map("".join)
    | st.text()
    | st.tuples(st.sampled_from(SLOW), st.integers(1, 17_000)).map(lambda drawn: drawn[0] * drawn[1])
    | st.text("({[]})\"'\\,:=-.0123456789abnf$ \n", max_size=80)
)


@pytest.mark.parametrize("name", FORMATS)
@given(reply=replies)
@settings(max_examples=150, deadline=None)
def test_whatever_hypothesis_writes(name: str, reply: str) -> None:
    try_reply(load_format(name), reply)


@pytest.mark.faults
@pytest.mark.parametrize("name", FORMATS)
@given(reply=replies)
@settings(max_examples=3_000, deadline=None)
def test_whatever_hypothesis_writes_three_thousand_times(name: str, reply: str) -> None:
    try_reply(load_format(name), reply)


HOSTILE = (
    "10**5000", "9**9**9", "9**9**9**9**9", "1" * 5000, "-" * 4000 + "1", "[" * 5000, "[" * 16 + "]" * 16,
    "0x" + "f" * 4000, "1e99999999", "'x' * 10**9", "'" + "x" * 15_000 + "'", '"' + "é" * 15_000 + '"', "\ud800",
    "'\\ud800'", "'\\x00'", "\x00", "'\u202eabc\u200b\u2066'", "().__class__.__bases__[0]", "lambda: 0",
    "__import__('os').system('id')", "[x for x in ()]", "f'{9**9}'", "a[0]" * 4000, "1+" * 4000 + "1", "not " * 4000,
    "x if y else " * 2000, "(yield)", "await x", "*x", "**x", "1if 1else 1", "b'x'", "1j", "...", "'\\N{BELL}'",
    "{'a': {'b': {'c': [1, (2, [3])]}}}", "{1: 2}", "{**{}}", "True", "None", "nan", "inf", "-inf", "NaN",
)  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_hostile_values_in_the_place_of_an_argument(name: str) -> None:
    call_format = load_format(name)
    plain = call_format.render([Call(name="note", arguments='{"text":"MARK"}')])
    with watched() as seen:
        for value in HOSTILE:
            for reply in (plain.replace('"MARK"', value), plain.replace("MARK", value), plain + value, value + plain):
                try_reply(call_format, reply)
    assert seen == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_function_that_is_not_listed_never_runs(name: str) -> None:
    call_format, arithmetic = load_format(name), load_toolbox("arithmetic")
    listed = call_format.render([Call(name="NAME", arguments='{"a":1,"b":2}')])
    for unlisted in UNLISTED:
        for session in (SPIED.open(), arithmetic.open()):
            assert _refused(call_format, listed.replace("NAME", unlisted), session)
    assert _refused(call_format, listed.replace("NAME", "mul"), SPIED.open())


def _refused(call_format: CallFormat, reply: str, session: Session) -> bool:
    RAN.clear()
    (result,) = execute_now(reply, call_format, session)
    return not RAN and result.error in (ErrorCode.UNKNOWN_FUNCTION, ErrorCode.WRONG_CALL_SHAPE)

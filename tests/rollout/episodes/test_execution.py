"""Execution of what a model wrote: damage has its code, limits hold, users' functions run confined, nothing hangs."""

import asyncio
import gc
import json
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.calls import FORMATS
from cluster.errors import RequestError
from rollout.episodes.execution import execute, execute_now
from rollout.formats import CallFormat, load_format
from rollout.formats.limits import CallLimits
from rollout.records import Call, CallResult, ErrorCode, canonical_json
from rollout.toolboxes import Session, Toolbox, load_toolbox
from rollout.toolboxes.isolation.isolated import IsolatedToolbox
from rollout.toolboxes.isolation.worker import _reply
from tests.repository import ROOT

JSON, PYTHON = load_format("json"), load_format("python")
ARITHMETIC = load_toolbox("arithmetic")


def chain(seed: int) -> list[Call]:
    """A gold chain of arithmetic with its finishing call."""
    drawn = random.Random(seed)
    made, value = [], drawn.randint(2, 9)
    for _ in range(drawn.randint(1, 4)):
        name, other = drawn.choice(["add", "sub", "mul"]), drawn.randint(2, 9)
        made.append(Call(name=name, arguments=canonical_json({"a": value, "b": other})))
        value = {"add": value + other, "sub": value - other, "mul": value * other}[name]
    return [*made, Call(name="finish", arguments=canonical_json({"answer": value}))]


def run(
    texts: list[str], call_format: CallFormat, toolbox: Toolbox = ARITHMETIC
) -> tuple[list[CallResult], str | None]:
    session = toolbox.open()
    results = [result for text in texts for result in execute_now(text, call_format, session)]
    return results, session.answer


@pytest.mark.parametrize("name", FORMATS)
def test_gold_chains_execute_one_call_a_reply_or_all_at_once(name: str) -> None:
    call_format = load_format(name)
    for seed in range(100):
        gold = chain(seed)
        answer = canonical_json(json.loads(gold[-1].arguments)["answer"])
        at_once = [call_format.render(gold)] if name != "llama" else []
        for texts in filter(None, ([call_format.render([call]) for call in gold], at_once)):
            results, given = run(texts, call_format)
            assert [result.error for result in results] == [None] * len(gold)
            assert [result.call for result in results] == gold
            assert given == answer


Damage = Callable[[str], str]
_FIRST = 1  # the first reply of the chain is damaged; what follows stays


def json_damage() -> dict[str, tuple[ErrorCode, Damage]]:
    def edited(change: Callable[[dict[str, Any]], None]) -> Damage:
        def damage(text: str) -> str:
            value = json.loads(text)
            change(value)
            return json.dumps(value)

        return damage

    def arguments(**new: Any) -> Damage:
        return edited(lambda value: value["arguments"].update(new))

    return {
        "nothing": (ErrorCode.EMPTY_REPLY, lambda text: ""),
        "prose only": (ErrorCode.NOT_A_CALL, lambda text: "I think that it is 12."),
        "prose before": (ErrorCode.PROSE_AROUND_CALL, lambda text: "Sure! " + text),
        "prose after": (ErrorCode.PROSE_AROUND_CALL, lambda text: text + "\nDone."),
        "fence": (ErrorCode.PROSE_AROUND_CALL, lambda text: f"```json\n{text}\n```"),
        "bracket missing": (ErrorCode.BAD_SYNTAX, lambda text: text[:-1]),
        "single quotes": (ErrorCode.BAD_SYNTAX, lambda text: text.replace('"', "'")),
        "key twice": (ErrorCode.BAD_SYNTAX, lambda text: text.replace('"b":', '"a":')),
        "not a number": (ErrorCode.BAD_VALUE, lambda text: text.replace('"a":', '"a":NaN,"c":')),
        "digits": (ErrorCode.BAD_VALUE, lambda text: text.replace('"a":', '"a":' + "1" * 60)),
        "key misnamed": (ErrorCode.WRONG_CALL_SHAPE, lambda text: text.replace("arguments", "parameters")),
        "list of arguments": (ErrorCode.WRONG_CALL_SHAPE, edited(lambda value: value.update(arguments=[1, 2]))),
        "function misnamed": (ErrorCode.UNKNOWN_FUNCTION, edited(lambda value: value.update(name="addition"))),
        "argument missing": (ErrorCode.MISSING_ARGUMENT, edited(lambda value: value["arguments"].pop("b"))),
        "argument too many": (ErrorCode.UNEXPECTED_ARGUMENT, arguments(c=3)),
        "text for a number": (ErrorCode.MISTYPED_ARGUMENT, arguments(a="2")),
        "truth for a number": (ErrorCode.MISTYPED_ARGUMENT, arguments(a=True)),
        "list for a number": (ErrorCode.MISTYPED_ARGUMENT, arguments(a=[1])),
        "too many calls": (ErrorCode.WRONG_COUNT, lambda text: f"[{','.join([text] * 20)}]"),
        "too deep": (ErrorCode.TOO_LARGE, arguments(a=json.loads("[" * 20 + "]" * 20))),
        "too long": (ErrorCode.TOO_LARGE, lambda text: text + " " * 20_000),
        "refused by the function": (ErrorCode.FUNCTION_RAISED, arguments(a=10**15)),
        "division by zero": (
            ErrorCode.FUNCTION_RAISED,
            edited(lambda value: value.update(name="div", arguments={"a": 1, "b": 0})),
        ),
    }


def python_damage() -> dict[str, tuple[ErrorCode, Damage]]:
    return {
        "nothing": (ErrorCode.EMPTY_REPLY, lambda text: "\n"),
        "prose only": (ErrorCode.NOT_A_CALL, lambda text: "I think that it is 12."),
        "prose before": (ErrorCode.PROSE_AROUND_CALL, lambda text: "Sure! " + text),
        "prose after": (ErrorCode.PROSE_AROUND_CALL, lambda text: text + "\nThis is done."),
        "fence": (ErrorCode.PROSE_AROUND_CALL, lambda text: f"```python\n{text}\n```"),
        "bracket missing": (ErrorCode.BAD_SYNTAX, lambda text: text[:-1]),
        "comma missing": (ErrorCode.BAD_SYNTAX, lambda text: text.replace(",", "")),
        "argument twice": (ErrorCode.BAD_SYNTAX, lambda text: text.replace("b=", "a=")),
        "infinite": (ErrorCode.BAD_VALUE, lambda text: text.replace("a=", "a=1e999, c=")),
        "digits": (ErrorCode.BAD_VALUE, lambda text: text.replace("a=", "a=" + "1" * 60)),
        "variable": (ErrorCode.NOT_LITERAL, lambda text: text.replace("b=", "b=x, c=")),
        "expression": (ErrorCode.NOT_LITERAL, lambda text: text.replace("b=", "b=1+")),
        "method": (ErrorCode.WRONG_CALL_SHAPE, lambda text: "tools." + text),
        "function misnamed": (ErrorCode.UNKNOWN_FUNCTION, lambda text: "x" + text),
        "argument missing": (ErrorCode.MISSING_ARGUMENT, lambda text: text.split(",")[0] + ")"),
        "argument too many": (ErrorCode.UNEXPECTED_ARGUMENT, lambda text: text[:-1] + ", c=3)"),
        "too many by position": (ErrorCode.UNEXPECTED_ARGUMENT, lambda text: "add(1, 2, 3)"),
        "text for a number": (
            ErrorCode.MISTYPED_ARGUMENT,
            lambda text: text.replace("a=", "a='2', b=", 1).split(", b=")[0] + ", b=1)",
        ),
        "truth for a number": (ErrorCode.MISTYPED_ARGUMENT, lambda text: "add(True, 2)"),
        "too many calls": (ErrorCode.WRONG_COUNT, lambda text: "\n".join([text] * 20)),
        "too deep": (ErrorCode.TOO_LARGE, lambda text: f"add({'[' * 20}{']' * 20}, 2)"),
        "too long": (ErrorCode.TOO_LARGE, lambda text: text + " " * 20_000),
        "refused by the function": (ErrorCode.FUNCTION_RAISED, lambda text: "add(10000000000000000, 1)"),
        "stopped too early": (ErrorCode.NO_ANSWER, lambda text: "Stop()"),
    }


DAMAGE = [
    pytest.param(call_format, *entry, id=f"{call_format.name}: {kind}")
    for call_format, kinds in ((JSON, json_damage()), (PYTHON, python_damage()))
    for kind, entry in kinds.items()
]


@pytest.mark.parametrize(("call_format", "code", "damage"), DAMAGE)
def test_planted_damage_gives_its_code_and_the_chain_goes_on(
    call_format: CallFormat, code: ErrorCode, damage: Damage
) -> None:
    for seed in range(20):
        texts = [call_format.render([call]) for call in chain(seed)]
        whole, answer = run(texts, call_format)
        results, given = run([damage(texts[0]), *texts[_FIRST:]], call_format)
        assert results[0].error is code
        assert results[0].content.startswith("Error: ")
        assert len(results[0].content) < 320
        assert [result.content for result in results[1:]] == [result.content for result in whole[1:]]
        assert given == answer


def test_a_fault_of_form_executes_no_call_and_a_failing_call_does_not_stop_the_next() -> None:
    session = ARITHMETIC.open()
    assert [r.error for r in execute_now("add(1, 2)\nfinish(3)\nadd(1, x)", PYTHON, session)] == [ErrorCode.NOT_LITERAL]
    assert session.answer is None
    results = execute_now("div(1, 0)\nadd(1, 2)\nfinish(3)\nadd(3, 4)", PYTHON, session)
    assert [r.error for r in results] == [ErrorCode.FUNCTION_RAISED, None, None, ErrorCode.WRONG_COUNT]
    assert session.answer == "3"


def test_reasoning_and_stop_belong_to_the_python_format_only() -> None:
    session = ARITHMETIC.open()
    results = execute_now("Reasoning('add them')\nadd(1, 2)\nReasoning(3)\nStop()", PYTHON, session)
    assert [(r.error, r.content) for r in results[:2]] == [(None, "null"), (None, "3")]
    assert results[2].error is ErrorCode.MISTYPED_ARGUMENT
    assert session.answer == "3"
    assert execute_now('{"name":"Stop","arguments":{}}', JSON, ARITHMETIC.open())[0].error is ErrorCode.UNKNOWN_FUNCTION


def test_a_result_beyond_the_cap_is_refused() -> None:
    def repeat(text: str, count: int) -> str:
        """Repeat a text."""
        return text * count

    session = Toolbox.of_functions("x", [repeat]).open()
    results = execute_now("repeat('ab', 100)\nrepeat('ab', 10)", PYTHON, session, CallLimits(max_result_chars=100))
    assert results[0].error is ErrorCode.OUTPUT_TOO_LARGE
    assert results[0].content == "Error: repeat: the result has 202 characters, at most 100 fit"
    assert results[1].error is None


USERS = '''
import time
import os
import socket
import subprocess
def echo(text: str) -> str:
    """Echo."""
    print("noise on the pipe", flush=True)
    return text
def spin() -> int:
    """Never return."""
    while True:
        pass
def sleep(seconds: float) -> float:
    """Sleep."""
    time.sleep(seconds)
    return seconds
def hog(size: int) -> int:
    """Take memory."""
    return len(bytearray(size))
def read(path: str) -> str:
    """Read a file."""
    return open(path).read()
def write(path: str) -> str:
    """Write a file."""
    open(path, "w").write("x")
    return "written"
def connect() -> str:
    """Use the network."""
    socket.create_connection(("127.0.0.1", 9))
    return "connected"
def shell() -> str:
    """Run a program."""
    return subprocess.run(["id"], capture_output=True, text=True).stdout
def secret() -> list[str]:
    """Show the environment."""
    return sorted(os.environ)
def die() -> int:
    """End the process."""
    os._exit(3)
def leave() -> int:
    """Exit."""
    raise SystemExit(3)
class Counter:
    def __init__(self, state):
        self.count = state["count"]
    def up(self, by: int = 1) -> int:
        """Count up."""
        self.count += by
        return self.count
    def hang(self) -> int:
        """Never return."""
        while True:
            pass
'''


@pytest.fixture(scope="module")
def users_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("users") / "tools.py"
    path.write_text(USERS)
    return path


QUICK = CallLimits(deadline=0.4)
VARIABLES = ["HOME", "LC_ALL", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PATH", "PYTHONHASHSEED"]
VARIABLES += ["TMPDIR", "TZ"]


def test_users_functions_run_confined_with_a_deadline(users_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "x")
    toolbox = load_toolbox(str(users_file))
    assert str(users_file) not in [getattr(module, "__file__", "") for module in sys.modules.values()]
    outside = users_file.parent.parent / "outside.txt"
    outside.write_text("private")
    expected = [
        ('echo("a")', None, '"a"'),
        ("echo(1)", ErrorCode.MISTYPED_ARGUMENT, "use echo(text: str)"),
        ("none(1)", ErrorCode.UNKNOWN_FUNCTION, "none"),
        ("spin()", ErrorCode.FUNCTION_TIMEOUT, "Error: spin: took longer than 0.4 s"),
        ('echo("b")', None, '"b"'),
        ("hog(4000000000)", ErrorCode.FUNCTION_RAISED, "MemoryError"),
        (f'read("{users_file}")', None, "Never return"),
        (f'read("{outside}")', ErrorCode.TOOLBOX_FAULT, "outside"),
        (f'read("{users_file.parent}/../outside.txt")', ErrorCode.TOOLBOX_FAULT, "outside"),
        (f'write("{users_file.parent}/new.txt")', ErrorCode.TOOLBOX_FAULT, "writing"),
        ("connect()", ErrorCode.TOOLBOX_FAULT, "not allowed"),
        ("shell()", ErrorCode.TOOLBOX_FAULT, "not allowed"),
        ("secret()", None, canonical_json(VARIABLES)),
        ("die()", ErrorCode.FUNCTION_RAISED, "ended its process"),
        ("leave()", ErrorCode.FUNCTION_RAISED, "SystemExit"),
        ('echo(echo("c"))\nStop()', None, '"c"'),
    ]
    session = toolbox.open()
    for text, code, says in expected:
        for result in execute_now(text, PYTHON, session, QUICK):
            assert result.error is code, (text, result)
            assert says in result.content, (text, result)
    assert session.answer == '"c"'
    assert not (users_file.parent / "new.txt").exists()


def test_a_call_that_hangs_blocks_no_other_episode(users_file: Path) -> None:
    toolbox = load_toolbox(str(users_file))
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0.01)

    async def both() -> tuple[CallResult, ...]:
        ticking = asyncio.create_task(beat())
        hanging = await execute("spin()", PYTHON, toolbox.open(), QUICK)
        ticking.cancel()
        return hanging

    assert asyncio.run(both())[0].error is ErrorCode.FUNCTION_TIMEOUT
    assert beats > 5


def test_state_survives_the_worker_that_held_it(users_file: Path) -> None:
    session = load_toolbox(f"{users_file}:Counter").open('{"count":5}')
    other = load_toolbox(f"{users_file}:Counter").open('{"count":100}')
    results = [
        execute_now(text, PYTHON, session, QUICK)[0] for text in ("up()", "up(by=3)", "hang()", "up()", "finish(10)")
    ]
    assert [result.content for result in results] == ["6", "9", "Error: hang: took longer than 0.4 s", "10", "10"]
    assert execute_now("up()", PYTHON, other, QUICK)[0].content == "101"
    assert session.answer == "10"


def test_a_worker_forgets_sessions_that_are_gone(users_file: Path) -> None:
    toolbox = load_toolbox(f"{users_file}:Counter")
    assert isinstance(toolbox, IsolatedToolbox)
    sessions = [toolbox.open('{"count":0}') for _ in range(6)]
    for session in sessions:
        execute_now("up()", PYTHON, session, QUICK)
    del session, sessions
    gc.collect()
    waiting = sum(len(worker.closed) for worker in toolbox.workers)
    assert waiting >= 6
    for _ in toolbox.workers:
        assert execute_now("up()", PYTHON, toolbox.open('{"count":1}'), QUICK)[0].content == "2"
    assert sum(len(worker.closed) for worker in toolbox.workers) <= len(toolbox.workers)
    served: dict[int, Session] = {1: ARITHMETIC.open(), 2: ARITHMETIC.open()}
    assert _reply(ARITHMETIC, served, {"session": 2, "closed": [1, 7]}) == {"opened": True}
    assert list(served) == [2]


def test_a_state_that_does_not_fit_is_a_wrong_request_and_no_mistake_of_the_model(users_file: Path) -> None:
    with pytest.raises(RequestError, match="state does not fit"):
        execute_now("up()", PYTHON, load_toolbox(f"{users_file}:Counter").open('{"cnt":0}'), QUICK)
    with pytest.raises(RequestError, match="no public function with a docstring"):
        load_toolbox(_undocumented(users_file))


def _undocumented(users_file: Path) -> str:
    path = users_file.parent / "bare.py"
    path.write_text("def f(a: int) -> int:\n    return a\n")
    return str(path)


def test_every_error_code_is_explained_as_documented() -> None:
    lines = (ROOT / "docs" / "error-codes.md").read_text().splitlines()
    rows = [re.split(r" (?<!\\)\| ", line.strip("| ")) for line in lines if line.startswith("| `")]
    assert [row[0].strip("`") for row in rows] == [code.value for code in ErrorCode]
    for code, meaning, message, bfcl in rows:
        assert meaning, code
        assert message.startswith("`Error: ") or message == "(the episode has ended)", code
        kind = bfcl.strip("`").split(":")[0]
        assert kind in {"ast_decoder", "simple_function_checker", "type_error", "value_error", "multi_turn"}, code

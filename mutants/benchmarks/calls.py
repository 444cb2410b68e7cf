"""What a call costs: `python -m benchmarks.calls --json FILE [--replies N]`.

For every call format: replies parsed, validated and executed a second of one core's time, for a built-in function; and
the slowest of N fuzzed replies (20,000 by default). Fuzzed replies are mutations of real ones, fragments of
calls joined at random, and text made to be slow to parse.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rollout.episodes.execution import execute, execute_now
from rollout.formats import CallFormat, load_format
from rollout.formats.limits import CALL_LIMITS
from rollout.records import Call, ErrorCode, canonical_json
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.nesting import nested

FORMATS = ("json", "python", "hermes", "mistral", "mistral_args", "llama", "native")
REAL: tuple[tuple[Call, ...], ...] = tuple(
    tuple(Call(name=name, arguments=canonical_json(arguments)) for name, arguments in calls)
    for calls in (
        [("add", {"a": 1, "b": 2})],
        [("div", {"a": -7.5, "b": 0})],
        [("mul", {"a": nested("add", {"a": 1, "b": 2}), "b": 4})],
        [("add", {"a": 12, "b": 30}), ("sub", {"a": 1, "b": 2}), ("mul", {"a": 3, "b": 3})],
        [("finish", {"answer": 42})],
        [("note", {"text": 'Zoë said "no"\n\\ ü 中', "tags": ["x", None, True, {"k": [1.5e-7]}]})],
    )
)
FRAGMENTS = (
    '{"name":"add","arguments":{"a":1,"b":2}}', "add(1, 2)", "add(a=1, b=-2)", "finish(answer=3)", "{", "}", "[",
    "]", "(", ")", '"', "'", ",", ":", "\\", "\\u", "\\ud800", "\x00", "\n", "```json\n", "```", "NaN", "Infinity",
    "-", "1e999", "9" * 50, "null", "True", "lambda x: ", "__import__('os').system('id')", "eval('1')", "x", "f'{1}'",
    "**", "*a", "# x", "<|im_end|>", "<tool_call>", "</tool_call>", "[TOOL_CALLS]", "\u202e", "\ud800", "😀", "Sure! ",
    "=", ";", "$args", "$call", '{"$call":{"name":"exec","arguments":{}}}', "[add(1, 2), sub(1, 2)]", "Reasoning(",
    "Stop()", "0x", "1_0", "b''", "...", "1if", "\\d", "10**5000", "9**9**9", "\u200b", "\u2066", "true",
    "exec('1')", '{"name":"exec","arguments":{}}', "lambda: 0", "[[[[", "]]]]", "\U000e0001",
)  # fmt: skip
SLOW = (
    "(", "[", "{", "{1:", '{"a":', "f(", "-", "not ", "~", "lambda:", "'", '"', "f'{", "9", "1,", "a.", "a[", "x=",
    "a if b else ", "\\", "'a' ", "a(b)(", "*", "**", "1**", "`", "\n ", "\t", "#", "[add(", "if 1:\n", "await ",
    "a:=", "(yield ", "😀", "1+", "1<", "a@", "{**", "f'{f\"", "é", "x or ", "..", "0", "_", "\u00a0", "[[],", '{"":',
    "1e", ".1", "<tool_call>", "\\u0041", "{'a':1,", "add(1)\n", "0x", "[0]", "()", "9**", "\u202e", "\x00",
    "\ud800", '"$call":', "[TOOL_CALLS]", "<think>", "[ARGS]{}", "'''", '"""',
)  # fmt: skip
"""Text that is repeated to the limit of a reply's size, and just below the limit of depth."""


def fuzzed_replies(call_format: CallFormat, count: int, seed: int) -> Iterator[str]:
    """`count` replies, the same for the same seed; not one is longer than twice the limit of a reply."""
    drawn = random.Random(f"{call_format.name}:{seed}")
    real = [call_format.render(calls) for calls in REAL]
    for index in range(count):
        if index < 4 * len(SLOW):
            times = (15, 16, 17, CALL_LIMITS.max_reply_chars)[index // len(SLOW)]
            piece = SLOW[index % len(SLOW)]
            yield ("add(" if drawn.random() < 0.5 else "") + piece * min(
                times, CALL_LIMITS.max_reply_chars // len(piece)
            )
        elif index % 3 == 0:
            yield "".join(drawn.choices(FRAGMENTS, k=drawn.randint(1, 12)))
        else:
            yield _mutated(drawn.choice(real), drawn)


def _mutated(text: str, drawn: random.Random) -> str:
    for _ in range(drawn.randint(1, 4)):
        start, end = sorted((drawn.randint(0, len(text)), drawn.randint(0, len(text))))
        match drawn.randrange(5):
            case 0:
                text = text[:start] + text[end:]
            case 1:
                text = text[:start] + drawn.choice(FRAGMENTS) + text[start:]
            case 2:
                text = text[:start] + text[start:end] * drawn.randint(2, 40) + text[end:]
            case 3:
                text = text[:start] + chr(drawn.choice((drawn.randrange(128), drawn.randrange(0x11000)))) + text[start:]
            case _:
                text = text[:start] + text[start:end][::-1] + text[end:]
    return text[: 2 * CALL_LIMITS.max_reply_chars]


def calls_per_second(call_format: CallFormat, seconds: float) -> float:
    """Of a reply with one call of a built-in function: parsed, validated, executed, its result rendered."""
    session = load_toolbox("arithmetic").open()
    reply = call_format.render(REAL[0])

    async def some(count: int) -> None:
        for _ in range(count):
            results = await execute(reply, call_format, session, CALL_LIMITS)
            assert call_format.render_results(results) == "3"

    asyncio.run(some(1000))
    done, start = 0, time.thread_time()
    while time.thread_time() - start < seconds:
        asyncio.run(some(2000))
        done += 2000
    return done / (time.thread_time() - start)


def fuzz(call_format: CallFormat, count: int, seed: int) -> dict[str, Any]:
    """Executes fuzzed replies; says what became of them and which was the slowest (seconds of this thread's CPU)."""
    toolbox = load_toolbox("arithmetic")
    codes: dict[str, int] = {}
    slowest, slow_reply = 0.0, ""
    for reply in fuzzed_replies(call_format, count, seed):
        start = time.thread_time()
        results = execute_now(reply, call_format, toolbox.open(), CALL_LIMITS)
        seconds = time.thread_time() - start
        if seconds > slowest:
            slowest, slow_reply = seconds, reply
        for result in results:
            code = result.error.value if isinstance(result.error, ErrorCode) else "success"
            codes[code] = codes.get(code, 0) + 1
    return {
        "replies": count,
        "slowest_seconds": round(slowest, 6),
        "slowest_reply": ascii(slow_reply[:80]),
        "results": dict(sorted(codes.items())),
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calls", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="where the numbers go")
    parser.add_argument("--replies", type=int, default=20_000, help="fuzzed replies a format")
    parser.add_argument("--seconds", type=float, default=3.0, help="of timing a format")
    options = parser.parse_args(arguments)
    report: dict[str, dict[str, Any]] = {}
    for name in FORMATS:
        call_format = load_format(name)
        rate = calls_per_second(call_format, options.seconds)
        report[name] = {"calls_per_second": round(rate), "fuzz": fuzz(call_format, options.replies, seed=0)}
        print(f"{name}: {rate:,.0f} calls/s; slowest of {options.replies:,} fuzzed replies "
              f"{report[name]['fuzz']['slowest_seconds'] * 1000:.1f} ms")  # fmt: skip
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

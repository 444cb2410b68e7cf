"""Metrics of function calling: pure functions of counts and calls. Light: neither torch nor ray nor vllm.

Sources: pass@k from Chen et al. 2021 (arXiv 2107.03374), pass^k from tau-bench (arXiv 2406.12045), names,
arguments, partial and full match and win from NESTFUL (arXiv 2409.03797), the longest common subsequence of names
and the hallucination rate from Granite (arXiv 2407.00121). Results are shares
between 0 and 1 unless their docstring says otherwise.
"""

import functools
import json
import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Annotated, Any, TypeVar, get_type_hints

import msgspec

from rollout.records import Call

Item = TypeVar("Item", bound=Hashable)

NESTED = "$call"
"""The key under which a call stands as a value inside another call's arguments (`rollout.toolboxes.nesting`)."""

Share = float | None
OverK = dict[str, float]


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """The metrics of one arm on one suite, each with its meaning, which the report prints.

    They are shares between 0 and 1, except `format_entropy` (bits), `calls_ratio` and the last two (tokens and calls).
    A metric is None where nothing was counted for it. `pass_at_k` and `pass_hat_k` map k, as text, to a chance.
    """

    pass_at_k: Annotated[OverK, "chance that at least one of k attempts is right (unbiased, Chen et al. 2021)"]
    pass_hat_k: Annotated[OverK, "chance that all of k attempts are right (tau-bench)"]
    win_rate: Annotated[Share, "attempts whose final value equals gold's, rounded to gold's decimals (NESTFUL)"]
    name_f1: Annotated[Share, "F1 of function names against a known solution (NESTFUL)"]
    argument_f1: Annotated[Share, "F1 of (function, argument, value) against a known solution (NESTFUL)"]
    lcs: Annotated[Share, "longest common subsequence of names over the longer sequence (Granite)"]
    partial_match: Annotated[Share, "positions whose call equals the known solution's (NESTFUL)"]
    full_match: Annotated[Share, "attempts whose every call equals the known solution's (NESTFUL)"]
    hallucinated_rate: Annotated[Share, "attempts that name a function which is not there (Granite)"]
    abstention_precision: Annotated[Share, "claims that a problem cannot be solved: how many are true"]
    abstention_recall: Annotated[Share, "attempts at problems that cannot be solved: how many say so"]
    subtask_score: Annotated[Share, "the subtask's own score, see the table of subtasks (Granite)"]
    format_validity: Annotated[Share, "replies from which a call could be read"]
    format_adherence: Annotated[Share, "replies in the call format that was asked for, whether or not they parse"]
    format_entropy: Annotated[Share, "Shannon entropy of the forms of replies, in bits; 0 where there is one form"]
    diversity_text: Annotated[Share, "chance that two right attempts at one problem differ in wording (Gini-Simpson)"]
    diversity_calls: Annotated[Share, "chance that two right attempts at one problem differ in a call"]
    diversity_structure: Annotated[Share, "chance that two right attempts at one problem differ in the order of names"]
    needed_share: Annotated[Share, "calls of right attempts that the answer rests on (backward slice, an estimate)"]
    redundancy: Annotated[Share, "calls that repeat an earlier successful call of their attempt"]
    calls_ratio: Annotated[Share, "calls of right attempts over the calls of the shortest known solution"]
    contradicted_share: Annotated[Share, "calls with a number that stands in neither problem nor results (an estimate)"]
    failed_step_share: Annotated[Share, "steps with an error code"]
    recovery_rate: Annotated[Share, "attempts with a failed step that still end right"]
    turns_reached: Annotated[Share, "share of the user's turns that attempts came to, in problems of several"] = None
    credit: Annotated[Share, "share of the conditions on a world that hold, turn by turn"] = None
    tokens_per_right: Annotated[Share, "tokens generated per right answer, those of wrong attempts included"]
    calls_per_right: Annotated[Share, "calls made per right answer, those of wrong attempts included"]


MEANING: Mapping[str, str] = {
    name: hint.__metadata__[0] for name, hint in get_type_hints(Metrics, include_extras=True).items()
}
"""Metric -> what it measures."""


def pass_at_k(n: int, right: int, k: int) -> float:
    """Unbiased chance that one of k draws without replacement out of n attempts is right. Needs 1 <= k <= n."""
    _check_draw(n, right, k)
    return 1.0 - math.comb(n - right, k) / math.comb(n, k)


def pass_hat_k(n: int, right: int, k: int) -> float:
    """Unbiased chance that all k draws without replacement out of n attempts are right. Needs 1 <= k <= n."""
    _check_draw(n, right, k)
    return math.comb(right, k) / math.comb(n, k)


def _check_draw(n: int, right: int, k: int) -> None:
    if not (1 <= k <= n and 0 <= right <= n):
        raise ValueError(f"n={n}, right={right}, k={k}: need 1 <= k <= n and 0 <= right <= n")


def f1(predicted: Iterable[Item], gold: Iterable[Item]) -> float:
    """F1 of two multisets: twice the overlap over the sum of sizes. 1 when both are empty."""
    one, other = Counter(predicted), Counter(gold)
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 1.0


def names(calls: Iterable[Call]) -> list[str]:
    """The functions' names in the order in which they are evaluated: calls inside a call before it."""
    found: list[str] = []
    for call in calls:
        if NESTED in call.arguments:
            found += _nested_names(json.loads(call.arguments))
        found.append(call.name)
    return found


def _nested_names(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for inner in value for name in _nested_names(inner)]
    if not isinstance(value, dict):
        return []
    inside = [name for inner in value.values() for name in _nested_names(inner)]
    call = value.get(NESTED)
    return [*inside, str(call["name"])] if isinstance(call, dict) and "name" in call else inside


def name_f1(calls: Sequence[Call], gold: Sequence[Call]) -> float:
    """F1 of function names as multisets, names of nested calls included."""
    return f1(names(calls), names(gold))


def slots(calls: Iterable[Call]) -> list[tuple[str, str, str]]:
    """Every (function, argument, value as canonical JSON) of `calls`; numbers that are equal have one text."""
    return [(call.name, name, value) for call in calls for name, value in _arguments(call.arguments)]


def argument_f1(calls: Sequence[Call], gold: Sequence[Call]) -> float:
    """F1 of (function, argument, value) as multisets."""
    return f1(slots(calls), slots(gold))


def signature(call: Call) -> str:
    """`name(sorted arguments)`: equal for calls that mean the same."""
    return f"{call.name}({','.join(f'{name}={value}' for name, value in _arguments(call.arguments))})"


@functools.lru_cache(maxsize=65536)
def _arguments(text: str) -> tuple[tuple[str, str], ...]:
    """(argument, value as canonical JSON) of a JSON object, sorted by name; anything else is one nameless argument."""
    value = json.loads(text)
    named = value.items() if isinstance(value, dict) else [("", value)]
    return tuple(sorted((str(name), json_text(inner)) for name, inner in named))


def lcs_length(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """Length of the longest common subsequence, in O(len(one) x len(other)) time and O(len(other)) space."""
    row = [0] * (len(other) + 1)
    for left in one:
        diagonal = 0
        for index, right in enumerate(other, start=1):
            above = row[index]
            row[index] = diagonal + 1 if left == right else max(above, row[index - 1])
            diagonal = above
    return row[-1]


def lcs_share(calls: Sequence[Call], gold: Sequence[Call]) -> float:
    """Longest common subsequence of names over the longer of both sequences; 1 when both are empty."""
    one, other = names(calls), names(gold)
    longest = max(len(one), len(other))
    return lcs_length(one, other) / longest if longest else 1.0


def partial_match(calls: Sequence[Call], gold: Sequence[Call]) -> float:
    """Share of positions, over the longer of both sequences, at which the calls are equal; 1 when both are empty."""
    longest = max(len(calls), len(gold))
    same = sum(signature(one) == signature(other) for one, other in zip(calls, gold, strict=False))
    return same / longest if longest else 1.0


def win(answer: str | None, gold: str) -> bool:
    """Whether the final value equals gold; numbers after rounding to as many decimals as gold shows.

    Both are JSON texts. A number written as text counts as the number; an answer that is no JSON never wins.
    """
    if answer is None:
        return False
    try:
        value, target = json.loads(answer), json.loads(gold)
        number, goal = _number(value), _number(target)
        if goal is None or number is None:
            return json_text(value) == json_text(target)
    except (ValueError, RecursionError):
        return False
    _, _, decimals = (repr(goal) if "e" not in repr(goal) else f"{goal:f}").partition(".")
    return round(number, len(decimals.rstrip("0"))) == goal


def entropy(counts: Iterable[int]) -> float:
    """Shannon entropy in bits of a distribution given as counts; 0 when there are none."""
    present = [count for count in counts if count]
    total = sum(present)
    return max(0.0, -sum(count / total * math.log2(count / total) for count in present)) if total else 0.0


def simpson(items: Iterable[Hashable]) -> float | None:
    """Unbiased chance that two different draws differ: 1 - sum c(c-1) / n(n-1). None for fewer than two items."""
    counts = Counter(items)
    n = counts.total()
    return 1.0 - sum(c * (c - 1) for c in counts.values()) / (n * (n - 1)) if n > 1 else None


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of the values that are not None; None where there are none."""
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None


def json_text(value: Any) -> str:
    """JSON text that equal values share. Unlike `canonical_json` it refuses nothing: mistakes are compared."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))


def _plain(value: Any) -> Any:
    """`value` with integral floats as integers, at every level, so that 3.0 and 3 are one value."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return value


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None

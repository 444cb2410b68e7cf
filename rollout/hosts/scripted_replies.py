"""An oracle policy for the scripted engine: it replies with the calls that are known to solve a problem.

With it a rollout runs without a model, in order to try functions, problems or a recipe, to put load on a cluster, or to
plant faults.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from cluster.engine.scripted import Mistake
from rollout.checkers.worlds import is_world
from rollout.episodes.users import HANGS_UP, USER_REQUEST
from rollout.formats import CallFormat
from rollout.prompts.template import ChatTemplate
from rollout.records import Call, Problem, canonical_json
from rollout.toolboxes.schemas.toolbox import is_schemas
from rollout.toolboxes.toolbox import FINISH

_REQUEST = re.compile(r"(?P<problem>.*?)#(?P<sample>\d+)@?(?P<unit>.*?)\.(?P<step>\d+)(?:\.\d+)?")
WRONG_REPLY = "I do not know."
UNKNOWN_FUNCTION = "no_such_function"


class OraclePolicy:
    """Replies with one gold call of the problem a step; in a fraction `wrong` of the attempts with one of `mistakes`.

    Where no gold chain is known, the gold answer alone is the chain.
    """

    def __init__(self, wrong: float, seed: int, mistakes: Sequence[Mistake] = ("no_call",)) -> None:
        self._wrong = wrong
        self._seed = seed
        self._mistakes = mistakes
        self._problems: dict[str, tuple[Problem, ChatTemplate, CallFormat]] = {}

    def learn(self, problems: Sequence[Problem], template: ChatTemplate, call_format: CallFormat) -> None:
        """Make problems known, and how calls are to be written in replies to them."""
        self._problems.update((problem.id, (problem, template, call_format)) for problem in problems)

    def __call__(self, prompt: Sequence[int], request_id: str) -> Sequence[int]:
        asked = _REQUEST.fullmatch(request_id)
        assert asked is not None, f"not a request of an episode: {request_id}"
        (problem, template, call_format), step = self._problems[asked["problem"]], int(asked["step"])
        if asked["unit"].endswith(USER_REQUEST):  # a user whom it plays has said all with the problem's text
            return template.encode_reply(HANGS_UP)
        calls = gold_chain(problem)
        # Numbers between 0 and 1 that depend on the attempt alone, not on who makes it or when.
        text = f"{self._seed} {problem.id} {asked['sample']}"
        digest = hashlib.sha256(text.encode(errors="surrogatepass")).digest()
        share, which = (int.from_bytes(digest[at : at + 8], "big") / 2**64 for at in (0, 8))
        call: Call | None = calls[step] if step < len(calls) else None
        if share < self._wrong:
            # Of schemas alone the calls are the answer, and what `finish` is given decides nothing.
            decides = max(0, len(calls) - (2 if is_schemas(problem.toolbox) else 1))
            if problem.turns or is_world(problem.checker):  # what is done last is wrong, and what is said of it
                done = max((at for at, each in enumerate(calls) if each.name != FINISH), default=0)
                decides = step if step >= done else len(calls)
            call = mistaken(calls, step, self._mistakes[int(which * len(self._mistakes))], decides)
        return template.encode_reply(WRONG_REPLY) if call is None else template.calls_ids([call], call_format)


def gold_chain(problem: Problem) -> tuple[Call, ...]:
    """The calls that solve a problem, of all its turns; the gold answer alone where no others are known."""
    answer = canonical_json({"answer": json.loads(problem.gold)})
    return problem.all_gold_calls or (Call(name=FINISH, arguments=answer),)


def mistaken(calls: Sequence[Call], step: int, mistake: Mistake, decides: int | None = None) -> Call | None:
    """What is called at a step of an attempt that goes wrong; None: nothing is called. `decides`: the step whose
    arguments are the answer; None for the last one."""
    call = calls[min(step, len(calls) - 1)]
    arguments = json.loads(call.arguments)
    if mistake == "unknown_function":
        return msgspec.structs.replace(call, name=UNKNOWN_FUNCTION)
    if mistake == "missing_argument" and arguments:
        return msgspec.structs.replace(call, arguments=canonical_json(dict(list(arguments.items())[1:])))
    if mistake == "wrong_answer":
        decides = len(calls) - 1 if decides is None else decides
        if step < decides or decides < min(step, len(calls) - 1):
            return call
        return msgspec.structs.replace(
            call, arguments=canonical_json({name: another(value) for name, value in arguments.items()})
        )
    return None


def another(value: Any) -> Any:
    """A value of the same JSON type that no checker takes for this one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 2 * max(1, abs(value))
    if isinstance(value, str):
        return f"not {value}"
    if isinstance(value, list):
        return [*value, *value, "another"]
    return {"another": value}

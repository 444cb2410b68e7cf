"""An oracle policy for the scripted engine: it replies with the calls that are known to solve a problem.

With it a rollout runs without a model, in order to try a recipe, to put load on a cluster, or to plant faults.
"""

import hashlib
import re
from collections.abc import Sequence

from rollout.formats import CallFormat
from rollout.prompts.template import ChatTemplate
from rollout.records import Problem

_REQUEST = re.compile(r"(?P<problem>.*?)#(?P<sample>\d+)@?(?P<unit>.*?)\.(?P<step>\d+)(?:\.\d+)?")
WRONG_REPLY = "I do not know."


class OraclePolicy:
    """Replies with one gold call of the problem a step; in a fraction `wrong` of the attempts, without any call."""

    def __init__(self, wrong: float, seed: int) -> None:
        self._wrong = wrong
        self._seed = seed
        self._problems: dict[str, tuple[Problem, ChatTemplate, CallFormat]] = {}

    def learn(self, problems: Sequence[Problem], template: ChatTemplate, call_format: CallFormat) -> None:
        """Make problems known, and how calls are to be written in replies to them."""
        self._problems.update((problem.id, (problem, template, call_format)) for problem in problems)

    def __call__(self, prompt: Sequence[int], request_id: str) -> Sequence[int]:
        asked = _REQUEST.fullmatch(request_id)
        assert asked is not None, f"not a request of an episode: {request_id}"
        (problem, template, call_format), step = self._problems[asked["problem"]], int(asked["step"])
        # A number between 0 and 1 that depends on the attempt alone, not on who makes it or when.
        text = f"{self._seed} {problem.id} {asked['sample']}"
        share = int.from_bytes(hashlib.sha256(text.encode(errors="surrogatepass")).digest()[:8], "big") / 2**64
        if step >= len(problem.gold_calls) or share < self._wrong:
            return template.encode_reply(WRONG_REPLY)
        return template.calls_ids(problem.gold_calls[step : step + 1], call_format)

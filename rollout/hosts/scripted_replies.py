"""A script for the scripted engine that solves problems: it writes the calls that the problem is known to need.

With it a rollout runs without a model: to try a recipe, to load a cluster, to plant faults.
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
    """Step by step the gold calls of a problem; in a share `wrong` of the attempts something that is no call."""

    def __init__(self, wrong: float, seed: int) -> None:
        self._wrong = wrong
        self._seed = seed
        self._problems: dict[str, tuple[Problem, ChatTemplate, CallFormat]] = {}

    def learn(self, problems: Sequence[Problem], template: ChatTemplate, call_format: CallFormat) -> None:
        """Problems that will be asked, with their gold calls, and how calls are to be written."""
        self._problems.update((problem.id, (problem, template, call_format)) for problem in problems)

    def __call__(self, prompt: Sequence[int], request_id: str) -> Sequence[int]:
        asked = _REQUEST.fullmatch(request_id)
        assert asked is not None, f"not a request of an episode: {request_id}"
        (problem, template, call_format), step = self._problems[asked["problem"]], int(asked["step"])
        # A number between 0 and 1 that belongs to the attempt, whoever makes it and whenever.
        text = f"{self._seed} {problem.id} {asked['sample']}"
        share = int.from_bytes(hashlib.sha256(text.encode(errors="surrogatepass")).digest()[:8], "big") / 2**64
        if step >= len(problem.gold_calls) or share < self._wrong:
            return template.encode_reply(WRONG_REPLY)
        return template.calls_ids(problem.gold_calls[step : step + 1], call_format)

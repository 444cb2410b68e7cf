"""Turns of a teacher with which an attempt of its student begins."""

import itertools

import msgspec

from cluster.engine.interface import FinishReason, Generation
from rollout.records import Chain


class Guide(msgspec.Struct, frozen=True, kw_only=True):
    """The first replies of a chain, as ids of the student's tokenizer."""

    prompt_ids: tuple[int, ...]
    """The prompt that they answer: an attempt at another one begins without them."""
    replies: tuple[tuple[int, ...], ...]

    def reply(self, step: int) -> Generation | None:
        """The reply of a step, as if it had been sampled without a choice; None from the first one on that is the
        student's own."""
        if step >= len(self.replies):
            return None
        ids = self.replies[step]
        return Generation(token_ids=ids, logprobs=(0.0,) * len(ids), finish=FinishReason.STOP)


def replies_of(chain: Chain) -> tuple[tuple[int, ...], ...]:
    """What a model wrote in a chain, reply by reply. Where a template takes one call a message, a step with several
    calls is as many replies."""
    marked = itertools.groupby(zip(chain.step, chain.token_ids, strict=True), key=lambda pair: pair[0])
    return tuple(tuple(token for _, token in run) for step, run in marked if step >= 0)

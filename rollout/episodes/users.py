"""The user of a conversation, played by a model: it is asked what they say when the attempting one has ended its turn.

Nothing that it writes is ever learnt from: an episode holds it as the user's messages. Where it fails, the episode has
an outcome of its own, `user`, and no label.
"""

from dataclasses import dataclass

from cluster.engine.interface import Engine, FinishReason, Sampling
from rollout.episodes.replies import Replies
from rollout.formats import CallFormat
from rollout.formats.thoughts import split_thought
from rollout.prompts.opening import Opening
from rollout.prompts.template import ChatTemplate
from rollout.records import Problem, StopReason
from rollout.toolboxes import Session

HANGS_UP = "[goodbye]"
"""What the model writes where the user has nothing more to say."""
USER_REQUEST = "~user"
"""What the ids of its requests have behind the episode's."""
_GUIDE = f"""You play a customer who talks to an agent. Stay in this part; you are never the agent.

{{part}}

Write what the customer says next, and nothing else: one message, short, in plain words. Tell what you are asked for,
not all at once, and make up nothing that is not said above. When the agent has done what you want, or says that it
cannot be done, or hands you over to somebody else, write {HANGS_UP} alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUser:
    """The model that plays users: what serves it, and how it is asked."""

    engine: Engine
    template: ChatTemplate
    """Its chat template, without functions."""
    max_context: int
    """The most tokens of prompt and reply together that the engine takes."""
    max_tokens: int
    """The most tokens of a message."""
    temperature: float = 0.0


class PlayedUser:
    """The user of one episode, which begins now and may take `max_seconds` beside what its session waits."""

    def __init__(
        self,
        model: ModelUser,
        problem: Problem,
        call_format: CallFormat,
        name: str,
        max_seconds: float,
        session: Session,
        seed: int | None = None,
    ) -> None:
        self._model, self._problem, self._format = model, problem, call_format
        self._name, self._seed, self._said = name, seed, 0
        self._replies = Replies(model.engine, max_seconds, session)
        self._ids: list[int] = []
        self._last: tuple[int, ...] = ()

    async def says(self, answer: str) -> str | StopReason | None:
        """What the user says to an answer; None if they hang up. A stop reason if there is nothing: `user` where the
        model wrote nothing, no end, or has no room for more; otherwise as `Replies.next`, which raises alike."""
        model = self._model
        if self._ids:
            self._ids += (*self._last, *model.template.next_turn_ids(self._last, (), answer, self._format))
        else:
            begun = f"You have said:\n{self._problem.text}\n\nThe agent answers:\n{answer}"
            opening = Opening(system=_GUIDE.format(part=self._problem.user), text=begun)
            self._ids = list(model.template.opening_ids(opening, self._format))
        left = model.max_context - len(self._ids)
        if left < 1:
            return StopReason.USER
        sampling = Sampling(
            temperature=model.temperature,
            max_tokens=min(model.max_tokens, left),
            stop_token_ids=model.template.stop_ids,
            seed=None if self._seed is None else self._seed + self._said,
            priority=-self._said,
        )
        reply = await self._replies.next(self._ids, sampling, f"{self._name}{USER_REQUEST}.{self._said}")
        if isinstance(reply, StopReason):
            return reply
        self._said, self._last = self._said + 1, reply.token_ids
        text = split_thought(model.template.decode_reply(reply.token_ids))[1].strip()
        if reply.finish is FinishReason.LENGTH or not text:
            return StopReason.USER
        return None if HANGS_UP in text else text

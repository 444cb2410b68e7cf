"""What tiny models learn from: conversations of a noisy gold policy with the real executor.

The policy knows the calls that solve a problem. With a given probability it first writes a step malformed, in one
of five ways; the executor answers with its real message, and the policy writes the step again. A model that learnt from
this corpus knows the task but has not settled on a format, which preference data can improve. Of families that are not
generated (rows of a file, packages' tasks) it has the train problems that the run does not attempt.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import msgspec

from cluster.errors import RequestError
from rollout.config import EpisodeConfig
from rollout.episodes.execution import execute_now
from rollout.formats import CallFormat, load_format
from rollout.formats.limits import CallLimits
from rollout.problems import FamilyConfig, generate, spare
from rollout.problems.contracts import gold_fault
from rollout.problems.tokens import same_text
from rollout.problems.worked import with_examples
from rollout.prompts.opening import Opening
from rollout.prompts.prompting import open_problem
from rollout.prompts.template import ChatTemplate
from rollout.prompts.turns import later_turns, turn_toolboxes
from rollout.records import Call, Problem, content_hash
from rollout.toolboxes import load_toolbox

KINDS = ("other_notation", "wrong_key", "wrong_name", "prose", "open_bracket")
"""The ways in which a step is malformed."""
_SEEDS_APART = 1_000_003
"""Added to a family's seed, so that the corpus has other problems than the recipe."""
_NOT_LEARNT = {
    "train",
    "validation",
    "test",
    "variants",
    "samples",
    "pretrain",
    "duplicates",
    "task",
    "options",
    "examples",
}
"""Keys of a family that do not shape the conversations about it; `pretrain` counts through `corpus_parts` alone."""


class Turn(msgspec.Struct, frozen=True):
    """A reply, and the rendered results of its calls."""

    reply: str
    results: str
    failed: bool
    said: str = ""
    """What the user says next, in place of the results, where the reply ended a turn that is not the last."""


class Conversation(msgspec.Struct, frozen=True):
    """One problem, from its prompt to the last reply."""

    problem_id: str
    call_format: str
    opening: Opening
    turns: tuple[Turn, ...]

    @property
    def opening_texts(self) -> tuple[str, ...]:
        """What is said before the first reply, in order."""
        return self.opening.texts(load_format(self.call_format))

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything that is said, in order."""
        return (*self.opening_texts, *(text for turn in self.turns for text in (turn.reply, turn.said or turn.results)))

    def token_ids(self, template: ChatTemplate) -> tuple[list[int], list[bool]]:
        """The ids that a rollout with the same messages would hold, and for each one whether a model wrote it.

        Nothing follows the last reply.
        """
        call_format = load_format(self.call_format)
        ids = template.opening_ids(self.opening, call_format)
        written = [False] * len(ids)
        for index, turn in enumerate(self.turns):
            reply = template.encode_reply(turn.reply)
            feedback: list[int] = []
            if turn.said:
                feedback = template.next_turn_ids(reply, (), turn.said, call_format)
            elif index < len(self.turns) - 1:
                feedback = template.feedback_ids(reply, turn.results)
            ids += reply + feedback
            written += [True] * len(reply) + [False] * len(feedback)
        return ids, written


@dataclass(frozen=True)
class Corpus:
    """An endless source of conversations over several families, the same for the same seed."""

    families: Sequence[FamilyConfig]
    episodes: EpisodeConfig
    """How prompts are written, and what a reply may hold. A conversation ends where an episode does."""
    problems: int = 4000
    """Distinct problems of each family; further conversations use them again, with other noise."""
    without: frozenset[str] = frozenset()
    """Texts (`same_text`) of problems that no conversation may be about."""
    split: str = "train"
    """Whose problems they are about; to learn from, of split `train` alone."""

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all that shapes a conversation, except the code of this module and the noise."""
        config = self.episodes
        parts = [config.call_format, load_format(config.call_format).hash, config.verbosity]
        parts += [config.calls.model_dump_json(), str(config.max_failed_steps)]
        if config.system or config.examples:
            parts += [config.system, str(config.examples)]
        for family in self.families:
            # A few problems represent the code that generates them; others stand for themselves.
            sample = self._drawn(
                family if family.teaches_spare_problems else family.model_copy(update={self.split: 16})
            )
            boxes = sorted({problem.toolbox for problem in sample})
            parts += [family.model_dump_json(exclude=_NOT_LEARNT), str(family.corpus_parts)]
            parts += [msgspec.json.encode(sample).decode(), *(load_toolbox(box).hash for box in boxes)]
        return content_hash(str(self.problems), *sorted(self.without), *parts)

    def pool(self, family: FamilyConfig) -> FamilyConfig:
        """The family whose problems the corpus draws: the templates of its split, other problems than the recipe's; one
        whose spare problems are learnt as it is."""
        if family.teaches_spare_problems:
            return family
        return family.model_copy(update={self.split: self.problems, "seed": family.seed + _SEEDS_APART})

    @cached_property
    def pools(self) -> list[list[Problem]]:
        """The problems of each family."""
        pools = [self._drawn(self.pool(family)) for family in self.families]
        return [[problem for problem in pool if not self.without & _texts(problem)] for pool in pools]

    def _drawn(self, family: FamilyConfig) -> list[Problem]:
        if not family.teaches_spare_problems:
            return with_examples(generate(family, self.split), family, self.split, self.episodes)
        call_format, problems = load_format(self.episodes.call_format), spare(family)
        for problem in problems:
            if fault := _gold_fault(problem, call_format, self.episodes.calls):
                raise RequestError(
                    f"{problem.id} ({problem.source}): a model is to learn its gold chain, and it gives no accepted "
                    f"answer: {fault}; mend the row, or leave pretrain out"
                )
        return with_examples(problems, family, self.split, self.episodes)

    def holding_out(self, problems: Iterable[Problem]) -> "Corpus":
        """This corpus without those of its problems that are, or show as an example, the text of one of `problems`.

        Splits share no problem, but a variant of a test problem may equal a problem that only the corpus drew.
        """
        held_out = {same_text(problem.text) for problem in problems}
        shared = frozenset[str]().union(*(_texts(problem) for pool in self.pools for problem in pool)) & held_out
        return replace(self, without=self.without | shared) if shared else self

    def conversations(self, seed: int | str, malformed: float, malformed_again: float) -> Iterator[Conversation]:
        """Endless conversations: problems in random order, families in turn, each as often as its `corpus_parts`."""
        call_format = load_format(self.episodes.call_format)
        parts = [max(1, family.corpus_parts) for family in self.families]
        pools = [pool for pool, often in zip(self.pools, parts, strict=True) for _ in range(often)]
        chance = random.Random(f"corpus:{seed}")
        while True:
            for pool in pools:
                problem = pool[chance.randrange(len(pool))]
                yield self._conversation(problem, call_format, chance, malformed, malformed_again)

    def _conversation(
        self, problem: Problem, call_format: CallFormat, chance: random.Random, malformed: float, malformed_again: float
    ) -> Conversation:
        """The gold calls of a problem, executed, each one malformed first with the given probability."""
        whole = load_toolbox(problem.toolbox)
        toolbox = turn_toolboxes(problem, whole)[0]
        opening = open_problem(problem, toolbox, call_format, self.episodes)
        later = later_turns(problem, whole, toolbox, call_format, self.episodes.verbosity)
        session = toolbox.open(problem.state)
        turns: list[Turn] = []

        def say(reply: str, failed: bool) -> None:
            results = execute_now(reply, call_format, session, self.episodes.calls)
            assert any(r.error for r in results) == failed, f"{problem.id}: {reply!r}, failed = {failed}: {results}"
            turns.append(Turn(reply, call_format.render_results(results), failed))

        def converse() -> None:
            for number, calls in enumerate((problem.gold_calls, *(turn.gold_calls for turn in problem.turns))):
                if number:
                    turns[-1] = msgspec.structs.replace(turns[-1], said=later[number - 1].text)
                    session.next_turn(later[number - 1].toolbox)
                for call in calls:
                    probability = malformed
                    while chance.random() < probability:
                        say(write_malformed(call, chance.choice(KINDS), call_format), failed=True)
                        if sum(turn.failed for turn in turns) > self.episodes.max_failed_steps:
                            return
                        probability = malformed_again
                    say(call_format.render((call,)), failed=False)

        try:
            converse()
        finally:
            session.close()
        return Conversation(problem.id, call_format.name, opening, tuple(turns))


@lru_cache(maxsize=4096)
def _gold_fault(problem: Problem, call_format: CallFormat, limits: CallLimits) -> str | None:
    """As `gold_fault`, once for each problem: a corpus is drawn for its fingerprint, and again to be learnt."""
    return gold_fault(problem, call_format, limits)


def _texts(problem: Problem) -> frozenset[str]:
    """The texts, as they are compared, of a problem and of its worked conversations."""
    return frozenset([same_text(problem.text), *(_of_example(example.text) for example in problem.examples)])


@lru_cache(maxsize=4096)
def _of_example(text: str) -> str:
    """As `same_text`, once for each: thousands of problems show a few examples."""
    return same_text(text)


def write_malformed(call: Call, kind: str, call_format: CallFormat) -> str:
    """`call` as a reply that the executor refuses, in one of `KINDS`."""
    written = call_format.render((call,))
    if kind == "other_notation":
        other = "python" if call_format.name != "python" else "json"
        return load_format(other).render((call,))
    if kind == "wrong_key" and call_format.name == "mistral_args":  # which writes no key, but a mark
        return written.replace("[ARGS]", "[ARGUMENTS]", 1)
    if kind == "wrong_key" and call_format.name != "python":
        return written.replace('"name"', '"function"', 1)
    if kind in ("wrong_key", "wrong_name"):
        return call_format.render((msgspec.structs.replace(call, name=f"call_{call.name}"),))
    if kind == "prose":
        return f"Next: {written}"
    return written[:-1]

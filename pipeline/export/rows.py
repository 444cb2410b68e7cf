"""The preference pairs of a run as rows, in the forms of other trainers.

`trl` holds whole chains as conversations, as the student is to write them: a call is text where the prompt's text
described the functions, and a structured call where a chat template showed them. `openai` has structured calls
whatever the call format was. `openai` and `sharegpt` hold one assistant message a side: a pair is written at the first
step where its chains differ, with the steps before it as history. Pairs that become equal by this are written once.
"""

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, chain, islice, product, takewhile
from typing import Any

from cluster.engine.model_source import local_tokenizer
from pipeline.export.conversations import (
    Message,
    Turn,
    call_messages,
    call_steps,
    is_reply,
    opening_turns,
    sharegpt_messages,
    text_steps,
    without_thoughts,
)
from pipeline.export.shown import own_text, tools_shown
from pipeline.run.folder import Run
from pipeline.run.models import model_source
from pipeline.run.rollouts import Rollouts, problems_of_groups
from rollout.data import layout
from rollout.data.group_rows import read_groups
from rollout.formats import load_format
from rollout.prompts.native_template import NATIVE, NativeTemplate
from rollout.prompts.opening import Opening
from rollout.prompts.template import ChatTemplate
from rollout.records import Episode, PreferenceGroup, Problem, Role

FORMS = ("trl", "openai", "sharegpt")
Row = dict[str, Any]
_SHAREGPT_ROLES = {"system": "system", "user": "human", "assistant": "gpt", "tool": "observation"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A row, the episodes whose chains it compares, and their problem."""

    row: Row
    right: Episode
    wrong: Episode
    problem: Problem


def pair_rows(run: Run, form: str, max_pairs: int) -> Iterator[Pair]:
    """The pairs of all groups, paired by the groups' rule: at most `max_pairs` different ones a problem, 0 for all."""
    rollouts, problems = Rollouts(run), problems_of_groups(run)
    written = _Form.of(run, form)
    for group in read_groups(run.ledger(layout.groups(run.student))):
        pairs = _different_pairs(group, rollouts.of(group.problem_id), problems[group.problem_id], written)
        yield from islice(pairs, max_pairs or None)


def _different_pairs(
    group: PreferenceGroup, episodes: Mapping[int, Episode], problem: Problem, written: "_Form"
) -> Iterator[Pair]:
    """The pairs of a group whose rows differ, as the group's rule pairs them."""
    matched, whole = group.rule.kind == "matched", written.name == "trl" and group.rule.kind != "steps"
    said = {one.episodes[0]: written.steps(episodes[one.episodes[0]]) for one in group.chains}
    seen: set[str] = set()
    for right, wrong in zip(group.right, group.wrong, strict=False) if matched else product(group.right, group.wrong):
        best, other = episodes[right.episodes[0]], episodes[wrong.episodes[0]]
        chosen, rejected = ([*chain.from_iterable(said[episode.sample])] for episode in (best, other))
        shared = 0
        if not whole:
            shared = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(chosen, rejected, strict=False))))
            chosen, rejected = chosen[: shared + 1], rejected[: shared + 1]
            if len(chosen) == shared or len(rejected) == shared or not is_reply(chosen[shared]):
                continue  # one chain is the beginning of the other, or they part in what a function returned
            ends = list(accumulate(map(len, said[best.sample])))
            if best.steps[bisect_right(ends, shared)].failed:
                continue  # a mistake is nothing to prefer, though the chain was right in the end
        row = written.row(best, problem, chosen[:shared], chosen[shared:], rejected[shared:])
        key = json.dumps(row, sort_keys=True)
        if key not in seen:
            seen.add(key)
            yield Pair(row, best, other, problem)


@dataclass(frozen=True, slots=True)
class _Form:
    """How a form writes conversations and rows."""

    name: str
    result_role: str
    """The role in which the student's template takes results, where calls are text."""
    parallel: bool
    """Whether a message may hold several calls."""
    system: str
    """What the recipe's prompts say first, without the functions."""
    has_system_role: bool
    """Whether the student's template shows a system's message."""
    closed: bool
    """Whether a worked conversation needs a result after its finishing call, and a reply after that."""
    closes_turns: bool
    """The same where the user speaks again."""
    thoughts: bool = True
    """Whether the recipe's chains hold thoughts."""

    @classmethod
    def of(cls, run: Run, name: str) -> "_Form":
        folder = local_tokenizer(model_source(run, "base"))
        asked = run.recipe.episodes
        parallel = asked.calls.max_calls > 1 and asked.call_format != "llama"
        template, closed, closes_turns = ChatTemplate.from_model(folder), name == "openai", name == "openai"
        if asked.call_format == NATIVE:
            native = NativeTemplate.from_model(folder)
            parallel &= native.parallel
            closed |= native.closes_examples
            closes_turns |= native.closes_turns
        role, has_system = template.result_role.value, name != "trl" or template.has_system_role
        return cls(name, role, parallel, asked.system, has_system, closed, closes_turns, asked.thoughts == "keep")

    def steps(self, episode: Episode) -> list[list[Message]]:
        """The messages of each step: the reply, and what came back."""
        episode = episode if self.thoughts else without_thoughts(episode)
        native = episode.call_format == NATIVE
        if self.name == "trl" and not native:
            return text_steps(episode, self.result_role)
        if self.name == "sharegpt" and not native:
            return [
                [_sharegpt(text["role"], text["content"]) for text in step]
                for step in text_steps(episode, self.result_role)
            ]
        parallel = self.parallel or self.name != "trl"
        return [[message for turn in step for message in self._written(turn)] for step in call_steps(episode, parallel)]

    def _written(self, turn: Turn) -> list[Message]:
        """A reply with structured calls, and its results."""
        if self.name == "sharegpt":
            return sharegpt_messages(turn)
        return call_messages(turn, arguments_as_text=self.name == "openai", closed=self.closes_turns)

    def _asked(self, episode: Episode, problem: Problem) -> list[Message]:
        """The messages before the first reply."""
        say = _sharegpt if self.name == "sharegpt" else _said
        structured = self.name == "openai" or episode.call_format == NATIVE
        text = own_text(episode, problem) if self.name == "openai" else episode.prompt_text
        system = self.system if self.name == "openai" else episode.system
        opening = Opening(system=system, examples=episode.examples, text=text)
        if not structured:
            turns = opening.turns(load_format(episode.call_format), Role(self.result_role), self.has_system_role)
            return [say(role.value, content) for role, content in turns]
        asked = [say("system", system)] if system and self.has_system_role else []
        *questions, last = opening.user_texts(self.has_system_role)
        for question, turns_of in zip(questions, opening_turns(episode, self.closed), strict=True):
            asked += [say("user", question), *(message for turn in turns_of for message in self._written(turn))]
        return [*asked, say("user", last)]

    def row(
        self, episode: Episode, problem: Problem, history: list[Message], chosen: list[Message], rejected: list[Message]
    ) -> Row:
        """The row of a pair. `history` is what its chains share before the sides begin."""
        native, asked = episode.call_format == NATIVE, self._asked(episode, problem)
        if self.name == "openai":
            tools = {"tools": tools_shown(episode, problem), "parallel_tool_calls": self.parallel}
            return {
                "input": {"messages": [*asked, *history], **tools},
                "preferred_output": chosen,
                "non_preferred_output": rejected,
            }
        if self.name == "trl":
            tools = {"tools": tools_shown(episode, problem)} if native else {}
            return {"prompt": [*asked, *history], "chosen": chosen, "rejected": rejected, **tools}
        tools = {"tools": json.dumps(tools_shown(episode, problem), ensure_ascii=False)} if native else {}
        return {"conversations": [*asked, *history], "chosen": chosen[0], "rejected": rejected[0], **tools}


def _said(role: str, content: str) -> Message:
    return {"role": role, "content": content}


def _sharegpt(role: str, content: str) -> Message:
    return {"from": _SHAREGPT_ROLES[role], "value": content}

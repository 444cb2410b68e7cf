"""Builds the preference group of one problem for one student from its episodes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Literal

import msgspec

from cluster.errors import CorruptionError
from rollout.config import GroupsConfig
from rollout.prompts.rendering import render_episode, render_prompt
from rollout.prompts.template import ChatTemplate
from rollout.records import Chain, Episode, ErrorCode, Outcome, PairRule, PreferenceGroup
from rollout.rewards import RewardsConfig, rule_rewards


def build_group(
    episodes: Sequence[Episode],
    student: str,
    template: ChatTemplate,
    config: GroupsConfig,
    with_thoughts: bool = True,
    with_logprobs: bool = False,
    rewards: RewardsConfig | None = None,
) -> PreferenceGroup | None:
    """The group of one problem's episodes in one call format, or None if nothing can be learned from them. Without
    `with_thoughts` its chains are written without the thoughts that came before calls; `with_logprobs` they hold the
    sampler's log-probabilities, where the student is the sampler; with `rewards` what its rules give.

    An episode with an infrastructure outcome is never used. A chain that has more than `config.max_tokens` tokens
    together with its prompt is left out: if it were cut, the student would learn the cut.
    """
    labels = {Outcome.RIGHT, Outcome.WRONG} | ({Outcome.TRUNCATED} if config.truncated_as_wrong else set())
    refuse_help(episodes)
    usable = [episode for episode in episodes if episode.outcome in labels and episode.steps]
    if not usable:
        return None
    first = usable[0]
    prompt = render_prompt(first, template)
    chains = [
        chain
        for chain in distinct_chains(usable, template, with_thoughts, with_logprobs, rewards)
        if not config.max_tokens or len(prompt) + len(chain.token_ids) <= config.max_tokens
    ]
    kept = choose_chains(chains, config.rule)
    if not kept:
        return None
    return PreferenceGroup(
        problem_id=first.problem_id,
        family=first.family,
        student=student,
        prompt_text=first.prompt_text,
        prompt_ids=prompt,
        chains=kept,
        rule=config.rule,
        provenance=msgspec.structs.replace(
            first.provenance, tokenizer_hash=template.tokenizer_hash, template_hash=template.hash
        ),
    )


def distinct_chains(
    episodes: Iterable[Episode],
    template: ChatTemplate,
    with_thoughts: bool = True,
    with_logprobs: bool = False,
    rewards: RewardsConfig | None = None,
) -> list[Chain]:
    """Each distinct chain once, in order of first appearance, with the samples that wrote it.

    Two chains are the same if their ids and their labels are, and as many of their steps the teacher's. The same ids
    with two labels stay two chains, so that the contradiction, which a function that is not deterministic can cause,
    can be seen.
    """
    found: dict[tuple[tuple[int, ...], Outcome, int], Chain] = {}
    given: dict[tuple[tuple[int, ...], Outcome, int], list[tuple[float, ...]]] = {}
    for episode in episodes:
        rendered = render_episode(episode, template, with_thoughts)
        key = (rendered.token_ids, episode.outcome, episode.guided)
        seen = found.get(key)
        given.setdefault(key, []).append(rule_rewards(episode, rewards) if rewards is not None else ())
        found[key] = Chain(
            token_ids=rendered.token_ids,
            step=rendered.step,
            failed_steps=rendered.failed_steps,
            thought_tokens=rendered.thought_tokens,
            label=episode.outcome,
            error=episode.error,
            multiplicity=1 if seen is None else seen.multiplicity + 1,
            episodes=(episode.sample,) if seen is None else (*seen.episodes, episode.sample),
            # Of one policy, equal ids have equal log-probabilities but for rounding.
            logprobs=rendered.logprobs if with_logprobs else (),
            rewards=tuple(map(fmean, zip(*given[key], strict=True))),
            guided=episode.guided,
        )
    return list(found.values())


def refuse_help(episodes: Iterable[Episode]) -> None:
    """Raise CorruptionError where an attempt with help would give a group its prompt or be taken for one without."""
    for episode in episodes:
        if episode.help:
            shown = ", ".join(episode.help)
            raise CorruptionError(
                f"{episode.id}: its prompt shows help ({shown}) and would be learnt from; groups take prompts without"
            )


def with_taught(
    group: PreferenceGroup, taught: Sequence[Chain], chosen_from: Literal["teacher", "both", "helped"]
) -> PreferenceGroup | None:
    """The group of a policy with right chains of the same prompt in the place of its own right ones, or behind them:
    the teacher's, or (`helped`) those that it wrote with help. None where no chain is left.

    Each distinct chain stands there once. One that both wrote counts the episodes of both for `both`; otherwise the
    policy's own right ones are left out, and it counts those of the others alone.
    """
    own = group.chains if chosen_from == "both" else group.wrong
    whose = "helped_episodes" if chosen_from == "helped" else "teacher_episodes"
    found = {(chain.token_ids, chain.label): chain for chain in own}
    for chain in taught:
        key = (chain.token_ids, chain.label)
        seen = found.get(key, msgspec.structs.replace(chain, multiplicity=0, episodes=(), logprobs=(), rewards=()))
        found[key] = msgspec.structs.replace(
            seen, multiplicity=seen.multiplicity + chain.multiplicity, **{whose: chain.episodes}
        )
    chains = choose_chains(list(found.values()), group.rule)
    return msgspec.structs.replace(group, chains=chains) if chains else None


def choose_chains(chains: Sequence[Chain], rule: PairRule) -> tuple[Chain, ...]:
    """The chains that the rule keeps, right ones first."""
    right = [chain for chain in chains if chain.label is Outcome.RIGHT]
    wrong = [chain for chain in chains if chain.label is not Outcome.RIGHT]
    if rule.stratify_errors:
        # One chain of every error code, then a second one of every code, and so on.
        seen: Counter[ErrorCode | None] = Counter()
        rank = []
        for chain in wrong:
            rank.append(seen[chain.error])
            seen[chain.error] += 1
        wrong = [wrong[index] for index in sorted(range(len(wrong)), key=rank.__getitem__)]
    return (*right[: rule.max_right or None], *wrong[: rule.max_wrong or None])

"""Episodes of one problem to its preference group for one student."""

from collections.abc import Iterable, Sequence

import msgspec

from rollout.prompts.rendering import render_episode, render_prompt
from rollout.prompts.template import ChatTemplate
from rollout.records import Chain, Episode, Outcome, PairRule, PreferenceGroup


def build_group(
    episodes: Sequence[Episode],
    student: str,
    template: ChatTemplate,
    rule: PairRule,
    *,
    truncated_as_wrong: bool = False,
    max_tokens: int | None = None,
) -> PreferenceGroup | None:
    """The group of one problem's episodes, or None when nothing in them can be learned from.

    An episode with an infrastructure outcome is never used. A chain longer than `max_tokens` with its prompt is
    left out: half a chain would teach its own cut.
    """
    usable = [episode for episode in episodes if _usable(episode, truncated_as_wrong) and episode.steps]
    if not usable:
        return None
    first = usable[0]
    prompt = render_prompt(first, template)
    chains = [
        chain
        for chain in distinct_chains(usable, template)
        if max_tokens is None or len(prompt) + len(chain.token_ids) <= max_tokens
    ]
    kept = choose_chains(chains, rule)
    if not kept:
        return None
    return PreferenceGroup(
        problem_id=first.problem_id,
        family=first.family,
        student=student,
        prompt_text=first.prompt_text,
        prompt_ids=prompt,
        chains=kept,
        rule=rule,
        provenance=msgspec.structs.replace(
            first.provenance, tokenizer_hash=template.tokenizer_hash, template_hash=template.hash
        ),
    )


def distinct_chains(episodes: Iterable[Episode], template: ChatTemplate) -> list[Chain]:
    """Each distinct chain once, in order of first appearance, with the samples that wrote it.

    Chains are the same when ids and label are: the same ids with two labels (a function that is not
    deterministic) stay two chains, and the contradiction can be seen.
    """
    found: dict[tuple[tuple[int, ...], Outcome], Chain] = {}
    for episode in episodes:
        rendered = render_episode(episode, template)
        key = (rendered.token_ids, episode.outcome)
        seen = found.get(key)
        found[key] = Chain(
            token_ids=rendered.token_ids,
            step=rendered.step,
            failed_steps=rendered.failed_steps,
            label=episode.outcome,
            error=episode.error,
            multiplicity=1 if seen is None else seen.multiplicity + 1,
            episodes=(episode.sample,) if seen is None else (*seen.episodes, episode.sample),
        )
    return list(found.values())


def choose_chains(chains: Sequence[Chain], rule: PairRule) -> tuple[Chain, ...]:
    """The chains that the rule keeps, right ones first."""
    right = [chain for chain in chains if chain.label is Outcome.RIGHT]
    wrong = [chain for chain in chains if chain.label is not Outcome.RIGHT]
    if rule.stratify_errors:
        wrong = _interleave_errors(wrong)
    return (*right[: rule.max_right or None], *wrong[: rule.max_wrong or None])


def _interleave_errors(chains: Sequence[Chain]) -> list[Chain]:
    """One chain of every error code, then a second one of every code, and so on."""
    seen: dict[object, int] = {}
    ranked = []
    for position, chain in enumerate(chains):
        rank = seen.get(chain.error, 0)
        seen[chain.error] = rank + 1
        ranked.append((rank, position, chain))
    return [chain for _, _, chain in sorted(ranked, key=lambda entry: entry[:2])]


def _usable(episode: Episode, truncated_as_wrong: bool) -> bool:
    if episode.outcome is Outcome.TRUNCATED:
        return truncated_as_wrong
    return episode.outcome in (Outcome.RIGHT, Outcome.WRONG)

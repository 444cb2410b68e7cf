"""Chains side by side: which attempts to look at, where they differ, and how that looks on a terminal. Light."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from cluster.shown import visible
from evaluation.measures.attempts import arm_order
from rollout.records import Episode, ErrorCode, Outcome, PreferenceGroup, Problem, Score, Step

OUTCOME_STYLE: Mapping[Outcome, str] = {
    Outcome.RIGHT: "green",
    Outcome.WRONG: "red",
    Outcome.TRUNCATED: "yellow",
    Outcome.INFRASTRUCTURE: "magenta",
    Outcome.USER: "magenta",
}


CHAINS_SHOWN = 4
"""Distinct right and distinct wrong chains of a problem that are shown at most."""
SAMPLES_NAMED = 6


class ChainFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which attempts to look at; None means any. A problem is shown when one of its attempts passes."""

    family: str | None = None
    suite: str | None = None
    arm: str | None = None
    outcome: Outcome | None = None
    code: ErrorCode | None = None
    """An error of one of its steps, or the reason of its outcome."""
    problem: str | None = None

    def keeps(self, episode: Episode, score: Score | None = None) -> bool:
        """Whether one attempt passes; `score` where it is a scored one, because rollouts have neither suite nor arm."""
        return (
            self.family in (None, episode.family)
            and self.outcome in (None, episode.outcome)
            and self.problem in (None, episode.problem_id)
            and (self.code is None or self.code in codes_of(episode))
            and (score is None or self.suite in (None, score.suite))
            and (score is None or self.arm in (None, score.model))
        )


def codes_of(episode: Episode) -> set[ErrorCode]:
    """The codes of an episode's steps and of its outcome."""
    codes = {code for step in episode.steps for code in step.errors}
    return codes | {episode.error} if episode.error is not None else codes


class Difference(msgspec.Struct, frozen=True):
    """Where a chain first differs from another: the step, and the character of its reply."""

    step: int
    character: int


def first_difference(reference: Sequence[Step], steps: Sequence[Step]) -> Difference | None:
    """Where `steps` first differs from `reference` in what the model wrote; None when it never does.

    A chain that is the beginning of the other differs from it where it ends: at step len(steps), character 0.
    """
    for index, (one, other) in enumerate(zip(reference, steps, strict=False)):
        if one.text != other.text:
            pairs = zip(one.text, other.text, strict=False)
            equal = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one.text), len(other.text)))
            return Difference(index, equal)
    return Difference(min(len(reference), len(steps)), 0) if len(reference) != len(steps) else None


Named = tuple[tuple[str, Episode], ...]
"""Chains of one problem, each under the name of its arm or of its samples; the first is the reference."""


class Chains(msgspec.Struct, frozen=True, kw_only=True):
    """Chains of one problem that are shown side by side, each under a name; they are compared with the first one."""

    heading: str
    problem: Problem | None
    named: Named
    left_out: int = 0
    """Distinct chains that are not shown."""


def compare_chains(
    scores: Iterable[Score],
    problems: Mapping[str, Problem],
    wanted: ChainFilter,
    baseline: str = "base",
    limit: int = 20,
) -> Iterator[Chains]:
    """All arms' attempts that share problem and sample with one that passes: at most `limit` such sets, in order of
    problems; the greedy attempts of a problem are one set. `problems` by id."""
    groups: dict[tuple[str, str, bool, int], dict[str, Score]] = {}
    passed: set[tuple[str, str, bool, int]] = set()
    for score in scores:
        key = (score.suite, score.episode.problem_id, not score.greedy, 0 if score.greedy else score.episode.sample)
        groups.setdefault(key, {})[score.model] = score
        if wanted.keeps(score.episode, score):
            passed.add(key)
    for key in sorted(passed)[:limit]:
        suite, problem_id, sampled, sample = key
        yield Chains(
            heading=f"{problem_id} · {suite} · {f'sample {sample}' if sampled else 'greedy'}",
            problem=problems.get(problem_id),
            named=tuple((arm, groups[key][arm].episode) for arm in arm_order(groups[key], baseline)),
        )


def rollout_chains(episodes: Sequence[Episode], problem: Problem | None) -> Chains:
    """All attempts at a problem, right ones first; those of the same wording and outcome are one chain."""
    alike: dict[tuple[Outcome, tuple[str, ...]], list[Episode]] = {}
    for episode in episodes:
        alike.setdefault((episode.outcome, tuple(step.text for step in episode.steps)), []).append(episode)
    counts = Counter(
        f"{episode.outcome} ({episode.error})" if episode.error else episode.outcome for episode in episodes
    )
    counted = [f"{count} {name}" for name, count in counts.most_common()]
    right, others = (
        [found for (outcome, _), found in alike.items() if (outcome is Outcome.RIGHT) is wanted]
        for wanted in (True, False)
    )
    shown = right[:CHAINS_SHOWN] + others[:CHAINS_SHOWN]
    return Chains(
        heading=f"{episodes[0].problem_id} · {len(episodes)} attempts: {', '.join(counted)}",
        problem=problem,
        named=tuple((sample_names([one.sample for one in found]), found[0]) for found in shown),
        left_out=len(alike) - len(shown),
    )


def group_chains(group: PreferenceGroup, episodes: Mapping[int, Episode], problem: Problem | None) -> Chains:
    """A group's distinct right and wrong chains under the numbers of their samples; `episodes` by sample."""
    named = tuple(
        (sample_names(chain.episodes), episodes[chain.episodes[0]])
        for chains in (group.right, group.wrong)
        for chain in chains[:CHAINS_SHOWN]
    )
    return Chains(
        heading=f"{group.problem_id} · distinct chains: {len(group.right)} right, {len(group.wrong)} wrong · "
        f"pairs: {group.pairs:,}",
        problem=problem,
        named=named,
        left_out=len(group.chains) - len(named),
    )


def sample_names(samples: Sequence[int]) -> str:
    """The samples that wrote one chain, as its name: `sample 4`, `3 samples (0, 1, 7)`."""
    if len(samples) == 1:
        return f"sample {samples[0]}"
    more = ", ..." if len(samples) > SAMPLES_NAMED else ""
    return f"{len(samples)} samples ({', '.join(map(str, samples[:SAMPLES_NAMED]))}{more})"


def chains_view(chains: Chains, width: int = 120) -> RenderableType:
    """A rich renderable: the problem, then its chains side by side, the first difference underlined."""
    reference, problem = chains.named[0][1], chains.problem
    asked = Text(visible(problem.text if problem is not None else reference.prompt_text))
    if problem is not None:
        asked.append(f"\ngold {visible(problem.gold)}", style="dim")
    across = max(1, min(len(chains.named), width // 44))
    panels = [_panel(reference, name, episode, width // across - 1) for name, episode in chains.named]
    more = f"… and {chains.left_out} more distinct chains\n" if chains.left_out else ""
    return Group(Text(chains.heading, style="bold"), asked, Columns(panels, padding=(0, 0)), Text(more))


def _panel(reference: Episode, name: str, episode: Episode, width: int) -> Panel:
    parting = None if episode is reference else first_difference(reference.steps, episode.steps)
    body = Text()
    for index, step in enumerate(episode.steps):
        if index and step.turn > episode.steps[index - 1].turn:
            body.append(f"user: {visible(episode.said[step.turn - 1])}\n", style="italic")
        here = parting is not None and parting.step == index
        at = parting.character if parting is not None and here else len(step.text)
        body.append(f"{index + 1}{'≠' if here else ' '}", style="dim").append(visible(step.text[:at]))
        if here:
            body.append(visible(step.text[at:]) or "∅", style="underline bold")
        body.append("\n")
        for result in step.results:
            mark = f"✗ {result.error} " if result.error is not None else "→ "
            body.append(f"  {mark}", style="red" if result.error is not None else "dim")
            body.append(f"{visible(result.content)}\n", style="dim")
    if episode.credit:
        shares = ", ".join(f"{share:.2f}" for share in episode.credit)
        body.append(f"credit {shares}{f': {visible(episode.why)}' if episode.why else ''}\n", style="dim")
    if parting is not None and parting.step >= len(episode.steps):
        body.append("∅ ends here, the reference goes on\n", style="underline bold")
    title = f"{name}: {episode.outcome}" + (f" ({episode.error})" if episode.error is not None else "")
    return Panel(
        body, title=Text(title), title_align="left", border_style=OUTCOME_STYLE[episode.outcome], width=width, padding=0
    )

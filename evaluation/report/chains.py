"""Chains side by side: which attempts to look at, where they part, and how that looks on a terminal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from evaluation.measures.attempts import arm_order
from rollout.records import Episode, ErrorCode, Outcome, Problem, Score, Step

OUTCOME_STYLE: Mapping[Outcome, str] = {
    Outcome.RIGHT: "green",
    Outcome.WRONG: "red",
    Outcome.TRUNCATED: "yellow",
    Outcome.INFRASTRUCTURE: "magenta",
}


class ChainFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which attempts to look at; None means any. A problem is kept when one of its attempts passes."""

    family: str | None = None
    suite: str | None = None
    arm: str | None = None
    outcome: Outcome | None = None
    code: ErrorCode | None = None
    """In a step, or as the reason of the outcome."""
    problem: str | None = None
    greedy: bool | None = None

    def keeps(self, score: Score) -> bool:
        """Whether one attempt passes."""
        episode = score.episode
        return (
            self.family in (None, episode.family)
            and self.suite in (None, score.suite)
            and self.arm in (None, score.model)
            and self.outcome in (None, episode.outcome)
            and self.problem in (None, episode.problem_id)
            and self.greedy in (None, score.greedy)
            and (self.code is None or self.code in codes_of(episode))
        )


def codes_of(episode: Episode) -> set[ErrorCode]:
    """The codes of an episode's steps and of its outcome."""
    codes = {code for step in episode.steps for code in step.errors}
    return codes | {episode.error} if episode.error is not None else codes


class Difference(msgspec.Struct, frozen=True):
    """Where a chain first parts from another: the step, and the character of its reply."""

    step: int
    character: int


def first_difference(reference: Sequence[Step], steps: Sequence[Step]) -> Difference | None:
    """Where `steps` first parts from `reference` in what the model wrote; None when it never does.

    A chain that is the beginning of the other parts from it where it ends: at step len(steps), character 0.
    """
    for index, (one, other) in enumerate(zip(reference, steps, strict=False)):
        if one.text != other.text:
            pairs = zip(one.text, other.text, strict=False)
            equal = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one.text), len(other.text)))
            return Difference(index, equal)
    return Difference(min(len(reference), len(steps)), 0) if len(reference) != len(steps) else None


class Comparison(msgspec.Struct, frozen=True):
    """One attempt of every arm at one problem, the reference first; `sample` is None for the greedy attempts."""

    problem_id: str
    suite: str
    sample: int | None
    scores: tuple[Score, ...]

    @property
    def reference(self) -> Episode:
        return self.scores[0].episode


def compare_chains(
    scores: Iterable[Score], wanted: ChainFilter, baseline: str = "base", limit: int = 20
) -> Iterator[Comparison]:
    """Attempts that share problem and sample with one that passes: at most `limit` such sets, in order of problems."""
    groups: dict[tuple[str, str, bool, int], dict[str, Score]] = {}
    passed: set[tuple[str, str, bool, int]] = set()
    for score in scores:
        key = (score.suite, score.episode.problem_id, not score.greedy, 0 if score.greedy else score.episode.sample)
        groups.setdefault(key, {})[score.model] = score
        if wanted.keeps(score):
            passed.add(key)
    for key in sorted(passed)[:limit]:
        suite, problem_id, sampled, sample = key
        found = groups[key]
        ordered = tuple(found[arm] for arm in arm_order(found, baseline))
        yield Comparison(problem_id, suite, sample if sampled else None, ordered)


def visible(text: str) -> str:
    """`text` with what a terminal would obey or hide (escapes, direction marks, lone surrogates) written out."""
    return "".join(one if one in "\n\t" or one.isprintable() else ascii(one)[1:-1] for one in text)


def inspection(
    comparisons: Iterable[Comparison], problems: Mapping[str, Problem], width: int = 120
) -> Iterator[RenderableType]:
    """A rich renderable a comparison: the problem, then its chains side by side, the first difference underlined."""
    for comparison in comparisons:
        how = "greedy" if comparison.sample is None else f"sample {comparison.sample}"
        problem = problems.get(comparison.problem_id)
        heading = Text(f"{comparison.problem_id} · {comparison.suite} · {how}", style="bold")
        asked = Text(visible(problem.text if problem is not None else comparison.reference.prompt_text))
        if problem is not None:
            asked.append(f"\ngold {visible(problem.gold)}", style="dim")
        across = max(1, min(len(comparison.scores), width // 44))
        panels = [_panel(comparison.reference, score, width // across - 1) for score in comparison.scores]
        yield Group(heading, asked, Columns(panels, padding=(0, 0)), Text(""))


def _panel(reference: Episode, score: Score, width: int) -> Panel:
    episode = score.episode
    parting = None if episode is reference else first_difference(reference.steps, episode.steps)
    body = Text()
    for index, step in enumerate(episode.steps):
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
    if parting is not None and parting.step >= len(episode.steps):
        body.append("∅ ends here, the reference goes on\n", style="underline bold")
    title = f"{score.model}: {episode.outcome}" + (f" ({episode.error})" if episode.error is not None else "")
    return Panel(
        body, title=Text(title), title_align="left", border_style=OUTCOME_STYLE[episode.outcome], width=width, padding=0
    )

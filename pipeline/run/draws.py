"""Draws the problems of a recipe, and those that a run lacks when its recipe asks for more. Pure.

A family's problems are drawn in one order, so that the first ones are those of the run, which stay as they are. What is
drawn beyond them is kept apart as in a new run: no train problem is like a held-out one. Train problems that are there
have been attempted, so where an old train problem and a new held-out one are alike, the held-out one is left out.
"""

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from cluster.errors import RequestError
from pipeline.recipe import Recipe
from pipeline.run.suites import corpus_of, make_suites
from rollout.problems import everything, generate, is_imported, spare
from rollout.problems.config import SPLITS, Duplicates, FamilyConfig
from rollout.problems.duplicates import KEEPS_NEAR, HeldOut, deduplicate
from rollout.problems.tokens import same_text
from rollout.problems.worked import with_examples
from rollout.problems.worked_rows import refuse_unnamed, rows_of_file
from rollout.records import Problem

ATTEMPTED = "attempted"
"""Why a new held-out problem is dropped: it is like one that has been attempted, or learnt by a model made here."""


class Drawn(NamedTuple):
    """The problems of a recipe, and how many were dropped, as `Workload.dropped` has it: imported rows that are like
    others of their section, and train problems that are like held-out ones of any section."""

    train: list[Problem]
    suites: dict[str, list[Problem]]
    dropped: dict[str, dict[str, dict[str, int]]]


def draw_problems(recipe: Recipe, sections: Collection[str] | None = None) -> Drawn:
    """The problems that a run of `recipe` works on, by default those of all sections. Raises RequestError for a family
    that cannot give its problems, and for a row of `examples_file` that no problem may be shown."""
    part = {name: family for name, family in recipe.problems.items() if sections is None or name in sections}
    chosen = recipe.model_copy(update={"problems": part})
    elsewhere = any(family.toolbox_column for name, family in recipe.problems.items() if name not in part)
    if recipe.episodes.examples_file and not elsewhere:  # whose rows name toolboxes, too
        refuse_unnamed(rows_of_file(recipe.episodes.examples_file), _toolboxes(recipe, part.values()))
    return _apart(chosen, [], make_suites(chosen), {})


def draw_more(recipe: Recipe, train: Sequence[Problem], suites: Mapping[str, Sequence[Problem]], where: str) -> Drawn:
    """What `recipe` asks for beyond the problems `train` and `suites` of the run at `where`; `dropped` counts all.

    Raises RequestError when these are not drawn any more: a file of problems, or the code that draws them, has changed.
    """
    drawn = make_suites(recipe)
    of_train = {name: generate(family, "train") for name, family in recipe.problems.items() if family.train}
    _refuse_others("train", train, [problem for some in of_train.values() for problem in some], where)
    for suite, there in suites.items():
        _refuse_others(suite, there, drawn.get(suite, []), where)
    fresh = {suite: _without(problems, suites.get(suite, ())) for suite, problems in drawn.items()}
    levels = {problem.id: recipe.problems[name].duplicates for name, some in of_train.items() for problem in some}
    attempted = [(problem, levels[problem.id]) for problem in train]
    kept = {problem.id for problem in addable(_not_learnt(recipe, fresh), attempted)}
    added = {suite: [problem for problem in more if problem.id in kept] for suite, more in fresh.items()}
    held_out = {suite: [*suites.get(suite, ()), *more] for suite, more in added.items()}
    left_out = {suite: len(more) - len(added[suite]) for suite, more in fresh.items()}
    more = _apart(recipe, train, held_out, {suite: count for suite, count in left_out.items() if count})
    return Drawn(more.train, {suite: problems for suite, problems in added.items() if problems}, more.dropped)


def addable(fresh: Sequence[Problem], attempted: Sequence[tuple[Problem, Duplicates]]) -> list[Problem]:
    """Those of `fresh` that may be held out beside train problems that have been attempted: none of these, each with
    the likeness from which its section drops train problems, is like one of them."""
    kept = list(fresh)
    while True:
        held_out = HeldOut(kept)
        like = {found.id for problem, drop in attempted if (found := _alike(held_out, problem, drop)) is not None}
        if not like:
            return kept
        kept = [problem for problem in kept if problem.id not in like]


def dropped_line(section: str, dropped: Mapping[str, Mapping[str, int]]) -> str:
    """What was dropped of a section, in words."""
    splits = (
        f"{split} {', '.join(f'{n:,} {kind}' for kind, n in counts.items())}" for split, counts in dropped.items()
    )
    near = any("near" in counts for counts in dropped.values())
    return f"problems.{section}: dropped as duplicates: {'; '.join([*splits, *([KEEPS_NEAR] if near else [])])}"


def _apart(
    recipe: Recipe, there: Sequence[Problem], suites: dict[str, list[Problem]], left_out: Mapping[str, int]
) -> Drawn:
    """The train problems of a recipe that are not `there` yet, without those like held-out ones.

    `left_out`: suite -> held-out problems that were left out.
    """
    held_out = HeldOut(problem for problems in suites.values() for problem in problems)
    train, seen, dropped = list[Problem](), dict[tuple[str, ...], Problem](), {}
    deduplicate(there, HeldOut(), "exact", seen)
    for name, family in recipe.problems.items():
        reports = everything(family).reports if is_imported(family) else {}
        counts = {split: Counter(report.counts) for split, report in reports.items()}
        if family.train:
            drawn = _without(generate(family, "train"), there)
            kept, report = deduplicate(drawn, held_out, family.duplicates, seen)
            train += with_examples(kept, family, "train", recipe.episodes, f"problems.{name}", held_out)
            counts["train"] = counts.get("train", Counter()) + Counter(report.counts)
        for suite in (name, *(f"{name}-{variant}" for variant in family.variants)):
            if suite in left_out:
                counts[suite] = Counter({ATTEMPTED: left_out[suite]})
        dropped[name] = {split: dict(counted) for split, counted in counts.items() if counted}
    return Drawn(train, suites, {name: counts for name, counts in dropped.items() if counts})


def _toolboxes(recipe: Recipe, drawn: Iterable[FamilyConfig]) -> Iterator[str]:
    """The toolboxes that the sections of a recipe name, and those of the problems of these families."""
    yield from (family.toolbox_name for family in recipe.problems.values() if family.toolbox)
    learns = recipe.models.teacher.learns or recipe.models.student.learns
    for family in drawn:
        splits = [generate(family, split) for split in SPLITS if family.count(split)]
        splits += [spare(family)] if learns and family.teaches_spare_problems else []
        yield from (problem.toolbox for problem in itertools.chain(*splits))


def _alike(held_out: HeldOut, problem: Problem, drop: Duplicates) -> Problem | None:
    """A held-out problem for which `deduplicate` would drop this one."""
    found = held_out.exact(problem) if drop == "exact" else held_out.like(problem)
    return held_out.template(problem) if found is None and drop == "template" else found


def _not_learnt(recipe: Recipe, fresh: Mapping[str, Sequence[Problem]]) -> list[Problem]:
    """Without those that models made here have learnt from: a variant of a test problem may equal one of the corpus."""
    problems = [problem for more in fresh.values() for problem in more]
    if not problems or not (recipe.models.teacher.learns or recipe.models.student.learns):
        return problems
    learnt = {same_text(problem.text) for pool in corpus_of(recipe).pools for problem in pool}
    return [problem for problem in problems if same_text(problem.text) not in learnt]


def _refuse_others(name: str, there: Sequence[Problem], drawn: Sequence[Problem], where: str) -> None:
    lost = {problem.id for problem in there} - {problem.id for problem in drawn}
    if lost:
        raise RequestError(
            f"run {where}: {len(lost)} of its problems of {name} are not drawn any more, such as {min(lost)}; the file "
            "of problems, or the code that draws them, has changed; restore it or use --run DIR for a new run"
        )


def _without(drawn: Iterable[Problem], there: Iterable[Problem]) -> list[Problem]:
    known = {problem.id for problem in there}
    return [problem for problem in drawn if problem.id not in known]

"""Prompts without room for a reply: of train problems, as they are and with an arm's help, and of suites."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from cluster.errors import RequestError
from pipeline.recipe import HostKind
from pipeline.run.folder import Run
from pipeline.run.suites import suite_episodes, suite_models
from pipeline.run.workload import suite_problems, train_problems
from pipeline.stages.arms.helping import with_help
from rollout.config import EpisodeConfig
from rollout.prompts.room import room_of
from rollout.records import Problem

_ASKED_OF: Mapping[HostKind, str] = {"teacher": "teacher", "student": "base"}
"""Whose tokenizer the engines of a kind have."""


class _Asked(NamedTuple):
    """Prompts that the engines of a kind get."""

    what: str
    problems: Sequence[Problem]
    kind: HostKind
    config: EpisodeConfig


def refuse_long_prompts(run: Run, tokenizers: Mapping[str, Path]) -> None:
    """Raise RequestError where no prompt of a section, or of an arm's help, leaves room for a reply; print a line where
    some do not. Some problems of each are looked at. `tokenizers`: folders of those of `teacher` and `base`."""
    from rollout.prompts.native_template import open_template

    opened = cache(open_template)  # of the many suites most have the same one
    for what, problems, kind, config in _asked(run):
        template, call_format = opened(tokenizers[_ASKED_OF[kind]], config.call_format, config.thoughts == "forbid")
        context = run.recipe.hosts(kind).engine.max_context
        found = room_of(problems, template, call_format, config, context)
        limit = f"engines.{kind}.engine.max_context = {context}"
        if found.without and found.without == found.prompts:
            raise RequestError(
                f"{what}: prompts have up to {found.longest:,} tokens, and {limit} leaves none of them room for a "
                "reply; raise it, or show less (verbosity, examples, retrieve)"
            )
        if found.without:
            run.console.out(
                f"  {what}: {found.without} of {found.prompts} prompts that were looked at have up to "
                f"{found.longest:,} tokens, and {limit} leaves no room for a reply: these attempts are truncated"
            )


def _asked(run: Run) -> Iterator[_Asked]:
    recipe = run.recipe
    train = train_problems(run)
    for family, of_family in groupby(sorted(train, key=lambda each: each.family), key=lambda each: each.family):
        yield _Asked(f"train problems of {family}", list(of_family), "teacher", recipe.episodes)
    by_id: Mapping[str, Problem] = {problem.id: problem for problem in train}
    for name, arm in recipe.arms.items():
        if arm.rounds is not None:
            yield _Asked(f"arms.{name}.rounds", train, "student", recipe.episodes)
        helped = with_help(arm, by_id)
        if helped is not by_id:
            yield _Asked(f"arms.{name}.help", list(helped.values()), "student", recipe.episodes)
    configs, models = suite_episodes(recipe), suite_models(recipe)
    for suite, problems in suite_problems(run).items():
        kinds: dict[HostKind, None] = {"teacher" if name == "teacher" else "student": None for name in models[suite]}
        for kind in kinds:
            yield _Asked(f"suite {suite}", problems, kind, configs[suite])

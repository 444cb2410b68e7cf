"""The driver's side of groups: a start costs one read a record, a block a look at its own units."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from rich.console import Console

from cluster.store.storage import LocalStore
from pipeline.recipe import load_recipe
from pipeline.run.folder import Run, open_run
from pipeline.run.workload import make_workload, read_workload
from pipeline.stages import groups, rollout
from pipeline.stages.groups import GroupStream
from pipeline.stages.reference import waiting_uses
from pipeline.stages.report import data_figures
from rollout.data import layout
from rollout.group_units import GroupWork
from rollout.hosts.episode_units import EpisodeUnit
from tests.repository import DATA

RECIPE = DATA / "scripted.toml"


class Started(GroupStream):
    """Keeps the work that it would start tasks for."""

    def __init__(self, run: Run) -> None:
        self.started: list[GroupWork] = []
        super().__init__(run)

    def _start(self, wanted: Iterable[GroupWork]) -> None:
        self.started += wanted


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Two blocks of ten units, all committed but the last one."""
    model = tmp_path / "model"
    model.mkdir()
    (model / "tokenizer.json").write_text("{}")
    recipe = load_recipe(RECIPE, [f"models.student.source={model}"])
    with open_run(recipe, tmp_path / "run", Console(quiet=True), False) as run:
        for unit in make_workload(run).episode_units[:-1]:
            commit(run, unit)
    return Run(recipe=recipe, folder=run.folder, console=run.console)


def commit(run: Run, unit: EpisodeUnit) -> None:
    run.ledger(layout.EPISODES).publish(unit.name, unit.name.encode(), unit.episodes)


def test_a_record_is_read_once_and_a_new_one_is_seen(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: Counter[str] = Counter()
    read = LocalStore.read

    def counted(store: LocalStore, path: str) -> bytes:
        reads[path] += "/commits/" in path
        return read(store, path)

    monkeypatch.setattr(LocalStore, "read", counted)
    for _ in range(2):
        assert len(rollout.missing_units(run)) == 1
        assert not groups.complete(run)
        Started(run).start_ready()
    assert set(reads.values()) <= {0, 1}
    assert sum(reads.values()) == 19
    other = Run(recipe=run.recipe, folder=run.folder, console=run.console)
    commit(other, read_workload(run).episode_units[-1])
    assert rollout.missing_units(run) == []


def test_a_block_that_ends_starts_what_a_restart_would(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    monkeypatch.setattr(groups, "tokenizer_fingerprint", lambda source: hashed.append(source) or "hash")
    stream = Started(run)
    stream.start_ready()
    assert [work.unit[:6] for work in stream.started] == ["b00000"]
    last = read_workload(run).episode_units[-1]
    commit(run, last)
    stream.ended(last.name)
    again = Started(run)
    again.start_ready()
    assert stream.started == again.started
    assert [work.unit[:6] for work in stream.started] == ["b00000", "b00001"]
    assert len(hashed) == 4, "once a stream and once a look at all blocks, not once a block"


def test_groups_without_thoughts_are_other_groups(run: Run) -> None:
    units: set[str] = set()
    for thoughts in ("keep", "cut", "forbid"):
        recipe = load_recipe(
            RECIPE, [f"models.student.source={run.folder.parent / 'model'}", f"episodes.thoughts={thoughts}"]
        )
        stream = Started(Run(recipe=recipe, folder=run.folder, console=run.console))
        stream.start_ready()
        assert {work.thoughts for work in stream.started} == {thoughts}
        units |= {work.unit for work in stream.started}
    assert len(units) == 3


def test_thoughts_are_in_the_figures_where_every_record_counts_them(run: Run, tmp_path: Path) -> None:
    assert not {"teacher_tokens", "thought_tokens"} & data_figures(run).keys()
    with open_run(run.recipe, tmp_path / "counted", Console(quiet=True), False) as made:
        units = make_workload(made).episode_units
        made.ledger(layout.EPISODES).skip(units[-1].name, "enough")
        for unit in units[:-1]:
            made.ledger(layout.EPISODES).publish(unit.name, b"", 0, {"tokens": "10", "thought_tokens": "4"})
    counted = data_figures(Run(recipe=run.recipe, folder=made.folder, console=run.console))
    assert (counted["teacher_tokens"], counted["thought_tokens"]) == (10 * len(units[1:]), 4 * len(units[1:]))


def test_arms_that_score_other_tokens_are_scored_apart(run: Run) -> None:
    arms = ["train_on_thoughts=true", "train_on_thoughts=false", "balanced=true", "seed=3"]
    named = [f"arms.a{at}.{text}" for at, key in enumerate(arms) for text in ("method=dpo", key)]
    recipe = load_recipe(RECIPE, [f"models.student.source={run.folder.parent / 'model'}", *named])
    uses = [arm for arm, _ in waiting_uses(Run(recipe=recipe, folder=run.folder, console=run.console))]
    assert {(arm.train_on_thoughts, arm.balanced) for arm in uses} >= {(True, False), (False, False), (True, True)}
    assert len(uses) == 3

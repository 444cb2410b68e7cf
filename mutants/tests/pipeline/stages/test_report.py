"""The report stage on a stored run: its groups side by side, and a summary that is read back."""

import shutil
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.run.folder import Run, read_run
from pipeline.run.rollouts import some_groups
from pipeline.stages import report
from rollout.data import layout
from rollout.data.shards import read_rows
from rollout.records import PreferenceGroup
from tests.repository import DATA


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A finished run of the scripted engine whose report is gone."""
    shutil.copytree(DATA / "run-f013669", tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "report")
    return read_run(tmp_path / "run", Console(width=80, record=True, force_terminal=False))


def stored_groups(run: Run) -> list[PreferenceGroup]:
    return [group for group in read_rows(PreferenceGroup, run.ledger(layout.groups(run.student))) if group.pairs]


def test_the_report_shows_groups_of_the_run_with_right_and_wrong_chains(run: Run) -> None:
    report.work(run)
    page = (run.folder / layout.PAGE).read_text(encoding="utf-8")
    section = page.partition('<section id="pairs">')[2].partition("</section>")[0]
    assert 'href="#pairs"' in page
    shown = [group for group in stored_groups(run) if group.problem_id in section]
    assert len(shown) == report.GROUPS_SHOWN
    assert section.count('<div class="chain right">') == sum(len(group.right) for group in shown)
    assert section.count('<div class="chain wrong">') == sum(len(group.wrong) for group in shown)
    assert "<mark>" in section


def test_the_groups_shown_come_from_all_over_the_run_and_are_always_the_same(run: Run) -> None:
    few = some_groups(run, 2)
    blocks = {problem: unit.block for unit in report.read_workload(run).episode_units for problem in unit.problem_ids}
    assert len({blocks[chains.problem.id] for chains in few if chains.problem is not None}) == 2
    assert some_groups(run, 2) == few
    assert len(some_groups(run, 100)) == len(stored_groups(run))


def test_the_summary_is_read_back_and_begins_with_the_answer(run: Run) -> None:
    report.work(run)
    assert report.complete(run)
    summary = report.stored_summary(run)
    assert summary.answer.text.startswith("No arm was trained; teacher is not shown to differ from base")
    report.show(run)
    text = run.console.export_text()
    assert text.index("No arm was trained") < text.index("no difference shown between teacher and base")
    assert max(map(len, text.splitlines()[:-1])) <= 80  # the last line is the page's path

"""The report stage on a stored run: its groups side by side, and a summary that is read back."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from cluster.engine.model_source import model_revision, recorded_revision
from cluster.errors import CorruptionError
from cluster.store.digests import write_sums
from evaluation.figures import Served
from pipeline.run.folder import Run, read_run
from pipeline.run.rollouts import some_groups
from pipeline.stages import report
from pipeline.stages.arms.policies import ArmRounds, RoundRecord
from rollout.data import layout
from rollout.data.shards import read_rows
from rollout.records import PreferenceGroup
from rollout.rewards import RewardsConfig
from rollout.rounds import RoundsConfig
from tests.repository import DATA
from training.config import GrpoArm, SftArm


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


def test_the_report_shows_every_round_that_has_ended(run: Run) -> None:
    arm = GrpoArm(method="grpo", rounds=RoundsConfig(rounds=3), rewards=RewardsConfig(format=0.5))
    arms = {"plain": SftArm(method="sft"), "own": arm}
    run = replace(run, recipe=run.recipe.model_copy(update={"arms": arms}))
    means = {"label": 0.25, "format": 0.875}
    for number in range(2):
        ArmRounds(run, "own", arm).keep(
            RoundRecord(
                number=number,
                outcomes={"right": 3, "wrong": 9 - number, "infrastructure": 4},
                tokens=100,
                groups=2,
                steps=5,
                logp_difference=0.0125,
                probe_difference=None if number else 2e-5,
                age=number,
                drift=0.25 if number else None,
                hosts_idle=0.4,
                ranks_idle=0.75,
                rewards=means,
                helped={"right": 2, "wrong": 3, "infrastructure": 1} if number else {},
                left_out={"answer_told": 1} if number else {},
            )
        )
    report.work(run)
    first, second = report.stored_summary(run).rounds
    assert (first.arm, first.number, first.attempts, first.right, first.rewards) == ("own", 0, 12, 3, means)
    assert (second.number, second.attempts, second.probe_difference) == (1, 11, None)
    assert [(one.helped_attempts, one.helped_right) for one in (first, second)] == [(0, 0), (5, 2)]
    page = (run.folder / layout.PAGE).read_text(encoding="utf-8")
    section = page.partition('<section id="training">')[2].partition("</section>")[0]
    table = " ".join(re.sub(r"<[^>]+>", " ", section).split())
    assert (
        "own, 0 25.0 % 3 of 12 — 2 5 0 1.3e-02 — 2.0e-05 40.0 % 75.0 % label 0.250, format 0.875 own, 1 27.3" in table
    )
    assert "3 of 11 40.0 % 2 of 5; 1 answer told 2 5 1 1.3e-02 2.5e-01 — 40.0 % 75.0 % label" in table
    assert "own: 47.8 % of its attempts were made by an older policy" in table


def test_scores_of_another_model_than_the_arms_are_refused_and_a_changed_model_is_summed_up_anew(run: Run) -> None:
    """A model that was damaged is removed and trained again, which gives other weights on GPUs."""
    report.work(run)
    summary = report.stored_summary(run)
    arms = {"own": SftArm(method="sft")}
    run = replace(run, recipe=run.recipe.model_copy(update={"arms": arms}))
    model = run.model("own")
    model.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        (model / name).write_text("{}")
    write_sums(model)
    own = Served(revisions=(model_revision(str(model)),))
    assert own.revisions == (recorded_revision(model),)
    of_own = msgspec.structs.replace(summary.arms["base"], served=own)
    report.refuse_others(run, msgspec.structs.replace(summary, arms={**summary.arms, "own": of_own}))
    report.refuse_others(run, summary)  # the arm is not scored yet
    (model / "model.safetensors").write_text("{ }")
    write_sums(model)
    with pytest.raises(
        CorruptionError, match=rf"^arm own: its scores are of revision {own.revisions[0]}, and its model"
    ):
        report.refuse_others(run, msgspec.structs.replace(summary, arms={**summary.arms, "own": of_own}))


def test_a_report_is_of_the_arms_models_that_there_are(run: Run) -> None:
    arms = {"own": SftArm(method="sft")}
    run = replace(run, recipe=run.recipe.model_copy(update={"arms": arms}))
    model = run.model("own")
    model.mkdir(parents=True)
    (model / "config.json").write_text("{}")
    write_sums(model)
    before = report.inputs_of(run)
    assert report.inputs_of(run) == before
    (model / "config.json").write_text("{ }")
    write_sums(model)
    assert report.inputs_of(run) != before

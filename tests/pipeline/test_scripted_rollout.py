"""A whole rollout through the stages, on hosts without a model: quota, waivers, compaction, verification."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from cluster.ledger import Ledger
from pipeline.execute import run_one
from pipeline.recipe import load_recipe
from pipeline.run_folder import Run, open_run
from pipeline.stages.report import data_figures
from pipeline.stages.rollout import complete
from pipeline.status import show_status
from pipeline.verify import faults
from rollout.records import Outcome
from rollout.shards import read_episodes
from rollout.work import tally, waived_episodes, waived_problems
from tests.rollout.conversations import tokenizer

pytestmark = pytest.mark.engine

RECIPE = Path(__file__).with_name("scripted.toml")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    tokenizer().save_pretrained(str(folder))
    (folder / "config.json").write_text("{}")
    return folder


def files(run: Run) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in run.folder.rglob("*") if path.is_file()}


def test_a_rollout_stops_where_there_is_enough_and_says_so(model: Path, tmp_path: Path) -> None:
    recipe = load_recipe(RECIPE, [f"models.teacher.source={model}", f"models.student.source={model}"])
    console = Console(record=True, width=200)
    with open_run(recipe, tmp_path / "run", console, verbose=False) as run:
        run_one(run, "models")
        run_one(run, "rollout")
        assert complete(run)
        ledger = Ledger(run.store, "episodes")
        commits = ledger.history()
        assert sum(commit.rows + waived_episodes(commit) for commit in commits.values()) == 8 * 40
        assert any(commit.waived for commit in commits.values()), "a whole unit had enough"
        assert any(commit.rows and waived_problems(commit) for commit in commits.values()), "a part of a unit had"
        episodes = list(read_episodes(ledger))
        counts = tally(episodes)
        for commit in commits.values():
            assert all(counts[problem][0] >= 3 and counts[problem][1] >= 2 for problem in waived_problems(commit))
        assert len([commit for commit in ledger.commits().values() if commit.shard]) == 1, "many shards became one"
        assert {one.outcome for one in episodes} <= {Outcome.RIGHT, Outcome.WRONG, Outcome.INFRASTRUCTURE}
        figures = data_figures(run)
        assert figures["waived"] == 8 * 40 - len(episodes) > 0
        assert list(faults(run)) == []
        show_status(run.folder, console)
        assert "waived by the quota" in console.export_text()

        before = files(run)
        assert run_one(run, "rollout") is False
        assert files(run) == before
        run_one(run, "groups")
        kinds = [json.loads(line)["event"] for line in (run.folder / "events.jsonl").read_text().splitlines()]
        assert "progress" in kinds
        assert list(faults(run)) == []

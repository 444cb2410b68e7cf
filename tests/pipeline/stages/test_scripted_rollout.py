"""A whole rollout through the stages, on hosts without a model: quota, skips, compaction, verification, and what a
scrape of its metrics returns."""

import json
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from cluster import telemetry
from cluster.store.ledger import Ledger
from pipeline.commands.status import show_status
from pipeline.commands.verify import contradictions, hash_files
from pipeline.recipe import load_recipe
from pipeline.run.folder import Run, open_run
from pipeline.stages.execute import run_one
from pipeline.stages.report import data_figures
from pipeline.stages.rollout import complete
from rollout.data import layout
from rollout.data.shards import read_rows
from rollout.hosts.work import skipped_episodes, skipped_problems, tally
from rollout.records import Episode, Outcome
from tests.pipeline.stages.metric_names import Sample, samples
from tests.repository import DATA
from tests.rollout.conversations import tokenizer

pytestmark = pytest.mark.engine

RECIPE = DATA / "scripted.toml"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    tokenizer().save_pretrained(str(folder))
    (folder / "config.json").write_text("{}")
    return folder


@pytest.fixture(scope="module")
def scrape() -> Iterator[Callable[[], list[Sample]]]:
    """A Ray session that stays up, and what its node's metrics port returns."""
    import ray

    interval = {"metrics_report_interval_ms": 2000}
    ray.init(
        address="local",
        num_cpus=4,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        _system_config=interval,
    )
    telemetry.reset()  # what other sessions of this process counted
    (node,) = ray.nodes()
    address = f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"

    def get() -> list[Sample]:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return samples(answer.read().decode())

    yield get
    ray.shutdown()


def counted(seen: list[Sample], name: str, label: str) -> dict[str, float]:
    """Label's value -> sum over the samples of that name."""
    found: dict[str, float] = {}
    for sample in seen:
        if sample.name == name:
            value = sample.labels.get(label, "")
            found[value] = found.get(value, 0.0) + sample.value
    return found


def files(run: Run) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in run.folder.rglob("*") if path.is_file()}


def test_a_rollout_stops_where_there_is_enough_and_says_so(
    model: Path, tmp_path: Path, scrape: Callable[[], list[Sample]]
) -> None:
    # Of so small units that problems of one have enough at different times, also where several begin at once.
    enough = "rollout.samples_per_unit=2"
    recipe = load_recipe(RECIPE, [f"models.teacher.source={model}", f"models.student.source={model}", enough])
    console = Console(record=True, width=200)
    with open_run(recipe, tmp_path / "run", console, verbose=False) as run:
        run_one(run, "models")
        run_one(run, "rollout")
        assert complete(run)
        ledger = Ledger(run.store, "episodes")
        commits = ledger.history()
        assert sum(commit.rows + skipped_episodes(commit) for commit in commits.values()) == 8 * 40
        assert any(commit.skipped for commit in commits.values()), "a whole unit had enough"
        assert any(commit.rows and skipped_problems(commit) for commit in commits.values()), "a part of a unit had"
        episodes = list(read_rows(Episode, ledger))
        counts = tally(episodes)
        for commit in commits.values():
            assert all(counts[problem][0] >= 3 and counts[problem][1] >= 2 for problem in skipped_problems(commit))
        assert len([commit for commit in ledger.commits().values() if commit.shard]) == 1, "many shards became one"
        assert {one.outcome for one in episodes} <= {Outcome.RIGHT, Outcome.WRONG, Outcome.INFRASTRUCTURE}
        figures = data_figures(run)
        assert figures["skipped"] == 8 * 40 - len(episodes) > 0
        assert [*hash_files(run).faults, *contradictions(run)] == []
        show_status(run.folder, console)
        shown = console.export_text()
        assert "skipped by the quota" in shown
        check_shown(run, shown, episodes)
        check_metrics(scrape, run, episodes)

        before = files(run)
        assert run_one(run, "rollout") is False
        assert files(run) == before
        run_one(run, "groups")
        kinds = [json.loads(line)["event"] for line in (run.folder / "events.jsonl").read_text().splitlines()]
        assert "progress" in kinds
        assert [*hash_files(run).faults, *contradictions(run)] == []


def check_shown(run: Run, shown: str, episodes: list[Episode]) -> None:
    """`status` and the log say how fast, how much is in flight, how full, and what came of it, host by host."""
    rows = [row for row in run.events.read() if row["event"] == "progress"]
    last = rows[-1]
    outcomes = Counter(episode.outcome.value for episode in episodes)
    assert Counter(last["outcomes"]) == outcomes
    assert sum((Counter(host["outcomes"]) for host in last["hosts"]), Counter()) == outcomes
    assert sum(last["states"].values()) == 2
    for row in rows:
        assert row["episodes_per_s"] >= 0
        assert row["in_flight"] == sum(host["live"] for host in row["hosts"])
        for host in row["hosts"]:
            assert {"episodes_per_s", "tokens_per_s", "live", "kv_usage", "cached_prompt_tokens"} <= set(host)
    busy = [host for host in last["hosts"] if host["finished"]]  # one may have loaded until all was over
    assert busy
    for host in busy:
        assert any(row["tokens_per_s"] > 0 for one in rows for row in one["hosts"] if row["host"] == host["host"])
        (line,) = [line for line in shown.splitlines() if line.strip().startswith(host["host"])]
        for word in ("episodes/s", "tokens/s", "in flight", "KV", "prefix cache", *host["outcomes"]):
            assert word in line


def check_metrics(scrape: Callable[[], list[Sample]], run: Run, episodes: list[Episode]) -> None:
    """Scraped until the last export has arrived: the ledgers' own figures, and zeros where nothing happened."""
    none = {"teacher-0": 0.0, "teacher-1": 0.0}
    units = {"rollout": len(Ledger(run.store, "episodes").history())}
    units["groups"] = len(Ledger(run.store, layout.groups(run.student)).history())
    expected = {
        ("episodes_total", "outcome"): dict.fromkeys(map(str, Outcome), 0.0) | Counter(one.outcome for one in episodes),
        ("episodes_total", "host"): none | Counter(episode.engine for episode in episodes),
        ("step_seconds_count", ""): {"": sum(len(episode.steps) for episode in episodes)},
        ("units_committed_total", "stage"): units,
        ("units_planned", "stage"): units,
        ("retries_total", "host"): none,
        ("hosts_lost_total", ""): {"": 0.0},
        ("quarantined_rows_total", ""): {"": 0.0},
        ("stage", "stage"): {"models": 0.0, "rollout": 0.0},
    }
    for _ in range(30):
        seen = scrape()
        found = {(name, label): counted(seen, f"ray_chainpref_{name}", label) for name, label in expected}
        if found == expected:
            break
        time.sleep(1)
    assert found == expected
    tokens = sum(len(step.token_ids) for episode in episodes for step in episode.steps)
    assert sum(counted(seen, "ray_chainpref_generated_tokens_total", "host").values()) >= tokens > 0

"""What a run asks Ray for: refused at once on this machine, waited for in plain sight on a cluster. No Ray starts."""

import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cluster.errors import RequestError
from cluster.pool.placement import NodeResources
from pipeline.recipe import load_recipe
from pipeline.run.folder import Run
from pipeline.stages import STAGES, needs
from pipeline.stages.needs import SECTIONS, TRAINING, Wait, await_ranks, need_of, note_unmet, refuse_unmet
from tests.repository import DATA, RECIPES, ROOT

GPUS = "training.gpus_per_rank=1"
BARE = NodeResources(name="bare", cpus=4, gpus=0)
L4 = NodeResources(name="l4", cpus=4, gpus=1, gpu_types=frozenset({"L4"}))


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[NodeResources]:
    """The node that Ray would have on this machine; a test may put in another one."""
    nodes = [BARE]
    monkeypatch.setattr("cluster.pool.reservation.nodes_here", lambda cpus: [replace(nodes[0], cpus=cpus)])
    for name in ("RAY_ADDRESS", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    return nodes


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            "training.gpus_per_rank=1",
            r"training asks for 2 rank\(s\), .*1 GPU.*this machine has 1 node\(s\) of 4 CPU: .*",
        ),
        ("training.gpus_per_rank=1", "set training.gpus_per_rank=0, or name a Ray cluster in cluster.address"),
        ("training.ranks=5", r"5 rank\(s\), each \(1 CPU\) .*: lower training\.ranks .*, or raise cluster\.local_cpus"),
        ("engines.teacher.gpu=H100", r"engines\.teacher asks for .*GPU of type H100.*set engines\.teacher\.gpu='', or"),
        ("engines.student.gpu=H100", r"engines\.student asks for .*GPU of type H100"),
        ("engines.student.device=gpu", r"engines\.student asks for .*set engines\.student\.device='cpu'"),
        ("engines.teacher.count=5", r"5 host\(s\), each \(1 CPU\) on one node; .*raise cluster\.local_cpus"),
    ],
)
def test_a_machine_that_cannot_give_it_refuses_in_one_line(here: list[NodeResources], setting: str, said: str) -> None:
    with pytest.raises(RequestError, match=said) as caught:
        refuse_unmet(load_recipe(RECIPES / "local.toml", [setting]), SECTIONS)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    ("setting", "refused"),
    [
        ("training.gpus_per_rank=1", True),  # two ranks and one GPU
        ("training.gpus_per_rank=0.5", False),
        ("engines.teacher.gpu=L4", False),
        ("engines.teacher.gpu=H100", True),
        ("engines.teacher.count=2", True),
        ("engines.teacher={count=2, device='cpu'}", False),
    ],
)
def test_kinds_and_counts_of_gpus_are_those_that_are_there(
    here: list[NodeResources], setting: str, refused: bool
) -> None:
    here[0] = L4
    try:
        refuse_unmet(load_recipe(RECIPES / "local.toml", [setting]), SECTIONS)
    except RequestError:
        assert refused
    else:
        assert not refused


def test_a_cluster_may_still_get_it_and_arms_that_are_not_there_need_nothing(
    here: list[NodeResources], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = "training.gpus_per_rank=1"
    refuse_unmet(load_recipe(RECIPES / "local.toml", [asked, "cluster.address=auto"]), SECTIONS)
    refuse_unmet(load_recipe(RECIPES / "local.toml", [asked, "arms={}"]), SECTIONS)
    refuse_unmet(load_recipe(RECIPES / "local.toml", [asked]), [])
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    refuse_unmet(load_recipe(RECIPES / "local.toml", [asked]), SECTIONS)


def test_every_section_is_asked_for_by_a_stage() -> None:
    assert {section for stage in STAGES for section in stage.asks} == set(SECTIONS)
    assert all(stage.needs_ray for stage in STAGES if stage.asks)


@pytest.mark.parametrize("command", ["run", "sweep"])
def test_the_command_ends_before_a_problem_is_drawn(command: str, tmp_path: Path) -> None:
    """With Ray's own count of the GPUs, of which none is visible."""
    recipe, run = DATA / "smallest.toml", tmp_path / "run"
    if command == "sweep":
        recipe = tmp_path / "sweep.toml"
        recipe.write_text((DATA / "smallest.toml").read_text() + "\n[sweep]\nseeds = [0, 1]\n")
    outside = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pipeline",
            command,
            str(recipe),
            "--run",
            str(run),
            "--set",
            "training.gpus_per_rank=1",
        ],
        cwd=ROOT,
        env=outside | {"CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    assert "training asks for 2 rank(s)" in done.stderr
    assert done.stderr.count("\n") == 1
    assert {path.name for path in run.rglob("*")} <= {"recipe.toml", ".lock"}


class Cluster:
    """A cluster's nodes and a clock, both moved by a test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *settings: str) -> None:
        self.nodes, self.now, self.slept = [BARE], 1000.0, 0
        self.granted_after = 10**9
        self.released: list[int] = []
        self.asked: list[Any] = []
        self.said = io.StringIO()
        recipe = load_recipe(RECIPES / "local.toml", ["cluster.address=auto", "training.gpus_per_rank=1", *settings])
        self.run = Run(recipe=recipe, folder=tmp_path, console=Console(file=self.said, width=300))
        cluster = self

        class Reservation:
            def __init__(self, placement: object) -> None:
                cluster.asked.append(placement)

            @property
            def granted(self) -> bool:
                return cluster.slept >= cluster.granted_after

            def release(self) -> None:
                cluster.released.append(cluster.slept)

        monkeypatch.setattr("cluster.pool.reservation.cluster_nodes", lambda: self.nodes)
        monkeypatch.setattr("cluster.pool.reservation.free_resources", lambda: "2 CPU, 0 GPU")
        monkeypatch.setattr("cluster.pool.reservation.Reservation", Reservation)
        monkeypatch.setattr(needs.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(needs.time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += 1

    @property
    def lines(self) -> list[str]:
        return self.said.getvalue().splitlines()


def test_ranks_are_waited_for_with_a_line_every_few_seconds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cluster = Cluster(monkeypatch, tmp_path)
    cluster.granted_after = 100
    await_ranks(cluster.run, 2)
    assert 10 <= len(cluster.lines) <= 15
    assert cluster.lines[0] == (
        "  waiting for nodes: training asks for 2 rank(s), each (1 CPU + 1 GPU) on one node; the cluster has "
        "1 node(s) of 4 CPU, of it free 2 CPU, 0 GPU"
    )
    assert [len(placement.bundles) for placement in cluster.asked] == [2], "the autoscaler sees what is asked for"
    assert cluster.released == [100], "Ray Train takes it"


def test_what_is_granted_at_once_is_not_spoken_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cluster = Cluster(monkeypatch, tmp_path)
    cluster.granted_after = 2
    await_ranks(cluster.run, 2)
    assert (cluster.lines, cluster.released) == ([], [2])


def test_others_that_hold_the_resources_are_waited_for_without_an_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cluster = Cluster(monkeypatch, tmp_path, "cluster.grow_s=20")
    cluster.nodes, cluster.granted_after = [L4, L4], 5000
    await_ranks(cluster.run, 2)
    assert {line.split(": ")[0] for line in cluster.lines} == {"  waiting for resources"}
    assert 60 < len(cluster.lines) < 300, "an hour of waiting does not fill the log"


def test_nodes_that_do_not_come_end_the_run_and_what_was_asked_for_is_given_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cluster = Cluster(monkeypatch, tmp_path, "cluster.grow_s=20")
    with pytest.raises(RequestError, match=r"training asks for 2 rank.*none came in 20 s \(cluster\.grow_s\)"):
        await_ranks(cluster.run, 2)
    assert len(cluster.released) == 1


def test_a_node_that_comes_in_time_is_taken_and_the_patience_begins_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cluster = Cluster(monkeypatch, tmp_path, "cluster.grow_s=20")
    wait = Wait(cluster.run, need_of(cluster.run.recipe, TRAINING, ()), at_least=1)
    assert wait.short()
    cluster.now += 19
    cluster.nodes = [BARE, L4]
    assert not wait.short()
    cluster.nodes = [BARE]
    cluster.now += 19
    assert wait.short()
    cluster.now += 2
    with pytest.raises(RequestError, match="none came in 20 s"):
        wait.short()


def test_at_the_beginning_a_cluster_is_told_what_it_will_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cluster = Cluster(monkeypatch, tmp_path)
    note_unmet(cluster.run, SECTIONS)
    (line,) = cluster.lines
    assert line == (
        "  note: training asks for 2 rank(s), each (1 CPU + 1 GPU) on one node; the cluster has 1 node(s) of 4 CPU "
        "now, and the stage will wait for more"
    )
    cluster.nodes = [L4, L4]
    note_unmet(cluster.run, [TRAINING])
    assert len(cluster.lines) == 1

"""What is decided when a run begins stays with the arms that began under it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from cluster.errors import CorruptionError, RequestError
from pipeline.decisions import settle as settling
from pipeline.decisions.settle import machines_of_ranks, settle
from pipeline.decisions.values import Decided, decided_recipe, read_decided
from pipeline.estimates.hardware import Machines, load_machines
from pipeline.recipe import load_recipe
from pipeline.run.folder import Run
from pipeline.run.inventory import Kind, kind_of
from rollout.data import layout
from tests.pipeline.plan.planned import CLUSTERS, HERE
from tests.repository import RECIPES

NodesOf = Callable[[str], None]


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> NodesOf:
    """Have runs find the nodes of a cluster file, or a machine that cannot be asked."""

    def machines(name: str) -> None:
        def found(recipe: object) -> Machines:
            if not name:
                raise RequestError("nothing answers there")
            return HERE if name == "here" else load_machines(CLUSTERS / f"{name}.toml")

        monkeypatch.setattr(settling, "machines_of_ranks", found)

    monkeypatch.setattr(settling, "kernels_installed", lambda: True)
    machines("two-nodes-8xh100")
    return machines


def run_of(folder: Path, *settings: str, recipe: str = "llama3-70b-to-mistral-7b") -> Run:
    return Run(recipe=load_recipe(RECIPES / f"{recipe}.toml", settings), folder=folder, console=Console(record=True))


def begin(run: Run, arm: str) -> None:
    (run.folder / layout.checkpoints(arm) / "checkpoint-1").mkdir(parents=True)


def settled(run: Run) -> Decided:
    settle(run)
    found = read_decided(run)
    assert found is not None
    return found


def test_it_is_decided_once_and_said_once(tmp_path: Path, on: NodesOf) -> None:
    run = run_of(tmp_path)
    first = settled(run)
    assert (first.stage, first.ranks, first.gpus, first.fused_kernels) == (2, 16, ("H100",), "on")
    assert "zero.stage = 2" in run.console.export_text()
    again = run_of(tmp_path)
    assert settled(again) == first
    assert again.console.export_text() == ""
    recipe = decided_recipe(again)
    assert recipe.training.zero.stage == 2
    assert recipe.training.tokens_per_micro_step == first.tokens_per_micro_step
    assert {arm.gradient_checkpointing for arm in recipe.arms.values()} == {False}
    assert kind_of(layout.DECIDED)[0] is Kind.SEALED


def test_a_half_trained_arm_goes_on_as_it_began(tmp_path: Path, on: NodesOf) -> None:
    first = settled(run_of(tmp_path))
    # Twice as many ranks on four nodes: ZeRO-1 fits, and would be taken for arms that have not begun.
    on("four-nodes-8xh100")
    assert settled(run_of(tmp_path, "training.ranks=32")).ranks == 32
    (tmp_path / layout.DECIDED).unlink()
    on("two-nodes-8xh100")
    assert settled(run_of(tmp_path)) == first
    begin(run_of(tmp_path), "sft")
    fewer = settled(run_of(tmp_path, "training.ranks=8"))
    assert (fewer.ranks, fewer.stage, fewer.gradient_checkpointing) == (8, first.stage, first.gradient_checkpointing)
    on("one-gpu")  # one GPU of the type: nothing of it fits, and still nothing else is written
    assert settled(run_of(tmp_path, "training.ranks=1")).stage == first.stage


def test_on_the_same_ranks_a_half_trained_arm_keeps_its_rows(
    tmp_path: Path, on: NodesOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = settled(run_of(tmp_path))
    begin(run_of(tmp_path), "dpo")
    longer = run_of(tmp_path, "groups.max_right=8", "groups.max_wrong=8")
    monkeypatch.setattr(settling, "kernels_installed", lambda: False)
    assert settled(longer) == first


def test_machines_that_cannot_be_asked_change_nothing(tmp_path: Path, on: NodesOf) -> None:
    first = settled(run_of(tmp_path / "known"))
    for name in ("", "here"):
        on(name)
        assert settled(run_of(tmp_path / "known")) == first
        fresh = settled(run_of(tmp_path / f"new-{name}"))
        assert (fresh.stage, fresh.tokens_per_micro_step, fresh.gradient_checkpointing) == (3, 8192, False)
        assert fresh.fused_kernels == "on"


def test_ranks_on_cpus_have_the_values_of_before(tmp_path: Path, on: NodesOf) -> None:
    settle(run_of(tmp_path / "given", recipe="local"))
    assert read_decided(run_of(tmp_path / "given", recipe="local")) is None
    run = run_of(tmp_path, "training.zero.stage='auto'", "training.tokens_per_micro_step='auto'", recipe="local")
    found = settled(run)
    assert (found.stage, found.tokens_per_micro_step, found.gradient_checkpointing) == (3, 8192, False)
    assert decided_recipe(run).training.zero.stage == 3


def test_what_an_arm_began_under_stays_with_it_on_cpus(tmp_path: Path, on: NodesOf) -> None:
    settings = ("training.zero.bf16='on'", "training.gpus_per_rank=0")
    first = settled(run_of(tmp_path, settings[0]))
    begin(run_of(tmp_path), "dpo")
    moved = settled(run_of(tmp_path, *settings))
    assert (moved.stage, moved.gpus) == (first.stage, ())
    (tmp_path / layout.checkpoints("dpo") / "checkpoint-1").rmdir()
    assert settled(run_of(tmp_path, *settings)).stage == 3


def test_what_was_decided_for_a_half_trained_arm_is_not_guessed(tmp_path: Path, on: NodesOf) -> None:
    settle(run_of(tmp_path))
    begin(run_of(tmp_path), "dpo")
    (tmp_path / layout.DECIDED).unlink()
    with pytest.raises(CorruptionError, match=r"decided\.json is gone, and arm dpo is half trained .*; restore it"):
        settle(run_of(tmp_path))
    arms = [f"arms.{arm}.gradient_checkpointing=false" for arm in ("sft", "dpo", '"sft+dpo"')]
    given = run_of(tmp_path, "training.zero.stage=3", *arms)  # rows alone are left to the plan
    assert settled(given).tokens_per_micro_step > 0


def test_kernels_are_decided_for_a_recipe_that_gives_the_rest(
    tmp_path: Path, on: NodesOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody asks the machines for it; what references were computed with stays."""
    on("")
    given = ("training.zero.stage=3", "training.tokens_per_micro_step=8192")
    settings = (*given, *(f"arms.{arm}.gradient_checkpointing=true" for arm in ("sft", "dpo", '"sft+dpo"')))
    monkeypatch.setattr(settling, "kernels_installed", lambda: False)
    assert settled(run_of(tmp_path, *settings)).fused_kernels == "off"
    monkeypatch.setattr(settling, "kernels_installed", lambda: True)
    assert settled(run_of(tmp_path, *settings)).fused_kernels == "off"
    assert decided_recipe(run_of(tmp_path, *settings)).training.fused_kernels == "off"


def test_a_file_that_is_not_what_was_written_is_refused(tmp_path: Path, on: NodesOf) -> None:
    settle(run_of(tmp_path))
    path = tmp_path / layout.DECIDED
    path.write_bytes(path.read_bytes().replace(b'"stage": 2', b'"stage": 3'))
    with pytest.raises(CorruptionError, match=r"decided\.json"):
        settle(run_of(tmp_path))


def test_a_machine_without_gpus_goes_by_what_the_recipe_describes() -> None:
    recipe = load_recipe(RECIPES / "one-gpu.toml")
    assert machines_of_ranks(recipe).source.endswith("one-gpu.toml")
    assert machines_of_ranks(load_recipe(RECIPES / "local.toml")).source == "this machine"

"""Every recipe is planned on its clusters; the figures are those that were promised and those that were measured."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from cluster.errors import RequestError, WorkError
from cluster.gpus import GPUS
from pipeline.commands.plan import plan_command
from pipeline.estimates.hardware import GIB, load_machines
from pipeline.estimates.speed import REFERENCE
from pipeline.plan.as_json import as_json
from pipeline.plan.explain import explain
from pipeline.plan.machines import ray_machines, ray_node, this_machine
from pipeline.plan.make import make_plan
from pipeline.plan.outcome import stage_times, storage
from pipeline.recipe import load_recipe
from tests.pipeline.plan.planned import CLUSTERS, PAPER, RECIPES, node, planned, planned_on, said

FOUR_NODES = ("engines.teacher.count=8", "engines.student.count=32", "training.ranks=32")


@pytest.mark.parametrize(
    ("recipe", "cluster", "settings"),
    [
        (PAPER, "two-nodes-8xh100", ()),
        (PAPER, "four-nodes-8xh100", FOUR_NODES),
        (PAPER, "two-nodes-8xa100", ()),
        ("one-node-8xh100", "one-node-8xh100", ()),
        ("one-gpu", "one-gpu", ()),
        ("one-gpu", "mixed", ()),
        ("regenerate", "two-nodes-8xh100", ()),
        ("local", "", ()),
    ],
)
def test_a_recipe_fits_its_cluster(recipe: str, cluster: str, settings: tuple[str, ...]) -> None:
    plan = planned(recipe, cluster, *settings)
    assert plan.faults == ()
    assert all(engine.placed.nodes for engine in plan.engines)
    json.dumps(as_json(plan), allow_nan=False)
    explain(plan, Console(quiet=True))


@pytest.mark.parametrize("path", sorted(CLUSTERS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_cluster_file_is_one(path: Path) -> None:
    assert load_machines(path).nodes


def test_models_of_the_recipes_are_pinned() -> None:
    for recipe in (PAPER, "one-node-8xh100", "one-gpu", "regenerate"):
        assert planned(recipe).notes == ()


def test_the_papers_figures() -> None:
    plan = as_json(planned(PAPER, "", "training.zero.stage=3"))
    teacher = plan["models"]["teacher"]
    assert teacher["weights_bf16"] / 1e9 == pytest.approx(141.1, abs=0.05)
    assert teacher["kv_bytes_per_token"] == 320 * 1024
    assert plan["training"]["dpo"]["bytes_a_parameter"] == 16
    assert plan["licence"]["allowed"] is False
    states = [part for part in plan["training"]["dpo"]["on_device"] if "parameters x" in part["how"]]
    assert sum(part["bytes"] for part in states) * 16 / plan["models"]["base"]["parameters"] == pytest.approx(16)
    assert all(part["how"] and part["from"] for part in states)


def test_the_papers_figures_are_shown_with_where_they_come_from() -> None:
    console = Console(record=True, width=200)
    explain(planned(PAPER), console)
    said = console.export_text()
    assert "141.1 GB" in said
    assert "70.55 G parameters x 2 bytes" in said
    assert "320 KiB" in said
    assert "2 x 80 layers x 8 KV heads x 128 x 2 bytes" in said
    assert "16 bytes a parameter" in said
    assert "ZeRO paper" in said
    assert "H100 (NVIDIA H100 (SXM5) data sheet): 989 TFLOP/s, of which 0.5 in prefill" in said


MEASURED = {
    # The local recipe on the reference machine with nothing else on it, 2026-11-20 (docs/performance.md).
    (): {"models": 223, "rollout": 150, "reference": 9, "train": 108, "evaluate": 169, "report": 3},
    # The same with half the problems and a fifth of the sampled attempts (docs/planning.md).
    ("problems.arithmetic.train=160", "problems.fol.train=160", "evaluation.samples=1"): {
        "models": 223.9,
        "rollout": 89.5,
        "reference": 6.9,
        "train": 77.9,
        "evaluate": 106.1,
        "report": 2.5,
    },
}


@pytest.mark.parametrize(("settings", "measured"), MEASURED.items(), ids=["whole", "half"])
def test_times_are_within_a_factor_of_two_of_what_was_measured(
    settings: tuple[str, ...], measured: dict[str, float]
) -> None:
    said = {stage.name: stage.seconds for stage in stage_times(planned("local", "", *settings))}
    for stage, seconds in measured.items():
        assert seconds / 2 < said[stage] < seconds * 2, f"{stage}: {said[stage]:.0f} s said, {seconds} s measured"


def test_memory_is_within_30_percent_of_what_was_measured() -> None:
    peak = planned("local").peak
    assert peak is not None
    assert peak.bytes == pytest.approx(4.24 * GIB, rel=0.3)


def test_more_work_takes_longer_and_larger_models_too() -> None:
    def seconds(*settings: str) -> dict[str, float]:
        return {stage.name: stage.seconds for stage in stage_times(planned("local", "", *settings))}

    base = seconds()
    assert seconds("rollout.samples=32")["rollout"] > 1.5 * base["rollout"]
    larger = seconds("models.student.tiny.hidden=256", "models.student.tiny.layers=6")
    assert larger["train"] > base["train"]
    assert seconds("arms.dpo.max_wrong=1")["train"] < base["train"]
    assert larger["evaluate"] > base["evaluate"]
    assert seconds("models.teacher.tiny.steps=3000")["models"] > 1.5 * base["models"]


def test_large_engines_find_the_large_gpus_of_a_mixed_cluster() -> None:
    plan = planned(PAPER, "mixed", "engines.teacher.count=2")
    teacher = plan.engines_of("teacher")
    assert teacher is not None
    assert set(teacher.placed.nodes) == {"large"}


def test_an_engine_that_no_node_holds_crosses_nodes() -> None:
    plan = planned(PAPER, "two-nodes-8xh100", "engines.teacher.engine.tensor_parallel=16", "engines.teacher.count=1")
    teacher = plan.engines_of("teacher")
    assert teacher is not None
    assert set(teacher.placed.nodes) == {"gpu-0", "gpu-1"}


def test_an_unknown_model_is_refused_with_what_to_give() -> None:
    source = 'models.student.source="hub:nobody/nothing"'
    with pytest.raises(RequestError, match=r"models\.student\.shape"):
        planned("one-gpu", "", source)
    shape = "{hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128, vocab_size=100}"
    assert planned("one-gpu", "", source, f"models.student.shape={shape}").shapes["base"].layers == 2


def test_an_unpinned_model_is_planned_and_said() -> None:
    plan = planned("one-gpu", "", 'models.student.source="hub:Qwen/Qwen2.5-0.5B-Instruct"')
    assert plan.faults == ()
    assert "names no commit" in plan.notes[0]


def test_another_teacher_brings_its_own_licence() -> None:
    judgement = planned("one-gpu", "", 'models.teacher.source="hub:meta-llama/Meta-Llama-3-8B-Instruct"').licence
    assert judgement.allowed is False
    assert "'Apache-2.0', but meta-llama/Meta-Llama-3-8B-Instruct is published under another" in judgement.line


def test_a_learning_rate_that_only_suits_tiny_models_is_said() -> None:
    (note,) = planned("one-gpu", "", 'arms.plain={method="dpo"}').notes
    assert note.startswith("arms.plain.learning_rate is left out, and the default of 0.0001 suits models of a few ")
    assert planned("local", "", 'arms.plain={method="dpo"}').notes == ()


def test_the_command_ends_well_or_says_what_does_not_fit(tmp_path: Path) -> None:
    recipe = RECIPES / "one-gpu.toml"
    console = Console(record=True, width=300)
    plan_command(recipe, console, json=True)
    assert json.loads(console.export_text())["faults"] == []
    with pytest.raises(WorkError, match="the longest chain"):
        plan_command(recipe, Console(quiet=True), settings=["training.tokens_per_micro_step=1024"])
    with pytest.raises(RequestError, match="no such file; recipes/clusters/ holds examples"):
        plan_command(recipe, Console(quiet=True), cluster=tmp_path / "none.toml")
    with pytest.raises(RequestError, match="one of them, not both"):
        plan_command(recipe, Console(quiet=True), cluster=tmp_path, address="auto")


def test_a_gpu_of_this_machine_that_nobody_knows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "information").write_text("Model: \t\t NVIDIA T400\nIRQ: 1\n")
    monkeypatch.setattr("pipeline.plan.machines._PROC_GPUS", tmp_path)
    assert this_machine(load_recipe(RECIPES / "local.toml")).gpus == 0
    with pytest.raises(RequestError, match="this machine: GPU type 'NVIDIA T400': not known"):
        this_machine(load_recipe(RECIPES / "one-gpu.toml"))
    (tmp_path / "0" / "information").write_text("Model: \t\t NVIDIA H100 PCIe\n")
    assert this_machine(load_recipe(RECIPES / "local.toml")).gpu_types() == (GPUS["H100-PCIe"],)


def test_a_node_of_ray() -> None:
    resources = {"CPU": 8.0, "GPU": 2.0, "accelerator_type:A100": 1.0, "accelerator_type:A100-40G": 1.0}
    node = ray_node({"NodeName": "one", "Alive": True, "Resources": {**resources, "memory": 1e9}})
    assert (node.gpu, node.gpus, node.cpus) == (GPUS["A100-40"], 2, 8.0)
    with pytest.raises(RequestError, match="describe the nodes in a --cluster file"):
        ray_node({"NodeName": "one", "Resources": {"GPU": 1.0, "accelerator_type:NEW": 1.0}})


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "http://127.0.0.1:1"])
def test_an_address_where_nobody_listens_is_refused_at_once(address: str) -> None:
    with pytest.raises(RequestError, match="nothing answers there"):
        ray_machines(address)


def test_a_disk_that_is_too_small_is_said(tmp_path: Path) -> None:
    text = (CLUSTERS / "two-nodes-8xh100.toml").read_text()
    (tmp_path / "small.toml").write_text(text.replace("disk_gib = 4000", "disk_gib = 100"))
    plan = make_plan(load_recipe(RECIPES / f"{PAPER}.toml"), load_machines(tmp_path / "small.toml"), REFERENCE)
    assert any("disk of gpu-0: the models' weights need 145 GiB" in str(fault) for fault in plan.faults)


def test_storage_counts_every_arm() -> None:
    found = {amount.what: amount.bytes for amount in storage(planned(PAPER))}
    assert found["weights of teacher"] == pytest.approx(141.1e9, rel=0.001)
    assert found["models of the arms"] == pytest.approx(3 * 2 * 7.2417e9, rel=0.001)


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ("training.gpus_per_rank=1", "gpus_per_rank asks for GPUs and the machines have none"),
        ("engines.teacher.gpu='H100'", "engines.teacher: gpu = 'H100', and the machines have no GPU"),
        ("engines.student.device='gpu'", "engines.student: device = 'gpu', and the machines have no GPU"),
    ],
)
def test_gpus_are_not_made_up_for_a_machine_without_any(setting: str, fault: str) -> None:
    plan = planned("local", "", setting)
    assert fault in said(plan)
    assert plan.machines.source == "this machine"
    assert plan.machines.gpus == 0
    assert planned("local").faults == ()


def test_a_large_model_on_cpus_is_one_fault_and_not_those_of_cpus_that_would_hold_it() -> None:
    """A run waits for GPUs there, so what its engines would take of a small machine's memory misleads."""
    plan = planned_on({"cpus": node(cpus=8, memory_gib=16)}, "one-gpu")
    assert [fault.area for fault in plan.faults if fault.area.startswith("engines")] == ["engines.teacher"]
    assert "a model of 8.2 billion parameters is served on GPUs" in said(plan)
    assert not [fault for fault in plan.faults if fault.area == "memory"]
    assert planned_on({"cpus": node(cpus=64)}, "local", "engines.teacher.device='cpu'").faults == ()


def test_this_machine_has_the_cpus_that_a_run_tells_ray_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    card = tmp_path / "0000" / "information"
    card.parent.mkdir()
    card.write_text("Model: \t\t NVIDIA H100 PCIe\n")
    monkeypatch.setattr("pipeline.plan.machines._PROC_GPUS", tmp_path)
    recipe = load_recipe(RECIPES / "local.toml", ["cluster.local_cpus=3", "training.ranks=4"])
    plan = make_plan(recipe, this_machine(recipe), REFERENCE)
    assert [(one.gpus, one.cpus) for one in plan.machines.nodes] == [(1, 3.0)]
    assert any(fault.area == "training" for fault in plan.faults)


@pytest.mark.parametrize(
    ("schedule", "noted"),
    [("", False), ("lr_scheduler_type='cosine', ", True), ("lr_scheduler_type='cosine', warmup_ratio=0.0, ", False)],
)
def test_rounds_that_begin_without_a_learning_rate_are_said(schedule: str, noted: bool) -> None:
    plan = planned("local", "", f"arms.online={{method='dpo', {schedule}rounds={{problems=8}}}}")
    said = [note for note in plan.notes if "begins anew in each round" in note]
    assert [note.split(":")[0] for note in said] == ["arms.online.lr_scheduler_type = 'cosine'"] * noted

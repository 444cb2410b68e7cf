"""Every node is held against what is placed on it: memory, /dev/shm, GPUs and what runs without one."""

import pytest

from pipeline.estimates.hardware import GIB
from pipeline.plan.remedies import remedies
from tests.pipeline.plan.planned import PAPER, node, planned, planned_on, said

H100 = node("H100", 8)
QWEN_0_5B = 'models.teacher.source="hub:Qwen/Qwen2.5-0.5B-Instruct"'
MISTRAL = 'models.student.source="hub:mistralai/Mistral-7B-Instruct-v0.2"'


@pytest.mark.parametrize("poor_first", [True, False])
def test_a_poor_node_is_found_wherever_it_stands(poor_first: bool) -> None:
    poor = {"poor": node("H100", 8, memory_gib=40)}
    rich = {"rich": H100}
    plan = planned_on({**poor, **rich} if poor_first else {**rich, **poor}, PAPER)
    assert "node poor: " in said(plan)
    assert "it has 40 GiB" in said(plan)
    assert "node rich" not in said(plan)


def test_a_node_that_holds_little_needs_little() -> None:
    small = {"large": H100, "small": node("H100", 1, cpus=16, memory_gib=32, shm_gib=2)}
    settings = ("engines.teacher.count=2", "engines.student.count=9", "training.ranks=9")
    plan = planned_on(small, PAPER, *settings)
    assert {"large", "small"} == {name for rank in plan.ranks for name in rank.placed.nodes}
    assert plan.faults == ()


def test_shared_memory_is_each_nodes_own() -> None:
    nodes = {"fine": H100, "tight": node("H100", 8, shm_gib=0.1)}
    assert (
        said(planned_on(nodes, PAPER)) == "node tight: /dev/shm of 4.2 GiB needed, it has 0.1 GiB: 4.1 GiB too little"
    )


def test_equal_nodes_are_said_once() -> None:
    faults = planned_on({"gpu": node("H100", 8, memory_gib=40, count=2)}, PAPER).faults
    assert [str(fault).partition(":")[0] for fault in faults] == ["node gpu-0 and 1 more"]


def test_ranks_without_gpus_take_the_nodes_memory() -> None:
    one = {"gpu": node("H100", 1, cpus=24, memory_gib=48)}
    plan = planned_on(one, "one-gpu", MISTRAL, "training.gpus_per_rank=0")
    assert "of host memory needed (most for training), it has 48 GiB" in said(plan)
    large = {"gpu": node("H100", 1, cpus=24, memory_gib=512)}
    assert planned_on(large, "one-gpu", MISTRAL, "training.gpus_per_rank=0").faults == ()


def test_engines_are_on_the_device_that_the_recipe_says() -> None:
    on_cpu = planned("one-gpu", "", QWEN_0_5B, "engines.teacher.device='cpu'").engines_of("teacher")
    assert on_cpu is not None
    assert (on_cpu.gpu, on_cpu.memory.device) == (None, "CPU")
    assert on_cpu.placed.request.bundles[0].gpus == 0
    small = {"gpu": node("H100", 1, cpus=24, memory_gib=16)}
    plan = planned_on(small, "one-gpu", "engines.teacher.device='cpu'")
    assert "of host memory needed (most for engines.teacher)" in said(plan)
    assert remedies(plan).together == ("engines.teacher.device='auto'",)


def test_scripted_hosts_load_no_model() -> None:
    plan = planned(PAPER, "one-gpu", "engines.teacher.scripted={}", "engines.teacher.engine.tensor_parallel=1")
    teacher = plan.engines_of("teacher")
    assert teacher is not None
    assert teacher.memory.faults == ()
    assert teacher.memory.used < GIB


def test_nothing_is_evaluated_without_held_out_problems() -> None:
    plan = planned_on({"cpu": node(cpus=64, memory_gib=4096)}, "regenerate", "engines.teacher.device='cpu'")
    assert {stage.stage for stage in plan.stages} == {"rollout"}


def test_reference_scoring_needs_the_whole_student_on_a_gpu() -> None:
    student = 'models.student.source="hub:meta-llama/Meta-Llama-3-70B-Instruct"'
    plan = planned(PAPER, "", student, "training.tokens_per_micro_step=16384")
    assert "reference: scoring loads the whole model on one GPU: 142.9 GiB, and H100 has 79.6 GiB" in said(plan)
    (remedy,) = [remedy for remedy in remedies(plan).each if remedy.fault.area == "reference"]
    assert remedy.otherwise == "no single setting helps on these machines: take larger GPUs, or a smaller student"
    assert planned("regenerate").scoring is None


def test_a_row_that_is_too_long_to_score_is_shortened() -> None:
    small = {"gpu": node("L4", 4, cpus=96, memory_gib=768)}
    settings = (MISTRAL, "training.tokens_per_micro_step=65536", "training.ranks=4")
    plan = planned_on(small, "one-gpu", *settings, "training.zero.offload_optimizer='cpu'")
    assert "reference: scoring loads the whole model" in said(plan)
    assert any(setting.startswith("training.tokens_per_micro_step=") for setting in remedies(plan).together)


def test_tasks_that_score_meanwhile_are_in_the_hosts_memory() -> None:
    beside = planned("one-node-8xh100", "", "engines.teacher.count=1")
    alone = planned("one-node-8xh100", "", "engines.teacher.count=1", "training.score_meanwhile=false")

    def teachers(plan: object) -> float:
        return next(amount.bytes for amount in plan.host_memory if amount.what == "engines.teacher")  # type: ignore[attr-defined]

    assert teachers(beside) > teachers(alone)

"""What does not fit comes with the least change that does, and that is planned whole."""

import pytest

from cluster.errors import RequestError
from pipeline.plan.as_json import as_json
from pipeline.plan.remedies import remedies
from pipeline.plan.show import headline
from tests.pipeline.plan.planned import PAPER, node, planned, planned_on, said

MISTRAL = 'models.student.source="hub:mistralai/Mistral-7B-Instruct-v0.2"'
LLAMA_405B = (
    "models.teacher.shape={hidden_size=16384, num_hidden_layers=126, num_attention_heads=128, num_key_value_heads=8, "
    "intermediate_size=53248, vocab_size=128256}"
)


@pytest.mark.parametrize(
    ("recipe", "setting", "fault", "remedy"),
    [
        (PAPER, "engines.teacher.engine.tensor_parallel=1", "without any KV cache", "tensor_parallel=2"),
        (PAPER, "engines.teacher.engine.tensor_parallel=6", "attention heads do not divide", "tensor_parallel=2"),
        (PAPER, "engines.teacher.count=5", "4 can be placed", "engines.teacher.count=4"),
        (PAPER, "training.ranks=32", "16 can be placed", "training.ranks=16"),
        ("one-gpu", "training.tokens_per_micro_step=2048", "the longest chain", "tokens_per_micro_step=4096"),
        ("one-gpu", "training.tokens_per_micro_step=1048576", "a rank needs", "training.tokens_per_micro_step="),
        (
            "one-gpu",
            'models.student.source="hub:mistralai/Mistral-7B-Instruct-v0.2"',
            "a rank needs",
            "training.zero.offload_optimizer='cpu'",
        ),
        (
            "one-gpu",
            'models.student.source="hub:TinyLlama/TinyLlama-1.1B-Chat-v1.0"',
            "has 2,048 positions",
            "groups.max_tokens=2048",
        ),
        ("local", "engines.teacher.engine.tensor_parallel=3", "attention heads do not divide", "tensor_parallel=1"),
        ("local", "engines.teacher.engine.kv_cache_mb=1", "less than one context", "kv_cache_mb=128"),
        ("local", "training.ranks=40", "can be placed", "training.ranks=4"),
        (PAPER, "training.tokens_per_micro_step=512", "the longest chain", "tokens_per_micro_step=4096"),
        (PAPER, "training.gpus_per_rank=2", "NCCL takes exactly one", "gpus_per_rank=1"),
        (PAPER, "training.gpus_per_rank=0.5", "NCCL takes exactly one", "gpus_per_rank=1"),
        (PAPER, "engines.teacher.cpus=500", "0 can be placed", "engines.teacher.cpus="),
        (PAPER, "engines.teacher.engine.max_running=100000", "without any KV cache", "max_running=25000"),
        (PAPER, "engines.teacher.engine.kv_cache_mb=80000", "leaves no room", "kv_cache_mb="),
        (PAPER, "engines.teacher.engine.gpu_memory=0.3", "exceed 0.3", "gpu_memory=0.9"),
        (PAPER, "training.gpu='B200'", "no node has GPUs of that type; there are H100", "training.gpu=''"),
        ("local", "engines.teacher.device='gpu'", "the machines have no GPU", "engines.teacher.device='auto'"),
    ],
)
def test_what_does_not_fit_comes_with_a_change_that_does(recipe: str, setting: str, fault: str, remedy: str) -> None:
    plan = planned(recipe, "", setting)
    assert any(fault in str(said) for said in plan.faults)
    found = remedies(plan)
    assert any(remedy in text for text in found.together), found
    assert found.left == ()
    assert planned(recipe, "", setting, *found.together).faults == ()


def test_an_engine_larger_than_a_node_is_proposed_across_nodes() -> None:
    plan = planned("regenerate", "", LLAMA_405B)
    together = remedies(plan).together
    assert "engines.teacher.engine.pipeline_parallel=2" in together
    engines = planned("regenerate", "", LLAMA_405B, *together).engines_of("teacher")
    assert engines is not None
    assert set(engines.placed.nodes) == {"gpu-0", "gpu-1"}


def test_a_remedy_that_breaks_something_else_is_none() -> None:
    small = {"gpu": node("H100", 1, cpus=24, memory_gib=64)}
    plan = planned_on(small, "one-gpu", MISTRAL)
    assert "a rank needs" in said(plan)
    offload = "training.zero.offload_optimizer='cpu'"
    assert "of host memory needed (most for training), it has 64 GiB" in said(
        planned_on(small, "one-gpu", MISTRAL, offload)
    )
    found = remedies(plan)
    assert (found.together, found.left) == ((), plan.faults)
    assert "no single setting helps" in found.each[0].otherwise


def test_remedies_add_up_and_say_what_is_left() -> None:
    plan = planned(PAPER, "", "engines.teacher.count=5", "training.tokens_per_micro_step=512")
    found = remedies(plan)
    assert [remedy.fault.area for remedy in found.each] == ["engines.teacher", "training"]
    assert found.left == ()
    hopeless = planned(PAPER, "", 'models.student.source="hub:meta-llama/Meta-Llama-3-70B-Instruct"')
    found = remedies(hopeless)
    assert found.together
    assert found.left
    together = as_json(hopeless)["together"]
    assert together["fits"] is False
    assert together["left"]


def test_what_was_behind_a_wrong_switch_is_put_right_too() -> None:
    plan = planned(PAPER, "", "engines.student.gpu='B200'", "engines.student.count=40", "training.gpus_per_rank=2")
    assert set(remedies(plan).together) == {
        "engines.student.gpu=''",
        "engines.student.count=16",
        "training.gpus_per_rank=1",
    }


@pytest.mark.parametrize("tensor", [1, 3])
def test_other_sizes_of_an_engine_come_with_a_cache_that_fits(tensor: int) -> None:
    settings = (f"engines.teacher.engine.tensor_parallel={tensor}", "engines.teacher.engine.kv_cache_mb=1")
    together = remedies(planned("regenerate", "", *settings)).together
    assert "engines.teacher.engine.tensor_parallel=2" in together
    assert planned("regenerate", "", *settings, *together).faults == ()


def test_a_disk_that_is_too_small_for_checkpoints_keeps_fewer() -> None:
    disk = {"gpu": node("H100", 8, disk_gib=700)}
    plan = planned_on(disk, "one-node-8xh100")
    assert "disk of gpu: models and the run need" in said(plan)
    assert remedies(plan).together == ("training.keep_checkpoints=1",)
    assert planned_on(disk, "one-node-8xh100", *remedies(plan).together).faults == ()


def test_what_cannot_load_has_no_time_and_no_price() -> None:
    plan = planned(PAPER, "", "engines.teacher.engine.tensor_parallel=1")
    assert headline("run", {"": plan}, ()).endswith("does not fit (1 fault, below)")
    shown = as_json(plan)
    assert (shown["seconds"], shown["total_seconds"], shown["money"]) == ({}, None, None)
    assert all("otherwise" in remedy for remedy in shown["remedies"])


def test_faults_of_training_name_their_arms_once() -> None:
    faults = [str(fault) for fault in planned(PAPER, "", "training.tokens_per_micro_step=512").faults]
    assert len(faults) == 1
    assert faults[0].startswith("training: the longest chain")
    given = ("arms.sft.gradient_checkpointing=true", "arms.dpo.gradient_checkpointing=false")
    one = [str(fault) for fault in planned("one-gpu", "", *given, MISTRAL).faults]
    assert [fault.partition(":")[0] for fault in one] == ["training of sft", "training of dpo"]


def test_arms_without_train_problems_are_refused_as_a_run_does() -> None:
    with pytest.raises(RequestError, match="no family has train problems"):
        planned("one-gpu", "", "problems.fol.train=0", "problems.arithmetic.train=0")


@pytest.mark.parametrize("setting", ["problems.fol.family=nope", "problems.fol={family='jsonl', path='/no', train=9}"])
def test_problems_that_a_run_would_refuse_are_refused(setting: str) -> None:
    with pytest.raises(RequestError, match=r"unknown; there are|no such file"):
        planned("one-gpu", "", setting)

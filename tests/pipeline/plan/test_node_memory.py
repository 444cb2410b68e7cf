"""Memory of nodes and room on disks, by hand: the paper's plan on 2 nodes of 8 H100, the local recipe on one."""

from dataclasses import replace

import pytest

from pipeline.estimates import cpu_processes
from pipeline.estimates.amounts import Amount
from pipeline.estimates.hardware import GIB, MIB, Machines, Node
from pipeline.plan.memory import (
    NodeMemory,
    node_faults,
    node_memories,
    stage_faults,
    stage_memories,
    storage_faults,
    storage_of,
)
from pipeline.plan.parts import Fault
from tests.pipeline.plan.planned import PAPER, node, planned, planned_on

STORE = Amount(
    "Ray's object store", 200 * MIB, "cluster/jobs/session.py; a cluster of your own may take more", "in /dev/shm"
)


def test_what_a_run_leaves_on_disk() -> None:
    """bf16: 2 bytes a weight; a checkpoint has 14 of states and 2 of gathered weights. An arm has 63 steps and a
    checkpoint every 100: the one at its end, and room for one more."""
    plan = planned(PAPER)
    teacher, student = (plan.shapes[name].parameters for name in ("teacher", "base"))
    demands, groups = plan.demands, plan.demands.groups
    assert (demands.rollout.attempts, demands.teacher.attempts, demands.student.attempts) == (1_000_000, 3600, 14_400)
    scored = 3600 * demands.teacher.context + 14_400 * demands.student.context
    tokens = groups.groups * (groups.prompt + (groups.right + groups.wrong) * groups.chain)
    how = "6 of 3 arms (kept and under way) x 16 bytes a parameter"
    found = storage_of(plan.recipe, plan.shapes, demands)
    assert [replace_bytes(amount) for amount in found] == [
        Amount("weights of teacher", 2 * teacher, "parameters x 2 bytes", ""),
        Amount("weights of base", 2 * student, "parameters x 2 bytes", ""),
        Amount("models of the arms", 3 * 2 * student, "3 arms x 2 bytes", "safetensors"),
        Amount("checkpoints", 6 * 16 * student, how, "DeepSpeed's shards and the gathered weights"),
        Amount("episodes", round(16e6 * demands.rollout.context), "1,000,000 x 16 bytes a token", "measured"),
        Amount("scores", round(16 * scored), "18,000 x 16 bytes a token", "measured"),
        Amount("groups", round(8 * tokens), f"{groups.groups} groups x 8 bytes a token", "ids and marks in Arrow"),
    ]


def replace_bytes(amount: Amount) -> Amount:
    return Amount(amount.what, round(amount.bytes), amount.how, amount.source)


def test_a_tiny_run_keeps_float32() -> None:
    plan = planned("local")
    teacher, student = (plan.shapes[name].parameters for name in ("teacher", "base"))
    found = {amount.what: amount for amount in storage_of(plan.recipe, plan.shapes, plan.demands)}
    assert (found["weights of teacher"].bytes, found["weights of base"].bytes) == (4 * teacher, 4 * student)
    assert found["weights of base"].how == "parameters x 4 bytes"
    assert found["models of the arms"].bytes == 3 * 4 * student
    assert found["checkpoints"].bytes == (3 + 3 + 2) * (4 + 12 + 4) * student  # 76, 72 and 36 steps, one every 40


def test_checkpoints_that_an_arm_is_too_short_for_take_no_room() -> None:
    """At most seventy steps, and a checkpoint every 100: each of the three arms has its last, and one is written."""
    plan = planned("local", "", "training.checkpoint_steps=100")
    found = {amount.what: amount for amount in storage_of(plan.recipe, plan.shapes, plan.demands)}
    assert found["checkpoints"].bytes == 3 * 2 * (4 + 12 + 4) * plan.shapes["base"].parameters


def disk(*free_gib: float) -> Machines:
    nodes = [
        Node(name=f"n{place}", kind="n", gpu=None, gpus=0, cpus=1, memory=GIB, shm=GIB, network_gbs=1, disk=each * GIB)
        for place, each in enumerate(free_gib)
    ]
    return Machines(nodes=tuple(nodes), source="a test")


def test_one_node_holds_everything_and_of_several_each_holds_the_weights() -> None:
    amounts = (Amount("weights of base", 10.0 * GIB, "", ""), Amount("episodes", 5.0 * GIB, "", ""))
    assert storage_faults(disk(15), amounts) == []
    assert storage_faults(disk(14), amounts) == [
        Fault("disk", "models and the run need 15 GiB, it has 14 GiB: 1 GiB too little", "disk of n0")
    ]
    assert storage_faults(disk(10, 8, 0), amounts) == [
        Fault("disk", "the models' weights need 10 GiB, it has 8 GiB: 2 GiB too little", "disk of n1")
    ]


def test_stages_take_turns_on_a_node() -> None:
    """8 GPUs a node: two engines of the teacher with 4 each, eight of the students with one each, eight ranks."""
    plan = planned(PAPER)
    memories = node_memories(plan.machines, plan.engines, plan.ranks, plan.scoring)
    assert [memory.node.name for memory in memories] == ["gpu-0", "gpu-1"]
    # All weights in bf16 while they are saved: on one rank under ZeRO 3, on each rank below.
    weights = 2 * plan.shapes["base"].parameters
    saving = 1 if plan.ranks[0].memory.request.stage == 3 else 8
    how = (
        f"8 ranks x (6 GiB + 0.0 GiB of offloaded states), {saving} x {weights / GIB:.1f} GiB of weights while they "
        "are saved"
    )
    for memory in memories:
        assert memory.base == Amount("Ray and the driver", 4 * GIB, "a node's own processes", "assumed")
        assert memory.stages == (
            Amount("engines.teacher", (8 + 2 * 2) * 3 * GIB, "2 engines, 8 GPUs", "assumed"),
            Amount("engines.student", (8 + 2 * 8) * 3 * GIB, "8 engines, 8 GPUs", "assumed"),
            Amount("training", 8 * 6 * GIB + saving * weights, how, "assumed; ZeRO-Offload; accelerate"),
            Amount("reference", 8 * 3 * GIB, "8 tasks x 3.0 GiB", "assumed"),
        )
        most = max(24 * 3 * GIB, 8 * 6 * GIB + saving * weights)
        assert memory.used == 4 * GIB + most, "the fullest stage, and what is always there"
        between = Amount("NCCL and vLLM between processes", 8 * 0.5 * GIB, "0.25 GiB a GPU, 0.5 GiB a rank", "assumed")
        assert memory.shm == (STORE, between)


def test_a_machine_without_gpus_holds_engines_ranks_and_tasks_as_they_were_measured() -> None:
    plan = planned("local")
    (memory,) = node_memories(plan.machines, plan.engines, plan.ranks, plan.scoring)
    teacher, student = plan.engines_of("teacher"), plan.engines_of("student")
    assert teacher is not None
    assert student is not None
    assert plan.scoring is not None
    most = max(plan.ranks, key=lambda rank: rank.memory.used)
    task = plan.scoring.memory.used
    assert memory.base == Amount("Ray and the driver", (540 + 450) * MIB, "8 processes", "docs/planning.md")
    assert memory.shm == (STORE,)
    assert memory.stages == (
        Amount("engines.teacher", teacher.memory.used, "1 engines, 0 GPUs", "assumed"),
        Amount("engines.student", student.memory.used, "1 engines, 0 GPUs", "assumed"),
        Amount("training", 2 * most.memory.used, f"2 ranks of {most.name} x {most.memory.used / GIB:.1f} GiB", ""),
        Amount("reference", 2 * task, f"2 tasks x {task / GIB:.1f} GiB", "assumed"),
    )


def test_a_node_that_holds_nothing_is_not_listed_and_the_fullest_stands_first() -> None:
    plan = planned(PAPER)
    teacher = plan.engines_of("teacher")
    assert teacher is not None
    idle = replace(plan.machines.nodes[0], name="idle")
    machines = Machines(nodes=(idle, *plan.machines.nodes), source="a test")
    found = node_memories(machines, [teacher], plan.ranks, None)
    assert [memory.node.name for memory in found] == ["gpu-0", "gpu-1"]
    assert [amount.what for amount in found[0].stages] == ["engines.teacher", "training"]
    assert node_memories(machines, [], [], None) == ()


def test_the_fullest_node_stands_first_wherever_it_is() -> None:
    """The nodes' ranks: one on the first, eight on the second."""
    plan = planned_on({"small": node("H100", 1, cpus=24), "large": node("H100", 8)}, PAPER, "training.ranks=9")
    found = node_memories(plan.machines, (), plan.ranks, None)
    used = {memory.node.name: len(plan.ranks[0].placed.on(memory.node.name)) for memory in found}
    assert list(used.items()) == [("large", 8), ("small", 1)]


@pytest.mark.parametrize(("gpus", "ranks", "tasks"), [(4, 8, 0), (5, 8, 1), (8, 8, 4), (8, 2, 2)])
def test_tasks_that_score_meanwhile_take_the_gpus_that_the_teacher_leaves_free(
    gpus: int, ranks: int, tasks: int
) -> None:
    """An engine on 4 GPUs. The same on a node whose GPUs are not those that score."""
    plan = planned("one-node-8xh100", "", "engines.teacher.count=1", f"training.ranks={ranks}")
    teacher = plan.engines_of("teacher")
    assert teacher is not None
    assert plan.scoring is not None
    (only,) = plan.machines.nodes
    for kind, expected in ((only.gpu, tasks), ("another", 0)):
        machines = Machines(nodes=(replace(only, gpus=gpus, gpu=kind),), source="a test")
        (found,) = node_memories(machines, [teacher], (), plan.scoring)
        how = "1 engines, 4 GPUs" + f"; {expected} tasks score meanwhile" * (expected > 0)
        engines = Amount("engines.teacher", (4 + 2 + expected) * 3 * GIB, how, "assumed")
        assert found.stages[0] == engines


def test_what_ranks_offload_lies_in_the_hosts_memory() -> None:
    """14 bytes of states a parameter and 4 + 2 of gradients, over all ranks, and 6 GiB that each one pins."""
    plan = planned(PAPER, "", "training.zero.offload_optimizer='cpu'")
    found = node_memories(plan.machines, (), plan.ranks[:1], None)[0].stages[0]
    (rank, *_) = plan.ranks
    here = len(rank.placed.on(plan.machines.nodes[0].name))
    away = sum(amount.bytes for amount in rank.memory.on_host)
    assert away == pytest.approx(20 * plan.shapes["base"].parameters / plan.recipe.training.ranks)
    saved = 2 * plan.shapes["base"].parameters  # gathered by the first rank under ZeRO 3
    assert (found.what, found.bytes) == ("training", pytest.approx(here * (6 * GIB + away) + saved))


def memory(name: str, used_gib: float, there_gib: float, shm_gib: float = 1.0, kind: str = "k") -> NodeMemory:
    node = Node(
        name=name, kind=kind, gpu=None, gpus=0, cpus=1, memory=there_gib * GIB, shm=shm_gib * GIB, network_gbs=1
    )
    stages = (Amount("training", used_gib * GIB, "", ""), Amount("reference", used_gib * GIB / 2, "", ""))
    return NodeMemory(node=node, base=Amount("base", 0.0, "", ""), stages=stages, shm=(Amount("s", GIB, "", ""),))


def test_what_does_not_fit_is_said_once_for_equal_nodes() -> None:
    assert node_faults([memory("a", 10, 10)]) == []
    text = "12 GiB of host memory needed (most for training), it has 10 GiB: 2 GiB too little"
    assert node_faults([memory("a", 12, 10)]) == [Fault("memory", text, "node a")]
    alike = [memory("a", 12, 10), memory("b", 12, 10), memory("c", 12, 10)]
    assert node_faults(alike) == [Fault("memory", text, "node a and 2 more")]
    apart = [memory("a", 12, 10), memory("b", 12, 10, kind="other")]
    assert [fault.where for fault in node_faults(apart)] == ["node a", "node b"]
    shared = "/dev/shm of 1.0 GiB needed, it has 0.5 GiB: 0.5 GiB too little"
    assert node_faults([memory("a", 1, 10, 0.5), memory("b", 1, 10, 0.5)]) == [
        Fault("shm", shared, "node a and 1 more")
    ]
    both = node_faults([memory("a", 12, 10, 0.5)])
    assert [fault.area for fault in both] == ["memory", "shm"]


def test_stages_of_a_machine_without_gpus_come_in_the_runs_order() -> None:
    plan = planned("local")
    arguments = (plan.recipe, plan.shapes, plan.engines, plan.ranks, plan.scoring, plan.demands)
    stages = stage_memories(*arguments, cores=plan.machines.nodes[0].cpus)
    assert [stage.stage for stage in stages] == ["models", "rollout", "reference", "train", "evaluate", "evaluate"]
    assert stages == plan.stages
    makers = [part.what for part in stages[0].parts]
    assert makers[1:] == ["maker of tiny teacher", "maker of tiny student"]
    tiny = [plan.shapes["teacher"], plan.shapes["base"]]
    tokens = 2 * max(plan.demands.learnt_tokens.values())
    assert stages[0] == cpu_processes.makers(tiny, tokens)
    most = max(rank.memory.used for rank in plan.ranks)
    assert next(part for part in stages[3].parts if part.what == "ranks").bytes == 2 * most
    assert all(stage.parts[-1].what == "idle workers" for stage in stages[3:])
    assert plan.scoring is not None
    tasks = next(part for part in stages[2].parts if part.what == "tasks that score")
    assert tasks.bytes == pytest.approx(2 * plan.scoring.memory.used)
    without = stage_memories(plan.recipe, plan.shapes, (), (), plan.scoring, plan.demands, cores=2)
    assert [stage.stage for stage in without] == ["models", "reference"]


def test_a_stage_that_needs_more_than_there_is_is_a_fault() -> None:
    (stage, *_) = planned("local").stages
    assert stage_faults([stage], stage.bytes) == []
    needed = stage.bytes / GIB
    (fault,) = stage_faults([stage], stage.bytes - GIB)
    assert fault == Fault(
        "memory",
        f"{needed:.1f} GiB of memory, and the machine has {needed - 1:.1f} GiB: 1.0 GiB too little",
        "stage models",
    )

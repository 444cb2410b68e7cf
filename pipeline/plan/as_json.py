"""A plan as plain values that JSON holds: bytes, seconds, tokens."""

from collections.abc import Sequence
from typing import Any

import msgspec

from pipeline.estimates.hardware import Machines
from pipeline.estimates.packing import PlacedGroup
from pipeline.estimates.rank_memory import state_bytes_each
from pipeline.plan.make import Plan
from pipeline.plan.outcome import StageTime, money, ports, stage_times, storage
from pipeline.plan.parts import Engines, Ranks, ScoringTasks
from pipeline.plan.pods import worker_groups
from pipeline.plan.remedies import remedies


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan as plain values: bytes, seconds, tokens."""
    times, peak, found = stage_times(plan), plan.peak, remedies(plan)
    demands, groups = plan.demands, plan.demands.groups
    work: dict[str, Any] = {
        name: {"attempts": each.attempts, "requests": each.requests, "written": each.written, "prefill": each.prefill}
        for name, each in (("rollout", demands.rollout), ("teacher", demands.teacher), ("student", demands.student))
    }
    work["groups"] = {"groups": groups.groups, "pairs": groups.pairs, "tree_tokens": groups.tree}
    work["longest_chain"] = demands.longest_chain
    values = {
        "machines": {
            "source": plan.machines.source,
            "nodes": [
                {"name": n.name, "gpu": n.gpu.name if n.gpu else "", "gpus": n.gpus, "cpus": n.cpus, "memory": n.memory}
                for n in plan.machines.nodes
            ],
        },
        "models": {
            name: {
                "parameters": shape.parameters,
                "weights_bf16": shape.weight_bytes(2),
                "kv_bytes_per_token": shape.kv_bytes_per_token(2),
                "from": shape.source,
            }
            for name, shape in plan.shapes.items()
        },
        "engines": {engines.name: _engines(engines) for engines in plan.engines},
        "training": {
            ranks.name: {
                "ranks": ranks.memory.request.training.ranks,
                "zero_stage": ranks.memory.request.stage,
                "tokens_per_micro_step": ranks.memory.request.tokens,
                "gradient_checkpointing": ranks.memory.request.gradient_checkpointing,
                "bytes_a_parameter": sum(state_bytes_each(ranks.memory.request.bf16).values()),
                **_process(ranks),
            }
            for ranks in plan.ranks
        },
        "reference": {
            "tasks": plan.scoring.memory.request.training.ranks,
            "meanwhile": plan.scoring.memory.request.meanwhile,
            **_process(plan.scoring),
        }
        if plan.scoring
        else None,
        "memory": {
            "stages": {f"{stage.stage} {index}": stage.bytes for index, stage in enumerate(plan.stages)},
            "peak": peak.bytes if peak else None,
            "host": plan.host_memory,
            "shared": plan.shared_memory,
        },
        "work": work,
        **times_json(plan.machines, times),
        "storage": storage(plan),
        "pods": [{"name": pod.name, "pods": pod.pods, "requests": pod.requests} for pod in worker_groups(plan)]
        if not plan.faults
        else [],
        "ports": ports(plan),
        "licence": {"allowed": plan.licence.allowed, "says": plan.licence.line},
        "golds": plan.findings.golds.said,
        "notes": plan.notes,
        "decided": plan.decided,
        "faults": list(map(str, plan.faults)),
        "remedies": [
            {
                "fault": str(remedy.fault),
                "area": remedy.fault.area,
                "set": remedy.settings,
                "otherwise": remedy.otherwise,
            }
            for remedy in found.each
        ],
        "together": {"set": found.together, "fits": not found.left, "left": list(map(str, found.left))},
    }
    plain: dict[str, Any] = msgspec.to_builtins(values)
    return plain


def times_json(machines: Machines, times: Sequence[StageTime]) -> dict[str, Any]:
    """Seconds by stage and in all, and what they cost where the machines have prices."""
    paid = {"amount": round(money(times), 2), "currency": machines.currency}
    return {
        "seconds": {stage.name: round(stage.seconds, 1) for stage in times},
        "total_seconds": round(sum(stage.seconds for stage in times), 1) if times else None,
        "money": paid if times and machines.price_hour else None,
    }


def _engines(engines: Engines) -> dict[str, Any]:
    memory, engine = engines.memory, engines.memory.request.engine
    return {
        "count": memory.request.hosts.count,
        "tensor_parallel": engine.tensor_parallel,
        "pipeline_parallel": engine.pipeline_parallel,
        "sizes_that_fit": engines.sizes,
        "device": memory.device,
        "parts": memory.parts,
        "kv_cache": memory.kv_cache.bytes,
        "kv_tokens": memory.kv_tokens,
        "running": memory.running,
        "full_sequences": memory.full_sequences,
        **_placed(engines.placed),
    }


def _process(placed: Ranks | ScoringTasks) -> dict[str, Any]:
    """The memory of one rank or scoring task, and where all of them go."""
    memory = placed.memory
    return {
        "device": memory.device,
        "on_device": memory.on_device,
        "on_host": memory.on_host,
        "used": memory.used,
        **_placed(placed.placed),
    }


def _placed(placed: PlacedGroup) -> dict[str, Any]:
    return {
        "groups": placed.request.count,
        "bundles": [bundle.resources() for bundle in placed.request.group],
        "strategy": placed.request.strategy,
        "nodes": placed.nodes,
    }

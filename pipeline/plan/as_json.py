"""A plan as JSON: bytes, seconds, tokens."""

import json
from typing import Any

from pipeline.estimates.amounts import Amount, total
from pipeline.estimates.packing import PlacedGroup
from pipeline.estimates.rank_memory import state_bytes_each
from pipeline.plan.make import Plan
from pipeline.plan.outcome import money, ports, stage_times, storage
from pipeline.plan.parts import EnginePlan, RankPlan, ScoringPlan
from pipeline.plan.pods import worker_groups
from pipeline.plan.remedies import remedies


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan as plain values: bytes, seconds, tokens."""
    times = stage_times(plan)
    peak, found = plan.peak, remedies(plan)
    return {
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
                "kv_bytes_per_token": shape.kv_bytes_a_token(2),
                "from": shape.source,
            }
            for name, shape in plan.shapes.items()
        },
        "engines": {engine.kind: _engine_json(engine) for engine in plan.engines},
        "training": {rank.arm: _rank_json(rank) for rank in plan.ranks},
        "reference": _scoring_json(plan.scoring) if plan.scoring else None,
        "memory": {
            "stages": {f"{stage.stage} {index}": stage.bytes for index, stage in enumerate(plan.stages)},
            "peak": peak.bytes if peak else None,
            "host": [_amount_json(amount) for amount in plan.host_memory],
            "shared": [_amount_json(amount) for amount in plan.shared_memory],
        },
        "work": _work(plan),
        "seconds": {stage.name: round(stage.seconds, 1) for stage in times},
        "total_seconds": round(sum(stage.seconds for stage in times), 1) if times else None,
        "money": {"amount": round(money(times), 2), "currency": plan.machines.currency}
        if times and plan.machines.price_hour
        else None,
        "storage": [_amount_json(amount) for amount in storage(plan)],
        "pods": [{"name": pod.name, "pods": pod.pods, "requests": pod.requests} for pod in worker_groups(plan)]
        if not plan.faults
        else [],
        "ports": list(ports(plan)),
        "licence": {"allowed": plan.licence.allowed, "says": plan.licence.line},
        "notes": list(plan.notes),
        "faults": [str(fault) for fault in plan.faults],
        "remedies": [
            {"area": remedy.area, "set": list(remedy.settings), "otherwise": remedy.else_} for remedy in found.each
        ],
        "together": {"set": list(found.together), "fits": not found.left, "left": [str(fault) for fault in found.left]},
    }


def dumps(plan: Plan) -> str:
    return json.dumps(as_json(plan), indent=1, allow_nan=False)


def _work(plan: Plan) -> dict[str, Any]:
    loads, groups = plan.loads, plan.loads.groups
    found: dict[str, Any] = {
        name: {"attempts": load.attempts, "requests": load.requests, "written": load.written, "prefill": load.prefill}
        for name, load in (("rollout", loads.rollout), ("teacher", loads.teacher), ("student", loads.student))
    }
    found["groups"] = {"groups": groups.groups, "pairs": groups.pairs, "tree_tokens": groups.tree}
    found["longest_chain"] = loads.longest_chain
    return found


def _engine_json(plan: EnginePlan) -> dict[str, Any]:
    memory = plan.memory
    return {
        "count": memory.request.count,
        "tensor_parallel": memory.request.tensor_parallel,
        "pipeline_parallel": memory.request.pipeline_parallel,
        "sizes_that_fit": [list(sizes) for sizes in plan.sizes],
        "device": memory.device,
        "parts": [_amount_json(amount) for amount in memory.parts],
        "kv_cache": memory.kv_cache.bytes,
        "kv_tokens": memory.kv_tokens,
        "running": memory.running,
        "full_sequences": memory.full_sequences,
        **_placed_json(plan.placed),
    }


def _rank_json(plan: RankPlan) -> dict[str, Any]:
    return {
        "ranks": plan.memory.request.ranks,
        "bytes_a_parameter": sum(state_bytes_each(plan.memory.request.bf16).values()),
        "device": plan.memory.device,
        "on_device": [_amount_json(amount) for amount in plan.memory.on_device],
        "on_host": [_amount_json(amount) for amount in plan.memory.on_host],
        "used": total(plan.memory.on_device),
        **_placed_json(plan.placed),
    }


def _scoring_json(plan: ScoringPlan) -> dict[str, Any]:
    return {
        "tasks": plan.memory.request.tasks,
        "device": plan.memory.device,
        "on_device": [_amount_json(amount) for amount in plan.memory.on_device],
        "on_host": [_amount_json(amount) for amount in plan.memory.on_host],
        "used": plan.memory.used,
        "meanwhile": plan.meanwhile,
        **_placed_json(plan.placed),
    }


def _placed_json(placed: PlacedGroup) -> dict[str, Any]:
    return {
        "groups": placed.request.count,
        "bundles": [bundle.resources() for bundle in placed.request.group],
        "strategy": placed.request.strategy,
        "nodes": list(placed.nodes),
    }


def _amount_json(amount: Amount) -> dict[str, Any]:
    return {"what": amount.what, "bytes": amount.bytes, "how": amount.how, "from": amount.source}

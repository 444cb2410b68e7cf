"""A run's own DPO arm, trained by TRL on its pairs and by the tree.

Use: python -m benchmarks.dpo_local RUN --arm dpo --json FILE

Both start from the same student and get the same groups in as many optimizer steps, one process each, in turns. TRL's
micro-batch is 8 pairs, the fastest that was measured. Both take the run's own reference sums, so neither computes any.
TRL weighs every distinct pair alike, the tree as the arm says, so the two models differ. Both are scored on the run's
suites afterwards.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.rollout.hosts import local_ray, serve
from cluster.store.ledger import Ledger
from pipeline.run.folder import Run, read_run
from pipeline.run.models import model_source
from pipeline.run.workload import suite_problems
from rollout.data import layout
from rollout.data.group_rows import read_groups
from rollout.hosts.work import ChunkResult
from training.config import DpoArm
from training.reference import ReferenceStore, reference_name, referenced_examples
from training.selection import arm_groups
from training.tree.batches import PreferenceExample

MICRO_BATCH = 8
WAYS = ("trl", "tree")


@dataclass(frozen=True)
class Job:
    """One training."""

    way: str
    run: str
    arm: str
    threads: int
    folder: str
    model_out: str


def main() -> int:
    options = _options()
    readings: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        models = {way: Path(folder) / "models" / way for way in WAYS}
        for repetition in range(options.repetitions):
            for way in WAYS:
                out = "" if repetition else str(models[way])
                job = Job(way, str(options.run), options.arm, options.threads, f"{folder}/trainer", out)
                readings[way].append(_in_a_process(job))
        for name in ("pairs", "steps"):
            counts = {reading[name] for taken in readings.values() for reading in taken}
            if len(counts) != 1:
                raise SystemExit(f"the ways did not do the same work: {name} {sorted(counts)}")
        scores = score(read_run(options.run, Console(quiet=True)), models, Path(folder))
    rows: dict[str, dict[str, Any]] = {
        way: {key: statistics.median(r[key] for r in taken) for key in taken[0]} for way, taken in readings.items()
    }
    for way, row in rows.items():
        row["pairs_per_second"] = row["pairs"] * row["epochs"] / row["seconds"]
        row["accuracy"] = scores[way]
    report = {
        "command": f"python -m benchmarks.dpo_local RUN --arm {options.arm} --repetitions {options.repetitions}",
        "run": options.run.name,
        "arm": options.arm,
        "threads": options.threads,
        "ways": rows,
        "trl_over_tree_seconds": rows["trl"]["seconds"] / rows["tree"]["seconds"],
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report), flush=True)
    return 0


def _in_a_process(job: Job) -> dict[str, float]:
    """Train in a process of its own, so that no training finds what another left in memory."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_train, args=(job, theirs))
    process.start()
    theirs.close()
    try:
        reading: dict[str, float] = ours.recv()
    except EOFError:
        raise SystemExit(f"{job.way}: its process ended without a result; see its output above") from None
    process.join()
    return reading


def score(run: Run, models: dict[str, Path], folder: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Model -> suite -> share of right attempts, `greedy` and `sampled`, on all problems of the run's suites."""
    recipe = run.recipe
    hosts = recipe.engines.student
    found: dict[str, dict[str, dict[str, float]]] = {}
    with local_ray(recipe.cluster.local_cpus):
        for name, model in models.items():
            store = folder / "scores" / name
            with serve(name, model, recipe.episodes, hosts.engine, hosts.live_episodes, store) as served:
                found[name] = {}
                for suite, problems in suite_problems(run).items():
                    greedy = served.run(served.work(f"{suite}-greedy", problems, 1, 0.0))
                    settings = (recipe.evaluation.samples, recipe.evaluation.temperature)
                    sampled = served.run(served.work(f"{suite}-sampled", problems, *settings))
                    found[name][suite] = {"greedy": _right(greedy), "sampled": _right(sampled)}
    return found


def _right(chunk_results: Sequence[ChunkResult]) -> float:
    outcomes = sum((Counter(chunk_result.outcomes) for chunk_result in chunk_results), Counter[str]())
    if outcomes["infrastructure"]:
        raise SystemExit(f"{outcomes['infrastructure']} attempts failed for want of an engine: no score")
    return outcomes["right"] / outcomes.total()


def _train(job: Job, pipe: Any) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(job.threads)
    run = read_run(Path(job.run), Console(quiet=True))
    arm = run.recipe.arms.get(job.arm)
    if not isinstance(arm, DpoArm):
        raise SystemExit(f"--arm {job.arm}: no dpo arm of {job.run}; there are {', '.join(run.recipe.arms)}")
    start = model_source(run, arm.start)
    reference = ReferenceStore(Ledger(run.store, layout.reference(run.student)))
    groups = arm_groups(read_groups(Ledger(run.store, layout.groups(run.student))), arm)
    examples = list(referenced_examples(groups, arm.scored, reference, reference_name(start, "float32")))
    torch.manual_seed(arm.seed)
    model = AutoModelForCausalLM.from_pretrained(start, dtype=torch.float32)
    steps = round(arm.num_train_epochs * -(-len(examples) // arm.groups_per_step))
    trainer = (_trl if job.way == "trl" else _tree)(model, arm, examples, steps, job)
    begun = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - begun
    if job.model_out:
        trainer.save_model(job.model_out)
        AutoTokenizer.from_pretrained(start).save_pretrained(job.model_out)
    pairs = sum(len(example.group.right) * len(example.group.wrong) for example in examples)
    counts = {"steps": trainer.state.global_step, "pairs": pairs, "epochs": arm.num_train_epochs}
    pipe.send({"seconds": seconds} | {name: float(count) for name, count in counts.items()})


def _tree(model: Any, arm: DpoArm, examples: list[PreferenceExample], steps: int, job: Job) -> Any:
    from training.trainers.dpo import TreeDPOConfig, TreeDPOTrainer

    args = TreeDPOConfig(
        output_dir=job.folder,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        rpo_alpha=arm.rpo_alpha,
        pair_mean=arm.pair_mean,
        groups_per_step=arm.groups_per_step,
        beta=arm.beta,
        **_schedule(arm, steps),
    )
    return TreeDPOTrainer(model, args, examples)


def _trl(model: Any, arm: DpoArm, examples: list[PreferenceExample], steps: int, job: Job) -> Any:
    from benchmarks.trl_baseline import pair_rows, trl_trainer

    rows = [row for example in examples for row in pair_rows(example)]
    a_step = -(-len(rows) * arm.num_train_epochs // steps)
    nll = {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, arm.rpo_alpha]} if arm.rpo_alpha else {}
    return trl_trainer(
        model,
        rows,
        Path(job.folder),
        MICRO_BATCH,
        gradient_accumulation_steps=max(1, round(a_step / MICRO_BATCH)),
        beta=arm.beta,
        **nll,
        **_schedule(arm, steps),
    )


def _schedule(arm: DpoArm, steps: int) -> dict[str, Any]:
    return {
        "learning_rate": arm.learning_rate,
        "max_steps": steps,
        "warmup_steps": arm.warmup_ratio,
        "lr_scheduler_type": arm.lr_scheduler_type,
        "seed": arm.seed,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dpo_local", description=__doc__)
    parser.add_argument("run", type=Path, help="a finished run's folder")
    parser.add_argument("--arm", default="dpo")
    parser.add_argument("--json", type=Path, required=True, help="file for the results")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

"""One rank of an arm's training, inside a Ray Train worker: process group, model, trainer, checkpoints, export.

DeepSpeed is initialised and the trainer's arguments are made before the model is loaded, because both determine how its
parameters are split over the ranks while it loads.
"""

import logging
import os
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
import torch
import torch.distributed as dist

from cluster.engine.model_source import local_model
from cluster.errors import ChainprefError, InfrastructureError, InfrastructureKind, WorkError
from cluster.store.atomic import atomic_folder
from cluster.store.digests import write_sums
from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from rollout.data import layout
from rollout.data.group_rows import read_groups
from training.config import DistillArm, DpoArm, GrpoArm, SftArm, decided
from training.fused_kernels import uses_fused_kernels
from training.probe import ExportedReading, read_probe
from training.ranks.callbacks import MetricsLog, SealCheckpoints
from training.ranks.preemption import PreemptionCallback
from training.ranks.request import ArmRequest
from training.ranks.resharding import is_universal, remove_converted, resume_point
from training.ranks.zero import deepspeed_config, join_ranks, leave_arm, precision, uses_bf16
from training.reference import ReferenceStore, load_model, reference_name, referenced_examples
from training.selection import arm_groups
from training.sft import sft_arguments, write_rows

T = TypeVar("T")
_log = logging.getLogger(__name__)


def train_rank(settings: dict[str, Any]) -> None:
    """Ray Train's per-worker function. `settings` is {"requests": [ArmRequest, ...]}, all with the same `training`."""
    requests: list[ArmRequest] = settings["requests"]
    _redirect_output(requests[0].log_path, int(os.environ["RANK"]))
    join_ranks(requests[0].training)
    for request in requests:
        _redirect_output(request.log_path, int(os.environ["RANK"]))
        _log.info("arm %s: rank %s is process %d", request.name, os.environ["RANK"], os.getpid())
        _train(request)


def _train(request: ArmRequest) -> None:
    """Train one arm from its newest checkpoint and publish its model. Nothing of it stays in this process."""
    from transformers import AutoTokenizer

    if dist.get_rank() == 0:
        request.began.touch()
    resume = agreed(lambda: resume_point(request.checkpoint_dir, request.fingerprint, dist.get_world_size()))
    universal = resume is not None and is_universal(resume)
    tokenizer = AutoTokenizer.from_pretrained(local_model(request.start_model), trust_remote_code=False)
    os.environ["TENSORBOARD_LOGGING_DIR"] = str(request.checkpoint_dir / "tensorboard")
    preemption = PreemptionCallback()
    callbacks = [
        preemption,  # first: the others look at whether it saves
        MetricsLog(
            request.metrics_path,
            request.name,
            counts_anew=isinstance(request.arm, SftArm) and request.arm.rows == "chains",
        ),
        SealCheckpoints(request.checkpoint_dir, request.fingerprint, request.training.keep_checkpoints),
    ]
    trainer: Any
    if isinstance(request.arm, SftArm):
        make = _sft_trainer if request.arm.rows == "chains" else _tree_sft_trainer
        trainer = make(request, request.arm, tokenizer, callbacks, universal)
    elif isinstance(request.arm, GrpoArm):
        trainer = _policy_trainer(request, request.arm, tokenizer, callbacks, universal)
    elif isinstance(request.arm, DistillArm):
        trainer = _distill_trainer(request, request.arm, tokenizer, callbacks, universal)
    else:
        trainer = _dpo_trainer(request, request.arm, tokenizer, callbacks, universal)
    _log.info("arm %s: %s", request.name, f"resumes from {resume}" if resume else "starts")
    trainer.train(resume_from_checkpoint=None if resume is None else str(resume))
    if preemption.stopped:
        raise InfrastructureError(InfrastructureKind.DRAINED, f"arm {request.name}: the node of a rank is draining")
    export(trainer, request)
    if dist.get_rank() == 0:
        remove_converted(request.checkpoint_dir)
    leave_arm(trainer)


def agreed(decide: Callable[[], T]) -> T:
    """What `decide` returns on rank 0, given to every rank. Raises WorkError on all ranks when it fails there."""
    answer: list[Any] = [None, None]
    if dist.get_rank() == 0:
        try:
            answer[0] = decide()
        except ChainprefError as error:
            answer[1] = str(error)
    device = torch.device("cuda", torch.cuda.current_device()) if dist.get_backend() == "nccl" else None
    dist.broadcast_object_list(answer, src=0, device=device)
    if answer[1] is not None:
        raise WorkError(answer[1])
    return cast(T, answer[0])


def export(trainer: Any, request: ArmRequest) -> None:
    """Publish the trained model, gathered from all ranks, as a Hugging Face directory with its tokenizer and, where it
    is asked a probe, what its weights in the ranks' memory say to that."""
    asked = None
    if request.probe is not None:
        trainer.model.set_attn_implementation("sdpa")  # training may have set it to trees
        asked = ExportedReading(request.probe, read_probe(trainer.model_wrapped, request.probe))
    if dist.get_rank() == 0:
        with atomic_folder(request.model_dir) as temporary:
            trainer.save_model(str(temporary))
            (temporary / "training_args.bin").unlink(missing_ok=True)
            if asked is not None:
                (temporary / layout.EXPORTED_PROBE).write_bytes(msgspec.json.encode(asked))
            (temporary / layout.MADE_FROM).write_bytes(msgspec.json.format(msgspec.json.encode(request.made_from)))
            write_sums(temporary)
    else:
        # Gathering parameters is collective, so every rank calls this; only the first rank writes.
        trainer.save_model(str(request.model_dir))
    dist.barrier()


def training_arguments(request: ArmRequest, micro_rows: int, accumulation: int, universal: bool) -> dict[str, Any]:
    """Keyword arguments of transformers' TrainingArguments that all methods share.

    `micro_rows`: rows of one forward pass on a rank. `accumulation`: forward passes of one optimizer step on a rank.
    `universal`: whether the checkpoint to resume from is a universal one.
    """
    arm, training = request.arm, request.training
    on_gpu = training.gpus_per_rank > 0
    return {
        "output_dir": str(request.checkpoint_dir),
        "per_device_train_batch_size": micro_rows,
        "gradient_accumulation_steps": accumulation,
        "learning_rate": arm.learning_rate,
        "num_train_epochs": arm.num_train_epochs,
        "max_steps": arm.max_steps,
        "lr_scheduler_type": arm.lr_scheduler_type,
        "warmup_steps": arm.warmup_ratio,
        "weight_decay": arm.weight_decay,
        "adam_beta2": arm.adam_beta2,
        "max_grad_norm": arm.max_grad_norm,
        "gradient_checkpointing": decided(arm.gradient_checkpointing),
        "gradient_checkpointing_kwargs": {"use_reentrant": False},
        "seed": arm.seed,
        "data_seed": arm.seed,
        "bf16": uses_bf16(training),
        "deepspeed": deepspeed_config(training, universal=universal),
        "accelerator_config": {"use_configured_state": not on_gpu},
        "logging_steps": training.logging_steps,
        "logging_nan_inf_filter": False,  # it would log the loss before in place of one that is no number
        "save_steps": training.checkpoint_steps,
        # `SealCheckpoints` removes old ones once a newer one is sealed; the trainer's own rotation would not wait.
        "save_total_limit": None,
        "report_to": ["tensorboard"],
        "disable_tqdm": True,
        "dataloader_pin_memory": on_gpu,
        # Packing takes a core some tenths of a second a step. On the CPU the cores are the model's own.
        "dataloader_num_workers": 1 if on_gpu else 0,
    }


def tree_arguments(request: ArmRequest, universal: bool) -> dict[str, Any]:
    """Keyword arguments of `training.trainers.base.TreeConfig`; `universal`: as in `training_arguments`."""
    return {
        # A batch of these trainers is a whole step, which they pack into rows themselves.
        **training_arguments(request, 1, 1, universal),
        "groups_per_step": request.arm.groups_per_step,
        "tokens_per_micro_step": decided(request.training.tokens_per_micro_step),
    }


def start_model(request: ArmRequest) -> Any:
    """The model that training starts from. Call it when the arguments are made: they split it while it loads."""
    training = request.training
    return load_model(request.start_model, precision(training), fused_kernels=uses_fused_kernels(training))


def _sft_trainer(request: ArmRequest, arm: SftArm, tokenizer: Any, callbacks: list[Any], universal: bool) -> Any:
    from training.ranks.sft_trainer import CountingSFTTrainer

    folder = request.checkpoint_dir / f"rows-{request.fingerprint}"
    rows = agreed(lambda: write_rows(arm_groups(read_groups(request.ledger, request.units), arm), arm, folder))
    batches = agreed(lambda: rows.batches(arm, request.training))
    config = sft_arguments(training_arguments(request, *batches, universal))
    model = start_model(request)
    return CountingSFTTrainer(model, config, rows=rows, arm=arm, processing_class=tokenizer, callbacks=callbacks)


def _tree_sft_trainer(request: ArmRequest, arm: SftArm, tokenizer: Any, callbacks: list[Any], universal: bool) -> Any:
    from training.sft_examples import StoredChains, chain_examples, write_chains
    from training.trainers.sft import TreeSFTConfig, TreeSFTTrainer

    folder = request.checkpoint_dir / f"examples-{request.fingerprint}"
    groups = arm_groups(read_groups(request.ledger, request.units), arm)
    agreed(lambda: write_chains(chain_examples(groups, arm), arm, folder))
    config = TreeSFTConfig(**tree_arguments(request, universal), equal=arm.equal)
    model = start_model(request)
    return TreeSFTTrainer(model, config, StoredChains(folder), processing_class=tokenizer, callbacks=callbacks)


def _policy_trainer(request: ArmRequest, arm: GrpoArm, tokenizer: Any, callbacks: list[Any], universal: bool) -> Any:
    from training.policy_examples import StoredSamples, policy_examples, write_samples
    from training.trainers.policy import TreePolicyConfig, TreePolicyTrainer
    from training.tree.policy_loss import PolicyOptions

    folder = request.checkpoint_dir / f"examples-{request.fingerprint}"
    groups = arm_groups(read_groups(request.ledger, request.units), arm)
    agreed(lambda: write_samples(policy_examples(groups, arm, request.max_tokens), folder))
    config = TreePolicyConfig(
        **tree_arguments(request, universal),
        **{option.name: getattr(arm, option.name) for option in fields(PolicyOptions)},
        credit=arm.credit,
    )
    model = start_model(request)
    return TreePolicyTrainer(model, config, StoredSamples(folder), processing_class=tokenizer, callbacks=callbacks)


def _distill_trainer(
    request: ArmRequest, arm: DistillArm, tokenizer: Any, callbacks: list[Any], universal: bool
) -> Any:
    from training.distill.examples import StoredDistillation, write_distillation
    from training.distill.targets import Targets, question_of, vocabulary_of
    from training.trainers.distill import TreeDistillConfig, TreeDistillTrainer

    question = question_of(arm, request.teacher, vocabulary_of(tokenizer), request.training)
    targets = Targets(Ledger(open_store(request.run), request.targets), question, request.ledger, request.units)
    folder = request.checkpoint_dir / f"examples-{request.fingerprint}"
    agreed(lambda: write_distillation(targets.examples(), folder))
    config = TreeDistillConfig(
        **tree_arguments(request, universal),
        compare=arm.compare,
        beta=arm.beta,
        tail=arm.tail,
        equal=arm.equal,
        vocabulary=question.vocabulary,
    )
    head = None if question.of_engines else targets.head()
    model = start_model(request)
    return TreeDistillTrainer(
        model, config, StoredDistillation(folder), head, processing_class=tokenizer, callbacks=callbacks
    )


def _dpo_trainer(request: ArmRequest, arm: DpoArm, tokenizer: Any, callbacks: list[Any], universal: bool) -> Any:
    from training.examples import StoredExamples, write_examples
    from training.trainers.dpo import TreeDPOConfig, TreeDPOTrainer
    from training.tree.loss import LossOptions

    reference = ReferenceStore(Ledger(open_store(request.run), request.reference))
    fused = uses_fused_kernels(request.training)
    name = reference_name(request.reference_model or request.start_model, precision(request.training), fused)
    folder = request.checkpoint_dir / f"examples-{request.fingerprint}"
    groups = arm_groups(read_groups(request.ledger, request.units), arm)
    agreed(lambda: write_examples(referenced_examples(groups, arm.scored, reference, name), folder))
    config = TreeDPOConfig(
        **tree_arguments(request, universal),
        **{option.name: getattr(arm, option.name) for option in fields(LossOptions)},
        pair_mean=arm.pair_mean,
    )
    model = start_model(request)
    return TreeDPOTrainer(model, config, StoredExamples(folder), processing_class=tokenizer, callbacks=callbacks)


def _redirect_output(log_path: Path, rank: int) -> None:
    """Send everything that this process writes to a log file of its own: libraries print, log and warn in many ways."""
    descriptor = os.open(f"{log_path}.rank{rank}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")

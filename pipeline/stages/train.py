"""Stage `train`: trains every arm of the recipe, each one after the arm that it starts from."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cluster.engine.model_source import local_tokenizer
from cluster.errors import WorkError
from pipeline.decisions.settle import settle
from pipeline.decisions.values import decided_recipe
from pipeline.recipe import GIVEN_MODELS
from pipeline.run.arms import begin_arm
from pipeline.run.folder import Run
from pipeline.run.models import model_source
from pipeline.stages.arms.rounds import train_in_rounds
from pipeline.stages.arms.spent import interruption_recorded
from pipeline.stages.arms.targets import ensure_targets_of, refuse_other_tokenizers
from pipeline.stages.arms.watching import train_watched
from pipeline.stages.needs import await_ranks
from pipeline.stages.probes import probe_text
from pipeline.stages.reference import ensure_references
from rollout.data import layout
from training.config import ArmConfig, DistillArm, TrainingConfig

if TYPE_CHECKING:
    from cluster.engine.probe import ProbeText


def complete(run: Run) -> bool:
    """Whether every arm's model is published."""
    return all(run.model(name).is_dir() for name in run.recipe.arms)


def work(run: Run) -> None:
    """Train the arms that are missing; an interrupted one resumes from its newest verified checkpoint.

    Arms that do not start from each other are trained in the same processes, one after the other; those that learn in
    rounds, round by round. Raises WorkError at the end for those that learnt nothing in any round, once all others that
    can be trained are.
    """
    if run.recipe.training.gpus_per_rank and not complete(run):
        # On a cluster that grows, their GPUs may not have been there when the run began.
        await_ranks(run, run.recipe.training.ranks)
        settle(run)
    recipe = decided_recipe(run)
    done = {"base"} | {name for name in recipe.arms if run.model(name).is_dir()}
    left = {name: arm for name, arm in recipe.arms_in_order() if name not in done}
    served = not run.recipe.engines.student.scripted
    probe = probe_text(run, local_tokenizer(model_source(run, "base"))) if left and served else None
    # Arms may have come to the recipe since the models were checked.
    distilling = any(isinstance(arm, DistillArm) for arm in left.values())
    tokenizers = {name: local_tokenizer(model_source(run, name)) for name in GIVEN_MODELS} if distilling else {}
    nothing_learnt: dict[str, str] = {}
    while ready := {name: arm for name, arm in left.items() if arm.start in done}:
        refuse_other_tokenizers(tokenizers, ready)
        plain = {name: arm for name, arm in ready.items() if arm.rounds is None}
        _train_plain(run, plain, recipe.training, probe)
        in_rounds = {name: arm for name, arm in ready.items() if name not in plain}
        nothing_learnt |= train_in_rounds(run, in_rounds, recipe.training, probe)
        done |= ready.keys() - nothing_learnt.keys()
        left = {name: arm for name, arm in left.items() if name not in ready}
    if nothing_learnt:
        raise WorkError("; ".join(f"arm {name}: {why}" for name, why in nothing_learnt.items()))


def _train_plain(run: Run, arms: Mapping[str, ArmConfig], training: TrainingConfig, probe: "ProbeText | None") -> None:
    """Train these arms, whose start models are there, on the groups that the run has."""
    from training.ranks.request import ArmRequest

    requests = [
        ArmRequest(
            name=name,
            arm=arm,
            training=training,
            start_model=model_source(run, arm.start),
            run=run.store.uri,
            groups=layout.groups(run.student),
            model_dir=run.model(name),
            checkpoint_dir=run.folder / layout.checkpoints(name),
            log_path=run.folder / layout.training_log(name),
            reference=layout.reference(run.student),
            targets=layout.targets(run.student),
            teacher=model_source(run, "teacher"),
            probe=probe,
            units=begin_arm(run, name),
        )
        for name, arm in arms.items()
    ]

    def ended(request: ArmRequest, counts: dict[str, float]) -> None:
        run.events.add("arm trained", arm=request.name, seconds=spent.seconds(request.name), **counts)
        spent.end(request.name)

    if requests:
        with interruption_recorded(run, tuple(arms)) as spent:
            ensure_references(run, arms, spent)
            ensure_targets_of(run, arms.items(), spent)
            train_watched(run, requests, spent, ended)

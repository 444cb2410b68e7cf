"""What the teacher says at the tokens of the chains that a distillation arm learns at."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cluster import telemetry
from cluster.engine.model_source import local_tokenizer
from cluster.errors import RequestError
from cluster.pool.placement import type_resource
from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from pipeline.decisions.values import decided_recipe
from pipeline.plan.models import refuse_wide_answers
from pipeline.run.arms import arm_units
from pipeline.run.folder import Run
from pipeline.run.models import model_source, served_model
from pipeline.run.progress import progress_bar
from pipeline.stages.arms.spent import Spent
from pipeline.stages.hosts import pool_of
from pipeline.stages.needs import await_ranks
from pipeline.stages.probes import proven
from rollout.data import layout
from training.config import ArmConfig, DistillArm, decided

if TYPE_CHECKING:
    from training.distill.targets import Question, Targets


def refuse_other_tokenizers(tokenizers: Mapping[str, Path], arms: Mapping[str, ArmConfig]) -> None:
    """Raise RequestError where an arm distils, and teacher and student have not the same tokens, or fewer than it
    compares. `tokenizers`: folders of those of `teacher` and `base`."""
    distilling = [name for name, arm in arms.items() if isinstance(arm, DistillArm)]
    if not distilling:
        return
    # Imported here: it takes seconds, and every run comes by.
    from transformers import AutoTokenizer

    folders = [tokenizers[name] for name in ("teacher", "base")]
    tokens = [AutoTokenizer.from_pretrained(folder, trust_remote_code=False).get_vocab() for folder in folders]
    if tokens[0] != tokens[1]:
        other = next(iter(tokens[0].items() - tokens[1].items() or tokens[1].items() - tokens[0].items()))
        raise RequestError(
            f"arms.{distilling[0]}: method = 'distill' needs a teacher with the student's tokenizer, but token "
            f"{other[0]!r} has not the same id in both; name two models of one family, or take another method"
        )
    refuse_wide_answers(arms, len(tokens[0]))


def ensure_targets(run: Run, arm: DistillArm, title: str, groups: str, units: Sequence[str] = ()) -> None:
    """Have the teacher answer what is missing: its engines, or tasks with the resources of a rank that hold it.

    `groups`: prefix of the ledger of the groups; `units`: names of their units, none for all that count.
    """
    from training.distill.targets import Targets

    question = question_for(run, arm)
    targets = Targets(run.ledger(layout.targets(run.student)), question, run.ledger(groups), units)
    if targets.missing():
        scored = (
            _ask_engines(run, question, targets, title)
            if question.of_engines
            else _ask_tasks(run, question, groups, units)
        )
        run.events.add("targets", arm=title, scored=scored)


def _ask_engines(run: Run, question: "Question", targets: "Targets", title: str) -> int:
    """Ask the teacher's hosts. Returns the number of chains."""
    from rollout.hosts.scoring import AskedChain, ScoreWork, join_scores
    from training.distill.targets import asked

    model = proven(run, "teacher", served_model(run, "teacher"))
    chains = dict(targets.pending())
    works = [
        ScoreWork(
            unit=name,
            model=model,
            chains=tuple(AskedChain(*asked(chain)) for chain in own),
            likeliest=question.likeliest,
            vocabulary=question.vocabulary,
        )
        for name, own in chains.items()
        if own
    ]
    for name in (name for name, own in chains.items() if not own):
        targets.publish(name, (), ())
    if not works:
        return 0
    scored, total = 0, sum(work.size for work in works)
    with (
        pool_of(run, "teacher", model, join_scores) as pool,
        progress_bar(run.console, f"the teacher, for {title}", total) as bar,
    ):
        for result in pool.run(works):
            targets.publish(result.unit, chains[result.unit], result.said)
            scored += len(result.said)
            bar.update(scored)
    return scored


def _ask_tasks(run: Run, question: "Question", groups: str, units: Sequence[str]) -> int:
    """Ask tasks that hold the teacher, as many as ranks train. Returns the number of chains."""
    import ray

    from cluster.jobs.session import results

    await_ranks(run, 1)
    training = decided_recipe(run).training
    bundle, tasks = training.bundle, training.ranks
    task = ray.remote(_answer_share).options(
        num_cpus=bundle.cpus, num_gpus=bundle.gpus, resources=type_resource(bundle.gpu), max_retries=3
    )
    tokens = decided(training.tokens_per_micro_step)
    device = "cuda" if training.gpus_per_rank > 0 else "cpu"
    share = (run.store.uri, layout.targets(run.student), question, groups, tuple(units), tokens, device)
    return sum(results([task.remote(*share, rank, tasks) for rank in range(tasks)]))


def question_for(run: Run, arm: DistillArm) -> "Question":
    """What the run's teacher is asked for an arm."""
    from transformers import AutoTokenizer

    from training.distill.targets import question_of, vocabulary_of

    folder = local_tokenizer(model_source(run, "base"))
    vocabulary = vocabulary_of(AutoTokenizer.from_pretrained(folder, trust_remote_code=False))
    return question_of(arm, model_source(run, "teacher"), vocabulary, decided_recipe(run).training)


def ensure_targets_of(run: Run, arms: Iterable[tuple[str, ArmConfig]], spent: Spent) -> None:
    """Those of the arms that learn at the teacher's chains. Of several that ask the same the first one bears it."""
    for name, arm in arms:
        if isinstance(arm, DistillArm):
            with spent.own(name):
                ensure_targets(run, arm, name, layout.groups(run.student), arm_units(run, name))


def _answer_share(
    run_uri: str,
    prefix: str,
    question: "Question",
    groups: str,
    units: Sequence[str],
    tokens: int,
    device: str,
    rank: int,
    tasks: int,
) -> int:
    """A task's share. It reports the stage's units as those of the reference."""
    from training.distill.targets import Targets
    from training.heap import give_back

    store = open_store(run_uri)
    telemetry.reset()  # the worker process may have scored another share before
    targets = Targets(Ledger(store, prefix), question, Ledger(store, groups), units)
    scored = targets.answer(
        tokens_per_micro_step=tokens,
        device=device,
        rank=rank,
        world=tasks,
        progress=lambda done, planned: telemetry.report_units(prefix, "reference", done, planned),
    )
    give_back()  # the worker stays
    telemetry.reset()
    return scored

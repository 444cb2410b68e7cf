"""Arms that learn in rounds, on real ranks: killed at several points they end as if nobody had killed them. The hosts
play known solutions, so that what a policy writes is the same in both."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cluster.store.ledger import Ledger
from pipeline.commands.verify import contradictions, hash_files
from pipeline.recipe import Recipe, load_recipe
from pipeline.run.folder import open_run, read_run
from pipeline.stages.arms import rounds
from pipeline.stages.arms.policies import ArmRounds
from pipeline.stages.execute import run_all
from rollout.data import layout
from rollout.data.group_rows import read_groups
from rollout.data.unit_rows import UnitRows
from rollout.records import Chain, Episode, Outcome, Score
from tests.repository import DATA
from training.ranks.metrics import read_metrics

pytestmark = [pytest.mark.engine, pytest.mark.long, pytest.mark.timeout(1500)]

SCRIPTED = "{ wrong = 0.5, median_s = 0.002 }"
ROUNDS = "rounds = { rounds = 2, problems = 4, samples = 6 }"
HELP = 'help = { examples = 1, calls = "all", answer = true, samples = 4 }'
"""All but the documentation, which alone takes more tokens than the tiny model has positions."""

REWARDS = "rewards = { format = 0.5, length = { weight = 0.1, target = 20, limit = 100 } }"
SETTINGS = (
    f"engines.teacher.scripted={SCRIPTED}",
    f"engines.student.scripted={SCRIPTED}",
    "training.ranks=1",
    "problems.arithmetic.test=2",
    f'arms.online={{ method = "dpo", groups_per_step = 2, chosen_from = "teacher", {ROUNDS} }}',
    f'arms.rlag={{ method = "dpo", groups_per_step = 2, chosen_from = "helped", {HELP}, {ROUNDS} }}',
    f'arms.guided={{ method = "distill", groups_per_step = 2, guide = {{ share = 0.5 }}, {ROUNDS} }}',
    f'arms.grpo={{ method = "grpo", groups_per_step = 2, {REWARDS}, {ROUNDS} }}',
    f'arms.distilled={{ method = "distill", groups_per_step = 2, {ROUNDS} }}',
    f'arms.asked={{ method = "distill", compare = "sampled", groups_per_step = 2, {ROUNDS} }}',
    'arms.offline={ method = "distill", compare = "top_k", top_k = 3, groups_per_step = 4 }',
)
LEARNING = ("online", "rlag", "guided", "grpo", "distilled", "asked")


class Killed(Exception):
    """Stands for a kill: it ends the command where it is raised."""


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    whole = load_recipe(DATA / "smallest.toml", SETTINGS)
    return whole.model_copy(update={"arms": {name: whole.arms[name] for name in (*LEARNING, "offline")}})


@pytest.fixture(scope="module")
def ray_session() -> Iterator[None]:
    import ray

    ray.init(address="local", num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


def finish(recipe: Recipe, folder: Path) -> None:
    with open_run(recipe, folder, Console(quiet=True), verbose=False) as run:
        run_all(run)


def chains_of(ledger: Ledger) -> Iterator[Chain]:
    """The chains of a ledger's groups."""
    return (chain for group in read_groups(ledger) for chain in group.chains)


def learnt(folder: Path, arm: str) -> dict[str, Any]:
    """All that follows from an arm's rounds: what its policies wrote, how its losses fell, and its weights."""
    run = read_run(folder, Console(quiet=True))
    ledgers = [run.ledger(layout.round_groups(run.student, arm, number)) for number in range(2)]
    rows = read_metrics(folder / layout.checkpoints(arm) / layout.METRICS)
    return {
        "chains": [(chain.token_ids, chain.label) for ledger in ledgers for chain in chains_of(ledger)],
        "losses": [(row["step"], row["loss"]) for row in rows],
        "weights": (run.model(arm) / "model.safetensors").read_bytes(),
        "policies": [(folder / layout.round_model(arm, at) / "model.safetensors").read_bytes() for at in range(2)],
    }


def test_killed_rounds_end_as_if_nobody_had_killed_them(
    recipe: Recipe, ray_session: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(recipe, tmp_path / "whole")
    # Each point once: after the attempts of round 0, before its training, after it, and before the models are there.
    for point in ("_build_groups", "_score", "_train", "_end", "_publish"):
        with monkeypatch.context() as planted:

            def killed(*_: Any, **__: Any) -> None:
                raise Killed

            planted.setattr(rounds, point, killed)
            with pytest.raises(Killed):
                finish(recipe, tmp_path / "killed")
    finish(recipe, tmp_path / "killed")
    for arm in LEARNING:
        whole, resumed = learnt(tmp_path / "whole", arm), learnt(tmp_path / "killed", arm)
        assert resumed == whole
        first, second = whole["policies"]
        assert whole["weights"] == second != first, "each round made another policy, and the last one is published"
        assert all(logprob <= 0 for logprob in sampled_logprobs(tmp_path / "whole", arm))
    run = read_run(tmp_path / "whole", Console(quiet=True))
    taught = list(chains_of(run.ledger(layout.round_groups(run.student, "online", 0))))
    assert {(chain.label, bool(chain.episodes), bool(chain.teacher_episodes)) for chain in taught} == {
        (Outcome.RIGHT, False, True),
        (Outcome.WRONG, True, False),
    }
    check_helped(tmp_path / "whole")
    check_guided(tmp_path / "whole")
    # A script's log-probabilities are not the model's: the difference is there, and only where it is used.
    found = {arm: ArmRounds(run, arm, recipe.arms[arm]).records()[0] for arm in ("online", "grpo")}
    assert found["online"].logp_difference is None
    assert (found["grpo"].logp_difference or 0.0) > 0.01
    # What the trainer learnt from is the weighted sum of what the round recorded, in steps of 12 episodes each.
    assert found["online"].rewards == {}
    given = found["grpo"].rewards
    assert 0 < given["label"] < 1 > given["format"] > 0 < given["length"] < 1
    rows = read_metrics(run.folder / layout.round_checkpoints("grpo", 0) / layout.METRICS)
    learnt_from = sum(row["reward"] for row in rows) / len(rows)
    assert learnt_from == pytest.approx(given["label"] + 0.5 * given["format"] + 0.1 * given["length"])
    offline = [(tmp_path / run / "models/offline/model.safetensors").read_bytes() for run in ("whole", "killed")]
    assert offline[0] == offline[1]
    for folder in (tmp_path / "whole", tmp_path / "killed"):
        run = read_run(folder, Console(quiet=True))
        assert hash_files(run).faults == []
        assert list(contradictions(run)) == []


def attempts_of(folder: Path, prefix: str) -> list[Episode]:
    """The attempts in a ledger of a run."""
    ledger = read_run(folder, Console(quiet=True)).ledger(prefix)
    rows = UnitRows(Episode, ledger)
    return [row for unit in sorted(ledger.history()) for row in rows.read(unit)]


def check_helped(folder: Path) -> None:
    """Chains that were written with help stand on the prompt without it, against wrong ones without help."""
    run = read_run(folder, Console(quiet=True))
    record = ArmRounds(run, "rlag", run.recipe.arms["rlag"]).records()[0]
    aided = attempts_of(folder, layout.round_helped("rlag", 0))
    own = attempts_of(folder, layout.round_episodes("rlag", 0))
    assert {row.help for row in aided} == {("examples", "calls", "answer")}
    assert {row.help for row in own} == {()}
    assert (record.attempts, record.helped_attempts) == (4 * 6, 4 * 4) == (len(own), len(aided))
    assert record.helped["right"] == sum(row.outcome is Outcome.RIGHT for row in aided)
    assert record.taken == record.helped["right"], "the script follows its calls, so that each answer is worked out"
    groups = list(read_groups(run.ledger(layout.round_groups(run.student, "rlag", 0))))
    wrote = {
        (bool(chain.episodes), bool(chain.helped_episodes), chain.label) for each in groups for chain in each.chains
    }
    assert wrote == {(False, True, Outcome.RIGHT), (True, False, Outcome.WRONG)}
    prompts = {(row.problem_id, row.prompt_ids) for row in own}
    assert {(each.problem_id, each.prompt_ids) for each in groups} <= prompts
    assert not prompts & {(row.problem_id, row.prompt_ids) for row in aided}
    scored = UnitRows(Score, run.ledger(layout.SCORES))
    for unit in run.ledger(layout.SCORES).history():
        for row in scored.read(unit):
            assert (row.episode.help, row.episode.guided) == ((), 0)
            assert "Hint" not in row.episode.prompt_text


def check_guided(folder: Path) -> None:
    """The teacher begins half of the first round's attempts and none of the last's; none of its tokens is learnt."""
    run = read_run(folder, Console(quiet=True))
    first, last = ArmRounds(run, "guided", run.recipe.arms["guided"]).records()
    begun = attempts_of(folder, layout.round_helped("guided", 0))
    assert len(begun) == first.helped_attempts > 0 == last.helped_attempts
    assert all(0 < row.guided < len(row.steps) for row in begun if row.outcome is Outcome.RIGHT)
    chains = [chain for chain in chains_of(run.ledger(layout.round_groups(run.student, "guided", 0))) if chain.guided]
    assert sum(chain.multiplicity for chain in chains) == sum(
        row.outcome is not Outcome.INFRASTRUCTURE for row in begun
    )
    assert all(not {*range(chain.guided)} & {*chain.step} for chain in chains)


def sampled_logprobs(folder: Path, arm: str) -> list[float]:
    """The sampler's log-probabilities in the chains of the first round, which have one for each token."""
    run = read_run(folder, Console(quiet=True))
    ledger = run.ledger(layout.round_groups(run.student, arm, 0))
    chains = [chain for chain in chains_of(ledger) if chain.episodes]  # the others are the teacher's
    assert all(len(chain.logprobs) == len(chain.token_ids) for chain in chains)
    return [logprob for chain in chains for logprob in chain.logprobs]

"""Arms whose policies attempt coming rounds while an update trains, on real ranks beside hosts that stay up: killed at
several points they end as if nobody had killed them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cluster.engine.model_source import model_revision
from pipeline.commands.verify import contradictions, hash_files
from pipeline.recipe import Recipe, load_recipe
from pipeline.run.folder import Run, read_run
from pipeline.stages.arms import rounds
from pipeline.stages.arms.policies import ArmRounds, stale_share
from pipeline.stages.arms.round import Round
from rollout.data import layout
from rollout.data.group_rows import read_groups
from rollout.data.shards import read_rows
from rollout.records import Episode
from tests.integration.test_rounds import SCRIPTED, Killed, chains_of, finish
from tests.repository import DATA
from training.policy_examples import policy_examples
from training.ranks.metrics import read_metrics
from training.sampled import sampler_difference

pytestmark = [pytest.mark.engine, pytest.mark.long, pytest.mark.timeout(1500)]

SETTINGS = (
    f"engines.teacher.scripted={SCRIPTED}",
    f"engines.student.scripted={SCRIPTED}",
    "training.ranks=1",
    "training.beside_hosts=true",
    "problems.arithmetic.test=2",
    'arms.stale={ method = "grpo", learning_rate = 1e-3, groups_per_step = 2, '
    "rounds = { rounds = 3, problems = 4, samples = 6, max_staleness = 1 } }",
    'arms.stepped={ method = "grpo", groups_per_step = 4, rounds = { rounds = 2, problems = 4, samples = 6 } }',
)
ROUNDS = {"stale": 3, "stepped": 2}


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    whole = load_recipe(DATA / "smallest.toml", SETTINGS)
    return whole.model_copy(update={"arms": {name: whole.arms[name] for name in ROUNDS}})


@pytest.fixture(scope="module")
def ray_session() -> Iterator[None]:
    import ray

    ray.init(address="local", num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


def learnt(folder: Path, arm: str) -> dict[str, Any]:
    """All that follows from an arm's rounds: what its policies wrote, how its losses fell, and all weights."""
    run, numbers = read_run(folder, Console(quiet=True)), range(ROUNDS[arm])
    ledgers = [run.ledger(layout.round_groups(run.student, arm, number)) for number in numbers]
    rows = read_metrics(folder / layout.checkpoints(arm) / layout.METRICS)
    return {
        "chains": [(chain.token_ids, chain.label) for ledger in ledgers for chain in chains_of(ledger)],
        "losses": [(row["step"], row["loss"]) for row in rows],
        "policies": [(folder / layout.round_model(arm, at) / "model.safetensors").read_bytes() for at in numbers],
        "weights": (run.model(arm) / "model.safetensors").read_bytes(),
    }


def test_stale_rounds_that_were_killed_end_as_if_nobody_had_killed_them(
    recipe: Recipe, ray_session: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(recipe, tmp_path / "whole")
    for point in ("_build_groups", "_train", "_end", "_publish"):
        with monkeypatch.context() as planted:

            def killed(*_: Any, **__: Any) -> None:
                raise Killed

            planted.setattr(rounds, point, killed)
            with pytest.raises(Killed):
                finish(recipe, tmp_path / "killed")
    finish(recipe, tmp_path / "killed")
    for arm in ROUNDS:
        assert learnt(tmp_path / "killed", arm) == learnt(tmp_path / "whole", arm)
    for folder in (tmp_path / "whole", tmp_path / "killed"):
        run = read_run(folder, Console(quiet=True))
        assert hash_files(run).faults == []
        assert list(contradictions(run)) == []
    run = read_run(tmp_path / "whole", Console(quiet=True))
    stale = ArmRounds(run, "stale", recipe.arms["stale"])
    records = stale.records()
    assert [record.age for record in records] == [0, 1, 1]
    assert stale_share(records) == pytest.approx(2 / 3)
    assert_attempted_by_their_policies(stale)
    assert_held_against_the_policy_that_sampled(stale)
    assert_idle_shares(run)


def assert_attempted_by_their_policies(stale: ArmRounds) -> None:
    """Round r by the policy that r - 1 updates made, and before the update of round r - 1 had ended."""
    records = stale.records()
    for number, record in enumerate(records):
        each = Round(stale, records[:number])
        made = list(read_rows(Episode, stale.run.ledger(each.episodes)))
        assert {one.producer.revision for one in made} == {model_revision(stale.policy(records[: max(0, number - 1)]))}
        assert sorted((one.problem_id, one.sample) for one in made) == sorted(
            (problem, sample) for unit in each.units for problem in unit.problem_ids for sample in range(6)
        )
        if record.number:
            before = (stale.run.folder / layout.round_record("stale", number - 1)).stat().st_mtime
            commits = (stale.run.folder / each.episodes / "commits").iterdir()
            assert any(commit.stat().st_mtime < before for commit in commits)


def assert_held_against_the_policy_that_sampled(stale: ArmRounds) -> None:
    """A script's log-probabilities are nobody's: the difference is that policy's own, and the drift another one's."""
    records = stale.records()
    assert records[0].drift is None
    for number in (1, 2):
        each = Round(stale, records[:number])
        examples = list(policy_examples(read_groups(stale.run.ledger(each.groups)), stale.arm))  # type: ignore[arg-type]

        sampled = sampler_difference(each.policy, examples, tokens_per_micro_step=8192)
        trained = sampler_difference(each.start, examples, tokens_per_micro_step=8192)
        assert records[number].logp_difference == pytest.approx(sampled[0] / sampled[1], rel=1e-6)
        assert sampled[0] != pytest.approx(trained[0], rel=1e-3)
        assert records[number].drift is not None


def assert_idle_shares(run: Run) -> None:
    """Arms that went through a round together share its idle time, which is part of its time once."""
    events = [row for row in run.events.read() if row.get("event") in ("round", "rounds", "arm trained")]
    assert [row["beside"] for row in events if row["event"] == "rounds"] == [True]
    ended = {(row["arm"], row["round"]): row for row in events if row["event"] == "round"}
    for number in (0, 1):
        one, other = ended["stale", number], ended["stepped", number]
        assert one["hosts_idle"] == other["hosts_idle"]
        assert one["ranks_idle"] == other["ranks_idle"]
    for (arm, number), row in ended.items():
        assert 0 < row["ranks_idle"] < 1
        record = ArmRounds(run, arm, run.recipe.arms[arm]).records()[number]
        assert row["seconds"] == record.seconds
        assert record.seconds is not None
        assert record.seconds > 0
    assert 0 < ended["stale", 0]["hosts_idle"] < 1
    assert ended["stale", 2]["hosts_idle"] == 1, "its attempts were made in the rounds before"
    # A session that found the update done has trained nothing.
    killed = [
        row for row in read_run(run.folder.parent / "killed", run.console).events.read() if row["event"] == "round"
    ]
    assert [row["ranks_idle"] for row in killed if row["round"] == 0] == [1, 1]

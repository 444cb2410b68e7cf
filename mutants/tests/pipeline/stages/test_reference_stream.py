"""Chains are scored during rollouts, where resources are free; the others are scored after them."""

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cluster.store.ledger import Ledger
from pipeline.recipe import load_recipe
from pipeline.run.folder import Run, open_run
from pipeline.stages import reference, reference_stream, rollout
from pipeline.stages.execute import ray_up, run_one
from pipeline.stages.reference import start_shares
from pipeline.stages.reference_stream import ReferenceStream
from rollout.data import layout
from tests.rollout.conversations import tokenizer
from training.config import DpoArm
from training.reference import ReferenceStore

pytestmark = pytest.mark.engine

RECIPE = """
[run]
name = "meanwhile"
[cluster]
local_cpus = 4
[models]
teacher = {{ source = "{model}" }}
student = {{ source = "{model}" }}
[problems.arithmetic]
family = "arithmetic"
train = 96
test = 2
difficulty = [1, 1]
[episodes]
verbosity = "names"
[engines.teacher]
count = 1
cpus = 0.5
live_episodes = 16
engine = {{ max_context = 8192 }}
scripted = {{ median_s = 0.05, sigma = 0.5, wrong = 0.4 }}
[rollout]
samples = 8
problems_per_block = 4
samples_per_unit = 4
[training]
score_meanwhile = {meanwhile}
[arms.dpo]
method = "dpo"
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights behind the conversations' tokenizer: the student. The teacher plays known solutions."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("model")
    words = tokenizer()
    words.save_pretrained(str(folder))
    torch.manual_seed(0)
    shape = LlamaConfig(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=8192,
    )
    LlamaForCausalLM(shape).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def ray_here(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[None]:
    """One Ray for both runs."""
    with played(tmp_path_factory.mktemp("ray"), model, "false") as run, ray_up(run):
        yield


def played(folder: Path, model: Path, meanwhile: str) -> AbstractContextManager[Run]:
    recipe = folder / "meanwhile.toml"
    recipe.write_text(RECIPE.format(model=model, meanwhile=meanwhile))
    return open_run(load_recipe(recipe, []), folder / "run", Console(quiet=True), verbose=False)


@pytest.mark.usefixtures("ray_here")
def test_finished_blocks_are_offered_while_rollouts_go_on(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[tuple[str, ...]] = []

    def start(run: Run, arm: DpoArm, tasks: int, units: Sequence[str]) -> list[Any]:
        assert not rollout.complete(run)
        offered.append(tuple(units))
        return []

    monkeypatch.setattr(reference_stream, "start_shares", start)
    for meanwhile in ("false", "true"):
        (tmp_path / meanwhile).mkdir()
        with played(tmp_path / meanwhile, model, meanwhile) as run:
            run_one(run, "models")
            run_one(run, "rollout")
            groups = group_units(run)
        assert bool(offered) is (meanwhile == "true")
    taken = [unit for units in offered for unit in units]
    assert len(taken) == len(set(taken)) >= 8
    assert set(taken) <= set(groups)


@pytest.fixture
def rolled_out(ray_here: None, tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A run whose groups are built and of which nothing is scored."""
    with played(tmp_path, model, "true") as run:
        with monkeypatch.context() as patch:
            patch.setattr(reference_stream, "start_shares", lambda *_: [])
            for stage in ("models", "rollout", "groups"):
                run_one(run, stage)
        yield run


def test_what_is_scored_meanwhile_is_not_scored_again(rolled_out: Run) -> None:
    stream = ReferenceStream(rolled_out)
    stream.grouped(group_units(rolled_out)[:8])
    stream.look(hosts_wait=True)
    stream.finish()
    assert scores(rolled_out) == {}, "a host without a place comes first"
    stream.look(hosts_wait=False)
    deadline = time.monotonic() + 200
    while not scores(rolled_out):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    stream.look(hosts_wait=False)
    stream.finish()
    early = scores(rolled_out)

    run_one(rolled_out, "reference")
    assert reference.complete(rolled_out)
    last = [event for event in rolled_out.events.read() if event["event"] == "reference"][-1]
    found = scores(rolled_out)
    assert last["scored"] == len(found) - len(early) > 0
    assert early.items() <= found.items()


def test_a_round_that_is_stopped_is_done_by_the_stage(rolled_out: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []

    def start(*share: Any) -> list[Any]:
        started.extend(start_shares(*share))
        return list(started)

    monkeypatch.setattr(reference_stream, "start_shares", start)
    stream = ReferenceStream(rolled_out)
    stream.grouped(group_units(rolled_out))
    stream.look(hosts_wait=False)
    assert started, "there is a round to stop"
    stream.finish()
    run_one(rolled_out, "reference")
    assert reference.complete(rolled_out)


def group_units(run: Run) -> list[str]:
    return list(Ledger(run.store, layout.groups(run.student)).history())


def scores(run: Run) -> dict[str, float]:
    stored = ReferenceStore(Ledger(run.store, layout.reference(run.student))).scores()
    return {key: score.logp for key, score in stored.items()}

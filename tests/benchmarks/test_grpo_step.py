"""TRL, chain by chain and the tree have one gradient of a group, and the benchmark ends where they have not."""

import itertools
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks import grpo_step
from benchmarks.steps import updates
from benchmarks.steps.dpo import make_model
from benchmarks.steps.groups import QUICK, SHAPES, make_chains, make_group
from benchmarks.steps.turns import Taken, flat_gradient
from benchmarks.steps.updates import UpdateSetup
from training.chains import ScoredChain
from training.tree.layout import common_prefix

# TRL says so of every vLLM that is newer than itself, and its losses know no vLLM.
pytestmark = pytest.mark.filterwarnings("ignore:TRL currently supports vLLM")


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One thread for tiny models; and trainers do not measure the machine before their first step."""
    monkeypatch.setattr("training.trainers.base.matrix_rate", lambda device: 1e9)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def taken(setup: UpdateSetup, folder: Path) -> Taken:
    """One step of a way, in this process."""
    way = replace(setup, folder=str(folder)).build()
    way.model.zero_grad()
    way.gradient()
    return Taken(way.tokens, way.note, flat_gradient(way.model), [(1.0, 1.0, 1.0)])


def test_all_ways_have_one_gradient_of_every_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_turns(setups: Sequence[UpdateSetup], repetitions: int) -> dict[str, Taken]:
        return {setup.way: taken(setup, tmp_path) for setup in setups}

    path = tmp_path / "step.json"
    monkeypatch.setattr(grpo_step, "in_turns", in_turns)
    monkeypatch.setattr(sys, "argv", ["grpo_step", "--quick", "--threads", "1", "--json", str(path)])
    assert grpo_step.main() == 0
    rows = json.loads(path.read_text())["rows"]
    found = {(row["update"], row["shape"], row["way"]): row for row in rows}
    assert len(found) == 12
    for update in ("grpo", "sft"):
        for shape in ("single", "turns"):
            trl, chains, tree = (found[update, shape, way] for way in ("trl", "chains", "tree"))
            assert chains["gradient_error"] is None
            assert 0 < trl["gradient_error"] < 1e-5
            assert 0 < tree["gradient_error"] < 1e-5
            assert tree["tokens"] < chains["tokens"]
            # Only TRL pads, and only chains that differ in length.
            assert (trl["tokens"] > chains["tokens"]) == (shape == "turns")


def tools_scored(setup: UpdateSetup) -> UpdateSetup:
    """What the model did not write counts, too."""
    chains, behaviour = [], []
    for chain, logps in zip(setup.group.chains, setup.group.behaviour, strict=True):
        start, known = chain.scored.index(True), iter(logps)
        scored = (*chain.scored[:start], *(True for _ in chain.scored[start:]))
        chains.append(ScoredChain(chain.ids, scored))
        behaviour.append(tuple(next(known) if was else -6.0 for was in chain.scored[start:]))
    return replace(setup, group=replace(setup.group, chains=tuple(chains), behaviour=tuple(behaviour)))


def other_rewards(setup: UpdateSetup) -> UpdateSetup:
    return replace(setup, group=replace(setup.group, rewards=(0.0, *setup.group.rewards[1:-1], 1.0)))


def other_sampler(setup: UpdateSetup) -> UpdateSetup:
    moved = tuple(tuple(logp + 0.01 for logp in logps) for logps in setup.group.behaviour)
    return replace(setup, group=replace(setup.group, behaviour=moved))


def twice_sampled(setup: UpdateSetup) -> UpdateSetup:
    return replace(setup, group=replace(setup.group, multiplicities=(2, *setup.group.multiplicities[1:])))


@pytest.mark.parametrize(
    ("update", "way", "fault"),
    [
        ("grpo", "trl", tools_scored),
        ("grpo", "tree", other_rewards),
        ("grpo", "trl", other_sampler),
        ("grpo", "tree", twice_sampled),
        ("sft", "tree", tools_scored),
    ],
)
def test_ways_that_do_other_work_end_the_benchmark(
    update: str, way: str, fault: Callable[[UpdateSetup], UpdateSetup], tmp_path: Path
) -> None:
    group = make_group(QUICK["turns"], make_model("tiny", "cpu"))
    plain = UpdateSetup(way="chains", threads=1, update=update, group=group, model="tiny")
    other = fault(replace(plain, way=way))
    found = {"chains": taken(plain, tmp_path), way: taken(other, tmp_path)}
    with pytest.raises(SystemExit, match=f"{update} turns {way}: gradient error .* not the same computation"):
        grpo_step.rows_of(update, "turns", found)


def test_a_loss_that_does_not_clip_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group = make_group(QUICK["single"], make_model("tiny", "cpu"))
    plain = UpdateSetup(way="chains", threads=1, update="grpo", group=group, model="tiny")
    found = {"chains": taken(plain, tmp_path)}
    monkeypatch.setattr(updates, "EPSILON", 0.9)
    found["tree"] = taken(replace(plain, way="tree"), tmp_path)
    with pytest.raises(SystemExit, match="not the same computation"):
        grpo_step.rows_of("grpo", "single", found)


def test_the_groups_are_what_the_table_says() -> None:
    single, turns = (make_chains(SHAPES[name], 8192) for name in ("single", "turns"))
    assert len(single) == len(turns) == 8
    assert {(len(chain.ids), chain.length) for chain in single} == {(720, 120)}
    assert common_prefix(single[0].ids, single[1].ids) == 600
    # Three turns of 60 written tokens and a result of 60; the last turn has no result, and is longer chain by chain.
    assert [len(chain.ids) for chain in turns] == [600 + 3 * 120 + 60 + 10 * index for index in range(8)]
    assert [chain.length for chain in turns] == [3 * 60 + 60 + 10 * index for index in range(8)]
    shared = [common_prefix(one.ids, other.ids) for one, other in itertools.pairwise(turns)]
    assert shared == [840, 720, 840, 600, 840, 720, 840]

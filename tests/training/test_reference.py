"""Reference sums: equal to each chain in a row of its own, computed once, the first loss ln 2."""

import math
from pathlib import Path

import pyarrow as pa
import pytest
import torch
from safetensors.torch import save_file

from cluster.errors import CorruptionError, RequestError
from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from tests.training.samples import sample_groups
from tests.training.tree.test_trainer import config, step_gradient
from tests.training.tree.trees import longrope_model, plain_sum, tiny_model
from training.chains import ScoredChain, ScoreRule, scored_groups
from training.heap import give_back
from training.reference import (
    ReferenceStore,
    chain_key,
    chain_logps,
    compute_reference,
    load_model,
    reference_name,
    referenced_examples,
)
from training.tree.layout import row_length
from training.tree.rows import cut_chains
from training.tree.scoring import add_tree_scoring

RULE = ScoreRule()


@pytest.fixture
def model_folder(tmp_path: Path) -> str:
    tiny_model("mistral").save_pretrained(tmp_path / "model")
    return str(tmp_path / "model")


def new_store(path: Path) -> ReferenceStore:
    return ReferenceStore(Ledger(open_store(str(path)), "reference/tiny"))


def test_sums_are_those_of_separate_rows() -> None:
    chains = [chain for group in scored_groups(sample_groups(5), RULE) for chain in group.chains]
    expected = [float(plain_sum(tiny_model("mistral"), chain).detach()) for chain in chains]
    model = tiny_model("mistral")
    add_tree_scoring(model)
    for tokens_per_micro_step in (20, 60, 4096):
        assert chain_logps(model, chains, tokens_per_micro_step) == pytest.approx(expected, rel=1e-5)


def test_only_what_is_new_is_computed(tmp_path: Path, model_folder: str) -> None:
    groups = sample_groups(6)
    distinct = len({chain for group in scored_groups(groups, RULE) for chain in group.chains})
    done = [
        compute_reference(
            model_folder, groups[:4], new_store(tmp_path), rule=RULE, tokens_per_micro_step=40, rank=rank, world=2
        )
        for rank in (0, 1)
    ]
    assert all(done)
    first = new_store(tmp_path).scores()
    assert compute_reference(model_folder, groups[:4], new_store(tmp_path), rule=RULE, tokens_per_micro_step=99) == 0
    new = compute_reference(model_folder, groups, new_store(tmp_path), rule=RULE, tokens_per_micro_step=40)
    scores = new_store(tmp_path).scores()
    assert (sum(done) + new, len(scores)) == (distinct, distinct)
    assert first.items() <= scores.items()
    longer = ScoreRule(failed_steps_in_right=True)
    assert compute_reference(model_folder, groups, new_store(tmp_path), rule=longer, tokens_per_micro_step=40) == 6


def test_the_first_loss_is_ln_2(tmp_path: Path, model_folder: str) -> None:
    groups, store = sample_groups(6), new_store(tmp_path)
    compute_reference(model_folder, groups, store, rule=RULE, tokens_per_micro_step=70)
    examples = list(referenced_examples(groups, RULE, store, reference_name(model_folder, "float32")))
    loss, _ = step_gradient(tiny_model("mistral"), config(tmp_path, groups_per_step=6), examples)
    assert loss == pytest.approx(math.log(2), abs=1e-6)


def test_a_missing_sum_is_refused(tmp_path: Path, model_folder: str) -> None:
    with pytest.raises(RequestError, match="run the reference stage"):
        list(referenced_examples(sample_groups(2), RULE, new_store(tmp_path), reference_name(model_folder, "float32")))


def test_keys_tell_scoring_and_models_apart() -> None:
    strict, loose = (
        next(scored_groups(sample_groups(1), ScoreRule(failed_steps_in_right=failed))).right[1]
        for failed in (False, True)
    )
    assert strict.ids == loose.ids
    assert len({chain_key("a", strict), chain_key("a", loose), chain_key("b", strict)}) == 3


def test_sums_in_one_precision_are_not_those_of_another(tmp_path: Path, model_folder: str) -> None:
    groups, store = sample_groups(1), new_store(tmp_path)
    compute_reference(model_folder, groups, store, rule=RULE, tokens_per_micro_step=70)
    names = [reference_name(model_folder, kind, fused) for kind in ("float32", "bfloat16") for fused in (False, True)]
    assert len(set(names)) == 4
    assert names[0] == reference_name(model_folder, "float32"), "what was scored before fused kernels stays scored"
    with pytest.raises(RequestError, match="run the reference stage"):
        list(referenced_examples(groups, RULE, store, reference_name(model_folder, "bfloat16")))


def scored(*marks: bool, first: int = 5) -> ScoredChain:
    return ScoredChain(tuple(range(first, first + len(marks))), marks)


def test_a_key_is_of_the_model_the_ids_up_to_the_last_scored_one_and_what_is_scored() -> None:
    key = chain_key("m", scored(False, True, True))
    assert key == chain_key("m", scored(False, True, True, False, False)), "nothing after it changes the sum"
    others = [
        chain_key("n", scored(False, True, True)),
        chain_key("m", scored(False, True, True, first=6)),
        chain_key("m", scored(False, False, True)),
        chain_key("m", scored(False, True)),
        chain_key("m", scored(False, True, True, True)),
    ]
    assert len({key, *others}) == 6
    assert chain_key("m", scored(False, False)) == chain_key("m", scored(False, False, False, first=6))


def test_progress_is_told_after_each_unit_of_rows(tmp_path: Path, model_folder: str) -> None:
    """Rows of one chain each: 16 of them are a unit."""
    groups = sample_groups(9)
    chains = {chain for group in scored_groups(groups, RULE) for chain in group.chains}
    longest = max(row_length(chain) for chain in chains)
    told: list[tuple[int, int]] = []
    done = compute_reference(
        model_folder,
        groups,
        new_store(tmp_path),
        rule=RULE,
        tokens_per_micro_step=longest,
        progress=lambda *numbers: told.append(numbers),
    )
    assert done == len(chains)
    rows = cut_chains(sorted(chains, key=lambda chain: chain.ids), longest)
    assert len(told) == len(new_store(tmp_path)._ledger.commits()) == -(-len(rows) // 16) > 1
    assert told[-1] == (len(chains), len(chains))
    assert [before for before, _ in told] == sorted({before for before, _ in told})


def test_scores_have_the_length_that_they_are_of(tmp_path: Path, model_folder: str) -> None:
    groups, store = sample_groups(2), new_store(tmp_path)
    compute_reference(model_folder, groups, store, rule=RULE, tokens_per_micro_step=70)
    name = reference_name(model_folder, "float32")
    scores = store.scores()
    for group in scored_groups(groups, RULE):
        for chain in group.chains:
            score = scores[chain_key(name, chain)]
            expected = float(plain_sum(tiny_model("mistral"), chain).detach())
            assert (score.tokens, score.logp) == (chain.length, pytest.approx(expected, rel=1e-5))
    (example, *_) = referenced_examples(groups, RULE, store, name)
    sums = example.reference_right + example.reference_wrong
    assert sums == tuple(scores[chain_key(name, chain)].logp for chain in example.group.chains)


def test_workers_take_every_so_manyth_group(tmp_path: Path, model_folder: str) -> None:
    groups = sample_groups(3)
    name = reference_name(model_folder, "float32")
    for rank, own in ((0, (0, 2)), (1, (1,))):
        store = new_store(tmp_path / str(rank))
        compute_reference(model_folder, groups, store, rule=RULE, tokens_per_micro_step=70, rank=rank, world=2)
        expected = {
            chain_key(name, chain)
            for group in scored_groups([groups[at] for at in own], RULE)
            for chain in group.chains
        }
        assert store.scores().keys() == expected


def test_models_load_in_the_precision_that_is_asked_for_or_in_that_of_their_files(model_folder: str) -> None:
    found = [load_model(model_folder, precision).dtype for precision in ("float32", "bfloat16", "auto")]
    assert found == [torch.float32, torch.bfloat16, torch.float32]


def test_scores_that_are_not_what_was_committed_are_refused_by_their_shards_name(tmp_path: Path) -> None:
    others = pa.table({"key": ["k"], "logp": [-1.0]})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, others.schema) as writer:
        writer.write_table(others)
    for number, payload in enumerate((b"no Arrow", sink.getvalue().to_pybytes())):
        store = new_store(tmp_path / str(number))
        commit, _ = store._ledger.publish("ref-x", payload, 1)
        with pytest.raises(CorruptionError) as caught:
            store.scores()
        assert str(caught.value).startswith(store._ledger.shard_uri(commit))


def test_weights_that_are_pickled_are_not_loaded(tmp_path: Path) -> None:
    """Not even beside safetensors that are of something else."""
    model = tiny_model("llama")
    save_file({"adapter": torch.zeros(1)}, tmp_path / "adapter.safetensors")
    model.config.save_pretrained(tmp_path)
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(OSError, match="safetensors"):
        load_model(str(tmp_path), "float32")


def test_no_chains_have_no_sums_and_too_long_ones_are_refused() -> None:
    model = longrope_model()
    add_tree_scoring(model)
    assert chain_logps(model, [], 100) == []
    fits, long = (scored(*[False] * (length - 1), True) for length in (17, 18))
    assert len(chain_logps(model, [fits], 100)) == 1
    with pytest.raises(RequestError, match="a chain of 17 tokens is past the switch"):
        chain_logps(model, [fits, long], 100)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Linux's")
def test_a_worker_that_stays_keeps_no_model(model_folder: str, tmp_path: Path) -> None:
    """Its files are mapped as long as there is a tensor of it."""
    store = new_store(tmp_path)
    assert compute_reference(model_folder, sample_groups(), store, rule=RULE, tokens_per_micro_step=512) > 0
    give_back()
    assert model_folder not in Path("/proc/self/maps").read_text()

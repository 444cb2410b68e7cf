"""From groups to steps: rows hold what fits and no less, and the weights of a step add up to one, for pairs and for
tokens."""

import itertools
import random
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from cluster.errors import RequestError
from cluster.gpus import GPUS
from pipeline.estimates.amounts import padded
from pipeline.estimates.published import published_shape
from pipeline.estimates.rank_memory import RankRequest, rank_on_gpu
from tests.training.tree.trees import random_chains, random_example
from training.chains import ScoredChain, ScoredGroup
from training.config import TrainingConfig
from training.tree.batches import GroupSlot, PreferenceExample, StepDataset
from training.tree.blocks import BLOCK
from training.tree.layout import row_length, tree_size
from training.tree.loss import PairMean
from training.tree.rows import cut_chains, fill_rows
from training.tree.scoring import TreeBatch, packed_row


def examples(seed: int, count: int) -> list[PreferenceExample]:
    draw = random.Random(seed)
    return [random_example(draw, draw.randint(1, 3), draw.randint(1, 3), f"p{index}") for index in range(count)]


class Copies(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Copies between devices, and whether the host waits for each. The meta device stands for a GPU."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.waits: list[bool] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.ops.aten._to_copy.default and kwargs.get("device") == torch.device("meta"):
            self.waits.append(not kwargs.get("non_blocking"))
        return func(*args, **kwargs)


def test_nothing_that_a_row_needs_of_the_host_waits_for_the_device() -> None:
    """The row, its block masks and its groups' numbers."""
    device, (example,) = torch.device("meta"), examples(1, 1)
    with Copies() as copies:
        row = packed_row(example.group.chains, 128).to(device)
        row.attention.block_mask(None)
        row.attention.block_mask(4)
        GroupSlot(example, 0, 1.0, 1.0).sums(torch.zeros(row.chains, dtype=torch.float64, device=device))
    assert len(copies.waits) == 6 + 6 + 6 + 1
    assert not any(copies.waits)


def dataset(made: list[PreferenceExample], **options: object) -> StepDataset:
    given = {"groups_per_step": len(made), "tokens_per_micro_step": 4096, "world": 1, "pair_mean": "pairs"}
    return StepDataset(made, **(given | options))  # type: ignore[arg-type]


def slots(steps: StepDataset) -> list[GroupSlot]:
    found = []
    for rank in range(steps.world):
        step = steps.rank_step(steps.members(0), rank)
        found += [slot for row in step.rows for slot in row.slots] + [group.slot for group in step.split]
    return found


@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(0, 12))
def test_a_row_is_closed_only_where_the_next_chain_does_not_fit(seed: int, count: int, more: int) -> None:
    chains = random_chains(random.Random(seed), count)
    room = max(map(row_length, chains)) + more
    rows = cut_chains(chains, room)
    assert sorted(index for row in rows for index in row) == list(range(count))
    assert all(0 < tree_size([chains[index] for index in row]) <= room for row in rows)
    for row, after in itertools.pairwise(rows):
        assert tree_size([chains[index] for index in (*row, after[0])]) > room


def test_a_row_is_filled_to_its_last_token() -> None:
    def chain(*ids: int) -> ScoredChain:
        return ScoredChain(ids, (False,) * (len(ids) - 1) + (True,))

    apart = [chain(1, 2, 3, 9), chain(4, 5, 6, 9), chain(7, 8, 9)]  # 3, 3 and 2 tokens in a row, nothing shared
    assert cut_chains(apart, 8) == [(0, 1, 2)]
    assert cut_chains(apart, 7) == [(0, 1), (2,)]
    assert cut_chains(apart, 5) == [(0,), (1, 2)]
    together = [chain(1, 2, 3, 9), chain(1, 2, 4, 9)]
    assert cut_chains(together, 4) == [(0, 1)], "what is shared takes room once"
    assert cut_chains(together, 3) == [(0,), (1,)]
    assert cut_chains([], 3) == []
    with pytest.raises(RequestError, match=r"^a chain takes 3 tokens and a row holds 2: raise training\.tokens_per_mi"):
        cut_chains(together, 2)


def test_rows_start_with_the_whole_of_their_first_item() -> None:
    """Two items with one beginning and no room for both: the second one's row holds the beginning again."""
    assert fill_rows([(1, 2), (1, 2), (1, 2)], [5, 5, 5], 8) == [(0, 1), (2,)]
    assert fill_rows([(1, 2), (1, 2), (1, 2)], [5, 5, 5], 11) == [(0, 1, 2)]
    assert fill_rows([(1, 2, 3)], [1], 8) == [(0,)], "an item may be smaller than what it shares"


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 3), st.sampled_from(["pairs", "problems"]))
def test_the_weights_of_a_step_are_shares_of_its_pairs_and_of_its_tokens(
    seed: int, count: int, world: int, pair_mean: PairMean
) -> None:
    made = examples(seed, count)
    found = slots(dataset(made, world=world, pair_mean=pair_mean, tokens_per_micro_step=60))
    assert len(found) == count
    shares = {}
    for slot in found:
        group = slot.example.group
        sums = slot.sums(torch.zeros(slot.at + len(group.chains), dtype=torch.float64))
        shares[group.problem_id] = float(sums.pair_weights.sum()), float((sums.nll_weights * sums.chosen_lengths).sum())
    pairs = sum(example.group.pairs for example in made)
    tokens = sum(
        example.group.pairs / len(example.group.right) * chain.length
        for example in made
        for chain in example.group.right
    )
    for example in made:
        group = example.group
        own = sum(group.pairs / len(group.right) * chain.length for chain in group.right)
        expected = (group.pairs / pairs, own / tokens) if pair_mean == "pairs" else (1 / count, 1 / count)
        assert shares[group.problem_id] == pytest.approx(expected)


def test_a_slot_reads_its_own_sums_lengths_and_references() -> None:
    def chain(*scored: bool) -> ScoredChain:
        return ScoredChain(tuple(range(5, 5 + len(scored))), scored)

    right = (chain(False, True), chain(False, True, True))
    wrong = (chain(False, False, True, True, True),)
    group = ScoredGroup("p", right, wrong, ((2.0,), (3.0,)))
    example = PreferenceExample(group, (-1.0, -2.0), (-3.0,))
    sums = GroupSlot(example, 2, 0.1, 0.01).sums(torch.arange(10, dtype=torch.float64))
    assert sums.chosen.tolist() == [2.0, 3.0]
    assert sums.rejected.tolist() == [4.0]
    assert (sums.reference_chosen.tolist(), sums.reference_rejected.tolist()) == ([-1.0, -2.0], [-3.0])
    assert (sums.chosen_lengths.tolist(), sums.rejected_lengths.tolist()) == ([1.0, 2.0], [3.0])
    assert sums.pair_weights.flatten().tolist() == pytest.approx([0.2, 0.3])
    assert sums.nll_weights.tolist() == pytest.approx([0.02, 0.03])
    single = GroupSlot(example, 2, 0.1, 0.01).sums(torch.arange(10, dtype=torch.float32))
    assert {getattr(single, name).dtype for name in ("chosen", "reference_chosen", "pair_weights", "nll_weights")} == {
        torch.float32
    }


def test_reference_sums_that_do_not_match_the_chains_are_refused() -> None:
    group = examples(0, 1)[0].group
    n, m = len(group.right), len(group.wrong)
    for right, wrong in ((n + 1, m), (n, m + 1), (n + 1, m - 1)):
        with pytest.raises(ValueError, match=r"^p0: \(\d+, \d+\) reference sums do not match its chains$"):
            PreferenceExample(group, (0.0,) * right, (0.0,) * wrong)


def test_an_epoch_has_every_group_once_and_the_last_step_what_is_left() -> None:
    made = dataset(examples(1, 7), groups_per_step=3, seed=5)
    assert len(made) == 3
    seen = [made.members(step) for step in range(3)]
    assert [len(step) for step in seen] == [3, 3, 1]
    assert sorted(member for step in seen for member in step) == list(range(7))
    assert len(dataset(examples(1, 6), groups_per_step=3)) == 2
    assert dataset(examples(1, 7), groups_per_step=3).members(0) == dataset(
        examples(1, 7), groups_per_step=3, seed=0
    ).members(0)
    assert dataset(examples(1, 9), seed=2**63).members(0) == dataset(examples(1, 9)).members(0), "modulo 2**63"


def test_no_two_pairs_of_seed_and_epoch_that_people_use_have_one_order() -> None:
    made = dataset(examples(1, 12))
    orders = set()
    for seed in range(20):
        for made.epoch in range(10):
            made.seed = seed
            orders.add(tuple(made.members(0)))
    assert len(orders) == 200


def test_large_groups_are_shared_out_first_and_those_that_are_split_count_for_more() -> None:
    """Loads are forward and backward passes: three of a group in one row, four of a group that is split."""
    smallest_first = sorted(examples(3, 12), key=lambda example: tree_size(example.group.chains))
    made = sorted(smallest_first, key=lambda example: -tree_size(example.group.chains))
    sizes = [tree_size(example.group.chains) for example in made]
    limit = sizes[3]
    steps = dataset(smallest_first, world=2, tokens_per_micro_step=max(limit, 40))
    ranks = [[slot.example.group.problem_id for slot in slots_of(steps, rank)] for rank in range(2)]
    loads, expected = [0.0, 0.0], [[], []]  # type: ignore[var-annotated]
    for example, size in zip(made, sizes, strict=True):
        rank = 0 if loads[0] <= loads[1] else 1
        expected[rank].append(example.group.problem_id)
        loads[rank] += size * (4 if size > steps.tokens_per_micro_step else 3)
    assert [sorted(names) for names in ranks] == [sorted(names) for names in expected]


def sized(tokens: int, first: int = 3) -> PreferenceExample:
    """A group whose tree takes so many tokens: two chains that part in their last one, which takes none."""
    prompt = (first, *range(10, 9 + tokens))
    right, wrong = (ScoredChain((*prompt, last), (False,) * tokens + (True,)) for last in (1, 2))
    return PreferenceExample(ScoredGroup(f"p{first}", (right,), (wrong,), ((1.0,),)), (-1.0,), (-1.0,))


def test_a_group_that_fills_a_row_is_not_split() -> None:
    """Loads of three times 10, 8, 8 and 4 tokens: 42 and 48. Four times 10 would leave the last group to the other."""
    made = [sized(tokens, first) for first, tokens in enumerate((10, 8, 8, 4, 2), start=3)]
    steps = dataset(made, world=2, tokens_per_micro_step=10)
    assert [{slot.example.group.problem_id for slot in slots_of(steps, rank)} for rank in range(2)] == [
        {"p3", "p6", "p7"},
        {"p4", "p5"},
    ]
    assert not any(steps.rank_step(steps.members(0), rank).split for rank in range(2))


def test_the_longest_rows_run_first() -> None:
    made = [sized(tokens, first) for first, tokens in enumerate((4, 9, 6, 8), start=3)]
    steps = dataset(made, tokens_per_micro_step=10)
    step = steps.rank_step(steps.members(0), 0)
    assert [tree_size(row.chains) for row in step.rows] == [9, 8, 6, 4]


@pytest.mark.parametrize("multiple_of", [1, 8])
def test_all_rows_are_padded_alike(multiple_of: int) -> None:
    made = [sized(4), *examples(2, 2)]
    limit = max(row_length(chain) for example in made for chain in example.group.chains)
    options = {} if multiple_of == 1 else {"multiple_of": multiple_of}
    steps = dataset(made, tokens_per_micro_step=limit, **options)
    step = steps[0]["step"]
    assert step.rows
    assert step.split
    rows = [*step.rows, *(row for group in step.split for _, row in group.rows), step.idle_row]
    for row in rows:
        tokens = tree_size(row.chains)
        assert row.batch.tokens == tokens + -tokens % multiple_of
    assert (steps.longest, steps.chains) == (limit, sum(len(example.group.chains) for example in made))


@given(st.integers(0, 10**6), st.integers(0, 300))
def test_no_row_is_longer_than_the_plan_counts(seed: int, more: int) -> None:
    """Padding included, whatever `tokens_per_micro_step` is: rows of whole groups, of split groups, and idle ones."""
    chances = random.Random(seed)
    made = [sized(chances.randint(2, 200), first) for first in range(3, 9)] + examples(2, seed % 7)
    limit = max(row_length(chain) for example in made for chain in example.group.chains) + more
    steps = dataset(made, tokens_per_micro_step=limit, multiple_of=BLOCK)
    step = steps.rank_step(steps.members(0), 0)
    rows = [*step.rows, *(row for group in step.split for _, row in group.rows), step.idle_row]
    assert all(tree_size(row.chains) <= limit for row in rows)
    assert max(row.batch.tokens for row in rows) <= padded(limit)
    training = TrainingConfig(ranks=1, gpus_per_rank=1, tokens_per_micro_step=limit)
    shape = published_shape("Qwen/Qwen2.5-0.5B-Instruct")
    assert shape is not None
    asked = RankRequest(
        shape=shape,
        training=training,
        gradient_checkpointing=False,
        longest_chain=limit,
        trl_head=False,
        typical_tokens=float(limit),
        mean_depth=1000.0,
    )
    counted = {amount.what: amount.how for amount in rank_on_gpu(asked, GPUS["H100"]).on_device}
    assert counted["activations"].startswith(f"{padded(limit):,} tokens ")


def test_all_rows_of_a_step_are_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pinned memory needs CUDA: a stand-in says which batch was pinned."""
    monkeypatch.setattr(TreeBatch, "pin_memory", lambda batch: ("pinned", batch))
    made = [sized(4), *examples(2, 2)]
    limit = max(row_length(chain) for example in made for chain in example.group.chains)
    step = dataset(made, tokens_per_micro_step=limit)[0]["step"]
    rows = [*step.rows, *(row for group in step.split for _, row in group.rows), step.idle_row]
    before = [row.batch for row in rows]
    assert step.pin_memory() is step
    assert [row.batch for row in rows] == [("pinned", batch) for batch in before]


def slots_of(steps: StepDataset, rank: int) -> list[GroupSlot]:
    step = steps.rank_step(steps.members(0), rank)
    return [slot for row in step.rows for slot in row.slots] + [group.slot for group in step.split]


def test_a_rank_without_work_runs_rows_that_weigh_nothing() -> None:
    steps = dataset(examples(2, 1), world=3)
    busy, *idle = (steps.rank_step(steps.members(0), rank) for rank in range(3))
    assert (len(busy.rows), busy.idle_first, busy.idle_rows) == (1, 0, 0)
    for step in idle:
        assert (step.rows, step.split, step.idle_first, step.idle_rows) == ((), (), 0, 1)
        (chain,) = step.idle_row.chains
        assert (len(chain.ids), chain.scored, step.idle_row.slots) == (2, (False, True), ())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"groups_per_step": 0}, "^2 groups, 0 a step: both must be at least 1$"),
        ({"pair_mean": "means"}, "^pair_mean = 'means': unknown; use 'pairs' or 'problems'$"),
        ({"tokens_per_micro_step": 3}, "and a row holds 3: raise"),
    ],
)
def test_a_step_that_cannot_be_made_is_refused(options: dict[str, object], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        dataset(examples(0, 2), **options)


def test_no_group_at_all_is_refused() -> None:
    with pytest.raises(RequestError, match=r"^0 groups, 1 a step: both must be at least 1$"):
        dataset([], groups_per_step=1)
    assert len(dataset(examples(0, 1), groups_per_step=1)) == 1

"""The layout: every chain can be read back along its path, nothing is laid out twice, entries keep to their chain."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.samples import chain, group
from tests.training.tree.trees import random_chains, random_group
from training.chains import ScoredChain, ScoreRule, scored_group
from training.tree.layout import TreeLayout, common_prefix, pack, row_length, tree_size

RIGHT, WRONG = "right", "wrong"


def visible(layout: TreeLayout) -> np.ndarray:
    """[T, T]: whether the query (row) sees the key (column), by the ancestor rule."""
    row = np.arange(layout.tokens)
    return (row[None, :] <= row[:, None]) & (row[:, None] < layout.until[None, :])


def by_segments(layout: TreeLayout) -> np.ndarray:
    """The same from segments and paths."""
    seen = np.zeros((layout.tokens, layout.tokens), bool)
    for segment in layout.segments:
        for start, stop in segment.path:
            seen[segment.start : segment.stop, start:stop] = True
        for query in range(segment.start, segment.stop):
            seen[query, segment.start : query + 1] = True
    return seen


@st.composite
def chain_sets(draw: st.DrawFn) -> list[ScoredChain]:
    """Ragged chains over three tokens, so that prefixes, duplicates and chains inside chains are common."""
    chains = []
    for _ in range(draw(st.integers(1, 7))):
        ids = draw(st.lists(st.integers(0, 2), min_size=2, max_size=9))
        marks = draw(st.lists(st.booleans(), min_size=len(ids) - 1, max_size=len(ids) - 1))
        chains.append(ScoredChain(tuple(ids), (False, *marks)))
    return chains


@settings(max_examples=250, deadline=None)
@given(chain_sets(), st.sampled_from([1, 8]))
def test_every_scored_token_stands_on_its_own_path(chains: list[ScoredChain], multiple: int) -> None:
    layout = pack(chains, multiple)
    assert layout.tokens % multiple == 0
    assert layout.tokens - tree_size(chains) in range(multiple)
    seen = visible(layout)
    # The two descriptions of attention, for CPU and CUDA, are the same where anything is scored.
    inner = tree_size(chains)
    np.testing.assert_array_equal(seen[:inner, :inner], by_segments(layout)[:inner, :inner])
    found: dict[int, list[tuple[tuple[int, ...], int]]] = {index: [] for index in range(len(chains))}
    for position, target, owner in zip(layout.entry_position, layout.entry_target, layout.entry_chain, strict=True):
        path = np.flatnonzero(seen[position])
        np.testing.assert_array_equal(layout.depth[path], np.arange(len(path)))
        found[int(owner)].append((tuple(layout.ids[path].tolist()), int(target)))
    for index, one in enumerate(chains):
        expected = [(one.ids[:at], one.ids[at]) for at in range(1, len(one.ids)) if one.scored[at]]
        assert sorted(found[index]) == sorted(expected)


@settings(max_examples=100, deadline=None)
@given(chain_sets())
def test_no_prefix_is_laid_out_twice(chains: list[ScoredChain]) -> None:
    layout = pack(chains)
    seen = visible(layout)
    paths = [tuple(layout.ids[np.flatnonzero(seen[position])].tolist()) for position in range(layout.tokens)]
    needed = {one.ids[: at + 1] for one in chains for at in range(row_length(one))}
    assert sorted(paths) == sorted(needed)


def test_size_of_a_group_without_shared_turns() -> None:
    """P + K (c - 1): the prompt once, and of each chain all tokens but the last, which predicts nothing."""
    prompt = tuple(range(10, 20))
    chains = [ScoredChain((*prompt, 30 + k, 1, 2), (False,) * 10 + (True,) * 3) for k in range(5)]
    assert tree_size(chains) == 10 + 5 * 2
    layout = pack(chains)
    assert layout.tokens == 20
    assert len(set(layout.entry_position.tolist())) == 1 + 5 * 2


def test_common_prefix() -> None:
    assert common_prefix((), (1,)) == 0
    assert common_prefix((1, 2, 3), (1, 2)) == 2
    draw = random.Random(0)
    for _ in range(100):
        one, other = ([draw.randrange(2) for _ in range(draw.randrange(8))] for _ in range(2))
        slow = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
        assert common_prefix(one, other) == slow


def test_a_failed_step_counts_in_a_wrong_chain_and_not_in_a_right_one() -> None:
    from rollout.records import Outcome

    steps = [0, 0, -1, 1, 1]
    both = group(
        "p",
        [
            chain([5, 6, 7, 8, 9], steps, failed_steps=(0,)),
            chain([5, 6, 7, 8, 4], steps, Outcome.WRONG, failed_steps=(0,)),
        ],
        prompt=(1, 2),
    )
    scored = scored_group(both, ScoreRule())
    assert scored is not None
    assert scored.right[0].scored == (False,) * 5 + (True, True)
    assert scored.wrong[0].scored == (False, False, True, True, False, True, True)
    layout = pack(scored.chains)
    assert layout.tokens == 6
    assert layout.entry_chain.tolist().count(0) == 2
    assert layout.entry_chain.tolist().count(1) == 4


def test_equal_chains_merge_and_weigh_as_often_as_they_came() -> None:
    from rollout.records import Outcome

    twice = group(
        "p",
        [
            chain([5, 6], [0, 0], multiplicity=2),
            chain([5, 6], [0, 0], multiplicity=3),
            chain([7, 8], [0, 0], Outcome.WRONG, multiplicity=4),
            chain([7, 9], [-1, -1], Outcome.WRONG),
        ],
    )
    scored = scored_group(twice, ScoreRule())
    assert scored is not None
    assert (len(scored.right), len(scored.wrong)) == (1, 1)
    assert scored.pair_weights == ((20.0,),)


def test_parting_steps_pair_the_first_step_that_differs() -> None:
    import msgspec

    from rollout.records import Outcome, PairRule

    whole = group(
        "p",
        [
            chain([5, 6, 7, 8, 9], [0, 0, -1, 1, 1]),
            chain([5, 6, 7, 8, 4], [0, 0, -1, 1, 1], Outcome.WRONG),
            chain([5, 3, 7, 8, 4], [0, 0, -1, 1, 1], Outcome.WRONG),
            chain([5, 6, 2, 8, 4], [0, 0, -1, 1, 1], Outcome.WRONG),
        ],
        prompt=(1, 2),
    )
    scored = scored_group(msgspec.structs.replace(whole, rule=PairRule(kind="steps")), ScoreRule())
    assert scored is not None
    assert scored.pairs == 2
    parts = {
        (right.ids, wrong.ids): (right.scored, wrong.scored)
        for i, right in enumerate(scored.right)
        for j, wrong in enumerate(scored.wrong)
        if scored.pair_weights[i][j]
    }
    assert parts == {
        ((1, 2, 5, 6, 7, 8, 9), (1, 2, 5, 6, 7, 8, 4)): ((False,) * 5 + (True, True),) * 2,
        ((1, 2, 5, 6), (1, 2, 5, 3)): ((False, False, True, True),) * 2,
    }


def test_a_group_of_one_side_has_no_pair() -> None:
    assert scored_group(group("p", [chain([5, 6], [0, 0])]), ScoreRule()) is None


def test_the_first_token_cannot_be_scored() -> None:
    with pytest.raises(ValueError, match="nothing predicts it"):
        ScoredChain((1, 2), (True, True))


def test_random_groups_are_smaller_as_trees() -> None:
    some = random_group(random.Random(3), 8, 8)
    assert tree_size(some.chains) < sum(len(one.ids) for one in some.chains) / 2
    assert len(random_chains(random.Random(3), 4)) == 4


def test_parting_steps_weigh_as_often_as_their_chains_came_and_equal_ones_add_up() -> None:
    import msgspec

    from rollout.records import Outcome, PairRule

    whole = group(
        "p",
        [
            chain([5, 6, 7, 8], [0, 0, -1, 1], multiplicity=2),
            chain([5, 9, 7, 8], [0, 0, -1, 1], multiplicity=5),
            chain([5, 3, 7, 8], [0, 0, -1, 1], Outcome.WRONG, multiplicity=3),
            chain([5, 3, 7, 4], [0, 0, -1, 1], Outcome.WRONG, multiplicity=7),
        ],
    )
    scored = scored_group(msgspec.structs.replace(whole, rule=PairRule(kind="steps")), ScoreRule())
    assert scored is not None
    assert [right.ids[-2:] for right in scored.right] == [(5, 6), (5, 9)]
    assert [wrong.ids[-2:] for wrong in scored.wrong] == [(5, 3)], "cut after that step the wrong chains are equal"
    assert scored.pair_weights == ((2 * 3 + 2 * 7,), (5 * 3 + 5 * 7,))


def test_a_chain_that_was_cut_stands_with_the_wrong_ones() -> None:
    from rollout.records import Outcome

    scored = scored_group(group("p", [chain([5, 6], [0, 0]), chain([7, 8], [0, 0], Outcome.TRUNCATED)]), ScoreRule())
    assert scored is not None
    assert [one.ids[-2:] for one in scored.right] == [(5, 6)]
    assert [one.ids[-2:] for one in scored.wrong] == [(7, 8)]


def parted(
    right: tuple[list[int], list[int]], wrong: tuple[list[int], list[int]]
) -> tuple[ScoredChain, ScoredChain] | None:
    """The pair that the rule `steps` makes of a right and a wrong chain, each of its ids and steps."""
    import msgspec

    from rollout.records import Outcome, PairRule

    both = group("p", [chain(*right), chain(*wrong, label=Outcome.WRONG)], prompt=(1,))
    scored = scored_group(msgspec.structs.replace(both, rule=PairRule(kind="steps")), ScoreRule())
    return None if scored is None else (scored.right[0], scored.wrong[0])


def test_where_one_chain_ends_inside_a_step_of_the_other_they_part_there() -> None:
    """A reply that stopped early is a beginning of the longer one."""
    short, long = ([5, 6, 9, 7], [0, 0, -1, 1]), ([5, 6, 9, 7, 8], [0, 0, -1, 1, 1])
    for right, wrong in ((short, long), (long, short)):
        pair = parted(right, wrong)
        assert pair is not None
        assert [one.ids for one in pair] == [(1, *right[0]), (1, *wrong[0])]
        assert [one.scored.count(True) for one in pair] == [right[1].count(1), wrong[1].count(1)]


def test_chains_that_part_where_not_both_wrote_a_token_of_one_step_make_no_pair() -> None:
    begun = [5, 6]
    for steps, others in (([0, 0, 1], [0, 0, 0]), ([0, 0, 0], [0, 0, -1]), ([0, 0, -1], [0, 0, -1])):
        assert parted(([*begun, 7], steps), ([*begun, 8], others)) is None
        assert parted(([*begun, 7], others), ([*begun, 8], steps)) is None
    assert parted(([], []), ([5], [0])) is None
    assert parted(([5], [0]), ([], [])) is None


def test_scored_groups_keep_their_problems_name() -> None:
    import msgspec

    from rollout.records import Outcome, PairRule

    both = group("a problem", [chain([5, 6], [0, 0]), chain([5, 7], [0, 0], Outcome.WRONG)])
    for kind in ("chains", "matched", "steps"):
        scored = scored_group(msgspec.structs.replace(both, rule=PairRule(kind=kind)), ScoreRule())  # type: ignore[arg-type]
        assert scored is not None
        assert scored.problem_id == "a problem"
        assert [one.ids[-1] for one in scored.chains] == [6, 7]

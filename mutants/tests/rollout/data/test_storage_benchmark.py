"""The storage benchmark works at its smallest size."""

from pathlib import Path

import pytest

from benchmarks.storage import PIECES, SIDE, Shape, count_tokens, make_group, measure, step_indices


def test_figures_at_the_smallest_scale(tmp_path: Path) -> None:
    figures = measure(1, Shape(prompt=50, chain=30), tmp_path)
    assert figures["pairs"] == figures["pairs_compared"] == PIECES * SIDE**2
    assert figures["measured"] == pytest.approx(
        figures["bytes_per_materialised_pair"] / figures["bytes_per_pair"], rel=1e-6
    )
    assert 0.3 < figures["of_formula"] < 1.0
    assert {"write_mb_s", "read_mb_s", "rss_growth_mb"} <= figures.keys()
    assert not (tmp_path / "pairs.arrow").exists()


def test_tokens_are_counted_by_the_formula() -> None:
    group = make_group(3, Shape(prompt=50, chain=30))
    grouped, paired = count_tokens(group)
    by_hand = sum(50 + len(right.token_ids) + len(wrong.token_ids) for right in group.right for wrong in group.wrong)
    assert paired == by_hand
    assert grouped == 50 + sum(len(chain.token_ids) for chain in group.chains)


@pytest.mark.parametrize("length", [1, 3, 20, 53, 60, 61, 300, 1000])
def test_a_chain_has_five_replies_where_it_is_long_enough(length: int) -> None:
    step = step_indices(length)
    assert len(step) == length
    assert length < 53 or set(step) == {-1, 0, 1, 2, 3, 4}

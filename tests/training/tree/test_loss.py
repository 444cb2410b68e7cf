"""Losses against numbers worked by hand, and their means against their definitions. TRL's are in test_dpo."""

import math

import pytest
import torch

from cluster.errors import RequestError
from training.tree.loss import (
    LOSS_TYPES,
    METRICS,
    GroupSums,
    LossOptions,
    group_loss,
    group_metrics,
    margins,
    pair_losses,
)


def sums(chosen: list[float], rejected: list[float], weights: list[list[float]] | None = None) -> GroupSums:
    n, m = len(chosen), len(rejected)
    return GroupSums(
        chosen=torch.tensor(chosen, dtype=torch.float64),
        rejected=torch.tensor(rejected, dtype=torch.float64),
        reference_chosen=torch.full((n,), -10.0, dtype=torch.float64),
        reference_rejected=torch.full((m,), -12.0, dtype=torch.float64),
        chosen_lengths=torch.full((n,), 2.0, dtype=torch.float64),
        rejected_lengths=torch.full((m,), 4.0, dtype=torch.float64),
        pair_weights=torch.tensor(weights or [[1 / (n * m)] * m] * n, dtype=torch.float64),
        nll_weights=torch.full((n,), 1 / (2 * n), dtype=torch.float64),
    )


# One pair: log-ratios -8 + 10 = 2 and -13 + 12 = -1, margin 3; per token 1 and -0.25, margin 1.25. beta 0.5.
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"loss_type": "sigmoid"}, math.log1p(math.exp(-1.5))),
        ({"loss_type": "sigmoid_norm"}, math.log1p(math.exp(-0.625))),
        ({"loss_type": "sigmoid", "length_normalised": True}, math.log1p(math.exp(-0.625))),
        ({"loss_type": "ipo"}, (1.25 - 1.0) ** 2),
        ({"loss_type": "hinge"}, 0.0),
        ({"loss_type": "hinge", "beta": 0.1}, 0.7),
        (
            {"loss_type": "sigmoid", "label_smoothing": 0.1},
            0.9 * math.log1p(math.exp(-1.5)) + 0.1 * math.log1p(math.exp(1.5)),
        ),
        (
            {"loss_type": "robust", "label_smoothing": 0.1},
            (0.9 * math.log1p(math.exp(-1.5)) - 0.1 * math.log1p(math.exp(1.5))) / 0.8,
        ),
        ({"loss_type": "sigmoid", "rpo_alpha": 0.25}, math.log1p(math.exp(-1.5)) + 0.25 * 8.0 / 2),
    ],
)
def test_one_pair_by_hand(options: dict[str, float], expected: float) -> None:
    found = group_loss(sums([-8.0], [-13.0]), LossOptions(**{"beta": 0.5, **options}))  # type: ignore[arg-type]
    assert float(found) == pytest.approx(expected, abs=1e-12)


def test_margins_are_the_matrix_of_all_pairs() -> None:
    found = margins(sums([-8.0, -9.0], [-13.0, -11.0, -12.0]))
    assert found.tolist() == [[3.0, 1.0, 2.0], [2.0, 0.0, 1.0]]


def test_multiplicities_are_pairs_repeated() -> None:
    options = LossOptions(beta=0.3)
    weighted = group_loss(sums([-8.0, -9.0], [-13.0], [[2 / 3], [1 / 3]]), options)
    repeated = group_loss(sums([-8.0, -8.0, -9.0], [-13.0]), options)
    assert float(weighted) == pytest.approx(float(repeated), abs=1e-12)


def test_pairs_of_weight_zero_do_not_count() -> None:
    options = LossOptions(beta=0.3)
    lone = group_loss(sums([-8.0], [-13.0]), options)
    assert float(group_loss(sums([-8.0], [-13.0, 50.0], [[1.0, 0.0]]), options)) == pytest.approx(
        float(lone), abs=1e-12
    )


@pytest.mark.parametrize("loss_type", LOSS_TYPES)
def test_gradient_of_every_loss(loss_type: str) -> None:
    options = LossOptions(beta=0.7, loss_type=loss_type, rpo_alpha=0.2)  # type: ignore[arg-type]
    plain = sums([-8.0, -9.5], [-13.0, -10.9])

    def value(chosen: torch.Tensor, rejected: torch.Tensor) -> torch.Tensor:
        return group_loss(
            GroupSums(
                chosen,
                rejected,
                plain.reference_chosen,
                plain.reference_rejected,
                plain.chosen_lengths,
                plain.rejected_lengths,
                plain.pair_weights,
                plain.nll_weights,
            ),
            options,
        )

    assert torch.autograd.gradcheck(value, (plain.chosen.requires_grad_(), plain.rejected.requires_grad_()))


def test_zero_margin_is_ln_2() -> None:
    assert float(pair_losses(torch.zeros(3, 2), LossOptions()).mean()) == pytest.approx(math.log(2), abs=1e-7)


def test_metrics_by_hand() -> None:
    found = {k: float(v) for k, v in group_metrics(sums([-8.0, -9.0], [-13.0, -9.5]), LossOptions(beta=0.5)).items()}
    assert found == pytest.approx(
        {
            "rewards/chosen": 0.5 * 1.5,
            "rewards/rejected": 0.5 * 0.75,
            "rewards/margins": 0.5 * 0.75,
            "rewards/accuracies": 0.5,
            "logps/chosen": -8.5,
            "logps/rejected": -11.25,
            "kl": (1.5 + 0.75) / 2,
            "nll": 4.25,
        }
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss_type": "dpo"}, "unknown; one of sigmoid, sigmoid_norm, ipo, robust, hinge$"),
        ({"beta": 0.0}, "above 0"),
        ({"label_smoothing": 0.5}, r"\[0, 0.5\)"),
        ({"loss_type": "ipo", "label_smoothing": 0.1}, "not for loss_type"),
        ({"rpo_alpha": -1.0}, "0 or more"),
    ],
)
def test_values_that_no_loss_has_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        LossOptions(**options)  # type: ignore[arg-type]


def test_every_metric_is_named() -> None:
    assert tuple(group_metrics(sums([-8.0], [-13.0]), LossOptions())) == METRICS


def test_a_pair_whose_margin_is_zero_is_not_won() -> None:
    """As in TRL, whose accuracies are of chosen rewards above rejected ones."""
    found = group_metrics(sums([-8.0, -9.0], [-13.0, -11.0]), LossOptions())
    assert float(found["rewards/accuracies"]) == pytest.approx(0.75)


def test_metrics_weigh_pairs_as_the_loss_does() -> None:
    """Pair weights 0.6 and 0.4 on two chosen chains, of two tokens each; one rejected chain."""
    found = group_metrics(sums([-8.0, -13.0], [-11.5], [[0.6], [0.4]]), LossOptions(beta=0.5))
    assert {name: float(value) for name, value in found.items()} == pytest.approx(
        {
            "rewards/chosen": 0.5 * (0.6 * 2 - 0.4 * 3),
            "rewards/rejected": 0.5 * 0.5,
            "rewards/margins": 0.5 * (0.6 * 2 - 0.4 * 3 - 0.5),
            "rewards/accuracies": 0.6,
            "logps/chosen": -0.6 * 8 - 0.4 * 13,
            "logps/rejected": -11.5,
            "kl": (0.6 * 2 - 0.4 * 3 + 0.5) / 2,
            "nll": (8.0 + 13.0) / 4,
        },
        abs=1e-9,
    )
    assert not found["nll"].requires_grad


def test_the_smallest_and_largest_values_that_a_loss_takes() -> None:
    for options in ({"beta": 1e-6}, {"label_smoothing": 0.0}, {"label_smoothing": 0.49}, {"rpo_alpha": 0.0}):
        LossOptions(**options)
    for loss_type in ("sigmoid", "sigmoid_norm", "robust"):
        assert LossOptions(label_smoothing=0.1, loss_type=loss_type).label_smoothing == 0.1  # type: ignore[arg-type]
    for value in (-0.1, 0.5):
        with pytest.raises(RequestError, match="label_smoothing"):
            LossOptions(label_smoothing=value)


def test_lengths_count_for_the_losses_that_are_means_over_tokens() -> None:
    assert [name for name in LOSS_TYPES if LossOptions(loss_type=name).by_length] == ["sigmoid_norm", "ipo"]
    assert LossOptions(length_normalised=True).by_length

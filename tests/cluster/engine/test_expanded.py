"""A value for each token from one for each request, against the plain loop."""

import random

import torch

from cluster.engine.worker import expanded


def test_each_token_has_the_value_of_its_request() -> None:
    draw = random.Random(0)
    for _ in range(50):
        counts = [draw.randrange(4) for _ in range(draw.randrange(1, 9))]  # a request may have nothing guessed
        values = [draw.choice((0.0, 0.7, 1.0, 2.5)) for _ in counts]
        ends = torch.tensor(counts, dtype=torch.int32).cumsum(0, dtype=torch.int32)
        made = expanded(torch.tensor(values), ends, sum(counts), replace_from=0, replace_to=1)
        wanted = [value or 1.0 for value, count in zip(values, counts, strict=True) for _ in range(count)]
        assert torch.equal(made, torch.tensor(wanted))


def test_whole_numbers_stay_whole() -> None:
    made = expanded(torch.tensor([5, -1], dtype=torch.int32), torch.tensor([2, 3], dtype=torch.int32), 3)
    assert made.dtype == torch.int32
    assert made.tolist() == [5, 5, -1]

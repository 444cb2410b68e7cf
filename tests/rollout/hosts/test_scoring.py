"""What hosts say of chains that somebody else wrote: the numbers that training reads, in parts and whole."""

import math

import numpy as np

from rollout.hosts.scoring import AskedChain, ScoreResult, ScoreWork, from_bytes, join_scores, said_of, to_bytes
from rollout.hosts.work import ServedModel
from rollout.records import Producer

MODEL = ServedModel(name="teacher", source="m", producer=Producer(model="teacher", revision="r", licence=""))
CHAIN = AskedChain((5, 6, 7, 8), (1, 3))
FOUND = [{6: -1.0, 9: -0.5, 2: -2.0}, {7: -0.1}, {8: -3.0, 4: -0.25, 99: -0.2}]


def work(likeliest: int, chains: tuple[AskedChain, ...] = (CHAIN,)) -> ScoreWork:
    return ScoreWork(unit="u", model=MODEL, chains=chains, likeliest=likeliest, vocabulary=50)


def test_a_token_has_its_own_log_probability() -> None:
    np.testing.assert_array_equal(said_of(CHAIN, FOUND, work(0)), np.array([[-1.0], [-3.0]], np.float32))


def test_the_likeliest_come_in_order_without_padding_of_the_vocabulary() -> None:
    """The token itself is among what the engine gives, and only counts where it is likely enough."""
    said = said_of(CHAIN, FOUND, work(2))
    np.testing.assert_array_equal(said, np.array([[-0.5, -1.0, 9, 6], [-0.25, -3.0, 4, 8]], np.float32))
    assert said_of(CHAIN, [FOUND[0], {}, {8: -3.0, 99: -0.2}], work(2))[1].tolist() == [-3.0, -math.inf, 8.0, 0.0]


def test_parts_of_a_unit_join_in_their_order() -> None:
    parts = [ScoreResult(unit="u", said=(bytes([at]),), tokens=at + 1) for at in range(3)]
    whole = join_scores(work(0, (CHAIN,) * 3), parts)
    assert whole == ScoreResult(unit="u", said=(b"\x00", b"\x01", b"\x02"), tokens=6)
    assert work(0, (CHAIN,) * 3).size == 3


def test_numbers_come_back_from_bytes() -> None:
    said = said_of(CHAIN, FOUND, work(2))
    np.testing.assert_array_equal(from_bytes(to_bytes(said), 2), said)

"""For how long workers have had work, and the share of their time in which they had none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.pool.busy import BusyTime, idle_share


def test_a_worker_with_several_pieces_of_work_is_busy_once() -> None:
    time = BusyTime()
    time.begin("a", 0.0)
    time.begin("a", 4.0)
    time.begin("b", 5.0)
    assert time.seconds(6.0) == 6.0 + 1.0
    time.end("a", 10.0)
    time.end("a", 12.0)
    assert time.seconds(12.0) == 10.0 + 7.0
    time.begin("a", 20.0)
    time.end("a", 21.0)
    time.end("b", 21.0)
    assert time.seconds(99.0) == 10.0 + 1.0 + 16.0
    assert idle_share(time.seconds(99.0), 2, 27.0) == 0.5


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 9)), max_size=40))
def test_it_is_what_looking_every_second_would_count(moves: list[tuple[str, bool, int]]) -> None:
    time, now, busy, seconds = BusyTime(), 0, set[str](), 0
    for worker, begins, pause in moves:
        (time.begin if begins else time.end)(worker, float(now))
        (busy.add if begins else busy.discard)(worker)
        now, seconds = now + pause, seconds + len(busy) * pause
        assert time.seconds(float(now)) == seconds


@pytest.mark.parametrize(
    ("busy", "workers", "seconds", "idle"),
    [(0.0, 2, 10.0, 1.0), (5.0, 1, 10.0, 0.5), (5.0, 2, 10.0, 0.75), (11.0, 1, 10.0, 0.0), (0.0, 1, 0.0, 1.0)],
)
def test_the_idle_share_is_of_all_workers(busy: float, workers: int, seconds: float, idle: float) -> None:
    assert idle_share(busy, workers, seconds) == idle

"""How a router goes on where hosts fail, crash, drain or are given up."""

from cluster.pool.routing import Verdict
from tests.cluster.pool.routed import Unit, router, units


def test_a_lost_chunk_comes_first_again_after_a_growing_pause() -> None:
    made = router(units(20), hosts=1, backoff_s=2.0)
    first, second = [chunk for _, chunk in made.assign(0.0)]
    verdict = made.failed("h0", first, 10.0)
    assert (verdict.units, verdict.tries, verdict.host_lost, verdict.hopeless) == (1, 1, False, "")
    assert made.failed("h0", second, 10.5).tries == 1  # of the same cause: one failure of the host
    assert made.pause("h0") == 12.0
    assert list(made.assign(11.9)) == []
    assert [chunk for _, chunk in made.assign(12.0)] == [first, second]
    made.failed("h0", first, 12.0)
    assert made.pause("h0") == 16.0
    made.done("h0", second)
    made.crashed("h0", 20.0)
    assert made.pause("h0") == 22.0, "what was finished in between counts"


def test_a_unit_is_tried_so_often_and_a_host_as_well() -> None:
    made = router(units(9), hosts=2, attempts=3, host_failures=2, backoff_s=1.0)
    given = list(made.assign(0.0))
    first = given[0][0]
    verdict = made.crashed(first, 0.0)
    assert (verdict.tries, verdict.host_lost, verdict.hopeless) == (1, False, "")
    assert made.crashed(first, 5.0).host_lost is True
    (other,) = made.hosts
    assert made.crashed(other, 10.0).hopeless == ""
    assert made.crashed(other, 20.0).hopeless == "no host is left"


def test_a_unit_that_fells_every_host_is_named() -> None:
    units = [Unit("good0"), Unit("good1"), Unit("bad")]
    made = router(units, hosts=1, slots=64, attempts=3, host_failures=9)
    for turn in range(3):
        given = [chunk for _, chunk in made.assign(100.0 * turn)]
        for chunk in given:
            if chunk.work.unit == f"good{turn}":
                made.done("h0", chunk)
        verdict = made.crashed("h0", 100.0 * turn)
        made.ready("h0")
    assert (verdict.unit, verdict.hopeless) == ("bad", "3 attempts")


def test_what_fell_twice_is_tried_after_all_else() -> None:
    made = router(units(6), hosts=1, attempts=9, host_failures=9)
    given = [[chunk for _, chunk in made.assign(0.0)]]
    fell = given[0]
    for turn in (1.0, 2.0):
        made.crashed("h0", 100 * turn)
        made.ready("h0")
        given.append([chunk for _, chunk in made.assign(100 * turn + 50)])
    assert given[1] == fell, "once is chance"
    assert not set(given[2]) & set(fell)
    order = []
    while given[-1]:
        order += given[-1]
        for chunk in given[-1]:
            made.done("h0", chunk)
        given.append([chunk for _, chunk in made.assign(1000.0)])
    assert order[-len(fell) :] == fell
    assert len(order) == 6
    assert made.finished


def test_a_drained_host_finishes_and_gets_nothing_more() -> None:
    made = router(units(20), hosts=2)
    given = dict(made.assign(0.0))
    made.drain("h0")
    made.done("h0", given["h0"])
    assert {host for host, _ in made.assign(0.0)} <= {"h1"}
    made.returned("h1", given["h1"])
    assert list(made.assign(0.0)) == []
    made.add("late", 8)
    made.ready("late")
    assert next(made.assign(0.0)) == ("late", given["h1"])


def test_a_host_given_up_for_one_chunk_fails_at_all_that_it_had() -> None:
    made = router(units(9), hosts=2, host_failures=1)
    had = [chunk for host, chunk in made.assign(0.0) if host == "h0"]
    assert len(had) > 1
    verdict = made.failed("h0", had[0], 0.0)
    assert verdict.host_lost
    assert verdict.units == len({chunk.work.unit for chunk in had})
    assert made.crashed("h1", 0.0).hopeless == "no host is left"


def test_what_a_crashed_host_had_goes_to_others_and_its_late_answers_count_nothing() -> None:
    made = router(units(4), hosts=2)
    had = [chunk for host, chunk in made.assign(0.0) if host == "h0"]
    assert made.crashed("h0", 0.0).units == len({chunk.work.unit for chunk in had})
    assert made.load("h0") == 0
    for chunk in had:
        made.done("h0", chunk)  # too late: it is queued again
    assert made.queued + made.load("h1") == 32
    assert {host for host, _ in made.assign(99.0)} <= {"h1"}
    assert not made.finished


def test_a_pause_doubles_up_to_a_minute_and_ends_with_a_finished_chunk() -> None:
    made = router(units(40), hosts=1, host_failures=20, attempts=99)
    now, pauses = 0.0, []
    for _ in range(8):
        made.crashed("h0", now)
        pauses.append(made.pause("h0") - now)
        now = made.pause("h0")
        made.ready("h0")
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    made.done(*next(made.assign(now)))
    made.crashed("h0", now)
    assert made.pause("h0") == now + 1


def test_a_host_is_given_up_at_its_last_failure_and_a_unit_is_hopeless_at_its_last_try() -> None:
    made = router(units(40), hosts=2)  # five each
    for number in range(1, 6):
        verdict = made.crashed("h0", 100.0 * number)
        assert verdict.host_lost == (number == 5)
        assert made.hosts == (("h1",) if number == 5 else ("h0", "h1"))
    made = router([Unit("u", 4)], hosts=1, host_failures=99)
    for number in range(1, 6):
        ((_, chunk),) = made.assign(100.0 * number)
        verdict = made.failed("h0", chunk, 100.0 * number)
        assert (verdict.unit, verdict.units, verdict.tries) == ("u", 1, number)
        assert verdict.hopeless == ("5 attempts" if number == 5 else "")


def test_a_crash_of_an_idle_host_concerns_no_unit() -> None:
    made = router([], hosts=2)
    assert made.crashed("h0", 0.0) == Verdict("", 0, 0, False, "")
    assert made.finished


def test_what_a_removed_host_had_is_queued_again() -> None:
    made = router(units(3), hosts=1, slots=64)
    given = [chunk for _, chunk in made.assign(0.0)]
    assert (made.queued, len(given)) == (0, 3)
    made.remove("h0")
    assert (made.queued, made.hosts, made.finished) == (24, (), False)
    made.add("late", 64)
    made.ready("late")
    assert [chunk for _, chunk in made.assign(0.0)] == given

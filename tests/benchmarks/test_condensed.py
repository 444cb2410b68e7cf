"""What is quoted of a run's rollouts, and its table."""

import json

from benchmarks.tables.condensed import condensed, rollouts_of
from benchmarks.tables.sweeps import attempts_table, board_table, moved_table
from rollout.records import Outcome
from tests.rollout.data.rows import chain, episode, group


def test_attempts_are_counted_by_family_and_outcome_and_chains_by_label() -> None:
    wrong = {"outcome": Outcome.WRONG, "reward": 0.0}
    attempts = [
        episode(sample=0),
        episode(sample=1, said=("And then?",)),
        episode(sample=2, said=("And then?",), **wrong),
        episode("fol-train-0", family="fol", outcome=Outcome.TRUNCATED, reward=0.0),
    ]
    chains = (chain(4, 5, 6), chain(4, 6, 5), chain(7, 8, label=Outcome.WRONG))
    assert rollouts_of(attempts, [group(chains=chains), group("arithmetic-train-1", chains=chains[1:])]) == {
        "arithmetic": {
            "attempts": {"right": 2, "wrong": 1},
            "turns of right ones": {1: 1, 2: 1},
            "kept": {"groups": 2, "right": 3, "wrong": 2},
        },
        "fol": {"attempts": {"truncated": 1}, "turns of right ones": {}, "kept": {}},
    }


def test_the_table_counts_right_attempts_with_more_than_one_turn_apart() -> None:
    attempts = [
        *(episode(sample=each, said=("And then?",) * each) for each in range(3)),
        episode("fol-train-0", family="fol", outcome=Outcome.TRUNCATED, reward=0.0),
    ]
    found = rollouts_of(attempts, [group(chains=(chain(4, 5, 6), chain(7, 8, label=Outcome.WRONG)))])
    rows = attempts_table(json.loads(json.dumps({"rollouts": found}))).splitlines()
    assert rows[2:] == ["| arithmetic | 3 | 3 | 2 | 1 | 1 | 1 |", "| fol | 1 | 0 | 0 | 0 | 0 | 0 |"]


def test_suites_that_are_not_quoted_are_left_out_and_models_without_others() -> None:
    suite = {"n": 2, "accuracy": 0.5, "ci": [0.1, 0.9], "sampled_accuracy": None, "samples": 0, "truncated": 0}
    suite |= {"errors": {}, "forms": {}}
    whole = dict.fromkeys(("seconds", "training", "prediction", "bfcl", "answer", "versions"))
    drawn, all_of_it = {"bfcl_multiple": suite}, {"bfcl_multiple_whole": suite}
    summary = whole | {"arms": {"base": {"suites": drawn | all_of_it}, "dpo": {"suites": drawn}}}
    assert condensed(summary, "c", "bfcl_*_whole")["models"] == {"base": all_of_it}
    assert condensed(summary, "c")["models"] == {"base": drawn | all_of_it, "dpo": drawn}


def test_what_chains_gained_is_the_reward_over_beta_in_the_mean_of_the_last_steps() -> None:
    runs = {
        "s0": {"rewards": {"dpo": [[9.0, 9.0], [0.1, -0.2], [0.3, -0.4]]}},
        "s1": {"rewards": {"dpo": [[-0.5, 0.0]]}},
    }
    assert moved_table(runs, beta=0.1, steps=2).splitlines()[2:] == ["| dpo | +2.00 | −3.00 | −5.00 | +0.00 |"]


def test_the_board_has_a_row_for_drawn_problems_and_one_for_whole_categories() -> None:
    cell = {"n": 60, "accuracy": 0.05, "ci": None}
    found = {"base": {"multiple": cell}, "base, whole": {"multiple": cell | {"n": 200, "accuracy": 0.0}}}
    rows = board_table({"bfcl": found}).splitlines()
    assert rows[2:] == ["| base | 5.0 (60) |", "| base, whole | 0.0 (200) |"]

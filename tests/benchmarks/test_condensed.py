"""What is quoted of a run's rollouts, and its table."""

import json

from benchmarks.tables.condensed import rollouts_of
from benchmarks.tables.sweeps import attempts_table
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

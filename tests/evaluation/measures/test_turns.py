"""What is measured of conversations of several turns, and of worlds."""

import msgspec

from evaluation.config import EvaluationConfig
from evaluation.measures.attempts import measure
from evaluation.measures.suites import suite_figures
from rollout.records import Episode, Problem, Score
from tests.rollout.episodes.test_turns import DONE, LAST, REPLIES, TURNS, play
from tests.rollout.episodes.test_worlds import PROBLEM, RIGHT


def scored(problem: Problem, episode: Episode, sample: int = 0) -> Score:
    numbered = msgspec.structs.replace(episode, sample=sample)
    return Score(model="base", suite="talks", greedy=False, episode=numbered)


def test_how_far_attempts_came_and_what_they_did() -> None:
    episodes = [play(RIGHT, PROBLEM), play([DONE, DONE], PROBLEM), play(["x", "x"], PROBLEM)]
    attempts = [measure(scored(PROBLEM, one, at), PROBLEM) for at, one in enumerate(episodes)]
    assert [one.turns for one in attempts] == [1.0, 1.0, 0.5]
    assert [one.credit for one in attempts] == [1.0, 1 / 3, 0.0]
    assert [one.win for one in attempts] == [None] * 3, "the gold answer lists conditions"
    assert attempts[0].argument_f1 is not None
    figures = suite_figures(attempts, {PROBLEM.id: PROBLEM}, EvaluationConfig()).metrics
    assert figures.turns_reached == (1 + 1 + 0.5) / 3
    assert figures.credit is not None
    assert abs(figures.credit - 4 / 9) < 1e-12


def test_problems_of_one_message_have_no_turns() -> None:
    alone = msgspec.structs.replace(TURNS, turns=())
    attempt = measure(scored(alone, play([LAST], alone)), alone)
    assert (attempt.turns, attempt.credit, attempt.win) == (None, None, True)


def test_a_text_that_ends_a_turn_is_in_the_format_that_was_asked_for() -> None:
    episode = msgspec.structs.replace(play(("They are 7.", "14", "14"), call_format="hermes"), call_format="native")
    attempt = measure(scored(TURNS, episode), TURNS)
    assert (attempt.steps, attempt.adherent_steps, attempt.readable_steps) == (3, 3, 3)
    in_json = measure(scored(TURNS, play(REPLIES)), TURNS)
    assert in_json.adherent_steps == 5

"""The scores of five models, and their summary, which several files look at."""

import pytest

from evaluation.figures import Summary
from evaluation.summary import build_summary
from rollout.records import Problem, Score
from tests.evaluation.synthetic import CONFIG, DATA, SECONDS, VERSIONS, make_problems, make_scores


@pytest.fixture(scope="session")
def problems() -> list[Problem]:
    return make_problems(80)


@pytest.fixture(scope="session")
def scores(problems: list[Problem]) -> list[Score]:
    return list(make_scores(problems))


@pytest.fixture(scope="session")
def summary(problems: list[Problem], scores: list[Score]) -> Summary:
    return build_summary(iter(scores), problems, DATA, SECONDS, VERSIONS, CONFIG)

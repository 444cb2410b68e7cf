"""Subtasks' own scores and abstention: gold is perfect, and numbers agree with sklearn and with slow direct ones."""

import json
import random
from functools import cache

import msgspec
import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score

from evaluation.config import EvaluationConfig
from evaluation.measures.attempts import measure
from evaluation.measures.forms import contradicted_calls
from evaluation.measures.functions import by_functions, toolbox_sizes
from evaluation.measures.subtasks import ABSTENTIONS, SUBTASKS, nested_slots, rouge_l, subtask_score
from evaluation.measures.suites import suite_figures
from rollout.problems import FamilyConfig, generate
from rollout.records import CallResult, Outcome, Problem, Score, canonical_json
from rollout.toolboxes import load_toolbox
from tests.evaluation.synthetic import Skill, call, make_episode, make_problems, make_scores


def problems_of(family: str, count: int = 20) -> list[Problem]:
    return generate(FamilyConfig(family=family, test=count, difficulty=(1, 3)), "test")


@pytest.mark.parametrize("family", SUBTASKS)
def test_gold_is_perfect_and_nothing_is_nothing(family: str) -> None:
    for problem in problems_of(family):
        assert subtask_score(problem, problem.gold_calls, problem.gold) == 1.0
        assert subtask_score(problem, (), None) == 0.0


def test_every_subtask_of_the_sources_has_a_family_and_a_score() -> None:
    assert len(SUBTASKS) == 7
    assert subtask_score(problems_of("arithmetic", 1)[0], (), "1") is None


def test_scores_by_hand() -> None:
    names = problems_of("subtask_names", 40)
    two = next(problem for problem in names if len(json.loads(problem.gold)) == 2)
    first = json.loads(two.gold)[0]
    assert subtask_score(two, (), canonical_json([first])) == pytest.approx(2 / 3)
    assert subtask_score(two, (), canonical_json([first, first])) == pytest.approx(2 / 3)
    parallel = problems_of("subtask_parallel", 1)[0]
    assert subtask_score(parallel, parallel.gold_calls[::-1], None) == 1.0
    (parameters,) = (one for one in problems_of("subtask_parameters", 1))
    gold = json.loads(parameters.gold)
    half = {**gold, next(iter(gold)): 10_000}
    assert subtask_score(parameters, (), canonical_json(half)) == pytest.approx(0.5)
    assert subtask_score(parameters, (), '"text"') == 0.0


def test_parameters_in_either_order_are_as_right_as_the_checker_says() -> None:
    for problem in problems_of("subtask_parameters", 30):
        gold = json.loads(problem.gold)
        turned = dict(zip(gold, reversed(list(gold.values())), strict=True))
        score = subtask_score(problem, (), canonical_json(turned))
        either = problem.checker == "either_order" or turned == gold
        assert (score == 1.0) is either


def test_a_call_inside_a_call_counts_where_it_stands() -> None:
    flat = [call("add", a=1, b=2), call("finish", answer=3)]
    deep = [call("finish", answer={"$call": {"name": "add", "arguments": {"a": 1, "b": 2}}})]
    assert nested_slots(deep) == [("add", "a", "1"), ("add", "b", "2"), ("finish", "answer", "$call add")]
    assert set(nested_slots(flat)) & set(nested_slots(deep)) == {("add", "a", "1"), ("add", "b", "2")}


def slow_lcs(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    @cache
    def longest(i: int, j: int) -> int:
        if i == len(one) or j == len(other):
            return 0
        return max(longest(i + 1, j), longest(i, j + 1), (one[i] == other[j]) + longest(i + 1, j + 1))

    return longest(0, 0)


def test_rouge_agrees_with_a_direct_computation() -> None:
    rng = random.Random(0)
    for _ in range(300):
        one, other = (tuple(rng.choices("abcd", k=rng.randrange(1, 9))) for _ in range(2))
        lcs = slow_lcs(one, other)
        precision, recall = lcs / len(one), lcs / len(other)
        expected = 2 * precision * recall / (precision + recall) if lcs else 0.0
        assert rouge_l(json.dumps(" ".join(one)), json.dumps(" ".join(other))) == pytest.approx(expected)
    assert rouge_l("12.0", "12") == rouge_l('"12"', "12") == 1.0
    assert rouge_l("-12", "12") == rouge_l(None, "12") == 0.0


def test_abstentions_are_what_the_toolbox_takes() -> None:
    schema = json.dumps(load_toolbox("abstention").functions["finish"].parameters)
    assert all(f'"{text}"' in schema for text in ABSTENTIONS)
    assert {json.loads(problem.gold) for problem in problems_of("abstention", 40)} > set(ABSTENTIONS)


def test_abstention_agrees_with_sklearn() -> None:
    rng = np.random.default_rng(0)
    problems = problems_of("abstention", 60)
    attempts, due, said = [], [], []
    for problem in problems:
        for sample in range(3):
            episode = make_episode(make_problems(1)[0], Skill(1.0, 1.0), rng, sample, "dpo")
            answer = str(rng.choice([*map(canonical_json, ABSTENTIONS), "12", problem.gold]))
            episode = msgspec.structs.replace(episode, problem_id=problem.id, answer=answer, outcome=Outcome.WRONG)
            attempts.append(measure(Score(model="dpo", suite="s", greedy=False, episode=episode), problem))
            due.append(json.loads(problem.gold) in ABSTENTIONS)
            said.append(json.loads(answer) in ABSTENTIONS)
    by_id = {problem.id: problem for problem in problems}
    metrics = suite_figures(attempts, by_id, EvaluationConfig()).metrics
    assert metrics.abstention_precision == pytest.approx(precision_score(due, said))
    assert metrics.abstention_recall == pytest.approx(recall_score(due, said))


def test_contradicted_calls_have_numbers_from_nowhere() -> None:
    def result(name: str, content: str, **arguments: object) -> CallResult:
        return CallResult(call=call(name, **arguments), content=content)

    text = "Mara has 12 boxes of 3.5 kg and gives away 4."
    good = [result("mul", "42", a=12, b=3.5), result("sub", "38", a=42, b=4), result("finish", "done", answer=38)]
    assert contradicted_calls(good, text) == (0, 3)
    bad = [result("mul", "45.5", a=13, b=3.5), result("sub", "38", a=42, b=4), result("say", "ok", word="x")]
    assert contradicted_calls(bad, text) == (2, 2)


@pytest.mark.parametrize("family", ["arithmetic", "units", "dates", "lists", "zebra"])
def test_gold_chains_contradict_nothing(family: str) -> None:
    for problem in problems_of(family):
        session = load_toolbox(problem.toolbox).open(problem.state)
        assert contradicted_calls([session.call(each) for each in problem.gold_calls], problem.text)[0] == 0


def test_accuracy_by_number_of_functions_goes_across_suites() -> None:
    problems: dict[str, Problem] = {}
    cells = {}
    for suite, extra in (("few", ""), ("many", "+50@3")):
        these = [
            msgspec.structs.replace(problem, id=f"{problem.id}{extra}", toolbox=f"arithmetic{extra}")
            for problem in make_problems(12, ("arithmetic",))
        ]
        problems |= {problem.id: problem for problem in these}
        skill = Skill(1.0, 1.0) if suite == "few" else Skill(0.0, 0.0)
        scores = make_scores(these, {"base": skill}, samples=2)
        cells["base", suite] = [measure(score, problems[score.episode.problem_id]) for score in scores]
    assert toolbox_sizes(problems.values()) == {"arithmetic": 5, "arithmetic+50@3": 55}
    found = by_functions(cells, problems, EvaluationConfig())
    assert list(found["arithmetic"]["base"]) == ["5", "55"]
    assert found["arithmetic"]["base"]["5"].n == 12
    few, many = (found["arithmetic"]["base"][size].accuracy for size in ("5", "55"))
    assert few is not None
    assert many is not None
    assert few > 0.6 > 0.4 > many

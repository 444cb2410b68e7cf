"""Seeded scores that look like real ones: two-step word problems, JSON calls, broken formats, repaired mistakes."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.config import EvaluationConfig
from evaluation.figures import Summary
from evaluation.summary import build_summary
from rollout.records import (
    Call,
    CallResult,
    Episode,
    ErrorCode,
    Outcome,
    Problem,
    Producer,
    Provenance,
    Score,
    Step,
    StopReason,
    canonical_json,
)

NAMES = ("Mara", "Jonas", "Aiko", "Tariq", "Lena", "Pavel", "Ines", "Otto")
THINGS = ("apples", "stamps", "marbles", "tickets", "shells", "pencils")
PROVENANCE = Provenance(
    generation="run-1",
    parent="",
    toolbox_hash="t",
    format_hash="f",
    template_hash="c",
    tokenizer_hash="k",
    prompt_hash="p",
)


@dataclass(frozen=True)
class Skill:
    """How good an arm is: chance of a readable call, of the right one, and how much better its greedy attempt is."""

    form: float
    task: float
    greedy_bonus: float = 0.5


ARMS = {
    "teacher": Skill(0.98, 0.99),
    "base": Skill(0.72, 0.98, greedy_bonus=0.8),
    "sft": Skill(0.98, 0.98),
    "dpo": Skill(0.94, 0.97),
    "sft+dpo": Skill(0.97, 0.90, greedy_bonus=0.0),
}


def call(name: str, /, **arguments: object) -> Call:
    return Call(name=name, arguments=canonical_json(arguments))


def make_problem(index: int, suite: str = "arithmetic", seed: int = 0) -> Problem:
    rng = np.random.default_rng([seed, index, len(suite)])
    a, b, c = (int(value) for value in rng.integers(2, 90, size=3))
    name, thing = NAMES[index % len(NAMES)], THINGS[index % len(THINGS)]
    hard = index % 3
    first = a * b if hard else a + b
    gold_calls = [call("mul" if hard else "add", a=a, b=b), call("sub", a=first, b=c)]
    if hard == 2:
        gold_calls.append(call("mul", a=first - c, b=2))
    answer = (first - c) * 2 if hard == 2 else first - c
    gold_calls.append(call("finish", answer=answer))
    return Problem(
        id=f"{suite}-test-{index:05d}",
        family=suite,
        split="test",
        template=f"t{index % 5}",
        text=f"{name} has {a} boxes of {b} {thing} and gives away {c}. How many {thing} are left?",
        toolbox=suite,
        gold=str(answer),
        gold_calls=tuple(gold_calls),
        difficulty=hard + 1,
    )


def make_problems(n: int, suites: Sequence[str] = ("arithmetic", "fol")) -> list[Problem]:
    return [make_problem(index, suite) for suite in suites for index in range(n)]


def step(text: str, *results: CallResult) -> Step:
    size = max(1, len(text) // 3)
    return Step(text=text, token_ids=tuple(range(size)), logprobs=(-0.1,) * size, results=results)


def written(made: Call) -> str:
    return json.dumps({"name": made.name, "arguments": json.loads(made.arguments)})


def broken_step(made: Call, rng: np.random.Generator) -> Step:
    """A reply that fails, in one of the ways of small models."""
    kind = int(rng.integers(5))
    text = written(made)
    if kind == 0:
        return step(text[:-1], CallResult(call=None, content="error: JSON ends early", error=ErrorCode.BAD_SYNTAX))
    if kind == 1:
        shape = ErrorCode.WRONG_CALL_SHAPE
        return step(text.replace('"name"', '"function"'), CallResult(call=None, content="error: no name", error=shape))
    if kind == 2:
        prose = ErrorCode.PROSE_AROUND_CALL
        return step(f"Let me see. {text}", CallResult(call=None, content="error: only the call", error=prose))
    if kind == 3:
        return step(
            f"{made.name}(a=1, b=2)", CallResult(call=None, content="error: no JSON", error=ErrorCode.NOT_A_CALL)
        )
    wrong = Call(name="plus", arguments=made.arguments)
    unknown = CallResult(call=wrong, content="error: no function plus", error=ErrorCode.UNKNOWN_FUNCTION)
    return step(written(wrong), unknown)


def compute(name: str, a: int, b: int) -> int:
    return {"add": a + b, "sub": a - b, "mul": a * b}[name]


def make_episode(problem: Problem, skill: Skill, rng: np.random.Generator, sample: int, model: str) -> Episode:
    steps: list[Step] = []
    answer: str | None = None
    stop, outcome, error = StopReason.FINISHED, Outcome.RIGHT, None
    ability = skill.task - 0.03 * (problem.difficulty - 1)
    seen: dict[int, int] = {}  # what a gold result became once a mistake was made
    for made in problem.gold_calls:
        if rng.random() > skill.form:
            steps.append(broken_step(made, rng))
            if rng.random() < 0.6:
                stop, outcome, error = StopReason.FAILED_CALLS, Outcome.WRONG, steps[-1].errors[0]
                break
        gold = json.loads(made.arguments)
        arguments = {key: seen.get(value, value) for key, value in gold.items()}
        if rng.random() > ability:
            key = next(iter(arguments))
            arguments[key] = int(arguments[key]) + int(rng.integers(1, 9))
        done = call(made.name, **arguments)
        if made.name == "finish":
            answer = canonical_json(arguments["answer"])
            steps.append(step(written(done), CallResult(call=done, content="done")))
        else:
            expected = compute(made.name, gold["a"], gold["b"])
            value = compute(made.name, arguments["a"], arguments["b"])
            if value != expected:
                seen[expected] = value
            steps.append(step(written(done), CallResult(call=done, content=str(value))))
    if outcome is Outcome.RIGHT and answer != problem.gold:
        outcome, error = Outcome.WRONG, ErrorCode.ANSWER_WRONG
    luck = rng.random()
    if luck < 0.004:
        stop, outcome, error = StopReason.INFRASTRUCTURE, Outcome.INFRASTRUCTURE, None
    elif luck < 0.012:
        stop, outcome, error = StopReason.TOKEN_LIMIT, Outcome.TRUNCATED, ErrorCode.REPLY_CUT
    return Episode(
        problem_id=problem.id,
        family=problem.family,
        sample=sample,
        call_format="json",
        prompt_text=problem.text,
        prompt_ids=(1, 2, 3),
        steps=tuple(steps),
        answer=answer,
        stop=stop,
        outcome=outcome,
        error=error,
        reward=float(outcome is Outcome.RIGHT),
        producer=Producer(model=model, revision="r", licence="CC0-1.0"),
        provenance=PROVENANCE,
        temperature=0.7,
        seconds=0.1,
    )


def make_scores(
    problems: Sequence[Problem], arms: dict[str, Skill] | None = None, samples: int = 4, seed: int = 0
) -> Iterator[Score]:
    """One greedy and `samples` sampled attempts of every arm at every problem."""
    for number, (arm, skill) in enumerate((arms or ARMS).items()):
        rng = np.random.default_rng([seed, number])
        bonus = skill.greedy_bonus
        sure = Skill(skill.form + (1 - skill.form) * bonus, skill.task + (1 - skill.task) * bonus)
        for problem in problems:
            yield Score(model=arm, suite=problem.family, greedy=True, episode=make_episode(problem, sure, rng, 0, arm))
            for sample in range(samples):
                episode = make_episode(problem, skill, rng, sample, arm)
                yield Score(model=arm, suite=problem.family, greedy=False, episode=episode)


DATA = {
    "episodes": 3600,
    "right": 2697,
    "wrong": 880,
    "truncated": 20,
    "infrastructure": 3,
    "groups": 288,
    "chains": 1810,
    "pairs": 3912,
    "right_chains": 905,
    "right_with_failed_steps": 214,
}
SECONDS = {"models": 212.4, "rollout": 66.1, "groups": 2.2, "training": 154.9, "evaluation": 71.3}
VERSIONS = {"chainpref": "0.1.0", "torch": "2.13.0", "vllm": "0.32.0", "ray": "2.60.0"}


def training_rows(kind: str, seed: int = 0, steps: int = 80) -> list[dict[str, float]]:
    """Rows as trainers log them: a loss, and for preference arms margins and log-probabilities."""
    rng = np.random.default_rng(seed)
    rows = []
    for index in range(1, steps + 1):
        progress = index / steps
        noise = float(rng.normal())
        row = {"step": float(index), "grad_norm": 1 + 0.1 * noise, "learning_rate": 5e-5 * (1 - progress)}
        if kind == "sft":
            row["loss"] = 0.45 * float(np.exp(-3 * progress)) + 0.05 + 0.01 * noise
        else:
            margin = 4 * progress + 0.2 * noise
            row |= {
                "loss": float(np.log1p(np.exp(-margin))),
                "rewards/margins": margin,
                "rewards/accuracies": min(1.0, 0.5 + 0.5 * progress),
                "rewards/chosen": 0.5 * progress - 0.2 * progress**2,
                "rewards/rejected": -3.5 * progress,
                "logps/chosen": -12 - 6 * progress + 0.3 * noise,
                "logps/rejected": -16 - 40 * progress + 0.5 * noise,
            }
        rows.append(row)
    return rows


TRAINING = {"sft": training_rows("sft"), "dpo": training_rows("dpo", 1), "sft+dpo": training_rows("dpo", 2)}


CONFIG = EvaluationConfig(permutations=999)


def build(scores: Sequence[Score], problems: list[Problem]) -> Summary:
    return build_summary(scores, problems, DATA, SECONDS, VERSIONS, CONFIG)

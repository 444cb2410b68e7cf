"""Small records for tests, complete and deterministic. Log-probabilities are exact in float32."""

from rollout.records import (
    Call,
    CallResult,
    Chain,
    Episode,
    ErrorCode,
    Outcome,
    PairRule,
    PreferenceGroup,
    Producer,
    Provenance,
    Score,
    Step,
    StopReason,
)

PROVENANCE = Provenance(
    generation="g1",
    parent="",
    toolbox_hash="t",
    format_hash="f",
    template_hash="m",
    tokenizer_hash="k",
    prompt_hash="p",
)


def episode(problem: str = "arithmetic-train-0", sample: int = 0, **changes: object) -> Episode:
    call = Call(name="add", arguments='{"a":1,"b":2}')
    steps = (
        Step(
            text="nonsense é 漢",
            token_ids=(5, 6, 7),
            logprobs=(-0.5, -0.25, -1.0),
            results=(CallResult(call=None, content="no call", error=ErrorCode.NOT_A_CALL, seconds=0.1),),
            feedback_ids=(1, 2),
            seconds=0.1,
        ),
        Step(
            text="add",
            token_ids=(8, 2**31 - 1),
            logprobs=(-0.125, 0.0),
            results=(CallResult(call=call, content="3"), CallResult(call=call, content="3")),
        ),
    )
    values: dict[str, object] = {
        "problem_id": problem,
        "family": "arithmetic",
        "sample": sample,
        "call_format": "json",
        "prompt_text": "1 + 2?",
        "prompt_ids": (1, 2, 3),
        "steps": steps,
        "answer": "3",
        "stop": StopReason.FINISHED,
        "outcome": Outcome.RIGHT,
        "error": None,
        "reward": 1.0,
        "producer": Producer(model="teacher", revision="abc", licence="Apache-2.0"),
        "provenance": PROVENANCE,
        "temperature": 0.7,
        "seconds": 1 / 3,
    }
    return Episode(**(values | changes))  # type: ignore[arg-type]


def chain(*token_ids: int, label: Outcome = Outcome.RIGHT, **changes: object) -> Chain:
    half = len(token_ids) // 2
    step = (0,) * half + (-1,) + (1,) * (len(token_ids) - half - 1) if len(token_ids) > 2 else (0,) * len(token_ids)
    values: dict[str, object] = {
        "token_ids": token_ids,
        "step": step,
        "failed_steps": (0,) if label is not Outcome.RIGHT else (),
        "label": label,
        "error": ErrorCode.ANSWER_WRONG if label is not Outcome.RIGHT else None,
        "multiplicity": 2,
        "episodes": (0, 3),
    }
    return Chain(**(values | changes))  # type: ignore[arg-type]


def group(problem: str = "arithmetic-train-0", **changes: object) -> PreferenceGroup:
    values: dict[str, object] = {
        "problem_id": problem,
        "family": "arithmetic",
        "student": "tiny",
        "prompt_text": "1 + 2?",
        "prompt_ids": (1, 2, 3),
        "chains": (chain(4, 5, 6, 7), chain(8, 9), chain(4, 5, 9, label=Outcome.WRONG)),
        "rule": PairRule(max_right=2, stratify_errors=True),
        "provenance": PROVENANCE,
    }
    return PreferenceGroup(**(values | changes))  # type: ignore[arg-type]


def score(sample: int = 0, **changes: object) -> Score:
    return Score(model="dpo", suite="arithmetic", greedy=True, episode=episode(sample=sample, **changes))

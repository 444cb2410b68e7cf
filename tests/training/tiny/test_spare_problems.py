"""What models learn of families that are not generated: gold chains of train problems that the run leaves over."""

import asyncio
import itertools
import json
from pathlib import Path

import pytest

from cluster.config import parse
from cluster.errors import RequestError
from rollout.config import EpisodeConfig
from rollout.episodes.episode import SampleSpec, run_episode
from rollout.problems import FamilyConfig, everything, generate, spare
from rollout.records import Outcome, Problem
from tests.rollout.conversations import chat_template, setting
from training.tiny.corpus import Conversation, Corpus

EPISODES = EpisodeConfig(max_failed_steps=1, max_steps=9, verbosity="names")
THINGS = ("nuts", "pears", "plums", "eggs", "leeks", "beans", "pens", "cups", "coats", "hats", "keys", "boats")


def call(name: str, **arguments: int) -> dict[str, object]:
    return {"name": name, "arguments": arguments}


@pytest.fixture
def family(tmp_path: Path) -> FamilyConfig:
    """Twelve rows of two turns, of which the run attempts three."""
    rows = [
        {
            "text": f"There are {number + 3} {thing}, and 4 come. How many?",
            "answer": 2 * (number + 7),
            "calls": [call("add", a=number + 3, b=4), call("finish")],
            "turns": [
                {
                    "text": f"And twice as many {thing}?",
                    "vanish": ["sub"],
                    "calls": [call("mul", a=number + 7, b=2), call("finish", answer=2 * (number + 7))],
                }
            ],
        }
        for number, thing in enumerate(THINGS)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    given = {"family": "jsonl", "path": str(path), "toolbox": "arithmetic", "checker": "numeric", "train": 3}
    return parse(
        FamilyConfig, {**given, "calls_column": "calls", "turns_column": "turns", "pretrain": 2}, "problems.own"
    )


def take(corpus: Corpus, count: int, malformed: float = 0.0) -> list[Conversation]:
    return list(itertools.islice(corpus.conversations(0, malformed, 0.0), count))


def test_what_the_run_attempts_is_not_learnt(family: FamilyConfig) -> None:
    attempted = {problem.id for problem in generate(family, "train")}
    there = {problem.id for problem in everything(family).splits["train"]}
    assert len(attempted) == 3 < len(there)
    assert {problem.id for problem in spare(family)} == there - attempted
    learnt = {conversation.problem_id for conversation in take(Corpus((family,), EPISODES), 60)}
    assert learnt == there - attempted


@pytest.mark.parametrize(("malformed", "least"), [(0.0, 12), (0.3, 4)])
def test_an_episode_with_the_same_replies_holds_the_same_ids(
    family: FamilyConfig, malformed: float, least: int
) -> None:
    problems = {problem.id: problem for problem in spare(family)}
    complete = 0
    for item in take(Corpus((family,), EPISODES), 12, malformed):
        replies = [turn.reply for turn in item.turns]
        made = setting(lambda _, step, replies=replies: replies[step], episode=EPISODES)  # type: ignore[misc]
        problem: Problem = problems[item.problem_id]
        episode = asyncio.run(run_episode(problem, SampleSpec(sample=0, temperature=1.0), made))
        ids, written = item.token_ids(chat_template())
        steps = [(step.token_ids, step.feedback_ids) for step in episode.steps]
        assert ids == [*episode.prompt_ids, *(each for own, told in steps for each in (*own, *told))]
        own = [each for each, is_own in zip(ids, written, strict=True) if is_own]
        assert own == [each for step in episode.steps for each in step.token_ids]
        if not item.turns[-1].failed:
            complete += 1
            assert (episode.outcome, episode.answer) == (Outcome.RIGHT, problem.gold)
            assert episode.said == tuple(turn.said for turn in item.turns if turn.said)
    assert complete >= least


def test_the_fingerprint_follows_the_rows_and_what_is_attempted(family: FamilyConfig) -> None:
    def fingerprint(changed: FamilyConfig) -> str:
        return Corpus((changed,), EPISODES).fingerprint

    before = fingerprint(family)
    assert fingerprint(family.model_copy(update={"test": 1, "name": ""})) == before
    assert fingerprint(family.model_copy(update={"train": 4})) != before
    path = Path(family.path)
    path.write_text(path.read_text().replace("nuts", "figs"))
    assert fingerprint(family) != before


def test_a_gold_chain_that_is_wrong_is_not_learnt(family: FamilyConfig) -> None:
    path = Path(family.path)
    spoilt = next(problem for problem in spare(family))
    lines = path.read_text().splitlines()
    at = int(spoilt.source.rpartition(":")[2]) - 1
    row = json.loads(lines[at])
    row["answer"] += 1
    lines[at] = json.dumps(row)
    path.write_text("".join(f"{line}\n" for line in lines))
    with pytest.raises(
        RequestError, match=rf"rows\.jsonl:{at + 1}\): .* no accepted answer: answer {spoilt.gold} is answer_wrong"
    ):
        take(Corpus((family,), EPISODES), 1)


def test_rows_that_are_all_attempted_leave_nothing_to_learn(family: FamilyConfig) -> None:
    there = len(everything(family).splits["train"])
    with pytest.raises(RequestError, match=rf"pretrain = 2 .* behind the first {there} of {there} there are none"):
        spare(family.model_copy(update={"train": there}))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"family": "reasoning_gym", "task": "gsm_symbolic"}, "reasoning_gym has none"),
        ({"family": "bfcl", "task": "multiple"}, "this category of bfcl is test problems alone"),
        ({"family": "tau2", "task": "retail", "user": "model"}, "a user who is played has no script"),
        ({"family": "jsonl", "path": "rows.jsonl"}, "no calls_column names the rows'"),
    ],
)
def test_what_has_no_gold_chains_is_refused(given: dict[str, str], reason: str) -> None:
    with pytest.raises(
        RequestError, match=f"pretrain = 1: models learn from gold chains of train problems, and {reason}"
    ):
        parse(FamilyConfig, {**given, "pretrain": 1}, "problems.own")

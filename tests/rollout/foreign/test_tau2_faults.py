"""Workers of tau2-bench's worlds, killed in the middle: nothing is lost or done twice, and no label comes of it."""

import asyncio
import os
import random
import signal
from collections.abc import Sequence
from dataclasses import replace

import pytest

from cluster.engine.scripted import ScriptedEngine
from cluster.errors import InfrastructureError
from rollout.config import EpisodeConfig
from rollout.episodes.episode import SampleSpec, run_episode
from rollout.foreign.tau2 import tasks, toolbox_of
from rollout.formats import load_format
from rollout.problems.imported.tau2 import problem_of
from rollout.records import Episode, Outcome
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.isolation import isolated
from rollout.toolboxes.isolation.isolated import IsolatedToolbox
from tests.faults.seed import seeded
from tests.rollout.conversations import chat_template, setting

pytestmark = [pytest.mark.faults, pytest.mark.real]


def kill(workers: Sequence[object]) -> None:
    for worker in workers:
        process = worker._process  # type: ignore[attr-defined]
        if process is not None and process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)


def attempt(domain: str, id: str, share: float, rng: random.Random) -> Episode:
    """A right attempt, in which a share of the replies finds all workers killed."""
    problem = problem_of(next(task for task in tasks(domain) if task.id == id), domain, "test")
    toolbox, template, form = load_toolbox(problem.toolbox), chat_template(), load_format("json")
    assert isinstance(toolbox, IsolatedToolbox)
    replies = [form.render((call,)) for call in problem.all_gold_calls]

    def script(_: Sequence[int], request_id: str) -> Sequence[int]:
        if rng.random() < share:
            kill(toolbox.workers)
        return template.encode_reply(replies[int(request_id.rpartition(".")[2])])

    made = replace(
        setting(lambda _, step: replies[step], episode=EpisodeConfig(max_steps=len(replies)), max_context=1_000_000),
        engine=ScriptedEngine(script),
    )
    return asyncio.run(run_episode(problem, SampleSpec(sample=0, temperature=1.0), made))


@pytest.mark.parametrize(("domain", "id"), [("retail", "0"), ("retail", "105"), ("airline", "7")])
def test_a_world_whose_workers_are_killed_is_the_same_world(domain: str, id: str) -> None:
    rng = seeded()
    whole, broken = (attempt(domain, id, share, rng) for share in (0.0, 0.6))
    assert (broken.outcome, broken.credit, broken.said) == (Outcome.RIGHT, whole.credit, whole.said)
    assert [[r.content for r in step.results] for step in broken.steps] == [
        [r.content for r in step.results] for step in whole.steps
    ]


def test_a_worker_that_is_killed_again_and_again_is_a_fault_of_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    toolbox = load_toolbox(toolbox_of("retail"))
    assert isinstance(toolbox, IsolatedToolbox)
    ask = isolated.Worker.ask

    def killed(self: isolated.Worker, request: dict[str, object], deadline: float) -> dict[str, object]:
        kill([self])
        return ask(self, request, deadline)

    monkeypatch.setattr(isolated.Worker, "ask", killed)
    with pytest.raises(InfrastructureError, match="killed"):
        attempt("retail", "0", 0.0, random.Random(0))

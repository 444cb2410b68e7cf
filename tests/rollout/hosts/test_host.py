"""A rollout host with the scripted engine in this process: units, chunks, faults of machines, rows that cannot be
stored."""

import asyncio
import itertools
import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster.engine.interface import Generation, Sampling
from cluster.engine.options import EngineConfig
from cluster.engine.scripted import ScriptedConfig, ScriptedEngine
from cluster.errors import InfrastructureError, InfrastructureKind, RequestError
from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from rollout.config import EpisodeConfig, GroupsConfig
from rollout.data.shards import read_rows
from rollout.episodes.execution import execute
from rollout.group_units import problem_episodes
from rollout.groups import build_group
from rollout.hosts import host as host_module
from rollout.hosts.host import RolloutHost
from rollout.hosts.scoring import ScoreResult
from rollout.hosts.scripted_replies import WRONG_REPLY
from rollout.hosts.work import ChunkResult, EpisodeWork, HostSpec, ServedModel, join_chunks
from rollout.problems import generate
from rollout.problems.config import FamilyConfig
from rollout.prompts.template import ChatTemplate
from rollout.records import Episode, Outcome, Problem, Producer
from rollout.toolboxes import Toolbox, load_toolbox
from rollout.toolboxes.isolation.isolated import IsolatedToolbox
from tests.rollout.conversations import tokenizer

PROBLEMS = tuple(generate(FamilyConfig(family="arithmetic", train=4, test=0, difficulty=(1, 1)), "train"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ServedModel:
    folder = tmp_path_factory.mktemp("model")
    tokenizer().save_pretrained(str(folder))
    (folder / "config.json").write_text("{}")
    producer = Producer(model="teacher", revision="0", licence="CC0-1.0")
    return ServedModel(name="teacher", source=str(folder), producer=producer)


@pytest.fixture
def make_host(model: ServedModel, tmp_path: Path) -> Callable[..., RolloutHost]:
    def make(
        scripted: ScriptedConfig | None = None,
        live: int = 16,
        must_see: str = "",
        max_seconds: float = 600.0,
        servers: tuple[str, ...] = (),
    ) -> RolloutHost:
        episodes = EpisodeConfig(max_failed_steps=0, max_steps=6, max_seconds=max_seconds)
        spec = HostSpec(
            name="host",
            run_uri=str(tmp_path / "run"),
            generation="g",
            parent="",
            model=model,
            engine=EngineConfig(max_context=8192),
            episodes=episodes,
            live_episodes=live,
            seed=0,
            scripted=(scripted or ScriptedConfig()),
            must_see=must_see,
            servers=servers,
        )
        return RolloutHost(spec)

    return make


def unit(
    model: ServedModel, name: str = "u", samples: int = 8, problems: tuple[Problem, ...] = PROBLEMS
) -> EpisodeWork:
    return EpisodeWork(
        unit=name,
        prefix="episodes",
        model=model,
        problems=problems,
        samples=tuple(range(samples)),
        temperature=1.0,
    )


def committed(tmp_path: Path) -> list[Episode]:
    return list(read_rows(Episode, Ledger(open_store(str(tmp_path / "run")), "episodes")))


async def do(host: RolloutHost, work: EpisodeWork) -> ChunkResult:
    await host.start()
    return await host.run(work, 0, work.size)


def test_a_unit_is_played_labelled_and_committed(
    make_host: Callable[..., RolloutHost], model: ServedModel, tmp_path: Path
) -> None:
    chunk_result = asyncio.run(do(make_host(), unit(model)))
    episodes = committed(tmp_path)
    assert (chunk_result.rows, chunk_result.won, chunk_result.payload) == (32, True, b"")
    assert [(one.problem_id, one.sample) for one in episodes] == unit_order()
    assert {one.outcome for one in episodes} == {Outcome.RIGHT, Outcome.WRONG}
    assert sum(right for right, _ in chunk_result.tally.values()) == chunk_result.outcomes["right"]
    assert asyncio.run(do(make_host(), unit(model))).won is False


def test_a_host_answers_while_it_loads_a_toolbox(
    make_host: Callable[..., RolloutHost], model: ServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What starts a server or workers takes seconds, and a host that is silent meanwhile would be taken for frozen."""
    answered = threading.Event()

    def slow(name: str) -> Toolbox:
        assert answered.wait(20), "the host answered nobody while it loaded"
        return load_toolbox(name)

    monkeypatch.setattr(host_module, "load_toolbox", slow)

    async def play(host: RolloutHost) -> ChunkResult | ScoreResult:
        await host.start()
        work = unit(model)
        running = asyncio.create_task(host.run(work, 0, work.size))
        await asyncio.sleep(0.2)
        await host.progress()
        answered.set()
        return await running

    result = asyncio.run(play(make_host()))
    assert isinstance(result, ChunkResult)
    assert result.rows == 32


def test_servers_start_while_the_engine_does(
    make_host: Callable[..., RolloutHost], model: ServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each waits here for the other to begin; one after the other, none would end."""
    prepared, server, engine = list[int](), threading.Event(), threading.Event()

    def prepare(toolbox: Toolbox, episodes: int) -> None:
        server.set()
        assert engine.wait(20), "the engine waits for the server"
        prepared.append(episodes)

    async def start(*arguments: Any) -> ScriptedEngine:
        engine.set()
        assert await asyncio.to_thread(server.wait, 20), "the server waits for the engine"
        return await start_scripted(*arguments)

    start_scripted = host_module.start_scripted
    monkeypatch.setattr(Toolbox, "prepare", prepare)
    monkeypatch.setattr(host_module, "start_scripted", start)
    assert asyncio.run(make_host(live=3, servers=("arithmetic",)).start()) == 3
    assert prepared == [3]


def test_a_host_whose_node_does_not_share_the_runs_folder_refuses_to_start(
    make_host: Callable[..., RolloutHost], tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=r"host: its node \S+ does not see plan.json of the run at .*run; put"):
        asyncio.run(make_host(must_see="plan.json").start())
    (tmp_path / "run").mkdir(exist_ok=True)
    (tmp_path / "run" / "plan.json").touch()
    assert asyncio.run(make_host(must_see="plan.json").start()) > 0


def unit_order() -> list[tuple[str, int]]:
    return [(problem.id, sample) for problem in PROBLEMS for sample in range(8)]


def test_chunks_of_a_unit_on_two_hosts_make_the_same_rows(
    make_host: Callable[..., RolloutHost], model: ServedModel, tmp_path: Path
) -> None:
    work = unit(model)

    async def part(start: int, stop: int) -> ChunkResult:
        host = make_host()
        await host.start()
        return await host.run(work, start, stop)

    parts = [asyncio.run(part(0, 13)), asyncio.run(part(13, 32))]
    assert committed(tmp_path) == []
    whole = join_chunks(open_store(str(tmp_path / "run")), work, parts)
    assert (whole.won, whole.rows, whole.payload) == (True, 32, b"")
    assert [(one.problem_id, one.sample) for one in committed(tmp_path)] == unit_order()
    assert whole.tally == {
        problem.id: (
            sum(one.outcome is Outcome.RIGHT for one in committed(tmp_path) if one.problem_id == problem.id),
            sum(one.outcome is Outcome.WRONG for one in committed(tmp_path) if one.problem_id == problem.id),
        )
        for problem in PROBLEMS
    }


def test_room_says_what_is_left_and_the_limit_follows_the_engine(
    make_host: Callable[..., RolloutHost], model: ServedModel
) -> None:
    async def ask() -> tuple[list[int], int]:
        host = make_host(ScriptedConfig(median_s=0.02, slots=4), live=64)
        assert await host.start() == 64
        running = asyncio.create_task(host.run(unit(model, samples=32), 0, 128))
        seen = []
        for below in (100, 50, 10):
            while (left := sum((await host.capacity(below)).left.values())) >= below:
                assert not running.done()
            seen.append(left)
        await running
        await asyncio.sleep(0)
        return seen, (await host.capacity(1)).slots

    seen, slots = asyncio.run(ask())
    assert all(left < below for left, below in zip(seen, (100, 50, 10), strict=True))
    assert slots < 64, "an engine of four slots does not need 64 live episodes"


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    statuses: list[int] = []
    monkeypatch.setattr("rollout.hosts.host.os._exit", statuses.append)
    return statuses


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (ScriptedConfig(crash_after=20), InfrastructureKind.ENGINE_DEAD),
        (ScriptedConfig(hang_after=20, stall_timeout_s=0.02), InfrastructureKind.ENGINE_STALLED),
        # Longer than the episodes may take, as below.
        (ScriptedConfig(hang_after=20, stall_timeout_s=0.6), InfrastructureKind.ENGINE_STALLED),
    ],
)
def test_a_dead_engine_commits_nothing_and_ends_the_process(
    make_host: Callable[..., RolloutHost],
    model: ServedModel,
    tmp_path: Path,
    ended: list[int],
    fault: ScriptedConfig,
    kind: InfrastructureKind,
) -> None:
    async def play() -> None:
        host = make_host(fault, max_seconds=0.2)
        with pytest.raises(InfrastructureError) as caught:
            await do(host, unit(model))
        assert caught.value.kind is kind
        with pytest.raises(InfrastructureError):
            await host.run(unit(model), 0, 32)
        await asyncio.sleep(host_module._LAST_WORDS_S + 0.05)

    asyncio.run(play())
    assert ended == [1]
    assert committed(tmp_path) == []


FAULTS = {
    "crash": ScriptedConfig(crash_after=70),
    "hang": ScriptedConfig(hang_after=70, stall_timeout_s=0.02),
    "aborts": ScriptedConfig(abort=0.2),
    "a burst of aborts": ScriptedConfig(abort_for_s=0.1),
    "slow": ScriptedConfig(median_s=0.001, sigma=1.0, slow=0.2),
    "tools": ScriptedConfig(),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_of_machines_becomes_a_rejected_chain(
    make_host: Callable[..., RolloutHost],
    model: ServedModel,
    tmp_path: Path,
    ended: list[int],
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Do what the pool does: replace a host that failed, and do its unit again."""
    calls = itertools.count(1)

    async def sometimes_silent(*arguments: Any) -> Any:
        if fault == "tools" and next(calls) % 70 == 0:
            raise InfrastructureError(InfrastructureKind.HOST_TIMEOUT, "planted")
        return await execute(*arguments)

    monkeypatch.setattr("rollout.episodes.episode.execute", sometimes_silent)
    if fault == "aborts":
        monkeypatch.setattr("rollout.episodes.replies.ABORT_PAUSES_S", (0.0, 0.0, 0.0))

    async def play() -> None:
        host = make_host(FAULTS[fault])
        for number in range(4):
            for _ in range(9):
                try:
                    chunk_result = await do(host, unit(model, f"u{number}"))
                except InfrastructureError:
                    host = make_host(FAULTS[fault])
                else:
                    break
            assert chunk_result.won

    asyncio.run(play())
    episodes = committed(tmp_path)
    assert len(episodes) == 4 * 32
    undisturbed = [one for one in episodes if one.outcome is not Outcome.INFRASTRUCTURE]
    assert len(undisturbed) == len(episodes) or fault == "aborts", "what was retried leaves no trace"
    template = ChatTemplate.from_model(model.source)
    units = [f"u{number}" for number in range(4)]
    ledger = Ledger(open_store(str(tmp_path / "run")), "episodes")
    for of_problem in problem_episodes(ledger, units, [problem.id for problem in PROBLEMS]):
        group = build_group(of_problem, "student", template, GroupsConfig())
        assert group is not None
        samples = {one.sample: one for one in undisturbed if one.problem_id == group.problem_id}
        for chain in group.wrong:
            assert all(samples[sample].steps[-1].text == WRONG_REPLY for sample in chain.episodes)


def test_an_engine_that_aborts_all_requests_returns_its_work_and_a_poisoned_request_is_an_infrastructure_outcome(
    make_host: Callable[..., RolloutHost], model: ServedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollout.episodes.replies.ABORT_PAUSES_S", (0.0,))

    async def refused() -> None:
        host = make_host(ScriptedConfig(abort=1.0))
        with pytest.raises(InfrastructureError) as caught:
            await do(host, unit(model))
        assert caught.value.kind is InfrastructureKind.ABORTED
        with pytest.raises(InfrastructureError, match="every other request"):
            await host.run(unit(model), 0, 32)  # it was not told to end

    asyncio.run(refused())
    assert committed(tmp_path) == []
    generate = ScriptedEngine.generate

    async def poisoned(
        engine: ScriptedEngine, prompt: Sequence[int], sampling: Sampling, request_id: str
    ) -> Generation:
        if request_id.startswith(f"{PROBLEMS[1].id}#5@") and len(prompt) > 1:
            raise InfrastructureError(InfrastructureKind.ABORTED, request_id)
        return await generate(engine, prompt, sampling, request_id)

    monkeypatch.setattr(ScriptedEngine, "generate", poisoned)
    assert asyncio.run(do(make_host(), unit(model))).won
    spoilt = [one for one in committed(tmp_path) if one.outcome is Outcome.INFRASTRUCTURE]
    assert [(one.problem_id, one.sample) for one in spoilt] == [(PROBLEMS[1].id, 5)]


def test_an_engine_that_breaks_while_it_takes_other_weights_ends_the_process(
    make_host: Callable[..., RolloutHost], model: ServedModel, tmp_path: Path, ended: list[int]
) -> None:
    other = tmp_path / "other"
    shutil.copytree(model.source, other)

    async def play() -> None:
        host = make_host(ScriptedConfig(crash_after=0))
        with pytest.raises(InfrastructureError) as caught:
            await do(host, unit(msgspec.structs.replace(model, source=str(other))))
        assert caught.value.kind is InfrastructureKind.ENGINE_DEAD
        assert (await host.progress()).reloads == {}, "it has none of the other model"
        await asyncio.sleep(host_module._LAST_WORDS_S + 0.05)

    asyncio.run(play())
    assert ended == [1]


def test_the_process_of_a_tool_killed_from_outside_leaves_no_trace(
    make_host: Callable[..., RolloutHost], model: ServedModel, tmp_path: Path
) -> None:
    tools = tmp_path / "tools.py"
    tools.write_text("from rollout.toolboxes.builtin.arithmetic import FUNCTIONS\n")
    toolbox = load_toolbox(str(tools))
    assert isinstance(toolbox, IsolatedToolbox)
    problems = tuple(msgspec.structs.replace(problem, toolbox=str(tools)) for problem in PROBLEMS)

    async def kill() -> None:
        """Kill each worker once. If a process ended twice in one call, the function would be at fault."""
        left = list(toolbox.workers)
        while left:
            for worker in [one for one in left if one.process_id and one.greeting]:
                os.kill(worker.process_id, signal.SIGKILL)
                left.remove(worker)
            await asyncio.sleep(0.01)

    async def play() -> None:
        killing = asyncio.create_task(kill())
        for _ in range(9):
            try:
                chunk_result = await do(
                    make_host(ScriptedConfig(median_s=0.01), live=8), unit(model, problems=problems)
                )
            except InfrastructureError:  # it fell while a session was opened
                continue
            break
        assert chunk_result.won
        await killing

    asyncio.run(play())
    episodes = committed(tmp_path)
    assert {one.outcome for one in episodes} == {Outcome.RIGHT, Outcome.WRONG}
    assert all(one.steps[-1].text == WRONG_REPLY for one in episodes if one.outcome is Outcome.WRONG)


def test_a_row_that_cannot_be_stored_goes_to_quarantine_and_its_neighbours_are_kept(
    make_host: Callable[..., RolloutHost], model: ServedModel, tmp_path: Path
) -> None:
    broken = msgspec.structs.replace(PROBLEMS[1], id="surrogate-\ud800")
    chunk_result = asyncio.run(do(make_host(), unit(model, problems=(PROBLEMS[0], broken, PROBLEMS[2]))))
    assert (chunk_result.rows, chunk_result.quarantined) == (16, 8)
    assert {one.problem_id for one in committed(tmp_path)} == {PROBLEMS[0].id, PROBLEMS[2].id}
    (path,) = (tmp_path / "run" / "quarantine").iterdir()
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(rows) == 8
    assert all(row["reason"] for row in rows)

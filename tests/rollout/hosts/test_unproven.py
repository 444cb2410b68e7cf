"""After a proof that failed nothing is made under any name: not by what waited meanwhile, and not by what comes next.

The engine is one whose weights are a name; host, store, ledger and episodes are the real ones.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from cluster.engine.interface import EngineStats, FinishReason, Generation, Sampling
from cluster.engine.options import EngineConfig
from cluster.engine.probe import DECODED_TOKENS, Probe, ProbeReading, ProbeText
from cluster.engine.vllm import VllmEngine
from cluster.errors import InfrastructureError, InfrastructureKind
from cluster.store.ledger import Ledger
from cluster.store.storage import Store, open_store
from rollout.config import EpisodeConfig
from rollout.data.unit_rows import UnitRows
from rollout.hosts import host as host_module
from rollout.hosts.host import RolloutHost
from rollout.hosts.work import EpisodeWork, HostSpec, ServedModel
from rollout.problems import FamilyConfig, generate
from rollout.records import Episode, Producer
from tests.rollout.conversations import chat_template, tokenizer

PROBLEMS = tuple(generate(FamilyConfig(family="arithmetic", train=2, difficulty=(1, 1)), "train"))
TEXT = ProbeText(token_ids=(1, 2, 3), positions=(1,))
LOGPROBS = {"base": -1.0, "dpo": -2.0}


def reading_of(name: str) -> ProbeReading:
    value = LOGPROBS[name]
    return ProbeReading(prefill=(value, value), decoded=((value,) * DECODED_TOKENS,))


class NamedWeights(VllmEngine):
    """An engine that answers for whatever its weights are called; `broken` makes its readings those of nobody."""

    broken = False
    off = 0.0
    """Nats by which its readings are off."""
    keeps = False
    """Whether it goes on with its weights when others are loaded."""

    def __init__(self, weights: str) -> None:
        self.weights = weights
        self.made_by: list[str] = []

    @property
    def precision(self) -> tuple[str, ...]:
        return ("float32",)

    async def generate(self, prompt: Sequence[int], sampling: Sampling, request_id: str) -> Generation:
        self.made_by.append(self.weights)
        await asyncio.sleep(0)
        ids = tuple(chat_template().encode_reply("I do not know."))[: sampling.max_tokens]
        return Generation(token_ids=ids, logprobs=(-1.0,) * len(ids), finish=FinishReason.STOP)

    async def read_probe(self, text: ProbeText) -> ProbeReading:
        await asyncio.sleep(0.01)
        value = LOGPROBS[self.weights] + self.off
        reading = ProbeReading(prefill=(value, value), decoded=((value,) * DECODED_TOKENS,))
        return msgspec.structs.replace(reading, prefill=(-9.0, -9.0)) if self.broken else reading

    async def unequal_tensors(self, model_dir: str) -> list[str]:
        return []

    async def reload(self, model_dir: str) -> None:
        self.weights = self.weights if self.keeps else Path(model_dir).name

    def stats(self) -> EngineStats:
        return EngineStats(
            running=0, waiting=0, kv_usage=0.0, prompt_tokens=0, cached_prompt_tokens=0, generated_tokens=0
        )

    async def close(self) -> None:
        """There is nothing to release."""


class Setting:
    """A host whose engine serves `base`, and models with their probes."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store: Store = open_store(str(folder / "run"))
        self.models = {name: self._model(folder / name) for name in LOGPROBS}
        self.engine = NamedWeights("base")
        self.ended: list[int] = []

        async def start(*_: object) -> NamedWeights:
            return self.engine

        monkeypatch.setattr(host_module, "start_engine", start)
        monkeypatch.setattr("rollout.hosts.host.os._exit", self.ended.append)
        self.host = RolloutHost(
            HostSpec(
                name="host",
                run_uri=str(folder / "run"),
                generation="g",
                parent="",
                seed=0,
                model=self.models["base"],
                engine=EngineConfig(max_context=2048),
                episodes=EpisodeConfig(verbosity="names", max_steps=2, max_failed_steps=0),
                live_episodes=4,
            )
        )

    def _model(self, folder: Path) -> ServedModel:
        name = folder.name
        folder.mkdir()
        tokenizer().save_pretrained(str(folder))
        (folder / "config.json").write_text("{}")
        probe = Probe(model=name, revision=name, text=TEXT, reading=reading_of(name))
        self.store.create(f"probes/{name}.json", msgspec.json.encode(probe))
        producer = Producer(model=name, revision=name, licence="CC0-1.0")
        return ServedModel(name=name, source=str(folder), producer=producer, probe=f"probes/{name}.json")

    def run(self, unit: str, model: str) -> Awaitable[object]:
        work = EpisodeWork(
            unit=unit,
            prefix="episodes",
            model=self.models[model],
            problems=PROBLEMS,
            samples=(0, 1),
            temperature=1.0,
        )
        return self.host.run(work, 0, work.size)

    def committed(self) -> set[str]:
        return set(Ledger(self.store, "episodes").history())


@pytest.fixture
def setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setting:
    return Setting(tmp_path, monkeypatch)


def test_a_store_that_fails_while_a_model_is_proven_leaves_no_engine_under_the_old_name(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(store: Store) -> dict[str, Probe]:
        raise OSError(5, "the bucket timed out")

    read: Callable[[Store], dict[str, Probe]] = host_module.read_probes

    async def play() -> None:
        await setting.host.start()
        monkeypatch.setattr(host_module, "read_probes", fails)
        with pytest.raises(OSError, match="timed out"):
            await setting.run("u-dpo", "dpo")
        assert setting.engine.weights == "dpo"
        monkeypatch.setattr(host_module, "read_probes", read)
        await setting.run("u-base", "base")
        assert set(setting.engine.made_by) == {"base"}
        await setting.run("u-dpo", "dpo")

    asyncio.run(play())
    assert setting.committed() == {"u-base", "u-dpo"}


def test_what_waits_while_a_proof_fails_is_not_made(setting: Setting) -> None:
    async def play() -> list[object]:
        await setting.host.start()
        setting.engine.broken = True
        outcomes = await asyncio.gather(
            setting.run("u-dpo", "dpo"), setting.run("u-base", "base"), return_exceptions=True
        )
        await asyncio.sleep(0.4)
        return list(outcomes)

    for outcome in asyncio.run(play()):
        assert isinstance(outcome, InfrastructureError)
        assert outcome.kind is InfrastructureKind.WRONG_MODEL
    assert setting.engine.made_by == []
    assert setting.committed() == set()
    assert setting.ended == [1]


def test_a_host_that_stays_up_proves_each_policy_that_it_loads_and_its_episodes_say_so(setting: Setting) -> None:
    """An engine that keeps the weights of the policy before is told by the next one's probe."""

    async def play() -> None:
        await setting.host.start()
        setting.engine.off = 1e-5
        for unit, model in (("first", "base"), ("second", "dpo"), ("third", "dpo"), ("fourth", "base")):
            await setting.run(unit, model)
        setting.engine.keeps = True
        with pytest.raises(InfrastructureError, match="asked to serve dpo") as caught:
            await setting.run("fifth", "dpo")
        assert caught.value.kind is InfrastructureKind.WRONG_MODEL
        await asyncio.sleep(0.4)

    asyncio.run(play())
    ledger = Ledger(setting.store, "episodes")
    rows = {name: UnitRows(Episode, ledger).read(name) for name in ledger.history()}
    assert {name: {row.producer.model for row in some} for name, some in rows.items()} == {
        "first": {"base"},
        "second": {"dpo"},
        "third": {"dpo"},
        "fourth": {"base"},
    }
    found = {name: {round(row.probe_difference or 0.0, 9) for row in some} for name, some in rows.items()}
    assert found == {"first": {0.0}, "second": {1e-5}, "third": {1e-5}, "fourth": {1e-5}}

"""A rollout host with a real engine: it works for a model that it has proven, and for no other one."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster.engine.options import EngineConfig
from cluster.engine.probe import Probe
from cluster.errors import InfrastructureError, InfrastructureKind, RequestError
from cluster.store.ledger import Ledger
from cluster.store.storage import Store, open_store
from rollout.config import EpisodeConfig
from rollout.data.shards import read_rows
from rollout.formats import load_format
from rollout.hosts.host import RolloutHost
from rollout.hosts.probes import make_probe_text, probe_path
from rollout.hosts.work import EpisodeWork, HostSpec, ServedModel
from rollout.problems import FamilyConfig, generate
from rollout.records import Episode, Producer
from tests.rollout.conversations import chat_template, tokenizer
from training.probe import read_files

pytestmark = pytest.mark.engine

PROBLEMS = tuple(generate(FamilyConfig(family="arithmetic", train=2, difficulty=(1, 1)), "train"))
EPISODES = EpisodeConfig(verbosity="names", max_steps=2, max_failed_steps=0, max_step_tokens=8)
ENGINE = EngineConfig(max_context=1024, max_running=4, kv_cache_mb=32, dtype="float32", eager=True)


def make_model(folder: Path, seed: int) -> str:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    words = tokenizer()
    shape = LlamaConfig(
        vocab_size=len(words),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        initializer_range=0.1,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(shape).save_pretrained(folder)
    words.save_pretrained(folder)
    return str(folder)


def served(store: Store, name: str, source: str, files_of_probe: str) -> ServedModel:
    """A model whose probe was read from `files_of_probe`."""
    text = make_probe_text(PROBLEMS, chat_template(), load_format("json"), EPISODES, ENGINE.max_context)
    probe = Probe(model=name, revision=source, text=text, reading=read_files(files_of_probe, text))
    path = probe_path(name, source, text)
    store.create(path, msgspec.json.encode(probe))
    return ServedModel(
        name=name, source=source, producer=Producer(model=name, revision=source, licence="CC0-1.0"), probe=path
    )


def unit(name: str, model: ServedModel) -> EpisodeWork:
    return EpisodeWork(unit=name, prefix="episodes", model=model, problems=PROBLEMS, samples=(0, 1), temperature=1.0)


def test_a_host_works_for_proven_models_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr("rollout.hosts.host.os._exit", ended.append)
    store = open_store(str(tmp_path / "run"))
    base, dpo = make_model(tmp_path / "base", 0), make_model(tmp_path / "dpo", 1)
    right, arm = served(store, "base", base, base), served(store, "dpo", dpo, dpo)
    wrong = served(store, "sft", dpo, base)
    unproven = msgspec.structs.replace(arm, name="sft+dpo", probe="", source=base)
    spec: dict[str, Any] = {
        "name": "host",
        "run_uri": str(tmp_path / "run"),
        "generation": "g",
        "parent": "",
        "seed": 0,
    }
    host = RolloutHost(HostSpec(**spec, model=right, engine=ENGINE, episodes=EPISODES, live_episodes=4))

    async def play() -> None:
        try:
            await host.start()
            await host.run(unit("u-base", right), 0, 4)
            await host.run(unit("u-dpo", arm), 0, 4)
            assert set((await host.progress()).probes) == {"base", "dpo"}
            with pytest.raises(RequestError, match=r"host: sft\+dpo has no probe"):
                await host.run(unit("u-unproven", unproven), 0, 4)
            await host.run(unit("u-base-again", right), 0, 4)
            with pytest.raises(InfrastructureError, match="asked to serve sft, it differs from it") as caught:
                await host.run(unit("u-wrong", wrong), 0, 4)
            assert caught.value.kind is InfrastructureKind.WRONG_MODEL
            with pytest.raises(InfrastructureError, match="asked to serve sft"):
                await host.run(unit("u-after", right), 0, 4)
            await asyncio.sleep(0.5)
        finally:
            await host.close()

    asyncio.run(play())
    assert ended == [1], "the process ends, and the pool starts another one"
    ledger = Ledger(store, "episodes")
    assert set(ledger.history()) == {"u-base", "u-dpo", "u-base-again"}
    for episode in read_rows(Episode, ledger):
        assert episode.probe_difference is not None
        assert episode.probe_difference < 5e-5

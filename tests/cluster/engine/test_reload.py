"""A real engine proves which model it serves, after its start and after every reload; planted faults are caught."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from cluster.engine.interface import Generation, Sampling
from cluster.engine.options import EngineConfig
from cluster.engine.probe import Probe, ProbeText, prove
from cluster.engine.vllm import VllmEngine, start_engine
from cluster.errors import InfrastructureError, InfrastructureKind

pytestmark = pytest.mark.engine

VOCABULARY = 128
SAMPLED = Sampling(temperature=1.0, max_tokens=24, stop_token_ids=())
_draw = random.Random(0)
IDS = tuple(_draw.randrange(VOCABULARY) for _ in range(300))
"""Longer than two blocks of the CPU engine's cache, so that a request finds cached ones."""
TEXT = ProbeText(token_ids=IDS, positions=(20, 140, 280))
PROMPT = list(IDS[:21])
TOLERANCE = 1e-3
"""Nats a token, in float32; two of these models differ by 0.1 and more."""


def make_model(folder: Path, seed: int, *, tied: bool) -> Path:
    """A Llama with random weights of a spread at which two seeds disagree about every token."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    shape = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        initializer_range=0.1,
        tie_word_embeddings=tied,
    )
    LlamaForCausalLM(shape).save_pretrained(folder)
    return folder


def changed(model: Path, folder: Path, change: Callable[..., None]) -> Path:
    """A copy of a model after `change(its state dict)`, which works in place."""
    import torch
    from transformers import LlamaForCausalLM

    llama = LlamaForCausalLM.from_pretrained(model, dtype=torch.float32)
    with torch.no_grad():
        change(llama.state_dict())
    llama.save_pretrained(folder)
    return folder


def probe_of(model: Path) -> Probe:
    import torch
    from transformers import LlamaForCausalLM

    from training.probe import read_probe

    llama = LlamaForCausalLM.from_pretrained(model, dtype=torch.float32)
    return Probe(model=model.name, revision=str(model), text=TEXT, reading=read_probe(llama, TEXT))


def sampled_difference(model: Path, reply: Generation) -> float:
    """The largest difference, in nats, between the engine's log-probabilities of a reply and transformers'."""
    import torch
    from transformers import LlamaForCausalLM

    llama = LlamaForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
    written = list(reply.token_ids)
    with torch.no_grad():
        logits = llama(torch.tensor([PROMPT + written])).logits[0, len(PROMPT) - 1 : -1]
    own = logits.log_softmax(-1).gather(-1, torch.tensor(written)[:, None])[:, 0]
    return float((own - torch.tensor(reply.logprobs)).abs().max())


async def refuses(proof: Awaitable[object], says: str) -> None:
    with pytest.raises(InfrastructureError, match=says) as caught:
        await proof
    assert caught.value.kind is InfrastructureKind.WRONG_MODEL


async def reload_ten_times(engine: VllmEngine, models: Sequence[Path], probes: Sequence[Probe]) -> None:
    """The start, and every one of ten reloads, to and fro between three models."""
    for turn in range(11):
        which = turn % 3
        if turn:
            await engine.reload(str(models[which]))
        others = [probe for probe in probes if probe is not probes[which]]
        verdict = await prove(engine, probes[which], others, str(models[which]))
        assert verdict.difference < 1e-5
        assert verdict.difference_of_other > 0.1
        reply = await engine.generate(PROMPT, SAMPLED, f"reload {turn}")
        differences = [sampled_difference(model, reply) for model in models]
        assert differences[which] < TOLERANCE, f"reload {turn}"
        assert min(differences[:which] + differences[which + 1 :]) > 100 * TOLERANCE
        if turn in (1, 2, 10):
            await refuses(prove(engine, probes[which - 1], [probes[which]], str(models[which - 1])), "differs from it")
            assert await engine.unequal_tensors(str(models[which])) == []
            assert "model.embed_tokens.weight" in await engine.unequal_tensors(str(models[which - 1]))


async def catches_a_rounded_tensor(engine: VllmEngine, model: Path, probe: Probe, folder: Path) -> None:
    def round_one(tensors: dict[str, object]) -> None:
        weight = tensors["model.layers.1.mlp.down_proj.weight"]
        weight.copy_(weight.bfloat16().float())  # type: ignore[attr-defined]

    await engine.reload(str(changed(model, folder, round_one)))
    await refuses(prove(engine, probe, [], str(model)), "differs from it")


async def tells_rounds_apart(engine: VllmEngine, model: Path, probe: Probe, folder: Path) -> None:
    """The weights of a round before are so near that both probes fit: the tensors decide."""

    def step(tensors: dict[str, object]) -> None:
        for weight in tensors.values():
            weight.mul_(1 + 1e-8).add_(1e-9)  # type: ignore[attr-defined]
        tensors["model.norm.weight"].add_(1e-6)  # type: ignore[index, attr-defined]

    after = changed(model, folder, step)
    new = probe_of(after)
    await engine.reload(str(model))
    await refuses(prove(engine, new, [probe], str(after)), r"holds other values of .*model\.norm\.weight")
    await engine.reload(str(after))
    verdict = await prove(engine, new, [probe], str(after))
    assert verdict.undecided


async def catches_a_stale_prefix_cache(engine: VllmEngine, models: Sequence[Path], probes: Sequence[Probe]) -> None:
    await engine.reload(str(models[0]))
    await prove(engine, probes[0], [], str(models[0]))

    async def forget(**_: object) -> bool:
        return True

    llm = engine._llm
    emptied, llm.reset_prefix_cache = llm.reset_prefix_cache, forget
    try:
        await engine.reload(str(models[1]))
        await refuses(prove(engine, probes[1], [], str(models[1])), "differs from it")
    finally:
        llm.reset_prefix_cache = emptied


async def catches_the_head_of_another_model(
    engine: VllmEngine, models: Sequence[Path], probes: Sequence[Probe], folder: Path, *, tied: bool
) -> None:
    """The body of one model with the head of the one before, as vLLM's own reload leaves tied models on the CPU."""
    if tied:
        await engine.reload(str(models[0]))
        await engine._llm.collective_rpc("reload_weights", kwargs={"weights_path": str(models[1])})
        await engine._llm.reset_prefix_cache()
    else:
        from safetensors.torch import load_file

        head = load_file(models[0] / "model.safetensors")["lm_head.weight"]

        def exchange(tensors: dict[str, object]) -> None:
            tensors["lm_head.weight"].copy_(head)  # type: ignore[attr-defined]

        await engine.reload(str(changed(models[1], folder, exchange)))
    await refuses(prove(engine, probes[1], [probes[0]], str(models[1])), "differs from it")


async def refuses_a_prefix_cache_that_it_cannot_empty(engine: VllmEngine, model: Path) -> None:
    """What a request in flight holds of the cache stays there, computed with the weights before."""
    from vllm import SamplingParams

    llm = engine._llm
    prompt = {"type": "token", "prompt_token_ids": PROMPT}
    endless = SamplingParams(max_tokens=300, ignore_eos=True, detokenize=False)
    in_flight = llm.generate(prompt, endless, "in the way")
    await anext(in_flight)
    await llm.pause_generation(mode="keep", clear_cache=False)  # otherwise it may end before the reload
    try:
        with pytest.raises(InfrastructureError, match="the prefix cache still holds"):
            await engine.reload(str(model))
    finally:
        await llm.resume_generation()
        await in_flight.aclose()


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("ranks", [1, pytest.param(2, marks=pytest.mark.faults)], ids=["one rank", "two ranks"])
def test_an_engine_serves_the_model_that_it_names_or_is_found_out(tmp_path: Path, tied: bool, ranks: int) -> None:
    models = [make_model(tmp_path / f"model-{seed}", seed, tied=tied) for seed in range(3)]
    probes = [probe_of(model) for model in models]
    config = EngineConfig(
        tensor_parallel=ranks, max_context=384, max_running=4, kv_cache_mb=16, dtype="float32", eager=True
    )

    async def play() -> None:
        engine = await start_engine(config, str(models[0]), seed=0)
        planted = partial(Path, tmp_path)
        try:
            await reload_ten_times(engine, models, probes)
            await catches_the_head_of_another_model(engine, models, probes, planted("head"), tied=tied)
            await catches_a_rounded_tensor(engine, models[0], probes[0], planted("rounded"))
            await tells_rounds_apart(engine, models[0], probes[0], planted("after"))
            await catches_a_stale_prefix_cache(engine, models, probes)
            await refuses_a_prefix_cache_that_it_cannot_empty(engine, models[0])
        finally:
            await engine.close()

    asyncio.run(play())

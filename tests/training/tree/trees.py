"""Random chains, groups and tiny models of four families: what the tests of tree training share."""

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from training.chains import ScoredChain, ScoredGroup
from training.tree.batches import PreferenceExample

VOCABULARY = 64
FAMILIES = ("llama", "mistral", "qwen3", "phi3")


def tiny_model(family: str, seed: int = 0, **options: Any) -> Any:
    """A random model. Mistral's and Phi-3's sliding windows (5, 7) are shorter than any of the random chains."""
    common = {
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "initializer_range": 0.2,
    }
    torch.manual_seed(seed)
    if family == "llama":
        return LlamaForCausalLM(LlamaConfig(**{**common, **options}))
    if family == "mistral":
        return MistralForCausalLM(MistralConfig(**{**common, "sliding_window": 5, **options}))
    if family == "qwen3":
        return Qwen3ForCausalLM(Qwen3Config(**{**common, "head_dim": 8, **options}))
    return Phi3ForCausalLM(Phi3Config(**{**common, "sliding_window": 7, **options}))


def random_chains(draw: random.Random, count: int, prompt: tuple[int, ...] | None = None) -> list[ScoredChain]:
    """Ragged multi-turn chains after one prompt: turns are shared by chance, tool results are not scored."""
    prompt = prompt or tuple(draw.randrange(3, VOCABULARY) for _ in range(draw.randint(1, 9)))
    turns = [[_turn(draw) for _ in range(2)] for _ in range(3)]
    chains: list[ScoredChain] = []
    for _ in range(count):
        ids, scored = list(prompt), [False] * len(prompt)
        for choices in turns[: draw.randint(1, 3)]:
            written, result = draw.choice(choices) if draw.random() < 0.7 else _turn(draw)
            keep = draw.random() < 0.85
            ids += written + result
            scored += [keep] * len(written) + [False] * len(result)
        if not any(scored):
            scored[-1] = True
        chains.append(ScoredChain(tuple(ids), tuple(scored)))
    return chains


def _turn(draw: random.Random) -> tuple[list[int], list[int]]:
    written = [draw.randrange(3, VOCABULARY) for _ in range(draw.randint(1, 5))]
    return written, [draw.randrange(3, VOCABULARY) for _ in range(draw.randint(0, 3))]


def random_group(draw: random.Random, right: int, wrong: int, name: str = "p") -> ScoredGroup:
    """A group of distinct chains with all pairs, each once."""
    prompt = tuple(draw.randrange(3, VOCABULARY) for _ in range(draw.randint(1, 9)))
    chains: dict[ScoredChain, None] = {}
    while len(chains) < right + wrong:
        chains |= dict.fromkeys(random_chains(draw, right + wrong - len(chains), prompt))
    kept = tuple(chains)
    return ScoredGroup(name, kept[:right], kept[right:], tuple((1.0,) * wrong for _ in range(right)))


def random_example(draw: random.Random, right: int, wrong: int, name: str = "p") -> PreferenceExample:
    """A group with made-up reference sums, so that margins are not 0."""
    group = random_group(draw, right, wrong, name)
    sums = [-4.0 * chain.length + draw.uniform(-3, 3) for chain in group.chains]
    return PreferenceExample(group, tuple(sums[:right]), tuple(sums[right:]))


def plain_sum(model: Any, chain: ScoredChain) -> Tensor:
    """The chain's sum of log-probabilities from a row of its own, with the model's own attention."""
    ids = torch.tensor([chain.ids])
    logps: Tensor = model(input_ids=ids).logits.log_softmax(-1)[0, :-1].gather(1, ids[0, 1:, None])[:, 0]
    return logps[torch.tensor(chain.scored[1:])].sum()


def gradients(model: Any) -> Tensor:
    """All gradients as one vector; parameters without one count as zeros."""
    return torch.cat([(p.grad if p.grad is not None else torch.zeros_like(p)).flatten() for p in model.parameters()])


def relative(value: Tensor, expected: Tensor) -> float:
    """Norm of the difference over the norm of what is expected."""
    return float((value - expected).norm() / expected.norm())


def total(values: Iterable[Tensor]) -> Tensor:
    """The sum of tensors, at least one."""
    return torch.stack(list(values)).sum()


def longrope_model() -> Any:
    """A random model whose rotary positions switch to other factors after 16 tokens."""
    rope = {
        "rope_type": "longrope",
        "rope_theta": 1e4,
        "short_factor": [1.0] * 4,
        "long_factor": [2.0] * 4,
        "original_max_position_embeddings": 16,
    }
    return tiny_model("phi3", rope_parameters=rope, original_max_position_embeddings=16)


def trainer_arguments(path: Path) -> dict[str, Any]:
    """Arguments of the trainers on trees: no files but in `path`, and a constant rate."""
    return {
        "output_dir": str(path),
        "use_cpu": True,
        "report_to": [],
        "save_strategy": "no",
        "disable_tqdm": True,
        "logging_steps": 1,
        "lr_scheduler_type": "constant",
        "tokens_per_micro_step": 4096,
    }

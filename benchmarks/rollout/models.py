"""The models of `benchmarks.rollout`: random weights whose replies have random lengths, and a tiny one that learnt."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from cluster.config import parse
from cluster.store.atomic import atomic_folder
from rollout.config import EpisodeConfig
from rollout.problems import FamilyConfig
from training.tiny import model as tiny
from training.tiny.config import TinyConfig, TokenizerConfig
from training.tiny.corpus import Corpus

CONTEXT = 1024
_PROBE = 4096
_WITHOUT_TOOLS = ", 'tool'"


@dataclass(frozen=True)
class Shape:
    """A Llama of random weights."""

    name: str
    hidden: int
    layers: int
    heads: int
    intermediate: int


LARGE = Shape("100m", hidden=768, layers=14, heads=12, intermediate=2048)
"""99.7 million parameters: on two cores the engine, not Python, is the cost, as at 70B on GPUs."""
TEACHER = Shape("local", hidden=128, layers=4, heads=4, intermediate=344)
"""As large as the teacher of recipes/local.toml."""


def tokenizer_for(families: Sequence[FamilyConfig], call_format: str, verbosity: str, cache: Path) -> Path:
    """The folder of a tokenizer that knows these families' prompts and calls."""
    episodes = parse(EpisodeConfig, {"call_format": call_format, "verbosity": verbosity}, "benchmark")
    return tiny.ensure_tokenizer(TokenizerConfig(), Corpus(tuple(families), episodes), cache)


def random_model(shape: Shape, tokenizer_dir: Path, mean_reply: int, folder: Path) -> int:
    """Write a Llama whose replies are noise of `mean_reply` tokens on average; returns its parameters.

    Dimension 0 of the residual stream is the same for every token and nothing writes to it; only the end token's
    row of the head reads it. So the end comes with the same chance at every token, and lengths are geometric.
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = tiny.load_tokenizer(tokenizer_dir)
    end = int(tokenizer.eos_token_id)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        intermediate_size=shape.intermediate,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=tokenizer.pad_token_id,
        dtype="float32",
    )
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        model.model.embed_tokens.weight[:, 0] = config.initializer_range
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight[0] = 0
            layer.mlp.down_proj.weight[0] = 0
        head = model.lm_head.weight
        head[:, 0] = 0
        head[end] = 0
        ids = torch.randint(0, len(tokenizer), (_PROBE // 64, 64))
        hidden = model.model(input_ids=ids).last_hidden_state
        others = model.lm_head(hidden)
        others[..., end] = -math.inf
        # p(end) = 1 / mean_reply: its logit is that of all others together, less log(mean_reply - 1).
        wanted = others.logsumexp(-1).mean() - math.log(mean_reply - 1)
        head[end, 0] = wanted / hidden[..., 0].mean()
    with atomic_folder(folder) as temporary:
        model.save_pretrained(temporary, safe_serialization=True)
        tokenizer.save_pretrained(temporary)
    return sum(parameter.numel() for parameter in model.parameters())


def microchain_model(family: FamilyConfig, steps: int, cache: Path) -> Path:
    """The folder of a tiny model that writes `python` calls; made in some minutes where it is not in `cache` yet.

    Results come back in the user's role, as microchain sends them: the tokenizer's chat template has no `tool`.
    """
    corpus = Corpus((family,), EpisodeConfig(call_format="python", verbosity="names"))
    tokenizer_dir = tiny.ensure_tokenizer(TokenizerConfig(), corpus, cache)
    plain = cache / f"{tokenizer_dir.name}-user-role"
    if not plain.is_dir():
        tokenizer = tiny.load_tokenizer(tokenizer_dir)
        tokenizer.chat_template = str(tokenizer.chat_template).replace(_WITHOUT_TOOLS, "")
        with atomic_folder(plain) as temporary:
            tokenizer.save_pretrained(temporary)
    shape = TinyConfig(hidden=128, layers=3, heads=4, intermediate=344, steps=steps, clean_ratio=1.0, seed=1)
    return tiny.ensure_tiny(shape, corpus, plain, cache).folder


def parameters_of(folder: Path) -> int:
    """Parameters of a model's folder, by its safetensors headers."""
    total = 0
    for path in folder.glob("*.safetensors"):
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        total += sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
    return total

"""A small Llama as a GGUF file, written with the gguf package as llama.cpp's converter writes one."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM

from training.tiny.model import CHAT_TEMPLATE, CONTROL

TEXTS = ["Mia has 12 red apples and buys 3 more.", '{"name":"add","arguments":{"a":12,"b":3}}', "x =  5, y =   77"] * 4
_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def small_tokenizer() -> Tokenizer:
    """A byte-level BPE that cuts digits off first, as SmolLM's does; control tokens come first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=330,
        show_progress=False,
        special_tokens=[AddedToken(token, special=True) for token in CONTROL],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer


def small_model(vocabulary: int, seed: int = 0, **changed: Any) -> LlamaForCausalLM:
    """A Llama with random weights, grouped queries and tied embeddings."""
    shape = {
        "vocab_size": vocabulary,
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 32,
        "intermediate_size": 96,
        "max_position_embeddings": 512,
        "rope_theta": 50000.0,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": True,
        "dtype": "float32",
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LlamaForCausalLM(LlamaConfig(**(shape | changed))).eval()


def write_gguf(
    path: Path,
    model: LlamaForCausalLM,
    tokenizer: Tokenizer,
    *,
    architecture: str = "llama",
    quantized: bool = False,
    template: str | None = CHAT_TEMPLATE,
    fields: Mapping[str, str | int | float] | None = None,
    tensors: Mapping[str, np.ndarray[Any, Any]] | None = None,
    without: Collection[str] = (),
) -> Path:
    """Write the model with its tokenizer. `quantized`: matrices as Q8_0. `fields` and `tensors` come on top; the key of
    the end of a text and that of the epsilon may be left out by `without`."""
    config = model.config
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("small")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    if "llama.attention.layer_norm_rms_epsilon" not in without:
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    vocabulary = sorted(tokenizer.get_vocab(with_added_tokens=True).items(), key=lambda item: item[1])
    tokens = [token for token, _ in vocabulary]
    writer.add_tokenizer_model("gpt2")
    if "tokenizer.ggml.pre" not in (fields or {}):
        writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in CONTROL else 1 for token in tokens])
    writer.add_token_merges([" ".join(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]])
    if "tokenizer.ggml.eos_token_id" not in without:
        writer.add_eos_token_id(tokens.index("<|end|>"))
    writer.add_pad_token_id(tokens.index("<|pad|>"))
    if template is not None:
        writer.add_chat_template(template)
    for key, value in (fields or {}).items():
        kinds = {str: gguf.GGUFValueType.STRING, int: gguf.GGUFValueType.UINT32, float: gguf.GGUFValueType.FLOAT32}
        writer.add_key_value(key, value, kinds[type(value)])
    for name, weights in (gguf_tensors(model) | dict(tensors or {})).items():
        if quantized and weights.ndim == 2:
            writer.add_tensor(name, gguf.quants.quantize(weights, Type.Q8_0), raw_dtype=Type.Q8_0)
        else:
            writer.add_tensor(name, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def gguf_tensors(model: LlamaForCausalLM) -> dict[str, np.ndarray[Any, Any]]:
    """Names and values as in a GGUF file: queries and keys in llama.cpp's order of rows."""
    config, found = model.config, dict[str, np.ndarray[Any, Any]]()
    for name, parameter in model.named_parameters():
        weights = parameter.detach().numpy().copy()
        stem = name.removeprefix("model.").removesuffix(".weight")
        if stem in ("embed_tokens", "norm", "lm_head"):
            short = {"embed_tokens": "token_embd", "norm": "output_norm", "lm_head": "output"}[stem]
            found[f"{short}.weight"] = weights
            continue
        _, layer, part = stem.split(".", 2)
        for kind, heads in (("attn_q", config.num_attention_heads), ("attn_k", config.num_key_value_heads)):
            if _NAMES[part] == kind:
                halves = weights.reshape(heads, 2, len(weights) // heads // 2, -1)
                weights = halves.swapaxes(1, 2).reshape(weights.shape)
        found[f"blk.{layer}.{_NAMES[part]}.weight"] = np.ascontiguousarray(weights)
    return found

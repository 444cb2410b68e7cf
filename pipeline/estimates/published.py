"""Shapes and licences of published models, as their config.json files and model cards have them."""

import difflib
from typing import Any

from pipeline.estimates.shapes import ModelShape, ShapeConfig, shape_of

_SOURCE = "table of published config.json files"


def published_shape(hub_name: str) -> ModelShape | None:
    """The shape of a model of the Hub that the table knows, None for others. `hub_name`: OWNER/NAME."""
    found = _known(hub_name)
    if found is None:
        return None
    return shape_of(found, ShapeConfig.model_validate(_PUBLISHED[found][1]), _SOURCE)


def published_licence(hub_name: str) -> str:
    """The licence that a model of the table is published under; "" for others. `hub_name`: OWNER/NAME."""
    found = _known(hub_name)
    return "" if found is None else _PUBLISHED[found][0]


def nearest_names(hub_name: str) -> tuple[str, ...]:
    """The models of the table whose names are most like `hub_name`, three at most."""
    lower = {name.lower(): name for name in _PUBLISHED}
    return tuple(lower[name] for name in difflib.get_close_matches(hub_name.lower(), lower, 3, 0.5))


def _known(hub_name: str) -> str | None:
    return {name.lower(): name for name in _PUBLISHED}.get(hub_name.lower())


def _row(
    licence: str, hidden: int, layers: int, heads: int, kv: int, inter: int, vocab: int, context: int, **more: Any
) -> tuple[str, dict[str, Any]]:
    shape = {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv,
        "intermediate_size": inter,
        "vocab_size": vocab,
        "max_position_embeddings": context,
    }
    return licence, shape | more


_APACHE, _MIT, _MRL = "Apache-2.0", "MIT", "Mistral Research License"
_TIED: dict[str, Any] = {"tie_word_embeddings": True}
_QWEN2: dict[str, Any] = {"attention_bias": True}
_QWEN3: dict[str, Any] = {"qk_norm": True, "head_dim": 128}
_LLAMA3_8B = (4096, 32, 32, 8, 14336, 128256)
_LLAMA3_70B = (8192, 80, 64, 8, 28672, 128256)
_LLAMA3_405B = (16384, 126, 128, 8, 53248, 128256)
_LLAMA32_1B = _row("Llama 3.2", 2048, 16, 32, 8, 8192, 128256, 131072, head_dim=64, **_TIED)
_LLAMA32_3B = _row("Llama 3.2", 3072, 28, 24, 8, 8192, 128256, 131072, head_dim=128, **_TIED)
_MISTRAL_7B = (4096, 32, 32, 8, 14336)
_PHI3_MINI = (3072, 32, 32, 32, 8192, 32064)
_PHI3_MEDIUM = (5120, 40, 40, 10, 17920)
_PUBLISHED: dict[str, tuple[str, dict[str, Any]]] = {
    "meta-llama/Llama-2-7b-chat-hf": _row("Llama 2", 4096, 32, 32, 32, 11008, 32000, 4096),
    "meta-llama/Llama-2-13b-chat-hf": _row("Llama 2", 5120, 40, 40, 40, 13824, 32000, 4096),
    "meta-llama/Llama-2-70b-chat-hf": _row("Llama 2", 8192, 80, 64, 8, 28672, 32000, 4096),
    "meta-llama/Meta-Llama-3-8B": _row("Llama 3", *_LLAMA3_8B, 8192),
    "meta-llama/Meta-Llama-3-8B-Instruct": _row("Llama 3", *_LLAMA3_8B, 8192),
    "meta-llama/Meta-Llama-3-70B": _row("Llama 3", *_LLAMA3_70B, 8192),
    "meta-llama/Meta-Llama-3-70B-Instruct": _row("Llama 3", *_LLAMA3_70B, 8192),
    "meta-llama/Llama-3.1-8B": _row("Llama 3.1", *_LLAMA3_8B, 131072),
    "meta-llama/Llama-3.1-8B-Instruct": _row("Llama 3.1", *_LLAMA3_8B, 131072),
    "meta-llama/Meta-Llama-3.1-8B-Instruct": _row("Llama 3.1", *_LLAMA3_8B, 131072),
    "meta-llama/Llama-3.1-70B-Instruct": _row("Llama 3.1", *_LLAMA3_70B, 131072),
    "meta-llama/Meta-Llama-3.1-70B-Instruct": _row("Llama 3.1", *_LLAMA3_70B, 131072),
    "meta-llama/Llama-3.1-405B-Instruct": _row("Llama 3.1", *_LLAMA3_405B, 131072),
    "meta-llama/Meta-Llama-3.1-405B-Instruct": _row("Llama 3.1", *_LLAMA3_405B, 131072),
    "meta-llama/Llama-3.3-70B-Instruct": _row("Llama 3.3", *_LLAMA3_70B, 131072),
    "meta-llama/Llama-3.2-1B": _LLAMA32_1B,
    "meta-llama/Llama-3.2-1B-Instruct": _LLAMA32_1B,
    "meta-llama/Llama-3.2-3B": _LLAMA32_3B,
    "meta-llama/Llama-3.2-3B-Instruct": _LLAMA32_3B,
    "mistralai/Mistral-7B-Instruct-v0.1": _row(_APACHE, *_MISTRAL_7B, 32000, 32768),
    "mistralai/Mistral-7B-Instruct-v0.2": _row(_APACHE, *_MISTRAL_7B, 32000, 32768),
    "mistralai/Mistral-7B-Instruct-v0.3": _row(_APACHE, *_MISTRAL_7B, 32768, 32768),
    "mistralai/Mistral-Nemo-Instruct-2407": _row(_APACHE, 5120, 40, 32, 8, 14336, 131072, 131072, head_dim=128),
    "mistralai/Mistral-Small-24B-Instruct-2501": _row(_APACHE, 5120, 40, 32, 8, 32768, 131072, 32768, head_dim=128),
    "mistralai/Mistral-Large-Instruct-2407": _row(_MRL, 12288, 88, 96, 8, 28672, 32768, 131072),
    "HuggingFaceH4/zephyr-7b-beta": _row(_MIT, *_MISTRAL_7B, 32000, 32768),
    "microsoft/Phi-3-mini-4k-instruct": _row(_MIT, *_PHI3_MINI, 4096),
    "microsoft/Phi-3-mini-128k-instruct": _row(_MIT, *_PHI3_MINI, 131072),
    "microsoft/Phi-3.5-mini-instruct": _row(_MIT, *_PHI3_MINI, 131072),
    "microsoft/Phi-3-medium-4k-instruct": _row(_MIT, *_PHI3_MEDIUM, 32064, 4096),
    "microsoft/Phi-3-medium-128k-instruct": _row(_MIT, *_PHI3_MEDIUM, 32064, 131072),
    "microsoft/phi-4": _row(_MIT, *_PHI3_MEDIUM, 100352, 16384),
    "Qwen/Qwen2.5-0.5B-Instruct": _row(_APACHE, 896, 24, 14, 2, 4864, 151936, 32768, **_TIED, **_QWEN2),
    "Qwen/Qwen2.5-1.5B-Instruct": _row(_APACHE, 1536, 28, 12, 2, 8960, 151936, 32768, **_TIED, **_QWEN2),
    "Qwen/Qwen2.5-3B-Instruct": _row("Qwen Research", 2048, 36, 16, 2, 11008, 151936, 32768, **_TIED, **_QWEN2),
    "Qwen/Qwen2.5-7B-Instruct": _row(_APACHE, 3584, 28, 28, 4, 18944, 152064, 32768, **_QWEN2),
    "Qwen/Qwen2.5-14B-Instruct": _row(_APACHE, 5120, 48, 40, 8, 13824, 152064, 32768, **_QWEN2),
    "Qwen/Qwen2.5-32B-Instruct": _row(_APACHE, 5120, 64, 40, 8, 27648, 152064, 32768, **_QWEN2),
    "Qwen/Qwen2.5-72B-Instruct": _row("Qwen", 8192, 80, 64, 8, 29568, 152064, 32768, **_QWEN2),
    "Qwen/Qwen3-0.6B": _row(_APACHE, 1024, 28, 16, 8, 3072, 151936, 40960, **_TIED, **_QWEN3),
    "Qwen/Qwen3-1.7B": _row(_APACHE, 2048, 28, 16, 8, 6144, 151936, 40960, **_TIED, **_QWEN3),
    "Qwen/Qwen3-4B": _row(_APACHE, 2560, 36, 32, 8, 9728, 151936, 40960, **_TIED, **_QWEN3),
    "Qwen/Qwen3-4B-Instruct-2507": _row(_APACHE, 2560, 36, 32, 8, 9728, 151936, 262144, **_TIED, **_QWEN3),
    "Qwen/Qwen3-8B": _row(_APACHE, 4096, 36, 32, 8, 12288, 151936, 40960, **_QWEN3),
    "Qwen/Qwen3-14B": _row(_APACHE, 5120, 40, 40, 8, 17408, 151936, 40960, **_QWEN3),
    "Qwen/Qwen3-32B": _row(_APACHE, 5120, 64, 64, 8, 25600, 151936, 40960, **_QWEN3),
    "TinyLlama/TinyLlama-1.1B-Chat-v1.0": _row(_APACHE, 2048, 22, 32, 4, 5632, 32000, 2048),
    "HuggingFaceTB/SmolLM2-135M-Instruct": _row(_APACHE, 576, 30, 9, 3, 1536, 49152, 8192, **_TIED),
    "HuggingFaceTB/SmolLM2-360M-Instruct": _row(_APACHE, 960, 32, 15, 5, 2560, 49152, 8192, **_TIED),
    "HuggingFaceTB/SmolLM2-1.7B-Instruct": _row(_APACHE, 2048, 24, 32, 32, 8192, 49152, 8192, **_TIED),
}

"""What a model weighs, from its shape alone: parameters, bytes of weights, bytes of KV cache a token.

Shapes come from a `config.json`, from a recipe, or from the table of published ones below. Counts are those of the
dense decoder family (Llama, Mistral, Qwen2, Qwen3, Phi-3): embeddings, and a layer of four attention matrices, three
of a gated MLP and two norms. A mixture of experts, or anything else, is refused rather than counted wrong.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from cluster.config import Section
from cluster.errors import RequestError, first_line

_FAMILIES = ("llama", "mistral", "qwen2", "qwen3", "phi3")


class ShapeConfig(Section):
    """A model's shape, for a model whose files are not at hand. Names as in Hugging Face's `config.json`."""

    hidden_size: int = Field(ge=1)
    num_hidden_layers: int = Field(ge=1)
    num_attention_heads: int = Field(ge=1)
    num_key_value_heads: int = Field(default=0, ge=0)
    """0: as many as attention heads."""
    head_dim: int = Field(default=0, ge=0)
    """0: hidden_size over num_attention_heads."""
    intermediate_size: int = Field(ge=1)
    vocab_size: int = Field(ge=1)
    tie_word_embeddings: bool = False
    attention_bias: bool = False
    """Whether query, key and value have biases (Qwen2)."""
    qk_norm: bool = False
    """Whether queries and keys are normed by head (Qwen3)."""
    max_position_embeddings: int = Field(default=0, ge=0)
    """0: not known, not checked."""

    @model_validator(mode="after")
    def _heads_share_out(self) -> "ShapeConfig":
        if self.num_key_value_heads and self.num_attention_heads % self.num_key_value_heads:
            raise ValueError(
                f"{self.num_attention_heads} attention heads over {self.num_key_value_heads} key-value heads: "
                "the second must divide the first"
            )
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShape:
    """A dense decoder. `source` says where the shape is from, in a few words."""

    name: str
    source: str
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocab: int
    tied: bool
    bias: bool = False
    qk_norm: bool = False
    max_context: int = 0

    @property
    def embedding_parameters(self) -> int:
        """Input embeddings and output head; one table where they are tied."""
        return self.vocab * self.hidden * (1 if self.tied else 2)

    @property
    def layer_parameters(self) -> int:
        """One layer: q and o, k and v, gate, up and down, two norms, and what the family adds."""
        wide, narrow = self.heads * self.head_dim, self.kv_heads * self.head_dim
        attention = 2 * self.hidden * wide + 2 * self.hidden * narrow
        extras = (wide + 2 * narrow if self.bias else 0) + (2 * self.head_dim if self.qk_norm else 0)
        return attention + 3 * self.hidden * self.intermediate + 2 * self.hidden + extras

    @property
    def body_parameters(self) -> int:
        """All but embeddings and head."""
        return self.layers * self.layer_parameters + self.hidden

    @property
    def parameters(self) -> int:
        return self.body_parameters + self.embedding_parameters

    def weight_bytes(self, bytes_each: float = 2) -> float:
        """Bytes of the weights at `bytes_each` a parameter (bf16: 2)."""
        return self.parameters * bytes_each

    def kv_bytes_a_token(self, bytes_each: float = 2) -> float:
        """Keys and values of one token: 2 * layers * kv_heads * head_dim * bytes."""
        return 2 * self.layers * self.kv_heads * self.head_dim * bytes_each


def shape_of(name: str, config: ShapeConfig, source: str) -> ModelShape:
    """A shape that a recipe or a file gives."""
    return ModelShape(
        name=name,
        source=source,
        hidden=config.hidden_size,
        layers=config.num_hidden_layers,
        heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads or config.num_attention_heads,
        head_dim=config.head_dim or config.hidden_size // config.num_attention_heads,
        intermediate=config.intermediate_size,
        vocab=config.vocab_size,
        tied=config.tie_word_embeddings,
        bias=config.attention_bias,
        qk_norm=config.qk_norm,
        max_context=config.max_position_embeddings,
    )


def read_shape(path: Path, name: str) -> ModelShape:
    """The shape in a `config.json`. Raises RequestError for a file that is broken or of a family not known here."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RequestError(f"model {name}: {path} cannot be read ({error})") from None
    return shape_of(name, _config(table, name), f"config.json of {path.parent}")


def published_shape(hub_name: str) -> ModelShape | None:
    """The shape of a model of the Hub that the table knows, None for others. `hub_name`: OWNER/NAME."""
    known = {name.lower(): name for name in _PUBLISHED}
    found = known.get(hub_name.lower())
    if found is None:
        return None
    return shape_of(found, ShapeConfig.model_validate(_PUBLISHED[found]), "table of published config.json files")


def published_names() -> tuple[str, ...]:
    """Models that the table knows."""
    return tuple(_PUBLISHED)


def _config(table: Mapping[str, Any], name: str) -> ShapeConfig:
    family = str(table.get("model_type", ""))
    if family not in _FAMILIES:
        raise RequestError(
            f"model {name}: model_type {family!r} is not counted here ({', '.join(_FAMILIES)} are); give the shape of "
            "a dense model of the same size, as models.teacher.shape or models.student.shape"
        )
    try:
        given = {key: table[key] for key in ShapeConfig.model_fields if table.get(key) is not None}
        return ShapeConfig.model_validate(given | _by_family(family))
    except ValueError as error:
        raise RequestError(f"model {name}: its config.json is incomplete ({first_line(error)})") from None


def _by_family(family: str) -> dict[str, bool]:
    """What the family's code does and its configuration does not say."""
    return {"qwen2": {"attention_bias": True}, "qwen3": {"qk_norm": True}}.get(family, {})


def _row(
    hidden: int, layers: int, heads: int, kv: int, inter: int, vocab: int, context: int, **more: Any
) -> dict[str, Any]:
    return {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv,
        "intermediate_size": inter,
        "vocab_size": vocab,
        "max_position_embeddings": context,
        **more,
    }


_LLAMA3_8B = (4096, 32, 32, 8, 14336, 128256)
_LLAMA3_70B = (8192, 80, 64, 8, 28672, 128256)
_QWEN2: dict[str, Any] = {"attention_bias": True}
_QWEN3: dict[str, Any] = {"qk_norm": True, "head_dim": 128}
_PUBLISHED: dict[str, dict[str, Any]] = {
    "meta-llama/Meta-Llama-3-8B-Instruct": _row(*_LLAMA3_8B, 8192),
    "meta-llama/Meta-Llama-3-70B-Instruct": _row(*_LLAMA3_70B, 8192),
    "meta-llama/Llama-3.1-8B-Instruct": _row(*_LLAMA3_8B, 131072),
    "meta-llama/Llama-3.1-70B-Instruct": _row(*_LLAMA3_70B, 131072),
    "meta-llama/Llama-3.3-70B-Instruct": _row(*_LLAMA3_70B, 131072),
    "meta-llama/Llama-3.2-1B-Instruct": _row(
        2048, 16, 32, 8, 8192, 128256, 131072, head_dim=64, tie_word_embeddings=True
    ),
    "meta-llama/Llama-3.2-3B-Instruct": _row(
        3072, 28, 24, 8, 8192, 128256, 131072, head_dim=128, tie_word_embeddings=True
    ),
    "mistralai/Mistral-7B-Instruct-v0.2": _row(4096, 32, 32, 8, 14336, 32000, 32768),
    "mistralai/Mistral-7B-Instruct-v0.3": _row(4096, 32, 32, 8, 14336, 32768, 32768),
    "microsoft/Phi-3-mini-4k-instruct": _row(3072, 32, 32, 32, 8192, 32064, 4096),
    "Qwen/Qwen2.5-0.5B-Instruct": _row(896, 24, 14, 2, 4864, 151936, 32768, tie_word_embeddings=True, **_QWEN2),
    "Qwen/Qwen2.5-1.5B-Instruct": _row(1536, 28, 12, 2, 8960, 151936, 32768, tie_word_embeddings=True, **_QWEN2),
    "Qwen/Qwen2.5-3B-Instruct": _row(2048, 36, 16, 2, 11008, 151936, 32768, tie_word_embeddings=True, **_QWEN2),
    "Qwen/Qwen2.5-7B-Instruct": _row(3584, 28, 28, 4, 18944, 152064, 32768, **_QWEN2),
    "Qwen/Qwen2.5-14B-Instruct": _row(5120, 48, 40, 8, 13824, 152064, 32768, **_QWEN2),
    "Qwen/Qwen2.5-32B-Instruct": _row(5120, 64, 40, 8, 27648, 152064, 32768, **_QWEN2),
    "Qwen/Qwen2.5-72B-Instruct": _row(8192, 80, 64, 8, 29568, 152064, 32768, **_QWEN2),
    "Qwen/Qwen3-0.6B": _row(1024, 28, 16, 8, 3072, 151936, 40960, tie_word_embeddings=True, **_QWEN3),
    "Qwen/Qwen3-1.7B": _row(2048, 28, 16, 8, 6144, 151936, 40960, tie_word_embeddings=True, **_QWEN3),
    "Qwen/Qwen3-4B": _row(2560, 36, 32, 8, 9728, 151936, 40960, tie_word_embeddings=True, **_QWEN3),
    "Qwen/Qwen3-8B": _row(4096, 36, 32, 8, 12288, 151936, 40960, **_QWEN3),
    "Qwen/Qwen3-14B": _row(5120, 40, 40, 8, 17408, 151936, 40960, **_QWEN3),
    "Qwen/Qwen3-32B": _row(5120, 64, 64, 8, 25600, 151936, 40960, **_QWEN3),
}

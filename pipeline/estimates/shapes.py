"""What a model weighs, from its shape alone: parameters, bytes of weights, bytes of KV cache a token.

Shapes come from a `config.json`, from a recipe, or from the table in `published`. Counts are those of the dense decoder
family (Llama, Mistral, Qwen2, Qwen3, Phi-3): embeddings, and a layer of four attention matrices, three of a gated MLP
and two norms. A mixture of experts, or anything else, is refused rather than counted wrong.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from cluster.config import Section, parse
from cluster.engine.quantization import bytes_each, refusal
from cluster.errors import RequestError

FAMILIES: dict[str, dict[str, bool]] = {
    "llama": {},
    "mistral": {},
    "qwen2": {"attention_bias": True},
    "qwen3": {"qk_norm": True},
    "phi3": {},
}
"""`model_type` -> what the family's code does and its configuration does not say."""


class ShapeConfig(Section):
    """A model's shape, for a model whose files are not at hand. Names as in Hugging Face's `config.json`."""

    hidden_size: int = Field(ge=1)
    """Width of the model."""
    num_hidden_layers: int = Field(ge=1)
    """Decoder layers. Unit: layers."""
    num_attention_heads: int = Field(ge=1)
    """Attention heads. Unit: heads."""
    num_key_value_heads: int = Field(default=0, ge=0)
    """Key-value heads. 0: as many as attention heads. Unit: heads."""
    head_dim: int = Field(default=0, ge=0)
    """Size of a head. 0: hidden_size over num_attention_heads."""
    intermediate_size: int = Field(ge=1)
    """Width of the MLP."""
    vocab_size: int = Field(ge=1)
    """Rows of the embedding. Unit: tokens."""
    tie_word_embeddings: bool = False
    """Whether the output head shares the embedding's weights."""
    attention_bias: bool = False
    """Whether query, key and value have biases, as in Qwen2."""
    qk_norm: bool = False
    """Whether queries and keys are normed by head, as in Qwen3."""
    max_position_embeddings: int = Field(default=0, ge=0)
    """Longest context of the model. 0: not known, and not checked. Unit: tokens."""

    @model_validator(mode="after")
    def _heads_share_out(self) -> "ShapeConfig":
        if not self.head_dim and self.hidden_size < self.num_attention_heads:
            raise ValueError(
                f"hidden_size = {self.hidden_size} over {self.num_attention_heads} attention heads: give head_dim"
            )
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
    """Positions that the model was made for; 0: not known."""
    quantization: str = ""
    """How its files' weights are quantised, by vLLM's name; "" for weights in their own type."""
    bits: int = 0
    """Bits of a quantised weight, where the files say so; else 0."""

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

    def kv_bytes_per_token(self, bytes_each: float = 2) -> float:
        """Keys and values of one token: 2 * layers * kv_heads * head_dim * bytes."""
        return 2 * self.layers * self.kv_heads * self.head_dim * bytes_each


def shape_of(name: str, config: ShapeConfig, source: str) -> ModelShape:
    """The shape of model `name` as a recipe or a file (`source`) describes it."""
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
    except (OSError, ValueError, RecursionError) as error:
        raise RequestError(f"model {name}: {path} cannot be read ({error})") from None
    if not isinstance(table, dict):
        raise RequestError(f"model {name}: {path} holds no object; a model's config.json is {{...}}")
    family = str(table.get("model_type", ""))
    experts = next((key for key, value in table.items() if "expert" in key and value), None)
    if experts is not None:
        raise RequestError(
            f"model {name}: {experts} = {table[experts]!r}: mixtures of experts are not counted here. A dense shape of "
            "the same size would get the weights right, but neither KV cache nor time; plan it by hand"
        )
    if family not in FAMILIES:
        raise RequestError(
            f"model {name}: model_type {family!r} is not counted here ({', '.join(FAMILIES)} are); where it is a "
            "dense decoder with a gated MLP, give its own numbers as models.teacher.shape or models.student.shape"
        )
    method, bits = _quantised(table, name)
    shape = shape_of_table(table, family, name, "its config.json")
    return replace(shape, source=f"config.json of {path.parent}", quantization=method, bits=bits)


def shape_of_table(table: Mapping[str, Any], family: str, name: str, source: str) -> ModelShape:
    """The shape of model `name` of a known family, from values with the names of config.json; None is not said."""
    given = {key: table[key] for key in ShapeConfig.model_fields if table.get(key) is not None}
    return shape_of(name, parse(ShapeConfig, given | FAMILIES[family], f"model {name}: {source}"), source)


def weight_bytes_each(shape: ModelShape, quantization: str | None, plain: float) -> float:
    """Bytes a parameter, on average: `plain` of weights in their own type; of quantised ones (as `quantization` says,
    else the model's files) what the method leaves of the layers, with embeddings and head in 2 bytes."""
    method = quantization or shape.quantization
    if not method:
        return plain
    each = bytes_each(method, shape.bits)
    return (shape.body_parameters * each + shape.embedding_parameters * 2) / shape.parameters


def _quantised(table: Mapping[str, Any], name: str) -> tuple[str, int]:
    """vLLM's name for how the weights are quantised, and their bits; "" and 0 where they are not."""
    config = table.get("quantization_config")
    if not isinstance(config, dict):
        return "", 0
    method = str(config.get("quant_method", ""))
    if said := refusal(method):
        raise RequestError(f"model {name}: quantization_config of its config.json: {said}")
    groups = config.get("config_groups")
    of_groups = groups.values() if isinstance(groups, dict) else ()
    weights = [group["weights"] for group in of_groups if isinstance(group, dict) and group.get("weights")]
    found = [config.get("bits"), *(each.get("num_bits") for each in weights if isinstance(each, dict))]
    return method, next((bits for bits in found if isinstance(bits, int) and 1 <= bits <= 16), 0)

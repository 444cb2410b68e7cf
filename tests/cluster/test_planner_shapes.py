"""Parameters and bytes of published models, and what is refused."""

import json
from pathlib import Path

import pytest

from cluster.errors import RequestError
from cluster.planner.shapes import ModelShape, ShapeConfig, published_names, published_shape, read_shape, shape_of

PARAMETERS = {  # in millions, as the models' cards or their safetensors indices say
    "meta-llama/Meta-Llama-3-70B-Instruct": 70553.7,
    "meta-llama/Llama-3.1-8B-Instruct": 8030.3,
    "meta-llama/Llama-3.2-1B-Instruct": 1235.8,
    "meta-llama/Llama-3.2-3B-Instruct": 3212.7,
    "mistralai/Mistral-7B-Instruct-v0.2": 7241.7,
    "microsoft/Phi-3-mini-4k-instruct": 3821.1,
    "Qwen/Qwen2.5-0.5B-Instruct": 494.0,
    "Qwen/Qwen2.5-1.5B-Instruct": 1543.7,
    "Qwen/Qwen2.5-7B-Instruct": 7615.6,
    "Qwen/Qwen2.5-72B-Instruct": 72706.2,
    "Qwen/Qwen3-0.6B": 596.0,
    "Qwen/Qwen3-8B": 8190.7,
    "Qwen/Qwen3-32B": 32762.1,
}


def known(name: str) -> ModelShape:
    shape = published_shape(name)
    assert shape is not None
    return shape


@pytest.mark.parametrize(("name", "millions"), PARAMETERS.items())
def test_parameters_are_those_of_the_published_weights(name: str, millions: float) -> None:
    assert known(name).parameters / 1e6 == pytest.approx(millions, abs=0.06)


def test_the_papers_teacher() -> None:
    shape = known("meta-llama/Meta-Llama-3-70B-Instruct")
    assert shape.weight_bytes(2) / 1e9 == pytest.approx(141.1, abs=0.05)
    assert shape.kv_bytes_a_token(2) == 320 * 1024


def test_every_shape_of_the_table_is_one() -> None:
    for name in published_names():
        shape = known(name.lower())
        assert shape.name == name
        assert shape.heads % shape.kv_heads == 0


def test_a_folder_says_what_the_table_says(tmp_path: Path) -> None:
    config = {"model_type": "mistral", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32}
    config |= {"num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 32000, "sliding_window": None}
    (tmp_path / "config.json").write_text(json.dumps(config))
    shape = read_shape(tmp_path / "config.json", "mine")
    assert shape.parameters == known("mistralai/Mistral-7B-Instruct-v0.2").parameters
    assert str(tmp_path) in shape.source


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"model_type": "mixtral"}', "model_type 'mixtral' is not counted"),
        ('{"model_type": "llama"}', "incomplete"),
        ("{", "cannot be read"),
    ],
)
def test_what_cannot_be_counted_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(RequestError, match=said):
        read_shape(tmp_path / "config.json", "mine")


def test_biases_norms_and_tied_tables_count() -> None:
    base = ShapeConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=10)
    plain = shape_of("plain", base, "here")
    assert plain.parameters == 2 * 80 + 4 * 64 + 3 * 128 + 16 + 8
    assert (
        shape_of("tied", base.model_copy(update={"tie_word_embeddings": True}), "").parameters == plain.parameters - 80
    )
    assert shape_of("bias", base.model_copy(update={"attention_bias": True}), "").parameters == plain.parameters + 24
    assert shape_of("norm", base.model_copy(update={"qk_norm": True}), "").parameters == plain.parameters + 8

"""Parameters and bytes of published models, and what is refused."""

import json
from pathlib import Path

import pytest

from cluster.errors import RequestError
from pipeline.estimates.published import _PUBLISHED, published_licence, published_shape
from pipeline.estimates.shapes import ModelShape, ShapeConfig, read_shape, shape_of, weight_bytes_each
from pipeline.licences import OutputUse, output_terms

PARAMETERS = {  # in millions, as the models' cards or their safetensors indices say
    "meta-llama/Meta-Llama-3-70B-Instruct": 70553.7,
    "meta-llama/Llama-2-7b-chat-hf": 6738.4,
    "meta-llama/Llama-3.1-8B-Instruct": 8030.3,
    "meta-llama/Llama-3.1-405B-Instruct": 405853.4,
    "meta-llama/Llama-3.2-1B-Instruct": 1235.8,
    "meta-llama/Llama-3.2-3B-Instruct": 3212.7,
    "mistralai/Mistral-7B-Instruct-v0.2": 7241.7,
    "mistralai/Mistral-Nemo-Instruct-2407": 12247.8,
    "mistralai/Mistral-Small-24B-Instruct-2501": 23572.4,
    "mistralai/Mistral-Large-Instruct-2407": 122610.1,
    "microsoft/Phi-3-mini-4k-instruct": 3821.1,
    "microsoft/Phi-3-medium-4k-instruct": 13960.2,
    "microsoft/phi-4": 14659.5,
    "HuggingFaceTB/SmolLM2-1.7B-Instruct": 1711.4,
    "TinyLlama/TinyLlama-1.1B-Chat-v1.0": 1100.0,
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
    assert shape.kv_bytes_per_token(2) == 320 * 1024


def test_every_shape_of_the_table_is_one() -> None:
    for name in _PUBLISHED:
        shape = known(name.lower())
        assert shape.name == name
        assert shape.heads % shape.kv_heads == 0
        assert output_terms(published_licence(name)).use is not OutputUse.UNKNOWN


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
        ('{"model_type": "gemma2"}', "model_type 'gemma2' is not counted"),
        ('{"model_type": "mixtral", "num_local_experts": 8}', "neither KV cache nor time"),
        ('{"model_type": "llama", "num_local_experts": 16}', "num_local_experts = 16: mixtures of experts"),
        ('{"model_type": "qwen3", "moe_intermediate_size": 768, "num_experts_per_tok": 8}', "mixtures of experts"),
        ("[]", "holds no object"),
        ("null", "holds no object"),
        ('{"model_type": "llama"}', r"mine: its config\.json: hidden_size is missing"),
        ('{"model_type": "llama", "hidden_size": "big"}', r"hidden_size = 'big': input should be a valid integer"),
        ("{", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
    ],
)
def test_what_cannot_be_counted_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(RequestError, match=said):
        read_shape(tmp_path / "config.json", "mine")


LLAMA_8B = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "vocab_size": 128256,
}


def quantised(folder: Path, **config: object) -> ModelShape:
    (folder / "config.json").write_text(json.dumps(LLAMA_8B | {"quantization_config": config}))
    return read_shape(folder / "config.json", "mine")


def test_a_quantised_folder_weighs_what_its_files_do(tmp_path: Path) -> None:
    shape = quantised(tmp_path, quant_method="awq", bits=4)
    assert shape.quantization == "awq"
    # The published AWQ files of Llama-3-8B have 5.73 GB.
    assert shape.weight_bytes(weight_bytes_each(shape, None, 2)) == pytest.approx(5.73e9, rel=0.01)
    eight = quantised(tmp_path, quant_method="gptq", bits=8)
    assert weight_bytes_each(eight, None, 2) > 1.1
    groups = {"group_0": {"weights": {"num_bits": 4}}, "group_1": {"weights": None}}
    assert quantised(tmp_path, quant_method="compressed-tensors", config_groups=groups).bits == 4
    plain = known("meta-llama/Meta-Llama-3-8B-Instruct")
    assert weight_bytes_each(plain, None, 2) == 2
    assert plain.weight_bytes(weight_bytes_each(plain, "fp8", 2)) == pytest.approx(9.08e9, rel=0.01)


def test_an_unknown_way_of_quantising_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"quantization 'exl2': vLLM 0\.32 does not know it"):
        quantised(tmp_path, quant_method="exl2")


def test_heads_without_a_size_are_refused() -> None:
    with pytest.raises(ValueError, match="give head_dim"):
        ShapeConfig(hidden_size=2, num_hidden_layers=1, num_attention_heads=4, intermediate_size=4, vocab_size=4)


def test_biases_norms_and_tied_tables_count() -> None:
    base = ShapeConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=10)
    plain = shape_of("plain", base, "here")
    assert plain.parameters == 2 * 80 + 4 * 64 + 3 * 128 + 16 + 8
    assert (
        shape_of("tied", base.model_copy(update={"tie_word_embeddings": True}), "").parameters == plain.parameters - 80
    )
    assert shape_of("bias", base.model_copy(update={"attention_bias": True}), "").parameters == plain.parameters + 24
    assert shape_of("norm", base.model_copy(update={"qk_norm": True}), "").parameters == plain.parameters + 8

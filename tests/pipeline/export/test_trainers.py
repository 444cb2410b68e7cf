"""What others read: `datasets` opens the folder as it was written, chat templates and TRL take the rows of `trl`."""

import io
import json
import re
from pathlib import Path
from typing import Any

import datasets
import pytest
from rich.console import Console
from transformers import LlamaConfig, LlamaForCausalLM
from trl import DPOConfig, DPOTrainer
from trl.data_utils import apply_chat_template, is_conversational

from pipeline.commands.export import export_pairs
from pipeline.export.card import CARD, FILE
from pipeline.export.rows import FORMS, pair_rows
from rollout.data import layout
from rollout.data.shards import read_rows
from rollout.records import PreferenceGroup
from tests.pipeline.export.runs import scripted_run
from tests.rollout.conversations import tokenizer as plain_tokenizer
from tests.rollout.prompts.native_models import TEMPLATES, tokenizer

NATIVE = ("qwen2_5", "qwen3", "llama3_1", "llama3_2", "mistral_v3", "mistral_v7", "mistral_v11", "mistral_v13")


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()


def exported(folder: Path, call_format: str, template: str, form: str) -> Path:
    run = scripted_run(folder / "run", call_format, template)
    export_pairs(run.folder, folder / "out", form, 0, Console(file=io.StringIO()))
    return folder / "out"


def rows_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / FILE).read_text().splitlines()]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("call_format", "template"), [("json", "plain"), ("native", "qwen3")])
def test_datasets_gives_back_what_was_written(form: str, call_format: str, template: str, tmp_path: Path) -> None:
    out = exported(tmp_path, call_format, template, form)
    assert datasets.load_dataset(str(out), split="train").to_list() == rows_in(out)


@pytest.mark.parametrize("form", ["trl", "openai"])
def test_rows_with_other_keys_come_back_though_they_stand_far_behind(form: str, tmp_path: Path) -> None:
    """Types are else taken from the first 10 MB, and what comes later is refused or filled up with nulls."""
    out = exported(tmp_path, "native", "qwen3", form)
    written = (out / FILE).read_text().splitlines()
    first, other = written[0], json.loads(written[0])
    tools = other["tools"] if form == "trl" else other["input"]["tools"]
    tools[0]["function"]["parameters"]["properties"] = {"another": {"enum": [1, "one", None], "default": [{}]}}
    repeated = (11 << 20) // len(first)
    (out / FILE).write_text("\n".join([*[first] * repeated, json.dumps(other), *written]) + "\n")
    read = datasets.load_dataset(str(out), split="train")
    assert read[0] == json.loads(first)
    assert read[repeated] == other
    plain = out / "elsewhere.jsonl"
    (out / FILE).rename(plain)
    (out / CARD).unlink()
    with pytest.raises(datasets.exceptions.DatasetGenerationError):
        datasets.load_dataset("json", data_files=str(plain), split="train")


def alike(text: str) -> str:
    """A conversation without what templates may write in another way: an empty thought, and ids of calls."""
    return re.sub(r"\b[0-9a-f]{9}\b", "ID", text.replace("<think>\n\n</think>\n\n", "")).strip()


@pytest.mark.parametrize("template", NATIVE)
def test_a_chat_template_writes_the_students_own_chain(template: str, tmp_path: Path) -> None:
    run = scripted_run(tmp_path / "run", "native", template)
    groups = {group.problem_id: group for group in read_rows(PreferenceGroup, run.ledger(layout.groups(run.student)))}
    written = tokenizer(template)
    compared = 0
    for pair in pair_rows(run, "trl", 0):
        assert is_conversational(pair.row)
        text = apply_chat_template(pair.row, written, pair.row["tools"])
        for episode, side in ((pair.right, "chosen"), (pair.wrong, "rejected")):
            chains = groups[pair.problem.id].chains
            (chain,) = [chain for chain in chains if episode.sample in chain.episodes]
            assert alike(text[side]) == alike(written.decode(chain.token_ids))
            compared += 1
    assert compared > 20


def test_trl_trains_on_rows_with_functions(tmp_path: Path) -> None:
    out = exported(tmp_path, "native", "qwen3", "trl")
    trainer = trainer_of(out, tokenizer("qwen3"), tmp_path)
    example = trainer.train_dataset[0]
    prompt = tokenizer("qwen3").decode(example["prompt_ids"])
    assert '"name": "mul"' in prompt
    assert "<tool_call>" in tokenizer("qwen3").decode(example["chosen_ids"])
    assert trainer.train().global_step == 1


def test_trl_trains_on_rows_of_text(tmp_path: Path) -> None:
    out = exported(tmp_path, "json", "plain", "trl")
    trainer = trainer_of(out, plain_tokenizer(), tmp_path)
    group_ids = trainer.train_dataset[0]["prompt_ids"]
    assert plain_tokenizer().decode(group_ids).endswith("<|assistant|>")
    assert trainer.train().global_step == 1


def trainer_of(out: Path, written: Any, folder: Path) -> DPOTrainer:
    """A trainer of one step, with a model of some thousand weights."""
    config = LlamaConfig(
        vocab_size=len(written), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=1
    )
    settings = DPOConfig(
        output_dir=str(folder / "trained"),
        max_steps=1,
        per_device_train_batch_size=2,
        max_length=None,
        report_to=[],
        save_strategy="no",
        use_cpu=True,
        disable_tqdm=True,
        bf16=False,
        dataloader_pin_memory=False,
    )
    read = datasets.load_dataset(str(out), split="train")
    model, reference = LlamaForCausalLM(config), LlamaForCausalLM(config)
    return DPOTrainer(model, reference, args=settings, train_dataset=read, processing_class=written)


def test_there_are_templates() -> None:
    assert set(NATIVE) <= TEMPLATES.keys()

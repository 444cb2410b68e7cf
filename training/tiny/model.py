"""Teachers and students from scratch: a byte-level tokenizer and a Llama of a few hundred thousand parameters.

Both learn from conversations that `training.tiny.corpus` generates on the fly. A model's folder is a plain Hugging
Face directory (safetensors, fast tokenizer, chat template). It appears whole or not at all, and its name is a hash of
everything that the model is made from.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from cluster.engine.probe import ProbeReading, ProbeText
from cluster.store.atomic import atomic_folder
from cluster.store.digests import SUMS, check_sums, write_sums
from rollout.prompts.template import ChatTemplate
from rollout.records import content_hash
from rollout.toolboxes.source import hash_of_files
from training.probe import read_probe
from training.tiny import corpus as corpus_module
from training.tiny import learning
from training.tiny.config import TinyConfig, TokenizerConfig
from training.tiny.corpus import Corpus
from training.tiny.learning import Made, Report, batches, learn

CONTEXT = 1024
PAD, END = "<|pad|>", "<|end|>"
CONTROL = (PAD, END, "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>")
CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] not in ['system', 'user', 'assistant', 'tool'] -%}"
    "{{ raise_exception('unknown role ' + message['role']) }}"
    "{%- endif -%}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|assistant|>' }}{%- endif -%}"
)
_WORDS = Regex(r" ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+|\p{N}{1,2}")
"""Splits numbers into pairs of digits. A number of two digits is one token, so copying it is one look-up, not two."""


def make_tokenizer(texts: Iterable[str], directory: Path, vocabulary: int = 760) -> PreTrainedTokenizerBase:
    """Learn a byte-level BPE that splits numbers into pairs of digits, and save it with its chat template.

    `directory` must not exist.
    """
    tokenizer = Tokenizer(models.BPE())
    # One pattern instead of GPT-2's, which would join a digit to the space before it.
    split = pre_tokenizers.Split(_WORDS, behavior="isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        show_progress=False,
        special_tokens=[AddedToken(token, special=True) for token in CONTROL],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    tokenizer.train_from_iterator(texts, trainer)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
        chat_template=CHAT_TEMPLATE,
    )
    with atomic_folder(directory) as temporary:
        wrapped.save_pretrained(temporary)
    return load_tokenizer(directory)


def load_tokenizer(directory: Path) -> PreTrainedTokenizerBase:
    """The tokenizer in a model's or a tokenizer's folder."""
    return AutoTokenizer.from_pretrained(str(directory), trust_remote_code=False)


def make_tiny(
    config: TinyConfig,
    corpus: Corpus,
    tokenizer: PreTrainedTokenizerBase,
    directory: Path,
    report: Report | None = None,
    probe: ProbeText | None = None,
) -> ProbeReading | None:
    """Train one model from scratch on one process and save it with its tokenizer. `directory` must not exist.

    Returns what the model says of the text of a probe, where it is asked one.
    """
    template = ChatTemplate(tokenizer)
    model = _fresh_model(config, len(tokenizer), template)
    learn(
        model, config, config.steps, batches(config, config.steps, corpus, template, CONTEXT), template.pad_id, report
    )
    return publish(model, tokenizer, directory, probe)


def publish(
    model: Any, tokenizer: PreTrainedTokenizerBase, directory: Path, probe: ProbeText | None
) -> ProbeReading | None:
    """Save a model with its tokenizer, whole or not at all. Returns what it says, in memory, of a probe's text."""
    reading = None if probe is None else read_probe(model, probe)
    with atomic_folder(directory) as temporary:
        model.save_pretrained(temporary, safe_serialization=True)
        tokenizer.save_pretrained(temporary)
        write_sums(temporary)
    return reading


def ensure_tokenizer(config: TokenizerConfig, corpus: Corpus, root: Path) -> Path:
    """The folder of the tokenizer for `corpus` under `root`; the tokenizer is made where there is none yet."""
    name = content_hash(config.model_dump_json(), corpus.fingerprint, _code_version())
    directory = root / f"tokenizer-{name}"
    if not directory.is_dir():
        conversations = corpus.conversations(seed=config.seed, malformed=0.3, malformed_again=0.3)
        texts = ("\n".join(next(conversations).texts) for _ in range(config.conversations))
        make_tokenizer(texts, directory, config.vocabulary)
    return directory


def ensure_tiny(
    config: TinyConfig,
    corpus: Corpus,
    tokenizer_dir: Path,
    root: Path,
    report: Report | None = None,
    *,
    probe: ProbeText | None = None,
) -> Made:
    """The folder of the model for `config` under `root`; the model is made where there is none yet.

    Raises CorruptionError for a model there that is not what was written.
    """
    tokenizer = load_tokenizer(tokenizer_dir)
    template = ChatTemplate(tokenizer)
    name = content_hash(
        config.model_dump_json(), corpus.fingerprint, template.tokenizer_hash, template.hash, _code_version()
    )
    directory, reading = root / f"tiny-{name}", None
    if not directory.is_dir():
        reading = make_tiny(config, corpus, tokenizer, directory, report, probe)
    if not (directory / SUMS).exists():
        write_sums(directory)  # an earlier version made it
    check_sums(directory, f"remove {directory} and run again")
    return Made(directory, reading)


def _fresh_model(config: TinyConfig, vocabulary: int, template: ChatTemplate) -> LlamaForCausalLM:
    """A Llama with random weights."""
    shape = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=config.hidden,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        num_key_value_heads=config.heads,
        intermediate_size=config.intermediate,
        max_position_embeddings=CONTEXT,
        initializer_range=config.initializer_range,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=template.stop_ids[-1],
        pad_token_id=template.pad_id,
        dtype="float32",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return LlamaForCausalLM(shape)


def _code_version() -> str:
    """Hash of the code that makes models. Models on disk are reused only while that code is the same."""
    return hash_of_files(__file__, corpus_module.__file__, learning.__file__)

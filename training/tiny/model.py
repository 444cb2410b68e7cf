"""Teachers and students from scratch: a byte-level tokenizer and a Llama of a few hundred thousand parameters.

Both learn from conversations that `training.tiny.corpus` generates on the fly. A model's folder is a plain Hugging
Face directory (safetensors, fast tokenizer, chat template). It appears whole or not at all, and its name is a hash of
everything that the model is made from.
"""

import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from cluster.store.atomic import atomic_folder
from cluster.store.digests import SUMS, check_sums, write_sums
from rollout.prompts.template import ChatTemplate
from rollout.records import content_hash
from rollout.toolboxes.source import hash_of_files
from training.tiny import corpus as corpus_module
from training.tiny.config import TinyConfig, TokenizerConfig
from training.tiny.corpus import Corpus

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
Row = tuple[list[int], list[bool]]
"""Token ids, and for each one whether a model wrote it."""
_BUCKET = 8
"""Number of batches whose rows are sorted by length together."""


class TinyProgress(msgspec.Struct, frozen=True, kw_only=True):
    """Progress of a model's training. `loss`: nats per token in the last step. `tokens`: those learnt from so far."""

    step: int
    steps: int
    loss: float
    tokens: int


Report = Callable[[TinyProgress], None]


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
) -> None:
    """Train one model from scratch on one process and save it with its tokenizer. `directory` must not exist."""
    template = ChatTemplate(tokenizer)
    model = _fresh_model(config, len(tokenizer), template)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate, betas=(0.9, config.adam_beta2), weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, config))
    model.train()
    tokens = 0
    for step, batch in enumerate(_batches(config, corpus, template), 1):
        ids = [torch.tensor(ids) for ids, _ in batch]
        # Loss is taken on replies only. What problems and tools say is drawn at random: it cannot be learnt, and its
        # gradient drowns that of copying, which is then learnt three times later.
        labels = [torch.where(torch.tensor(row[1]), one, -100) for one, row in zip(ids, batch, strict=True)]
        # Rows are padded on the right, so that causal attention alone keeps real tokens from seeing the padding.
        padded = pad_sequence(ids, batch_first=True, padding_value=template.pad_id)
        targets = pad_sequence(labels, batch_first=True, padding_value=-100)
        loss: torch.Tensor = model(input_ids=padded, labels=targets, use_cache=False).loss
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.max_grad_norm)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        tokens += sum(len(ids) for ids, _ in batch)
        if report is not None:
            report(TinyProgress(step=step, steps=config.steps, loss=loss.item(), tokens=tokens))
    with atomic_folder(directory) as temporary:
        model.eval().save_pretrained(temporary, safe_serialization=True)
        tokenizer.save_pretrained(temporary)
        write_sums(temporary)


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
    config: TinyConfig, corpus: Corpus, tokenizer_dir: Path, root: Path, report: Report | None = None
) -> Path:
    """The folder of the model for `config` under `root`; the model is made where there is none yet.

    Raises CorruptionError for a model there that is not what was written.
    """
    tokenizer = load_tokenizer(tokenizer_dir)
    template = ChatTemplate(tokenizer)
    name = content_hash(
        config.model_dump_json(), corpus.fingerprint, template.tokenizer_hash, template.hash, _code_version()
    )
    directory = root / f"tiny-{name}"
    if not directory.is_dir():
        make_tiny(config, corpus, tokenizer, directory, report)
    if not (directory / SUMS).exists():
        write_sums(directory)  # an earlier version made it
    check_sums(directory, f"remove {directory} and run again")
    return directory


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


def _rate(step: int, config: TinyConfig) -> float:
    """Factor of the learning rate at `step`: it rises to 1, stays there for long, because models learn to copy late and
    suddenly, and falls to 0."""
    warmup = max(1, round(config.warmup_ratio * config.steps))
    decay = max(1, round(config.decay_ratio * config.steps))
    return min((step + 1) / warmup, 1.0, (config.steps - step) / decay)


def _batches(config: TinyConfig, corpus: Corpus, template: ChatTemplate) -> Iterator[list[Row]]:
    """The batches of all steps: those of well-formed conversations first, then those with malformed calls.

    A batch holds rows of similar length, and batches come in random order: far less padding, and no order of lengths to
    learn. No row is longer than the context.
    """
    clean = round(config.clean_ratio * config.steps)
    parts = {
        "clean": (clean, 0.0, 0.0),
        "noisy": (config.steps - clean, config.malformed, config.malformed_again),
    }
    for part, (steps, malformed, again) in parts.items():
        conversations = corpus.conversations(f"{config.seed}:{part}", malformed, again)
        rows = (row for row in (item.token_ids(template) for item in conversations) if len(row[0]) <= CONTEXT)
        order = random.Random(f"batches:{config.seed}")
        while steps > 0:
            some = sorted(itertools.islice(rows, config.batch * _BUCKET), key=lambda row: len(row[0]))
            batches = [some[start : start + config.batch] for start in range(0, len(some), config.batch)]
            order.shuffle(batches)
            yield from batches[:steps]
            steps -= len(batches)


def _code_version() -> str:
    """Hash of the code that makes models. Models on disk are reused only while that code is the same."""
    return hash_of_files(__file__, corpus_module.__file__)

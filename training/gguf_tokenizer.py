"""The tokenizer of a GGUF file as Hugging Face files, and the proof that they say what the file says.

transformers 5.19 builds the tokenizer from the file's tokens and merges. It cuts text into words as GPT-2 does wherever
it does not know a vocabulary's own way, and adds GPT-2's end of text where a file has none. Here the ways that are
known stand in a table, and a file with another one is refused: its text would become other tokens than the model was
trained on, without any error.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.engine.gguf_file import GgufFile
from cluster.errors import RequestError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_AS_GPT2 = frozenset({"gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "exaone4"})
"""Values of `tokenizer.ggml.pre` for which llama.cpp cuts text like GPT-2."""
_DIGITS_APART = frozenset({"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"})
"""Values for which llama.cpp cuts every digit off first, and the rest like GPT-2."""
_WHOLE_WORDS = frozenset(
    {"llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "tekken"}
)
"""Values for which llama.cpp takes a word that is a token as that token, whatever the merges say."""
_CONTROL, _USER_DEFINED = 3, 4
"""Values of `tokenizer.ggml.token_type`: tokens that are matched whole in a text."""
_SPECIAL = {"bos_token": "bos", "eos_token": "eos", "unk_token": "unknown", "pad_token": "padding"}
"""Name in transformers -> in `tokenizer.ggml.NAME_token_id`."""


def save_tokenizer(file: GgufFile, loaded_from: Path, directory: Path) -> None:
    """Save the tokenizer of a file into `directory`, and check what is there against the file.

    `loaded_from`: a folder that holds the file as `model.gguf` and nothing else. Raises RequestError for a tokenizer
    that cannot be saved as it is.
    """
    from transformers import AutoTokenizer

    refuse_tokenizer(file)
    loaded = AutoTokenizer.from_pretrained(str(loaded_from), gguf_file="model.gguf", trust_remote_code=False)
    tokenizer = _as_the_file_says(file, loaded.backend_tokenizer.to_str())
    tokenizer.save_pretrained(directory)
    again = AutoTokenizer.from_pretrained(str(directory), trust_remote_code=False)
    if again.backend_tokenizer.to_str() != tokenizer.backend_tokenizer.to_str():
        raise RequestError(f"model {file.path}: its tokenizer changes when it is saved and loaded again; use another")
    if found := next(differences(file, directory), None):
        raise RequestError(f"model {file.path}: transformers makes another tokenizer of it: {found}; use another file")


def refuse_tokenizer(file: GgufFile) -> None:
    """Raise RequestError for a file whose tokenizer cannot be taken over."""
    from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS

    kind, pre = file.of_tokenizer("model"), file.of_tokenizer("pre")
    if not file.chat_template:
        raise RequestError(
            f"model {file.path}: its tokenizer has no chat template (tokenizer.chat_template); use an instruct model"
        )
    if kind not in ("gpt2", "llama") or not file.of_tokenizer("tokens"):
        raise RequestError(f"model {file.path}: tokenizer.ggml.model = {kind!r} is not taken (gpt2 and llama are)")
    if file.of_tokenizer("eos_token_id") is None:  # transformers would end replies with Llama's
        raise RequestError(
            f"model {file.path}: nothing says with which token a reply ends (tokenizer.ggml.eos_token_id); use its "
            "Hugging Face folder"
        )
    if kind == "gpt2" and pre not in _AS_GPT2 | _DIGITS_APART | GGUF_PRE_TOKENIZER_SPLITS.keys():
        raise RequestError(
            f"model {file.path}: tokenizer.ggml.pre = {pre!r}: how it cuts text into words is not known here, and the "
            "model would see other tokens than it was trained on; use its Hugging Face folder"
        )


def differences(file: GgufFile, directory: Path) -> Iterator[str]:
    """What the tokenizer saved in `directory` says otherwise than the file: tokens, their numbers and kinds, merges,
    chat template, end of text. Read from the saved files, without transformers."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    spelling = bytes_to_unicode()
    saved = json.loads((directory / "tokenizer.json").read_text(encoding="utf-8"))
    settings = json.loads((directory / "tokenizer_config.json").read_text(encoding="utf-8"))
    template = directory / "chat_template.jinja"
    tokens: list[str] = file.of_tokenizer("tokens")
    added = {token["id"]: token for token in saved["added_tokens"]}
    numbered = {number: token for token, number in saved["model"]["vocab"].items()}
    numbered |= {number: token["content"] for number, token in added.items()}
    for number, token in enumerate(tokens):
        # What a file holds as plain text, a byte-level vocabulary spells byte by byte.
        if numbered.get(number) not in (token, "".join(spelling[byte] for byte in token.encode("utf-8"))):
            yield f"token {number} is {numbered.get(number)!r}, in the file {token!r}"
    if more := sorted(number for number in numbered if number >= len(tokens)):
        yield f"token {more[0]} is {numbered[more[0]]!r}, and the file has {len(tokens)} tokens"
    for number, kind in enumerate(file.of_tokenizer("token_type") or ()):
        if kind in (_CONTROL, _USER_DEFINED) and number not in added:
            yield f"token {number} ({tokens[number]!r}) is not matched whole, as the file says"
    if (merges := file.of_tokenizer("merges")) is not None:
        ours = [pair if isinstance(pair, str) else " ".join(pair) for pair in saved["model"]["merges"]]
        if ours != list(merges):
            at = next((at for at, (one, other) in enumerate(zip(ours, merges, strict=False)) if one != other), None)
            place = f"merge {at} is {ours[at]!r}, in the file {merges[at]!r}" if at is not None else "merges are cut"
            yield f"{place} ({len(ours):,} merges, in the file {len(merges):,})"
    # By bytes: reading as text would make one kind of line ends of all.
    if (template.read_bytes() if template.is_file() else b"") != file.chat_template.encode():
        yield "the chat template is another one"
    end = file.of_tokenizer("eos_token_id")
    if end is not None and settings.get("eos_token") != tokens[end]:
        yield f"the end of a text is {settings.get('eos_token')!r}, in the file {tokens[end]!r}"


def _as_the_file_says(file: GgufFile, backend: str) -> "PreTrainedTokenizerBase":
    """A tokenizer from the JSON text of one that transformers built."""
    from tokenizers import Tokenizer, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tokens, pre = file.of_tokenizer("tokens"), file.of_tokenizer("pre")
    table = json.loads(backend)
    table["added_tokens"] = [token for token in table["added_tokens"] if token["id"] < len(tokens)]
    if file.of_tokenizer("model") == "gpt2":
        table["model"]["ignore_merges"] = pre in _WHOLE_WORDS
    tokenizer = Tokenizer.from_str(json.dumps(table))
    if file.of_tokenizer("model") == "gpt2" and pre in _DIGITS_APART:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    special = {name: file.of_tokenizer(f"{key}_token_id") for name, key in _SPECIAL.items()}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        clean_up_tokenization_spaces=False,
        chat_template=file.chat_template,
        **{name: tokens[number] for name, number in special.items() if number is not None},
    )

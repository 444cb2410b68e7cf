"""What is wrong with the metadata of a GGUF file, before anybody computes with it.

transformers takes a header as it stands: a number that no token has ends in an IndexError, or names the last token, and
an epsilon of NaN makes every activation NaN.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

_WHOLE = (
    "embedding_length",
    "block_count",
    "context_length",
    "feed_forward_length",
    "vocab_size",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "attention.value_length",
    "rope.dimension_count",
)
"""Keys of an architecture that hold a whole number above 0, where they are given."""
EPSILONS = ("attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon")
"""Keys of an architecture of which one says what its norms add."""
_POSITIVE = (*EPSILONS, "rope.freq_base")
"""Keys of an architecture that hold a finite number above 0, where they are given."""
_IDS = ("bos_token_id", "eos_token_id", "unknown_token_id", "padding_token_id")


def header_faults(fields: Mapping[str, Any]) -> Iterator[str]:
    """What the metadata of a model says that cannot be so: a key, its value, and what belongs there.

    `fields`: key -> value, lists for arrays; `general.architecture` is among them.
    """
    architecture = fields["general.architecture"]
    if not isinstance(architecture, str):
        yield _wrong("general.architecture", architecture, "a text")
        return
    for name in _WHOLE:
        value = fields.get(f"{architecture}.{name}")
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            yield _wrong(name, value, "a whole number above 0")
    for name in _POSITIVE:
        value = fields.get(f"{architecture}.{name}")
        if value is not None and not (isinstance(value, float | int) and math.isfinite(value) and value > 0):
            yield _wrong(name, value, "a finite number above 0")
    yield from _of_tokenizer({name.removeprefix("tokenizer.ggml."): value for name, value in fields.items()})
    template = fields.get("tokenizer.chat_template")
    if template is not None and not isinstance(template, str):
        yield _wrong("tokenizer.chat_template", template, "a text")


def _of_tokenizer(given: Mapping[str, Any]) -> Iterator[str]:
    for name in ("model", "pre"):
        if given.get(name) is not None and not isinstance(given[name], str):
            yield _wrong(name, given[name], "a text")
    tokens = given.get("tokens")
    if tokens is None:
        return  # a model without a tokenizer is refused where one is wanted
    if not _is_list(tokens, str) or len(set(tokens)) < len(tokens):
        yield _wrong("tokens", tokens, "texts that are all different")
        return
    kinds = given.get("token_type")
    if kinds is not None and not (_is_list(kinds, int) and len(kinds) == len(tokens)):
        yield _wrong("token_type", kinds, f"one whole number for each of the {len(tokens):,} tokens")
    for name in _IDS:
        number = given.get(name)
        if number is not None and not (isinstance(number, int) and 0 <= number < len(tokens)):
            yield _wrong(name, number, f"the number of one of the {len(tokens):,} tokens")
    if given.get("model") == "gpt2":
        yield from _of_merges(given.get("merges"), frozenset(tokens))


def _of_merges(merges: Any, tokens: frozenset[str]) -> Iterator[str]:
    if not _is_list(merges, str):
        yield _wrong("merges", merges, "pairs of tokens as texts")
        return
    for number, merge in enumerate(merges):
        pair = merge.split(" ")
        if len(pair) != 2 or not {*pair, "".join(pair)} <= tokens:
            yield _wrong(f"merges, number {number:,},", merge, "two tokens that come to a third one")
            return


def _is_list(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(each, kind) for each in value)


def _wrong(name: str, value: Any, wanted: str) -> str:
    shown = repr(value)
    return f"{name} = {shown if len(shown) <= 60 else f'{shown[:60]}...'} is not {wanted}"

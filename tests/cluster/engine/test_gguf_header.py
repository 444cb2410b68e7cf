"""A header that says what cannot be so is refused, key and value named."""

import math
from collections.abc import Mapping
from typing import Any

import pytest

from cluster.engine.gguf_header import header_faults

TOKENS = ["<s>", "</s>", "a", "b", "ab"]
SOUND: Mapping[str, Any] = {
    "general.architecture": "llama",
    "llama.embedding_length": 64,
    "llama.block_count": 2,
    "llama.attention.head_count": 2,
    "llama.attention.layer_norm_rms_epsilon": 1e-5,
    "llama.rope.freq_base": 10000.0,
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "smollm",
    "tokenizer.ggml.tokens": TOKENS,
    "tokenizer.ggml.token_type": [3, 3, 1, 1, 1],
    "tokenizer.ggml.merges": ["a b"],
    "tokenizer.ggml.eos_token_id": 1,
    "tokenizer.chat_template": "{{ messages }}",
}


def faults(**changed: Any) -> list[str]:
    """`changed`: the last part of a key -> its value, None for a key that is not there."""
    fields = dict(SOUND)
    for name, value in changed.items():
        (key,) = [key for key in (*SOUND, *ABSENT) if key.endswith(f".{name}")]
        fields[key] = value
    return list(header_faults({key: value for key, value in fields.items() if value is not None}))


ABSENT = ("llama.attention.head_count_kv", "llama.rope.dimension_count", "tokenizer.ggml.padding_token_id")


def test_a_sound_one_has_none_with_or_without_what_may_be_left_out() -> None:
    assert faults() == []
    assert faults(freq_base=None, token_type=None, pre=None, chat_template=None) == []
    assert faults(model="llama", merges=None) == []
    assert faults(tokens=None, eos_token_id=None, layer_norm_rms_epsilon=None) == []


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        *((name, 5, "5 is not the number of one of the 5 tokens") for name in ("eos_token_id", "padding_token_id")),
        ("eos_token_id", -1, "-1 is not the number"),
        ("padding_token_id", 4294967295, "4294967295 is not the number"),
        ("eos_token_id", "x", "'x' is not the number"),
        ("eos_token_id", 1.0, "1.0 is not the number"),
        ("pre", ["smollm"], "['smollm'] is not a text"),
        ("model", 1, "1 is not a text"),
        ("chat_template", 7, "7 is not a text"),
        ("token_type", [1] * 4, "is not one whole number for each of the 5 tokens"),
        ("token_type", ["a"] * 5, "is not one whole number"),
        ("token_type", 3, "3 is not one whole number"),
        ("tokens", "abc", "'abc' is not texts"),
        ("tokens", [1, 2], "[1, 2] is not texts"),
        ("tokens", ["a", "a"], "is not texts that are all different"),
        ("merges", None, "merges = None is not pairs"),
        ("merges", [1, 2], "[1, 2] is not pairs"),
        ("merges", ["a b", "ab"], "merges, number 1, = 'ab' is not two tokens"),
        ("merges", ["a q"], "'a q' is not two tokens"),
        ("merges", ["b a"], "'b a' is not two tokens that come to a third one"),
        ("embedding_length", "64", "embedding_length = '64' is not a whole number above 0"),
        ("embedding_length", 64.0, "64.0 is not a whole number"),
        ("head_count", 0, "attention.head_count = 0 is not a whole number"),
        ("head_count_kv", [1, 1], "[1, 1] is not a whole number"),
        ("dimension_count", 0, "rope.dimension_count = 0 is not"),
        ("freq_base", math.nan, "rope.freq_base = nan is not a finite number above 0"),
        ("freq_base", 0.0, "0.0 is not a finite number"),
        ("layer_norm_rms_epsilon", -1.0, "-1.0 is not a finite number"),
        ("layer_norm_rms_epsilon", math.inf, "inf is not a finite number"),
        ("architecture", ["llama"], "general.architecture = ['llama'] is not a text"),
    ],
)
def test_what_cannot_be_so_is_named_with_its_value(key: str, value: Any, says: str) -> None:
    (fault,) = faults(**{key: value})
    assert says in fault

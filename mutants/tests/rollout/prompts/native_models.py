"""Tokenizers of bytes with the control tokens of all families and the chat templates as their makers ship them."""

from functools import lru_cache
from pathlib import Path

import trl
from mistral_common.integrations.chat_templates.chat_templates import generate_chat_template
from mistral_common.tokens.tokenizers.base import TokenizerVersion
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

CONTROL = (
    "<s> </s> <|im_start|> <|im_end|> <|start_header_id|> <|end_header_id|> <|eot_id|> <|eom_id|> <|python_tag|> "
    "[INST] [/INST] [AVAILABLE_TOOLS] [/AVAILABLE_TOOLS] [TOOL_CALLS] [TOOL_RESULTS] [/TOOL_RESULTS] [TOOL_CONTENT] "
    "[ARGS] [CALL_ID]"
)
NOT_SPECIAL = "<tool_call> </tool_call> <think> </think>"
"""Added tokens that are not special, as in Qwen's tokenizers."""
ENDS = {"qwen": "<|im_end|>", "llama": "<|eot_id|>", "mistral": "</s>"}


def _templates() -> dict[str, str]:
    folder = Path(trl.__file__).parent / "chat_templates"
    names = ("qwen2_5", "qwen3", "llama3_1", "llama3_2", "llama3", "phi3", "gemma3")
    shipped = {name: (folder / f"{name}.jinja").read_text() for name in names}
    for version, sentencepiece in (("v2", True), ("v3", True), ("v7", True), ("v11", False), ("v13", False)):
        shipped[f"mistral_{version}"] = generate_chat_template(
            sentencepiece, TokenizerVersion(version), False, False, False, None, False, False, None, None, None
        )
    return shipped


TEMPLATES = _templates()


@lru_cache(maxsize=32)
def tokenizer(template: str) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer without merges, with the control tokens of all families."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE(vocab={letter: index for index, letter in enumerate(alphabet)}, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    end = next((end for family, end in ENDS.items() if template.startswith(family)), "</s>")
    made = PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="<s>", eos_token=end)
    made.add_special_tokens({"additional_special_tokens": CONTROL.split(" ")})
    made.add_tokens([AddedToken(text, special=False, normalized=False) for text in NOT_SPECIAL.split(" ")])
    made.chat_template = TEMPLATES[template]
    return made

"""Which models' own templates `call_format = "native"` takes: `python -m benchmarks.templates --json FILE`.

Over the chat templates that the installed TRL ships (without its `*_training` variants), one row each: taken or refused
and why, the dialect, and, for those taken, whether a call that the template writes is read back as the same call. The
tokenizer is one of bytes that holds the control tokens which the template's text names.
"""

import argparse
import json
import re
import sys
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from cluster.errors import RequestError
from rollout.formats import CallSyntaxError
from rollout.prompts.native_template import NativeTemplate
from rollout.records import Call
from rollout.toolboxes import load_toolbox

TOKEN = re.compile(
    r"<\|[A-Za-z_]{1,30}\|>|<｜[^｜<>]{1,30}｜>|<\|[a-z_]{1,20}>|<[a-z_]{1,20}\|>|<\|\"\|>|</?[a-z]{1,9}_of_[a-z]{1,9}>"
)
"""What models' tokenizers hold as special tokens, where a template's text names it."""
NOT_SPECIAL = ("<think>", "</think>", "<tool_call>", "</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>",
               "</arg_value>", "<tool_response>", "</tool_response>")  # fmt: skip
"""Tokens of their own that Qwen's, GLM's and Nemotron's tokenizers hold, but do not call special."""
ENDS = ("<|im_end|>", "<|eot_id|>", "<turn|>", "<|return|>", "<|eot|>", "<|END_OF_TURN_TOKEN|>", "<end_of_turn>",
        "<end_of_utterance>", "<｜end▁of▁sentence｜>", "<|end|>")  # fmt: skip
"""What ends a model's turn, and is its tokenizer's end of sequence here."""
REASONS = {"no_functions": "does not render functions", "no_form_known": "no form known here"}
CALL = Call(name="add", arguments='{"a":1,"b":2}')


def shipped_templates() -> dict[str, str]:
    """TRL's chat templates by their names, without those for training."""
    spec = find_spec("trl")
    assert spec is not None
    assert spec.origin is not None
    paths = sorted((Path(spec.origin).parent / "chat_templates").glob("*.jinja"))
    return {path.stem: path.read_text() for path in paths if not path.stem.endswith("_training")}


def tokenizer_for(name: str, template: str) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer without merges that holds the control tokens which `template` names."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE(vocab={letter: index for index, letter in enumerate(alphabet)}, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    end = next((end for end in ENDS if end in template), "</s>")
    made = PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="<s>", eos_token=end, name_or_path=name)
    special = sorted(
        set(TOKEN.findall(template)) | {"[gMASK]", "<sop>"} & set(re.findall(r"\[gMASK\]|<sop>", template))
    )
    made.add_special_tokens({"additional_special_tokens": [text for text in special if text != end]})
    made.add_tokens([AddedToken(text, special=False, normalized=False) for text in NOT_SPECIAL if text in template])
    made.chat_template = template
    return made


def row(name: str, template: str) -> dict[str, Any]:
    """What became of one template."""
    try:
        native = NativeTemplate(tokenizer_for(name, template)).for_toolbox(load_toolbox("arithmetic"))
    except RequestError as error:
        kind = next((kind for kind, words in REASONS.items() if words in str(error)), "other")
        return {"template": name, "taken": False, "kind": kind, "reason": str(error)}
    written = native.calls_ids([CALL], native.call_format)
    try:
        round_trips = native.call_format.parse(native.decode_reply(written)) == (CALL,)
    except CallSyntaxError:
        round_trips = False
    return {
        "template": name,
        "taken": True,
        "kind": native.dialect,
        "reason": f"writes calls in the form {native.dialect!r}",
        "parallel": native.parallel,
        "round_trips": round_trips,
    }


def report(templates: Mapping[str, str]) -> dict[str, Any]:
    """Counts, and a row a template."""
    rows = [row(name, template) for name, template in templates.items()]
    return {
        "trl": version("trl"),
        "templates": len(rows),
        "taken": sum(each["taken"] for each in rows),
        "refused": sum(not each["taken"] for each in rows),
        "no_functions": sum(each["kind"] == "no_functions" for each in rows),
        "no_form_known": sum(each["kind"] == "no_form_known" for each in rows),
        "round_trips": sum(each.get("round_trips", False) for each in rows),
        "rows": rows,
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.templates", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="where the rows go")
    options = parser.parse_args(arguments)
    found = report(shipped_templates())
    for each in found["rows"]:
        print(f"{'taken  ' if each['taken'] else 'refused'} {each['template']}: {each['reason']}")
    print({key: value for key, value in found.items() if key != "rows"})
    options.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

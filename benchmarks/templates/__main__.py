"""Which models' own templates `call_format = "native"` takes: `python -m benchmarks.templates --json FILE`.

Over the chat templates that the installed TRL ships (without its `*_training` variants), one row each: taken or refused
and why, the dialect, and, for those taken, whether the calls that the template writes are read back as the same calls,
and whether a conversation of several turns has the ids of the template's own rendering of all of it at once, without
thoughts (`same_ids`) and with a thought in every reply (`same_ids_with_thoughts`; null where the template shows none).
The tokenizer is one of bytes that holds the control tokens which the template's text names.
"""

import argparse
import datetime
import json
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from cluster.errors import RequestError
from rollout.formats import CallSyntaxError
from rollout.formats.native import call_id
from rollout.prompts.messages import thought_fields
from rollout.prompts.native_template import NativeTemplate, tools_of
from rollout.prompts.opening import Opening
from rollout.records import Call, CallResult
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
ASKED = "What is 1 and 2, and 3 times that?"
TURNS: tuple[tuple[tuple[Call, str], ...], ...] = (
    ((Call(name="add", arguments='{"a":1,"b":2}'), "3"),),
    ((Call(name="div", arguments='{"a":1,"b":0}'), 'Error: div: it\'s "0"'),),
    (
        (Call(name="mul", arguments='{"a":-1.5,"b":4}'), "-6.0"),
        (Call(name="mul", arguments='{"a":3,"b":3}'), "9"),
    ),
)
"""Calls with their results; the last ones are parallel, and left out where a template takes one call a message."""
TODAY = datetime.date(2024, 7, 26)
ARITHMETIC = load_toolbox("arithmetic")


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


def turns_of(native: NativeTemplate) -> Sequence[Sequence[tuple[Call, str]]]:
    """The turns that this template can write."""
    return TURNS if native.parallel else TURNS[:-1]


def rendered_at_once(native: NativeTemplate, made: PreTrainedTokenizerFast, thought: str) -> list[int]:
    """Ids of the whole conversation as `apply_chat_template` writes it."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": ASKED}]
    for turn in turns_of(native):
        calls = [call for call, _ in turn]
        reply: dict[str, Any] = {"role": "assistant", "content": ""}
        if native.calls_in_text:
            reply["content"] = native.call_format.render(calls)
        else:
            functions = [{"name": call.name, "arguments": json.loads(call.arguments)} for call in calls]
            reply["tool_calls"] = [
                {"type": "function", "id": call_id(call, at), "function": function}
                for at, (call, function) in enumerate(zip(calls, functions, strict=True))
            ]
        messages.append({**reply, **thought_fields(thought)})
        for at, (call, result) in enumerate(turn):
            message = {"role": "tool", "name": call.name, "tool_call_id": call_id(call, at), "content": result}
            messages.append(message)
    text = made.apply_chat_template(
        messages,
        tools=tools_of(ARITHMETIC),
        tokenize=False,
        add_generation_prompt=True,
        date_string=TODAY.strftime("%d %b %Y"),
        strftime_now=TODAY.strftime,
    )
    return list(made.encode(str(text), add_special_tokens=False))


def rendered_in_turns(native: NativeTemplate, thought: str) -> list[int]:
    """Ids of the same conversation as an episode makes it: prompt, reply, results, reply, ..."""
    ids = native.opening_ids(Opening(text=ASKED), native.call_format)
    for turn in turns_of(native):
        reply = native.calls_ids([call for call, _ in turn], native.call_format, thought)
        results = [CallResult(call=call, content=content) for call, content in turn]
        ids += [*reply, *native.results_ids(reply, results, native.call_format)]
    return ids


def reads_back(native: NativeTemplate, thought: str) -> bool:
    """Whether all replies are read as the calls that they were written from."""
    for turn in turns_of(native):
        calls = [call for call, _ in turn]
        text = native.decode_reply(native.calls_ids(calls, native.call_format, thought))
        try:
            read = native.call_format.parse(text, functions=ARITHMETIC.functions)
        except CallSyntaxError:
            return False
        if [(call.name, call.arguments) for call in read] != [(call.name, call.arguments) for call in calls]:
            return False
    return True


def row(name: str, template: str) -> dict[str, Any]:
    """What became of one template."""
    made = tokenizer_for(name, template)
    try:
        native = NativeTemplate(made).for_toolbox(ARITHMETIC)
    except RequestError as error:
        kind = next((kind for kind, words in REASONS.items() if words in str(error)), "other")
        return {"template": name, "taken": False, "kind": kind, "reason": str(error)}
    thoughts = ("", "Think.") if native.shows_thoughts else ("",)
    same = [rendered_in_turns(native, thought) == rendered_at_once(native, made, thought) for thought in thoughts]
    return {
        "template": name,
        "taken": True,
        "kind": native.dialect,
        "reason": f"writes calls in the form {native.dialect!r}",
        "parallel": native.parallel,
        "round_trips": all(reads_back(native, thought) for thought in thoughts),
        "same_ids": same[0],
        "same_ids_with_thoughts": same[1] if native.shows_thoughts else None,
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
    command = f"python -m benchmarks.templates --json {options.json}"
    options.json.write_text(json.dumps({"command": command, **found}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

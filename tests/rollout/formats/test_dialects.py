"""The dialects of today's models, on text: what was rendered is read back, and every broken reply has its code."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.formats import CallSyntaxError, load_format
from rollout.formats.native_format import DIALECTS, load_dialect
from rollout.formats.thoughts import split_reply, split_thought
from rollout.records import Call, ErrorCode, canonical_json
from rollout.toolboxes import Toolbox
from rollout.toolboxes.function import Function
from tests.rollout.formats.test_formats import ROOMY, names, values

NEW = ("qwen_xml", "glm", "atem", "gemma", "harmony", "lfm2")
ADD = Call(name="add", arguments='{"a":1,"b":2}')
TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def function(name: str, arguments: dict[str, Any]) -> Function:
    """A function that takes values of these types."""
    kinds = {key: {"type": TYPES.get(type(value), "null")} for key, value in arguments.items()}
    return Function(name, "", {"type": "object", "properties": kinds}, (), name)


@pytest.mark.parametrize("name", NEW)
@given(made=st.dictionaries(names, st.dictionaries(names, values, max_size=3), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_parsing_what_was_rendered_is_the_identity(name: str, made: dict[str, dict[str, Any]]) -> None:
    calls = tuple(Call(name=each, arguments=canonical_json(arguments)) for each, arguments in made.items())
    functions = {each: function(each, arguments) for each, arguments in made.items()}
    text = load_dialect(name).render(calls)
    assert load_dialect(name).parse(text, ROOMY, functions) == calls
    assert load_format("native").parse(text, ROOMY, functions) == calls


@pytest.mark.parametrize("name", DIALECTS)
def test_native_reads_every_dialect_also_after_a_thought_that_names_another(name: str) -> None:
    text = load_dialect(name).render([ADD])
    for thought in ("", "<think>\n[TOOL_CALLS] or <|tool_call>?\n</think>\n\n", "so <atem: it is\n</think>\n"):
        assert load_format("native").parse(thought + text) == (ADD,)
        assert load_dialect(name).parse(thought + text) == (ADD,)


THOUGHTS = [
    "<think>add {{ them</think>",
    "add them\n</think>\n\n",
    "<|channel>thought\nadd them\n<channel|>",
    "<|channel|>analysis<|message|>add<|end|><|start|>assistant<|channel|>analysis<|message|>them<|end|><|start|>assistant",
    " to=self<|message|>add them<|eom|><|start|>assistant",
]


@pytest.mark.parametrize("thought", THOUGHTS)
@pytest.mark.parametrize("name", ["json", "python", *DIALECTS])
def test_a_thought_may_stand_before_a_call_in_every_format(name: str, thought: str) -> None:
    call_format = load_format(name) if name in ("json", "python") else load_dialect(name)
    text = thought + call_format.render([ADD])
    assert call_format.parse(text) == (ADD,)
    assert "add" in split_thought(text)[0]
    with pytest.raises(CallSyntaxError):
        call_format.parse(text + " Done.")


def test_several_analyses_are_one_thought_and_a_final_channel_is_no_part_of_a_text() -> None:
    assert split_thought(THOUGHTS[3] + "x") == ("add\nthem", "x")
    final = THOUGHTS[3] + '<|channel|>final<|message|>{"name": "add", "arguments": {"a": 1, "b": 2}}'
    assert load_format("json").parse(final) == (ADD,)
    assert load_format("python").parse(" to=user<|message|>add(a=1, b=2)") == (ADD,)


def test_the_mark_of_a_thought_inside_an_argument_is_text() -> None:
    note = Call(name="note", arguments=canonical_json({"text": "a </think> b <|channel|>final<|message|>"}))
    for name in ("json", "python", "hermes", "llama", "harmony", "lfm2", "gemma", "qwen_xml", "glm"):
        call_format = load_format(name) if name in ("json", "python", "hermes", "llama") else load_dialect(name)
        for reader in (call_format, *([load_format("native")] if name not in ("json", "python") else [])):
            assert reader.parse(call_format.render([note])) == (note,)
            assert split_reply(call_format.render([note]), reader.parse) == ("", call_format.render([note]))
            thinking = f"So.</think>{call_format.render([note])}"
            assert split_reply(thinking, reader.parse) == ("So.", call_format.render([note]))


XML = load_dialect("qwen_xml").render([ADD])
GLM = load_dialect("glm").render([ADD])
ATEM = load_dialect("atem").render([ADD])
GEMMA = "<|tool_call>call:add{a:1,b:2}<tool_call|>"
HARMONY = '<|channel|>commentary to=functions.add <|constrain|>json<|message|>{"a": 1, "b": 2}'
LFM2 = "<|tool_call_start|>[add(a=1, b=2)]<|tool_call_end|>"

CASES = [
    ("qwen_xml", "I would add.", ErrorCode.NOT_A_CALL),
    ("qwen_xml", f"Sure. {XML}", ErrorCode.PROSE_AROUND_CALL),
    ("qwen_xml", f"{XML} Done.", ErrorCode.PROSE_AROUND_CALL),
    ("qwen_xml", XML.removesuffix("</tool_call>"), ErrorCode.BAD_SYNTAX),
    ("qwen_xml", XML.replace("</parameter>", ""), ErrorCode.BAD_SYNTAX),
    ("qwen_xml", XML.replace("=b>", "=a>"), ErrorCode.BAD_SYNTAX),
    ("qwen_xml", XML.replace("=add>", "=>"), ErrorCode.BAD_SYNTAX),
    ("qwen_xml", XML * 17, ErrorCode.WRONG_COUNT),
    ("qwen_xml", XML.replace("1", "x" * 20_000), ErrorCode.TOO_LARGE),
    ("glm", "I would add.", ErrorCode.NOT_A_CALL),
    ("glm", f"Sure. {GLM}", ErrorCode.PROSE_AROUND_CALL),
    ("glm", GLM.removesuffix("</tool_call>"), ErrorCode.BAD_SYNTAX),
    ("glm", f"{GLM}\nDone.", ErrorCode.PROSE_AROUND_CALL),
    ("atem", ATEM.removesuffix("</atem:function_calls>"), ErrorCode.BAD_SYNTAX),
    ("atem", " to=user<|message|>I would add.", ErrorCode.NOT_A_CALL),
    ("atem", f"Sure.{ATEM}", ErrorCode.PROSE_AROUND_CALL),
    ("gemma", "I would add.", ErrorCode.NOT_A_CALL),
    ("gemma", f"Sure. {GEMMA}", ErrorCode.PROSE_AROUND_CALL),
    ("gemma", f"{GEMMA} Done.", ErrorCode.PROSE_AROUND_CALL),
    ("gemma", GEMMA.removesuffix("<tool_call|>"), ErrorCode.BAD_SYNTAX),
    ("gemma", GEMMA.replace("1", '<|"|>1'), ErrorCode.BAD_SYNTAX),
    ("gemma", GEMMA.replace("1", "one"), ErrorCode.BAD_SYNTAX),
    ("gemma", GEMMA.replace("1", "NaN"), ErrorCode.BAD_VALUE),
    ("gemma", GEMMA * 17, ErrorCode.WRONG_COUNT),
    ("harmony", "<|channel|>final<|message|>I would add.", ErrorCode.NOT_A_CALL),
    ("harmony", "<|channel|>commentary<|message|>I would add.<|end|>", ErrorCode.NOT_A_CALL),
    ("harmony", HARMONY.removesuffix("}"), ErrorCode.BAD_SYNTAX),
    ("harmony", f"Sure. {HARMONY}", ErrorCode.PROSE_AROUND_CALL),
    ("harmony", f"{HARMONY} Done.", ErrorCode.PROSE_AROUND_CALL),
    ("harmony", HARMONY.replace('{"a": 1, "b": 2}', "[1]"), ErrorCode.WRONG_CALL_SHAPE),
    ("harmony", f"to=functions.sub{HARMONY}", ErrorCode.BAD_SYNTAX),
    ("lfm2", "I would add.", ErrorCode.NOT_A_CALL),
    ("lfm2", "<|tool_call_start|><|tool_call_end|>", ErrorCode.NOT_A_CALL),
    ("lfm2", LFM2.removesuffix("<|tool_call_end|>"), ErrorCode.BAD_SYNTAX),
    ("lfm2", LFM2.replace("1", "x"), ErrorCode.NOT_LITERAL),
    ("lfm2", f"{LFM2} Done.", ErrorCode.PROSE_AROUND_CALL),
    ("lfm2", f"Sure. {LFM2}", ErrorCode.PROSE_AROUND_CALL),
    ("lfm2", "[]", ErrorCode.NOT_A_CALL),
    ("lfm2", LFM2.replace("1", "'it's'"), ErrorCode.BAD_SYNTAX),
    ("lfm2", LFM2.replace("b=2", "page-size=2, page-size=3"), ErrorCode.BAD_SYNTAX),
    ("lfm2", LFM2.replace("b=2", '**{"from": 2}, from=3'), ErrorCode.BAD_SYNTAX),
    ("lfm2", LFM2.replace("b=2", "from==3"), ErrorCode.BAD_SYNTAX),
]


@pytest.mark.parametrize(("written", "value"), [
    ('"b:None,c"', "b:None,c"), ('["p,True,q",None]', ["p,True,q", None]),
    ('{k:"{x:1,y:False}"}', {"k": "{x:1,y:False}"}),
    ('<|"|>b:None,c<|"|>', "b:None,c"), ('"a \\" b:True,"', 'a " b:True,'), ("[True,False,None]", [True, False, None]),
])  # fmt: skip
def test_nothing_is_rewritten_within_a_text(written: str, value: object) -> None:
    (read,) = load_dialect("gemma").parse(GEMMA.replace("1", written))
    assert read.arguments == canonical_json({"a": value, "b": 2})


@pytest.mark.parametrize(("name", "text", "code"), CASES, ids=range(len(CASES)))
def test_a_broken_reply_has_its_code(name: str, text: str, code: ErrorCode) -> None:
    with pytest.raises(CallSyntaxError) as caught:
        load_dialect(name).parse(text)
    assert caught.value.code is code


def test_what_models_and_templates_write_beside_the_canonical_form_is_read() -> None:
    for text in (
        " to=functions.add<|channel|>commentary json<|message|>" + '{"a": 1, "b": 2}<|call|>',
        "<|channel|>commentary to=functions.add<|message|>" + '{"a":1,"b":2}',
    ):
        assert load_dialect("harmony").parse(text) == (ADD,)
    call = Call(
        name="f", arguments=canonical_json({"a": {"k": [True, None]}, "b": "two\nlines", "c": None, "d": False})
    )
    text = "<|tool_call_start|>[f(a={\"k\": [true, null]}, b='two\nlines', c=None, d=False)]<|tool_call_end|>"
    assert load_dialect("lfm2").parse(text) == (call,)
    assert load_dialect("gemma").parse(
        '<|tool_call>call:f{a:{k:[True,None]},b:<|"|>two\nlines<|"|>,c:None,d:False}<tool_call|>'
    ) == (call,)


def test_lfm2_reads_names_that_python_does_not_take() -> None:
    dialect = load_dialect("lfm2")
    text = "find(from='a, to=2', page-size=3, to={\"from\": [true]}), find(a=g(class=null), $x='page-size=1')"
    assert [(call.name, call.arguments) for call in dialect.parse(f"<|tool_call_start|>[{text}]<|tool_call_end|>")] == [
        ("find", canonical_json({"from": "a, to=2", "page-size": 3, "to": {"from": [True]}})),
        ("find", canonical_json({"a": {"$call": {"name": "g", "arguments": {"class": None}}}, "$x": "page-size=1"})),
    ]
    many = {f"page-{number}": number for number in range(200)}
    text = ", ".join(f"{name}={number}" for name, number in many.items())
    (call,) = dialect.parse(f"<|tool_call_start|>[f({text})]<|tool_call_end|>")
    assert call.arguments == canonical_json(many)
    with pytest.raises(CallSyntaxError, match="page-size"):
        dialect.parse("<|tool_call_start|>[f(page-size=1, page-size=2)]<|tool_call_end|>")


def typed_function(a: int, b: float, c: str, d: bool, e: str | None, f: int | None, g: list[str], h: str | int) -> int:
    """Take one of each.

    Args:
        a: A.
        b: B.
        c: C.
        d: D.
        e: E.
        f: F.
        g: G.
        h: H.
    """
    return 0


@pytest.mark.parametrize("name", ["qwen_xml", "glm", "atem"])
@pytest.mark.parametrize(
    ("argument", "raw", "value"),
    [
        ("a", "3", 3),
        ("a", "three", "three"),  # which its validation then refuses
        ("a", "True", True),
        ("b", "3.5", 3.5),
        ("c", "3", "3"),
        ("c", "true", "true"),
        ("c", "null", "null"),
        ("c", " padded ", " padded "),
        ("c", '{"a": 1}', '{"a": 1}'),
        ("c", "", ""),
        ("d", "True", True),
        ("d", "false", False),
        ("e", "None", None),
        ("e", "null", None),
        ("e", "3", "3"),
        ("f", "None", None),
        ("f", "3", 3),
        ("g", '["1", "2"]', ["1", "2"]),
        ("g", "[1, 2", "[1, 2"),
        ("h", "3", 3),
        ("h", "three", "three"),
        ("h", '"three"', '"three"'),
        ("c", '{"$call": {"name": "add", "arguments": {}}}', {"$call": {"name": "add", "arguments": {}}}),
    ],
)
def test_the_functions_schema_says_of_what_type_a_bare_value_is(name: str, argument: str, raw: str, value: Any) -> None:
    functions = Toolbox.of_functions("box", [typed_function]).functions
    placeholder = Call(name="typed_function", arguments=canonical_json({argument: "PLACEHOLDER"}))
    text = load_dialect(name).render([placeholder]).replace("PLACEHOLDER", raw)
    (call,) = load_dialect(name).parse(text, ROOMY, functions)
    assert call.arguments == canonical_json({argument: value})


@pytest.mark.parametrize("name", ["qwen_xml", "glm", "atem"])
def test_a_closing_tag_inside_a_value_is_text(name: str) -> None:
    close = {"qwen_xml": "</parameter>", "glm": "</arg_value>", "atem": "</atem:parameter>"}[name]
    for text in (f"a{close}b", f"a\n{close}", "</tool_call></function>", "<tool_call>"):
        call = Call(name="note", arguments=canonical_json({"text": text}))
        assert load_dialect(name).parse(load_dialect(name).render([call])) == (call,)


@pytest.mark.parametrize("text", ['say <|"|> twice', 'a<|"|>b<|"|>c', '<|"|>', 'ends in <|"|>', '<|"|>{b:2}<|"|>'])
def test_a_text_that_holds_gemmas_quote_is_refused_and_not_read_as_another(text: str) -> None:
    written = load_dialect("gemma").render([Call(name="note", arguments=canonical_json({"text": text}))])
    with pytest.raises(CallSyntaxError) as refused:
        load_dialect("gemma").parse(written)
    assert refused.value.code in (ErrorCode.BAD_SYNTAX, ErrorCode.BAD_VALUE)

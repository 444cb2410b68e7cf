"""A chat template that has no end, writes too much or does not load is one line, and ends no process but its own."""

import os
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ChainprefError, RequestError
from rollout.prompts import renderer
from rollout.prompts.native_template import NativeTemplate
from rollout.prompts.renderer import RENDERER, TemplateLimitError
from rollout.prompts.template import ChatTemplate
from rollout.records import Message, Part, Role
from tests.rollout.conversations import tokenizer

GOOD = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
HI = Message(role=Role.USER, content=(Part(text="hi"),))
ENDLESS = (
    "{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}",
    "{% set r = range(99999) %}{% for i in r %}{% for j in r %}{% for k in r %}{% endfor %}{% endfor %}{% endfor %}",
    "{% set n = namespace(x=9) %}{% for i in range(99) %}{% set n.x = n.x * n.x %}{% endfor %}",
    "{{ 7 ** (10 ** 8) % 10 }}",
    "{% macro f(n) %}{% for i in range(99) %}{{ f(n - 1) if n else '' }}{% endfor %}{% endmacro %}{{ f(90) }}",
)
LARGE = ("{{ 'a' * 10 ** 10 }}", "{{ 'a'.ljust(10 ** 10) }}", "{{ '%9999999999d' % 1 }}", "{{ 'a' * 20000000 }}")
REFUSED = (
    "{{ range(10 ** 9) }}",
    "{% for i in range(10 ** 9) %}{% endfor %}",
    "{% for %}",
    "{{ 1 / 0 }}",
    "{{ x.y.z }}",
)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderer, "SECONDS", 1.0)


def opened(template: str, kind: type[ChatTemplate] = ChatTemplate) -> ChatTemplate:
    made: Any = tokenizer()
    made.chat_template = template
    made.name_or_path = "some-model"
    return kind(made)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    ("loop", "kind"),
    [*((loop, ChatTemplate) for loop in (*ENDLESS, *LARGE)), (ENDLESS[0], NativeTemplate)],
)
def test_a_template_without_an_end_is_named_and_the_next_one_is_rendered(loop: str, kind: type[ChatTemplate]) -> None:
    with pytest.raises(TemplateLimitError, match=r"^chat template of 'some-model' ") as caught:
        opened(GOOD + loop, kind).prompt_ids([HI])
    assert caught.value.exit_status == 2
    assert "takes too much memory" in str(caught.value) or loop not in LARGE[:3]
    assert "\n" not in str(caught.value)
    assert opened(GOOD).prompt_ids([HI])


@pytest.mark.parametrize("broken", REFUSED)
def test_a_template_that_refuses_is_named(broken: str) -> None:
    with pytest.raises(RequestError, match=r"^chat template of 'some-model' refuses user: ") as caught:
        opened(GOOD + broken).prompt_ids([HI])
    assert "\n" not in str(caught.value)


def test_the_process_has_no_secret_and_ends_with_what_started_it(monkeypatch: pytest.MonkeyPatch) -> None:
    RENDERER.stop()
    monkeypatch.setenv("HF_TOKEN", "a-planted-secret")
    assert opened(GOOD).prompt_ids([HI])
    assert RENDERER._process is not None
    process = RENDERER._process.pid
    assert b"a-planted-secret" not in Path(f"/proc/{process}/environ").read_bytes()
    RENDERER._pipe.close()  # as when this process is killed
    assert RENDERER._process.wait(60) == 0
    RENDERER.stop()
    assert opened(GOOD).prompt_ids([HI]), "another one is started"
    assert RENDERER._process is not None
    os.kill(RENDERER._process.pid, 9)
    assert opened(GOOD).prompt_ids([HI])


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json", "generation_config.json"])
@pytest.mark.parametrize(
    "data", [b"", b"[]", b"\xff\xfe", b"null", b'{"eos_token_id": ["x"]}', b'{"model": {"type": "BPE"}}']
)
def test_broken_files_of_a_tokenizer_are_one_line(name: str, data: bytes, tmp_path: Path) -> None:
    made: Any = tokenizer()
    made.chat_template = GOOD
    made.save_pretrained(str(tmp_path))
    (tmp_path / name).write_bytes(data)
    said = [str(tmp_path)]
    try:
        assert ChatTemplate.from_model(tmp_path).stop_ids
    except ChainprefError as error:
        said = str(error).split("\n")
    assert len(said) == 1
    assert str(tmp_path) in said[0]

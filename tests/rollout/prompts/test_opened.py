"""One template for all models with the same tokenizer, and another one for any other."""

import shutil
from pathlib import Path

import pytest

from rollout.prompts.opened import opened_template
from tests.rollout.conversations import tokenizer


@pytest.fixture
def two_models(tmp_path: Path) -> tuple[Path, Path]:
    """Folders of two checkpoints of a model, as far as text goes."""
    one, other = tmp_path / "one", tmp_path / "other"
    tokenizer().save_pretrained(str(one))
    (one / "config.json").write_text("{}")
    shutil.copytree(one, other)
    for number, folder in enumerate((one, other)):
        (folder / "made_from.json").write_text(f'{{"arm": {number}}}')
        (folder / "probe.json").write_text(f"[{number}]")
    return one, other


def test_checkpoints_of_a_model_share_what_was_opened(two_models: tuple[Path, Path]) -> None:
    one, other = (opened_template(str(folder), "json", False) for folder in two_models)
    assert one == other
    assert opened_template(str(two_models[0]), "python", False) != one


@pytest.mark.parametrize("file", ["tokenizer.json", "chat_template.jinja", "generation_config.json", "tokenizer.model"])
def test_another_tokenizer_is_opened_itself(two_models: tuple[Path, Path], file: str) -> None:
    one, other = two_models
    path = other / file
    path.write_text((path.read_text() if path.exists() else "{}") + "\n")
    assert opened_template(str(one), "json", False)[0] is not opened_template(str(other), "json", False)[0]

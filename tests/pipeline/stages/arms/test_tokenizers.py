"""Distillation needs one tokenizer: another one is refused by name, and nobody else is asked for any."""

from pathlib import Path
from typing import Any

import pytest

from cluster.errors import RequestError
from pipeline.stages.arms import targets
from training.config import DistillArm, DpoArm
from training.tiny.model import make_tokenizer


def test_a_teacher_with_other_tokens_is_refused_where_an_arm_distils(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("teacher", "add add add"), ("base", "add add add"), ("other", "sum sum sum")):
        make_tokenizer([text], tmp_path / name, vocabulary=264)
        (tmp_path / name / "config.json").write_text("{}")
    run: Any = None
    folders = {"teacher": "teacher", "base": "base"}
    monkeypatch.setattr(targets, "model_source", lambda run, name: str(tmp_path / folders[name]))
    arms = [("sft+dpo", DpoArm(method="dpo")), ("told", DistillArm(method="distill"))]
    targets.refuse_other_tokenizers(run, arms)
    folders["base"] = "other"
    targets.refuse_other_tokenizers(run, arms[:1])
    with pytest.raises(
        RequestError, match=r"^arms.told: method = 'distill' needs a teacher with the student's tokenizer"
    ):
        targets.refuse_other_tokenizers(run, arms)

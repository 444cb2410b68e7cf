"""Distillation needs one tokenizer: another one is refused by name, and nobody else is asked for any."""

from pathlib import Path

import pytest

from cluster.errors import RequestError
from pipeline.stages.arms.targets import refuse_other_tokenizers
from training.config import DistillArm, DpoArm
from training.tiny.model import make_tokenizer


def test_a_teacher_with_other_tokens_is_refused_where_an_arm_distils(tmp_path: Path) -> None:
    folders = {name: tmp_path / name for name in ("teacher", "base")}
    for name, text in (("teacher", "add add add"), ("base", "add add add"), ("other", "sum sum sum")):
        make_tokenizer([text], tmp_path / name, vocabulary=264)
    arms = {"sft+dpo": DpoArm(method="dpo"), "told": DistillArm(method="distill")}
    refuse_other_tokenizers(folders, arms)
    few = DistillArm(method="distill", chains="right", compare="top_k", top_k=265)
    with pytest.raises(RequestError, match=r"^arms.few.top_k = 265: the teacher has 264 tokens; lower it"):
        refuse_other_tokenizers(folders, {"few": few})
    refuse_other_tokenizers(folders, {"few": few.model_copy(update={"top_k": 264})})
    folders["base"] = tmp_path / "other"
    refuse_other_tokenizers(folders, {"sft+dpo": arms["sft+dpo"]})
    with pytest.raises(
        RequestError, match=r"^arms.told: method = 'distill' needs a teacher with the student's tokenizer"
    ):
        refuse_other_tokenizers(folders, arms)

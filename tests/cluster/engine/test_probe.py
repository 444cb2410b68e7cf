"""A probe's verdict: within the tolerance, nearer than any other model, or undecided; sums of tensors decide then."""

import math
from pathlib import Path

import pytest

from cluster.engine.checksums import TensorSum, sums_of_files, unequal_tensors
from cluster.engine.probe import TOLERANCE, Probe, ProbeReading, ProbeText, judge_reading

TEXT = ProbeText(token_ids=(1, 2, 3), positions=(1, 2))


def reading(prefill: float, decoded: float = -1.0) -> ProbeReading:
    return ProbeReading(prefill=(prefill, prefill), decoded=((decoded, decoded), (decoded, decoded)))


def probe(model: str, of: ProbeReading, text: ProbeText = TEXT) -> Probe:
    return Probe(model=model, revision=f"revision of {model}", text=text, reading=of)


NAMED = probe("dpo", reading(-1.0))


def test_a_reading_of_the_named_model_is_near_and_decided() -> None:
    verdict = judge_reading(reading(-1.0 + 1e-6), NAMED, [probe("base", reading(-2.0))], ("float32",))
    assert not verdict.far
    assert not verdict.undecided
    assert verdict.difference == pytest.approx(1e-6)
    assert verdict.nearest_other.startswith("base of revision")
    assert verdict.difference_of_other == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("dtype", list(TOLERANCE))
@pytest.mark.parametrize("where", ["prefill", "decoded"])
def test_a_reading_beyond_the_tolerance_is_far_by_prefill_and_by_decoding(dtype: str, where: str) -> None:
    for times, far in ((0.9, False), (1.1, True)):
        off = reading(**{"prefill": -1.0, where: -1.0 + times * TOLERANCE[dtype]})
        assert judge_reading(off, NAMED, [], (dtype,)).far is far


def test_limits_of_weights_and_cache_add_up() -> None:
    both = TOLERANCE["bfloat16"] + TOLERANCE["fp8 cache"]
    for times, far in ((0.99, False), (1.01, True)):
        off = reading(-1.0 + times * both)
        assert judge_reading(off, NAMED, [], ("bfloat16", "fp8 cache")).far is far


def test_nan_is_far() -> None:
    assert judge_reading(reading(math.nan), NAMED, [], ("bfloat16",)).far


def test_a_reading_between_two_models_is_undecided() -> None:
    other = probe("last round", reading(-1.0 + 2e-5))
    assert judge_reading(reading(-1.0 + 6e-6), NAMED, [other], ("float32",)).undecided
    assert not judge_reading(reading(-1.0 + 4e-6), NAMED, [other], ("float32",)).undecided


def test_a_rival_with_the_very_same_reading_is_undecided() -> None:
    assert judge_reading(NAMED.reading, NAMED, [probe("base", NAMED.reading)], ("float32",)).undecided


def test_of_two_revisions_under_one_name_the_nearer_one_is_the_rival() -> None:
    revisions = [
        Probe(model="dpo", revision=name, text=TEXT, reading=reading(value))
        for name, value in (("near", -1.0 - 1e-5), ("far", -3.0))
    ]
    verdict = judge_reading(reading(-1.0 - 5e-6), NAMED, revisions, ("float32",))
    assert verdict.nearest_other == "dpo of revision near"
    assert verdict.undecided


def test_a_model_is_no_rival_of_its_own_revision_or_of_another_text() -> None:
    same = probe("copy", reading(-1.0))
    same = Probe(model="copy", revision=NAMED.revision, text=TEXT, reading=same.reading)
    elsewhere = probe("teacher", reading(-1.0), ProbeText(token_ids=(7, 8, 9), positions=(1, 2)))
    verdict = judge_reading(reading(-1.0 + 1e-6), NAMED, [same, elsewhere], ("float32",))
    assert verdict.nearest_other == ""
    assert not verdict.undecided


def test_sums_tell_tensors_apart_in_the_dtype_of_the_engine(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(0)
    embedding = torch.randn(64, 8, generator=generator)
    save_file({"embed": embedding, "norm": torch.ones(8), "unknown": torch.ones(2)}, tmp_path / "model.safetensors")

    def held(tensor: "torch.Tensor") -> TensorSum:
        values = tensor.double()
        return TensorSum(values.numel(), float(values.sum()), float(values.abs().sum()))

    files = sums_of_files(tmp_path, ["embed", "norm", "not in the file"], "float32")
    assert set(files) == {"embed", "norm"}
    norm = held(torch.ones(8))
    assert unequal_tensors([{"embed": held(embedding), "norm": norm}], files) == []
    halves = [{"embed": held(part), "norm": norm} for part in embedding.flip(0).chunk(2)]
    assert unequal_tensors(halves, files) == []
    changed = embedding.clone()
    changed[3, 3] += 1e-6
    assert unequal_tensors([{"embed": held(changed), "norm": norm}], files) == ["embed"]
    assert unequal_tensors([{"norm": norm}], files) == ["embed"]
    assert unequal_tensors([{"embed": held(embedding), "norm": norm}], {}) != [], "nothing compared is nothing proven"
    assert unequal_tensors([{"embed": held(embedding.bfloat16()), "norm": norm}], files) == ["embed"]
    assert unequal_tensors([{"unknown": norm}], sums_of_files(tmp_path, ["unknown"], "float32")) != []
    rounded = sums_of_files(tmp_path, ["embed"], "bfloat16")
    assert unequal_tensors([{"embed": held(embedding.bfloat16())}], rounded) == []

"""The nominal rate of a card is that of its own data sheet, not of a relative whose name it contains."""

import pytest
import torch

from training.tree.flops import nominal_rate


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("NVIDIA H100 80GB HBM3", 989e12),
        ("NVIDIA H100 PCIe", 756e12),
        ("NVIDIA H100 NVL", 835e12),
        ("NVIDIA H200", 989e12),
        ("NVIDIA A100-SXM4-80GB", 312e12),
        ("NVIDIA L40S", 362e12),
        ("NVIDIA L40", 181e12),
        ("NVIDIA L4", 121e12),
        ("Tesla T4", None),
    ],
)
def test_nominal_rates_are_those_of_data_sheets(name: str, rate: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: name)
    assert nominal_rate(torch.device("cuda")) == rate
    assert nominal_rate(torch.device("cpu")) is None

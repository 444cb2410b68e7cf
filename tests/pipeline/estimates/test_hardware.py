"""Types of GPU by the names that people, Ray and drivers give them, and cluster files."""

from pathlib import Path

import pytest

from cluster.errors import RequestError
from cluster.gpus import GPUS, gpu_type
from pipeline.estimates.hardware import GIB, load_machines


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("A100-80G", "A100-80"),
        ("h100", "H100"),
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA H100 PCIe", "H100-PCIe"),
        ("NVIDIA H100 NVL", "H100-NVL"),
        ("NVIDIA GH200 480GB", "GH200"),
        ("NVIDIA A100-SXM4-40GB", "A100-40"),
        ("NVIDIA A100-SXM4-80GB", "A100-80"),
        ("NVIDIA A100-PCIE-40GB", "A100-40-PCIe"),
        ("NVIDIA A100 80GB PCIe", "A100-80-PCIe"),
        ("NVIDIA L40", "L40"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA L4", "L4"),
        ("NVIDIA A10", "A10"),
        ("NVIDIA A10G", "A10G"),
        ("NVIDIA A40", "A40"),
        ("Tesla T4", "T4"),
        ("Tesla V100-SXM2-32GB", "V100-32"),
        ("NVIDIA GeForce RTX 4090", "RTX-4090"),
        ("GeForce-RTX-3090", "RTX-3090"),
    ],
)
def test_a_gpu_is_known_by_its_whole_name(said: str, name: str) -> None:
    assert gpu_type(said) is GPUS[name]


@pytest.mark.parametrize("said", ["A100", "V100", "NVIDIA T400", "NVIDIA H20", "NVIDIA H200 NVL", "L4000", "", "GPU"])
def test_what_only_looks_like_a_known_gpu_is_refused(said: str) -> None:
    with pytest.raises(RequestError, match=r"not known; .*\[gpus\.NAME\]"):
        gpu_type(said)


def test_no_two_types_share_a_name() -> None:
    for gpu in GPUS.values():
        assert all(gpu_type(name) is gpu for name in (gpu.name, gpu.ray_type, *gpu.also))


NODE = "[nodes.one]\ngpu = '{gpu}'\ngpus = 2\ncpus = 8\nmemory_gib = {memory}\n{more}"
OWN = "[gpus.MI300X]\nmemory_gib = {memory}\ntflops = 1307\nbandwidth_gbs = 5300\nlink_gbs = 128\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "cluster.toml"
    path.write_text(text)
    return path


def test_a_cluster_file_describes_gpus_that_are_not_known(tmp_path: Path) -> None:
    text = NODE.format(gpu="mi300x", memory=100, more="") + OWN.format(memory=192)
    (gpu,) = load_machines(written(tmp_path, text)).gpu_types()
    assert (gpu.name, gpu.memory_bytes, gpu.tflops, gpu.bandwidth_gbs, gpu.link_gbs) == (
        "MI300X",
        192 * GIB,
        1307,
        5300,
        128,
    )
    assert gpu.bf16
    assert gpu.source == "[gpus.MI300X] of the cluster file"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (NODE.format(gpu="MI300X", memory=1, more=""), r"nodes\.one\.gpu: GPU type 'MI300X': not known"),
        (NODE.format(gpu="MI300X", memory=1, more="") + OWN.format(memory="inf"), r"gpus\.MI300X\.memory_gib"),
        (NODE.format(gpu="MI300X", memory=1, more="") + OWN.format(memory=0), r"gpus\.MI300X\.memory_gib"),
        (NODE.format(gpu="H100", memory="inf", more=""), r"nodes\.one\.memory_gib"),
        (NODE.format(gpu="H100", memory="nan", more=""), r"nodes\.one\.memory_gib"),
        (NODE.format(gpu="H100", memory=1e300, more=""), r"nodes\.one\.memory_gib"),
        (NODE.format(gpu="H100", memory=1, more="network_gbit = nan"), r"nodes\.one\.network_gbit"),
        (NODE.format(gpu="H100", memory=1, more="price_hour = -1"), r"nodes\.one\.price_hour"),
        (NODE.format(gpu="H100", memory=1, more="disk_gib = inf"), r"nodes\.one\.disk_gib"),
        (NODE.format(gpu="H100", memory=1, more="count = 1000000000"), r"nodes\.one\.count"),
    ],
)
def test_what_no_machine_has_is_refused_in_one_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=said) as caught:
        load_machines(written(tmp_path, text))
    assert "\n" not in str(caught.value)

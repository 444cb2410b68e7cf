"""`chainpref k8s render`: a folder that kustomize takes, whole or not at all, with what the plan asks for."""

import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import RequestError
from pipeline.k8s import OVERLAYS, Rendering, render
from pipeline.k8s_manifests import WorkerGroup, object_name
from pipeline.recipe import Recipe, load_recipe
from tests.pipeline.kubernetes import ROOT, VALIDATOR, cluster_spec, documents, kustomize, of_kind, pods

GROUPS = (
    WorkerGroup(name="h100", pods=2, cpus=17.5, memory=900 << 30, gpus=8, gpu_type="H100"),
    WorkerGroup(name="l4", pods=3, cpus=4, memory=(30 << 30) + 1, gpus=1, gpu_type="L4"),
    WorkerGroup(name="cpu_only", pods=1, cpus=6, memory=24 << 30),
)


@pytest.fixture
def recipe() -> Recipe:
    return load_recipe(ROOT / "recipes" / "local.toml", ["run.name=My_run"])


def rendered(recipe: Recipe, out: Path, groups: Sequence[WorkerGroup] = GROUPS, **wanted: Any) -> list[dict[str, Any]]:
    render(recipe, groups, Rendering(out=out, **wanted))
    return documents(kustomize(out))


def test_the_requests_of_the_pods_are_those_of_the_groups(recipe: Recipe, tmp_path: Path) -> None:
    spec = cluster_spec(rendered(recipe, tmp_path / "job"))
    found = {group["groupName"]: group for group in spec["workerGroupSpecs"]}
    assert list(found) == ["h100", "l4", "cpu-only"]
    for asked in GROUPS:
        group = found[object_name(asked.name)]
        resources = group["template"]["spec"]["containers"][0]["resources"]
        assert group["replicas"] == group["maxReplicas"] == asked.pods
        assert float(resources["requests"]["cpu"]) >= asked.cpus > float(resources["requests"]["cpu"]) - 1
        assert int(resources["requests"]["memory"].removesuffix("Gi")) << 30 >= asked.memory
        assert resources["requests"].get("nvidia.com/gpu", 0) == asked.gpus
        assert resources["limits"].get("nvidia.com/gpu", 0) == asked.gpus
        assert "cpu" not in resources["limits"]
        assert int(resources["limits"]["memory"].removesuffix("Gi")) << 30 >= 1.3 * asked.memory
        assert group["rayStartParams"]["num-cpus"] == resources["requests"]["cpu"]


def test_several_gpu_types_are_told_apart_and_one_needs_no_label(recipe: Recipe, tmp_path: Path) -> None:
    mixed, _, plain = cluster_spec(rendered(recipe, tmp_path / "mixed"))["workerGroupSpecs"]
    assert "NVIDIA-H100-80GB-HBM3" in str(mixed["template"]["spec"]["affinity"])
    assert "affinity" not in plain["template"]["spec"]
    (alone,) = cluster_spec(rendered(recipe, tmp_path / "alone", GROUPS[:1]))["workerGroupSpecs"]
    assert "affinity" not in alone["template"]["spec"]


@pytest.mark.parametrize("overlays", [(), *[(name,) for name in OVERLAYS], ("kueue", "monitoring")])
def test_every_rendering_holds_together(overlays: tuple[str, ...], recipe: Recipe, tmp_path: Path) -> None:
    found = rendered(recipe, tmp_path / "out", overlays=overlays, namespace="people", image="r.example/c:1-gpu")
    assert {document["metadata"]["namespace"] for document in found} == {"people"}
    maps = {document["metadata"]["name"] for document in of_kind(found, "ConfigMap")}
    (claim,) = of_kind(found, "PersistentVolumeClaim")
    for pod in pods(found):
        for container in pod["spec"]["containers"]:
            assert container["image"] == "r.example/c:1-gpu"
        for volume in pod["spec"].get("volumes", []):
            if "configMap" in volume:
                assert volume["configMap"]["name"] in maps
            if "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    if not VALIDATOR.exists():
        pytest.skip("the KubeRay schemas are not here")
    path = tmp_path / "whole.yaml"
    path.write_text(kustomize(tmp_path / "out"))
    done = subprocess.run([sys.executable, str(VALIDATOR), str(path)], capture_output=True, text=True, timeout=60)
    assert "0 errors, 0 warnings" in done.stdout, done.stdout


def test_the_job_runs_the_recipe_that_lies_beside_it(recipe: Recipe, tmp_path: Path) -> None:
    found = rendered(recipe, tmp_path / "out")
    (job,) = of_kind(found, "RayJob")
    assert job["metadata"]["name"] == "chainpref-my-run"
    assert job["spec"]["entrypoint"] == "chainpref run /etc/chainpref/recipe.toml --run /runs/My_run --wait 900"
    (text,) = [d["data"]["recipe.toml"] for d in of_kind(found, "ConfigMap") if "recipe.toml" in d["data"]]
    table = tomllib.loads(text)
    assert table["cluster"]["address"] == "auto"
    assert table["run"]["directory"] == "/runs"
    (tmp_path / "again.toml").write_text(text)
    again = load_recipe(tmp_path / "again.toml")
    assert again.models == recipe.models.model_copy(update={"cache": "/runs/.models"})
    assert again.arms == recipe.arms


def test_the_rendering_says_nothing_of_this_machine(recipe: Recipe, tmp_path: Path) -> None:
    files = render(recipe, GROUPS, Rendering(out=tmp_path / "out", overlays=["monitoring"]))
    assert len(files) > 8
    for path in files:
        text = path.read_text()
        assert str(ROOT) not in text
        assert str(tmp_path) not in text


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"overlays": ["kueue", "keep-failed"]}, "exclude each other"),
        ({"overlays": ["queue"]}, "--overlay queue: there is no such one; known are interactive"),
        ({"image": "registry.example/chainpref"}, "with a tag or a digest"),
        ({"namespace": "Mine"}, "lower-case"),
    ],
)
def test_a_wrong_request_is_one_line_and_writes_nothing(
    wanted: dict[str, Any], said: str, recipe: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=said) as caught:
        render(recipe, GROUPS, Rendering(out=tmp_path / "sub" / "out", **wanted))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_overwritten(recipe: Recipe, tmp_path: Path) -> None:
    render(recipe, GROUPS, Rendering(out=tmp_path / "out"))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(RequestError, match="is there already and not empty"):
        render(recipe, GROUPS[:1], Rendering(out=tmp_path / "out"))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_file_that_cannot_be_written_leaves_nothing(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, written = Path.write_text, []

    def full(path: Path, text: str) -> int:
        written.append(path)
        if len(written) == 4:
            raise OSError(28, "No space left on device")
        return write(path, text)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(Exception, match="No space left on device"):
        render(recipe, GROUPS, Rendering(out=tmp_path / "out"))
    assert len(written) == 4
    assert list(tmp_path.iterdir()) == []


def test_a_model_in_a_folder_of_this_machine_is_refused(tmp_path: Path) -> None:
    recipe = load_recipe(ROOT / "recipes" / "local.toml")
    teacher = recipe.models.teacher.model_copy(update={"tiny": None, "source": "models/teacher"})
    changed = recipe.model_copy(update={"models": recipe.models.model_copy(update={"teacher": teacher})})
    with pytest.raises(RequestError, match="no pod has that folder"):
        render(changed, GROUPS, Rendering(out=tmp_path / "out"))


def test_a_name_that_is_too_long_is_refused() -> None:
    assert object_name("2026_run") == "run-2026-run"
    with pytest.raises(RequestError, match="60 characters"):
        object_name("a" * 60)

"""`chainpref k8s render`: a folder that kustomize takes, whole or not at all, with what the plan asks for."""

import json
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import RequestError
from pipeline import changes
from pipeline.k8s.render import render
from pipeline.k8s.request import OVERLAYS, Rendering, check, notes
from pipeline.plan.pods import WorkerGroup, limited_name, object_name
from pipeline.recipe import Recipe, load_recipe
from pipeline.run.folder import run_folder
from tests.pipeline.k8s.kubernetes import ROOT, cluster_spec, documents, kustomize, of_kind, pods, refused

GROUPS = (
    WorkerGroup(name="h100", pods=2, cpus=17.5, memory=900 << 30, gpus=8, gpu_type="H100", ray_type="H100"),
    WorkerGroup(name="l4", pods=3, cpus=4, memory=(30 << 30) + 1, gpus=1, gpu_type="L4", ray_type="L4"),
    WorkerGroup(name="cpu-only", pods=1, cpus=6, memory=24 << 30),
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
        group = found[asked.name]
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
    assert json.loads(json.loads(mixed["rayStartParams"]["resources"])) == {"accelerator_type:H100": 1}
    assert "affinity" not in plain["template"]["spec"]
    assert "resources" not in plain["rayStartParams"]
    (alone,) = cluster_spec(rendered(recipe, tmp_path / "alone", GROUPS[:1]))["workerGroupSpecs"]
    assert "affinity" not in alone["template"]["spec"]
    assert "resources" not in alone["rayStartParams"]


@pytest.mark.parametrize("overlays", [(), *[(name,) for name in OVERLAYS], ("kueue", "monitoring", "kueue")])
def test_every_rendering_holds_together(overlays: tuple[str, ...], recipe: Recipe, tmp_path: Path) -> None:
    found = rendered(recipe, tmp_path / "out", overlays=overlays, namespace="people", image="r.example/c:1-gpu")
    assert {document["metadata"]["namespace"] for document in found} == {"people"}
    maps = {document["metadata"]["name"] for document in of_kind(found, "ConfigMap")}
    assert of_kind(found, "PersistentVolumeClaim") == []  # what `kubectl delete -k` takes is no run
    (claim,) = documents(kustomize(tmp_path / "out" / "storage"))
    assert claim["metadata"]["namespace"] == "people"
    for pod in pods(found):
        for container in pod["spec"]["containers"]:
            assert container["image"] == "r.example/c:1-gpu"
        for volume in pod["spec"].get("volumes", []):
            if "configMap" in volume:
                assert volume["configMap"]["name"] in maps
            if "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert refused([*found, claim]) == []


def test_the_job_runs_the_recipe_that_lies_beside_it(recipe: Recipe, tmp_path: Path) -> None:
    found = rendered(recipe, tmp_path / "out")
    (job,) = of_kind(found, "RayJob")
    assert job["metadata"]["name"] == "chainpref-my-run"
    assert job["spec"]["entrypoint"] == "chainpref run /etc/chainpref/recipe.toml --run /runs/My_run --wait 900"
    (text,) = [d["data"]["recipe.toml"] for d in of_kind(found, "ConfigMap") if "recipe.toml" in d["data"]]
    table = tomllib.loads(text)
    assert table["cluster"]["address"] == "auto"
    assert table["run"]["directory"] == "/runs"
    assert table["cluster"]["grow_s"] == 3600
    assert {engines["device"] for engines in table["engines"].values()} == {"gpu"}
    (tmp_path / "again.toml").write_text(text)
    again = load_recipe(tmp_path / "again.toml")
    assert again.models == recipe.models
    assert run_folder(again, None) == Path("/runs/My_run")
    moved = changes.refused(recipe, again, changes.Standing(planned=True))
    assert moved == [], "a run that was begun elsewhere is gone on with"


def test_engines_are_left_to_choose_where_no_pod_has_gpus(recipe: Recipe, tmp_path: Path) -> None:
    render(recipe, GROUPS[2:], Rendering(out=tmp_path / "out"))
    table = tomllib.loads((tmp_path / "out" / "recipe.toml").read_text())
    assert {engines["device"] for engines in table["engines"].values()} == {"auto"}


def test_two_runs_in_one_namespace_share_no_object_and_no_pod(recipe: Recipe, tmp_path: Path) -> None:
    other = load_recipe(ROOT / "recipes" / "local.toml", ["run.name=other"])
    one, two = rendered(recipe, tmp_path / "one"), rendered(other, tmp_path / "two")
    names = [{(document["kind"], document["metadata"]["name"]) for document in found} for found in (one, two)]
    assert not names[0] & names[1]
    for found, foreign in ((one, two), (two, one)):
        labels = [pod["metadata"]["labels"] for pod in pods(foreign)]
        selectors = [document["spec"]["podSelector"] for document in of_kind(found, "NetworkPolicy")]
        selectors += [document["spec"]["selector"] for document in of_kind(found, "PodDisruptionBudget")]
        for selector in selectors:
            assert not any(selector["matchLabels"].items() <= label.items() for label in labels), selector


def test_the_rendering_says_nothing_of_this_machine(recipe: Recipe, tmp_path: Path) -> None:
    files = render(recipe, GROUPS, Rendering(out=tmp_path / "out", overlays=["monitoring"]))
    assert of_kind(documents(kustomize(tmp_path / "out" / "monitoring")), "PodMonitor")
    assert len(files) > 8
    for path in files:
        text = path.read_text()
        assert str(ROOT) not in text
        assert str(tmp_path) not in text


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"overlays": ["kueue", "keep-failed"]}, "exclude each other"),
        ({"overlays": ["queue"]}, "--overlay 'queue': there is no such one; known are interactive"),
        ({"image": "registry.example/chainpref"}, "with a tag or a digest"),
        *(({"image": image}, "--image ") for image in ("a:ü", "reg/UPPER:1", "Reg/x:1", "a//b:.x", "foo:1\n", "a:")),
        ({"namespace": "Mine"}, "lower-case"),
        ({"namespace": "foo\n"}, "lower-case"),
        *(({"pull_secrets": [name]}, "--image-pull-secret ") for name in ("", "Reg", "a b", "x\n")),
        *(({"user": user}, "--user ") for user in ("0", "root", "1000:", "-1", "1 000", "2000\n", "0:5")),
        *(({"rdma": [given]}, "--rdma ") for given in ("efa", "efa=1", "a/b=0", "a/b=", "a/b=1.5", "nvidia.com/gpu=8")),
        ({"rdma": ["a/b=1", "a/b=2"]}, "name each resource once"),
        *(({"storage_class": name}, "--storage-class ") for name in ("Foo Bar_", "x\n", "a..b", "a" * 254)),
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


def test_a_name_that_is_too_long_is_refused() -> None:
    assert object_name("2026_run") == "run-2026-run"
    assert object_name("日本") == "run"
    with pytest.raises(RequestError, match=r"^run\.name gives the name .* of 60 characters"):
        limited_name("a" * 60, "run.name")


@pytest.mark.parametrize(
    ("names", "overlays", "said"),
    [
        (("h100-a", "h100-a"), (), "2 kinds of nodes give pods the name 'h100-a'"),
        (("cpu", "cpu"), (), r"nodes\.cpu: the pod for work without GPUs is named so"),
        (("head",), (), r"nodes\.head: Ray's head is named so"),
        (("a" * 48,), (), "a kind of nodes gives the name .* of 48 characters"),
        (tuple("abcdefg"), ("kueue",), "takes 6 kinds of nodes at most, the plan uses 7"),
    ],
)
def test_kinds_of_nodes_that_make_no_valid_job_are_refused(
    names: tuple[str, ...], overlays: tuple[str, ...], said: str, recipe: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=said):
        render(recipe, [replace(GROUPS[0], name=name) for name in names], Rendering(out=tmp_path, overlays=overlays))


def test_images_as_registries_name_them_are_taken() -> None:
    for name in ("a:1", "localhost:5000/a:1", "r.example/b/c_d--e.f:V1.2-x", f"r:80/a@sha256:{'0' * 64}"):
        check(Rendering(out=Path(), image=name))
    assert "may change" in str(notes(GROUPS, Rendering(out=Path(), image="a:latest")))
    assert notes(GROUPS, Rendering(out=Path(), image="a:1")) == notes(GROUPS, Rendering(out=Path())) == []


def test_a_type_of_gpu_that_no_label_tells_apart_is_noted_where_there_are_several() -> None:
    own = replace(GROUPS[0], name="mine", gpu_type="X1")
    (note,) = notes([own, *GROUPS], Rendering(out=Path()))
    assert note.startswith("mine: ")
    assert "X1" in note
    assert notes([own], Rendering(out=Path())) == []


def test_a_folder_below_a_file_is_a_wrong_request(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RequestError, match="lies below a file"):
        render(recipe, GROUPS, Rendering(out=tmp_path / "file" / "sub"))

"""Files of a user's own on Kubernetes: which are loaded, where pods see them, that the commands bring them there."""

import io
import subprocess
import tomllib
from pathlib import Path

import pytest
from rich.console import Console

from cluster.errors import RequestError
from pipeline.k8s.loading import FILES, files_to_load, links_out, steps
from pipeline.k8s.render import render, render_planned
from pipeline.k8s.request import Rendering
from pipeline.recipe import Recipe, load_recipe
from tests.pipeline.k8s.kubernetes import ROOT, documents, kustomize, pods, refused
from tests.pipeline.k8s.test_render import GROUPS

OWN = (
    "problems.mine={family='jsonl', path='data/mine.jsonl', test_path='./data/held out.jsonl', train=1, test=1, "
    "toolbox='tools/shop.py:TOOLS'}"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with data, functions and a model."""
    here = tmp_path / "here"
    for name, text in (
        ("data/mine.jsonl", '{"text": "How many?", "answer": 1}\n'),
        ("data/held out.jsonl", '{"text": "How few?", "answer": 1}\n'),
        ("tools/shop.py", ""),
        ("models/student/config.json", "{}"),
        ("more/prices.csv", "a,1\n"),
        ("unused.txt", ""),
    ):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(text)
    monkeypatch.chdir(here)
    return here


def local(*settings: str) -> Recipe:
    return load_recipe(ROOT / "recipes" / "local.toml", [OWN, "models.student={source='models/student'}", *settings])


def test_what_the_recipe_names_is_brought_to_where_pods_work(folder: Path, tmp_path: Path) -> None:
    """The very command that is printed, without kubectl in the middle: `tar` on both sides."""
    out, there = tmp_path / "job", tmp_path / "there"
    render(local(), GROUPS, Rendering(out=out, files=["more"]))
    there.mkdir()
    (pipe,) = [step for step in steps(out, "people", "chainpref-local") if step.startswith("tar ")]
    pipe = pipe.replace("kubectl -n people exec -i job/chainpref-local-loader -- ", "").replace(FILES, str(there))
    assert "kubectl" not in pipe
    subprocess.run(["bash", "-o", "pipefail", "-c", pipe], check=True, cwd=folder)
    brought = {str(path.relative_to(there)) for path in there.rglob("*") if path.is_file()}
    assert brought == {
        "data/mine.jsonl",
        "data/held out.jsonl",
        "tools/shop.py",
        "models/student/config.json",
        "more/prices.csv",
    }


def test_the_recipe_keeps_its_paths_and_pods_that_see_the_claim_work_there(folder: Path, tmp_path: Path) -> None:
    render(local(), GROUPS, Rendering(out=tmp_path / "job"))
    table = tomllib.loads((tmp_path / "job" / "recipe.toml").read_text())
    assert table["problems"]["mine"]["path"] == "data/mine.jsonl"
    assert table["models"]["student"]["source"] == "models/student"
    found = documents(kustomize(tmp_path / "job"))
    assert refused(found) == []
    for pod in pods(found):
        for container in pod["spec"]["containers"]:
            sees = any(mount["mountPath"] == "/runs" for mount in container.get("volumeMounts", []))
            assert container.get("workingDir") == (FILES if sees else None)


def test_the_loader_is_one_job_on_the_runs_claim_as_the_runs_user(folder: Path, tmp_path: Path) -> None:
    wanted = Rendering(
        out=tmp_path / "job", namespace="people", user="2000", pull_secrets=["reg"], image="r.example/c:1"
    )
    render(local(), GROUPS, wanted)
    found = documents(kustomize(tmp_path / "job" / "loader"))
    assert refused(found) == []
    (job,) = found
    assert (job["kind"], job["metadata"]["name"], job["metadata"]["namespace"]) == (
        "Job",
        "chainpref-local-loader",
        "people",
    )
    pod = job["spec"]["template"]
    (claim,) = documents(kustomize(tmp_path / "job" / "storage"))
    assert pod["spec"]["volumes"] == [
        {"name": "runs", "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}}
    ]
    assert pod["spec"]["securityContext"]["runAsUser"] == 2000
    assert pod["spec"]["imagePullSecrets"] == [{"name": "reg"}]
    (container,) = pod["spec"]["containers"]
    assert container["image"] == "r.example/c:1"
    assert "workingDir" not in container, "the folder is not there yet"
    assert f"mkdir -p {FILES}" in container["command"][-1]
    # What the printed commands select is this pod, and the job is in the run's folder no more than its claim is.
    apply, wait, pipe, delete = steps(tmp_path / "job", "people", "chainpref-local")
    selected = dict(pair.split("=") for pair in wait.split(" -l ")[1].split()[0].split(","))
    assert selected.items() <= pod["metadata"]["labels"].items()
    assert f"job/{job['metadata']['name']} " in pipe
    assert apply.endswith("/loader")
    assert delete.endswith("/loader")
    assert "Job" not in {one["kind"] for one in documents(kustomize(tmp_path / "job"))}


def test_a_recipe_without_files_has_no_loader(tmp_path: Path) -> None:
    render(load_recipe(ROOT / "recipes" / "local.toml"), GROUPS, Rendering(out=tmp_path / "job"))
    assert not (tmp_path / "job" / "loader").exists()


@pytest.mark.parametrize(
    ("setting", "more", "said"),
    [
        ("run.name=x", ["absent"], r"--file = 'absent': no such file in "),
        ("run.name=x", ["../here/more"], r"--file = '\.\./here/more': lies outside "),
        ("run.name=x", ["/etc/hosts"], r"--file /etc/hosts: write it relative to the current folder"),
        ("problems.mine.path=absent.jsonl", [], r"problems\.mine\.path = 'absent\.jsonl': no such file in "),
        ("run.name=x", ["a\\nb.txt"], r"--file = .*: `tar -T` cannot be given that name; rename it"),
        (
            "problems.mine.path=/runs/x.jsonl",
            [],
            r"problems\.mine\.path = '/runs/x\.jsonl': no such file here.*relative",
        ),
        ("models.student.source=models/none", [], r"models\.student\.source = 'models/none': no such file in "),
    ],
)
def test_what_cannot_be_loaded_is_refused_in_one_line(
    folder: Path, tmp_path: Path, setting: str, more: list[str], said: str
) -> None:
    (folder / "a\\nb.txt").touch()
    with pytest.raises(RequestError, match=said) as caught:
        render(local(setting), GROUPS, Rendering(out=tmp_path / "job", files=more))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "job").exists()


def test_paths_on_the_claim_and_models_of_the_hub_are_left_alone(folder: Path) -> None:
    hub = "models.teacher={source='hub:o/n@" + "0" * 40 + "'}"
    recipe = local(hub, "models.student={source='/runs/models/x'}")
    assert files_to_load(recipe, [], folder) == ["data/held out.jsonl", "data/mine.jsonl", "tools/shop.py"]


def test_own_data_is_rendered_as_the_guide_says(folder: Path, tmp_path: Path) -> None:
    """The whole command: the plan reads the file here, and what is printed is in the order in which it is done."""
    words = [
        "apple",
        "river",
        "stone",
        "cloud",
        "table",
        "chair",
        "green",
        "door",
        "lamp",
        "field",
        "horse",
        "engine",
        "paper",
        "train",
        "road",
        "bridge",
    ]
    rows = [
        f'{{"text": "The {a} has {b} of {i}; how many?", "answer": {i}}}'
        for i, (a, b) in enumerate(zip(words, words[3:], strict=False))
    ]
    (folder / "data" / "mine.jsonl").write_text("\n".join(rows) + "\n")
    own = "problems.mine={family='jsonl', path='data/mine.jsonl', train=4, toolbox='arithmetic'}"
    said = io.StringIO()
    cluster = ROOT / "recipes" / "clusters" / "one-gpu.toml"
    settings = [own, "evaluation.splits=[]"] if False else [own]
    render_planned(
        ROOT / "recipes" / "local.toml",
        settings,
        cluster,
        Rendering(out=tmp_path / "job"),
        Console(file=said, width=1000),
    )
    lines = said.getvalue().splitlines()
    order = [
        "/job/storage",
        "load: 1 file(s)",
        "/job/loader",
        "kubectl -n chainpref wait",
        "tar -chf",
        "delete -k",
        "next: ",
    ]
    at = [next(index for index, line in enumerate(lines) if text in line) for text in order]
    assert at == sorted(at)
    assert (tmp_path / "job" / "loader" / "files.txt").read_text() == "data/mine.jsonl\n"


def test_links_that_lead_out_of_the_folder_or_to_hidden_names_are_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("secret")
    (folder / ".env").write_text("secret")
    (folder / "more" / "out").symlink_to(tmp_path / "credentials")
    (folder / "more" / "hidden").symlink_to("../.env")
    (folder / "more" / "inside").symlink_to("prices.csv")
    (folder / "alone").symlink_to(tmp_path / "credentials")
    said = [line.partition(" is a link to ")[0] for line in links_out(["alone", "more"], Path())]
    assert said == ["alone", "more/hidden", "more/out"]

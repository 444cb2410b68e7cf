"""Stage `models`: models that a run makes files of. What cannot be taken is refused before anything is planned."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from cluster.engine.probe import difference
from cluster.errors import RequestError
from pipeline.recipe import load_recipe
from pipeline.run.folder import open_run
from pipeline.run.models import model_source, served_model
from pipeline.stages import models
from rollout.hosts.probes import read_probes
from tests.repository import DATA, ROOT
from tests.training.gguf_files import small_model, small_tokenizer, write_gguf
from training.probe import read_files


@pytest.fixture(scope="module")
def gguf_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tokenizer = small_tokenizer()
    return write_gguf(
        tmp_path_factory.mktemp("gguf") / "small.gguf", small_model(tokenizer.get_vocab_size()), tokenizer
    )


def written(folder: Path, source: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text((DATA / "scripted.toml").read_text().replace("MODEL", source))
    return path


def test_a_gguf_file_becomes_the_runs_models(gguf_file: Path, tmp_path: Path) -> None:
    out = io.StringIO()
    with open_run(
        load_recipe(written(tmp_path, f"gguf:{gguf_file}")), tmp_path / "run", Console(file=out), verbose=True
    ) as run:
        assert not models.complete(run)
        models.work(run)
        assert models.complete(run)
        assert model_source(run, "teacher") == str(tmp_path / "run" / "models" / "teacher")
        assert (tmp_path / "run" / "models" / "base" / "model.safetensors").is_file()
        teacher, base = served_model(run, "teacher").producer, served_model(run, "base").producer
    assert teacher.revision == base.revision
    assert len(list((tmp_path / ".models").glob("gguf-*"))) == 1
    assert "small.gguf, from GGUF: 1/1" in out.getvalue()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"template": None}, "has no chat template"),
        ({"architecture": "plamo"}, "architecture 'plamo': transformers does not take it"),
        ({}, "cut short or damaged; fetch it again"),
    ],
)
def test_what_cannot_be_taken_is_refused_and_nothing_is_planned(
    changed: dict[str, str | None], said: str, tmp_path: Path
) -> None:
    tokenizer = small_tokenizer()
    path = write_gguf(tmp_path / "x.gguf", small_model(tokenizer.get_vocab_size()), tokenizer, **changed)  # type: ignore[arg-type]
    if not changed:
        path.write_bytes(path.read_bytes()[:-5000])
    with open_run(
        load_recipe(written(tmp_path, f"gguf:{path}")), tmp_path / "run", Console(file=io.StringIO()), verbose=True
    ) as run:
        with pytest.raises(RequestError, match=said):
            models.work(run)
        assert not run.planned
        assert not (tmp_path / "run" / "models").exists()
        assert list((tmp_path / ".models").iterdir()) == []


def test_the_command_says_it_in_one_line_and_ends_with_2(tmp_path: Path) -> None:
    recipe = written(tmp_path, "gguf:package:not_installed_here/a.gguf")
    command = [sys.executable, "-m", "pipeline", "run", str(recipe), "--run", str(tmp_path / "run")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "no package not_installed_here is installed here; install it (requirements/install real" in done.stderr
    assert done.stderr.count("\n") == 1


WARM = """
[models]
teacher = { source = "MODEL", warm = { conversations = 8, batch = 4, families = ["arithmetic"] } }
student = { source = "MODEL", warm = { conversations = 8, batch = 4, malformed = 0.7, malformed_again = 0.5 } }

[problems.arithmetic]
family = "arithmetic"
train = 4
test = 2
difficulty = [1, 1]

[run]
name = "warm"

[engines]
teacher = { engine = { max_context = 500 } }
student = { engine = { max_context = 500 } }
"""


def test_a_given_model_gets_a_warm_start_and_its_probe(gguf_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(WARM.replace("MODEL", f"gguf:{gguf_file}"))
    out = io.StringIO()
    with open_run(load_recipe(path), tmp_path / "run", Console(file=out), verbose=True) as run:
        models.work(run)
        assert models.complete(run)
        probes = read_probes(run.store)
        revisions = {name: served_model(run, name).producer.revision for name in ("teacher", "base")}
        assert {probe.model: probe.revision for probe in probes.values()} == revisions
        assert revisions["teacher"] != revisions["base"]
        for probe in probes.values():
            files = read_files(model_source(run, probe.model), probe.text)
            assert difference(probe.reading, files) < 1e-5
    for name in ("teacher", "base"):
        assert f"{name}, warm start: 2/2" in out.getvalue()
    made = sorted(path.name.partition("-")[0] for path in (tmp_path / ".models").iterdir())
    assert made == ["gguf", "warm", "warm"]


REFUSED = {
    "warm = {...} trains a given model; give source": "models.teacher={tiny={}, warm={conversations=8}}",
    "models.student.warm.families: 'fol' is no section of problems": "models.student.warm.families=['fol']",
    "episodes.call_format: the conversations of a warm start are written in a format that is no template's": (
        "episodes.call_format=native"
    ),
    "problems: none to make tiny models or warm starts from": "problems.arithmetic.pretrain=0",
}


@pytest.mark.parametrize("said", REFUSED)
def test_a_warm_start_that_cannot_be_is_refused_with_the_recipe(said: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(WARM.replace("MODEL", "here").replace(', families = ["arithmetic"]', ""))
    load_recipe(path)
    with pytest.raises(RequestError) as caught:
        load_recipe(path, [REFUSED[said]])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
